"""Counts as whole days, and what is known of each day beforehand: its weekday and its holiday."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Calendar:
    """Consecutive days.

    Attributes:
        first: the first day.
        holidays: the holiday's name for each day; None on ordinary days. Its length is the number of days.
    """

    first: date
    holidays: tuple[str | None, ...]

    @property
    def weekdays(self) -> Ints:
        """Shape (days,), 0 on Mondays."""
        return (np.arange(len(self.holidays)) + self.first.weekday()) % 7

    @property
    def is_holiday(self) -> Flags:
        """Shape (days,)."""
        return np.array([name is not None for name in self.holidays], dtype=np.bool_)

    def dates(self) -> list[date]:
        """Return the days themselves."""
        return [self.first + timedelta(days=day) for day in range(len(self.holidays))]


def shifted(values: Floats, steps: int, fill: float = 0.0) -> Floats:
    """Return an array moved ``steps`` rows later, with ``fill`` before."""
    moved = np.full_like(values, fill)
    moved[steps:] = values[: max(0, len(values) - steps)]
    return moved
