"""What load cells, drivers and recordings alike yield: raw counts and when they were read."""

from dataclasses import dataclass
from datetime import datetime


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
