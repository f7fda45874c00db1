"""What people come for: how many products, which, in what order, how long they look, and how patient they are.

Everything is drawn when a party comes, from a stream of the party's own number. So the same people with the same lists
come to the same store, whatever staff do meanwhile.
"""

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

from storesense_simulators.twin.chance import Dice
from storesense_simulators.twin.ground import Ground
from storesense_simulators.twin.plane import bounds, is_inside
from storesense_simulators.twin.routes import Routes
from storesense_simulators.twin.shop import Place, Point, Shop, ZoneShape

_NOISE = (0.7, 1.4)
_LATTICE_M = 0.5
_NEAR_SLOTS = 8
_NO_FACING: Point = (0.0, 0.0)


class PutBack(StrEnum):
    """What becomes of a unit that was taken and is not wanted after all."""

    NEVER = "never"
    OWN_SLOT = "own_slot"
    OTHER_SLOT = "other_slot"


@dataclass(frozen=True, slots=True)
class Stop:
    """Somewhere to go and stay: a slot to take ``units`` from, a zone to be in, or the service desk.

    ``by`` is the spot in the middle of the slot, which ``goal`` is a little aside of.
    """

    goal: Point
    by: Point
    facing: Point
    stay_ms: int
    slot_id: str | None = None
    units: int = 0
    put_back: PutBack = PutBack.NEVER
    is_desk: bool = False


@dataclass(slots=True)
class Trip:
    """What somebody will do in the store.

    Attributes:
        stops: where to go, in order.
        has_trolley: whether they push a trolley.
        service_factor: how much longer than the mean serving them takes.
        patience_ms: how long they wait in one queue.
        balk_draw: 0..1; how many others it takes to make them leave with nothing.
    """

    stops: deque[Stop] = field(default_factory=deque)
    has_trolley: bool = False
    service_factor: float = 1.0
    patience_ms: int = 0
    balk_draw: float = 1.0


class ShoppingLists:
    """Draws trips through a store."""

    def __init__(self, shop: Shop, ground: Ground, routes: Routes) -> None:
        self._shop = shop
        self._routes = routes
        self._cumulative: list[float] = []
        total = 0.0
        for place in shop.places:
            total += place.popularity
            self._cumulative.append(total)
        self._neighbours = {
            shelf.shelf_id: [place for place in shop.places if place.shelf_id == shelf.shelf_id]
            for shelf in shop.shelves
        }
        zones = {zone.zone_id: zone for zone in shop.zones}
        self._rests = {
            visit.zone_id: _free_spots(zones[visit.zone_id], ground)
            for visit in shop.habits.zone_visits
            if visit.zone_id in zones
        }

    def trip(self, start: Point, dice: Dice) -> Trip:
        """Return a trip from the door at ``start``."""
        habits = self._shop.habits
        wanted = max(1, round(dice.of(habits.list_products)))
        buys = not dice.is_heads(habits.window_shopper_share)
        has_trolley = dice.is_heads(habits.trolley_share) and buys and wanted >= habits.trolley_from_products
        trip = Trip(
            has_trolley=has_trolley,
            service_factor=dice.factor(habits.service.variation),
            patience_ms=dice.ms_of(habits.patience_s),
            balk_draw=dice.random(),
        )
        places = self._chosen(wanted if buys else (wanted + 1) // 2, dice)
        first: list[Stop] = []
        for place in _nearest_first(start, places, dice):
            first.append(self._stop(place, dice, buys=buys))
            if dice.is_heads(habits.impulse_share):
                near = self._neighbours[place.shelf_id]
                other = near[dice.whole(0, len(near) - 1)]
                if other.slot_id != place.slot_id:
                    first.append(self._stop(other, dice, buys=buys))
        last: list[Stop] = []
        for visit in habits.zone_visits:
            spots = self._rests.get(visit.zone_id)
            if dice.is_heads(visit.share) and spots:
                at = spots[dice.whole(0, len(spots) - 1)]
                rest = Stop(at, at, _NO_FACING, dice.ms_of(visit.stay_s))
                if visit.is_last:
                    last.append(rest)
                else:
                    first.insert(dice.whole(0, len(first)), rest)
        if self._shop.desk is not None and dice.is_heads(habits.desk_share):
            at = self._shop.desk.customer
            last.append(Stop(at, at, _NO_FACING, dice.ms_of(habits.desk_s), is_desk=True))
        trip.stops.extend(first + last)
        return trip

    def errand(self, start: Point, dice: Dice) -> Trip:
        """Return a trip for one thing that lies near the door at ``start``."""
        habits = self._shop.habits
        trip = Trip(service_factor=dice.factor(habits.service.variation), patience_ms=dice.ms_of(habits.patience_s))
        near = sorted(self._shop.places, key=lambda place: _square(start, place.spot))[:_NEAR_SLOTS]
        if near:
            place = near[dice.whole(0, len(near) - 1)]
            goal = self._routes.beside(place.spot, place.facing, dice)
            facing = (-place.facing[0], -place.facing[1])
            stay_ms = round(habits.browse_s.low * 1_000)
            trip.stops.append(Stop(goal, place.spot, facing, stay_ms, place.slot_id, units=1))
        return trip

    def _chosen(self, wanted: int, dice: Dice) -> list[Place]:
        """Return different places by popularity."""
        if not self._cumulative:
            return []
        chosen: dict[int, Place] = {}
        for _ in range(4 * wanted):
            if len(chosen) == min(wanted, len(self._shop.places)):
                break
            index = dice.index(self._cumulative)
            chosen.setdefault(index, self._shop.places[index])
        return list(chosen.values())

    def _stop(self, place: Place, dice: Dice, *, buys: bool) -> Stop:
        habits = self._shop.habits
        goal = self._routes.beside(place.spot, place.facing, dice)
        stay_ms = dice.ms_of(habits.browse_s)
        draw, units = dice.random(), 1
        for share in habits.units_shares:
            draw -= share
            if draw < 0:
                break
            units += 1
        units = min(units, len(habits.units_shares))
        put_back = PutBack.NEVER
        if dice.is_heads(habits.put_back_share):
            elsewhere = dice.is_heads(habits.put_back_elsewhere_share)
            put_back = PutBack.OTHER_SLOT if elsewhere else PutBack.OWN_SLOT
        facing = (-place.facing[0], -place.facing[1])
        return Stop(goal, place.spot, facing, stay_ms, place.slot_id, units if buys else 0, put_back)


def _nearest_first(start: Point, places: list[Place], dice: Dice) -> list[Place]:
    """Return places in the order of somebody who goes to what seems nearest, each time anew, and errs."""
    ordered: list[Place] = []
    at, left = start, list(places)
    while left:
        guesses = []
        for place in left:
            dx, dy = place.spot[0] - at[0], place.spot[1] - at[1]
            guesses.append((dx * dx + dy * dy) * dice.between(*_NOISE))
        place = left.pop(guesses.index(min(guesses)))
        ordered.append(place)
        at = place.spot
    return ordered


def _square(a: Point, b: Point) -> float:
    return (a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1])


def _free_spots(zone: ZoneShape, ground: Ground) -> list[Point]:
    (left, top), (right, bottom) = bounds(zone.polygon)
    across, down = int((right - left) / _LATTICE_M) + 1, int((bottom - top) / _LATTICE_M) + 1
    spots = [(left + (i + 0.5) * _LATTICE_M, top + (j + 0.5) * _LATTICE_M) for j in range(down) for i in range(across)]
    return [spot for spot in spots if is_inside(zone.polygon, spot) and ground.is_free(*spot)]
