"""Shelves joined to their demand: hours on the wall clock, footfall, and what an empty slot cost."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from storesense_backend.depletion.shelves import (
    Footfall,
    Spell,
    Standing,
    Taken,
    cost_of,
    fit_shelves,
    hour_of_week,
    outlooks,
    wall_hours,
    zone_of,
)
from storesense_contracts.layout import Product, Slot, Zone

BERLIN = ZoneInfo("Europe/Berlin")
WEEK_H = 168
NOW_NO = int(wall_hours(datetime(2026, 11, 20, 12, 0, tzinfo=BERLIN)))  # a Friday
OPEN = range(8, 20)


def slot(**changes):
    product = Product(sku="a", name="A", unit_weight_g=100)
    return Slot(
        **{"id": "s", "name": "S", "section": "x", "product": product, "capacity_units": 40, "reorder_point_units": 10}
        | changes
    )


def daily(per_hour, *, weeks=4, empty=frozenset()):
    """Sales in opening hours; nothing in the hours named as empty."""
    hours = range(NOW_NO - weeks * WEEK_H, NOW_NO)
    units = {hour: per_hour for hour in hours if hour % 24 in OPEN and hour not in empty}
    return Taken(units, frozenset(hours) - empty)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2026, 11, 16, 0, 0, tzinfo=BERLIN), 0),
        (datetime(2026, 11, 20, 12, 30, tzinfo=BERLIN), 108.5),
        (datetime(2026, 7, 5, 21, 59, tzinfo=UTC).astimezone(BERLIN), 167 + 59 / 60),
    ],
    ids=["Monday's first hour", "Friday noon", "Sunday's last minute, in summer"],
)
def test_hours_of_the_week_are_the_wall_clocks(at, expected):
    assert hour_of_week(wall_hours(at)) == pytest.approx(expected)


def test_a_slot_that_sells_two_an_hour_runs_low_and_then_empty():
    demand = fit_shelves({"s": daily(2)}, NOW_NO)["s"]
    (seen,) = outlooks([Standing(slot(), demand, 22, 1.0)], wall_h=float(NOW_NO))
    assert seen.to_reorder_h.p10 < seen.to_reorder_h.p50 < seen.to_reorder_h.p90
    assert seen.to_reorder_h.p50 == pytest.approx(6, abs=1.5), "twelve units above the reorder point, two an hour"
    assert seen.to_reorder_h.p50 < seen.to_empty_h.p50
    (busy,) = outlooks([Standing(slot(), demand, 22, 2.0)], wall_h=float(NOW_NO))
    assert busy.to_reorder_h.p50 < seen.to_reorder_h.p50 - 1.5


@pytest.mark.parametrize(
    ("units", "reorder_h", "empty_h"),
    [(0, 0.0, 0.0), (10, 0.0, None), (None, None, None)],
    ids=["empty", "at the reorder point", "not known"],
)
def test_what_has_happened_needs_no_forecast(units, reorder_h, empty_h):
    demand = fit_shelves({"s": daily(2)}, NOW_NO)["s"]
    (seen,) = outlooks([Standing(slot(), demand, units, 1.0)], wall_h=float(NOW_NO))
    assert (seen.to_reorder_h and seen.to_reorder_h.p90) == reorder_h
    if empty_h is not None:
        assert seen.to_empty_h.p90 == empty_h


def test_empty_hours_are_no_hours_without_demand():
    empty = frozenset(range(NOW_NO - WEEK_H, NOW_NO))
    told = fit_shelves({"s": daily(2, empty=empty)}, NOW_NO)["s"]
    misled = fit_shelves({"s": Taken(daily(2, empty=empty).units_by_hour_no, daily(2).stocked_hour_nos)}, NOW_NO)["s"]
    assert told.level.units_per_profile_h > 1.5 * misled.level.units_per_profile_h


def test_a_slot_never_seen_in_stock_has_no_demand():
    assert fit_shelves({"s": Taken({}, frozenset()), "t": daily(1)}, NOW_NO).keys() == {"t"}


def test_an_hour_empty_at_noon_costs_what_usually_goes_then():
    demand = fit_shelves({"s": daily(2)}, NOW_NO)["s"]
    noon = [Spell(NOW_NO + quarter / 4, 15.0) for quarter in range(4)]
    lost = cost_of(demand, noon, None)
    assert (lost.empty_min, lost.passers) == (60.0, None)
    assert lost.units == pytest.approx(2, rel=0.2)
    assert lost.units_low <= lost.units <= lost.units_high
    night = cost_of(demand, [Spell(NOW_NO - 9.0, 60.0)], None)
    assert night.units < 0.2 * lost.units
    assert cost_of(None, noon, None).empty_min == 60.0


def test_passers_scale_what_was_lost():
    demand = fit_shelves({"s": daily(2)}, NOW_NO)["s"]
    people = dict.fromkeys(range(NOW_NO - 3 * WEEK_H, NOW_NO + 1), 30)
    usual = cost_of(demand, [Spell(float(NOW_NO), 60.0)], Footfall(people, NOW_NO + 1.0))
    crowd = cost_of(demand, [Spell(float(NOW_NO), 60.0)], Footfall(people | {NOW_NO: 90}, NOW_NO + 1.0))
    assert (usual.passers, crowd.passers) == (30, 90)
    assert crowd.units == pytest.approx(3 * usual.units)


@pytest.mark.parametrize(
    ("people", "expected"),
    [
        (dict.fromkeys(range(NOW_NO - 3 * WEEK_H, NOW_NO), 30), 1.0),
        ({hour: 30 if hour < NOW_NO - 2 else 60 for hour in range(NOW_NO - 3 * WEEK_H, NOW_NO)}, 2.0),
        ({hour: 30 if hour < NOW_NO - 2 else 900 for hour in range(NOW_NO - 3 * WEEK_H, NOW_NO)}, 4.0),
        (dict.fromkeys(range(NOW_NO - 3 * WEEK_H, NOW_NO), 3), 1.0),
        (dict.fromkeys(range(NOW_NO - 20, NOW_NO), 30), 1.0),
        ({}, 1.0),
    ],
    ids=["as usual", "twice", "bounded", "too few to tell", "first week", "nobody counts"],
)
def test_traffic_is_told_against_the_same_hours_of_earlier_weeks(people, expected):
    assert Footfall(people, NOW_NO + 0.5).traffic_ratio == pytest.approx(expected)


@pytest.mark.parametrize(
    ("at_m", "expected"),
    [((1.0, 1.0), "near"), ((2.9, 1.0), "near"), ((3.2, 1.0), "far"), ((9.0, 9.0), None), (None, None)],
    ids=["inside", "within reach", "nearer to another", "out of reach", "has no place"],
)
def test_a_slot_is_reached_from_the_nearest_zone(at_m, expected):
    near = Zone(id="near", name="N", floor_m=[(0, 0), (2, 0), (2, 2), (0, 2)])
    far = Zone(id="far", name="F", floor_m=[(4, 0), (6, 0), (6, 2), (4, 2)])
    assert zone_of(slot(at_m=at_m), [far, near, Zone(id="placeless", name="P")]) == expected
