"""The alert engine's loop: follow the committed batches, judge them, and write what follows, once and in order.

Each engine judges the stores whose leases it holds. In one transaction a step reads new batches and writes cursors,
the causes' states and the alerts; the same transaction finds out whether a lease was lost, and then writes nothing. An
engine that stops in the middle leaves nothing behind, and the next one continues at the cursor.
"""

import asyncio
import logging
import time
from contextlib import suppress
from datetime import datetime, timedelta

import psycopg

from storesense_backend.alerts import incoming, ledger
from storesense_backend.alerts.assessing import Assessing
from storesense_backend.alerts.assessors import build_assessors
from storesense_backend.alerts.engine import Decisions, Engine
from storesense_backend.alerts.kinds.catalogue import PULSES
from storesense_backend.alerts.leases import PARTITION_BITS, Cursors, LeaseLostError, Leases, heads
from storesense_backend.alerts.life import records as lives
from storesense_backend.alerts.metrics import AlertMetrics
from storesense_backend.alerts.values import SEVERITIES, AlertChange, ChangeKind, Timing
from storesense_backend.alerts.watched_stores import WatchedStores
from storesense_backend.database import Connection, connected
from storesense_backend.ending import ended
from storesense_backend.notify.outbox import Event, enqueue_many
from storesense_backend.reconnecting import Reconnecting
from storesense_backend.settings import AlertsSettings
from storesense_contracts.clock import Clock

