"""What an outbox holds and does, as values: messages, dropped ranges, limits, changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storesense_contracts.topics import Stream

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from storesense_contracts.ids import BootId
    from storesense_contracts.messages import DroppedRange

SEQ_BITS = 40
MAX_SEQ = (1 << SEQ_BITS) - 1


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """One message as the outbox keeps it; boot and seq stay with it for ever.

    Attributes:
        message_no: ``boot_no * 2^40 + seq``: unique in the outbox and in order of age.
        boot_id: the process start that wrote it.
        stream: where it goes.
        readings_json: its readings as a JSON array.
        created_at: when it was written.
    """

    message_no: int
    boot_id: BootId
    stream: Stream
    readings_json: bytes
    created_at: datetime

    @property
    def boot_no(self) -> int:
        """The outbox's own short number of the boot."""
        return self.message_no >> SEQ_BITS

    @property
    def seq(self) -> int:
        """Its number within the boot."""
        return self.message_no & MAX_SEQ

    @property
    def is_heatmap(self) -> bool:
        """Whether it goes first when room runs out."""
        return self.stream is Stream.HEATMAP


@dataclass(frozen=True, slots=True)
class RecordedDrop:
    """A dropped range and its place in the outbox, where it stays until the gateway knows of it."""

    drop_no: int
    boot_no: int
    dropped: DroppedRange


@dataclass(frozen=True, slots=True)
class OutboxTotals:
    """What is on disk, unacknowledged.

    Attributes:
        messages: how many.
        bytes: their readings' size.
    """

    messages: int = 0
    bytes: int = 0


def message_no(boot_no: int, seq: int) -> int:
    """Build a message's number from its boot's and its own."""
    return (boot_no << SEQ_BITS) | seq


@dataclass(frozen=True, slots=True)
class OutboxLimits:
    """How much an outbox keeps.

    Attributes:
        max_bytes: size of all readings at which the oldest messages of any kind go; from 80 % of it on, the oldest
            heatmaps go.
        max_age_s: a message older than this goes.
    """

    max_bytes: int = 512_000_000
    max_age_s: float = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class OutboxOpened:
    """What an outbox held when it was opened.

    Attributes:
        boot_no: the number of this process start.
        boots: the numbers of all boots that still have messages, and of this one.
        totals: what earlier boots left.
        drops: what was dropped and is not yet known to the gateway.
        set_aside: where a damaged file was moved to, if there was one.
    """

    boot_no: int
    boots: dict[BootId, int]
    totals: OutboxTotals
    drops: tuple[RecordedDrop, ...]
    set_aside: Path | None


@dataclass(frozen=True, slots=True)
class OutboxChanges:
    """What one transaction is to do, in this order.

    Attributes:
        acked: (boot_no, first seq, last seq), both included, that are committed and are deleted.
        declared: numbers of drops that the gateway knows of now.
        messages: new messages.
        dropped: ranges that were dropped before they reached the disk.
        expires_from_no: messages of this boot from this number on, and those of earlier boots, go when they are too
            old; None: nothing does, because nobody knows how wrong the clock is.
    """

    acked: Sequence[tuple[int, int, int]] = ()
    declared: Sequence[int] = ()
    messages: Sequence[OutboxMessage] = ()
    dropped: Sequence[tuple[int, DroppedRange]] = ()
    expires_from_no: int | None = 0


@dataclass(frozen=True, slots=True)
class OutboxApplied:
    """What a transaction did: rows deleted by acks, drops recorded in it, and what is on disk after it."""

    deleted: int
    drops: tuple[RecordedDrop, ...]
    totals: OutboxTotals
