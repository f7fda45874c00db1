"""What the outbox holds, as values: messages, dropped ranges, and how much of them there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storesense_contracts.topics import Stream

if TYPE_CHECKING:
    from datetime import datetime

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
