import random
from datetime import UTC, datetime

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from storesense_contracts.ids import BootId
from storesense_contracts.messages import DroppedRange, DropReason
from storesense_contracts.topics import Stream
from storesense_edge.outbox_message import OutboxMessage, RecordedDrop, message_no
from storesense_edge.uplink import SendOrder, Uplink, UplinkLimits

NOW_AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
OLD, BOOT = 1, 2


def message(boot_no: int, seq: int) -> OutboxMessage:
    boot_id = BootId(f"{boot_no:032x}")
    return OutboxMessage(message_no(boot_no, seq), boot_id, Stream.FOOTFALL, b"[]", NOW_AT)


def uplink(window: int = 4, fresh_limit: int = 256, resend_base_s: float = 3.0) -> Uplink:
    limits = UplinkLimits(window=window, fresh_limit=fresh_limit, resend_base_s=resend_base_s, resend_limit_s=60.0)
    return Uplink(boot_no=BOOT, limits=limits, rng=random.Random(1))  # noqa: S311


def sent(orders: list[SendOrder]) -> list[tuple[int, int]]:
    return [(order.message.boot_no, order.message.seq) for order in orders]


def drop(number: int, first: int, last: int, boot_no: int = BOOT) -> RecordedDrop:
    dropped = DroppedRange(boot_id=BootId(f"{boot_no:032x}"), first=first, last=last, reason=DropReason.OVERFLOW)
    return RecordedDrop(number, boot_no, dropped)


def with_empty_backlog(link: Uplink) -> Uplink:
    request = link.read_request()
    assert request is not None
    link.fill(request, [])
    return link


def test_nothing_goes_out_without_a_connection() -> None:
    link = uplink()
    link.stored([message(BOOT, 0)])
    assert link.due(0.0) == []
    link.connected(1.0)
    assert sent(link.due(1.0)) == [(BOOT, 0)]


def test_the_window_counts_commit_acks_and_not_what_the_broker_says() -> None:
    link = uplink(window=3)
    link.connected(0.0)
    link.stored(message(BOOT, seq) for seq in range(6))
    assert len(link.due(0.0)) <= 3
    with_empty_backlog(link)
    link.due(0.0)
    assert link.in_flight == 3
    for seq in range(3):
        link.published(message_no(BOOT, seq))
    assert link.due(0.1) == []
    link.acked(BOOT, [(0, 1)], 0.2)
    assert sent(link.due(0.2)) == [(BOOT, 3), (BOOT, 4)]


def test_an_unacknowledged_message_goes_again_later_each_time() -> None:
    link = with_empty_backlog(uplink())
    link.connected(0.0)
    link.stored([message(BOOT, 0)])
    link.due(0.0)
    link.published(message_no(BOOT, 0))
    times, now_s = [], 0.0
    while len(times) < 6:
        due_s = link.next_due_s()
        assert due_s is not None
        assert link.due(due_s - 1e-6) == []
        [order] = link.due(due_s)
        times.append(due_s - now_s)
        now_s = due_s
        assert order.attempt == len(times) + 1
        link.published(order.message.message_no)
    assert 3.0 <= times[0] <= 4.5
    assert 6.0 <= times[1] <= 9.0
    assert times[5] <= 90.0


def test_what_the_broker_has_not_taken_yet_is_not_sent_twice_on_one_connection() -> None:
    link = with_empty_backlog(uplink())
    link.connected(0.0)
    link.stored([message(BOOT, 0)])
    link.due(0.0)
    assert link.next_due_s() is None
    assert link.due(1_000.0) == []
    link.published(message_no(BOOT, 0))
    assert len(link.due(1_000.0)) == 1


def test_a_new_connection_begins_with_all_that_was_in_flight_oldest_first() -> None:
    link = with_empty_backlog(uplink())
    link.connected(0.0)
    link.stored(message(BOOT, seq) for seq in range(3))
    link.due(0.0)
    link.published(message_no(BOOT, 1))
    link.disconnected()
    assert link.due(5.0) == []
    link.connected(6.0)
    assert sent(link.due(6.0)) == [(BOOT, 0), (BOOT, 1), (BOOT, 2)]


def test_an_ack_shortens_the_long_waits_of_others() -> None:
    link = with_empty_backlog(uplink())
    link.connected(0.0)
    link.stored(message(BOOT, seq) for seq in range(2))
    now_s = 0.0
    link.due(now_s)
    for _ in range(8):  # the gateway is away for minutes, and the waits have grown to a minute
        for seq in range(2):
            link.published(message_no(BOOT, seq))
        now_s = link.next_due_s() or 0.0
        link.due(now_s)
        now_s += 0.01
        link.due(now_s + 60)
    for seq in range(2):
        link.published(message_no(BOOT, seq))
    link.acked(BOOT, [(0, 0)], now_s)
    due_s = link.next_due_s()
    assert due_s is not None
    assert due_s <= now_s + 4.5


