"""Faults of each kind are found, what all series share is not one, and limits keep false alarms rare."""

from datetime import date

import numpy as np
import pytest

from storesense_backend.forecasts.anomalies import (
    FAULT_TESTS,
    Allowance,
    are_alarms,
    learn_limits,
    scores_of,
    statistics_of,
)
from storesense_backend.forecasts.days import Calendar
from storesense_backend.forecasts.residuals import residuals_of

DAYS, LEARNT = 290, 260
CALENDAR = Calendar(date(2024, 1, 1), (None,) * DAYS)


def world(seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Three doors of 60 to 360 people an hour by day, with a common level that nobody foretold."""
    chance = np.random.default_rng(seed)
    hours = np.arange(24)
    day = 5 + 240 * np.exp(-(((hours - 14) / 4) ** 2))
    median = np.repeat(day[None, :, None], DAYS, axis=0) * np.array([1.0, 0.5, 1.5])
    level = np.exp(chance.normal(0, 0.25, (DAYS, 1, 1)) + chance.normal(0, 0.05, (DAYS, 24, 1)))
    return chance.poisson(median * level).astype(float), median


def alarms(counts: np.ndarray, median: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    found = statistics_of(residuals_of(counts, median, CALENDAR))
    limits = learn_limits(found, slice(40 * 24, LEARNT * 24), FAULT_TESTS)
    scores, names = scores_of(found, limits)
    return are_alarms(scores), names


@pytest.mark.parametrize(
    ("spoil", "lasts_h", "test"),
    [
        (lambda hours, _last: np.round(hours / 2), 3, "halved"),
        (lambda hours, _last: hours * 2, 3, "doubled"),
        (np.full_like, 2, "stuck"),
        (lambda hours, _last: np.zeros_like(hours), 1, "silent"),
    ],
)
def test_each_fault_is_found_at_its_door_alone(spoil, lasts_h, test) -> None:  # type: ignore[no-untyped-def]
    counts, median = world()
    hour = 270 * 24 + 12
    flat = counts.reshape(-1, 3)
    flat[hour : hour + lasts_h, 0] = spoil(flat[hour : hour + lasts_h, 0], flat[hour - 1, 0])
    flags, names = alarms(counts, median)
    assert flags[hour : hour + lasts_h, 0].any()
    first = hour + int(np.argmax(flags[hour : hour + lasts_h, 0]))
    assert test in names[first, 0]
    assert not flags[hour : hour + lasts_h + 1, 1:].any()


def test_a_festival_at_all_doors_is_no_fault() -> None:
    counts, median = world()
    counts[270, 8:20] = np.round(counts[270, 8:20] * 1.8)
    flags, _ = alarms(counts, median)
    assert not flags[270 * 24 : 271 * 24].any()


def test_untouched_hours_rarely_alarm() -> None:
    counts, median = world(7)
    flags, _ = alarms(counts, median)
    days = flags[LEARNT * 24 :].reshape(-1, 24, 3).any(axis=1).sum()
    assert days <= 3, "three doors and a month"


def test_nothing_measured_is_no_evidence() -> None:
    counts, median = world()
    counts[270, 10:14] = np.nan
    statistics = statistics_of(residuals_of(counts, median, CALENDAR))
    assert all((values[270 * 24 + 10 : 270 * 24 + 14] == 0).all() for values in statistics.values())


def test_limits_are_the_value_that_so_many_days_exceed_within_their_bounds() -> None:
    values = np.tile(np.arange(24.0), 61)[:, None] + np.repeat(np.arange(61.0), 24)[:, None]
    found = learn_limits({"x": values}, slice(0, 61 * 24), {"x": Allowance(1.0, 0.0, 1e9)})
    assert found["x"][0] == 82.0, "one test alone may be exceeded on one day in two months: the highest is 83"
    bounded = learn_limits({"x": values}, slice(0, 61 * 24), {"x": Allowance(1.0, 3.0, 9.0)})
    assert bounded["x"][0] == 13.5, "at most half above the bound"
    few = learn_limits({"x": values}, slice(0, 48), {"x": Allowance(1.0, 3.0, 9.0)})
    assert few["x"][0] == 6.0, "with less than a month, midway"
