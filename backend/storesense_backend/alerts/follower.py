"""The alert engine's loop: follow the committed batches, judge them, and write what follows, once and in order.

One connection does it all. It holds the lease (an advisory lock), so whoever loses it can write nothing more; it
listens; and in one transaction a step reads new batches and writes the cursor, the causes' states and the alerts. An
engine that stops in the middle leaves nothing behind, and the next one continues at the cursor.
"""

import asyncio
import logging
import random
import time
from datetime import datetime, timedelta

import psycopg
from psycopg.rows import dict_row

from storesense_backend.alerts import ledger
from storesense_backend.alerts.engine import Engine
from storesense_backend.alerts.metrics import AlertMetrics
from storesense_backend.alerts.values import Timing
from storesense_backend.database import Connection, session_options, with_timeout
from storesense_backend.settings import AlertsSettings
from storesense_contracts.backoff import Backoff
from storesense_contracts.clock import Clock

_LOG = logging.getLogger(__name__)
_RETRY = Backoff(base_s=0.2, limit_s=10.0)

LEASE_KEY = 0x53746F416C72
"""One engine judges a database at a time."""
_STATEMENT_TIMEOUT_S = 30.0
_STEP_LIMIT_S = 60.0
_UNHEALTHY_AFTER_S = 15.0
# A frozen or vanished engine loses its session, and so the lease, within seconds.
_LEASE_TERMS = (
    "SET idle_session_timeout = '15s'",
    "SET idle_in_transaction_session_timeout = '10s'",
    "SET tcp_keepalives_idle = 5",
    "SET tcp_keepalives_interval = 2",
    "SET tcp_keepalives_count = 3",
)


