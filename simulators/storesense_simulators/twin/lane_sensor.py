"""What a camera over a queue and a till's lamp report: lengths, waits, visits, lanes open and staffed.

No recording with known waits is at hand, so the errors of waits are assumptions: joining is noticed up to two seconds
late, the end of a wait up to one second late, and both fall on frames a tenth of a second apart. Who changes to another
queue is told as somebody who gave up, since no camera tells one person from another.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from storesense_contracts.readings import LaneReading, QueueOutcome, QueueSample, QueueVisit
from storesense_simulators.twin.interval_sensors import instant

if TYPE_CHECKING:
    import numpy as np

_REFRESH_MS = 5_000
_FRAME_MS = 100
_JOIN_LATE_MS = 2_000
_CALL_LATE_MS = 1_000


@dataclass(slots=True)
class QueueSensor:
    """One queue as its camera sees it."""

    queue_id: str
    device_id: str
    chance: np.random.Generator
    joined_ms: dict[int, int] = field(default_factory=dict)
    """When each who waits was first seen to wait, in the order of the queue."""
    told_length: int = -1
    told_ms: int = 0
    waits_ms: dict[int, int] = field(default_factory=dict)

    def join(self, person_no: int, now_ms: int) -> None:
        """Somebody joined."""
        self.joined_ms[person_no] = now_ms + self._late_ms(_JOIN_LATE_MS)

    def call(self, person_no: int, now_ms: int) -> None:
        """Somebody was called to a lane; their wait is over."""
        joined_ms = self.joined_ms.pop(person_no, None)
        if joined_ms is not None:
            wait_ms = now_ms + self._late_ms(_CALL_LATE_MS) - joined_ms
            self.waits_ms[person_no] = max(0, wait_ms // _FRAME_MS * _FRAME_MS)

    def give_up(self, person_no: int, now_ms: int) -> QueueVisit | None:
        """Somebody left without being served; None if they were never seen to wait."""
        joined_ms = self.joined_ms.pop(person_no, None)
        if joined_ms is None:
            return None
        return QueueVisit(
            measured_at=instant(now_ms),
            queue_id=self.queue_id,
            outcome=QueueOutcome.ABANDONED,
            wait_ms=max(0, now_ms - joined_ms),
        )

    def serve(self, person_no: int, now_ms: int, service_ms: int) -> QueueVisit | None:
        """Somebody's service ended; None if they were never seen to wait."""
        wait_ms = self.waits_ms.pop(person_no, None)
        if wait_ms is None:
            return None
        return QueueVisit(
            measured_at=instant(now_ms),
            queue_id=self.queue_id,
            outcome=QueueOutcome.SERVED,
            wait_ms=wait_ms,
            service_ms=max(0, service_ms // _FRAME_MS * _FRAME_MS),
        )

    def sample(self, now_ms: int, *, is_forced: bool = False) -> QueueSample | None:
        """Return the queue as it is, if it changed, or is not empty and was last told a while ago, or is forced."""
        length = len(self.joined_ms)
        is_aged = length and now_ms - self.told_ms >= _REFRESH_MS
        if not (is_forced or is_aged or length != self.told_length):
            return None
        self.told_length, self.told_ms = length, now_ms
        first_ms = next(iter(self.joined_ms.values()), now_ms)
        return QueueSample(
            measured_at=instant(now_ms),
            queue_id=self.queue_id,
            length=length,
            longest_wait_ms=max(0, now_ms - first_ms),
        )

    def forget(self) -> None:
        """Lose sight of everybody, as a camera without power does."""
        self.joined_ms.clear()
        self.waits_ms.clear()
        self.told_length = -1

    def shift(self, by_ms: int) -> None:
        """Go on at another instant, after a set clock."""
        self.joined_ms = {person_no: at_ms + by_ms for person_no, at_ms in self.joined_ms.items()}
        self.told_ms += by_ms

    def _late_ms(self, at_most_ms: int) -> int:
        return int(self.chance.random() * at_most_ms) // _FRAME_MS * _FRAME_MS


@dataclass(slots=True)
class LaneSensor:
    """What tells whether one lane is open."""

    lane_id: str
    device_id: str
    is_self_checkout: bool
    is_open: bool = False
    is_told: bool = False

    def turn(self, *, is_open: bool) -> None:
        """The lane opened or closed."""
        if self.is_open != is_open:
            self.is_open, self.is_told = is_open, False

    def report(self, now_ms: int) -> LaneReading:
        """Return the lane as it is."""
        self.is_told = True
        return LaneReading(
            measured_at=instant(now_ms),
            lane_id=self.lane_id,
            is_open=self.is_open,
            is_staffed=self.is_open and not self.is_self_checkout,
        )
