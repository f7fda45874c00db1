"""The loop that gathers messages into batches, stores each batch once, and only then acknowledges it."""

import logging
import queue
import random
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from storesense_contracts.backoff import Backoff
from storesense_contracts.clock import Clock, from_epoch_us, to_epoch_us
from storesense_gateway.batch import commit_acks
from storesense_gateway.decoding import Limits, decode
from storesense_gateway.entries import DeadLetter, Decoded, DeviceKey, Entry, Incoming, StatusUpdate, Tag
from storesense_gateway.inbox import Inbox
from storesense_gateway.metrics import GatewayMetrics
from storesense_gateway.mqtt import Link
from storesense_gateway.port import CommitResult, Store, StoreUnavailableError
from storesense_gateway.quota import DeviceQuota
from storesense_gateway.settings import GatewaySettings

_LOG = logging.getLogger(__name__)
_IDLE_S = 0.5
_JOIN_S = 0.05


@dataclass(slots=True)
class Batch:
    """Messages gathered for one transaction, decoded, in receipt order."""

    tags: list[Tag] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    statuses: list[StatusUpdate] = field(default_factory=list)
    readings: int = 0
    bytes: int = 0
    first_us: int = 0

    def add(self, incoming: Incoming, decoded: Decoded) -> None:
        """Add one message."""
        if not self.tags:
            self.first_us = incoming.received_us
        self.tags.append(incoming.tag)
        self.bytes += len(incoming.payload)
        if isinstance(decoded, Entry):
            self.entries.append(decoded)
            self.readings += decoded.reading_count
        elif isinstance(decoded, DeadLetter):
            self.letters.append(decoded)
        elif isinstance(decoded, StatusUpdate):
            self.statuses.append(decoded)


