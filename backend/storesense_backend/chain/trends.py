"""Trends by local day of the KPIs that a store's days do not add up: lanes against the advice, and devices' uptime.

Each value is what the KPI of that name says of the same day, up to its last whole quarter of an hour that is past.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from storesense_backend.database import Connection
from storesense_backend.kpi_steps import QUARTER
from storesense_backend.local_days import LocalDay, day_start, local_day
from storesense_backend.measurements import series_ids
from storesense_backend.ranges import MINUTE, floor_to
from storesense_backend.staffing.records import Tills
from storesense_contracts.layout import StoreLayout
from storesense_contracts.sql import load_queries

_SQL = load_queries("storesense_backend", "sql/chain.sql")

Trends = Mapping[str, Mapping[date, float | None]]


async def trends(connection: Connection, *, layout: StoreLayout, days: int, now: datetime) -> Trends:
    """Return the values of each KPI by local date, of the last ``days``, today among them."""
    zone = layout.zone_info
    today = local_day(now, zone).date
    dates = [today - timedelta(days=back) for back in range(days)]
    spans = [LocalDay(day, day_start(day, zone), day_start(day + timedelta(days=1), zone)) for day in dates]
    until = floor_to(now, QUARTER)
    values: dict[str, Any] = {
        "store_id": layout.id,
        "time_zone": layout.time_zone,
        "from_at": spans[-1].starts_at,
        "to_at": until,
        "series_ids": await series_ids(connection, store_id=layout.id, stream="health"),
    }
    rows = await (await connection.execute(_SQL["device_days"], values)).fetchall()
    found = {"device_uptime": {span.date: uptime(rows, span, until) for span in spans}}
    if Tills.of(layout).lane_ids:
        lanes = await (await connection.execute(_SQL["lane_days"], values)).fetchall()
        found["lanes_open_against_needed"] = {row["local_date"]: row["lanes"] for row in lanes}
    return found


def uptime(rows: Sequence[Mapping[str, Any]], day: LocalDay, until: datetime) -> float | None:
    """Return the share of registered devices' minutes of a day in which they told their health.

    Args:
        rows: of each registered device and local date with readings (or once with neither) ``registered_at``,
            ``local_date``, ``measured_minutes`` and ``first_at``, the first reading of that date.
        day: the day.
        until: where the time that is past ends.
    """
    measured = expected = 0
    devices = {row["device_id"]: row["registered_at"] for row in rows}
    told = {row["device_id"]: row for row in rows if row["local_date"] == day.date}
    for device_id, registered_at in devices.items():
        row = told.get(device_id)
        # Readings from before the registration count, and so does the time since the first of them.
        known_at = registered_at if row is None else min(registered_at, row["first_at"])
        since = max(day.starts_at, floor_to(known_at + MINUTE - timedelta(microseconds=1), MINUTE))
        minutes = max(0, (min(day.ends_at, until) - since) // MINUTE)
        expected += minutes
        measured += min(minutes, 0 if row is None else row["measured_minutes"])
    return measured / expected if expected else None
