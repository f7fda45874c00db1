"""The outbox's own thread: many messages, acks and drops in one transaction and one fsync.

The event loop hands things over and never waits for the disk. When the disk refuses, messages wait in bounded memory,
the thread tries again, and what does not fit any more is dropped by the policy and said so.
"""

from __future__ import annotations

import logging
import random
import threading
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from storesense_contracts.backoff import Backoff
from storesense_edge.outbox_ages import KnownAges
from storesense_edge.outbox_errors import OutboxCorruptError, OutboxError, OutboxWriteError, OutboxWriterStoppedError
from storesense_edge.outbox_message import OutboxChanges, OutboxOpened
from storesense_edge.outbox_news import OutboxNews
from storesense_edge.waiting_messages import WaitingMessages, overflow_ranges

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from storesense_contracts.clock import Clock
    from storesense_contracts.ids import BootId
    from storesense_contracts.messages import DroppedRange
    from storesense_edge.outbox import Outbox
    from storesense_edge.outbox_message import OutboxMessage

_logger = logging.getLogger(__name__)

_Answer = TypeVar("_Answer")

_MAX_MESSAGES_A_TRANSACTION = 2_000
_RETRY = Backoff(base_s=0.5, limit_s=5.0)
_LAZY_ACK_S = 0.25


@dataclass(slots=True)
class _Inbox:
    """What the event loop has handed over; guarded by the writer's condition."""

    acked: list[tuple[int, int, int]] = field(default_factory=list)
    declared: list[int] = field(default_factory=list)
    dropped: list[tuple[int, DroppedRange]] = field(default_factory=list)
    reads: list[tuple[int, int, int, Future[list[OutboxMessage]]]] = field(default_factory=list)
    barriers: list[Future[None]] = field(default_factory=list)
    asked: list[Callable[[], None]] = field(default_factory=list)
    forgotten: int = 0
    stop: bool = False

    def is_urgent(self) -> bool:
        return bool(self.dropped or self.reads or self.barriers or self.asked or self.stop)


