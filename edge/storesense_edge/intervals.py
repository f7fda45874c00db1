"""When interval readings are cut: every report when something changed, and always at a whole UTC minute.

So no interval straddles a minute, rollups need no splitting, and a minute in which nothing happened is there as a
reading of zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

_MS = timedelta(milliseconds=1)
_MINUTE = timedelta(minutes=1)
_ROUNDING = timedelta(milliseconds=10)
"""An end so little before its beginning comes of rounding, not of a clock that was set."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of time within one UTC minute.

    Attributes:
        measured_at: its beginning, whole milliseconds.
        period_ms: its length, 1 to 60,000.
    """

    measured_at: datetime
    period_ms: int


def minute_of(instant_at: datetime) -> datetime:
    """Return the beginning of the UTC minute that an instant lies in."""
    return instant_at.replace(second=0, microsecond=0)


def whole_ms(instant_at: datetime) -> datetime:
    """Round an instant down to whole milliseconds."""
    return instant_at.replace(microsecond=instant_at.microsecond // 1000 * 1000)


class IntervalCutter:
    """The intervals of one subject, one after the other without gaps.

    Args:
        begin_at: when measuring begins.
    """

    __slots__ = ("_begin_at",)

    def __init__(self, begin_at: datetime) -> None:
        self._begin_at = whole_ms(begin_at)

    def cut(self, end_at: datetime) -> Interval | None:
        """End the interval at ``end_at`` and begin the next; None, and no cut, if it is shorter than a millisecond.

        ``end_at`` lies at most at the end of the interval's minute; what lies beyond is taken as that end. A clock
        that was set back begins a new interval there.
        """
        end_at = min(whole_ms(end_at), minute_of(self._begin_at) + _MINUTE)
        if self._begin_at - end_at > _ROUNDING:
            self._begin_at = end_at
            return None
        period_ms = (end_at - self._begin_at) // _MS
        if period_ms < 1:
            return None
        interval = Interval(self._begin_at, period_ms)
        self._begin_at = end_at
        return interval

    def skip_to(self, begin_at: datetime) -> None:
        """Begin anew at an instant, leaving out the time between, in which nothing was measured."""
        self._begin_at = whole_ms(begin_at)


@dataclass(frozen=True, slots=True)
class Tick:
    """What is due at an instant.

    Attributes:
        minute_end_at: the end of the minute that has passed, at which every subject is cut; None within a minute.
        resume_at: where the next intervals begin after that cut.
        reports: whether changes are to be reported.
    """

    minute_end_at: datetime | None
    resume_at: datetime
    reports: bool


class ReportClock:
    """Tells when to report and when a minute is over.

    Args:
        begin_at: when measuring begins.
        report_s: seconds between reports of changes.
    """

    def __init__(self, begin_at: datetime, report_s: float) -> None:
        self._minute_at = minute_of(begin_at)
        self._reported_at = begin_at
        self._report = timedelta(seconds=report_s)

    def tick(self, now_at: datetime) -> Tick:
        """Say what is due at ``now_at``, before what happened at that instant is counted."""
        minute_at = minute_of(now_at)
        minute_end_at = None
        resume_at = now_at
        if minute_at > self._minute_at:
            minute_end_at = self._minute_at + _MINUTE
            # A whole minute without a single frame was not measured; its time is left out.
            resume_at = minute_at if minute_at == minute_end_at else now_at
        reports = now_at - self._reported_at >= self._report or now_at < self._reported_at
        if reports:
            self._reported_at = now_at
        self._minute_at = minute_at
        return Tick(minute_end_at, resume_at, reports)
