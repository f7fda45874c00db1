"""Local days of a store as spans of UTC instants: midnight and summer time as its clock on the wall has them.

Days cut the line of instants without gap or overlap. Where a local midnight does not exist (the clock springs over it)
the day begins with the first instant after the spring; where it comes twice, with the first. A stretch of local time
that repeats across midnight belongs to the new day, because days never interleave.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_RESOLUTION = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class LocalDay:
    """One local day: ``starts_at`` is in it, ``ends_at`` is the next day's start."""

    date: date
    starts_at: datetime
    ends_at: datetime


def day_start(day: date, zone: "ZoneInfo") -> datetime:
    """Return the first instant (UTC) of the local date ``day`` in ``zone``.

    A date that a zone skipped altogether begins, and ends, where the next one begins.
    """
    midnight = datetime.combine(day, time(), tzinfo=zone)
    start_at = midnight.astimezone(UTC)
    if start_at.astimezone(zone).replace(tzinfo=None, fold=0) == midnight.replace(tzinfo=None):
        return start_at
    return _end_of_gap(start_at - _DAY, start_at + _DAY, day, zone)


def _end_of_gap(before_at: datetime, after_at: datetime, day: date, zone: "ZoneInfo") -> datetime:
    # Midnight lies in a gap: between the two instants the local date jumps once from before `day` to it or past it.
    while after_at - before_at > _RESOLUTION:
        middle_at = before_at + (after_at - before_at) // 2
        if middle_at.astimezone(zone).date() < day:
            before_at = middle_at
        else:
            after_at = middle_at
    return after_at


def local_day(at: datetime, zone: "ZoneInfo") -> LocalDay:
    """Return the local day of ``zone`` that the aware instant ``at`` lies in."""
    near = at.astimezone(zone).date()
    starts = [(day_start(near + offset * _DAY, zone), near + offset * _DAY) for offset in range(-2, 4)]
    started = [pair for pair in starts if pair[0] <= at]
    following = [pair for pair in starts if pair[0] > at]
    starts_at, day = started[-1]
    return LocalDay(date=day, starts_at=starts_at, ends_at=following[0][0])
