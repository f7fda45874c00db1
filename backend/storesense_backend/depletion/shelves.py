"""A store's shelves joined to their demand: what was taken by hour, what is left, what it cost to be empty. No I/O.

Hours are numbered on the store's wall clock: ``hour_no`` is the hours since 1970-01-01 00:00 as that clock shows them.
The hour that comes twice in autumn is one of them with both hours' units; the one that spring skips stays empty.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from storesense_backend.depletion.forecast import (
    MAX_UNITS,
    Demand,
    DepletionForecast,
    fit_demands,
    forecast_depletions,
)
from storesense_backend.depletion.lost_sales import EmptySpan, LostSales, lost_sales
from storesense_backend.depletion.profile import HOURS_A_WEEK, weekly_units
from storesense_contracts.layout import PointM, SharedProduct, Slot, Zone

if TYPE_CHECKING:
    from numpy.typing import NDArray

HISTORY_H = 13 * HOURS_A_WEEK
"""How far back demand is learnt from."""

_EPOCH_HOUR_OF_WEEK = 72  # 1970-01-01 was a Thursday
_ENOUGH_H = 24
_REACH_M = 1.5
_MOST_TRAFFIC = (0.25, 4.0)
_LATELY_H = 2
_ENOUGH_PASSERS = 20.0


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken of one slot since it has its present product.

    Attributes:
        units_by_hour_no: picks less put-backs.
        stocked_hour_nos: hours in which the slot was weighed and not empty.
    """

    units_by_hour_no: Mapping[int, int]
    stocked_hour_nos: frozenset[int]


@dataclass(frozen=True, slots=True)
class Spell:
    """Some minutes of emptiness within a quarter of an hour.

    Attributes:
        wall_h: its beginning as the store's clock shows it, in hours since 1970, fractions included.
        empty_min: how many minutes.
    """

    wall_h: float
    empty_min: float


@dataclass(frozen=True, slots=True)
class Times:
    """Hours from now until something happens; None beyond two weeks."""

    p10: float | None
    p50: float | None
    p90: float | None


@dataclass(frozen=True, slots=True)
class SlotOutlook:
    """When a slot reaches its reorder point and runs empty; None where its units or its demand are not known."""

    to_reorder_h: Times | None
    to_empty_h: Times | None


def wall_hours(at: datetime) -> float:
    """Return hours since 1970 as a local clock shows them, from an instant in that clock's zone."""
    naive = at.replace(tzinfo=None)
    return (naive - datetime(1970, 1, 1)).total_seconds() / 3600  # noqa: DTZ001 -- of a wall clock, on purpose


def hour_of_week(wall_h: float) -> float:
    """Return local hours since Monday began."""
    return (wall_h + _EPOCH_HOUR_OF_WEEK) % HOURS_A_WEEK


def fit_shelves(taken: Mapping[str, Taken], until_hour_no: int) -> dict[str, Demand]:
    """Learn each slot's demand, leaning on the habit of the whole store.

    Args:
        taken: by slot.
        until_hour_no: the hour that is not over yet, and so teaches nothing.

    Returns:
        By slot, without those that were first seen in stock less than a day ago.
    """
    rows: dict[str, tuple[NDArray[np.float64], NDArray[np.bool_], int]] = {}
    pooled = np.zeros(HOURS_A_WEEK)
    for slot_id, each in taken.items():
        seen = np.fromiter(each.stocked_hour_nos, np.int64, len(each.stocked_hour_nos))
        seen = seen[(seen >= until_hour_no - HISTORY_H) & (seen < until_hour_no)]
        first = int(seen.min()) if len(seen) else until_hour_no
        if until_hour_no - first < _ENOUGH_H:
            continue
        units = np.zeros(until_hour_no - first)
        had_stock = np.zeros(until_hour_no - first, dtype=np.bool_)
        had_stock[seen - first] = True
        hours = np.fromiter(each.units_by_hour_no.keys(), np.int64, len(each.units_by_hour_no))
        counts = np.fromiter(each.units_by_hour_no.values(), np.float64, len(each.units_by_hour_no))
        within = (hours >= first) & (hours < until_hour_no)
        units[hours[within] - first] = counts[within]
        # Where somebody took the last of it, there was something to take.
        had_stock[hours[within] - first] |= counts[within] > 0
        first_of_week = int(hour_of_week(first))
        rows[slot_id] = (units, had_stock, first_of_week)
        pooled += weekly_units(np.maximum(units, 0.0), first_hour_of_week=first_of_week)
    fitted = fit_demands([(units, first, had_stock) for units, had_stock, first in rows.values()], pooled_units=pooled)
    return dict(zip(rows, fitted, strict=True))


@dataclass(frozen=True, slots=True)
class Standing:
    """How a slot stands.

    Attributes:
        slot: in the layout.
        demand: None where it is not known.
        units: that are left; None where no weight tells.
        traffic_ratio: people there lately over what is usual.
    """

    slot: Slot
    demand: Demand | None
    units: int | None
    traffic_ratio: float


