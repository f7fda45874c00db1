"""Queues: who waits for a till, for how long, and whether they were served or gave up.

A person queues who is slow inside the queue's area; walking through is no queueing. The wait runs from becoming slow
to reaching the till, the service from there to leaving it. Whoever leaves without having reached the till has
abandoned. One till serves one person at a time (`servers` tells otherwise), so the next in line, who may stand within
reach of the till as well, still waits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from storesense_edge.vision.errors import GeometryError
from storesense_edge.vision.presence import PresenceBook, PresenceSettings, Sightings, Stay
from storesense_edge.vision.zones import check_ids

if TYPE_CHECKING:
    from collections.abc import Sequence


class QueueOutcome(StrEnum):
    """How a visit to a queue ended."""

    SERVED = "served"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class Queue:
    """A waiting area with its till.

    Attributes:
        queue_id: its name in the site file.
        corners_xy: corners of the area in order; it should contain the place where the served person stands.
        till_xy: where the served person stands. Without one, whoever leaves counts as served at that moment: giving
            up cannot be told from being served.
        till_heights: within this distance of it (heights of the person) somebody is at the till.
        join_s: slow for this long in total, a person queues.
        servers: how many are served at once.
    """

    queue_id: str
    corners_xy: tuple[tuple[float, float], ...]
    till_xy: tuple[float, float] | None = None
    till_heights: float = 0.7
    join_s: float = 2.0
    servers: int = 1


@dataclass(frozen=True, slots=True)
class QueueVisit:
    """One visit to a queue that is over; nothing in it says who.

    Attributes:
        queue_id: which queue.
        joined_s: when the person began to wait.
        wait_s: until the till was reached, or until giving up.
        service_s: time at the till; 0 for those who gave up.
        outcome: served or abandoned.
    """

    queue_id: str
    joined_s: float
    wait_s: float
    service_s: float
    outcome: QueueOutcome


@dataclass(frozen=True, slots=True)
class QueueSample:
    """What a queue looks like, and which visits ended since the last sample.

    Attributes:
        queue_id: which queue.
        waiting: people who wait, without those being served.
        serving: people at the till.
        longest_wait_s: how long the one who waits longest has waited so far.
        visits: those that ended since the last sample.
        lost: people of whom the tracker lost sight while they waited since the last sample; how their wait ended
            nobody saw, so they are neither served nor abandoned.
    """

    queue_id: str
    waiting: int
    serving: int
    longest_wait_s: float
    visits: tuple[QueueVisit, ...] = ()
    lost: int = 0


@dataclass(slots=True)
class _Customer:
    stay: Stay
    slow_since_s: float | None = None
    joined: bool = False
    at_till_since_s: float | None = None
    at_till_last_s: float = 0.0
    till_distance: float = np.inf
    serving: bool = False
    done: bool = False


@dataclass(slots=True)
class _Counted:
    customers: list[_Customer] = field(default_factory=list)
    visits: list[QueueVisit] = field(default_factory=list)
    lost: int = 0
    freed_s: float = -np.inf  # when a till that was fully busy became free


class QueueCounter:
    """Measures several queues.

    Args:
        queues: the queues, in one plane; their ids differ.
        settings: when a stay begins and ends.
        till_leave_s: seen away from the till for this long, the service is over.

    Raises:
        GeometryError: an area cannot hold anybody, a till is no point, or two queues share an id.
    """

    def __init__(
        self, queues: Sequence[Queue], *, settings: PresenceSettings | None = None, till_leave_s: float = 2.0
    ) -> None:
        self.queues = tuple(queues)
        check_ids([queue.queue_id for queue in queues], kind="queue")
        for queue in queues:
            if queue.till_xy is not None and not np.isfinite(queue.till_xy).all():
                raise GeometryError(
                    shape=f"queue {queue.queue_id}", cause="its till is no point", remedy="give two finite numbers"
                )
        self._till_leave_s = till_leave_s
        self._book = PresenceBook(
            [queue.corners_xy for queue in queues],
            names=[f"queue {queue.queue_id}" for queue in queues],
            settings=settings,
        )
        self._counted = [_Counted() for _ in queues]
        self._at_s = 0.0

    def step(self, seen: Sightings) -> None:
        """Take one picture."""
        if not self.queues:
            return
        self._at_s = seen.at_s
        over = self._book.step(seen)
        self._update(self._book.open_stays(), over)

    def samples(self) -> list[QueueSample]:
        """Return what every queue looks like now, without its visits."""
        result = []
        for queue, counted in zip(self.queues, self._counted, strict=True):
            waiting = [c for c in counted.customers if c.joined and not c.serving and not c.done]
            longest_s = max((self._at_s - _joined_s(c) for c in waiting), default=0.0)
            serving = sum(c.serving for c in counted.customers)
            result.append(QueueSample(queue.queue_id, len(waiting), serving, longest_s))
        return result

    def take(self) -> list[QueueSample]:
        """Return a sample of every queue with the visits that ended since the last call."""
        result = [
            QueueSample(s.queue_id, s.waiting, s.serving, s.longest_wait_s, tuple(counted.visits), counted.lost)
            for s, counted in zip(self.samples(), self._counted, strict=True)
        ]
        for counted in self._counted:
            counted.visits.clear()
            counted.lost = 0
        return result

    def close(self) -> None:
        """Forget the open visits, as a source ends: how they would have gone on, nobody knows."""
        self._book.close()
        for counted in self._counted:
            counted.customers.clear()

    def _update(self, open_stays: list[Stay], over: list[Stay]) -> None:
        open_of: list[dict[int, Stay]] = [{} for _ in self.queues]
        for stay in open_stays:
            open_of[stay.area][id(stay)] = stay
        ended = {id(stay) for stay in over}
        for queue, counted, stays in zip(self.queues, self._counted, open_of, strict=True):
            keep = []
            for customer in counted.customers:
                if id(customer.stay) in ended:
                    self._leave(queue, counted, customer)
                else:
                    stays.pop(id(customer.stay), None)
                    keep.append(customer)
            counted.customers = keep
            counted.customers.extend(_Customer(stay) for stay in stays.values())
            for customer in counted.customers:
                self._look_at(queue, counted, customer)
            self._serve_next(queue, counted)

    def _look_at(self, queue: Queue, counted: _Counted, customer: _Customer) -> None:
        stay = customer.stay
        if stay.last_s != self._at_s:
            return  # not seen inside just now
        if stay.slow and customer.slow_since_s is None:
            customer.slow_since_s = self._at_s
        customer.joined = customer.joined or stay.slow_s >= queue.join_s
        customer.till_distance = _till_distance(queue, stay)
        if customer.till_distance <= queue.till_heights:
            if customer.at_till_since_s is None:
                customer.at_till_since_s = self._at_s
            customer.at_till_last_s = self._at_s
        elif customer.at_till_since_s is not None and self._at_s - customer.at_till_last_s > self._till_leave_s:
            if customer.serving:
                self._finish(queue, counted, customer)
            customer.at_till_since_s = None

    def _serve_next(self, queue: Queue, counted: _Counted) -> None:
        free = queue.servers - sum(c.serving for c in counted.customers)
        if free <= 0:
            return
        ready = [
            c
            for c in counted.customers
            if c.joined and not c.serving and not c.done and c.till_distance <= queue.till_heights
        ]
        for customer in sorted(ready, key=lambda c: c.till_distance)[:free]:
            # Standing within reach while another was served was still waiting.
            customer.at_till_since_s = max(customer.at_till_since_s or 0.0, counted.freed_s)
            customer.serving = True

    def _leave(self, queue: Queue, counted: _Counted, customer: _Customer) -> None:
        if customer.done or not customer.joined:
            return
        if customer.serving or _till_distance(queue, customer.stay) <= queue.till_heights:
            self._finish(queue, counted, customer)
            return
        if customer.stay.lost:
            counted.lost += 1
            return
        joined_s = _joined_s(customer)
        wait_s = max(0.0, customer.stay.last_s - joined_s)
        outcome = QueueOutcome.SERVED if queue.till_xy is None else QueueOutcome.ABANDONED
        counted.visits.append(QueueVisit(queue.queue_id, joined_s, wait_s, 0.0, outcome))

    def _finish(self, queue: Queue, counted: _Counted, customer: _Customer) -> None:
        if sum(c.serving for c in counted.customers) >= queue.servers:
            counted.freed_s = customer.at_till_last_s
        joined_s = _joined_s(customer)
        end_s = customer.at_till_last_s
        start_s = customer.at_till_since_s if customer.at_till_since_s is not None else end_s
        counted.visits.append(
            QueueVisit(
                queue.queue_id,
                joined_s,
                max(0.0, start_s - joined_s),
                max(0.0, end_s - max(start_s, joined_s)),
                QueueOutcome.SERVED,
            )
        )
        customer.serving, customer.done = False, True


def _joined_s(customer: _Customer) -> float:
    return customer.stay.first_s if customer.slow_since_s is None else customer.slow_since_s


def _till_distance(queue: Queue, stay: Stay) -> float:
    if queue.till_xy is None:
        return np.inf
    return float(np.hypot(stay.xy[0] - queue.till_xy[0], stay.xy[1] - queue.till_xy[1])) / stay.scale
