"""How many people are in a store, by its doors: entries less exits, and what to do about the drift.

Each crossing that a camera misses or counts twice stays in the sum for the rest of the day. At closing the store is
known to be empty (or to hold so many), so the day's drift is known as well. It came with the crossings, not with the
hours, so it is taken off along them: a step with a tenth of the day's crossings bears a tenth of the drift. The size of
the correction is published beside the figure. During the day, earlier days say how much drift to expect.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from storesense_backend.shares import Z_95

if TYPE_CHECKING:
    from collections.abc import Sequence

CROSSING_VARIANCE = 0.02
"""Of every crossing: one in fifty is taken to be missed or invented."""


@dataclass(frozen=True, slots=True)
class DoorStep:
    """Crossings of all doors together in one step of time.

    Attributes:
        entered: people counted in.
        left: people counted out.
    """

    entered: int
    left: int


@dataclass(frozen=True, slots=True)
class DayOccupancy:
    """A day's occupancy by its doors.

    Attributes:
        people: at the end of each step, corrected, never below zero.
        drift: by how many people entries less exits were off at closing; positive if too many came in.
        drift_ratio: that by all crossings of the day, 0 without any: the size of the correction.
        off: of each step, by how many that may be wrong, 95 %: nothing at both ends of the day, where the store is
            known to be empty, and most in the middle, where chance has had most crossings on either side.
    """

    people: tuple[float, ...]
    drift: int
    drift_ratio: float
    off: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class OccupancyNow:
    """Occupancy in the middle of a day, before its drift is known.

    Attributes:
        people: the best guess, never below zero.
        low: with 95 % confidence not fewer ...
        high: ... nor more.
    """

    people: float
    low: float
    high: float


def reconcile_day(steps: Sequence[DoorStep]) -> DayOccupancy:
    """Correct a day that is over, of a store that was empty when it began and when it ended.

    Args:
        steps: the day's, in order.

    Returns:
        The corrected day, with the size of the correction.
    """
    crossings = sum(step.entered + step.left for step in steps)
    drift = sum(step.entered - step.left for step in steps)
    people: list[float] = []
    off: list[float] = []
    raw, so_far = 0, 0
    for step in steps:
        raw += step.entered - step.left
        so_far += step.entered + step.left
        share = so_far / crossings if crossings else 0.0
        people.append(max(0.0, raw - drift * share))
        off.append(Z_95 * math.sqrt(CROSSING_VARIANCE * crossings * share * (1.0 - share)))
    return DayOccupancy(tuple(people), drift, drift / crossings if crossings else 0.0, tuple(off))


def occupancy_now(steps: Sequence[DoorStep], earlier: Sequence[DayOccupancy]) -> OccupancyNow:
    """Guess how many people are inside before a day is over that began with an empty store.

    Args:
        steps: the day's so far, in order.
        earlier: reconciled days of the same doors; what they drifted for each crossing is expected again. Without
            two of them, one crossing in fifty is taken to be wrong, either way.
    """
    crossings = sum(step.entered + step.left for step in steps)
    raw = sum(step.entered - step.left for step in steps)
    if len(earlier) >= 2:
        mean = sum(day.drift_ratio for day in earlier) / len(earlier)
        spread = math.sqrt(sum((day.drift_ratio - mean) ** 2 for day in earlier) / (len(earlier) - 1))
    else:
        mean, spread = 0.0, 0.02
    people = raw - mean * crossings
    # Single crossings err by chance besides; no day is surer than that.
    off = Z_95 * math.sqrt((spread * crossings) ** 2 + CROSSING_VARIANCE * crossings)
    return OccupancyNow(max(0.0, people), max(0.0, people - off), max(0.0, people + off))
