"""The delivery worker's loop: expand what is new, claim what is due, send it, and write what became of it.

All that must survive is in the database: a worker that dies loses its claims after a while, and another one, or itself
again, sends what it had, with the same keys. One connection works, a second one listens. Each channel has its own
limits, so that one that hangs or fails holds up nobody else.

What a channel took and the database does not know yet is sent again when the worker dies in between, so little may be
in between: a message is claimed, sent and noted as sent before the next one to the same channel is claimed, and those
to machines go through one turnstile, one after the other over all channels (see ``turnstile``).
"""

import asyncio
import logging
import random
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import psycopg

from storesense_backend.database import Connection, connected
from storesense_backend.ending import ended
from storesense_backend.notify import records
from storesense_backend.notify.flow_control import Breaker, Bucket, Pace
from storesense_backend.notify.metrics import NotifyMetrics
from storesense_backend.notify.outbox import CHANNEL
from storesense_backend.notify.outcomes import Ledger, Outcome
from storesense_backend.notify.parcels import Ready, make_ready
from storesense_backend.notify.routing import MACHINES
from storesense_backend.notify.senders.port import Sender, SendError
from storesense_backend.notify.turnstile import Turnstile
from storesense_backend.notify.vault import Vault
from storesense_backend.reconnecting import Reconnecting
from storesense_backend.settings import NotifySettings
from storesense_contracts.backoff import Backoff
from storesense_contracts.clock import Clock

_LOG = logging.getLogger(__name__)
_BREAKER_LIMIT_S = 600.0
_QUIET_S = 30.0
_FORGET_EVERY_S = 600.0
_GAUGES_EVERY_S = 5.0
_MOST_IN_FLIGHT = 128


@dataclass(slots=True)
class _Lane:
    """What is remembered of one channel while the worker runs."""

    bucket: Bucket
    breaker: Breaker
    in_flight: int = 0
    served_s: float = 0.0


@dataclass(slots=True)
class _Turn:
    """What one look at the database led to."""

    ready: list[Ready] = field(default_factory=list)
    wait_s: float = 3_600.0


