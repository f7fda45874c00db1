"""How many people are in a store, by its doors: each trading day reconciled at its end, with what that corrected.

What entries less exits are off by at the end of a day, when the store is empty, is the day's drift. Days that are over
have it taken off; for the one that goes on, earlier days tell what to expect.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from storesense_backend.database import Connection
from storesense_backend.door_occupancy import DayOccupancy, DoorStep, occupancy_now, reconcile_day
from storesense_backend.measurements import series_ids
from storesense_backend.ranges import MINUTE, TimeSpan
from storesense_backend.trading_days import TradingDay, trading_days
from storesense_contracts.layout import StoreLayout
from storesense_contracts.sql import load_queries

_SQL = load_queries("storesense_backend", "sql/flow.sql", "sql/steps.sql")
STEP = timedelta(minutes=15)
_LEARN = timedelta(days=28)
_COMPLETE = 0.95
"""A day of which less was measured says nothing about how doors drift."""


@dataclass(frozen=True, slots=True)
class Point:
    """People inside at the end of the step that begins at ``at``, between ``low`` and ``high`` with 95 %."""

    at: datetime
    people: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class DoorDay:
    """A trading day by the doors.

    Attributes:
        starts_at: its beginning.
        ends_at: its end.
        is_reconciled: whether it is over.
        entered: people counted in.
        left: people counted out.
        drift: by how many those are apart at its end; None while it goes on.
        drift_ratio: that by all crossings.
        completeness: share of the minutes of entrance lines so far that were measured.
    """

    starts_at: datetime
    ends_at: datetime
    is_reconciled: bool
    entered: int
    left: int
    drift: int | None
    drift_ratio: float | None
    completeness: float


@dataclass(frozen=True, slots=True)
class Step:
    """Crossings of all entrance lines in one step, and how many of their minutes were measured."""

    at: datetime
    entered: int
    left: int
    minutes: int


@dataclass(frozen=True, slots=True)
class StoreOccupancy:
    """A store's occupancy over a span.

    Attributes:
        points: by step.
        days: the trading days that overlap the span.
        learnt: earlier days by which the one that goes on is judged.
        now: of the day that goes on; None if the store has no nights or the day has no reading.
    """

    points: list[Point]
    days: list[DoorDay]
    learnt: list[DayOccupancy]
    now: Point | None


def occupancy_of(
    steps: list[Step], days: list[TradingDay], *, span: TimeSpan, line_count: int, now: datetime
) -> StoreOccupancy:
    """Put steps together to days and reconcile those that are over.

    Args:
        steps: in order, from the first day on.
        days: trading days in order, earlier ones to learn from included.
        span: what is asked for.
        line_count: entrance lines.
        now: the present.
    """
    points: list[Point] = []
    told: list[DoorDay] = []
    learnt: list[DayOccupancy] = []
    present: Point | None = None
    for day in days:
        own = [step for step in steps if day.starts_at <= step.at < day.ends_at]
        crossings = [DoorStep(step.entered, step.left) for step in own]
        is_over = day.ends_at <= now
        measured = sum(step.minutes for step in own)
        expected = line_count * ((min(day.ends_at, now) - day.starts_at) // MINUTE)
        completeness = min(1.0, measured / expected) if expected > 0 else 0.0
        found: DayOccupancy | None = None
        fresh: list[Point] = []
        if own and is_over:
            found = reconcile_day(crossings)
            fresh = [
                Point(step.at, people, max(0.0, people - off), people + off)
                for step, people, off in zip(own, found.people, found.off, strict=True)
            ]
        elif own:
            for place, step in enumerate(own, start=1):
                guess = occupancy_now(crossings[:place], learnt)
                fresh.append(Point(step.at, guess.people, guess.low, guess.high))
            present = fresh[-1]
        points += [point for point in fresh if span.from_at < point.at + STEP and point.at < span.to_at]
        if day.ends_at > span.from_at and own:
            told.append(
                DoorDay(
                    day.starts_at,
                    day.ends_at,
                    is_over,
                    sum(step.entered for step in own),
                    sum(step.left for step in own),
                    None if found is None else found.drift,
                    None if found is None else found.drift_ratio,
                    completeness,
                )
            )
        if found is not None and completeness >= _COMPLETE:
            learnt.append(found)
    return StoreOccupancy(points, told, learnt, present)


async def door_occupancy(
    connection: Connection, *, layout: StoreLayout, span: TimeSpan, now: datetime
) -> StoreOccupancy | None:
    """Return a store's occupancy by its doors; None if it has no entrance, or no night at which it is empty."""
    lines = [line.id for line in layout.lines if line.is_entrance]
    since_at = span.from_at - _LEARN
    days = trading_days(layout.opening_hours, layout.zone_info, from_at=since_at, to_at=min(span.to_at, now))
    if not lines or not days:
        return None
    ids = await series_ids(connection, store_id=layout.id, stream="footfall", subjects=lines)
    values: dict[str, Any] = {"series_ids": ids, "from_at": days[0].starts_at, "to_at": min(days[-1].ends_at, now)}
    rows = await (await connection.execute(_SQL["door_steps"], values)).fetchall()
    steps = [Step(row["at"], row["in_count"], row["out_count"], row["minutes"]) for row in rows]
    return occupancy_of(steps, days, span=span, line_count=len(lines), now=now)


def mean_point(points: list[Point]) -> tuple[float, float, float] | None:
    """Return the mean of people, and of its bounds, over the steps of a span; None without any."""
    if not points:
        return None
    count = len(points)
    return (
        sum(point.people for point in points) / count,
        sum(point.low for point in points) / count,
        sum(point.high for point in points) / count,
    )
