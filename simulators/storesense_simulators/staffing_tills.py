"""A recorded day lived again at the tills alone, under any lane policy, some hundred times faster than the whole twin.

Lines, tills, who gives up and who goes over to a lane that opened are the twin's own code or rules: the shortest queue
a station, the nearer among equals, large baskets at staffed tills only. Walks are straight lines at each one's own
speed. A lane takes the same time to be staffed whoever asks for it.
"""

import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from storesense_simulators.staffing_days import TillDay
from storesense_simulators.staffing_shop import LanePolicy, TillOutcome, TillShop, TillView, Visit
from storesense_simulators.twin.jockeying import next_over
from storesense_simulators.twin.queues import Customer, Seeking
from storesense_simulators.twin.shop import Point, TillKind
from storesense_simulators.twin.tills import Called, Checkout, CheckoutChange, Ended, GaveUp

_MS_PER_S = 1_000
_JOIN_REACH_M = 1.2
_FAR_M2 = 9.0
_MOST_TURNS = 3
_LOOK_AGAIN_MS = 5_000
_SEEK, _ARRIVE, _BEGIN, _STAFFED, _DECIDE = range(5)


@dataclass(slots=True)
class _Shopper:
    seeking: Seeking
    at: Point
    queue_id: str = ""
    tail: Point = (0.0, 0.0)
    turns: int = 0
    waited_ms: int = 0
    over_to: str = ""


@dataclass(slots=True)
class _Tally:
    waits_ms: list[int] = field(default_factory=list)
    joined_ms: list[int] = field(default_factory=list)
    reneged_waits_ms: list[int] = field(default_factory=list)
    balked: int = 0
    lane_ms: int = 0
    switches: int = 0


