"""Where raw counts come from: one protocol for load cells, drivers and recordings alike."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class LoadCellSample:
    """One conversion of a load cell's amplifier.

    Attributes:
        measured_at: when the conversion was read, aware UTC.
        raw_counts: the amplifier's number, not yet grams; a source passes on what it got, also NaN.
        temperature_c: temperature at the cell, degrees Celsius; None where nothing measures it.
    """

    measured_at: datetime
    raw_counts: float
    temperature_c: float | None = None


class LoadCellSource(Protocol):
    """Anything that yields timestamped raw counts in the order they were measured.

    Iterating may block for as long as the cell is silent and may raise a `ShelfError`; nothing is opened before the
    first `samples()` call.
    """

    def samples(self) -> Iterator[LoadCellSample]:
        """Yield samples until the source ends; a second call starts over where that has a meaning."""
        ...


class MemorySource:
    """A source that holds its samples, for tests and simulators."""

    def __init__(self, samples: Iterable[LoadCellSample]) -> None:
        self._samples = tuple(samples)

    def samples(self) -> Iterator[LoadCellSample]:
        """Yield the held samples, from the first again at each call."""
        return iter(self._samples)
