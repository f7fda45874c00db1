"""The checkout: lanes with their stations, who is called, served and finished, exact to the millisecond.

It knows no floor. In the store a called customer walks to the till and the engine says when service begins; with
``begins_at_once`` there is no walk, which makes lines and tills alone the M/M/c queue of the textbooks.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from storesense_simulators.twin.queues import Customer, WaitingLine
from storesense_simulators.twin.shop import QueuePath, Till


@dataclass(slots=True)
class Station:
    """Where one customer at a time is served.

    Attributes:
        free_since_ms: since when nobody has been called to it.
        customer: who has been called.
        called_ms: when.
        begun_ms: when their service began; None while they walk.
    """

    lane_id: str
    index: int
    free_since_ms: int = 0
    customer: Customer | None = None
    called_ms: int = 0
    begun_ms: int | None = None


@dataclass(slots=True)
class LaneState:
    """A lane; one that is closing serves whom it must and then closes."""

    till: Till
    queue_id: str
    stations: list[Station] = field(default_factory=list)
    is_open: bool = False
    is_closing: bool = False

    @property
    def lane_id(self) -> str:
        """The lane's id."""
        return self.till.lane_id

    @property
    def is_idle(self) -> bool:
        """Whether nobody is served or on the way to be."""
        return all(station.customer is None for station in self.stations)

    @property
    def takes_customers(self) -> bool:
        """Whether newcomers may count on this lane."""
        return self.is_open and not self.is_closing


class Called(NamedTuple):
    """The first of a queue may go to a station."""

    t_ms: int
    customer: Customer
    queue_id: str
    lane_id: str
    station: int


class Ended(NamedTuple):
    """Somebody has been served."""

    t_ms: int
    customer: Customer
    queue_id: str
    lane_id: str
    station: int
    wait_ms: int
    walk_ms: int
    service_ms: int


class GaveUp(NamedTuple):
    """Somebody has waited long enough."""

    t_ms: int
    customer: Customer
    queue_id: str


class LaneSwitched(NamedTuple):
    """A lane opened or closed."""

    t_ms: int
    lane_id: str
    is_open: bool


CheckoutChange = Called | Ended | GaveUp | LaneSwitched

_END, _GIVE_UP = 0, 1


