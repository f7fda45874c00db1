"""Opening hours and days of the week, as a store file writes them and as the twin asks about them."""

import re
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from storesense_simulators.twin.shop_people import Hours, OpenSpan

DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MIN = 1_440

_SPAN = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")


def minutes_of(text: str) -> int:
    """Return the minutes after midnight of a time such as ``07:30``; ``24:00`` ends a day. ValueError if it is none."""
    found = re.fullmatch(r"(\d\d):(\d\d)", text)
    minutes = int(found[1]) * 60 + int(found[2]) if found and int(found[2]) < 60 else -1
    if not 0 <= minutes <= DAY_MIN:
        raise ValueError(f"{text!r} is no time of day; write it as 07:30 (24:00 is the end of the day)")
    return minutes


def clock_of(minutes: int) -> str:
    """Return minutes after midnight as ``07:30``."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def weekdays_of(text: str) -> tuple[int, ...]:
    """Return the weekdays of ``mon``, ``mon-fri``, ``sat,sun`` or ``all``, in order. ValueError if it is none."""
    if text == "all":
        return tuple(range(7))
    days: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if first not in DAY_NAMES or (dash and last not in DAY_NAMES):
            raise ValueError(f"{text!r} are no weekdays; write mon, mon-fri, sat,sun or all")
        low, high = DAY_NAMES.index(first), DAY_NAMES.index(last or first)
        if high < low:
            raise ValueError(f"{text!r} goes backwards; a week runs from mon to sun")
        days.update(range(low, high + 1))
    return tuple(sorted(days))


def spans_of(text: str) -> tuple[OpenSpan, ...]:
    """Return the spans of ``08:00-12:30 14:00-20:00`` or ``closed``. ValueError if times are out of order."""
    if text == "closed":
        return ()
    spans: list[OpenSpan] = []
    for part in text.split():
        if _SPAN.fullmatch(part) is None:
            raise ValueError(f"{part!r} is no span of hours; write 08:00-20:00, several apart by a space, or closed")
        opens, closes = (minutes_of(side) for side in part.split("-"))
        if closes <= opens:
            raise ValueError(
                f"{part!r} closes at or before it opens; a span ends later on the same day, at 24:00 at most"
            )
        if spans and opens < spans[-1].closes_min:
            raise ValueError(f"{part!r} begins before the span ahead of it ends; put spans in order and apart")
        spans.append(OpenSpan(opens, closes))
    if not spans:
        raise ValueError("no hours are given; write 08:00-20:00, or closed")
    return tuple(spans)


def hours_of(time_zone: str, by_days: Mapping[str, str]) -> Hours:
    """Return the hours of a mapping such as ``{mon-fri: 08:00-20:00, sat: 09:00-18:00}``; other days are closed.

    Raises:
        ValueError: a day or span cannot be read, or a day stands twice.
    """
    week: list[tuple[OpenSpan, ...] | None] = [None] * 7
    for days, text in by_days.items():
        for weekday in weekdays_of(days):
            if week[weekday] is not None:
                raise ValueError(f"{DAY_NAMES[weekday]} has hours twice; name each day once")
            week[weekday] = spans_of(text)
    return Hours(time_zone, tuple(spans or () for spans in week))


def open_minutes(hours: Hours, weekday: int) -> int:
    """Return for how many minutes the store is open on a weekday."""
    return sum(span.closes_min - span.opens_min for span in hours.spans[weekday])


def is_open(hours: Hours, at: datetime) -> bool:
    """Tell whether the store is open at an aware instant."""
    local = at.astimezone(ZoneInfo(hours.time_zone))
    minute = local.hour * 60 + local.minute
    return any(span.opens_min <= minute < span.closes_min for span in hours.spans[local.weekday()])
