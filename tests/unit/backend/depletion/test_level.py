"""How brisk demand is now."""

import numpy as np
import pytest

from storesense_backend.depletion.level import fit_level


def poisson(*rates: tuple[float, int]) -> np.ndarray:
    chance = np.random.default_rng(3)
    return np.concatenate([chance.poisson(rate, days) for rate, days in rates]).astype(float)


def ones(days: int) -> np.ndarray:
    return np.full(days, 24.0)


def test_a_steady_rate_is_found_and_becomes_surer_with_time() -> None:
    short, long = fit_level(poisson((6.0, 7)), ones(7)), fit_level(poisson((6.0, 100)), ones(100))
    assert long.units_per_profile_h * 24 == pytest.approx(6.0, rel=0.15)
    assert long.cv2 < short.cv2


@pytest.mark.parametrize(("before", "after"), [(3.0, 15.0), (15.0, 3.0)], ids=["a promotion", "its end"])
def test_a_change_is_followed_within_a_week(before: float, after: float) -> None:
    units = poisson((before, 60), (after, 7))
    level = fit_level(units, ones(len(units))).units_per_profile_h * 24
    assert abs(level - after) < abs(level - before) / 2
    assert level != pytest.approx(units.mean(), rel=0.2)


def test_days_without_stock_are_no_days_without_demand() -> None:
    units, exposure = poisson((8.0, 40)), ones(40)
    sold_out = units.copy()
    sold_out[-5:] = 0.0
    stocked = exposure.copy()
    stocked[-5:] = 0.0
    assert fit_level(sold_out, stocked).units_per_profile_h * 24 == pytest.approx(8.0, rel=0.2)
    assert fit_level(sold_out, exposure).units_per_profile_h * 24 < 4.0


def test_nothing_known_is_zero_and_unsure() -> None:
    level = fit_level(np.zeros(0), np.zeros(0))
    assert (level.units_per_profile_h, level.cv2) == (0.0, 1.0)


def test_a_slot_that_never_sold_is_given_next_to_nothing() -> None:
    level = fit_level(np.zeros(90), ones(90))
    assert 0.0 < level.units_per_profile_h * 24 < 0.05