class Checkout:
    """All queues and lanes of a store.

    Args:
        tills: the lanes.
        queues: where people wait for them.
        begins_at_once: whether service begins when somebody is called, without a walk.
    """

    def __init__(self, tills: Sequence[Till], queues: Sequence[QueuePath], *, begins_at_once: bool = False) -> None:
        self.queues = {path.queue_id: WaitingLine(path.queue_id, path.lane_ids) for path in queues}
        self.lanes = {till.lane_id: _lane(till) for till in tills if till.queue_id in self.queues}
        self._lanes_of = {
            queue_id: [lane for lane in self.lanes.values() if lane.queue_id == queue_id] for queue_id in self.queues
        }
        self._begins_at_once = begins_at_once
        self._due: list[tuple[int, int, int, Customer, Station | WaitingLine]] = []
        self._made = 0
        self._changes: list[CheckoutChange] = []

    @property
    def next_ms(self) -> int | None:
        """When something will happen by itself; None when nothing will."""
        return self._due[0][0] if self._due else None

    @property
    def has_news(self) -> bool:
        """Whether ``advance`` has something to tell even when no time passes."""
        return bool(self._changes)

    def open_stations(self, queue_id: str) -> int:
        """Return how many stations take newcomers of a queue."""
        return sum(len(lane.stations) for lane in self._lanes_of[queue_id] if lane.takes_customers)

    def people_at(self, queue_id: str) -> int:
        """Return how many wait in a queue or have been called from it and are not done."""
        served = sum(s.customer is not None for lane in self._lanes_of[queue_id] for s in lane.stations)
        return self.queues[queue_id].length + served

    def join(self, queue_id: str, customer: Customer) -> None:
        """Put somebody at the end of a queue at ``customer.joined_ms``."""
        line = self.queues[queue_id]
        line.waiting.append(customer)
        if customer.gives_up_ms is not None:
            self._schedule(customer.gives_up_ms, _GIVE_UP, customer, line)
        self._call(line, customer.joined_ms)

    def leave(self, queue_id: str, person_no: int) -> Customer | None:
        """Take somebody out of a queue who changes to another one; None when they have been called meanwhile."""
        return self.queues[queue_id].remove(person_no)

    def begin_service(self, lane_id: str, station: int, at_ms: int) -> None:
        """The customer who was called has reached the station."""
        place = self.lanes[lane_id].stations[station]
        if place.customer is not None and place.begun_ms is None:
            place.begun_ms = at_ms
            self._schedule(at_ms + place.customer.service_ms, _END, place.customer, place)

    def open_lane(self, lane_id: str, at_ms: int) -> None:
        """Open a lane, or keep one open that was about to close."""
        lane = self.lanes[lane_id]
        lane.is_closing = False
        if not lane.is_open:
            lane.is_open = True
            for station in lane.stations:
                station.free_since_ms = at_ms
            self._changes.append(LaneSwitched(at_ms, lane_id, is_open=True))
        self._call(self.queues[lane.queue_id], at_ms)

    def close_lane(self, lane_id: str, at_ms: int) -> None:
        """Let a lane close when it has served whom it must.

        With a queue of its own that is everybody in it, else who has been called.
        """
        lane = self.lanes[lane_id]
        if lane.is_open:
            lane.is_closing = True
            self._shut(lane, at_ms)

    def advance(self, to_ms: int) -> list[CheckoutChange]:
        """Let time come to ``to_ms`` and return what happened since the last call, in the order of time."""
        while self._due and self._due[0][0] <= to_ms:
            t_ms, _, what, customer, where = heapq.heappop(self._due)
            if what == _END and isinstance(where, Station):
                self._end(where, customer, t_ms)
            elif isinstance(where, WaitingLine) and where.has(customer):
                where.remove(customer.person_no)
                self._changes.append(GaveUp(t_ms, customer, where.queue_id))
                for lane in self._lanes_of[where.queue_id]:
                    self._shut(lane, t_ms)
        if not self._changes:
            return []
        changes, self._changes = self._changes, []
        return changes

    def _end(self, station: Station, customer: Customer, t_ms: int) -> None:
        lane = self.lanes[station.lane_id]
        begun_ms = t_ms if station.begun_ms is None else station.begun_ms
        self._changes.append(
            Ended(
                t_ms,
                customer,
                lane.queue_id,
                lane.lane_id,
                station.index,
                wait_ms=station.called_ms - customer.joined_ms,
                walk_ms=begun_ms - station.called_ms,
                service_ms=t_ms - begun_ms,
            )
        )
        station.customer, station.begun_ms, station.free_since_ms = None, None, t_ms
        self._call(self.queues[lane.queue_id], t_ms)
        if lane.is_closing:
            self._shut(lane, t_ms)

    def _call(self, line: WaitingLine, t_ms: int) -> None:
        """Send the first ones of a queue to the stations that are free, longest free first."""
        while line.waiting:
            free = [
                station
                for lane in self._lanes_of[line.queue_id]
                if lane.is_open and (not lane.is_closing or self._is_last(lane))
                for station in lane.stations
                if station.customer is None
            ]
            if not free:
                return
            station = min(free, key=_free_since)
            customer = line.waiting.pop(0)
            station.customer, station.called_ms = customer, t_ms
            self._changes.append(Called(t_ms, customer, line.queue_id, station.lane_id, station.index))
            if self._begins_at_once:
                self.begin_service(station.lane_id, station.index, t_ms)

    def _shut(self, lane: LaneState, t_ms: int) -> None:
        waits = self._is_last(lane) and self.queues[lane.queue_id].waiting
        if lane.is_closing and lane.is_idle and not waits:
            lane.is_open = lane.is_closing = False
            self._changes.append(LaneSwitched(t_ms, lane.lane_id, is_open=False))

    def _is_last(self, lane: LaneState) -> bool:
        """Whether no other lane would serve this lane's queue."""
        return not any(other.takes_customers for other in self._lanes_of[lane.queue_id] if other is not lane)

    def _schedule(self, t_ms: int, what: int, customer: Customer, where: Station | WaitingLine) -> None:
        self._made += 1
        heapq.heappush(self._due, (t_ms, self._made, what, customer, where))


def _free_since(station: Station) -> int:
    return station.free_since_ms


def _lane(till: Till) -> LaneState:
    stations = [Station(till.lane_id, index) for index in range(till.stations)]
    return LaneState(till, till.queue_id, stations)