class DeliveryWorker:
    """Delivers until cancelled.

    Args:
        conninfo: libpq connection string.
        clock: the present.
        settings: of the worker.
        senders: by kind of channel.
        metrics: where to count.
        vault: opens the channels' secrets.
    """

    def __init__(
        self,
        *,
        conninfo: str,
        clock: Clock,
        settings: NotifySettings,
        senders: Mapping[str, Sender],
        metrics: NotifyMetrics,
        vault: Vault,
    ) -> None:
        self._conninfo = conninfo
        self._clock = clock
        self._settings = settings
        self._senders = senders
        self._metrics = metrics
        self._vault = vault
        self._claims = records.Claims(f"worker-{secrets.token_hex(6)}", timedelta(seconds=settings.claim_s))
        self._ledger = Ledger(self._claims, settings)
        self._lanes: dict[int, _Lane] = {}
        self._turnstile = Turnstile(settings.turn_s)
        self._outcomes: list[Outcome] = []
        self._wake = asyncio.Event()
        self._sending: set[asyncio.Task[None]] = set()
        self._lasting = Reconnecting("the delivery worker", clock, quiet_s=_QUIET_S, on_lost=metrics.reconnects.inc)
        self._forget_due_s = 0.0
        self._gauges_due_s = 0.0

    @property
    def health(self) -> dict[str, object]:
        """Tell how the worker is: ``status`` is ``ok`` or ``failing``."""
        return {**self._lasting.health, "in_flight": len(self._sending), "broken_channels": self._broken()}

    def _broken(self) -> int:
        return sum(lane.breaker.is_broken for lane in self._lanes.values())

    async def run(self) -> None:
        """Deliver until cancelled; a lost connection is made again."""
        try:
            await self._lasting.run(self._run_connected)
        finally:
            # What a channel failed with is an outcome: no delivery raises anything here.
            await ended(*self._sending)
            for sender in self._senders.values():
                await sender.close()

    async def _run_connected(self) -> None:
        async with (
            connected(self._conninfo, application_name="storesense notify listener") as listener,
            connected(self._conninfo, application_name="storesense notify") as connection,
        ):
            await listener.execute(f"LISTEN {CHANNEL}")
            listening = asyncio.create_task(self._listen(listener), name="notify listener")
            try:
                while not listening.done():
                    turn = await self.step(connection)
                    await self._wait(turn)
                listening.result()
            finally:
                with suppress(psycopg.Error, OSError):
                    await ended(listening)
                await self._leave(connection)

    async def _leave(self, connection: Connection) -> None:
        # What is under way gets a moment, and what ended is written; the rest is given to whoever comes.
        if connection.closed or connection.broken:
            return
        with suppress(psycopg.Error, OSError):
            async with asyncio.timeout(5.0):
                if self._sending:
                    await asyncio.wait(self._sending, timeout=2.0)
                await self._write_outcomes(connection)
                if not self._sending:
                    await self._claims.give_back(connection)

    async def _listen(self, connection: Connection) -> None:
        while True:
            async for _ in connection.notifies(timeout=60.0, stop_after=1):
                self._wake.set()

    async def _wait(self, turn: _Turn) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.005, min(turn.wait_s, self._settings.tick_s))):
                await self._wake.wait()

    async def step(self, connection: Connection) -> _Turn:
        """Write what ended, expand what is new, and begin to send what is due."""
        self._wake.clear()
        await self._write_outcomes(connection)
        while await records.expand(connection, self._clock.now()):
            pass
        turn = await self._claim(connection)
        for ready in turn.ready:
            self._begin(ready)
        await self._keep_up(connection)
        self._lasting.alive()
        return turn

    async def settle(self) -> None:
        """Wait until nothing is under way, for tests."""
        while self._sending:
            await asyncio.wait(self._sending)

    def _lane(self, channel_id: int, kind: str) -> _Lane:
        lane = self._lanes.get(channel_id)
        if lane is None:
            settings = self._settings
            pace = (
                Pace(settings.machine_burst, settings.machine_per_s)
                if kind in MACHINES
                else Pace(settings.people_burst, settings.people_per_min / 60.0)
            )
            wait = Backoff(base_s=settings.breaker_s, limit_s=max(settings.breaker_s, _BREAKER_LIMIT_S))
            lane = self._lanes[channel_id] = _Lane(Bucket(pace), Breaker(settings.breaker_failures, wait))
        return lane

    def _since(self, work: records.Work) -> tuple[float, int]:
        return (self._lane(work.channel_id, work.kind).served_s, work.channel_id)

    async def _claim(self, connection: Connection) -> _Turn:
        turn = _Turn()
        groups: list[list[dict[str, Any]]] = []
        now, now_s = self._clock.now(), self._clock.monotonic_s()
        # Whoever waited longest comes first, so that a channel with much to tell holds up no other.
        found_work = await records.find_work(connection, now)
        for work in sorted(found_work, key=self._since):
            if work.next_due_at is not None:
                turn.wait_s = min(turn.wait_s, (work.next_due_at - now).total_seconds())
            if not work.ready:
                continue
            lane = self._lane(work.channel_id, work.kind)
            wait_s = lane.breaker.wait_s(now_s)
            tokens = lane.bucket.available(now_s)
            if wait_s > 0 or tokens < 1:
                turn.wait_s = min(turn.wait_s, wait_s or lane.bucket.wait_s())
                continue
            most = 1 if lane.breaker.is_broken else self._settings.concurrency
            room = min(most - lane.in_flight, _MOST_IN_FLIGHT - len(self._sending) - len(groups))
            if work.kind in MACHINES:
                turn_in_s = self._turnstile.wait_s(now_s)
                if turn_in_s > 0:
                    turn.wait_s = min(turn.wait_s, turn_in_s)
                    continue
            if room < 1:
                continue
            found = await self._claim_of(connection, work, now, tokens=tokens, room=room)
            lane.bucket.take(len(found))
            lane.served_s = now_s
            if found and work.kind in MACHINES:
                self._turnstile.enter(work.channel_id, now_s)
            groups += found
        if groups:
            turn.ready = await make_ready(connection, groups, now, vault=self._vault)
        return turn

    async def _claim_of(
        self, connection: Connection, work: records.Work, now: datetime, *, tokens: int, room: int
    ) -> list[list[dict[str, Any]]]:
        digest = await self._claims.take(connection, "claim_parcel", work, now)
        if not digest and work.ready > tokens:
            digest = await self._claims.take(connection, "claim_digest", work, now, limit=self._settings.digest_size)
        if digest:
            return [digest]
        rows = await self._claims.take(connection, "claim", work, now, limit=min(room, tokens))
        return [[row] for row in rows]

    def _begin(self, ready: Ready) -> None:
        channel_id = ready.way.channel_id
        lane = self._lane(channel_id, ready.kind)
        lane.in_flight += 1
        task = asyncio.create_task(self._send(ready), name=f"delivery to channel {channel_id}")
        self._sending.add(task)

        def done(ended: asyncio.Task[None]) -> None:
            self._sending.discard(ended)
            self._wake.set()

        task.add_done_callback(done)

    async def _send(self, ready: Ready) -> None:
        began_s = self._clock.monotonic_s()
        error: SendError | None = None
        if ready.parcel is not None:
            try:
                async with asyncio.timeout(self._settings.send_timeout_s + 1.0):
                    await self._sender(ready).send(ready.way, ready.parcel)
            except SendError as exc:
                error = exc
            except TimeoutError:
                error = SendError(f"no answer within {self._settings.send_timeout_s:g} s")
            except Exception as exc:  # noqa: BLE001 -- a supervisor: one channel's fault is not the worker's
                _LOG.exception("channel %s of store %s failed", ready.way.channel_id, ready.way.store_id)
                error = SendError(f"failed ({type(exc).__name__})")
        self._outcomes.append(Outcome(ready, error, self._clock.monotonic_s() - began_s))

    def _sender(self, ready: Ready) -> Sender:
        sender = self._senders.get(ready.kind)
        if sender is None:
            raise SendError(f"the delivery worker is not set up for channels of kind {ready.kind}")
        if ready.problem is not None:
            raise SendError(ready.problem)
        return sender

    async def _write_outcomes(self, connection: Connection) -> None:
        if not self._outcomes:
            return
        outcomes, self._outcomes = self._outcomes, []
        now = self._clock.now()
        try:
            await self._ledger.write(connection, outcomes, now)
        except BaseException:
            self._outcomes = outcomes + self._outcomes
            raise
        for outcome in outcomes:
            self._free(outcome.ready)
            self._count(outcome, now)

    def _free(self, ready: Ready) -> None:
        # Not when it was sent but when that is written: until then it would be repeated.
        channel_id = ready.way.channel_id
        lane = self._lane(channel_id, ready.kind)
        lane.in_flight -= 1
        if not lane.in_flight:
            self._turnstile.leave(channel_id)

    def _count(self, outcome: Outcome, now: datetime) -> None:
        ready, error = outcome.ready, outcome.error
        lane = self._lane(ready.way.channel_id, ready.kind)
        if ready.parcel is None:
            self._metrics.messages.labels(kind=ready.kind, outcome="skipped").inc()
            return
        self._metrics.send_s.labels(kind=ready.kind).observe(outcome.took_s)
        if error is None:
            lane.breaker.succeeded()
            self._metrics.messages.labels(kind=ready.kind, outcome="sent").inc()
            self._metrics.delay_s.observe(max(0.0, (now - ready.created_at).total_seconds()))
            self._metrics.digests.inc(len(ready.delivery_ids) > 1)
            return
        lane.breaker.failed(self._clock.monotonic_s(), random.random())  # noqa: S311 -- jitter is no secret
        outcome_name = "dead" if self._ledger.is_dead(ready, error, now) else "failed"
        self._metrics.messages.labels(kind=ready.kind, outcome=outcome_name).inc()
        _LOG.warning(
            "channel %s of store %s did not take a message: %s",
            ready.way.channel_id,
            ready.way.store_id,
            error.reason,
            extra={"store_id": ready.way.store_id, "channel_id": ready.way.channel_id},
        )

    async def _keep_up(self, connection: Connection) -> None:
        now, now_s = self._clock.now(), self._clock.monotonic_s()
        if now_s >= self._gauges_due_s:
            self._gauges_due_s = now_s + _GAUGES_EVERY_S
            row = await (await connection.execute(records.SQL["backlog"], {"now": now})).fetchone()
            if row is not None:
                self._metrics.waiting.set(row["waiting"])
                self._metrics.oldest_s.set(row["oldest_s"])
            self._metrics.broken.set(self._broken())
        if now_s >= self._forget_due_s:
            self._forget_due_s = now_s + _FORGET_EVERY_S
            before = now - timedelta(days=self._settings.keep_days)
            await connection.execute(records.SQL["forget"], {"before": before})