class Committer:
    """Gathers, stores, acknowledges; ``run`` is one thread's whole work."""

    def __init__(
        self,
        settings: GatewaySettings,
        *,
        inbox: Inbox,
        store: Store,
        link: Link,
        clock: Clock,
        metrics: GatewayMetrics,
        report: Callable[[str | None], None],
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Make a committer.

        ``report`` is told None when the database answers, and otherwise what is wrong; ``chance`` gives random numbers
        in 0..1 for the jitter of retries.
        """
        self._settings = settings
        self._inbox = inbox
        self._store = store
        self._link = link
        self._clock = clock
        self._metrics = metrics
        self._report = report
        self._chance = chance
        self._retry = Backoff(base_s=0.1, limit_s=settings.retry_max_s)
        self._limits = Limits(
            future_tolerance_s=settings.future_tolerance_s, past_tolerance_s=settings.past_tolerance_days * 86_400.0
        )
        self._quota = DeviceQuota(
            letters_per_hour=settings.dead_letters_per_hour,
            bytes_per_hour=settings.dead_letter_bytes_per_hour,
            series_per_device=settings.series_per_device,
            left_out=lambda stage: metrics.letters_left_out.labels(stage).inc(),
        )
        self._stop = threading.Event()
        self._is_waiting = threading.Event()
        self._checked_s = float("-inf")
        self._touched_s: dict[DeviceKey, float] = {}
        self._untouched_us: dict[DeviceKey, int] = {}

    def stop(self) -> None:
        """Let ``run`` finish the batches in hand and return."""
        self._stop.set()
        self._inbox.wake()

    def run(self) -> None:
        """Work until stopped; whatever is not stored by then was not acknowledged and comes again.

        While the database takes one batch the next is gathered and decoded in a thread of its own, and no more than
        that one: the broker's window bounds both.
        """
        gathered: queue.Queue[Batch | None] = queue.Queue(maxsize=1)
        failure: list[BaseException] = []
        gatherer = threading.Thread(target=self._gather_all, args=(gathered, failure), name="gateway-gatherer")
        gatherer.start()
        try:
            self._settle_all(gathered)
        finally:
            self.stop()
            while gatherer.is_alive():
                with suppress(queue.Empty):  # make room, in case it waits to hand over
                    gathered.get(timeout=_JOIN_S)
            gatherer.join()
            self._store.close()
        if failure:
            raise failure[0]

    def _gather_all(self, gathered: "queue.Queue[Batch | None]", failure: list[BaseException]) -> None:
        try:
            while not self._stop.is_set():
                batch = self.gather()
                if batch.tags:
                    gathered.put(batch)
        except BaseException as exc:  # noqa: BLE001 -- raised again by ``run``, in the thread that is supervised
            failure.append(exc)
        finally:
            gathered.put(None)

    def _settle_all(self, gathered: "queue.Queue[Batch | None]") -> None:
        while True:
            self._is_waiting.set()
            try:
                batch = gathered.get(timeout=_IDLE_S)
            except queue.Empty:
                self._check()
            else:
                self._is_waiting.clear()
                if batch is None or not self.settle(batch):
                    return
            self._touch()

    def gather(self) -> Batch:
        """Take messages from the inbox until the batch is full or has waited long enough."""
        batch = Batch()
        incoming = self._inbox.get(_IDLE_S)
        until_s = self._clock.monotonic_s() + self._settings.batch_wait_ms / 1_000
        while incoming is not None:
            batch.add(incoming, self._quota.pass_on(decode(incoming, self._limits)))
            if (
                len(batch.tags) >= self._settings.batch_max_messages
                or batch.readings >= self._settings.batch_max_readings
                or batch.bytes >= self._settings.batch_max_bytes
                or self._stop.is_set()
            ):
                break
            incoming = self._inbox.get(0)
            if incoming is not None:
                continue
            left_s = until_s - self._clock.monotonic_s()
            if len(batch.tags) >= self._settings.batch_pause_messages:
                if self._is_waiting.is_set():  # the database has nothing to do; what comes meanwhile is the next batch
                    break
                left_s = min(left_s, self._settings.batch_pause_ms / 1_000)
            incoming = self._inbox.get(left_s)
        self._metrics.inbox.set(len(self._inbox))
        return batch

    def settle(self, batch: Batch) -> bool:
        """Store a batch, then acknowledge it; return False if a stop came first and it was not stored."""
        result = self._until_stored(batch)
        if result is None:
            return False
        self._link.ack(batch.tags)
        for boot, ack in commit_acks(batch.entries).items():
            sent = self._link.tell_committed(boot, ack)
            self._metrics.commit_acks.labels("sent" if sent else "unsent").inc()
        self._count(batch, result)
        for entry in batch.entries:
            device = DeviceKey(entry.boot.store_id, entry.boot.device_id)
            self._untouched_us[device] = entry.received_us
        return True

    def _until_stored(self, batch: Batch) -> CommitResult | None:
        """Try until the database takes the batch. A stop ends the trying after ``stop_timeout_s``."""
        attempt = 0
        give_up_s: float | None = None
        result: CommitResult | None = None
        while True:
            begun_s = self._clock.monotonic_s()
            try:
                if result is None:
                    result = self._store.commit(batch.entries, batch.letters)
                if batch.statuses:
                    self._metrics.statuses.inc(self._store.put_statuses(batch.statuses))
            except StoreUnavailableError as exc:
                attempt += 1
                self._metrics.retries.inc()
                self._is_down(exc)
            else:
                self._is_up()
                self._metrics.commit_s.observe(self._clock.monotonic_s() - begun_s)
                return result
            now_s = self._clock.monotonic_s()
            if self._stop.is_set():
                give_up_s = give_up_s or now_s + self._settings.stop_timeout_s
                if now_s >= give_up_s:
                    _LOG.warning("stopping without the database; %s messages will come again", len(batch.tags))
                    return None
            self._pause(self._retry.wait_s(attempt, self._chance()))

    def _pause(self, wait_s: float) -> None:
        if self._stop.is_set():
            threading.Event().wait(min(wait_s, 0.2))
        else:
            self._stop.wait(wait_s)

    def _count(self, batch: Batch, result: CommitResult) -> None:
        metrics = self._metrics
        now_at = self._clock.now()
        metrics.messages.labels("stored").inc(result.committed)
        metrics.messages.labels("repeated").inc(result.repeated)
        metrics.messages.labels("unreadable").inc(len(batch.letters))
        metrics.batch_readings.observe(batch.readings)
        metrics.latency_s.observe(max(0.0, (to_epoch_us(now_at) - batch.first_us) / 1e6))
        for table, rows in result.readings.items():
            metrics.readings.labels(table).inc(rows)
        for stage, letters in result.letters.items():
            metrics.dead_letters.labels(stage).inc(letters)
        for reason, dropped in result.dropped.items():
            metrics.declared_drops.labels(reason).inc(dropped)
        if result.batch_no is not None:
            metrics.batches.inc()
            metrics.last_commit.set(now_at.timestamp())

    def _touch(self) -> None:
        """Note when devices were last heard of, each at most once in ``touch_every_s``."""
        now_s = self._clock.monotonic_s()
        every_s = self._settings.touch_every_s
        due = {
            key: from_epoch_us(seen_us)
            for key, seen_us in self._untouched_us.items()
            if now_s - self._touched_s.get(key, float("-inf")) >= every_s
        }
        if not due:
            return
        try:
            self._store.touch_devices(due)
        except StoreUnavailableError as exc:
            self._is_down(exc)
        self._touched_s |= dict.fromkeys(due, now_s)
        for key in due:
            del self._untouched_us[key]

    def _check(self) -> None:
        """Ask an idle database for a sign of life now and then."""
        now_s = self._clock.monotonic_s()
        if now_s - self._checked_s < self._settings.check_every_s:
            return
        self._checked_s = now_s
        try:
            self._store.check()
        except StoreUnavailableError as exc:
            self._is_down(exc)
        else:
            self._is_up()

    def _is_up(self) -> None:
        self._metrics.database_up.set(1)
        self._report(None)

    def _is_down(self, exc: StoreUnavailableError) -> None:
        self._metrics.database_up.set(0)
        self._report(str(exc))