class OutboxWriter:
    """Runs an outbox on a thread.

    Args:
        outbox: the file, not yet open.
        boot_id: this process start.
        clock: tells the time of day.
        memory_limit_bytes: how much may wait for a slow or full disk.
        tell: called on the thread with the news; must be quick and never raise.
        name: the thread's name.
    """

    def __init__(
        self,
        outbox: Outbox,
        *,
        boot_id: BootId,
        clock: Clock,
        memory_limit_bytes: int,
        tell: Callable[[OutboxNews], None],
        name: str,
    ) -> None:
        self._outbox = outbox
        self._boot_id = boot_id
        self._clock = clock
        self._tell = tell
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._opened: Future[OutboxOpened] = Future()
        self._closed: Future[None] = Future()
        self._mistake: Exception | None = None
        self._changed = threading.Condition()
        self._inbox = _Inbox()
        self._taken = _Inbox()
        self._is_over = False
        self._waiting = WaitingMessages(memory_limit_bytes)
        self._announced_no = -1
        self._boot_no = 0
        self._ages = KnownAges(clock)
        self._failures = 0
        self._rng = random.Random()  # noqa: S311 -- spreads retries, guards nothing

    def start(self) -> Future[OutboxOpened]:
        """Start the thread; the future gives what the outbox held, or the OutboxError that kept it closed."""
        self._thread.start()
        return self._opened

    def append(self, message: OutboxMessage) -> list[OutboxMessage]:
        """Hand over a message; returns those that were dropped for want of memory, which are recorded as dropped."""
        with self._changed:
            victims = self._waiting.push(message)
            self._inbox.dropped += overflow_ranges(victims)
            self._changed.notify()
        return victims

    def forget(self, acked: Sequence[tuple[int, int, int]], declared: Sequence[int]) -> None:
        """Delete what (boot_no, first, last) ranges cover, and drops that the gateway knows of now.

        A deletion lost in a crash only means that the message is sent again, so it waits a little for company.
        """
        with self._changed:
            self._inbox.acked += acked
            self._inbox.declared += declared
            self._changed.notify()

    def trust_clock(self) -> None:
        """Note that the wall clock is right at this moment: from now on ages mean something, until it is set."""
        self._ages.trust()

    def read(self, after_no: int, before_no: int, limit: int) -> Future[list[OutboxMessage]]:
        """Read messages between two numbers, both excluded, after all that was handed over before."""
        future: Future[list[OutboxMessage]] = Future()
        with self._changed:
            self._inbox.reads.append((after_no, before_no, limit, future))
            self._changed.notify()
            if self._is_over:
                _answer(future, self._over())
        return future

    def barrier(self) -> Future[None]:
        """Give a future that is done when all that was handed over before is on disk, or has failed once."""
        future: Future[None] = Future()
        with self._changed:
            self._inbox.barriers.append(future)
            self._changed.notify()
            if self._is_over:
                _answer(future, self._over())
        return future

    def ask(self, work: Callable[[sqlite3.Connection], _Answer]) -> Future[_Answer]:
        """Do some work on the file in a transaction of its own; the future is done when that is on disk."""
        future: Future[_Answer] = Future()

        def do() -> None:
            if self._is_over:
                _answer(future, self._over())
                return
            try:
                _answer(future, self._outbox.transact(work))
            except OutboxError as exc:
                _answer(future, exc)

        with self._changed:
            self._inbox.asked.append(do)
            self._changed.notify()
            if self._is_over:
                _answer(future, self._over())
        return future

    @property
    def ended(self) -> Future[None]:
        """Done when the file is closed; holds an OutboxWriterStoppedError if a mistake ended the thread before."""
        return self._closed

    def stop(self) -> Future[None]:
        """Write what was handed over, if the disk takes it, and close the file; returns ``ended``."""
        with self._changed:
            self._inbox.stop = True
            self._changed.notify()
        return self._closed

    # ---- on the thread

    def _run(self) -> None:
        try:
            self._serve()
        except Exception as exc:  # the supervisor of this thread: whoever waits for it is told
            _logger.exception("The thread of the outbox %s stopped by a mistake in the program.", self._outbox.path)
            self._mistake = exc
        finally:
            self._outbox.close()
            self._end()

    def _serve(self) -> None:
        try:
            opened = self._outbox.open(self._boot_id, self._clock.now())
        except OutboxError as exc:
            _answer(self._opened, exc)
            return
        self._boot_no = opened.boot_no
        _answer(self._opened, opened)
        while self._write_next():
            pass

    def _end(self) -> None:
        """Answer everybody who still waits, so that nobody waits for a thread that is gone."""
        with self._changed:
            self._is_over = True
            left = [self._taken, self._inbox]
        for inbox in left:
            for barrier in inbox.barriers:
                _answer(barrier, self._over())
            for read in inbox.reads:
                _answer(read[3], self._over())
            for do in inbox.asked:
                do()
        _answer(self._opened, self._over())
        _answer(self._closed, None if self._mistake is None else self._over())

    def _over(self) -> OutboxError:
        if self._mistake is not None:
            return OutboxWriterStoppedError(path=self._outbox.path, mistake=self._mistake)
        return OutboxError(path=self._outbox.path, cause="is closed", remedy="open the link again")

    def _write_next(self) -> bool:
        inbox, messages = self._wait_for_work()
        problem = self._apply(inbox, messages)
        for after_no, before_no, limit, future in inbox.reads:
            self._answer_read(after_no, before_no, limit, future)
        for do in inbox.asked:
            do()
        for barrier in inbox.barriers:
            if problem is not None:
                _answer(barrier, problem)
            elif len(messages) < _MAX_MESSAGES_A_TRANSACTION:
                _answer(barrier, None)
            else:
                with self._changed:
                    self._inbox.barriers.append(barrier)
        if not inbox.stop:
            return True
        with self._changed:
            left = len(self._waiting)
            self._inbox.stop = True
        if left and problem is not None:
            _logger.error("%d messages could not be written before the end and are lost: %s", left, problem)
        return bool(left) and problem is None

    def _wait_for_work(self) -> tuple[_Inbox, list[OutboxMessage]]:
        with self._changed:
            if self._failures:
                # New messages must not turn a full disk into a busy loop.
                self._changed.wait_for(
                    lambda: self._inbox.stop or bool(self._inbox.barriers or self._inbox.asked),
                    timeout=_RETRY.wait_s(self._failures, self._rng.random()),
                )
            else:
                self._changed.wait_for(lambda: len(self._waiting) or self._inbox.acked or self._inbox.is_urgent())
                if not len(self._waiting) and not self._inbox.is_urgent():
                    self._changed.wait_for(lambda: len(self._waiting) or self._inbox.is_urgent(), timeout=_LAZY_ACK_S)
            inbox, self._inbox = self._inbox, _Inbox()
            self._taken = inbox
            inbox.forgotten += self._waiting.forget(inbox.acked)
            return inbox, self._waiting.take(_MAX_MESSAGES_A_TRANSACTION)

    def _apply(self, inbox: _Inbox, messages: list[OutboxMessage]) -> OutboxError | None:
        self._look_at_clock(messages)
        expires_from_no = self._ages.from_no
        changes = OutboxChanges(inbox.acked, inbox.declared, messages, inbox.dropped, expires_from_no)
        reopened = None
        try:
            try:
                applied = self._outbox.apply(changes, self._clock.now())
            except OutboxCorruptError:
                reopened = self._outbox.replace_damaged(self._boot_id, self._clock.now(), boot_no=self._boot_no)
                changes = OutboxChanges((), (), messages, (), expires_from_no)
                applied = self._outbox.apply(changes, self._clock.now())
        except OutboxError as exc:
            self._put_back(inbox, messages, exc)
            return exc
        recovered, self._failures = self._failures > 0, 0
        if recovered:
            _logger.info("The outbox %s can be written again.", self._outbox.path)
        self._tell(
            OutboxNews(
                ready=self._unannounced(messages),
                drops=applied.drops,
                totals=applied.totals,
                settled=len(messages) + inbox.forgotten,
                acked=applied.deleted + inbox.forgotten,
                reopened=reopened,
                recovered=recovered,
            )
        )
        return None

    def _look_at_clock(self, messages: list[OutboxMessage]) -> None:
        # Of what is written now, nobody knows on which side of a jump it was dated.
        if self._ages.look(messages[-1].message_no if messages else self._announced_no):
            _logger.warning("The clock was set; what the outbox %s holds does not expire by it.", self._outbox.path)

    def _put_back(self, inbox: _Inbox, messages: list[OutboxMessage], exc: OutboxError) -> None:
        if not self._failures:
            _logger.error("%s Until then new messages wait in memory.", exc)
        self._failures += 1
        with self._changed:
            self._waiting.put_back(messages)
            self._inbox.acked[:0] = inbox.acked
            self._inbox.declared[:0] = inbox.declared
            self._inbox.dropped[:0] = inbox.dropped
            self._inbox.forgotten += inbox.forgotten
        self._tell(OutboxNews(ready=self._unannounced(messages), problem=exc))

    def _unannounced(self, messages: list[OutboxMessage]) -> tuple[OutboxMessage, ...]:
        fresh = tuple(m for m in messages if m.message_no > self._announced_no)
        if fresh:
            self._announced_no = fresh[-1].message_no
        return fresh

    def _answer_read(self, after_no: int, before_no: int, limit: int, future: Future[list[OutboxMessage]]) -> None:
        try:
            _answer(future, self._outbox.read(after_no, before_no, limit))
        except (OutboxCorruptError, OutboxWriteError) as exc:
            _answer(future, exc)


def _answer(future: Future[_Answer], answer: _Answer | OutboxError) -> None:
    """Settle a future, unless it has been; whoever asked may have given up, as a timeout does, which harms nobody."""
    with suppress(InvalidStateError):
        if isinstance(answer, OutboxError):
            future.set_exception(answer)
        else:
            future.set_result(answer)
