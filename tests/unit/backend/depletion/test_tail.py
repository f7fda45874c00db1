"""The tail of a count, against exact sums and draws."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_backend.depletion.tail import chance_of_at_least


@pytest.mark.parametrize(
    ("units", "mean", "expected", "why"),
    [
        (1, 2.0, 1 - math.exp(-2), "one or more is not none"),
        (3, 2.0, 1 - math.exp(-2) * (1 + 2 + 2), "summed by hand"),
        (1, 0.0, 0.0, "nothing comes of nothing"),
        (5, 800.0, 1.0, "a mean beyond what exp can hold upside down"),
    ],
)
def test_poisson_where_the_variance_is_the_mean(units: int, mean: float, expected: float, why: str) -> None:
    assert chance_of_at_least(units, mean=mean, variance=mean) == pytest.approx(expected, abs=1e-12), why


def test_negative_binomial_agrees_with_draws() -> None:
    mean, variance = 12.0, 40.0
    size = mean * mean / (variance - mean)
    draws = np.random.default_rng(5).negative_binomial(size, size / (size + mean), 200_000)
    for units in (3, 12, 25):
        assert chance_of_at_least(units, mean=mean, variance=variance) == pytest.approx(
            float((draws >= units).mean()), abs=0.005
        )


@given(
    units=st.integers(1, 5_000),
    mean=st.floats(1e-9, 1e4),
    spread=st.floats(1.0, 50.0),
)
def test_it_is_a_probability_that_falls_with_the_number(units: int, mean: float, spread: float) -> None:
    here = chance_of_at_least(units, mean=mean, variance=mean * spread)
    beyond = chance_of_at_least(units + 1, mean=mean, variance=mean * spread)
    assert 0.0 <= beyond <= here + 1e-12 <= 1.0 + 1e-12


def test_a_hair_of_excess_variance_joins_the_poisson_limit() -> None:
    poisson = chance_of_at_least(7, mean=5.0, variance=5.0)
    assert chance_of_at_least(7, mean=5.0, variance=5.0 * (1 + 1e-5)) == pytest.approx(poisson, abs=1e-5)
