"""What every mind in the store shares: the time, the floor, the stocks, the tills, timers, and the truth."""

import heapq
import math
from collections import Counter, deque
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from storesense_simulators.twin.movement import Movement
from storesense_simulators.twin.people import Phase
from storesense_simulators.twin.person import Person
from storesense_simulators.twin.shop import Door, Point, Shop, TillKind
from storesense_simulators.twin.spots import LineSpots
from storesense_simulators.twin.stocks import Stock, Unit, first_stocks
from storesense_simulators.twin.tills import Checkout
from storesense_simulators.twin.truth import TruthEvent, TruthKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from storesense_simulators.twin.queues import Seeking

_AROUND = ((0.65, 0.0), (-0.65, 0.0), (0.0, 0.65), (0.0, -0.65), (0.5, 0.5), (-0.5, 0.5), (0.5, -0.5), (-0.5, -0.5))
_LATERAL_SHARE = 0.22
_QUARTER_MS = 900_000


class Scene:
    """The store while it is simulated.

    Args:
        shop: the store.
        seed: the root of every random number.
        began_at: the aware instant of millisecond 0.
    """

    def __init__(self, shop: Shop, *, seed: int, began_at: datetime) -> None:
        self.shop = shop
        self.seed = seed
        self.began_at = began_at.astimezone(UTC)
        self.now_ms = 0
        self.events: list[TruthEvent] = []
        self.note: Callable[[TruthEvent], None] = self.events.append
        self.movement = Movement(shop, self.note)
        self.people = self.movement.people
        self.stocks: dict[str, Stock] = first_stocks(shop.places, seed)
        self.checkout = Checkout(shop.tills, shop.queues)
        self.line_spots = LineSpots(shop, self.movement.ground)
        self.low_since_ms: dict[str, int] = {}
        self.queues_changed: set[str] = set()
        self.going_over: Counter[str] = Counter()
        """By queue, who left another one for it and has not reached it yet."""
        self.customers: dict[int, Person] = {}
        self.is_desk_manned = False
        self.shoppers_inside = 0
        self.seekings: list[Seeking] | None = None
        """Who looked for a queue for the first time, where somebody wants to know."""
        self.baskets: deque[tuple[Point, list[Unit]]] = deque()
        """Goods that were wanted and left standing, and where; the oldest first."""
        self._desk_line: list[tuple[Person, int]] = []
        self._is_desk_busy = False
        self._zone = ZoneInfo(shop.hours.time_zone)
        self._timers: list[tuple[int, int, int, Person]] = []
        self._timers_made = 0
        self._quarter = -1
        self._quarter_minute = 0
        self._weekday = 0

    def take_events(self) -> list[TruthEvent]:
        """Return what has been noted since the last call, in the order of time."""
        events = self.events[:]
        self.events.clear()
        events.sort(key=_time)
        return events

    def wait(self, person: Person, duration_ms: int, phase: Phase) -> None:
        """Let somebody stand for so long; their mind is told when it is over."""
        self.movement.stand(person, phase)
        self.remind(person, duration_ms)

    def remind(self, person: Person, after_ms: int) -> None:
        """Tell somebody's mind after so long, whatever they do meanwhile; an earlier reminder is void."""
        person.wait_no += 1
        self._timers_made += 1
        heapq.heappush(self._timers, (self.now_ms + after_ms, self._timers_made, person.wait_no, person))

    def ring_timers(self) -> None:
        """Tell everybody whose wait is over by now."""
        while self._timers and self._timers[0][0] <= self.now_ms:
            _, _, wait_no, person = heapq.heappop(self._timers)
            if person.wait_no == wait_no:
                person.mind.due(person)

    def local(self) -> tuple[int, int]:
        """Return the store's weekday (0 is a Monday) and minute of the day."""
        quarter = self.now_ms // _QUARTER_MS
        if quarter != self._quarter:
            self._quarter = quarter
            at = (self.began_at + timedelta(milliseconds=quarter * _QUARTER_MS)).astimezone(self._zone)
            self._weekday, self._quarter_minute = at.weekday(), at.hour * 60 + at.minute
        minute = self._quarter_minute + (self.now_ms - quarter * _QUARTER_MS) // 60_000
        return (self._weekday, minute) if minute < 1_440 else ((self._weekday + 1) % 7, minute - 1_440)

    def is_open(self) -> bool:
        """Tell whether customers are let in now."""
        weekday, minute = self.local()
        return any(span.opens_min <= minute < span.closes_min for span in self.shop.hours.spans[weekday])

    def way_in(self, door: Door) -> list[Point]:
        """Return where somebody appears who comes by this door, and the spot inside; people keep to the right."""
        dx, dy = _aside(door.outside, door.inside, door)
        return [(door.outside[0] + dx, door.outside[1] + dy), (door.inside[0] + dx, door.inside[1] + dy)]

    def leave_by(self, person: Person, door: Door) -> None:
        """Send somebody out of the store."""
        dx, dy = _aside(door.inside, door.outside, door)
        inside, outside = (door.inside[0] + dx, door.inside[1] + dy), (door.outside[0] + dx, door.outside[1] + dy)
        way = self.movement.routes.way(self.movement.at(person), inside)
        self.movement.lead(person, [*way, outside], Phase.LEAVING, reach_m=0.4)

    def enter(self, person: Person, at: Point, *, height_m: float, radius_m: float, has_trolley: bool = False) -> None:
        """Let a shopper appear outside a door."""
        self.movement.add(person, at, height_m=height_m, radius_m=radius_m, has_trolley=has_trolley)
        self.shoppers_inside += 1

    def leave(self, person: Person) -> None:
        """Let somebody be gone who has walked out."""
        self.movement.remove(person, self.now_ms)
        self.shoppers_inside -= not person.is_staff
        person.wait_no += 1
        self.note_by(TruthKind.LEFT, person)

    def desk_spot(self) -> Point:
        """Return where the next one stands who wants to be served at the desk."""
        desk = self.shop.desk
        if desk is None:
            return self.shop.doors[0].inside
        return self.beside(desk.customer, len(self._desk_line)) if self._desk_line else desk.customer

    def wait_at_desk(self, person: Person, service_ms: int) -> None:
        """Let somebody wait for the desk, where one at a time is served."""
        self._desk_line.append((person, service_ms))
        self.call_to_desk()

    def call_to_desk(self) -> None:
        """Begin to serve the next one at the desk if somebody works there."""
        if self._desk_line and self.is_desk_manned and not self._is_desk_busy:
            self._is_desk_busy = True
            person, service_ms = self._desk_line[0]
            self.remind(person, max(1_000, service_ms))

    def leave_desk(self, person: Person) -> None:
        """Somebody has been served at the desk."""
        self._desk_line = [waiting for waiting in self._desk_line if waiting[0] is not person]
        self._is_desk_busy = False
        desk = self.shop.desk
        self.note_by(TruthKind.DESK_SERVED, person, "" if desk is None else desk.desk_id)
        self.call_to_desk()

    def beside(self, spot: Point, place: int) -> Point:
        """Return a free spot near ``spot``, another one for each place."""
        ground = self.movement.ground
        for turn in range(len(_AROUND)):
            dx, dy = _AROUND[(place + turn) % len(_AROUND)]
            near = (spot[0] + dx, spot[1] + dy)
            if ground.is_free(*near) and ground.is_straight(spot, near):
                return near
        return spot

    def note_stock(
        self, kind: TruthKind, stock: Stock, units: list[Unit], *, person: Person | None = None, home_id: str = ""
    ) -> None:
        """Note what was done to a slot and what lies there now."""
        self.note(
            TruthEvent(
                t_ms=self.now_ms,
                kind=kind,
                subject_id=stock.slot_id,
                person_no=None if person is None else person.number,
                party_no=None if person is None else person.party_no or None,
                is_staff=person is not None and person.is_staff,
                units=len(units),
                mass_mg=sum(unit.mass_mg for unit in units),
                level_units=stock.units,
                level_mg=stock.mass_mg,
                home_id=home_id,
            )
        )
        if stock.is_low:
            self.low_since_ms.setdefault(stock.slot_id, self.now_ms)
        else:
            self.low_since_ms.pop(stock.slot_id, None)

    def note_by(
        self,
        kind: TruthKind,
        person: Person,
        subject_id: str = "",
        *,
        units: int = 0,
        why: str = "",
        length: int | None = None,
    ) -> None:
        """Note something that somebody did now."""
        self.note(
            TruthEvent(
                t_ms=self.now_ms,
                kind=kind,
                subject_id=subject_id,
                person_no=person.number,
                party_no=person.party_no or None,
                is_staff=person.is_staff,
                units=units,
                why=why,
                length=length,
            )
        )

    def has_cashiers(self, queue_id: str) -> bool:
        """Tell whether a queue leads to a staffed lane, open or not."""
        return any(t.queue_id == queue_id and t.kind is TillKind.STAFFED for t in self.shop.tills)

    def has_staffed_tills(self) -> bool:
        """Tell whether any staffed lane takes newcomers."""
        return any(lane.takes_customers and lane.till.kind is TillKind.STAFFED for lane in self.checkout.lanes.values())


def _time(event: TruthEvent) -> int:
    return event.t_ms


def _aside(start: Point, end: Point, door: Door) -> Point:
    """Return how far to the right somebody keeps who walks through a door."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = math.sqrt(dx * dx + dy * dy) or 1.0
    wx, wy = door.b[0] - door.a[0], door.b[1] - door.a[1]
    aside = _LATERAL_SHARE * math.sqrt(wx * wx + wy * wy) / length
    return (-dy * aside, dx * aside)
