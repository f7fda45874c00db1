"""Forecasts and anomalies from the database: a store is learnt anew with each local hour or sooner, and kept."""

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from storesense_backend.database import Connection
from storesense_backend.forecasts.anomalies import SCORE_AT_LIMIT
from storesense_backend.forecasts.holiday_names import calendar_of, country_of
from storesense_backend.forecasts.store_hours import HISTORY_DAYS, StoreHours, learn_hours
from storesense_backend.learning_pace import holds_until
from storesense_backend.local_days import day_start
from storesense_backend.measurements import series_ids
from storesense_backend.recent_stores import RecentStores
from storesense_contracts.layout import StoreLayout
from storesense_contracts.sql import load_queries

_SQL = load_queries("storesense_backend", "sql/forecasts.sql")

KEPT_DAYS = 400
_TIMEOUT_S = 60
_SETTLING = timedelta(minutes=5)
"""How long after an hour's end its readings are waited for."""


@dataclass(frozen=True, slots=True)
class _Known:
    layout_version: int
    hour_at: datetime
    learnt_at: datetime
    hours: StoreHours


class Forecasts:
    """Learns stores' hours; keeps those of the most recently asked 200."""

    def __init__(self) -> None:
        self._stores: RecentStores[_Known] = RecentStores()

    async def of(self, connection: Connection, layout: StoreLayout, layout_version: int, now: datetime) -> StoreHours:
        """Return what is known of a store's hours up to the last that is over.

        Args:
            connection: to the database.
            layout: of the store.
            layout_version: goes up when the layout changes.
            now: the present.
        """
        hour_at = last_hour(now)
        async with self._stores.lock(layout.id):
            known = self._stores.get(layout.id)
            if (
                known is None
                or (known.layout_version, known.hour_at) != (layout_version, hour_at)
                or not known.learnt_at <= now < holds_until(known.learnt_at, known.hours.days_measured)
            ):
                hours = await self._learn(connection, layout, hour_at, now)
                known = _Known(layout_version, hour_at, now, hours)
            self._stores.put(layout.id, known)
            return known.hours

    async def _learn(self, connection: Connection, layout: StoreLayout, hour_at: datetime, now: datetime) -> StoreHours:
        zone = layout.zone_info
        end = (hour_at + timedelta(hours=1)).astimezone(zone)
        first = now.astimezone(zone).date() - timedelta(days=HISTORY_DAYS)
        subjects = {
            "visitors": ("lines", "footfall", [line.id for line in layout.lines if line.is_entrance]),
            "mean_dwell": ("zones", "zone", [zone_.id for zone_ in layout.customer_zones]),
            "queue_length": ("queues", "queue", [queue.id for queue in layout.queues]),
            "wait_mean": ("queues", "queue", [queue.id for queue in layout.queues]),
            "on_shelf_availability": ("slots", "shelf", [slot.id for slot in layout.slots]),
        }
        values: dict[str, Any] = {
            key: await series_ids(connection, store_id=layout.id, stream=stream, subjects=ids)
            for key, stream, ids in subjects.values()
        }
        values |= {"zone": str(zone), "since": day_start(first, zone), "until": hour_at + timedelta(hours=1)}
        async with connection.transaction():
            await connection.execute(f"SET LOCAL statement_timeout = '{_TIMEOUT_S}s'")
            rows = await (await connection.execute(_SQL["hours"], values)).fetchall()
        # Today and tomorrow stand behind the history.
        calendar = calendar_of(first, HISTORY_DAYS + 2, country_of(str(zone)))
        series = {kpi: len(ids) for kpi, (_, _, ids) in subjects.items()}
        return await asyncio.to_thread(learn_hours, rows, calendar, series, (end.date(), end.hour))

    async def judge(
        self, connection: Connection, layout: StoreLayout, layout_version: int, now: datetime
    ) -> list[dict[str, Any]]:
        """Judge the last hour that is over, keep its anomalies, and return all of its KPIs."""
        hours = await self.of(connection, layout, layout_version, now)
        hour_at = last_hour(now)
        local = hour_at.astimezone(layout.zone_info)
        judged = hours.judged(local.date(), local.hour)
        for found in judged:
            if found["score"] > SCORE_AT_LIMIT:
                values = found | {"store_id": layout.id, "hour_at": hour_at, "found_at": now}
                values["explanation"] = json.dumps(found["explanation"])
                await connection.execute(_SQL["keep"], values)
        if judged and local.hour == 0:
            before = now - timedelta(days=KEPT_DAYS)
            await connection.execute(_SQL["forget"], {"store_id": layout.id, "before": before})
        return judged


def last_hour(now: datetime) -> datetime:
    """Return when the last hour began that is over and whose readings have arrived."""
    return (now - _SETTLING).replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)


async def anomalies(
    connection: Connection, store_id: str, from_at: datetime, to_at: datetime, kpi: str | None
) -> list[dict[str, Any]]:
    """Return the anomalies that were kept of a span, oldest first, at most a thousand."""
    values = {"store_id": store_id, "from_at": from_at, "to_at": to_at, "kpi": kpi}
    return await (await connection.execute(_SQL["anomalies"], values)).fetchall()
