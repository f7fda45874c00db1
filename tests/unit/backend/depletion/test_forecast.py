"""From demand to the time at which so many units are gone."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from storesense_backend.depletion.forecast import (
    MAX_UNITS,
    Demand,
    DemandError,
    expected_units,
    fit_demand,
    forecast_depletion,
)
from storesense_backend.depletion.level import Level
from storesense_backend.depletion.profile import HOURS_A_WEEK, weekly_profile, weekly_units

FLAT = np.ones(HOURS_A_WEEK)
SURE = Level(2.0, cv2=0.0, dispersion=1.0)


def shop_hours() -> NDArray[np.float64]:
    hours = np.zeros(HOURS_A_WEEK)
    for day in range(6):
        hours[day * 24 + 8 : day * 24 + 20] = 1.0
    hours /= hours.mean()
    return hours


def test_one_unit_at_a_sure_rate_is_exponential() -> None:
    told = forecast_depletion(Demand(FLAT, SURE), hour_of_week=0.0, units=1, shares=(0.5,))
    assert told.hours[0] == pytest.approx(math.log(2) / 2.0, abs=0.02)


def test_the_median_of_many_units_is_near_their_number_over_the_rate() -> None:
    told = forecast_depletion(Demand(FLAT, SURE), hour_of_week=3.0, units=100, shares=(0.1, 0.5, 0.9))
    assert told.hours[1] == pytest.approx(50.0, abs=0.6)
    assert told.hours[2] - told.hours[0] == pytest.approx(2 * 1.2816 * 10 / 2, rel=0.05)  # Poisson's own spread


def test_nothing_goes_while_the_shop_is_shut() -> None:
    demand = Demand(shop_hours(), Level(1.0, cv2=0.0, dispersion=1.0))
    told = forecast_depletion(demand, hour_of_week=5 * 24 + 20.0, units=1, shares=(0.01, 0.5))
    assert told.hours[0] > 36.0  # Saturday 20:00 to Monday 8:00


def test_a_started_hour_counts_by_what_is_left_of_it() -> None:
    reached = expected_units(Demand(FLAT, SURE), hour_of_week=9.75, horizon_h=3)
    assert reached == pytest.approx([0.0, 0.5, 2.5, 4.5])


def test_more_footfall_empties_a_shelf_sooner() -> None:
    demand = Demand(FLAT, SURE)
    usual, busy = (
        forecast_depletion(demand, hour_of_week=0.0, units=40, shares=(0.5,), traffic_ratio=ratio).hours[0]
        for ratio in (1.0, 2.0)
    )
    assert busy == pytest.approx(usual / 2, rel=0.02)


@given(
    rate=st.floats(0.01, 50.0),
    cv2=st.floats(0.0, 1.0),
    dispersion=st.floats(1.0, 6.0),
    hour=st.floats(0.0, 167.99),
    units=st.integers(0, 300),
)
def test_later_shares_come_later_and_more_units_take_longer(
    rate: float, cv2: float, dispersion: float, hour: float, units: int
) -> None:
    demand = Demand(shop_hours(), Level(rate, cv2, dispersion))
    told = forecast_depletion(demand, hour_of_week=hour, units=units)
    more = forecast_depletion(demand, hour_of_week=hour, units=units + 5)
    assert list(told.hours) == sorted(told.hours)
    assert all(later >= sooner - 1e-9 for sooner, later in zip(told.hours, more.hours, strict=True))


def test_beyond_the_horizon_is_infinite_and_none_left_is_now() -> None:
    demand = Demand(FLAT, Level(0.001, cv2=0.0, dispersion=1.0))
    assert forecast_depletion(demand, hour_of_week=0.0, units=50, horizon_h=48).hours == (math.inf,) * 3
    assert forecast_depletion(demand, hour_of_week=0.0, units=0).hours == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"units": -1}, "fewer than none"),
        ({"units": MAX_UNITS + 1}, "more than the sum is bounded to"),
        ({"hour_of_week": math.nan}, "no time"),
        ({"shares": (0.9, 0.1)}, "descending"),
        ({"shares": (0.0, 0.5)}, "a certainty"),
        ({"shares": ()}, "nothing asked"),
        ({"traffic_ratio": -1.0}, "negative people"),
        ({"horizon_h": 0}, "nowhere to look"),
    ],
)
def test_senseless_questions_are_refused(wrong: dict[str, object], why: str) -> None:
    asked = {"hour_of_week": 0.0, "units": 5, **wrong}
    with pytest.raises(DemandError):
        forecast_depletion(Demand(FLAT, SURE), **asked)  # type: ignore[arg-type]


def test_a_product_leans_on_its_shop_until_it_has_sold() -> None:
    pooled = shop_hours() * 100
    unsold = weekly_profile(np.zeros(HOURS_A_WEEK), pooled)
    assert unsold == pytest.approx(shop_hours())
    own = np.zeros(HOURS_A_WEEK)
    own[12::24] = 1_000.0
    assert weekly_profile(own, pooled)[12] > 20 * weekly_profile(own, pooled)[10]


def test_hours_are_put_where_the_week_has_them() -> None:
    units = np.zeros(48)
    units[5] = 8.0  # begins on Sunday at 22:00, so that is Monday at 3:00
    assert weekly_units(units, first_hour_of_week=166)[[2, 3, 4]] == pytest.approx([2.0, 4.0, 2.0])


def test_demand_is_learnt_from_a_year_of_picks() -> None:
    chance = np.random.default_rng(11)
    hours = np.arange(20 * HOURS_A_WEEK)
    truth = 1.5 * shop_hours()
    units = chance.poisson(truth[hours % HOURS_A_WEEK]).astype(float)
    demand = fit_demand(units, first_hour_of_week=0)
    week = expected_units(demand, hour_of_week=0.0, horizon_h=HOURS_A_WEEK)[-1]
    assert week == pytest.approx(truth.sum(), rel=0.12)
    assert demand.profile[3] < 0.25 * demand.profile[12]


def test_put_backs_beyond_picks_are_no_negative_sales() -> None:
    assert expected_units(fit_demand(np.full(168, -3.0), first_hour_of_week=0), hour_of_week=0.0, horizon_h=9)[-1] >= 0


@pytest.mark.parametrize("units", [np.full((2, 24), 1.0), np.array([1.0, np.nan])], ids=["a table", "no number"])
def test_counts_that_are_none_are_refused(units: np.ndarray) -> None:
    with pytest.raises(DemandError):
        fit_demand(units, first_hour_of_week=0)
