"""What a received message becomes: an entry of the ledger with its readings, a status, or a dead letter."""

from datetime import datetime
from typing import NamedTuple

import msgspec

from storesense_contracts.messages import DeviceState, DroppedRange
from storesense_contracts.readings import AnyReading
from storesense_contracts.topics import Stream
from storesense_gateway.families import Family


class Tag(NamedTuple):
    """Which MQTT acknowledgement a message waits for: the connection it came by, and its packet id there."""

    connection_no: int
    mid: int
    qos: int


class Incoming(msgspec.Struct, frozen=True):
    """A message as it came: ``received_us`` in microseconds since 1970-01-01 UTC."""

    topic: str
    payload: bytes
    received_us: int
    tag: Tag


class DeviceKey(NamedTuple):
    """A device of a store."""

    store_id: str
    device_id: str


class BootKey(NamedTuple):
    """One process start of a device."""

    store_id: str
    device_id: str
    boot_id: str


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """What could not be stored, with where it came from and why; ``idx`` is the reading's place in its message."""

    received_us: int
    topic: str
    stage: str
    reason: str
    payload: bytes
    payload_bytes: int
    store_id: str | None = None
    device_id: str | None = None
    boot_id: str | None = None
    seq: int | None = None
    idx: int | None = None


class Part(msgspec.Struct, frozen=True):
    """The readings of one family in one message: place in the message, reading and subject of each."""

    family: Family
    idxs: list[int]
    readings: list[AnyReading]
    subjects: list[str]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A message with a readable header: what the ledger and the tables take from it."""

    boot: BootKey
    topic: str
    stream: Stream | None
    seq: int
    received_us: int
    sent_at: datetime | None
    dropped: tuple[DroppedRange, ...]
    parts: list[Part]
    letters: list[DeadLetter]

    @property
    def reading_count(self) -> int:
        """How many good readings it carries."""
        return sum(len(part.readings) for part in self.parts)


class StatusUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """A device's last word, from the retained status topic."""

    device: DeviceKey
    boot_id: str
    state: DeviceState
    software: str | None
    received_us: int


Decoded = Entry | StatusUpdate | DeadLetter | None
"""None: nothing to store (a retained status that was cleared)."""


def storable(text: str) -> str:
    """Return a text as PostgreSQL can keep it: no NUL, no lone surrogate."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode("utf-8")


def reading_letter(entry: Entry, idx: int, reading: AnyReading, reason: str) -> DeadLetter:
    """Make the dead letter of a reading that the database refused."""
    payload = msgspec.json.encode(reading)
    return DeadLetter(
        received_us=entry.received_us,
        topic=entry.topic,
        stage="database",
        reason=storable(reason)[:1_000],
        payload=payload,
        payload_bytes=len(payload),
        store_id=entry.boot.store_id,
        device_id=entry.boot.device_id,
        boot_id=entry.boot.boot_id,
        seq=entry.seq,
        idx=idx,
    )
