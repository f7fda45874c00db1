"""The chain's overview: what is the case now is asked anew each time, figures are made in the background and kept.

A store's figures take some dozen queries. So an answer never waits for them: it has those that were made before, with
their instant, or none yet; whoever asks has those older than a minute made anew, a few stores at a time.
"""

import asyncio
import logging
from collections import OrderedDict
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

import psycopg
from psycopg_pool import PoolTimeout
from pydantic import ValidationError

from storesense_backend import registry
from storesense_backend.chain.attention import is_on_target, reasons
from storesense_backend.chain.trends import Trends, trends
from storesense_backend.database import Connection, Pool
from storesense_backend.depletion.records import Depletion
from storesense_backend.ending import ended
from storesense_backend.errors import ApiError
from storesense_backend.kpi_steps import histogram_share
from storesense_backend.kpis import Kpi
from storesense_backend.local_days import local_day
from storesense_backend.ranges import TimeSpan
from storesense_backend.store_kpis import store_kpis
from storesense_contracts.clock import Clock
from storesense_contracts.layout import StoreLayout
from storesense_contracts.sql import load_queries

_LOG = logging.getLogger(__name__)
_SQL = load_queries("storesense_backend", "sql/chain.sql")

TREND_DAYS = 14
_FRESH = timedelta(seconds=60)
_MOST_KEPT = 2_000
_WORKERS = 2
_WEEK = timedelta(days=7)
_COUNTS = (
    "critical_alerts",
    "warning_alerts",
    "info_alerts",
    "taken_alerts",
    "devices_offline",
    "devices_never_seen",
    "devices_total",
)


@dataclass(frozen=True, slots=True)
class StoreFigures:
    """A store's KPIs of a span, and of the same span some weeks earlier, and trends that store_days does not tell."""

    layout_version: int
    made_at: datetime
    span: TimeSpan
    before: TimeSpan
    kpis: tuple[Kpi, ...]
    earlier: dict[str, float | None]
    trends: Trends


