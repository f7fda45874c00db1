"""Messages that wait in memory for the disk: bounded in bytes, giving up the oldest heatmaps first."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from storesense_contracts.messages import DroppedRange, DropReason
from storesense_edge.seq_ranges import SeqRanges

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storesense_edge.outbox_message import OutboxMessage


class WaitingMessages:
    """A queue of messages, oldest first, that never holds more than its limit.

    Args:
        limit_bytes: size of all readings in it at which something is dropped.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._messages: deque[OutboxMessage] = deque()
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._messages)

    def push(self, message: OutboxMessage) -> list[OutboxMessage]:
        """Take a message and return those that had to go for it: heatmaps first, the oldest first."""
        self._messages.append(message)
        self.size_bytes += len(message.readings_json)
        dropped: list[OutboxMessage] = []
        while self.size_bytes > self._limit_bytes and len(self._messages) > 1:
            victim = next((m for m in self._messages if m.is_heatmap), self._messages[0])
            self._messages.remove(victim)
            self.size_bytes -= len(victim.readings_json)
            dropped.append(victim)
        return dropped

    def take(self, limit: int) -> list[OutboxMessage]:
        """Take out up to ``limit`` messages, the oldest first."""
        taken = [self._messages.popleft() for _ in range(min(limit, len(self._messages)))]
        self.size_bytes -= sum(len(m.readings_json) for m in taken)
        return taken

    def put_back(self, messages: Sequence[OutboxMessage]) -> None:
        """Return messages that were taken to where they stood; the limit holds again from the next push on."""
        self._messages.extendleft(reversed(messages))
        self.size_bytes += sum(len(m.readings_json) for m in messages)

    def forget(self, acked: Sequence[tuple[int, int, int]]) -> int:
        """Remove messages that (boot_no, first, last) ranges cover and return how many."""
        if not self._messages or not acked:
            return 0
        kept = [m for m in self._messages if not _covered(m, acked)]
        gone = len(self._messages) - len(kept)
        if gone:
            self._messages = deque(kept)
            self.size_bytes = sum(len(m.readings_json) for m in kept)
        return gone


def _covered(message: OutboxMessage, acked: Sequence[tuple[int, int, int]]) -> bool:
    return any(boot_no == message.boot_no and first <= message.seq <= last for boot_no, first, last in acked)


def overflow_ranges(messages: Sequence[OutboxMessage]) -> list[tuple[int, DroppedRange]]:
    """Describe dropped messages as (boot_no, range) pairs to be declared."""
    by_boot: dict[int, list[OutboxMessage]] = {}
    for message in messages:
        by_boot.setdefault(message.boot_no, []).append(message)
    return [
        (
            boot_no,
            DroppedRange(boot_id=group[0].boot_id, first=first, last=last, reason=DropReason.OVERFLOW),
        )
        for boot_no, group in by_boot.items()
        for first, last in SeqRanges((m.seq, m.seq) for m in group).pairs
    ]
