"""Pauses grow, are bounded, and differ."""

import pytest

from storesense_backend.backoff import backoff_s


@pytest.mark.parametrize(("attempt", "expected"), [(1, 0.2), (2, 0.4), (3, 0.8), (10, 10.0), (10_000, 10.0)])
def test_pauses_double_up_to_a_bound(attempt, expected):
    assert backoff_s(attempt, 1.0) == pytest.approx(expected)
    assert backoff_s(attempt, 0.0) == pytest.approx(expected / 2)