def spans(days: int, layout: StoreLayout, now: datetime) -> tuple[TimeSpan, TimeSpan]:
    """Return the span of the last ``days`` local days, today among them, and the one that it is compared with.

    That one lies whole weeks earlier, so that the same days of the week are compared, up to the same time of day.
    """
    zone = layout.zone_info
    starts_at = local_day(now - timedelta(days=days - 1), zone).starts_at
    span = TimeSpan(starts_at, max(now, starts_at + timedelta(minutes=1)))
    back = _WEEK * -(-days // 7)

    def earlier(at: datetime) -> datetime:
        # The wall clock is moved, not the instant: a change of clocks between the two does not shift the comparison.
        wall = at.astimezone(zone)
        return (wall.replace(tzinfo=None) - back).replace(tzinfo=zone, fold=wall.fold).astimezone(span.to_at.tzinfo)

    return span, TimeSpan(earlier(span.from_at), earlier(span.to_at))


class ChainBoard:
    """Answers for all stores; ``run`` makes the figures as long as the backend lasts."""

    def __init__(self, *, pool: Pool, clock: Clock, depletion: Depletion) -> None:
        self._pool = pool
        self._clock = clock
        self._depletion = depletion
        self._kept: OrderedDict[tuple[str, int], StoreFigures] = OrderedDict()
        self._due: OrderedDict[tuple[str, int], None] = OrderedDict()
        self._wake = asyncio.Event()

    async def answer(self, connection: Connection, *, days: int, now: datetime) -> dict[str, Any]:
        """Tell of all stores what needs attention, the neediest first, with the KPIs that are known.

        Args:
            connection: to the database.
            days: how many local days the figures are of, today among them.
            now: the present.
        """
        rows = await (await connection.execute(_SQL["stores"], {"now": now})).fetchall()
        wanted: dict[str, dict[str, float]] = {}
        for row in await (await connection.execute(_SQL["targets"], {"store_id": None})).fetchall():
            wanted.setdefault(row["store_id"], {})[row["kpi"]] = row["target"]
        past: dict[str, dict[date, dict[str, Any]]] = {}
        for row in await (await connection.execute(_SQL["days"], {"now": now, "days": TREND_DAYS})).fetchall():
            past.setdefault(row["store_id"], {})[row["local_date"]] = row
        targets_s = {row["store_id"]: row.pop("wait_target_s") for row in rows}
        for store_id, days_of in past.items():
            for row in days_of.values():
                within, served = row.pop("served_within"), row.pop("served")
                row["served_within_target"] = histogram_share(within, served, targets_s.get(store_id, 120))
        stores = [self._entry(row, days, now, wanted, past) for row in rows]
        if self._due:
            self._wake.set()
        stores.sort(key=lambda store: (-store["attention"], store["name"], store["store_id"]))
        return {"at": now, "days": days, "stores": stores}

    def _entry(
        self,
        row: dict[str, Any],
        days: int,
        now: datetime,
        wanted: dict[str, dict[str, float]],
        past: dict[str, dict[date, dict[str, Any]]],
    ) -> dict[str, Any]:
        key = (row["store_id"], days)
        known = self._kept.get(key)
        if known is not None and known.layout_version != row["layout_version"]:
            known = None
        if known is None or not timedelta(0) <= now - known.made_at < _FRESH:
            self._due[key] = None
        figures = None
        dates: list[date] = []
        if known is not None:
            store_days = past.get(row["store_id"], {})
            last = max(store_days, default=None)
            dates = [] if last is None else [last - timedelta(days=back) for back in range(TREND_DAYS - 1, -1, -1)]
            targets = wanted.get(row["store_id"], {})
            figures = [_figure(kpi, known, targets.get(kpi.name), store_days, dates) for kpi in known.kpis]
        found = reasons({name: row[name] for name in _COUNTS}, figures)
        return {key: value for key, value in row.items() if key != "layout_version"} | {
            "attention": sum(reason.points for reason in found),
            "reasons": [asdict(reason) for reason in found],
            "figures": None
            if known is None
            else {
                "made_at": known.made_at,
                "from": known.span.from_at,
                "to": known.span.to_at,
                "previous_from": known.before.from_at,
                "previous_to": known.before.to_at,
                "trend_dates": dates,
                "kpis": figures,
            },
        }

    async def run(self) -> None:
        """Make figures that were asked for, for ever; while the database is away, they wait to be asked for again."""
        workers = [asyncio.create_task(self._work(), name=f"chain figures {n + 1}") for n in range(_WORKERS)]
        try:
            await asyncio.wait(workers, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await ended(*workers)

    async def _work(self) -> None:
        while True:
            while not self._due:
                self._wake.clear()
                await self._wake.wait()
            (store_id, days), _ = self._due.popitem(last=False)
            try:
                async with self._pool.connection() as connection:
                    made = await self._make(connection, store_id, days)
            except (psycopg.Error, PoolTimeout, ValidationError, ApiError) as exc:
                _LOG.warning(
                    "%s has no figures for the overview: %s: %s",
                    store_id,
                    type(exc).__name__,
                    exc,
                    extra={"store_id": store_id},
                )
                continue
            self._kept[store_id, days] = made
            self._kept.move_to_end((store_id, days))
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)

    async def _make(self, connection: Connection, store_id: str, days: int) -> StoreFigures:
        store = await registry.get_store(connection, store_id)
        layout = StoreLayout.model_validate(store["layout"])
        now = self._clock.now()
        span, before = spans(days, layout, now)
        found, earlier = [
            await store_kpis(connection, store=store, layout=layout, depletion=self._depletion, span=each, now=now)
            for each in (span, before)
        ]
        return StoreFigures(
            layout_version=store["layout_version"],
            made_at=now,
            span=span,
            before=before,
            kpis=tuple(found),
            earlier={kpi.name: kpi.value for kpi in earlier},
            trends=await trends(connection, layout=layout, days=TREND_DAYS, now=now),
        )


def _figure(
    kpi: Kpi,
    known: StoreFigures,
    target: float | None,
    store_days: dict[date, dict[str, Any]],
    dates: list[date],
) -> dict[str, Any]:
    trend: list[float | None] | None = None
    if dates and kpi.name in known.trends:
        trend = [known.trends[kpi.name].get(day) for day in dates]
    elif dates and kpi.name in store_days[dates[-1]]:
        trend = [store_days[day][kpi.name] if day in store_days else None for day in dates]
    return asdict(kpi) | {
        "unit": kpi.unit,
        "previous": known.earlier.get(kpi.name),
        "target": target,
        "is_on_target": is_on_target(kpi.name, kpi.value, target),
        "trend": trend,
    }