class AlertFollower:
    """Runs the engine against one database until it is cancelled.

    Args:
        conninfo: libpq connection string.
        clock: the present.
        settings: of the engine.
        metrics: where to count.
    """

    def __init__(self, *, conninfo: str, clock: Clock, settings: AlertsSettings, metrics: AlertMetrics) -> None:
        self._conninfo = conninfo
        self._clock = clock
        self._settings = settings
        self._metrics = metrics
        self._timing = Timing(late_s=settings.late_s, stale_s=settings.stale_s, settle_s=settings.settle_s)
        self._engine = Engine(self._timing)
        self._marks: dict[str, tuple[object, ...]] = {}
        self._unreadable: set[str] = set()
        self._alive_s = clock.monotonic_s()
        self._reload_due_s = 0.0
        self._is_leading = False
        self._problem: str | None = None

    @property
    def health(self) -> dict[str, object]:
        """Tell how the engine is: ``status`` is ``ok`` or ``failing``, ``role`` is ``leading`` or ``standby``."""
        quiet_s = self._clock.monotonic_s() - self._alive_s
        is_well = self._problem is None and quiet_s < _UNHEALTHY_AFTER_S
        return {
            "status": "ok" if is_well else "failing",
            "role": "leading" if self._is_leading else "standby",
            "problem": self._problem or (None if is_well else f"nothing was done for {quiet_s:.0f} s"),
            "watches": self._engine.watch_count,
            "unreadable_stores": sorted(self._unreadable),
        }

    async def run(self) -> None:
        """Follow until cancelled; a lost connection is made again."""
        failures = 0
        while True:
            began_s = self._clock.monotonic_s()
            try:
                await self._run_connected()
            except (psycopg.Error, OSError, TimeoutError) as exc:
                failures = 1 if self._clock.monotonic_s() - began_s > 60.0 else failures + 1
                self._problem = f"{type(exc).__name__}: {exc}"
                self._metrics.reconnects.inc()
                _LOG.warning("the alert engine lost its database and tries again: %s", exc)
            except Exception as exc:  # noqa: BLE001 -- the supervisor: it logs and goes on
                failures += 1
                self._problem = f"{type(exc).__name__}: {exc}"
                _LOG.exception("the alert engine failed and begins anew")
            finally:
                self._is_leading = False
                self._metrics.is_leading.set(0)
            await asyncio.sleep(_RETRY.wait_s(failures, random.random()))  # noqa: S311 -- jitter is no secret

    async def _run_connected(self) -> None:
        connection: Connection = await psycopg.AsyncConnection.connect(
            with_timeout(self._conninfo),
            autocommit=True,
            row_factory=dict_row,
            application_name="storesense alerts",
            options=session_options(_STATEMENT_TIMEOUT_S),
        )
        async with connection:
            await self._wait_for_lease(connection)
            await self.begin(connection)
            while True:
                async with asyncio.timeout(_STEP_LIMIT_S):
                    more = await self.step(connection)
                if not more:
                    await self._wait_for_news(connection)

    async def _wait_for_lease(self, connection: Connection) -> None:
        for term in _LEASE_TERMS:
            await connection.execute(term)
        while not await ledger.try_lease(connection, LEASE_KEY):
            self._alive()
            await asyncio.sleep(self._settings.tick_s)
        _LOG.info("this alert engine leads")

    async def begin(self, connection: Connection) -> None:
        """Take over: read what is remembered, and on the very first start begin at the present."""
        await connection.execute("LISTEN storesense_batches")
        await connection.execute("LISTEN storesense_registry")
        self._marks = {}
        self._engine = Engine(self._timing)
        self._engine.remember(await ledger.read_states(connection))
        await self._reload(connection)
        async with connection.transaction():
            now = self._clock.now()
            if not await ledger.has_followed(connection):
                for partition in await ledger.partitions(connection):
                    await ledger.save_cursor(connection, partition.partition_no, partition.head, now)
                observations: ledger.Observations = {}
                since = now - timedelta(seconds=self._settings.late_s)
                await ledger.newest_observations(connection, since=since, into=observations)
                decisions = self._engine.judge(observations, now)
                await ledger.write(connection, decisions)
            else:
                decisions = None
        if decisions is not None:
            self._engine.adopt(decisions)
        self._is_leading = True
        self._metrics.is_leading.set(1)

    async def step(self, connection: Connection) -> bool:
        """Judge new batches and the passing of time, in one transaction; True if more batches wait."""
        began_s = time.perf_counter()
        now = self._clock.now()
        observations: ledger.Observations = {}
        behind = 0
        async with connection.transaction():
            moved = []
            for partition in await ledger.partitions(connection):
                start = partition.partition_no << ledger.PARTITION_BITS
                cursor = start if partition.cursor is None else partition.cursor
                upto = min(partition.head, cursor + self._settings.batches_per_step)
                behind += partition.head - upto
                if upto > cursor:
                    since = ledger.horizon(now, self._timing.late_s, self._timing.stale_s)
                    await ledger.new_observations(connection, after=cursor, upto=upto, since=since, into=observations)
                    moved.append((partition.partition_no, upto))
            decisions = self._engine.judge(observations, now, caught_up=behind == 0)
            await ledger.write(connection, decisions)
            for partition_no, upto in moved:
                await ledger.save_cursor(connection, partition_no, upto, now)
        self._engine.adopt(decisions)
        for watch, change in decisions.changes:
            self._metrics.changes.labels(kind=watch.kind, change=change.kind.value).inc()
            _LOG.info(
                "alert %s: %s at %s/%s",
                change.kind.value,
                watch.rule_id,
                watch.store_id,
                watch.subject_id,
                extra={"store_id": watch.store_id, "rule_id": watch.rule_id, "subject_id": watch.subject_id},
            )
        self._measure(observations, behind, time.perf_counter() - began_s, moved_any=bool(moved))
        self._alive()
        return behind > 0

    async def _wait_for_news(self, connection: Connection) -> None:
        is_registry_news = False
        now = self._clock.now()
        due_at = self._engine.due_at(now)
        pause_s = self._settings.tick_s
        if due_at is not None:
            pause_s = min(pause_s, (due_at - now).total_seconds())
        async for notice in connection.notifies(timeout=pause_s, stop_after=1):
            is_registry_news = is_registry_news or notice.channel == "storesense_registry"
        if is_registry_news or self._clock.monotonic_s() >= self._reload_due_s:
            await self._reload(connection)

    async def _reload(self, connection: Connection) -> None:
        self._reload_due_s = self._clock.monotonic_s() + self._settings.reload_s
        marks = await ledger.registry_marks(connection)
        touched = [store_id for store_id, mark in marks.items() if self._marks.get(store_id) != mark]
        gone = [store_id for store_id in self._marks if store_id not in marks]
        for store_id, watches in (await ledger.read_watches(connection, touched)).items() if touched else ():
            if isinstance(watches, str):
                self._unreadable.add(store_id)
                _LOG.error("store %s: its layout or rules cannot be read, the former stay: %s", store_id, watches)
            else:
                self._unreadable.discard(store_id)
                self._engine.watch_store(store_id, watches)
        for store_id in gone:
            self._engine.watch_store(store_id, ())
        self._marks = marks
        unwatched = [key for key in self._engine.unwatched() if key[0] not in self._unreadable]
        if unwatched:
            async with connection.transaction():
                count = await ledger.withdraw(connection, unwatched, self._clock.now())
            self._engine.forget(unwatched)
            self._metrics.changes.labels(kind="any", change="withdrawn").inc(count)
        self._metrics.watches.set(self._engine.watch_count)

    def _measure(self, observations: ledger.Observations, behind: int, took_s: float, *, moved_any: bool) -> None:
        metrics = self._metrics
        metrics.batches_behind.set(behind)
        metrics.open.set(self._engine.open_count)
        if not moved_any:
            return
        metrics.step_s.observe(took_s)
        newest_at: datetime | None = None
        for (_, kind, _), seen in observations.items():
            metrics.observations.labels(kind=kind).inc(len(seen))
            metrics.late.inc(sum(o.arrival_delay_s > self._timing.late_s for o in seen))
            latest_at = max(o.received_at for o in seen)
            newest_at = latest_at if newest_at is None else max(newest_at, latest_at)
        if newest_at is not None:
            metrics.delay_s.set((self._clock.now() - newest_at).total_seconds())

    def _alive(self) -> None:
        self._alive_s = self._clock.monotonic_s()
        self._problem = None
