import queue
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storesense_contracts.clock import ManualClock
from storesense_contracts.ids import BootId
from storesense_contracts.topics import Stream
from storesense_edge.outbox import Outbox
from storesense_edge.outbox_errors import (
    OutboxCorruptError,
    OutboxError,
    OutboxLockedError,
    OutboxWriteError,
    OutboxWriterStoppedError,
)
from storesense_edge.outbox_message import (
    OutboxApplied,
    OutboxChanges,
    OutboxLimits,
    OutboxMessage,
    OutboxOpened,
    message_no,
)
from storesense_edge.outbox_news import OutboxNews
from storesense_edge.outbox_writer import OutboxWriter

NOW_AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
BOOT = BootId("a" * 32)
END_NO = 1 << 62
WAIT_S = 10.0


class FaultyOutbox(Outbox):
    """An outbox whose disk refuses while ``refuses`` is set."""

    refuses: type[OutboxWriteError] | type[OutboxCorruptError] | None = None
    transactions = 0

    def apply(self, changes: OutboxChanges, now_at: datetime) -> OutboxApplied:
        self.transactions += 1
        if self.refuses is not None:
            refuses, self.refuses = self.refuses, None if self.refuses is OutboxCorruptError else self.refuses
            raise refuses(path=self.path, cause="is full", remedy="make room on the disk")
        return super().apply(changes, now_at)


class Bench:
    """A writer with its news in a queue."""

    def __init__(self, path: Path, memory_limit_bytes: int = 1_000_000, limits: OutboxLimits | None = None) -> None:
        self.outbox = FaultyOutbox(path, limits)
        self.clock = ManualClock(NOW_AT)
        self.news: queue.Queue[OutboxNews] = queue.Queue()
        self.writer = OutboxWriter(
            self.outbox,
            boot_id=BOOT,
            clock=self.clock,
            memory_limit_bytes=memory_limit_bytes,
            tell=self.news.put,
            name="outbox under test",
        )
        self.opened: OutboxOpened = self.writer.start().result(WAIT_S)

    def message(self, seq: int, size: int = 10, stream: Stream = Stream.FOOTFALL) -> OutboxMessage:
        number = message_no(self.opened.boot_no, seq)
        return OutboxMessage(number, BOOT, stream, b"x" * size, self.clock.now())

    def append(self, *seqs: int, size: int = 10) -> list[int]:
        return [m.seq for seq in seqs for m in self.writer.append(self.message(seq, size))]

    def seqs(self) -> list[int]:
        return [m.seq for m in self.writer.read(-1, END_NO, 1_000).result(WAIT_S)]

    def until(self, condition: object) -> OutboxNews:
        while True:
            news = self.news.get(timeout=WAIT_S)
            if condition(news):  # type: ignore[operator]
                return news


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


@pytest.fixture
def bench(path: Path) -> Iterator[Bench]:
    bench = Bench(path)
    yield bench
    bench.writer.stop().result(WAIT_S)


def test_a_barrier_means_that_everything_before_it_is_on_disk(bench: Bench, path: Path) -> None:
    bench.append(*range(50))
    bench.writer.barrier().result(WAIT_S)
    assert bench.seqs() == list(range(50))


def test_many_messages_share_a_transaction(bench: Bench) -> None:
    with bench.writer._changed:  # the thread waits here, as it would for a slow disk
        bench.append(*range(500))
    bench.writer.barrier().result(WAIT_S)
    assert bench.outbox.transactions <= 3
    assert sum(news.settled for news in list(bench.news.queue)) == 500


def test_ready_messages_are_told_once_each_in_order(bench: Bench) -> None:
    for seq in range(30):
        bench.append(seq)
    bench.writer.barrier().result(WAIT_S)
    ready = [m.seq for news in list(bench.news.queue) for m in news.ready]
    assert ready == list(range(30))


def test_acks_delete_in_good_time_without_anything_else_happening(bench: Bench) -> None:
    bench.append(0, 1, 2)
    bench.writer.barrier().result(WAIT_S)
    bench.writer.forget([(bench.opened.boot_no, 0, 1)], [])
    assert bench.until(lambda news: news.acked).acked == 2
    assert bench.seqs() == [2]


def test_a_read_sees_acks_that_came_before_it(bench: Bench) -> None:
    bench.append(0, 1, 2)
    bench.writer.forget([(bench.opened.boot_no, 1, 1)], [])
    assert bench.seqs() == [0, 2]