class TillRun:
    """One day under one policy.

    Args:
        tills: the store.
        day: what comes to its tills.
        policy: how many staffed lanes there should be.
        watch: told of each change at the tills, for whoever wants more than the outcome.
    """

    def __init__(
        self,
        tills: TillShop,
        day: TillDay,
        policy: LanePolicy,
        *,
        watch: Callable[[CheckoutChange], None] | None = None,
    ) -> None:
        self._tills = tills
        self._day = day
        self._policy = policy
        self._watch = watch
        self._checkout = Checkout(tills.shop.tills, tills.shop.queues)
        self._due: list[tuple[int, int, int, object]] = []
        self._made = 0
        self._now_ms = 0
        self._shoppers: dict[int, _Shopper] = {}
        self._coming: dict[str, int] = {}
        self._opened_ms: dict[str, int] = {}
        self._tally = _Tally()
        self._entered_told = 0
        self._left_to_come = len(day.seekings)
        self._between = 0
        self._under_way: Counter[str] = Counter()
        self._heads = {queue_id: tills.spots.spot(queue_id, 0) for queue_id in self._checkout.queues}
        self._joined: dict[str, int] = {}
        self._visits: list[Visit] = []

    def run(self) -> TillOutcome:
        """Live the day until everybody has been served."""
        for till in self._tills.shop.tills:
            if till.kind is TillKind.SELF_CHECKOUT and till.lane_id in self._checkout.lanes:
                self._checkout.open_lane(till.lane_id, 0)
        for seeking in self._day.seekings:
            self._schedule(seeking.t_ms, _SEEK, _Shopper(seeking, seeking.at))
        self._decide(is_start=True)
        while self._due or self._checkout.next_ms is not None:
            due_ms = self._due[0][0] if self._due else None
            next_ms = self._checkout.next_ms
            if next_ms is not None and (due_ms is None or next_ms <= due_ms):
                self._now_ms = next_ms
            else:
                self._now_ms, _, what, subject = heapq.heappop(self._due)
                self._meet(what, subject)
            self._serve()
        for since_ms in self._opened_ms.values():
            self._tally.lane_ms += self._now_ms - since_ms
        tally = self._tally
        return TillOutcome(
            waits_ms=tuple(tally.waits_ms),
            reneged_waits_ms=tuple(tally.reneged_waits_ms),
            balked=tally.balked,
            lane_h=tally.lane_ms / 3_600_000,
            switches=tally.switches,
            joined_ms=tuple(tally.joined_ms),
        )

    def _meet(self, what: int, subject: object) -> None:
        if isinstance(subject, _Shopper):
            if what == _SEEK:
                self._seek(subject)
            else:
                self._join(subject)
        elif isinstance(subject, Called):
            self._checkout.begin_service(subject.lane_id, subject.station, self._now_ms)
        elif isinstance(subject, str):
            if self._coming.pop(subject, None) is not None:
                self._tally.switches += 1
                self._checkout.open_lane(subject, self._now_ms)
        elif (
            self._left_to_come > 0 or self._between > 0 or any(line.waiting for line in self._checkout.queues.values())
        ):
            self._decide()
        else:
            self._close_all()

    def _serve(self) -> None:
        while changes := self._checkout.advance(self._now_ms):
            for change in changes:
                self._follow(change)
                if self._watch is not None:
                    self._watch(change)

    def _follow(self, change: CheckoutChange) -> None:
        if isinstance(change, Called):
            shopper = self._shoppers[change.customer.person_no]
            self._tally.waits_ms.append(shopper.waited_ms + change.t_ms - change.customer.joined_ms)
            self._schedule(change.t_ms + self._day.walk_ms.get(change.lane_id, 3_000), _BEGIN, change)
        elif isinstance(change, Ended):
            del self._shoppers[change.customer.person_no]
            self._visits.append(Visit(change.t_ms, change.queue_id, True, change.wait_ms, change.service_ms))
            self._go_over()
        elif isinstance(change, GaveUp):
            shopper = self._shoppers.pop(change.customer.person_no)
            wait_ms = change.t_ms - change.customer.joined_ms
            self._tally.waits_ms.append(shopper.waited_ms + wait_ms)
            self._tally.reneged_waits_ms.append(shopper.waited_ms + wait_ms)
            self._visits.append(Visit(change.t_ms, change.queue_id, False, wait_ms, 0))
            self._go_over()
        elif change.lane_id in self._tills.staffed:
            if change.is_open:
                self._opened_ms.setdefault(change.lane_id, change.t_ms)
                self._go_over((self._tills.queue_of[change.lane_id],))
            else:
                self._tally.lane_ms += change.t_ms - self._opened_ms.pop(change.lane_id)

    def _seek(self, shopper: _Shopper) -> None:
        queue_id = self._shortest_queue(shopper)
        if queue_id is None:
            self._schedule(self._now_ms + _LOOK_AGAIN_MS, _SEEK, shopper)
            return
        length = self._checkout.queues[queue_id].length
        if shopper.turns == 0 and self._balks(shopper.seeking.balk_draw, length):
            self._tally.balked += 1
            self._left_to_come -= 1
            return
        self._head_for(shopper, queue_id)

    def _shortest_queue(self, shopper: _Shopper) -> str | None:
        checkout, tills = self._checkout, self._tills
        can_self = shopper.seeking.units <= tills.shop.habits.service.self_max_units or not tills.staffed
        best: tuple[float, str] | None = None
        for queue_id, line in checkout.queues.items():
            stations = checkout.open_stations(queue_id)
            if stations == 0 or (tills.is_self[queue_id] and not can_self):
                continue
            tail = tills.spots.spot(queue_id, line.length)
            square = min(99.0, _square(tail, shopper.at))
            score = round(100 * checkout.people_at(queue_id) / stations) + square / 100
            if best is None or (score, queue_id) < best:
                best = (score, queue_id)
        return None if best is None else best[1]

    def _balks(self, draw: float, length: int) -> bool:
        habits = self._tills.shop.habits
        return draw > (1.0 - habits.balk_share) ** max(0, length + 1 - habits.balk_from_length)

    def _head_for(self, shopper: _Shopper, queue_id: str) -> None:
        shopper.queue_id = queue_id
        shopper.tail = self._tills.spots.spot(queue_id, self._checkout.queues[queue_id].length)
        far_m = max(0.0, _square(shopper.tail, shopper.at) ** 0.5 - _JOIN_REACH_M)
        self._schedule(self._now_ms + round(far_m / shopper.seeking.speed_m_s * _MS_PER_S), _ARRIVE, shopper)

    def _join(self, shopper: _Shopper) -> None:
        checkout, queue_id = self._checkout, shopper.queue_id
        if shopper.over_to:
            self._under_way[shopper.over_to] -= 1
            shopper.over_to = ""
        shopper.at = shopper.tail
        shopper.turns += 1
        line = checkout.queues[queue_id]
        is_far = _square(self._tills.spots.spot(queue_id, line.length), shopper.at) > _FAR_M2
        if checkout.open_stations(queue_id) == 0 or (is_far and shopper.turns <= _MOST_TURNS):
            self._seek(shopper)
            return
        shopper.turns = 1
        seeking = shopper.seeking
        if seeking.person_no not in self._shoppers:
            self._tally.joined_ms.append(self._now_ms)
            self._left_to_come -= 1
        else:
            self._between -= 1
        self._shoppers[seeking.person_no] = shopper
        self._joined[queue_id] = self._joined.get(queue_id, 0) + 1
        gives_up_ms = self._now_ms + seeking.patience_ms
        checkout.join(
            queue_id, Customer(seeking.person_no, self._now_ms, self._service_ms(seeking, queue_id), gives_up_ms)
        )
        self._go_over()

    def _service_ms(self, seeking: Seeking, queue_id: str) -> int:
        service = self._tills.shop.habits.service
        factor = service.self_factor if self._tills.is_self[queue_id] else 1.0
        mean_s = (service.base_s + service.per_unit_s * seeking.units) * factor
        return max(1_000, round(mean_s * seeking.service_factor * _MS_PER_S))

    def _go_over(self, opened: tuple[str, ...] = ()) -> None:
        checkout = self._checkout
        while over := next_over(checkout, self._under_way, self._heads, self._is_staffed, opened=opened):
            line = checkout.queues[over.from_id]
            place, customer = line.length - 1, line.waiting[-1]
            shopper = self._shoppers[over.person_no]
            checkout.leave(over.from_id, over.person_no)
            wait_ms = self._now_ms - customer.joined_ms
            shopper.waited_ms += wait_ms
            shopper.at = self._tills.spots.spot(over.from_id, place)
            shopper.over_to = over.to_id
            self._between += 1
            self._visits.append(Visit(self._now_ms, over.from_id, False, wait_ms, 0))
            self._under_way[over.to_id] += 1
            self._head_for(shopper, over.to_id)

    def _is_staffed(self, queue_id: str) -> bool:
        return not self._tills.is_self[queue_id]

    def _decide(self, *, is_start: bool = False) -> None:
        lanes = self._checkout.lanes
        is_open = [lane_id for lane_id in self._tills.staffed if lanes[lane_id].takes_customers]
        entered = _count_until(self._day.entered_ms, self._entered_told, self._now_ms)
        view = TillView(
            now_ms=self._now_ms,
            lengths={queue_id: line.length for queue_id, line in self._checkout.queues.items()},
            open_lanes=tuple(is_open),
            coming_lanes=len(self._coming),
            entered=entered - self._entered_told,
            joined=self._joined,
            visits=tuple(self._visits),
        )
        self._entered_told, self._joined, self._visits = entered, {}, []
        wanted = min(len(self._tills.staffed), max(1, self._policy.lanes(view)))
        self._schedule(self._now_ms + self._policy.every_ms, _DECIDE, None)
        self._ask_for(wanted, is_open, is_start=is_start)

    def _ask_for(self, wanted: int, is_open: list[str], *, is_start: bool) -> None:
        lanes = self._checkout.lanes
        while len(is_open) + len(self._coming) < wanted:
            closed = [i for i in self._tills.staffed if i not in is_open and i not in self._coming]
            # Whoever is still serving the last of a lane can stay.
            lane_id = next((i for i in closed if lanes[i].is_open), closed[0])
            if is_start or lanes[lane_id].is_open:
                self._checkout.open_lane(lane_id, self._now_ms)
                is_open.append(lane_id)
            else:
                self._coming[lane_id] = self._now_ms
                self._schedule(self._now_ms + self._tills.lead_ms, _STAFFED, lane_id)
        while len(is_open) + len(self._coming) > wanted:
            if self._coming:
                lane_id = max(self._coming, key=lambda i: (self._coming[i], i))
                del self._coming[lane_id]
                self._due = [due for due in self._due if due[3] != lane_id]
                heapq.heapify(self._due)
            else:
                queue_of, checkout = self._tills.queue_of, self._checkout
                lane_id = min(is_open, key=lambda i: (checkout.people_at(queue_of[i]), -self._tills.staffed.index(i)))
                is_open.remove(lane_id)
                checkout.close_lane(lane_id, self._now_ms)

    def _close_all(self) -> None:
        self._coming.clear()
        for lane_id, lane in self._checkout.lanes.items():
            if lane.takes_customers:
                self._checkout.close_lane(lane_id, self._now_ms)

    def _schedule(self, t_ms: int, what: int, subject: object) -> None:
        self._made += 1
        heapq.heappush(self._due, (t_ms, self._made, what, subject))


def _count_until(times_ms: tuple[int, ...], start: int, now_ms: int) -> int:
    while start < len(times_ms) and times_ms[start] <= now_ms:
        start += 1
    return start


def _square(a: Point, b: Point) -> float:
    return (a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1])
