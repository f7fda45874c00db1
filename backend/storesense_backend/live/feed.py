"""The live feed of a process: one listening connection, the states of stores that somebody watches, and the watchers.

A store's state is read when it is first asked for and then follows the batch numbers. Notices only say that it is time
to look; without them the feed looks every ``live_poll_s``. Loading a store and taking new batches exclude each other,
so a batch is in a state exactly once.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from storesense_backend.database import Connection, Pool, connected
from storesense_backend.errors import NotFoundError, UnavailableError
from storesense_backend.flow import queues_lately
from storesense_backend.live import reader
from storesense_backend.live.state import ID_FIELDS, LATEST_FAMILIES, RESOLVED_SHOWN, Changes, StoreState
from storesense_backend.live.subscription import Offer, Subscription
from storesense_backend.live.turns import Turns
from storesense_backend.metrics import BackendMetrics
from storesense_backend.reconnecting import Reconnecting
from storesense_backend.settings import BackendSettings
from storesense_contracts.clock import Clock

_LOG = logging.getLogger(__name__)

_CHANNELS = ("storesense_batches", "storesense_devices", "storesense_alerts", "storesense_registry")
_LEAST_PAUSE_S = 0.05
_SERVICES_EVERY_S = 60.0
_PARTITION_BITS = 40


@dataclass(slots=True)
class _Watched:
    state: StoreState
    reached: dict[int, int]
    asked_s: float
    subscriptions: set[Subscription] = field(default_factory=set)
    offers: int = 0

    def offer(self, now: datetime, changes: Changes) -> None:
        """Offer changes to all who watch."""
        self.offers += 1
        base = {"store_id": self.state.store_id, "at": now, "day_started_at": self.state.day.starts_at}
        offer = Offer(base, changes, self.offers)
        for subscription in self.subscriptions:
            subscription.offer_changes(offer)


@dataclass(slots=True)
class _News:
    """What notices said since the last look."""

    devices: set[str] = field(default_factory=set)
    alerts: set[int] = field(default_factory=set)
    registry: bool = False
    everything: bool = False


class LiveFeed:
    """Keeps live states and tells watchers what changes.

    Args:
        conninfo: libpq connection string, for the listening connection.
        pool: for everything else.
        clock: the present.
        settings: of the backend.
        metrics: where to count.
    """

    def __init__(
        self, *, conninfo: str, pool: Pool, clock: Clock, settings: BackendSettings, metrics: BackendMetrics
    ) -> None:
        self._conninfo = conninfo
        self._pool = pool
        self._clock = clock
        self._settings = settings
        self._metrics = metrics
        self.turns = Turns(settings.stream_updates_per_s, metrics.stream_events.labels(event="update").inc)
        metrics.streams_blocked.set_function(lambda: self.turns.blocked)
        self._stores: dict[str, _Watched] = {}
        self._cursors: dict[int, int] = {}
        self._lock = asyncio.Lock()
        self._refresh_due_s = 0.0
        self._services_due_s = 0.0
        self._subscription_count = 0
        self._is_closing = False
        self._is_torn = False
        self.is_listening = False

    async def run(self) -> None:
        """Listen until cancelled; a lost connection is made again, and nothing is missed meanwhile."""
        await Reconnecting("the live feed", self._clock).run(self._run_connected, forget=self._tear)

    def _tear(self) -> None:
        self.is_listening = False
        self._is_torn = True

    async def _run_connected(self) -> None:
        timeout_s = self._settings.statement_timeout_s
        async with connected(
            self._conninfo, application_name="storesense live", statement_timeout_s=timeout_s
        ) as connection:
            for channel in _CHANNELS:
                await connection.execute(f"LISTEN {channel}")
            self.is_listening = True
            news = _News(everything=True)
            while True:
                await self.look(news)
                news = _News()
                await asyncio.sleep(_LEAST_PAUSE_S)
                async for notice in connection.notifies(timeout=self._settings.live_poll_s, stop_after=1):
                    _take_notice(news, notice.channel, notice.payload)

    async def look(self, news: "_News | None" = None) -> None:
        """Bring all states up to date and tell the watchers."""
        news = news or _News(everything=True)
        now_s = self._clock.monotonic_s()
        if now_s >= self._refresh_due_s:
            news.everything = True
            self._refresh_due_s = now_s + self._settings.live_refresh_s
        async with self._lock, self._pool.connection() as connection:
            self._forget_unwatched(now_s)
            if self._is_torn:
                # A look was broken off: what it had already taken may not have been told.
                self._cursors = await reader.heads(connection)
                await self._reload(connection, list(self._stores))
                self._is_torn = False
            await self._take_batches(connection)
            if not self._stores:
                return
            are_all = news.everything or news.registry
            await self._take_devices(connection, self._stores if are_all else news.devices)
            await self._take_alerts(connection, news)
            if now_s >= self._services_due_s:
                self._services_due_s = now_s + _SERVICES_EVERY_S
                await self._take_services(connection)
            if news.registry or news.everything:
                await self._take_layouts(connection)

    def _forget_unwatched(self, now_s: float) -> None:
        idle_s = self._settings.live_idle_s
        for store_id, watched in list(self._stores.items()):
            if not watched.subscriptions and now_s - watched.asked_s > idle_s:
                del self._stores[store_id]

    async def _take_batches(self, connection: Connection) -> None:
        heads = await reader.heads(connection)
        now = self._clock.now()
        changes: dict[str, Changes] = {
            store_id: watched.state.turn_day(now) for store_id, watched in self._stores.items()
        }
        for partition_no, head in heads.items():
            after = self._cursors.get(partition_no, partition_no << _PARTITION_BITS)
            if head > after and self._stores:
                rows = await reader.new_rows(connection, after=after, upto=head, store_ids=self._stores, now=now)
                if rows is None:
                    self._cursors = heads
                    await self._reload(connection, list(self._stores))
                    return
                self._apply(rows, partition_no, changes)
            self._cursors[partition_no] = head
        for store_id, changed in changes.items():
            if changed:
                self._stores[store_id].offer(now, changed)

    def _apply(self, rows: dict[str, list[dict[str, Any]]], partition_no: int, changes: dict[str, Changes]) -> None:
        for row in rows["footfall"]:
            watched = self._stores[row["store_id"]]
            if row["batch_no"] > watched.reached.get(partition_no, -1):
                item = watched.state.count(row["line_id"], row["measured_at"], row["in_count"], row["out_count"])
                if item is not None:
                    changes[row["store_id"]].setdefault("footfall", {})[row["line_id"]] = item
        for family in LATEST_FAMILIES:
            for row in rows[family]:
                store_id = row.pop("store_id")
                watched = self._stores[store_id]
                if row.pop("batch_no") > watched.reached.get(partition_no, -1) and watched.state.put_latest(
                    family, row
                ):
                    changes[store_id].setdefault(family, {})[row[ID_FIELDS[family]]] = row
        self._metrics.live_rows.inc(sum(map(len, rows.values())))

    async def _take_devices(self, connection: Connection, store_ids: Iterable[str]) -> None:
        concerned = [store_id for store_id in store_ids if store_id in self._stores]
        if not concerned:
            return
        now = self._clock.now()
        found = await reader.devices(connection, concerned, now)
        for store_id in concerned:
            watched = self._stores[store_id]
            changed = watched.state.put_devices(found.get(store_id, []))
            if changed is None:
                snapshot = watched.state.snapshot(now)
                for subscription in watched.subscriptions:
                    subscription.offer_snapshot(snapshot)
            elif changed:
                watched.offer(now, {"devices": changed})

    async def _take_alerts(self, connection: Connection, news: _News) -> None:
        if news.everything:
            since = self._clock.now() - RESOLVED_SHOWN
            found = await reader.current_alerts(connection, store_ids=list(self._stores), resolved_since=since)
        elif news.alerts:
            found = await reader.alerts_by_id(connection, sorted(news.alerts))
        else:
            return
        for alert in sorted(found, key=lambda a: a["alert_id"]):
            watched = self._stores.get(alert["store_id"])
            if watched is not None and watched.state.put_alerts([alert]):
                for subscription in watched.subscriptions:
                    subscription.offer_alert(alert)

    async def _take_services(self, connection: Connection) -> None:
        now = self._clock.now()
        for watched in self._stores.values():
            changed = watched.state.put_services(await queues_lately(connection, layout=watched.state.layout, now=now))
            if changed:
                watched.offer(now, {"queues": changed})

    async def _take_layouts(self, connection: Connection) -> None:
        versions = await reader.layout_versions(connection, self._stores)
        changed = [
            store_id
            for store_id, watched in self._stores.items()
            if versions.get(store_id) != watched.state.layout_version
        ]
        if changed:
            await self._reload(connection, changed)

    async def _reload(self, connection: Connection, store_ids: Iterable[str]) -> None:
        for store_id in store_ids:
            watched = self._stores[store_id]
            try:
                watched.state, watched.reached = await reader.load_state(connection, store_id, self._clock.now())
            except (NotFoundError, ValidationError):
                del self._stores[store_id]
                for subscription in watched.subscriptions:
                    subscription.close()
                continue
            for subscription in watched.subscriptions:
                subscription.offer_snapshot(watched.state.snapshot(self._clock.now()))

    async def _watched(self, store_id: str) -> _Watched:
        async with self._lock:
            watched = self._stores.get(store_id)
            if watched is None:
                self._make_room()
                async with self._pool.connection() as connection:
                    if not self._stores:
                        self._cursors = await reader.heads(connection)
                    state, reached = await reader.load_state(connection, store_id, self._clock.now())
                watched = self._stores[store_id] = _Watched(state, reached, 0.0)
            watched.asked_s = self._clock.monotonic_s()
            return watched

    def _make_room(self) -> None:
        if len(self._stores) < self._settings.live_stores:
            return
        idle = [store_id for store_id, watched in self._stores.items() if not watched.subscriptions]
        if not idle:
            raise UnavailableError("too many stores are watched at once; try again later", code="too_many_stores")
        del self._stores[min(idle, key=lambda store_id: self._stores[store_id].asked_s)]

    async def snapshot(self, store_id: str) -> dict[str, Any]:
        """Return what is now the case in a store.

        Raises:
            NotFoundError: there is no such store.
            UnavailableError: too many stores are watched.
        """
        watched = await self._watched(store_id)
        return watched.state.snapshot(self._clock.now())

    @asynccontextmanager
    async def subscribe(self, store_id: str) -> AsyncIterator[Subscription]:
        """Watch a store; the first thing to be told is a snapshot.

        Raises:
            NotFoundError: there is no such store.
            UnavailableError: too many watch already, or the service is ending.
        """
        if self._is_closing:
            raise UnavailableError("the service is ending", code="ending")
        if self._subscription_count >= self._settings.max_streams:
            raise UnavailableError(
                "too many live streams are open; close one, or raise STORESENSE_BACKEND_MAX_STREAMS",
                code="too_many_streams",
                headers={"Retry-After": "5"},
            )
        self._subscription_count += 1
        subscription = Subscription(store_id)
        try:
            watched = await self._watched(store_id)
            watched.subscriptions.add(subscription)
            subscription.offer_snapshot(watched.state.snapshot(self._clock.now()))
            self._metrics.streams.inc()
            try:
                yield subscription
            finally:
                self._metrics.streams.dec()
                watched.subscriptions.discard(subscription)
        finally:
            self._subscription_count -= 1

    def close(self) -> None:
        """End all subscriptions, so that their connections can end; no further ones are given."""
        self._is_closing = True
        for watched in self._stores.values():
            for subscription in watched.subscriptions:
                subscription.close()


def _take_notice(news: _News, channel: str, payload: str) -> None:
    if channel == "storesense_devices":
        news.devices.add(payload.partition("/")[0])
    elif channel == "storesense_alerts":
        alert_id = payload.rpartition(":")[2]
        if alert_id.isdecimal() and len(alert_id) < 19:
            news.alerts.add(int(alert_id))
    elif channel == "storesense_registry":
        news.registry = True