def outlooks(standings: Sequence[Standing], *, wall_h: float) -> list[SlotOutlook]:
    """Foretell when each slot reaches its reorder point and runs empty."""
    asked: list[tuple[Demand, int, float]] = []
    for each in standings:
        if each.units is not None and each.demand is not None:
            above = max(0, each.units - each.slot.reorder_point_units)
            asked += [(each.demand, min(units, MAX_UNITS), each.traffic_ratio) for units in (above, each.units)]
    found = iter(forecast_depletions(asked, hour_of_week=hour_of_week(wall_h)))
    return [
        SlotOutlook(None, None)
        if each.units is None or each.demand is None
        else SlotOutlook(_times(next(found)), _times(next(found)))
        for each in standings
    ]


def _times(forecast: DepletionForecast) -> Times:
    return Times(*(round(hours, 2) if isfinite(hours) else None for hours in forecast.hours))


class Footfall:
    """People past one zone, by hour of the wall clock.

    Args:
        people_by_hour_no: how many came into the zone.
        now_h: the present on the wall clock.
    """

    def __init__(self, people_by_hour_no: Mapping[int, int], now_h: float) -> None:
        self._people = people_by_hour_no
        self._now_no = int(now_h)
        self._first_no = min(people_by_hour_no, default=self._now_no)

    def usual(self, hour_no: int) -> float | None:
        """Return the mean over the weeks before, of the same hour of the week; None in a zone's first week."""
        weeks = range(hour_no - HOURS_A_WEEK, max(self._first_no, hour_no - HISTORY_H) - 1, -HOURS_A_WEEK)
        return sum(self._people.get(each, 0) for each in weeks) / len(weeks) if weeks else None

    def people(self, hour_no: int) -> int:
        """Return how many there were."""
        return self._people.get(hour_no, 0)

    @property
    def traffic_ratio(self) -> float:
        """The last two whole hours over what is usual, within bounds; 1 where too few pass to tell."""
        hours = range(self._now_no - _LATELY_H, self._now_no)
        usual = [self.usual(hour) for hour in hours]
        total = sum(each for each in usual if each is not None)
        if None in usual or total < _ENOUGH_PASSERS:
            return 1.0
        least, most = _MOST_TRAFFIC
        return min(most, max(least, sum(map(self.people, hours)) / total))


def cost_of(demand: Demand | None, spells: Sequence[Spell], footfall: Footfall | None) -> LostSales:
    """Estimate what standing empty cost: minutes, passers, and the units that would have gone."""
    spans = [_span(spell, footfall) for spell in spells]
    if demand is None:
        minutes = sum(spell.empty_min for spell in spells)
        passers = [span.passers for span in spans]
        return LostSales(minutes, None if None in passers else sum(p or 0 for p in passers), 0.0, 0, 0)
    return lost_sales(demand, spans)


def _span(spell: Spell, footfall: Footfall | None) -> EmptySpan:
    begin, duration_h = hour_of_week(spell.wall_h), spell.empty_min / 60
    if footfall is None:
        return EmptySpan(begin, duration_h)
    hour_no = int(spell.wall_h)
    usual = footfall.usual(hour_no)
    passers = round(footfall.people(hour_no) * duration_h)
    return EmptySpan(begin, duration_h, passers, None if usual is None else usual * duration_h)


def further_id(slot: Slot, product: SharedProduct) -> str:
    """Return by which name a further product of a slot's plate is kept: no slot has a stroke in its id."""
    return f"{slot.id}/{product.sku}"


def further_slots(slot: Slot) -> list[Slot]:
    """Return the further products of a slot's plate, as if each had a slot of its own."""
    return [
        slot.model_copy(
            update={
                "id": further_id(slot, product),
                "product": product,
                "capacity_units": product.capacity_units,
                "reorder_point_units": product.reorder_point_units,
                "minimum_units": product.minimum_units,
                "also": [],
            }
        )
        for product in slot.also
    ]


def zone_of(slot: Slot, zones: Sequence[Zone]) -> str | None:
    """Return the zone from which people reach a slot: the one it lies in, or the nearest within 1.5 m."""
    if slot.at_m is None:
        return None
    reach = [(_distance_m(slot.at_m, zone.floor_m), zone.id) for zone in zones if zone.floor_m is not None]
    nearest = min(reach, default=None)
    return None if nearest is None or nearest[0] > _REACH_M else nearest[1]


def _distance_m(point: PointM, corners: Sequence[PointM]) -> float:
    (x, y), inside, nearest = point, False, np.inf
    for (ax, ay), (bx, by) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
            inside = not inside
        length2 = (bx - ax) ** 2 + (by - ay) ** 2
        along = 0.0 if length2 == 0 else min(1.0, max(0.0, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length2))
        nearest = min(nearest, float(np.hypot(x - ax - along * (bx - ax), y - ay - along * (by - ay))))
    return 0.0 if inside else nearest
