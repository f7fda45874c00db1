"""A device's link: readings in, messages on disk, messages out, deleted when the database has them.

Joins the batcher, the outbox on its thread and the sender. Everything but the disk runs on the event loop; recording
never waits for anything.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from storesense_contracts import topics
from storesense_contracts.errors import StoresenseError
from storesense_contracts.ids import BootId, DeviceId, StoreId, new_boot_id
from storesense_edge.batcher import Batch, Batcher
from storesense_edge.clock_offset import base_us
from storesense_edge.command_memory import CommandMemory
from storesense_edge.outbox import Outbox
from storesense_edge.outbox_errors import OutboxError, OutboxWriterStoppedError
from storesense_edge.outbox_message import OutboxLimits, OutboxMessage, OutboxTotals, message_no
from storesense_edge.outbox_writer import OutboxWriter
from storesense_edge.sender import CLONED, Sender
from storesense_edge.settings import LinkSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from storesense_contracts.clock import Clock
    from storesense_contracts.readings import AnyReading
    from storesense_contracts.settings import BrokerSettings
    from storesense_contracts.topics import Stream
    from storesense_edge.outbox_news import OutboxNews


@dataclass(frozen=True, slots=True)
class LinkStats:
    """How a link is doing. All but ``recorded`` count messages.

    Attributes:
        recorded: readings recorded in this boot.
        sent: messages published, repeats included.
        acked: messages that were deleted because the database has them.
        pending: messages on disk, or waiting for it, that no commit ack covers.
        connected: whether the broker has us.
        resent: messages published again.
        dropped: messages given up by the overflow policy.
        outbox_bytes: size of the readings on disk.
        problem: what is wrong with disk or broker, or None.
        clock_offset_ms: how far the gateway's clock is ahead of ours; None while that is not known.
    """

    recorded: int
    sent: int
    acked: int
    pending: int
    connected: bool
    resent: int
    dropped: int
    outbox_bytes: int
    problem: str | None
    clock_offset_ms: int | None = None


class LinkNotOpenError(StoresenseError):
    """A reading was recorded on a link that is not open."""

    code = "link_not_open"

    def __init__(self, *, device: str) -> None:
        self.device = device
        super().__init__(f"The link of {device} is not open; record readings inside of 'async with'.")


class DeviceLink:
    """One device, one outbox, one connection, one boot; an async context manager.

    ``on_command``, if it is set before the link is opened, is told on the event loop what the device is asked to do,
    perhaps more than once; ``commands`` remembers what was begun.

    A mistake in the program that ends the outbox's thread cancels the body and leaves as OutboxWriterStoppedError.

    Args:
        store_id: the store.
        device_id: the device.
        broker: address, user name and password of this device.
        outbox_path: the outbox's file; its folder is made if needed.
        clock: tells the time.
        settings: batching, limits and times.
        outbox_type: makes the outbox; for tests that watch what reaches the disk.
        on_config: told, on the event loop, what the gateway says of the device's configuration: at each connection
            and whenever it changes; None for a device that has none.
    """

    def __init__(
        self,
        *,
        store_id: StoreId,
        device_id: DeviceId,
        broker: BrokerSettings,
        outbox_path: Path,
        clock: Clock,
        settings: LinkSettings | None = None,
        outbox_type: Callable[[Path, OutboxLimits], Outbox] = Outbox,
        on_config: Callable[[bytes], None] | None = None,
    ) -> None:
        self.store_id = store_id
        self.device_id = device_id
        self.boot_id: BootId = new_boot_id()
        self.set_aside: Path | None = None
        self._broker = broker
        self._clock = clock
        self._settings = settings or LinkSettings()
        self._batcher = Batcher(
            max_readings=self._settings.batch_max_readings,
            max_bytes=self._settings.batch_max_bytes,
        )
        self._writer = OutboxWriter(
            outbox_type(outbox_path, OutboxLimits(self._settings.outbox_max_bytes, self._settings.outbox_max_age_s)),
            boot_id=self.boot_id,
            clock=clock,
            memory_limit_bytes=self._settings.memory_limit_bytes,
            tell=self._tell,
            name=f"outbox {topics.user_name(store_id, device_id)}",
        )
        self._on_config = on_config
        self.on_command: Callable[[bytes], None] | None = None
        self.commands = CommandMemory(self._writer)
        self._sender: Sender | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks = asyncio.TaskGroup()
        self._sending: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._flush_timer: asyncio.TimerHandle | None = None
        self._progress = asyncio.Event()
        self._is_open = False
        self._boot_no = 0
        self._next_seq = 0
        self._totals = OutboxTotals()
        self._in_memory = 0
        self._disk_problem: OutboxError | None = None
        self._recorded = self._acked = self._dropped = 0

    # ---- lifetime

    async def __aenter__(self) -> Self:
        """Open the outbox and begin to connect, without waiting for the broker.

        Raises:
            OutboxLockedError: another process uses the outbox.
            OutboxWriteError: its folder cannot be written.
        """
        self._loop = asyncio.get_running_loop()
        try:
            opened = await asyncio.wrap_future(self._writer.start())
        except asyncio.CancelledError:
            self._writer.stop()
            raise
        self._boot_no, self._totals, self.set_aside = opened.boot_no, opened.totals, opened.set_aside
        self._sender = Sender(
            store_id=self.store_id,
            device_id=self.device_id,
            boot_id=self.boot_id,
            broker=self._broker,
            opened=opened,
            writer=self._writer,
            clock=self._clock,
            settings=self._settings,
        )
        self._sender.on_config = self._on_config
        self._sender.on_command = self.on_command
        self._is_open = True
        await self._tasks.__aenter__()
        name = f"sender {topics.user_name(self.store_id, self.device_id)}"
        self._sending = self._tasks.create_task(self._sender.run(), name=name)
        name = f"outbox {topics.user_name(self.store_id, self.device_id)}"
        self._watching = self._tasks.create_task(self._watch_writer(), name=name)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Put everything recorded on disk, say goodbye to the broker, and close the outbox.

        Raises:
            OutboxWriterStoppedError: the outbox's thread had ended by a mistake; the body was cancelled for it.
        """
        try:
            with contextlib.suppress(OutboxError):  # logged where it arose; the stop below tries once more
                await self.flush()
            if self._sender is not None:
                await self._sender.say_goodbye()
        finally:
            self._is_open = False
            self._flush_all()
            for task in (self._sending, self._watching):
                if task is not None:
                    task.cancel()
            closed = asyncio.wrap_future(self._writer.stop())
            # The body's own error stays its own: only a cancellation is the group's business.
            is_cancelled = exc_type is not None and issubclass(exc_type, asyncio.CancelledError)
            try:
                await self._tasks.__aexit__(*((exc_type, exc, traceback) if is_cancelled else (None, None, None)))
            except* OutboxWriterStoppedError as stopped:
                raise stopped.exceptions[0] from None
            finally:
                await closed

    # ---- what users call

    def record(self, stream: Stream, reading: AnyReading) -> None:
        """Take a reading, on the event loop, without waiting; it is handed to the disk within ``flush_s``.

        Raises:
            UnfitReadingError: the reading is not of this stream or too large.
            LinkNotOpenError: outside of ``async with``, where nothing would keep it.
        """
        if not self._is_open:
            raise LinkNotOpenError(device=topics.user_name(self.store_id, self.device_id))
        self._watch_clock()
        for batch in self._batcher.add(stream, reading):
            self._hand_over(batch)
        self._recorded += 1
        if self._flush_timer is None and self._loop is not None:
            self._flush_timer = self._loop.call_later(self._settings.flush_s, self._flush_all)

    async def flush(self) -> None:
        """Wait until everything recorded so far is on disk.

        Raises:
            OutboxWriteError: the disk does not take it; it waits in memory and is tried again.
        """
        self._flush_all()
        await asyncio.wrap_future(self._writer.barrier())

    async def drained(self, timeout_s: float) -> bool:
        """Wait until the database has all that was ever recorded here; False if that takes longer."""
        with contextlib.suppress(TimeoutError, OutboxError):
            async with asyncio.timeout(timeout_s):
                await self.flush()
                while self.stats.pending:
                    self._progress.clear()
                    await self._progress.wait()
        return self.stats.pending == 0

    @property
    def stats(self) -> LinkStats:
        """How the link is doing now."""
        sender = self._sender
        problem = self._disk_problem or (sender.problem if sender else None)
        return LinkStats(
            recorded=self._recorded,
            sent=sender.sent if sender else 0,
            acked=self._acked,
            pending=self._totals.messages + self._in_memory,
            connected=sender.is_connected if sender else False,
            resent=sender.resent if sender else 0,
            dropped=self._dropped,
            outbox_bytes=self._totals.bytes,
            problem=self._told(problem),
            clock_offset_ms=sender.clock_offset_ms if sender else None,
        )

    @property
    def clock_offset_ms(self) -> int | None:
        """How far the gateway's clock is ahead of ours; None while that is not known."""
        return None if self._sender is None else self._sender.clock_offset_ms

    # ---- inside

    async def _watch_writer(self) -> None:
        """End the link when nothing is written any more, rather than measure for nobody."""
        await asyncio.shield(asyncio.wrap_future(self._writer.ended))

    def _told(self, problem: StoresenseError | None) -> str | None:
        if self._sender is not None and self._sender.is_cloned:
            return CLONED
        return None if problem is None else str(problem)

    def _watch_clock(self) -> None:
        """Note when the wall clock was set, so that what it told before can be put right."""
        if self._sender is None:
            return
        present_us = base_us(self._clock.now(), self._clock.monotonic_s())
        if self._sender.epochs.has_jumped(present_us):
            self._flush_all()  # recorded by the clock as it was
        self._sender.epochs.observe(present_us, self._next_seq)

    def _flush_all(self) -> None:
        if self._flush_timer is not None:
            self._flush_timer.cancel()
            self._flush_timer = None
        for batch in self._batcher.take_all():
            self._hand_over(batch)

    def _hand_over(self, batch: Batch) -> None:
        number = message_no(self._boot_no, self._next_seq)
        self._next_seq += 1
        message = OutboxMessage(number, self.boot_id, batch.stream, batch.readings_json, self._clock.now())
        self._in_memory += 1 - len(self._writer.append(message))

    def _tell(self, news: OutboxNews) -> None:
        """Called on the outbox's thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._hear, news)

    def _hear(self, news: OutboxNews) -> None:
        self._disk_problem = news.problem
        self._in_memory -= news.settled
        self._acked += news.acked
        self._dropped += sum(drop.dropped.last - drop.dropped.first + 1 for drop in news.drops)
        if news.totals is not None:
            self._totals = news.totals
        if news.reopened is not None:
            self.set_aside = news.reopened.set_aside
        if self._sender is not None:
            self._sender.hear(news)
        self._progress.set()