_LOG = logging.getLogger(__name__)
_STEP_LIMIT_S = 60.0
_EVENTS: dict[ChangeKind, Event] = {
    ChangeKind.OPENED: "opened",
    ChangeKind.WORSENED: "worsened",
    ChangeKind.RESOLVED: "resolved",
}
_HEARD_FOR = timedelta(minutes=1)
_SESSION_TERMS = (
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
        self._leases = Leases(settings.lease_s)
        self._stores = WatchedStores(self._engine, clock=clock, metrics=metrics)
        self._lasting = Reconnecting("the alert engine", clock, on_lost=metrics.reconnects.inc)
        self._reload_due_s = 0.0
        self._tend_due_s = 0.0
        self._lives_due_s = 0.0
        self.assessing = Assessing(build_assessors(), clock=clock, metrics=metrics, stores=lambda: self._stores.views)

    @property
    def health(self) -> dict[str, object]:
        """Tell how the engine is: ``status`` is ``ok`` or ``failing``, ``role`` is ``leading`` or ``standby``."""
        return {
            **self._lasting.health,
            "role": "leading" if self._leases.store_ids else "standby",
            "stores": len(self._leases.store_ids),
            "watches": self._engine.watch_count,
            "unreadable_stores": self._stores.unreadable,
        }

    async def run(self) -> None:
        """Follow until cancelled; a lost connection is made again."""
        assessing = asyncio.create_task(self.assessing.run(self._conninfo), name="alert assessors")
        try:
            await self._lasting.run(self._run_connected, forget=self._forget)
        finally:
            await ended(assessing)

    def _forget(self) -> None:
        # Whoever reads all anew begins where the database says; leases that still last are taken again by their name.
        for store_id in self._leases.store_ids:
            self._drop(store_id)
        self._metrics.is_leading.set(0)
        self._metrics.stores.set(0)

    def _drop(self, store_id: str) -> None:
        self._leases.drop([store_id])
        self._stores.drop(store_id)

    async def _run_connected(self) -> None:
        async with connected(self._conninfo, application_name="storesense alerts") as connection:
            for term in _SESSION_TERMS:
                await connection.execute(term)
            try:
                await self.begin(connection)
                while True:
                    async with asyncio.timeout(_STEP_LIMIT_S):
                        more = await self.step(connection)
                    if not more:
                        await self._wait_for_news(connection)
            finally:
                if not connection.closed and not connection.broken:
                    with suppress(psycopg.Error, OSError):
                        async with asyncio.timeout(2.0):
                            await self._leases.leave(connection)

    async def begin(self, connection: Connection) -> None:
        """Listen, take leases, and read what there is of their stores."""
        await connection.execute("LISTEN storesense_batches")
        await connection.execute("LISTEN storesense_registry")
        await self._tend(connection)

    async def _tend(self, connection: Connection) -> None:
        self._tend_due_s = self._clock.monotonic_s() + self._settings.lease_s / 3
        taken, lost = await self._leases.tend(connection)
        for store_id in lost:
            self._drop(store_id)
        if taken:
            await self._enter(connection, taken)
            _LOG.info("took the leases of %d stores", len(taken))
        self._metrics.stores.set(len(self._leases.store_ids))
        self._metrics.is_leading.set(1 if self._leases.store_ids else 0)

    async def _enter(self, connection: Connection, store_ids: list[str]) -> None:
        """Read what is known of stores whose leases were just taken; those never judged begin with the present."""
        now = self._clock.now()
        await self._stores.read(connection, store_ids)
        self._engine.remember(await ledger.read_states(connection, store_ids), store_ids)
        for subject in await incoming.known_subjects(connection, store_ids):
            self._engine.expect(subject, now)
        await self._stores.withdraw(connection)
        fresh = [store_id for store_id in store_ids if not self._leases.cursors_of(store_id)]
        if fresh:
            await self._begin_with_the_present(connection, fresh, now)
        self._reload_due_s = self._clock.monotonic_s() + self._settings.reload_s

    async def _begin_with_the_present(self, connection: Connection, fresh: list[str], now: datetime) -> None:
        observations: incoming.Observations = {}
        async with connection.transaction():
            ahead = {store_id: await heads(connection) for store_id in fresh}
            since = now - timedelta(seconds=self._settings.late_s)
            await incoming.newest_observations(connection, since=since, store_ids=fresh, into=observations)
            decisions = self._engine.judge(observations, now)
            await self._write(connection, decisions, ahead)
        self._engine.adopt(decisions)
        self._advance(ahead)

    async def _write(self, connection: Connection, decisions: Decisions, ahead: dict[str, Cursors]) -> None:
        """Write what was decided and how far that is, if the leases still hold; the caller has a transaction."""
        await self._leases.save(connection, decisions.store_ids() | ahead.keys(), ahead)
        written = await ledger.write(connection, decisions)
        told = [
            (each.alert_id, _EVENTS[each.change.kind], _occurrence(each.change))
            for each in written
            if each.change.kind in _EVENTS
        ]
        await enqueue_many(connection, told, self._clock.now())

    def _advance(self, ahead: dict[str, Cursors]) -> None:
        for store_id, cursors in ahead.items():
            for partition_no, batch_no in cursors.items():
                self._leases.advance(store_id, partition_no, batch_no)

    async def step(self, connection: Connection) -> bool:
        """Judge new batches and the passing of time, in one transaction; True if more batches wait."""
        if self._clock.monotonic_s() >= self._tend_due_s:
            await self._tend(connection)
        if self._clock.monotonic_s() >= self._lives_due_s:
            await self._pass_time(connection)
        began_s = time.perf_counter()
        now = self._clock.now()
        found = self.assessing.take()
        try:
            observations, behind, decisions = await self._step(connection, now, found)
        except LeaseLostError as exc:
            _LOG.warning("%s", exc)
            for store_id in exc.store_ids:
                self._drop(store_id)
            return True
        except BaseException:
            self.assessing.put_back(found)
            raise
        self._engine.adopt(decisions)
        self._tell(decisions)
        self._measure(observations, behind, time.perf_counter() - began_s)
        self._lasting.alive()
        return behind > 0

    async def _pass_time(self, connection: Connection) -> None:
        """Remind and escalate where that is due, and hear which moments staff declared done."""
        self._lives_due_s = self._clock.monotonic_s() + self._settings.tick_s
        now, held = self._clock.now(), self._leases.store_ids
        if not held:
            return
        for alert_id, happened in await lives.pass_time_in(connection, held, now):
            self._metrics.changes.labels(kind="any", change=happened.kind).inc()
            _LOG.info("alert %d: %s", alert_id, happened.kind)
        since = now - _HEARD_FOR
        for store_id, rule_id, subject_id, ended_at in await lives.ended_by_hand(connection, held, PULSES, since):
            self._engine.end_by_hand((store_id, rule_id, subject_id), ended_at)

    async def _step(
        self, connection: Connection, now: datetime, found: incoming.Observations
    ) -> tuple[incoming.Observations, int, Decisions]:
        held = set(self._leases.store_ids)
        observations: incoming.Observations = {
            subject: list(some) for subject, some in found.items() if subject[0] in held
        }
        behind, behind_stores = 0, set()
        async with connection.transaction():
            moved: dict[str, Cursors] = {}
            for partition_no, head in (await heads(connection)).items():
                for cursor, store_ids in self._by_cursor(partition_no).items():
                    upto = min(head, cursor + self._settings.batches_per_step)
                    if upto <= cursor:
                        continue
                    if upto < head:
                        behind = max(behind, head - upto)
                        behind_stores.update(store_ids)
                    await incoming.new_observations(
                        connection,
                        after=cursor,
                        upto=upto,
                        since=incoming.horizon(now, self._timing.late_s, self._timing.stale_s),
                        store_ids=store_ids,
                        families=self._engine.families,
                        into=observations,
                    )
                    for store_id in store_ids:
                        moved.setdefault(store_id, {})[partition_no] = upto
            decisions = self._engine.judge(observations, now, behind=frozenset(behind_stores))
            # A store that nothing was said of needs no cursor now; it is written when the lease is renewed.
            spoken = {subject[0] for subject in observations} | decisions.store_ids()
            await self._write(connection, decisions, {s: c for s, c in moved.items() if s in spoken})
        self._advance(moved)
        return observations, behind, decisions

    def _by_cursor(self, partition_no: int) -> dict[int, list[str]]:
        groups: dict[int, list[str]] = {}
        for store_id in self._leases.store_ids:
            start = partition_no << PARTITION_BITS
            groups.setdefault(self._leases.cursors_of(store_id).get(partition_no, start), []).append(store_id)
        return groups

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
        for store_id in await self._stores.read_changed(connection, self._leases.store_ids):
            self._drop(store_id)
        await self._stores.withdraw(connection)

    def _tell(self, decisions: Decisions) -> None:
        for watch, change in decisions.changes:
            self._metrics.changes.labels(kind=watch.kind.name, change=change.kind.value).inc()
            _LOG.info(
                "alert %s: %s at %s/%s",
                change.kind.value,
                watch.rule_id,
                watch.store_id,
                watch.subject_id,
                extra={"store_id": watch.store_id, "rule_id": watch.rule_id, "subject_id": watch.subject_id},
            )

    def _measure(self, observations: incoming.Observations, behind: int, took_s: float) -> None:
        metrics = self._metrics
        metrics.batches_behind.set(behind)
        metrics.open.set(self._engine.open_count)
        if not observations:
            return
        metrics.step_s.observe(took_s)
        newest_at: datetime | None = None
        for (_, family, _), seen in observations.items():
            metrics.observations.labels(kind=family).inc(len(seen))
            metrics.late.inc(sum(o.arrival_delay_s > self._timing.late_s for o in seen))
            latest_at = max(o.received_at for o in seen)
            newest_at = latest_at if newest_at is None else max(newest_at, latest_at)
        if newest_at is not None:
            metrics.delay_s.set((self._clock.now() - newest_at).total_seconds())


def _occurrence(change: AlertChange) -> int:
    # An alert gets worse once to each severity, so that is what tells one time from the next.
    return SEVERITIES.index(change.severity) if change.kind is ChangeKind.WORSENED else 0