def test_while_nothing_is_acknowledged_one_message_at_a_time_asks_and_an_ack_brings_the_others() -> None:
    link = with_empty_backlog(uplink(window=8))
    link.connected(0.0)
    link.stored(message(BOOT, seq) for seq in range(8))
    link.due(0.0)
    asked: list[int] = []
    now_s = 0.0
    while now_s < 600.0:  # the gateway is away for ten minutes
        for seq in range(8):
            link.published(message_no(BOOT, seq))
        due_s = link.next_due_s()
        assert due_s is not None
        assert due_s > now_s, "it never asks twice at once"
        now_s = due_s
        orders = link.due(now_s)
        assert len(orders) <= 1
        asked += [order.message.seq for order in orders]
    assert len(asked) < 20, "the broker's queue holds few repeats, where it would hold a hundred"
    assert set(asked) == set(range(8)), "no message stands before the others for ever"
    for seq in range(8):
        link.published(message_no(BOOT, seq))
    link.acked(BOOT, [(asked[-1], asked[-1])], now_s)
    again = sent(link.due(now_s + 4.5))
    assert {seq for _, seq in again} == set(range(8)) - {asked[-1]}


def test_slow_acks_stretch_the_timeout_so_that_a_backlog_is_not_doubled() -> None:
    link = with_empty_backlog(uplink(window=1))
    link.connected(0.0)
    now_s = 0.0
    for seq in range(20):
        link.stored([message(BOOT, seq)])
        assert len(link.due(now_s)) == 1
        now_s += 2.5
        link.acked(BOOT, [(seq, seq)], now_s)
    assert 3.0 <= link.timeout_s <= 6.0
    for seq in range(20, 60):
        link.stored([message(BOOT, seq)])
        link.due(now_s)
        now_s += 10
        link.acked(BOOT, [(seq, seq)], now_s)
    assert link.timeout_s > 9


def test_backlog_and_fresh_share_the_window() -> None:
    link = uplink(window=8)
    link.stored(message(BOOT, seq) for seq in range(20))
    request = link.read_request()
    assert request is not None
    link.fill(request, [message(OLD, seq) for seq in range(request.limit)])
    link.connected(0.0)
    first = sent(link.due(0.0))
    assert sum(boot == BOOT for boot, _ in first) == 6
    assert [key for key in first if key[0] == OLD] == [(OLD, 0), (OLD, 1)]
    link.acked(BOOT, [(0, 5)], 0.1)
    link.acked(OLD, [(0, 1)], 0.1)
    second = sent(link.due(0.1))
    assert sum(boot == OLD for boot, _ in second) == 2
    assert sum(boot == BOOT for boot, _ in second) == 6


def test_without_fresh_data_the_backlog_leaves_room_for_what_comes() -> None:
    link = uplink(window=8)
    request = link.read_request()
    assert request is not None
    link.fill(request, [message(OLD, seq) for seq in range(20)])
    link.connected(0.0)
    assert len(link.due(0.0)) == 6
    link.stored([message(BOOT, 0)])
    assert sent(link.due(0.1)) == [(BOOT, 0)]


def test_drops_ride_on_messages_never_sent_before_until_one_is_acknowledged() -> None:
    link = with_empty_backlog(uplink())
    link.connected(0.0)
    link.stored([message(BOOT, 5)])
    link.due(0.0)
    link.declare([drop(1, 0, 3, OLD)])
    link.published(message_no(BOOT, 5))
    [again] = link.due(100.0)
    assert again.dropped == ()  # an ack of it may be for the first copy, without the declaration
    link.stored([message(BOOT, 6), message(BOOT, 7)])
    first, second = link.due(101.0)
    assert [d.first for d in first.dropped] == [0]
    assert second.dropped == ()
    assert link.acked(BOOT, [(7, 7)], 102.0) == []
    assert link.acked(BOOT, [(6, 6)], 103.0) == [1]
    link.stored([message(BOOT, 8)])
    [third] = link.due(104.0)
    assert third.dropped == ()


def test_a_resent_message_carries_its_drops_again() -> None:
    link = with_empty_backlog(uplink())
    link.declare([drop(1, 0, 3, OLD)])
    link.connected(0.0)
    link.stored([message(BOOT, 0)])
    [first] = link.due(0.0)
    link.connected(1.0)
    [second] = link.due(1.0)
    assert first.dropped == second.dropped != ()


