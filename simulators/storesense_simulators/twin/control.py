"""Who tells staff what to do: the schedule and their own eyes, or besides these the alert engine's advice."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from storesense_simulators.twin.shop import Shop, TillKind
from storesense_simulators.twin.tills import Checkout

_LINGER_MS = 180_000


class Control(Protocol):
    """What staff follow; asked once a second of store time."""

    def lanes_wanted(self, now_ms: int, checkout: Checkout, planned: Mapping[str, bool]) -> Mapping[str, bool]:
        """Return for each lane whether it should be open.

        Args:
            now_ms: milliseconds since the run began.
            checkout: queues and lanes as they are.
            planned: what the schedule wants.
        """

    def restock_requests(self, now_ms: int) -> Sequence[str]:
        """Return slots that somebody has been asked to refill since the last call."""


class ScheduleControl:
    """Staff keep to the schedule, and refill what they happen to see."""

    def lanes_wanted(self, now_ms: int, checkout: Checkout, planned: Mapping[str, bool]) -> Mapping[str, bool]:
        """Return the schedule."""
        del now_ms, checkout
        return planned

    def restock_requests(self, now_ms: int) -> Sequence[str]:
        """Return nothing: nobody asks."""
        del now_ms
        return ()


class WatchfulControl:
    """Staff who see a long line open another lane, and close one that has nobody to serve; no schedule, no alerts.

    Args:
        shop: the store.
        open_at_length: a queue so long,
        open_after_ms: for so long, has another lane opened.
        close_after_ms: a lane beyond the first that has been idle for so long closes.
    """

    def __init__(
        self, shop: Shop, *, open_at_length: int = 4, open_after_ms: int = 6_000, close_after_ms: int = 15_000
    ) -> None:
        self._own = {path.queue_id: path.lane_ids for path in shop.queues}
        self._staffed = [till.lane_id for till in shop.tills if till.kind is TillKind.STAFFED]
        self._open_at_length = open_at_length
        self._open_after_ms = open_after_ms
        self._close_after_ms = close_after_ms
        self._extra: list[str] = []
        self._long_since_ms: dict[str, int] = {}
        self._idle_since_ms: dict[str, int] = {}

    def lanes_wanted(self, now_ms: int, checkout: Checkout, planned: Mapping[str, bool]) -> Mapping[str, bool]:
        """Return self-checkouts as planned, the first staffed lane, and those that lines have had opened."""
        for queue_id, line in checkout.queues.items():
            if line.length < self._open_at_length:
                self._long_since_ms.pop(queue_id, None)
            elif now_ms - self._long_since_ms.setdefault(queue_id, now_ms) >= self._open_after_ms:
                self._open_one(queue_id)
                del self._long_since_ms[queue_id]
        for lane_id in list(self._extra):
            lane = checkout.lanes[lane_id]
            if not lane.is_open or not lane.is_idle or checkout.queues[lane.queue_id].waiting:
                self._idle_since_ms.pop(lane_id, None)
            elif now_ms - self._idle_since_ms.setdefault(lane_id, now_ms) >= self._close_after_ms:
                self._extra.remove(lane_id)
                del self._idle_since_ms[lane_id]
        wanted = {lane_id: is_open and lane_id not in self._staffed for lane_id, is_open in planned.items()}
        wanted.update(dict.fromkeys([*self._staffed[:1], *self._extra], True))
        return wanted

    def restock_requests(self, now_ms: int) -> Sequence[str]:
        """Return nothing: staff refill what they see."""
        del now_ms
        return ()

    def _open_one(self, queue_id: str) -> None:
        closed = [lane_id for lane_id in self._staffed[1:] if lane_id not in self._extra]
        own = [lane_id for lane_id in closed if lane_id in self._own.get(queue_id, ())]
        self._extra += (own or closed)[:1]


class AdviceControl:
    """Staff keep to the schedule and also do what alerts advise: open a lane for a long queue, refill a slot.

    A lane that was opened on advice closes ``linger_ms`` after the advice was withdrawn, unless the schedule wants it.

    Args:
        shop: the store.
        linger_ms: see above.
    """

    def __init__(self, shop: Shop, *, linger_ms: int = _LINGER_MS) -> None:
        self._own = {path.queue_id: path.lane_ids for path in shop.queues}
        self._staffed = [till.lane_id for till in shop.tills if till.kind is TillKind.STAFFED]
        self._linger_ms = linger_ms
        self._pending: list[str] = []
        self._lanes: dict[str, list[str]] = {}
        self._until_ms: dict[str, int] = {}
        self._requests: list[str] = []

    def advise_lane(self, queue_id: str) -> None:
        """An alert says that a queue is too long: another lane shall open, for this queue if it has one."""
        self._pending.append(queue_id)

    def withdraw_lane(self, queue_id: str, now_ms: int) -> None:
        """The alert about a queue is over."""
        for lane_id in self._lanes.pop(queue_id, []):
            self._until_ms[lane_id] = now_ms + self._linger_ms

    def advise_restock(self, slot_id: str) -> None:
        """An alert about a slot has been taken: it shall be refilled."""
        self._requests.append(slot_id)

    def lanes_wanted(self, now_ms: int, checkout: Checkout, planned: Mapping[str, bool]) -> Mapping[str, bool]:
        """Return the schedule, and what was advised on top of it."""
        wanted = dict(planned)
        for lane_id, until_ms in sorted(self._until_ms.items()):
            if until_ms <= now_ms:
                del self._until_ms[lane_id]
            else:
                wanted[lane_id] = True
        for lanes in self._lanes.values():
            wanted.update(dict.fromkeys(lanes, True))
        pending, self._pending = self._pending, []
        for queue_id in pending:
            closed = [lane_id for lane_id in self._staffed if not wanted.get(lane_id) and lane_id in checkout.lanes]
            own = [lane_id for lane_id in closed if lane_id in self._own.get(queue_id, ())]
            if closed:
                lane_id = (own or closed)[0]
                self._lanes.setdefault(queue_id, []).append(lane_id)
                wanted[lane_id] = True
        return wanted

    def restock_requests(self, now_ms: int) -> Sequence[str]:
        """Return the slots of alerts that have been taken."""
        del now_ms
        requests, self._requests = self._requests, []
        return requests
