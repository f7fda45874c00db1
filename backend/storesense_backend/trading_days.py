"""Trading days of a store: from one night to the next, by its opening hours. Between them the store is empty.

A night is a time of two hours or more in which the store is closed. Its day ends in the middle of it, at most three
hours after closing, when the last of the staff have left, and on a whole quarter of an hour, as rollups are cut.
"""

import itertools
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storesense_contracts.layout import OpeningHours

_DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SHORTEST_NIGHT = timedelta(hours=2)
_LAST_LEAVE = timedelta(hours=3)
_AROUND = timedelta(days=9)


@dataclass(frozen=True, slots=True)
class TradingDay:
    """From ``starts_at`` (included) to ``ends_at`` (excluded), UTC; the store is empty at both."""

    starts_at: datetime
    ends_at: datetime


def trading_days(
    hours: "Sequence[OpeningHours]", zone: ZoneInfo, *, from_at: datetime, to_at: datetime
) -> list[TradingDay]:
    """Return the trading days that overlap a span, in order; none for a store that has no nights.

    Args:
        hours: when the store is open.
        zone: of its clock.
        from_at: beginning of the span.
        to_at: its end, excluded.
    """
    sessions = _sessions(hours, zone, (from_at - _AROUND).astimezone(zone).date(), (to_at + _AROUND).date())
    cuts = []
    for (_, closes_at), (opens_at, _) in itertools.pairwise(sessions):
        night = opens_at - closes_at
        if night >= _SHORTEST_NIGHT:
            cuts.append(_whole_quarter(closes_at + min(night / 2, _LAST_LEAVE)))
    return [
        TradingDay(starts_at, ends_at)
        for starts_at, ends_at in itertools.pairwise(cuts)
        if starts_at < to_at and ends_at > from_at
    ]


def _sessions(
    hours: "Sequence[OpeningHours]", zone: ZoneInfo, first: date, last: date
) -> list[tuple[datetime, datetime]]:
    found: list[tuple[datetime, datetime]] = []
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        for each in hours:
            if _DAY_NAMES[day.weekday()] in each.days:
                opens_at = _at(day, each.opens, zone)
                closes_at = _at(day if each.closes > each.opens else day + timedelta(days=1), each.closes, zone)
                found.append((opens_at, closes_at))
    merged: list[tuple[datetime, datetime]] = []
    for opens_at, closes_at in sorted(found):
        if merged and opens_at <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], closes_at))
        else:
            merged.append((opens_at, closes_at))
    return merged


def _at(day: date, clock: str, zone: ZoneInfo) -> datetime:
    if clock == "24:00":
        day, clock = day + timedelta(days=1), "00:00"
    return datetime.combine(day, time.fromisoformat(clock), tzinfo=zone).astimezone(UTC)


def _whole_quarter(at: datetime) -> datetime:
    return at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)
