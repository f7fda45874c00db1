"""Spans of time and page cursors of queries: defaults, bounds, and how they are written."""

import base64
import binascii
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from storesense_backend.errors import InvalidError

MINUTE = timedelta(minutes=1)
EARLIEST_AT = datetime(2000, 1, 1, tzinfo=UTC)
LATEST_AT = datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """From ``from_at`` (included) to ``to_at`` (excluded), both in UTC."""

    from_at: datetime
    to_at: datetime

    @property
    def duration(self) -> timedelta:
        """How long it is."""
        return self.to_at - self.from_at


def time_span(
    from_at: datetime | None, to_at: datetime | None, *, now: datetime, usual: timedelta, longest: timedelta
) -> TimeSpan:
    """Complete and check a span of time.

    Args:
        from_at: as asked for; None for ``usual`` before the end.
        to_at: as asked for; None for now.
        now: the present.
        usual: length when ``from_at`` is not given.
        longest: the longest that may be asked for.

    Raises:
        InvalidError: an instant has no offset or is absurd, the span is empty or too long.
    """
    for name, at in (("from", from_at), ("to", to_at)):
        checked_instant(name, at)
    end_at = (to_at or now).astimezone(UTC)
    start_at = end_at - usual if from_at is None else from_at.astimezone(UTC)
    if start_at >= end_at:
        raise InvalidError("from must be before to", field="from")
    if end_at - start_at > longest:
        raise InvalidError(f"from and to are more than {longest} apart; ask for less at once", field="from")
    return TimeSpan(start_at, end_at)


def checked_instant(name: str, at: datetime | None) -> datetime | None:
    """Return an instant that was asked for, or None; raise InvalidError if it has no offset or is absurd."""
    if at is None:
        return None
    if at.tzinfo is None:
        raise InvalidError("an instant needs an offset, such as 2026-11-20T12:00:00Z", field=name)
    if not EARLIEST_AT <= at <= LATEST_AT:
        raise InvalidError("an instant lies between the years 2000 and 2200", field=name)
    return at


def floor_to(at: datetime, step: timedelta) -> datetime:
    """Round an instant down to a whole ``step`` of UTC."""
    return EARLIEST_AT + (at - EARLIEST_AT) // step * step


def whole_minutes(span: TimeSpan, now: datetime) -> tuple[int, datetime]:
    """Return how many whole minutes of a span are past, and where they end.

    The minute that is still running is left out, unless there is no other.
    """
    start_at = floor_to(span.from_at, MINUTE)
    end_at = min(span.to_at, now)
    until = floor_to(end_at, MINUTE)
    if until > start_at:
        return (until - start_at) // MINUTE, until
    return max(0, math.ceil((end_at - start_at) / MINUTE)), end_at


class ReadingCursor(msgspec.Struct, frozen=True, array_like=True):
    """Behind which reading a page begins."""

    at: datetime
    boot_no: int
    seq: int
    idx: int


_FIRST = ReadingCursor(EARLIEST_AT - timedelta(days=1), -1, -1, -1)
_INT4 = 2**31 - 1
_INT8 = 2**63 - 1
_INT2 = 2**15 - 1


def encode_cursor(cursor: ReadingCursor) -> str:
    """Write a cursor as one word for a URL."""
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def decode_cursor(text: str | None) -> ReadingCursor:
    """Read a cursor; None stands for the beginning. Raises InvalidError."""
    if text is None:
        return _FIRST
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        cursor = msgspec.json.decode(raw, type=ReadingCursor)
    except (binascii.Error, ValueError, msgspec.DecodeError) as exc:
        raise _bad_cursor() from exc
    if cursor.at.tzinfo is None or not (
        -1 <= cursor.boot_no <= _INT4 and -1 <= cursor.seq <= _INT8 and -1 <= cursor.idx <= _INT2
    ):
        raise _bad_cursor()
    return cursor


def _bad_cursor() -> InvalidError:
    return InvalidError("after must be the next of an earlier answer", field="after")
