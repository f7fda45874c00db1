"""The wait of whoever joins a queue now, beside its length in the live state. No I/O."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from storesense_backend.next_wait import PRESENT, Services, next_wait, serves, tills_of

if TYPE_CHECKING:
    from storesense_contracts.layout import StoreLayout

Lately = Mapping[str, tuple[Services, float | None]]
"""Of each queue, the services of the last hours and the share of its tills' time that they took."""
_NOTHING_KNOWN = (Services(0, 0.0, 0.0), None)


class NextWaits:
    """Knows what the waits in a store's queues depend on, beside how many wait.

    Args:
        layout: the store's queues and lanes.
    """

    def __init__(self, layout: "StoreLayout") -> None:
        lanes = {lane.id: lane for lane in layout.lanes}
        self._lanes = {queue.id: [lanes[lane_id] for lane_id in queue.lanes] for queue in layout.queues}
        self._lately: Lately = {}

    def learn(self, lately: Lately) -> None:
        """Take what was served lately."""
        self._lately = lately

    def of(self, queue: Mapping[str, Any], lane_states: Mapping[str, Mapping[str, Any]]) -> dict[str, float] | None:
        """Return the wait of whoever joins a queue as it is now; None if no till is open, or nobody knows of any.

        Args:
            queue: ``queue_id``, ``length``, ``measured_at``.
            lane_states: of each lane what was told last.
        """
        lanes = self._lanes.get(queue["queue_id"], [])
        states = [(lane, lane_states.get(lane.id)) for lane in lanes]
        told = [
            (lane, state) for lane, state in states if state and queue["measured_at"] - state["measured_at"] < PRESENT
        ]
        # Where not all lanes tell whether they are open, all are taken to be.
        open_lanes = [lane for lane, state in told if serves(lane, state)] if len(told) == len(lanes) else lanes
        services, busy_share = self._lately.get(queue["queue_id"], _NOTHING_KNOWN)
        tills = sum(tills_of(lane) for lane in open_lanes)
        found = next_wait(queue["length"], tills=tills, services=services, busy_share=busy_share)
        return None if found is None else {"mean_s": found.mean_s, "low_s": found.low_s, "high_s": found.high_s}
