"""A day ahead: only the past is used, level and holidays are learnt, bands hold, gaps and new counters do no harm."""

from datetime import date

import numpy as np
import pytest

from storesense_backend.forecasts.day_ahead import foretell_days
from storesense_backend.forecasts.days import Calendar
from storesense_backend.forecasts.holiday_names import calendar_of, country_of
from storesense_backend.forecasts.profiles import mean_of_weeks

MONDAY = date(2024, 1, 1)


def rates(days: int, slots: int = 24) -> np.ndarray:
    hours = np.arange(slots) * 24 / slots
    day = 10 + 90 * np.exp(-(((hours - 14) / 4) ** 2))
    week = np.array([1.0, 1.0, 1.1, 1.1, 1.4, 1.8, 0.6])
    return np.asarray(week[np.arange(days) % 7][:, None, None] * day[None, :, None])


def ordinary(days: int) -> Calendar:
    return Calendar(MONDAY, (None,) * days)


def wape(told: np.ndarray, counts: np.ndarray, days: slice) -> float:
    return float(np.abs(told - counts)[days].sum() / counts[days].sum())


def test_beats_both_rivals_on_noise_and_a_moving_level() -> None:
    chance = np.random.default_rng(1)
    level = np.exp(np.cumsum(chance.normal(0, 0.08, 200)) * 0.6)[:, None, None]
    counts = chance.poisson(rates(200) * level).astype(float)
    told = foretell_days(counts, ordinary(200))
    scored = slice(60, 200)
    rivals = [wape(mean_of_weeks(counts, weeks), counts, scored) for weeks in (1, 4)]
    assert wape(told.median, counts, scored) < 0.85 * min(rivals)
    held = ((counts >= told.low) & (counts <= told.high))[scored].mean()
    assert 0.75 <= held <= 0.9


def test_uses_nothing_that_was_not_yet_known() -> None:
    counts = np.random.default_rng(2).poisson(rates(90)).astype(float)
    other = counts.copy()
    other[70:] = 9_999.0
    calendar = calendar_of(MONDAY, 90, "NZ", "AUK")
    one, two = foretell_days(counts, calendar), foretell_days(other, calendar)
    for name in ("median", "low", "high"):
        np.testing.assert_array_equal(getattr(one, name)[:71], getattr(two, name)[:71])


def test_learns_what_a_holiday_does() -> None:
    chance = np.random.default_rng(3)
    names: list[str | None] = [None] * 420
    for day in range(30, 420, 26):
        names[day] = "feast"
    closed = np.array([0.2 if name else 1.0 for name in names])[:, None, None]
    counts = chance.poisson(rates(420) * closed).astype(float)
    told = foretell_days(counts, Calendar(MONDAY, tuple(names)))
    feasts = [day for day in range(250, 420) if names[day]]
    assert all(told.median[day].sum() < 0.5 * rates(420)[day].sum() for day in feasts)
    after = [day + 7 for day in feasts if day + 7 < 420]
    assert all(told.median[day].sum() > 0.8 * rates(420)[day].sum() for day in after)


def test_tomorrow_gaps_and_a_counter_that_begins_late() -> None:
    counts = np.random.default_rng(4).poisson(np.repeat(rates(80), 3, axis=2)).astype(float)
    counts[:50, :, 1] = np.nan
    counts[20:24, :, 2] = np.nan
    counts[79] = np.nan
    told = foretell_days(counts, ordinary(80))
    expected = rates(80)[79].sum()
    assert told.median[79].sum(axis=0) == pytest.approx([expected] * 3, rel=0.15)
    assert (told.low[79] <= told.median[79]).all()
    assert (told.median[79] <= told.high[79]).all()


def test_nothing_known_foretells_nothing() -> None:
    told = foretell_days(np.full((10, 24, 1), np.nan), ordinary(10))
    assert np.isnan(told.median).all()


def test_holidays_come_from_the_country_of_the_time_zone() -> None:
    assert country_of("Pacific/Auckland") == "NZ"
    assert country_of("Nowhere/None") is None
    calendar = calendar_of(date(2025, 12, 24), 3, "NZ")
    assert calendar.holidays[0] is None
    assert calendar.holidays[1] is not None
    assert calendar_of(date(2025, 12, 24), 3, None).holidays == (None,) * 3