def test_a_refusing_disk_is_told_and_its_messages_may_be_sent_from_memory(bench: Bench) -> None:
    bench.outbox.refuses = OutboxWriteError
    bench.append(0, 1)
    news = bench.until(lambda news: news.problem is not None and news.ready)
    assert {m.seq for m in news.ready} <= {0, 1}
    with pytest.raises(OutboxWriteError, match="make room"):
        bench.writer.barrier().result(WAIT_S)
    bench.outbox.refuses = None
    assert bench.until(lambda news: news.recovered).problem is None
    assert bench.seqs() == [0, 1]
    assert sum(len(news.ready) for news in list(bench.news.queue)) == 0


def test_an_ack_for_a_message_in_memory_spares_the_disk(bench: Bench) -> None:
    bench.outbox.refuses = OutboxWriteError
    bench.append(0, 1)
    bench.until(lambda news: news.problem is not None)
    bench.writer.forget([(bench.opened.boot_no, 0, 0)], [])
    bench.outbox.refuses = None
    bench.until(lambda news: news.recovered)
    assert bench.seqs() == [1]


def test_memory_is_bounded_and_what_does_not_fit_is_recorded_as_dropped(path: Path) -> None:
    bench = Bench(path, memory_limit_bytes=1_000)
    bench.outbox.refuses = OutboxWriteError
    bench.append(0, size=400)
    bench.until(lambda news: news.problem is not None)
    assert bench.append(1, 2, 3, size=400) == [0, 1]
    bench.outbox.refuses = None
    news = bench.until(lambda news: news.drops)
    assert [(d.dropped.first, d.dropped.last) for d in news.drops] in ([(0, 1)], [(0, 0), (1, 1)])
    assert bench.seqs() == [2, 3]
    bench.writer.stop().result(WAIT_S)
    with_drops = Outbox(path)
    assert with_drops.open(BootId("b" * 32), NOW_AT).drops == news.drops
    with_drops.close()


def test_a_file_that_breaks_is_replaced_and_the_messages_in_memory_are_kept(bench: Bench) -> None:
    bench.append(0)
    bench.writer.barrier().result(WAIT_S)
    bench.outbox.refuses = OutboxCorruptError
    bench.append(1)
    reopened = bench.until(lambda news: news.reopened is not None).reopened
    assert reopened is not None
    assert reopened.set_aside is not None
    assert reopened.set_aside.exists()
    assert reopened.boot_no == bench.opened.boot_no
    assert bench.seqs() == [1]


def test_a_locked_outbox_is_told_at_the_start(bench: Bench, path: Path) -> None:
    second = OutboxWriter(
        Outbox(path),
        boot_id=BootId("b" * 32),
        clock=ManualClock(NOW_AT),
        memory_limit_bytes=1_000,
        tell=lambda _: None,
        name="second",
    )
    with pytest.raises(OutboxLockedError):
        second.start().result(WAIT_S)
    second.stop().result(WAIT_S)


def test_stopping_writes_what_was_handed_over_and_ends_the_thread(path: Path) -> None:
    bench = Bench(path)
    bench.append(*range(5_000))
    bench.writer.stop().result(WAIT_S)
    bench.writer._thread.join(WAIT_S)
    assert not bench.writer._thread.is_alive()
    outbox = Outbox(path)
    outbox.open(BootId("b" * 32), NOW_AT)
    assert [m.seq for m in outbox.read(-1, END_NO, 9_999)] == list(range(5_000))
    outbox.close()


