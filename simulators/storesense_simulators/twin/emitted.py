"""A reading on its way out of a simulated device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storesense_contracts.readings import AnyReading
    from storesense_contracts.topics import Stream


@dataclass(frozen=True, slots=True)
class Emitted:
    """A reading and where it goes."""

    device_id: str
    stream: Stream
    reading: AnyReading
