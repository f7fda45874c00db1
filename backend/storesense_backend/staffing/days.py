"""Past days put together from rows of readings, the way the core learns from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from storesense_backend.local_days import local_day
from storesense_backend.staffing.history import SAMPLE_S, PastDay, Visits

_FEWEST_MINUTES = 60
_FEWEST_VISITS = 20
_MOST_MINUTES = 1_440

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """What the database holds of some days, each in the order of time.

    Attributes:
        entered: ``minute_at``, ``people``.
        visits: ``queue_id``, ``measured_at``, ``is_served``, ``wait_ms``, ``service_ms``.
        lane_states: of staffed lanes: ``lane_id``, ``measured_at``, ``is_open``.
    """

    entered: Sequence[Row]
    visits: Sequence[Row]
    lane_states: Sequence[Row]


def week_minute(at: datetime, zone: ZoneInfo) -> int:
    """Return the minute of the local week, 0 on a Monday at midnight."""
    local = at.astimezone(zone)
    return local.weekday() * 1_440 + local.hour * 60 + local.minute


def past_days(rows: Rows, zone: ZoneInfo, staffed_queues: frozenset[str]) -> list[PastDay]:
    """Return the days that have enough in them: an hour from the first person in, and twenty visits."""
    entered: dict[datetime, list[Row]] = {}
    visits: dict[datetime, list[Row]] = {}
    for row in rows.entered:
        entered.setdefault(local_day(row["minute_at"], zone).starts_at, []).append(row)
    for row in rows.visits:
        visits.setdefault(local_day(row["measured_at"], zone).starts_at, []).append(row)
    days = []
    for starts_at, day_visits in visits.items():
        first_at = next((row["minute_at"] for row in entered.get(starts_at, ()) if row["people"] > 0), None)
        if first_at is None or len(day_visits) < _FEWEST_VISITS:
            continue
        minutes = int((day_visits[-1]["measured_at"] - first_at).total_seconds() // 60) + 1
        if _FEWEST_MINUTES <= minutes <= _MOST_MINUTES:
            counts = by_minute(entered[starts_at], first_at, minutes)
            lanes = _lanes(rows.lane_states, first_at, minutes)
            told = _visits(day_visits, first_at, staffed_queues)
            days.append(PastDay(week_minute(first_at, zone), counts, told, lanes))
    return days


def by_minute(entered: Sequence[Row], first_at: datetime, minutes: int) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Return shape (minutes,), people in from ``first_at`` on."""
    counts = np.zeros(minutes)
    for row in entered:
        minute = int((row["minute_at"] - first_at).total_seconds() // 60)
        if 0 <= minute < minutes:
            counts[minute] += row["people"]
    return counts


def _visits(rows: Sequence[Row], first_at: datetime, staffed_queues: frozenset[str]) -> Visits:
    return Visits.of(
        np.array([(row["measured_at"] - first_at).total_seconds() for row in rows]),
        np.array([row["wait_ms"] / 1_000 for row in rows]),
        np.array([row["service_ms"] / 1_000 for row in rows]),
        np.array([row["queue_id"] in staffed_queues for row in rows], dtype=np.bool_),
        np.array([row["is_served"] for row in rows], dtype=np.bool_),
    )


def _lanes(states: Sequence[Row], first_at: datetime, minutes: int) -> "np.ndarray[Any, np.dtype[np.int64]]":
    """Return how many lanes were open at each sample; a lane keeps its state until it tells another."""
    samples = minutes * 60 // SAMPLE_S
    last_at = first_at + timedelta(minutes=minutes)
    change = np.zeros(samples + 1, dtype=np.int64)
    is_open: dict[str, bool] = {}
    for row in states:
        if row["measured_at"] >= last_at:
            break
        if is_open.get(row["lane_id"], False) != row["is_open"]:
            is_open[row["lane_id"]] = row["is_open"]
            at = max(0, int((row["measured_at"] - first_at).total_seconds() // SAMPLE_S))
            change[min(at, samples)] += 1 if row["is_open"] else -1
    return np.cumsum(change[:samples])
