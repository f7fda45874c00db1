"""What an outbox's thread tells the event loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storesense_edge.outbox_errors import OutboxError
    from storesense_edge.outbox_message import OutboxMessage, OutboxOpened, OutboxTotals, RecordedDrop


@dataclass(frozen=True, slots=True)
class OutboxNews:
    """What the thread has to tell after each attempt to write.

    Attributes:
        ready: messages that may be sent now: they are on disk, or the disk refuses and memory is all there is.
        drops: ranges that were dropped and recorded just now.
        totals: what is on disk.
        settled: how many messages left memory by this: written, or acknowledged before they were.
        acked: how many messages were deleted, from disk or memory, because the database has them.
        problem: why the disk refuses; None while all is well.
        reopened: set when a damaged file was replaced; what it held is in no outbox any more.
        recovered: the disk takes messages again after it had refused.
    """

    ready: tuple[OutboxMessage, ...] = ()
    drops: tuple[RecordedDrop, ...] = ()
    totals: OutboxTotals | None = None
    settled: int = 0
    acked: int = 0
    problem: OutboxError | None = None
    reopened: OutboxOpened | None = None
    recovered: bool = False
