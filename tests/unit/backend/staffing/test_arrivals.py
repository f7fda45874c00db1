"""Arrivals at the tills from counts at the doors: the delay is found without following anybody."""

import numpy as np
import pytest

from storesense_backend.staffing.arrivals import (
    KERNEL_MIN,
    DayCounts,
    count_interval,
    fit_kernel,
    fit_week,
    learn_arrivals,
    spread,
)

OPEN_MIN = 600
TRUE_KERNEL = np.exp(-0.5 * ((np.arange(KERNEL_MIN) - 18.0) / 6.0) ** 2)
TRUE_KERNEL *= 0.6 / TRUE_KERNEL.sum()


def a_day(seed, *, per_min=4.0, busy=1.0):
    chance = np.random.default_rng(seed)
    shape = per_min * busy * (1.0 + 0.5 * np.sin(np.arange(OPEN_MIN) / 90.0))
    entered = chance.poisson(shape).astype(float)
    joined = chance.poisson(spread(entered, TRUE_KERNEL)).astype(float)
    return DayCounts(9 * 60, entered, joined)


def test_the_delay_is_learnt_from_counts_alone():
    kernel = fit_kernel([a_day(seed) for seed in range(6)])
    assert kernel.sum() == pytest.approx(0.6, rel=0.03), "the share who pay"
    half_min = int(np.searchsorted(np.cumsum(kernel), kernel.sum() / 2))
    assert half_min == pytest.approx(18, abs=2)
    assert (kernel >= 0).all()


@pytest.mark.parametrize(
    ("entered", "joined"), [(0.0, 0.0), (3.0, 0.0), (0.0, 2.0)], ids=["closed", "no buyer", "no door"]
)
def test_days_that_tell_nothing_give_no_arrivals(entered, joined):
    day = DayCounts(0, np.full(60, entered), np.full(60, joined))
    assert fit_kernel([day]).sum() == 0.0


def test_the_forecast_is_right_and_its_interval_holds():
    model = learn_arrivals([a_day(seed) for seed in range(6)])
    error, came, held, asked = 0.0, 0.0, 0, 0
    for seed in range(100, 106):
        day = a_day(seed)
        for minute in range(30, OPEN_MIN - 15, 15):
            told = model.forecast(
                day.entered[:minute], week_minute=540 + minute, minutes=30, open_minutes=OPEN_MIN - minute
            )
            mean, low, high = told.total(15)
            truth = day.joined[minute : minute + 15].sum()
            error, came = error + abs(mean - truth), came + truth
            held, asked = held + (low <= truth <= high), asked + 1
    assert error / came < 0.17, "chance alone is about 0.13 at 36 in a quarter of an hour"
    assert 0.72 <= held / asked <= 0.92


def test_a_busy_day_is_noticed_at_the_door():
    model = learn_arrivals([a_day(seed) for seed in range(4)])
    quiet, busy = a_day(50), a_day(50, busy=2.0)
    level = [model.level(day.entered[:120], week_minute=660)[0] for day in (quiet, busy)]
    assert level[0] == pytest.approx(1.0, abs=0.15)
    assert level[1] == pytest.approx(1.65, abs=0.25), "most of the way to 2 after two hours"


def test_nobody_comes_after_the_doors_close():
    model = learn_arrivals([a_day(1)])
    told = model.forecast(np.zeros(120), week_minute=18 * 60, minutes=30, open_minutes=0)
    assert told.mean.sum() == 0.0


def test_a_weekday_without_days_takes_the_mean_of_the_others():
    week = fit_week([DayCounts(9 * 60, np.full(600, 2.0), np.zeros(600))])
    assert week.rate(np.array([12 * 60]))[0] == pytest.approx(2.0)
    assert week.rate(np.array([3 * 1_440 + 12 * 60]))[0] == pytest.approx(2.0)
    assert week.rate(np.array([3 * 60]))[0] == 0.0


@pytest.mark.parametrize(
    ("mean", "variance", "low", "high"),
    [(0.0, 0.0, 0, 0), (1.0, 1.0, 0, 2), (100.0, 100.0, 87, 113), (100.0, 400.0, 75, 126)],
    ids=["none", "one", "poisson", "twice as wide"],
)
def test_intervals_of_counts(mean, variance, low, high):
    assert count_interval(mean, variance) == pytest.approx((low, high), abs=1)