def test_dropped_messages_are_not_sent_any_more() -> None:
    link = with_empty_backlog(uplink())
    link.connected(0.0)
    link.stored(message(BOOT, seq) for seq in range(6))
    link.due(0.0)
    link.declare([drop(1, 2, 4)])
    link.connected(1.0)
    assert sent(link.due(1.0)) == [(BOOT, 0), (BOOT, 1), (BOOT, 5)]


def test_what_is_acked_while_it_is_being_read_is_not_sent() -> None:
    link = uplink()
    link.connected(0.0)
    request = link.read_request()
    assert request is not None
    link.acked(OLD, [(0, 1)], 0.0)
    link.fill(request, [message(OLD, seq) for seq in range(3)])
    assert sent(link.due(0.0)) == [(OLD, 2)]


class UplinkMachine(RuleBasedStateMachine):
    """Whatever happens, every message reaches the gateway in the end, and the window holds."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self.disk: dict[int, OutboxMessage] = {}
        self.seq = 0
        self.is_connected = False
        self.wire: list[OutboxMessage] = []
        self.committed: set[int] = set()
        self.ever: set[int] = set()

    @initialize(old=st.integers(0, 100), window=st.integers(1, 6), fresh_limit=st.integers(1, 8))
    def begin(self, old: int, window: int, fresh_limit: int) -> None:
        for seq in range(old):
            m = message(OLD, seq)
            self.disk[m.message_no] = m
            self.ever.add(m.message_no)
        self.window = window
        self.link = uplink(window=window, fresh_limit=fresh_limit)

    @rule(count=st.integers(1, 12))
    def record(self, count: int) -> None:
        new = [message(BOOT, self.seq + n) for n in range(count)]
        self.seq += count
        self.disk.update({m.message_no: m for m in new})
        self.ever |= {m.message_no for m in new}
        self.link.stored(new)

    @rule()
    def connect(self) -> None:
        self.is_connected = True
        self.link.connected(self.now_s)

    @rule()
    def disconnect(self) -> None:
        self.is_connected = False
        self.wire.clear()
        self.link.disconnected()

    @rule(duration_s=st.floats(0, 100))
    def time_passes(self, duration_s: float) -> None:
        self.now_s += duration_s

    @rule()
    def read(self) -> None:
        request = self.link.read_request()
        if request is None:
            return
        numbers = sorted(n for n in self.disk if request.after_no < n < request.before_no)[: request.limit]
        self.link.fill(request, [self.disk[n] for n in numbers])

    @rule()
    def send(self) -> None:
        orders = self.link.due(self.now_s)
        assert self.is_connected or not orders
        self.wire += [order.message for order in orders]

    @precondition(lambda self: self.wire)
    @rule(data=st.data())
    def gateway(self, data: st.DataObject) -> None:
        m = self.wire.pop(data.draw(st.integers(0, len(self.wire) - 1)))
        fate = data.draw(st.sampled_from(["committed", "ack lost", "broker lost"]))
        self.link.published(m.message_no)
        if fate != "broker lost":
            self.committed.add(m.message_no)
        if fate == "committed":
            self.ack(m)

    def ack(self, m: OutboxMessage) -> None:
        self.disk.pop(m.message_no, None)
        self.link.acked(m.boot_no, [(m.seq, m.seq)], self.now_s)

    @invariant()
    def the_window_holds(self) -> None:
        if hasattr(self, "link"):
            assert self.link.in_flight <= self.window

    def teardown(self) -> None:
        if not hasattr(self, "link"):
            return
        # From here on nothing goes wrong any more: then everything arrives.
        self.wire.clear()
        self.connect()
        for _ in range(20 + 10 * len(self.ever)):
            self.read()
            for order in self.link.due(self.now_s):
                self.committed.add(order.message.message_no)
                self.ack(order.message)
            if not self.disk:
                break
        assert self.committed == self.ever
        assert not self.disk


UplinkMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
TestUplinkMachine = UplinkMachine.TestCase


def test_large_messages_wait_on_disk_and_not_in_memory() -> None:
    link = with_empty_backlog(uplink(window=2))
    large = [
        OutboxMessage(message_no(BOOT, seq), BootId("b" * 32), Stream.HEATMAP, b"x" * 1_000_000, NOW_AT)
        for seq in range(10)
    ]
    link.stored(large)
    request = link.read_request()
    assert request is not None
    assert (request.before_no - 1) & 0xFFFF == 5  # seq 0 to 5 are to be read again, 6 to 9 are 4 MB
