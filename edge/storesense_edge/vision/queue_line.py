"""One queue from the inside: who stands in it, who is at which till, who has gone and how.

People who stand in line are hidden by those beside them for long, and nobody vanishes from a line. So whoever is not
seen keeps their place for as long as they are taken to be here at all (see `floor_people`), or until they are seen
leaving.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from storesense_edge.vision.queue_customer import NOWHERE, Customer, Left
from storesense_edge.vision.queue_doubles import Doubles
from storesense_edge.vision.queue_ground import Ground
from storesense_edge.vision.queue_leavers import Leavers
from storesense_edge.vision.queue_places import Places
from storesense_edge.vision.queue_posts import Posts
from storesense_edge.vision.queue_tills import Tills
from storesense_edge.vision.queue_walks import Walks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from storesense_edge.vision.presence import Sightings
    from storesense_edge.vision.queue_customer import QueueSettings, QueueShape
    from storesense_edge.vision.queue_places import Gone

JUST_NOW_S = 0.3
"""Whoever was seen no longer ago than this counts as seen in the same picture."""
GLIMPSE_S = 0.5
"""Of the time between two sightings no more than this is time in which somebody was seen, unless pictures are rarer."""
MAX_STEP_S = 2.5
"""A camera that stalls adds no more than this to the time of service."""


@dataclass(slots=True)
class QueueLine:
    """One queue.

    Args:
        shape: where it is.
        settings: how people in it are followed.

    Attributes:
        tills: who is served where, and for how long.
        posts: which tills have a cashier.
        places: since when the first in line has waited, the second, and so on.
    """

    shape: QueueShape
    settings: QueueSettings
    customers: list[Customer] = field(default_factory=list)
    tills: Tills = field(init=False)
    places: Places = field(init=False)
    posts: Posts = field(init=False)
    _at_s: float | None = None
    _passed_s: float = 0.0
    _ground: Ground = field(init=False)
    _walks: Walks = field(init=False)
    _doubles: Doubles = field(init=False)
    _leavers: Leavers = field(init=False)

    def __post_init__(self) -> None:
        """Give it its ground, its tills and its places."""
        self._ground = Ground(self.shape, self.settings.margin)
        self.places = Places(self.settings)
        self._walks = Walks(self.shape.tills_xy, self.shape.till_heights, self.shape.cashiers_xy)
        self.posts = Posts(self.shape.posts_xy)
        self._doubles = Doubles(self.shape.tills_xy, self.shape.cashiers_xy, self.shape.till_heights)
        self._leavers = Leavers(self.shape, self.settings)
        self.tills = Tills(self.shape, self.settings, self.places, self.posts, self._doubles)

    def step(
        self,
        seen: Sightings,
        inside: NDArray[np.bool_],
        *,
        everybody: Sightings | None = None,
        in_any: NDArray[np.bool_] | None = None,
    ) -> list[Left]:
        """Take one picture.

        Args:
            seen: the people in it, without those known to work here.
            inside: (N,) who is in the queue's area.
            everybody: those who work here too; None if there is nobody else.
            in_any: (N,) who is in the area or at a till of any queue; None if there is no other.

        Returns:
            Whose time in the queue is over.
        """
        passed_s = 0.0 if self._at_s is None else min(seen.at_s - self._at_s, MAX_STEP_S)
        self._at_s, self._passed_s = seen.at_s, passed_s
        everybody = seen if everybody is None else everybody
        self.posts.step(everybody, passed_s)
        self._doubles.step(everybody)
        for old, new in seen.merged:
            self._merge(old, new)
        at_till, till_distance = self._ground.tills_of(seen)
        rows = np.flatnonzero(inside | (till_distance <= self.shape.till_heights))
        left = self._end_of_others(seen, at_till, till_distance)
        self._see_known(seen, inside, at_till, till_distance)
        self._see_newcomers(seen, rows, inside, at_till, till_distance)
        self._walks.note(seen, till_distance)
        self._leavers.step(seen, inside if in_any is None else in_any)
        self.tills.free.look_at_workers(everybody, self._ground, self.shape.till_heights)
        self.tills.pass_time(self.customers, seen.at_s, passed_s)
        if self._ground.has_heads:
            self.tills.look_for_company(self.customers, seen.at_s)
        left += self.tills.serve(self.customers, seen.at_s)
        left += self.tills.look_for_followers(self.customers, seen.at_s)
        left += self._end(seen)
        self.tills.look_for_idle(self.customers, seen.at_s)
        left += self._leavers.take(self.places, seen.at_s)
        waiting_s = [customer.joined_s for customer in self.waiting()]
        left += [_of_place(gone) for gone in self.places.step(seen.at_s, passed_s, waiting_s)]
        return left

    def close(self) -> list[Left]:
        """End the open visits, as the source ends: how they would have gone on, nobody knows."""
        now_s = self._at_s or 0.0
        left = [_of_place(gone) for gone in self.places.close()]
        left += [Left(c.joined_s, now_s, now_s, None, is_cut_short=True) for c in self.waiting()]
        self.customers.clear()
        return left

    def waiting(self) -> list[Customer]:
        """Return who waits, one of each unit, in no order."""
        now_s = self._at_s or 0.0
        if self.tills.free.for_s(now_s) > self.settings.walk_most_s:
            return []
        first: dict[int, Customer] = {}
        served = {c.unit for c in self.customers if c.is_serving or c.done}
        for c in self.customers:
            gone = c.outside_since_s is not None and now_s - c.outside_since_s >= self.settings.leave_s
            if c.joined and not c.is_serving and not c.done and not c.stands_by and not gone and c.unit not in served:
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

    def _merge(self, old: int, new: int) -> None:
        """Let those who were taken for two be one: whoever is served or has waited longer."""
        same = [c for c in self.customers if c.number in (old, new)]
        if not same:
            return
        stays = max(same, key=lambda c: (c.is_serving, c.done, c.joined, -c.joined_s))
        stays.number = new
        stays.seen_s, stays.inside_s = max(c.seen_s for c in same), max(c.inside_s for c in same)
        self.customers = [c for c in self.customers if c is stays or c not in same]

    def _end_of_others(
        self, seen: Sightings, at_till: NDArray[np.intp], till_distance: NDArray[np.float64]
    ) -> list[Left]:
        """End the services of those who walked off, and whose number has been found on somebody else at their till."""
        left: list[Left] = []
        for row in np.flatnonzero(till_distance <= self.shape.till_heights).tolist():
            number, till = int(seen.ids[row]), int(at_till[row])
            for c in [c for c in self.customers if c.number == number and c.till == till]:
                if self._walks.is_another(c, seen.at_s, self.settings.change_s):
                    left += self.tills.leave(c, self.customers)
                    self.customers.remove(c)
        return left

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
            here = bool(inside[row]) or self._ground.is_near(seen.points_xy[row], float(seen.scales[row]))
            self._see(customer, seen, row, here, int(at_till[row]), float(till_distance[row]))

    def _see(
        self, customer: Customer, seen: Sightings, row: int, inside: bool, till: int, till_distance: float
    ) -> None:
        at_s = seen.at_s
        slow = bool(seen.speeds[row] < self.settings.slow_speed)
        # Where nobody is served, somebody stands in line.
        near = till_distance <= self.shape.till_heights and self.posts.may_serve(till)
        if seen.units is not None and seen.units[row] != customer.number:
            customer.unit = int(seen.units[row])  # by now they are known to have come with somebody
        if inside or near:
            self._see_here(customer, seen, row, slow=slow, waits=not near or self._is_served(till, at_s))
        elif customer.outside_since_s is None:
            customer.outside_since_s = at_s
        customer.slow, customer.seen_s, customer.xy = slow, at_s, seen.points_xy[row]
        customer.till_distance = till_distance
        customer.near_till, customer.near_distance = (till, till_distance) if near else (NOWHERE, np.inf)
        if not customer.is_serving and at_s - customer.at_till_last_s > self.settings.empty_s:
            customer.at_till_since_s = customer.stood_at_till_s = None
        if near and (not customer.is_serving or till == customer.till):
            if customer.at_till_since_s is None:
                self._walks.come(customer, at_s)
                customer.way = self._ground.way(till, float(seen.scales[row]))
            if slow and customer.stood_at_till_s is None:
                customer.stood_at_till_s = at_s
            customer.be_at_till(at_s, self.settings.walk_s)
            self._walks.stay(customer, seen, row)
        elif customer.is_serving:
            self._walks.go(customer, seen, row)
        elif customer.at_till_since_s is not None and not customer.is_serving:
            customer.at_till_since_s = customer.stood_at_till_s = None

    def _see_here(self, customer: Customer, seen: Sightings, row: int, *, slow: bool, waits: bool) -> None:
        """Take a picture that shows somebody in the area or at a till; who is served there does not wait."""
        at_s, cfg = seen.at_s, self.settings
        if slow and customer.slow_since_s is None:
            customer.slow_since_s = at_s
        # Half a step each: slow before and slow now is a whole one.
        # Who is seen for a moment now and then has not been seen standing.
        unseen_s = min(at_s - max(customer.inside_s, customer.seen_s), max(GLIMPSE_S, self._passed_s))
        slow_s = unseen_s * (0.5 * slow + 0.5 * customer.slow)
        customer.slow_s += slow_s
        is_past = self._is_past_the_line(seen.points_xy[row], float(seen.scales[row]))
        if waits and not is_past:
            customer.waited_s += slow_s
            if slow:
                customer.waited_xy = seen.points_xy[row]
            customer.has_stood = customer.waited_s >= self.shape.join_s
        customer.inside_s, customer.outside_since_s = at_s, None
        off_line = self._off_line(customer, seen, row)
        if off_line > cfg.at_end:
            customer.at_end_since_s = None
        elif customer.at_end_since_s is None:
            customer.at_end_since_s = at_s
            customer.was_seen_coming = customer.entered_s < at_s or self._walks.was_near(customer.number)
        if not customer.joined and customer.slow_s >= self.shape.join_s:
            customer.joined = off_line <= cfg.apart and not is_past

    def _is_past_the_line(self, xy: NDArray[np.float64], scale: float) -> bool:
        """Whether somebody is beyond the line's head where somebody is being served: they stand by a customer."""
        held = {c.till for c in self.customers if c.is_serving}
        return self._ground.is_past_the_line(xy, scale, held, self.settings.past)

    def _off_line(self, customer: Customer, seen: Sightings, row: int) -> float:
        """How far somebody is from the head of the line or from who waits, heights; 0 where all is the line."""
        others = [c.xy for c in self.customers if c is not customer and c.joined and not c.done]
        return self._ground.off_line(seen.points_xy[row], float(seen.scales[row]), others)

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
            till, distance = int(at_till[row]), float(till_distance[row])
            if not inside[row] and not self._is_at_a_customers_place(seen, row, till, distance):
                continue
            unit = number if seen.units is None else int(seen.units[row])
            slow = bool(seen.speeds[row] < self.settings.slow_speed)
            customer = Customer(number, unit, seen.at_s, seen.at_s, seen.at_s, slow)
            customer.walked_up = not inside[row]
            customer.came_from_afar = distance > self.shape.till_heights
            self.customers.append(customer)
            self._see(customer, seen, row, True, till, distance)

    def _is_served(self, till: int, at_s: float) -> bool:
        """Whether somebody was seen being served at a till just now."""
        return any(c.till == till and at_s - c.at_till_last_s <= JUST_NOW_S for c in self.customers)

    def _is_at_a_customers_place(self, seen: Sightings, row: int, till: int, till_distance: float) -> bool:
        """Whether somebody at a till who did not come by the queue may be a customer rather than a cashier."""
        is_one = self._ground.is_customers_place(seen.points_xy[row], float(seen.scales[row]), till_distance)
        return any(c.till == till for c in self.customers) if is_one is None else is_one

    # ---- ends

    def _end(self, seen: Sightings) -> list[Left]:
        cfg = self.settings
        at_s = seen.at_s
        left = self.tills.end(self.customers, at_s)
        keep: list[Customer] = []
        for c in self.customers:
            if c.is_serving:
                keep.append(c)
            elif c.outside_since_s is not None and at_s - c.outside_since_s > cfg.leave_s:
                left += self._gone(c, lost=False)
            elif c.number not in seen.present_ids:
                left += self._gone(c, lost=True)
            else:
                keep.append(c)
        self.customers = keep
        return left

    def _gone(self, customer: Customer, *, lost: bool) -> list[Left]:
        if customer.done or customer.stands_by or not customer.joined:
            return []
        if any(c is not customer and c.unit == customer.unit and c.joined for c in self.customers):
            return []  # the others of the unit are still here
        if not len(self.shape.tills_xy):
            return [Left(customer.joined_s, customer.inside_s, customer.inside_s, None if lost else False)]
        at_s = self._at_s or 0.0
        self.places.leave(customer.joined_s, customer.inside_s, at_s, was_seen=not lost)
        if not lost and not self.places.has_company(customer.joined_s, customer.inside_s):
            self._leavers.leave(customer, at_s)
        return []


def _of_place(gone: Gone) -> Left:
    """Nobody saw how it ended: whoever was seen walking away has been told already."""
    return Left(gone.joined_s, gone.end_s, gone.end_s, None)
