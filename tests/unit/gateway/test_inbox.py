"""The hand-over between the link and the committer is bounded."""

from storesense_gateway.entries import Incoming, Tag
from storesense_gateway.inbox import Inbox


def a_message(mid: int, *, qos: int = 1) -> Incoming:
    return Incoming("topic", b"", 0, Tag(1, mid, qos))


def test_first_in_first_out() -> None:
    inbox = Inbox(max_messages=2, max_bytes=1_000_000)
    assert [inbox.put(a_message(mid)) for mid in (1, 2)] == [True, True]
    assert [each.tag.mid for each in (inbox.get(0), inbox.get(0)) if each] == [1, 2]
    assert inbox.get(0) is None


def test_qos_0_is_refused_when_full_because_no_flow_control_bounds_it() -> None:
    inbox = Inbox(max_messages=2, max_bytes=1_000_000)
    assert [inbox.put(a_message(mid, qos=0)) for mid in range(4)] == [True, True, False, False]
    assert inbox.put(a_message(9)), "what the broker's flow control bounds is always taken"


def test_clearing_drops_what_will_come_again() -> None:
    inbox = Inbox(max_messages=9, max_bytes=1_000_000)
    inbox.put(a_message(1))
    inbox.wake()
    inbox.put(a_message(2))
    assert inbox.clear() == 2
    assert len(inbox) == 0


def test_a_wake_ends_the_waiting() -> None:
    inbox = Inbox(max_messages=9, max_bytes=1_000_000)
    inbox.wake()
    assert inbox.get(60.0) is None


def test_there_is_no_room_once_its_bytes_are_held() -> None:
    inbox = Inbox(max_messages=9, max_bytes=10)
    big = Incoming("topic", b"123456", 0, Tag(1, 1, 1))
    assert inbox.wait_for_room(0)
    assert inbox.put_all([big, big]) == 2, "what was read is kept; only the next read waits"
    assert not inbox.wait_for_room(0)
    inbox.get(0)
    assert inbox.wait_for_room(0)
    inbox.put(big)
    inbox.clear()
    assert inbox.wait_for_room(0), "what was dropped takes no room"
