"""Queues and checkout lanes of a simulated store: who waits, who is served, which lanes staff open and close."""

from dataclasses import dataclass, field

from storesense_simulators.sim.plan import LanePlan, QueuePlan
from storesense_simulators.sim.profile import StaffHabits


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody in a queue."""

    shopper_no: int
    joined_ms: int
    gives_up_ms: int
    service_ms: int


@dataclass(slots=True)
class QueueState:
    """A queue and those who wait in it, the first first."""

    plan: QueuePlan
    waiting: list[Waiting] = field(default_factory=list)
    long_since_ms: int | None = None


@dataclass(slots=True)
class LaneState:
    """A lane; ``customer`` has been called to it, and is being served from ``served_from_ms`` on."""

    plan: LanePlan
    queue_id: str
    is_open: bool = False
    opens_ms: int | None = None
    idle_since_ms: int = 0
    customer: Waiting | None = None
    wait_ms: int = 0
    served_from_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Called:
    """The first of a queue may go to a lane."""

    shopper_no: int
    lane: LanePlan


@dataclass(frozen=True, slots=True)
class Finished:
    """Somebody's visit to a queue is over."""

    shopper_no: int
    queue_id: str
    was_served: bool
    wait_ms: int
    service_ms: int = 0


@dataclass(frozen=True, slots=True)
class LaneSwitched:
    """A lane opened or closed."""

    lane_id: str
    is_open: bool


CheckoutChange = Called | Finished | LaneSwitched


class Checkout:
    """All queues and lanes. The first lane that has a queue is open from the start and never closes."""

    def __init__(self, queues: tuple[QueuePlan, ...], lanes: tuple[LanePlan, ...], *, habits: StaffHabits) -> None:
        self.queues = {plan.queue_id: QueueState(plan) for plan in queues}
        queue_of_lane = {lane: plan.queue_id for plan in reversed(queues) for lane in plan.lanes}
        self.lanes = {
            plan.lane_id: LaneState(plan, queue_of_lane[plan.lane_id])
            for plan in lanes
            if plan.lane_id in queue_of_lane
        }
        self._habits = habits
        self._always_open = next(iter(self.lanes), None)
        if self._always_open is not None:
            self.lanes[self._always_open].is_open = True

    def best_queue(self) -> str | None:
        """Return the queue with the fewest people a open lane, None when no lane is open."""
        loads = []
        for queue_id, queue in self.queues.items():
            lanes = [lane for lane in self._lanes_of(queue_id) if lane.is_open]
            if lanes:
                people = len(queue.waiting) + sum(lane.customer is not None for lane in lanes)
                loads.append((people / len(lanes), queue_id))
        return min(loads)[1] if loads else None

    def is_served(self, queue_id: str) -> bool:
        """Tell whether a lane of this queue is open."""
        return any(lane.is_open for lane in self._lanes_of(queue_id))

    def join(self, queue_id: str, somebody: Waiting) -> None:
        """Put somebody at the end of a queue."""
        self.queues[queue_id].waiting.append(somebody)

    def begin_service(self, lane_id: str, now_ms: int) -> None:
        """The customer who was called has reached the till."""
        self.lanes[lane_id].served_from_ms = now_ms

    def advance(self, now_ms: int) -> list[CheckoutChange]:
        """Let time come to ``now_ms`` and return what changed, in order."""
        changes: list[CheckoutChange] = []
        for queue in self.queues.values():
            changes += self._give_up(queue, now_ms)
        for lane in self.lanes.values():
            changes += self._finish(lane, now_ms)
            changes += self._call(lane, now_ms)
            changes += self._switch(lane, now_ms)
        for queue in self.queues.values():
            self._watch(queue, now_ms)
        return changes

    def _give_up(self, queue: QueueState, now_ms: int) -> list[CheckoutChange]:
        leaving = [w for w in queue.waiting if now_ms >= w.gives_up_ms]
        if leaving:
            queue.waiting = [w for w in queue.waiting if now_ms < w.gives_up_ms]
        return [
            Finished(w.shopper_no, queue.plan.queue_id, was_served=False, wait_ms=now_ms - w.joined_ms) for w in leaving
        ]

    def _finish(self, lane: LaneState, now_ms: int) -> list[CheckoutChange]:
        customer, from_ms = lane.customer, lane.served_from_ms
        if customer is None or from_ms is None or now_ms < from_ms + customer.service_ms:
            return []
        lane.customer = lane.served_from_ms = None
        lane.idle_since_ms = now_ms
        return [
            Finished(
                customer.shopper_no,
                lane.queue_id,
                was_served=True,
                wait_ms=lane.wait_ms,
                service_ms=now_ms - from_ms,
            )
        ]

    def _call(self, lane: LaneState, now_ms: int) -> list[CheckoutChange]:
        queue = self.queues[lane.queue_id]
        if not lane.is_open or lane.customer is not None or not queue.waiting:
            return []
        first = queue.waiting.pop(0)
        lane.customer, lane.wait_ms = first, now_ms - first.joined_ms
        return [Called(first.shopper_no, lane.plan)]

    def _switch(self, lane: LaneState, now_ms: int) -> list[CheckoutChange]:
        lane_id = lane.plan.lane_id
        if lane.opens_ms is not None and now_ms >= lane.opens_ms:
            lane.is_open, lane.opens_ms, lane.idle_since_ms = True, None, now_ms
            return [LaneSwitched(lane_id, is_open=True)]
        is_idle = lane.is_open and lane.customer is None and not self.queues[lane.queue_id].waiting
        if (
            is_idle
            and lane_id != self._always_open
            and now_ms - lane.idle_since_ms >= self._habits.close_lane_after_s * 1000
        ):
            lane.is_open = False
            return [LaneSwitched(lane_id, is_open=False)]
        return []

    def _watch(self, queue: QueueState, now_ms: int) -> None:
        """Staff see a long queue and go to open a lane for it, or else one that others can change to."""
        if len(queue.waiting) < self._habits.open_lane_at_length:
            queue.long_since_ms = None
            return
        if queue.long_since_ms is None:
            queue.long_since_ms = now_ms
        long_ms = now_ms - queue.long_since_ms
        closed = [lane for lane in self.lanes.values() if not lane.is_open]
        own = [lane for lane in closed if lane.queue_id == queue.plan.queue_id]
        # A lane with a queue of its own helps only those who come later, so it is the second choice.
        patience_ms = self._habits.open_lane_after_s * (1_000 if own else 2_000)
        is_somebody_coming = any(lane.opens_ms is not None for lane in closed)
        if closed and not is_somebody_coming and long_ms >= patience_ms:
            (own or closed)[0].opens_ms = now_ms + round(self._habits.walk_to_lane_s * 1000)
            queue.long_since_ms = now_ms

    def _lanes_of(self, queue_id: str) -> list[LaneState]:
        return [lane for lane in self.lanes.values() if lane.queue_id == queue_id]
