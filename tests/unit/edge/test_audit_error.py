import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from storesense_edge.audit_error import compare, error_bounds, unmatched

MOMENTS = st.lists(st.floats(0, 60, allow_nan=False), max_size=9)


@given(tallied=MOMENTS, counted=MOMENTS)
def test_no_matching_finds_more_pairs(tallied: list[float], counted: list[float]) -> None:
    pairs = len(tallied) - len(unmatched(tallied, counted, 5.0))
    assert pairs == len(counted) - len(unmatched(counted, tallied, 5.0))
    if tallied and counted:
        near = (np.abs(np.subtract.outer(tallied, counted)) <= 5.0).astype(float)
        rows, columns = linear_sum_assignment(near, maximize=True)
        assert pairs == int(near[rows, columns].sum())
    else:
        assert pairs == 0


def test_missed_and_extra_people_are_told_apart() -> None:
    found = compare([10, 20, 30, 40], [11, 19, 33, 70, 80])
    assert (found.tallied, found.counted, found.missed, found.extra) == (4, 5, 1, 2)
    assert found.error == pytest.approx(0.25)
    assert found.low < 0.25 < found.high


def test_the_edges_of_a_tally_make_nobody_missed_or_extra() -> None:
    found = compare([0.5, 30, 59.8], [31], beside_s=[-2, -1, 61, 64])
    assert (found.tallied, found.counted, found.missed, found.extra) == (3, 3, 0, 0)
    # Whoever is counted within the time has the first claim.
    assert compare([1], [2], beside_s=[-1]).extra == 0


def test_a_perfect_short_tally_proves_little_and_a_long_one_more() -> None:
    short, long = error_bounds(10, 0, 0), error_bounds(1_000, 0, 0)
    assert short == pytest.approx((-0.369, 0.369), abs=0.001)  # 3.69 is the Poisson bound of none seen
    assert long[1] == pytest.approx(0.00369, abs=1e-4)
    assert error_bounds(0, 0, 3) == (-1.0, 1_000.0)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """A counter that misses 5 % and counts 3 % too many, audited 2,000 times over 200 people each."""
    rng = np.random.default_rng(5)
    missed, extra = rng.binomial(200, 0.05, 2_000), rng.poisson(0.03 * 200, 2_000)
    bounds = [error_bounds(200, int(m), int(e)) for m, e in zip(missed, extra, strict=True)]
    covered = np.mean([low <= -0.02 <= high for low, high in bounds])
    assert 0.94 <= covered <= 0.995
