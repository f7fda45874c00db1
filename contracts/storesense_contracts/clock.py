"""Time as a value that is passed in: the system's clock at the rim, a hand-moved one in tests and simulations."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

EPOCH_AT = datetime(1970, 1, 1, tzinfo=UTC)
CLOCK_SET_FROM_AT = datetime(2025, 1, 1, tzinfo=UTC)
"""A clock that says it is earlier was never set: this software is younger."""
_MINUTE_US = 60_000_000


class Clock(Protocol):
    """Tells the time of day and measures durations."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...

    def monotonic_s(self) -> float:
        """Return seconds from an arbitrary origin that never run backwards."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        """Return the monotonic clock, in seconds."""
        return time.monotonic()


class ManualClock:
    """A clock that moves only when told to, for tests and simulations."""

    def __init__(self, start_at: datetime) -> None:
        self._now_at = start_at
        self._monotonic_s = 0.0

    def now(self) -> datetime:
        """Return the instant the clock was last moved to."""
        return self._now_at

    def monotonic_s(self) -> float:
        """Return the sum of all advances, in seconds."""
        return self._monotonic_s

    def advance(self, duration_s: float) -> None:
        """Move both clocks forward by ``duration_s`` (0 or more)."""
        if duration_s < 0:
            raise ValueError("a manual clock advances; use jump() for a wall clock that was set")
        self._now_at += timedelta(seconds=duration_s)
        self._monotonic_s += duration_s

    def jump(self, to_at: datetime) -> None:
        """Set the wall clock, as an operator or NTP would; durations are not touched."""
        self._now_at = to_at


def to_epoch_us(instant_at: datetime) -> int:
    """Convert an aware instant to whole microseconds since 1970-01-01 UTC."""
    delta = instant_at - EPOCH_AT
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def from_epoch_us(epoch_us: int) -> datetime:
    """Convert microseconds since 1970-01-01 UTC to an aware instant."""
    return EPOCH_AT + timedelta(microseconds=epoch_us)


def keep_within_minute_us(start_us: int, period_us: int) -> int:
    """Return where an interval begins that, having been moved, must not straddle a UTC minute.

    It goes into the minute that holds most of it, no further than it has to.
    """
    minute_us = (start_us + period_us // 2) // _MINUTE_US * _MINUTE_US
    return min(max(start_us, minute_us), minute_us + _MINUTE_US - period_us)
