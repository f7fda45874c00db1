"""Groups readings of a stream into messages, so that one write and one packet carry many."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from storesense_contracts.errors import StoresenseError
from storesense_contracts.messages import encode_readings
from storesense_contracts.readings import READING_TYPES

if TYPE_CHECKING:
    from storesense_contracts.readings import AnyReading
    from storesense_contracts.topics import Stream

MAX_READING_BYTES = 245_000
"""Encoded readings of a message stay below this, so that header and declared drops fit under the wire's limit."""


class UnfitReadingError(StoresenseError, ValueError):
    """A reading cannot go out on the stream it was recorded for."""

    code = "unfit_reading"

    def __init__(self, *, stream: Stream, cause: str) -> None:
        self.stream = stream
        self.cause = cause
        super().__init__(f"A reading was refused on stream {stream.value}: {cause}.")


@dataclass(frozen=True, slots=True)
class Batch:
    """Readings of one stream that become one message.

    Attributes:
        stream: where they go.
        readings_json: the readings as a JSON array.
        count: how many there are.
    """

    stream: Stream
    readings_json: bytes
    count: int


@dataclass(slots=True)
class _Open:
    parts: list[bytes] = field(default_factory=list)
    size_bytes: int = 2


class Batcher:
    """Holds readings until their batch is full or is asked for.

    Args:
        max_readings: a batch holds at most so many.
        max_bytes: a batch of several readings holds at most so many bytes; one reading may be larger by itself.
    """

    def __init__(self, *, max_readings: int, max_bytes: int) -> None:
        self._max_readings = max_readings
        self._max_bytes = min(max_bytes, MAX_READING_BYTES)
        self._open: dict[Stream, _Open] = {}

    def add(self, stream: Stream, reading: AnyReading) -> list[Batch]:
        """Take a reading and return the batches that are full by it, at most two.

        Raises:
            UnfitReadingError: the reading is not of this stream, or too large for any message.
        """
        if not isinstance(reading, READING_TYPES.get(stream, ())):
            raise UnfitReadingError(stream=stream, cause=f"it carries no {type(reading).__name__}")
        encoded = encode_readings([reading])[1:-1]
        if len(encoded) > MAX_READING_BYTES:
            raise UnfitReadingError(
                stream=stream, cause=f"it has {len(encoded)} bytes and a message has room for {MAX_READING_BYTES}"
            )
        full: list[Batch] = []
        batch = self._open.get(stream)
        if batch is not None and batch.size_bytes + len(encoded) + 1 > self._max_bytes:
            full.append(self._close(stream))
            batch = None
        if batch is None:
            batch = self._open[stream] = _Open()
        batch.parts.append(encoded)
        batch.size_bytes += len(encoded) + 1
        if len(batch.parts) >= self._max_readings or batch.size_bytes >= self._max_bytes:
            full.append(self._close(stream))
        return full

    def take_all(self) -> list[Batch]:
        """Return all batches, however small."""
        return [self._close(stream) for stream in list(self._open)]

    def _close(self, stream: Stream) -> Batch:
        batch = self._open.pop(stream)
        return Batch(stream, b"[" + b",".join(batch.parts) + b"]", len(batch.parts))
