"""The tills of one queue: who is served at each, until when, and who follows.

What is looked at is the place, not the track. A till's place is held by one customer from when they come to a stand
there until nobody is seen there any more. In a crowd, tracks change hands: whoever passes the customer walks off with
the customer's track, and another track is found in the customer's place. So another track there is the next customer
only if it was seen waiting, or if the place was empty for as long as it takes to walk up to it, or if somebody went
there from the line meanwhile and was lost on the way. Else it is the same customer under another number.

Nobody waits for a till that is free. Whoever stands by one for longer than it takes to walk to it is there for another
reason: they came with somebody, or look at what is for sale.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from storesense_edge.vision.queue_customer import NOWHERE, Customer, Left, take_over
from storesense_edge.vision.queue_free_tills import FreeTills
from storesense_edge.vision.queue_walks import has_handed_over, has_walked_straight

if TYPE_CHECKING:
    from storesense_edge.vision.queue_customer import QueueSettings, QueueShape
    from storesense_edge.vision.queue_doubles import Doubles
    from storesense_edge.vision.queue_places import Places
    from storesense_edge.vision.queue_posts import Posts


COMPANY = 1.0
"""Who came with a customer stands no further than this from the till, heights."""
LOST_S = 4.0
"""Whoever went from the line to a till, and is not seen for this long after somebody is there, is that one."""


@dataclass(slots=True)
class Tills:
    """Where a queue is served.

    Args:
        shape: where the tills are.
        settings: how people are followed.
        places: the order of the line.
        posts: where their cashiers are.
        doubles: which of those who seem to be at a till are cashiers.

    Attributes:
        free: since when one of them has been free.
        busy_s: of each till, seconds spent serving since somebody emptied it.
        served: of each till, how many were served since then.
    """

    shape: QueueShape
    settings: QueueSettings
    places: Places
    posts: Posts
    doubles: Doubles
    busy_s: dict[int, float] = field(default_factory=dict)
    served: dict[int, int] = field(default_factory=dict)
    free: FreeTills = field(init=False)

    def __post_init__(self) -> None:
        """Begin with tills of which nothing is known."""
        self.free = FreeTills(len(self.shape.tills_xy))

    def pass_time(self, customers: list[Customer], at_s: float, passed_s: float) -> None:
        """Let time pass at the tills; it was spent serving once the customer is seen there again."""
        for c in customers:
            if not c.is_serving:
                continue
            c.unseen_s += passed_s
            if c.at_till_last_s == at_s:
                self.busy_s[c.till] = self.busy_s.get(c.till, 0.0) + c.unseen_s
                c.unseen_s = 0.0

    def look_for_idle(self, customers: list[Customer], at_s: float) -> None:
        """Find out since when a till has been free that serves; nobody waits while one is for long."""
        self.free.look({c.till for c in customers if c.is_serving}, self.posts, at_s)
        if self.free.for_s(at_s) > self.settings.walk_most_s:
            for c in customers:
                if not c.is_serving:
                    c.idle_until_s = at_s
            self.places.empty()

    def end(self, customers: list[Customer], at_s: float) -> list[Left]:
        """End the services at places that have been empty for long enough."""
        left: list[Left] = []
        for c in customers:
            if not c.is_serving:
                continue
            if self.doubles.is_cashier(c.till):
                left += self._leave_to_cashier(c, customers)
                continue
            has_passed = c.seen_s > c.at_till_last_s and not self._was_served(c)
            if at_s - c.at_till_last_s > (self.settings.pass_s if has_passed else self.settings.empty_s):
                left += self.leave(c, customers)
        return left

    def look_for_company(self, customers: list[Customer], at_s: float) -> None:
        """Let those wait who came as a customer did, but stay in line while that one is served."""
        begun_s = max((c.at_till_since_s or 0.0 for c in customers if c.is_serving), default=-np.inf)
        for c in customers:
            is_apart = c.seen_s == at_s and c.slow and c.has_stood and c.till_distance > COMPANY
            if c.stands_by and is_apart and at_s - begun_s >= self.settings.walk_up_s:
                c.stands_by = False

    def serve(self, customers: list[Customer], at_s: float) -> list[Left]:
        """Give tills to those who stand at them, the nearest first."""
        left: list[Left] = []
        at_tills = [
            c for c in customers if not c.is_serving and not c.done and c.near_till != NOWHERE and c.seen_s == at_s
        ]
        for customer in sorted(at_tills, key=lambda c: c.near_distance):
            if customer not in customers or customer.is_serving:
                continue
            here = [c for c in customers if c.till == customer.near_till]
            if any(c.unit == customer.unit and c.at_till_last_s == at_s for c in here):
                customer.done = True  # comes along
                continue
            if len(here) >= self.shape.till_servers:
                held = [c for c in here if at_s - c.at_till_last_s > self.settings.change_s]
                if not held:
                    continue
                last = min(held, key=lambda c: c.at_till_last_s)
                if not self._follows(customer, last):
                    if customer.slow:
                        take_over(last, customer, customers, at_s, self.settings.walk_s)
                    continue
                if not self._is_ready(customer, at_s) and not has_handed_over(last, customer):
                    continue
                left += self.leave(last, customers)
                if not self._is_ready(customer, at_s):
                    continue
            elif not self._is_ready(customer, at_s):
                continue
            self._begin(customer, customers)
        return left

    def _follows(self, customer: Customer, last: Customer) -> bool:
        """Whether somebody in the place of a customer is the next one, rather than the same."""
        since_s = customer.seen_s if customer.at_till_since_s is None else customer.at_till_since_s
        has_left = last.seen_s > last.at_till_last_s
        if customer.joined and not customer.stands_by and customer.waited_s >= self.shape.join_s:
            # Whoever stood beside a customer who is only hidden now waits on.
            return has_left or since_s > last.at_till_last_s - self.settings.change_s
        empty_s = since_s - last.at_till_last_s
        return has_handed_over(last, customer) or (customer.came_from_afar and empty_s >= self.settings.walk_s)

    def look_for_followers(self, customers: list[Customer], at_s: float) -> list[Left]:
        """Find out who went to a till from the line and was lost on the way, while nobody was seen at it.

        Whoever is there now, under whatever number, is the next customer: nobody vanishes from a line.
        """
        left: list[Left] = []
        for customer in [c for c in customers if c.is_serving and c.gap_s is not None]:
            begin_s, end_s = customer.gap_s or (0.0, 0.0)
            if at_s - end_s > 2 * LOST_S:
                customer.gap_s = None
                continue
            joined_s = self._went_s(begin_s, end_s, customers, at_s)
            if joined_s is not None:
                left += self._hand_on(customer, joined_s, customers)
        return left

    def _went_s(self, begin_s: float, end_s: float, customers: list[Customer], at_s: float) -> float | None:
        """Since when somebody had waited who was lost from the line in a span of time; None for nobody."""
        since_s = begin_s - self.settings.change_s
        lost = [
            c
            for c in customers
            if c.joined
            and not (c.is_serving or c.done or c.stands_by)
            and since_s <= c.seen_s <= end_s
            and at_s - end_s >= LOST_S
        ]
        if not lost:
            return self.places.went_s(since_s, end_s)
        first = min(lost, key=lambda c: c.till_distance)
        first.done = True
        return first.joined_s

    def _hand_on(self, customer: Customer, joined_s: float, customers: list[Customer]) -> list[Left]:
        """Let whoever is at a till be the next customer since nobody was seen there."""
        begin_s, end_s = customer.gap_s or (0.0, 0.0)
        till, last_s, unseen_s = customer.till, customer.at_till_last_s, customer.unseen_s
        customer.at_till_last_s, customer.gap_s = begin_s, None
        left = self.leave(customer, customers)
        customer.till, customer.unseen_s, customer.done, customer.stands_by = till, unseen_s, False, False
        customer.slow_since_s, customer.waited_s, customer.has_stood = joined_s, self.shape.join_s, True
        customer.joined, customer.walked_up, customer.idle_until_s = True, False, -np.inf
        customer.at_till_since_s = customer.stood_at_till_s = end_s
        customer.at_till_last_s = last_s
        customer.place_s = min(self.places.serve(end_s, joined_s), end_s)
        return left

    def _begin(self, customer: Customer, customers: list[Customer]) -> None:
        till = customer.near_till
        # Standing within reach while another was served was still waiting.
        freed_s = self.free.freed_s.get(till, 0.0) if self.shape.till_servers == 1 else 0.0
        # The service begins when they have come to a stand there.
        begun_s = customer.at_till_since_s if customer.stood_at_till_s is None else customer.stood_at_till_s
        customer.at_till_since_s = max(begun_s or 0.0, freed_s)
        customer.till, customer.unseen_s = till, 0.0
        customer.place_s = self._place_of(customer, customers)
        for other in customers:
            if other is not customer and other.unit == customer.unit and not other.is_serving:
                other.done = True

    def _place_of(self, customer: Customer, customers: list[Customer]) -> float:
        cfg = self.settings
        at_s = customer.at_till_since_s or 0.0
        # Who is found at a till has walked there unseen.
        latest_s = at_s if customer.walked_in else at_s - self._way_s(customer)
        if customer.stands_by:
            return self.places.serve_past(at_s, min(customer.joined_s, latest_s))
        if has_walked_straight(customer):
            self.places.joined_s.clear()  # nobody walks past those who wait
            for other in customers:
                other.was_passed = other.was_passed or (other is not customer and not other.is_serving)
        if self.free.for_s(at_s) <= cfg.walk_most_s:
            place_s = self.places.serve(at_s, min(customer.came_s, latest_s))
            for other in self._company_of(customer, customers):
                if other.joined and not other.stands_by:
                    other.stands_by = True
                    self.places.come_along(other.came_s)
            return min(place_s, latest_s)
        # Who stands by a free till does not wait for it: all that counts is the way to it.
        since_s = at_s - self._way_s(customer) if customer.has_stood else at_s - cfg.walk_most_s
        came_s = min(max(customer.came_s, since_s), latest_s)
        for other in self._company_of(customer, customers):
            other.stands_by = True
        return self.places.serve_past(at_s, came_s)

    def _company_of(self, customer: Customer, customers: list[Customer]) -> list[Customer]:
        """Return who came as a customer did, and is not served."""
        others = [c for c in customers if c is not customer and not c.is_serving]
        return [c for c in others if abs(c.came_s - customer.came_s) <= self.settings.together_s]

    def _way_s(self, customer: Customer) -> float:
        """How long it takes from the line's end to a till, if nobody else waits."""
        return min((self.settings.at_end + customer.way) / self.settings.pace, self.settings.walk_most_s)

    def leave(self, customer: Customer, customers: list[Customer]) -> list[Left]:
        """Somebody is at their till no more; who was there too shortly was not served."""
        if self._was_served(customer):
            left = self.finish(customer)
            self._send_company_off(left, customers, customer.came_s)
            return [left]
        self.free.passed_s[customer.till] = customer.at_till_last_s
        self._drop(customer)
        return []

    def _send_company_off(self, left: Left, customers: list[Customer], came_s: float) -> None:
        """Whoever came with a customer and has not been seen since that one left has gone with them."""
        cfg = self.settings
        waiting = [c for c in customers if c.joined and not c.is_serving and not c.done and not c.stands_by]
        seen = [c for c in waiting if c.seen_s > left.end_s + cfg.change_s]
        for c in waiting:
            if c not in seen and abs(c.came_s - left.joined_s) <= cfg.together_s:
                c.stands_by = True
        self.places.end(left.end_s, left.joined_s, len(seen), came_s)

    def _leave_to_cashier(self, customer: Customer, customers: list[Customer]) -> list[Left]:
        """Whoever is at a till is its cashier: their time there is no service, but what was before it may be one."""
        end_s = self.doubles.left_s(customer.till)
        if end_s - (customer.at_till_since_s or 0.0) < self.settings.min_service_s:
            self._drop(customer)
            return []
        customer.at_till_last_s = end_s
        return self.leave(customer, customers)

    def _drop(self, customer: Customer) -> None:
        """Let somebody be at no till who was not served there."""
        if customer.joined and customer.place_s is not None:
            self.places.give_back(customer.place_s)
        customer.place_s, customer.till, customer.at_till_since_s, customer.stood_at_till_s = None, NOWHERE, None, None

    def _was_served(self, customer: Customer) -> bool:
        return customer.at_till_last_s - (customer.at_till_since_s or 0.0) >= self.settings.min_service_s

    def finish(self, customer: Customer) -> Left:
        """End a service."""
        self.free.freed_s[customer.till] = customer.at_till_last_s
        self.served[customer.till] = self.served.get(customer.till, 0) + 1
        customer.till, customer.done = NOWHERE, True
        joined_s = customer.joined_s if customer.place_s is None else customer.place_s
        begun_s = customer.at_till_last_s if customer.at_till_since_s is None else customer.at_till_since_s
        return Left(joined_s, begun_s, customer.at_till_last_s, served=True)

    def _is_ready(self, customer: Customer, at_s: float) -> bool:
        till = customer.near_till
        if not (customer.joined or customer.slow) or not self.posts.may_serve(till) or self.doubles.is_cashier(till):
            return False
        since_s = at_s if customer.at_till_since_s is None else customer.at_till_since_s
        if customer.walked_up:
            return bool(len(self.shape.cashiers_xy)) and at_s - since_s >= self.settings.walk_up_s
        return customer.joined or at_s - since_s >= self.settings.arrive_s
