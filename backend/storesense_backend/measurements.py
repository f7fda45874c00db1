"""Readings and footfall of a store over a span of time, from the database."""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any

from storesense_backend.database import Connection
from storesense_backend.ranges import ReadingCursor, TimeSpan, encode_cursor, floor_to
from storesense_contracts.sql import load_queries

_SQL = load_queries("storesense_backend", "sql/readings.sql")


class Family(StrEnum):
    """The families of readings that can be asked for."""

    FOOTFALL_COUNTS = "footfall_counts"
    ZONE_VISITS = "zone_visits"
    QUEUE_SAMPLES = "queue_samples"
    QUEUE_VISITS = "queue_visits"
    LANE_STATES = "lane_states"
    LINE_PARTIES = "line_parties"
    ZONE_DWELLS = "zone_dwells"
    LANE_SERVICES = "lane_services"
    ZONE_TRANSITIONS = "zone_transitions"
    SHELF_WEIGHTS = "shelf_weights"
    SHELF_EVENTS = "shelf_events"
    ENVIRONMENT_READINGS = "environment_readings"
    HEALTH_READINGS = "health_readings"


class Step(StrEnum):
    """Steps of a footfall curve."""

    MINUTE = "1m"
    QUARTER = "15m"

    @property
    def duration(self) -> timedelta:
        """How long a step is."""
        return timedelta(minutes=1 if self is Step.MINUTE else 15)


async def readings_page(
    connection: Connection,
    family: Family,
    span: TimeSpan,
    *,
    store_id: str,
    subject_id: str | None,
    after: ReadingCursor,
    limit: int,
) -> tuple[list[dict[str, Any]], str | None]:
    """Return a page of raw readings, oldest first, and the cursor of the next one (None if there is none)."""
    values = {
        "store_id": store_id,
        "subject_id": subject_id,
        "from_at": span.from_at,
        "to_at": span.to_at,
        "after_at": after.at,
        "after_boot_no": after.boot_no,
        "after_seq": after.seq,
        "after_idx": after.idx,
        "limit": limit + 1,
    }
    rows = await (await connection.execute(_SQL[family.value], values)).fetchall()
    places = [ReadingCursor(row["measured_at"], row.pop("boot_no"), row.pop("seq"), row.pop("idx")) for row in rows]
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], encode_cursor(places[limit - 1])


async def series_ids(
    connection: Connection, *, store_id: str, stream: str, subjects: Sequence[str] | None = None
) -> list[int]:
    """Return the series of a store's stream, of all subjects or of those named."""
    cursor = await connection.execute(_SQL["series"], {"store_id": store_id, "stream": stream})
    return [row["series_id"] for row in await cursor.fetchall() if subjects is None or row["subject_id"] in subjects]


async def footfall_points(connection: Connection, *, store_id: str, span: TimeSpan, step: Step) -> list[dict[str, Any]]:
    """Return counts per line and step (line_id, at, in_count, out_count), by time."""
    values = {
        "series_ids": await series_ids(connection, store_id=store_id, stream="footfall"),
        "from_at": floor_to(span.from_at, step.duration),
        "to_at": span.to_at,
    }
    return await (await connection.execute(_SQL[f"footfall_{step.value}"], values)).fetchall()