def test_stopping_with_a_refusing_disk_ends_and_says_what_is_lost(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(path)
    bench.outbox.refuses = OutboxWriteError
    bench.append(0, 1)
    bench.writer.stop().result(WAIT_S)
    assert "2 messages could not be written" in caplog.text


def test_handing_over_never_waits_for_the_disk(bench: Bench) -> None:
    inside, leave = threading.Event(), threading.Event()
    apply = bench.outbox.apply

    def slow(changes: OutboxChanges, now_at: datetime) -> OutboxApplied:
        inside.set()
        assert leave.wait(WAIT_S)
        return apply(changes, now_at)

    bench.outbox.apply = slow  # type: ignore[method-assign]
    bench.append(0)
    assert inside.wait(WAIT_S)
    bench.append(*range(1, 100))  # would hang here if it waited
    leave.set()
    bench.writer.barrier().result(WAIT_S)
    assert bench.seqs() == list(range(100))


def test_nobody_waits_for_a_thread_that_a_mistake_has_ended(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(path)

    def broken(changes: OutboxChanges, now_at: datetime) -> OutboxApplied:
        raise LookupError("a mistake")

    bench.outbox.apply = broken  # type: ignore[method-assign]
    bench.append(0)
    with pytest.raises(OutboxWriterStoppedError, match="LookupError: a mistake"):
        bench.writer.ended.result(WAIT_S)
    for _ in range(2):
        with pytest.raises(OutboxWriterStoppedError):
            bench.writer.barrier().result(WAIT_S)
    with pytest.raises(OutboxWriterStoppedError):
        bench.writer.read(-1, END_NO, 1).result(WAIT_S)
    with pytest.raises(OutboxWriterStoppedError):
        bench.writer.stop().result(WAIT_S)
    assert "mistake in the program" in caplog.text
    bench.outbox.open(BootId("b" * 32), NOW_AT)  # the lock is free for the next process
    bench.outbox.close()


def test_a_mistake_while_opening_is_told_to_who_waits_for_that(path: Path) -> None:
    class Broken(Outbox):
        def open(self, *_: object) -> OutboxOpened:
            raise LookupError("a mistake")

    writer = OutboxWriter(
        Broken(path), boot_id=BOOT, clock=ManualClock(NOW_AT), memory_limit_bytes=1, tell=print, name="broken"
    )
    with pytest.raises(OutboxWriterStoppedError):
        writer.start().result(WAIT_S)


def test_who_gives_up_waiting_does_not_end_the_thread(bench: Bench) -> None:
    bench.append(0)
    with bench.writer._changed:  # the thread cannot answer before the waiting ends
        barrier, read = bench.writer.barrier(), bench.writer.read(-1, END_NO, 1)
        assert barrier.cancel()
        assert read.cancel()
    assert bench.seqs() == [0]
    assert not bench.writer.ended.done()


def test_an_end_in_order_is_no_mistake(path: Path) -> None:
    bench = Bench(path)
    assert bench.writer.stop().result(WAIT_S) is None
    with pytest.raises(OutboxError, match="is closed"):
        bench.writer.barrier().result(WAIT_S)


DAY_S = 86_400.0


def write(bench: Bench, seq: int) -> None:
    bench.append(seq)
    bench.writer.barrier().result(WAIT_S)


def test_what_is_too_old_by_a_clock_that_a_gateway_confirmed_expires(path: Path) -> None:
    bench = Bench(path)
    write(bench, 0)
    bench.clock.advance(8 * DAY_S)
    write(bench, 1)
    assert bench.seqs() == [0, 1]  # nobody has confirmed this clock yet
    bench.writer.trust_clock()
    write(bench, 2)
    assert bench.seqs() == [1, 2]
    bench.writer.stop().result(WAIT_S)


@pytest.mark.parametrize("days", [9, 365], ids=["a clock that runs away", "a clock that was a year slow"])
def test_a_clock_that_is_set_makes_nothing_old(path: Path, days: int) -> None:
    bench = Bench(path)
    bench.writer.trust_clock()
    write(bench, 0)
    bench.clock.jump(NOW_AT + timedelta(days=days))
    write(bench, 1)
    assert bench.seqs() == [0, 1]
    bench.writer.trust_clock()  # the new time is right, but says nothing of what was dated before
    write(bench, 2)
    assert bench.seqs() == [0, 1, 2]
    bench.writer.stop().result(WAIT_S)


def test_a_start_with_a_wrong_clock_expires_nothing_of_an_earlier_boot(path: Path) -> None:
    first = Bench(path)
    write(first, 0)
    first.writer.stop().result(WAIT_S)
    outbox = Outbox(path)
    clock = ManualClock(NOW_AT + timedelta(days=9))
    writer = OutboxWriter(
        outbox,
        boot_id=BootId("e" * 32),
        clock=clock,
        memory_limit_bytes=1_000_000,
        tell=lambda _news: None,
        name="second start",
    )
    opened = writer.start().result(WAIT_S)
    writer.barrier().result(WAIT_S)
    assert [m.seq for m in writer.read(-1, END_NO, 10).result(WAIT_S)] == [0]
    assert opened.totals.messages == 1
    writer.stop().result(WAIT_S)
