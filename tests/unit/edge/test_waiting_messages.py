from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from storesense_contracts.ids import BootId
from storesense_contracts.messages import DroppedRange, DropReason
from storesense_contracts.topics import Stream
from storesense_edge.outbox_message import OutboxMessage, message_no
from storesense_edge.waiting_messages import WaitingMessages, overflow_ranges

NOW_AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
BOOT = BootId("a" * 32)


def message(seq: int, size: int, stream: Stream = Stream.FOOTFALL, boot_no: int = 1) -> OutboxMessage:
    return OutboxMessage(message_no(boot_no, seq), BOOT, stream, b"x" * size, NOW_AT)


@given(pushes=st.lists(st.tuples(st.integers(0, 300), st.sampled_from([Stream.FOOTFALL, Stream.HEATMAP])), max_size=40))
def test_it_never_holds_more_than_its_limit_and_loses_nothing_silently(pushes: list[tuple[int, Stream]]) -> None:
    waiting = WaitingMessages(1_000)
    dropped: list[OutboxMessage] = []
    pushed = [message(seq, size, stream) for seq, (size, stream) in enumerate(pushes)]
    for new in pushed:
        before = dropped[:]
        dropped += waiting.push(new)
        assert waiting.size_bytes <= 1_000
        if any(not m.is_heatmap for m in dropped[len(before) :]):
            left = waiting.take(100)
            assert all(not m.is_heatmap for m in left[:-1])
            waiting.put_back(left)
    taken = waiting.take(1_000)
    assert sorted(taken + dropped, key=lambda m: m.seq) == pushed
    assert [m.seq for m in taken] == sorted(m.seq for m in taken)


def test_the_oldest_heatmap_goes_before_older_counts() -> None:
    waiting = WaitingMessages(250)
    for seq, stream in enumerate([Stream.FOOTFALL, Stream.HEATMAP]):
        assert waiting.push(message(seq, 100, stream)) == []
    assert [m.seq for m in waiting.push(message(2, 100))] == [1]
    assert [m.seq for m in waiting.push(message(3, 100))] == [0]


def test_what_is_put_back_stands_where_it_stood() -> None:
    waiting = WaitingMessages(10_000)
    for seq in range(5):
        waiting.push(message(seq, 10))
    waiting.put_back(waiting.take(3))
    assert [m.seq for m in waiting.take(9)] == [0, 1, 2, 3, 4]
    assert waiting.size_bytes == 0


def test_acks_reach_messages_that_never_got_to_the_disk() -> None:
    waiting = WaitingMessages(10_000)
    for seq in range(5):
        waiting.push(message(seq, 10))
    assert waiting.forget([(1, 1, 2), (2, 0, 9)]) == 2
    assert [m.seq for m in waiting.take(9)] == [0, 3, 4]


def test_dropped_neighbours_are_one_range() -> None:
    messages = [message(seq, 1) for seq in (4, 2, 3, 9)] + [message(3, 1, boot_no=2)]
    assert overflow_ranges(messages) == [
        (1, DroppedRange(boot_id=BOOT, first=2, last=4, reason=DropReason.OVERFLOW)),
        (1, DroppedRange(boot_id=BOOT, first=9, last=9, reason=DropReason.OVERFLOW)),
        (2, DroppedRange(boot_id=BOOT, first=3, last=3, reason=DropReason.OVERFLOW)),
    ]
