"""Waits between tries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_gateway.backoff import backoff_s


@pytest.mark.parametrize(
    ("attempt", "chance", "wait_s"),
    [
        pytest.param(1, 0.0, 0.05, id="half is certain"),
        pytest.param(1, 1.0, 0.1, id="all of the first delay"),
        pytest.param(3, 1.0, 0.4, id="doubles each time"),
        pytest.param(50, 1.0, 3.0, id="never beyond the cap, nor an overflow"),
    ],
)
def test_table(attempt: int, chance: float, wait_s: float) -> None:
    assert backoff_s(attempt, chance=chance, base_s=0.1, cap_s=3.0) == pytest.approx(wait_s)


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_stays_between_half_the_base_and_the_cap(attempt: int, chance: float) -> None:
    assert 0.05 <= backoff_s(attempt, chance=chance, base_s=0.1, cap_s=3.0) <= 3.0


@pytest.mark.parametrize(("attempt", "chance"), [(0, 0.5), (1, -0.1), (1, 1.1)])
def test_refuses_what_makes_no_sense(attempt: int, chance: float) -> None:
    with pytest.raises(ValueError, match="backoff needs"):
        backoff_s(attempt, chance=chance)
