"""One queue from the inside: who stands in it, who is at which till, who has gone and how.

People who stand in line are hidden by those beside them for long, and nobody vanishes from a line. So whoever is not
seen keeps their place for as long as they are taken to be here at all (see `floor_people`), or until they are seen
leaving.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from storesense_edge.vision.polygon import distance_to_edges

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from storesense_edge.vision.presence import Sightings

NOWHERE = -1
MAX_STEP_S = 2.5
"""A camera that stalls adds no more than this to the time of service."""


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """How people in a queue are followed. Times in seconds, lengths in heights of the person.

    Attributes:
        margin: whoever is in the queue and seen no further than this outside its area is still in it.
        leave_s: seen further outside for this long, somebody has left.
        till_leave_s: seen away from the till for this long, the service is over.
        arrive_s: at a till for this long, though not slow yet, somebody is being served.
        min_service_s: whoever leaves a till sooner was not served: they passed, or stood in line within its reach.
        walk_up_s: standing at a free till for this long, somebody who came past the queue's area is being served.
        slow_speed: below this a person stands or dawdles, heights per second.
    """

    margin: float = 0.3
    leave_s: float = 1.0
    till_leave_s: float = 2.0
    arrive_s: float = 1.5
    min_service_s: float = 4.0
    walk_up_s: float = 5.0
    slow_speed: float = 0.25


@dataclass(slots=True)
class Customer:
    """Somebody in a queue's area or at its tills; `unit` is shared by those who came together."""

    number: int
    unit: int
    entered_s: float
    seen_s: float
    inside_s: float
    slow: bool
    slow_s: float = 0.0
    slow_since_s: float | None = None
    joined: bool = False
    near_till: int = NOWHERE
    near_distance: float = np.inf
    till: int = NOWHERE
    at_till_since_s: float | None = None
    at_till_last_s: float = 0.0
    stood_at_till_s: float | None = None
    walked_up: bool = False
    done: bool = False

    @property
    def is_serving(self) -> bool:
        """Whether they are being served."""
        return self.till != NOWHERE

    @property
    def joined_s(self) -> float:
        """When they began to wait: from when on they were slow, or came in if they walked straight to the till."""
        since_s = self.entered_s if self.slow_since_s is None else self.slow_since_s
        if self.at_till_since_s is not None and since_s >= self.at_till_since_s:
            return self.entered_s
        return since_s


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody's time in a queue is over.

    Attributes:
        customer: who.
        served: True if at a till, False if they went without, None if nobody saw how it ended.
        end_s: when the wait (or the service) ended.
    """

    customer: Customer
    served: bool | None
    end_s: float


@dataclass(frozen=True, slots=True, eq=False)
class QueueShape:
    """Where a queue is.

    Attributes:
        ring_xy: (corners, 2) of its area.
        tills_xy: (tills, 2) where people stand while they are served.
        till_heights: how near to that somebody is at the till.
        till_servers: how many are served at each.
        join_s: slow for this long in total, somebody queues.
        cashiers_xy: (cashiers, 2) where cashiers stand; without, only who came by the queue's area is a customer.
    """

    ring_xy: NDArray[np.float64]
    tills_xy: NDArray[np.float64]
    till_heights: float
    till_servers: int
    join_s: float
    cashiers_xy: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 2)))


@dataclass(slots=True)
class QueueLine:
    """One queue.

    Args:
        shape: where it is.
        settings: how people in it are followed.

    Attributes:
        busy_s: of each till, seconds spent serving since somebody emptied it.
        served: of each till, how many were served since then.
    """

    shape: QueueShape
    settings: QueueSettings
    customers: list[Customer] = field(default_factory=list)
    busy_s: dict[int, float] = field(default_factory=dict)
    served: dict[int, int] = field(default_factory=dict)
    _freed_s: dict[int, float] = field(default_factory=dict)
    _at_s: float | None = None

    def step(self, seen: Sightings, inside: NDArray[np.bool_]) -> list[Left]:
        """Take one picture.

        Args:
            seen: the people in it.
            inside: (N,) who is in the queue's area.

        Returns:
            Whose time in the queue is over.
        """
        passed_s = 0.0 if self._at_s is None else min(seen.at_s - self._at_s, MAX_STEP_S)
        self._at_s = seen.at_s
        for customer in self.customers:
            if customer.is_serving:
                self.busy_s[customer.till] = self.busy_s.get(customer.till, 0.0) + passed_s
        at_till, till_distance = self._tills_of(seen)
        rows = np.flatnonzero(inside | (till_distance <= self.shape.till_heights))
        self._see_known(seen, inside, at_till, till_distance)
        self._see_newcomers(seen, rows, inside, at_till, till_distance)
        left = self._end(seen)
        self._serve(left)
        return left

    def waiting(self) -> list[Customer]:
        """Return who waits, one of each unit, in no order."""
        now_s = self._at_s or 0.0
        first: dict[int, Customer] = {}
        served = {c.unit for c in self.customers if c.is_serving or c.done}
        for c in self.customers:
            gone = c.seen_s > c.inside_s and now_s - c.inside_s >= self.settings.leave_s
            if c.joined and not c.is_serving and not c.done and not gone and c.unit not in served:
                other = first.get(c.unit)
                if other is None or c.joined_s < other.joined_s:
                    first[c.unit] = c
        return list(first.values())

    def keeps_place(self) -> list[int]:
        """Return the numbers of those who wait or are being served."""
        return [c.number for c in self.customers if (c.joined or c.is_serving) and not c.done]

    def serving(self) -> int:
        """Return how many are being served."""
        return len({(c.unit, c.till) for c in self.customers if c.is_serving})

    # ---- sightings

    def _tills_of(self, seen: Sightings) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """(N,) the nearest till of each, and how far it is, heights."""
        tills = self.shape.tills_xy
        if not len(tills) or not len(seen.ids):
            return np.full(len(seen.ids), NOWHERE), np.full(len(seen.ids), np.inf)
        off = seen.points_xy[:, None, :] - tills[None, :, :]
        distance = np.sqrt((off * off).sum(axis=2)) / seen.scales[:, None]
        distance = np.where(np.isfinite(distance), distance, np.inf)
        nearest = distance.argmin(axis=1)
        return nearest, distance[np.arange(len(nearest)), nearest]

    def _see_known(
        self,
        seen: Sightings,
        inside: NDArray[np.bool_],
        at_till: NDArray[np.intp],
        till_distance: NDArray[np.float64],
    ) -> None:
        if not self.customers:
            return
        rows = {number: row for row, number in enumerate(seen.ids.tolist())}
        for customer in self.customers:
            row = rows.get(customer.number)
            if row is None:
                continue
            here = bool(inside[row]) or self._is_near(seen.points_xy[row], float(seen.scales[row]))
            self._see(customer, seen, row, here, int(at_till[row]), float(till_distance[row]))

    def _is_near(self, xy: NDArray[np.float64], scale: float) -> bool:
        return distance_to_edges(xy, self.shape.ring_xy) <= self.settings.margin * scale

    def _see(
        self, customer: Customer, seen: Sightings, row: int, inside: bool, till: int, till_distance: float
    ) -> None:
        at_s = seen.at_s
        slow = bool(seen.speeds[row] < self.settings.slow_speed)
        near = till_distance <= self.shape.till_heights
        if seen.units is not None and seen.units[row] != customer.number:
            customer.unit = int(seen.units[row])  # by now they are known to have come with somebody
        if inside or near:
            if slow and customer.slow_since_s is None:
                customer.slow_since_s = at_s
            # Half a step each: slow before and slow now is a whole one.
            passed_s = at_s - max(customer.inside_s, customer.seen_s)
            customer.slow_s += passed_s * (0.5 * slow + 0.5 * customer.slow)
            customer.inside_s = at_s
            customer.joined = customer.joined or customer.slow_s >= self.shape.join_s
        customer.slow, customer.seen_s = slow, at_s
        customer.near_till, customer.near_distance = (till, till_distance) if near else (NOWHERE, np.inf)
        if near and (not customer.is_serving or till == customer.till):
            if customer.at_till_since_s is None:
                customer.at_till_since_s = at_s
            if slow and customer.stood_at_till_s is None:
                customer.stood_at_till_s = at_s
            customer.at_till_last_s = at_s
        elif customer.at_till_since_s is not None and not customer.is_serving:
            customer.at_till_since_s = customer.stood_at_till_s = None

    def _see_newcomers(
        self,
        seen: Sightings,
        rows: NDArray[np.intp],
        inside: NDArray[np.bool_],
        at_till: NDArray[np.intp],
        till_distance: NDArray[np.float64],
    ) -> None:
        known = {customer.number for customer in self.customers}
        for row in rows.tolist():
            number = int(seen.ids[row])
            if number in known:
                continue
            if not inside[row] and not self._is_on_the_customers_side(seen, row, float(till_distance[row])):
                continue
            unit = number if seen.units is None else int(seen.units[row])
            slow = bool(seen.speeds[row] < self.settings.slow_speed)
            customer = Customer(number, unit, seen.at_s, seen.at_s, seen.at_s, slow)
            customer.walked_up = not inside[row]
            self.customers.append(customer)
            self._see(customer, seen, row, True, int(at_till[row]), float(till_distance[row]))

    def _is_on_the_customers_side(self, seen: Sightings, row: int, till_distance: float) -> bool:
        """Whether somebody at a till who did not come by the queue may be a customer rather than a cashier."""
        cashiers = self.shape.cashiers_xy
        if not len(cashiers):
            return False
        off = cashiers - seen.points_xy[row]
        return bool(till_distance * float(seen.scales[row]) < np.sqrt((off * off).sum(axis=1)).min())

    # ---- tills and ends

    def _end(self, seen: Sightings) -> list[Left]:
        cfg = self.settings
        at_s = seen.at_s
        left: list[Left] = []
        keep: list[Customer] = []
        for c in self.customers:
            if c.is_serving and c.seen_s > c.at_till_last_s and at_s - c.at_till_last_s > cfg.till_leave_s:
                if c.at_till_last_s - (c.at_till_since_s or 0.0) >= cfg.min_service_s:
                    left.append(self._finish(c))
                else:
                    c.till, c.at_till_since_s, c.stood_at_till_s = NOWHERE, None, None
            if at_s - c.inside_s > cfg.leave_s and c.seen_s > c.inside_s:
                left += self._gone(c, lost=False)
            elif c.number not in seen.present_ids:
                left += self._gone(c, lost=True)
            else:
                keep.append(c)
        self.customers = keep
        return left

    def _gone(self, customer: Customer, *, lost: bool) -> list[Left]:
        if customer.is_serving:
            return [self._finish(customer)]
        if customer.done or not customer.joined:
            return []
        if any(c is not customer and c.unit == customer.unit and c.joined for c in self.customers):
            return []  # the others of the unit are still here
        return [Left(customer, None if lost else False, customer.inside_s)]

    def _finish(self, customer: Customer) -> Left:
        self._freed_s[customer.till] = customer.at_till_last_s
        self.served[customer.till] = self.served.get(customer.till, 0) + 1
        customer.till, customer.done = NOWHERE, True
        return Left(customer, True, customer.at_till_last_s)

    def _serve(self, left: list[Left]) -> None:
        """Give free tills to those who stand at them, the nearest first."""
        ready = [
            c
            for c in self.customers
            if not c.is_serving
            and not c.done
            and c.near_till != NOWHERE
            and c.seen_s == self._at_s
            and self._is_ready(c)
        ]
        for customer in sorted(ready, key=lambda c: c.near_distance):
            till = customer.near_till
            here = [c for c in self.customers if c.till == till]
            if any(c.unit == customer.unit for c in here):
                customer.done = True  # comes along
                continue
            if len(here) >= self.shape.till_servers:
                unseen = [c for c in here if (self._at_s or 0.0) - c.seen_s > self.settings.till_leave_s]
                if not unseen:
                    continue
                gone = min(unseen, key=lambda c: c.at_till_last_s)
                left.append(self._finish(gone))
            # Standing within reach while another was served was still waiting.
            freed_s = self._freed_s.get(till, -np.inf) if self.shape.till_servers == 1 else -np.inf
            # The service begins when they have come to a stand there.
            begun_s = customer.at_till_since_s if customer.stood_at_till_s is None else customer.stood_at_till_s
            customer.at_till_since_s = max(begun_s or 0.0, freed_s)
            customer.till = till
            for other in self.customers:
                if other is not customer and other.unit == customer.unit and not other.is_serving:
                    other.done = True

    def _is_ready(self, customer: Customer) -> bool:
        if not (customer.joined or customer.slow):
            return False
        since_s = self._at_s if customer.at_till_since_s is None else customer.at_till_since_s
        if customer.walked_up:
            return (self._at_s or 0.0) - (since_s or 0.0) >= self.settings.walk_up_s
        return customer.joined or (self._at_s or 0.0) - (since_s or 0.0) >= self.settings.arrive_s
