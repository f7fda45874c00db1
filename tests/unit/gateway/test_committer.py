"""Batches are acknowledged after their commit, in order, and survive a database that is gone."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.gateway_messages import BOOT, NOW, TOPIC, footfall, message
from storesense_contracts.clock import ManualClock, to_epoch_us
from storesense_contracts.messages import CommitAck
from storesense_gateway.committer import Committer
from storesense_gateway.entries import BootKey, DeadLetter, DeviceKey, Entry, Incoming, Tag
from storesense_gateway.inbox import Inbox
from storesense_gateway.memory import MemoryStore
from storesense_gateway.metrics import GatewayMetrics
from storesense_gateway.port import CommitResult, StoreUnavailableError
from storesense_gateway.settings import GatewaySettings


@dataclass
class FakeLink:
    """Writes down what it was asked, and whether the database had it by then."""

    store: MemoryStore
    acked: list[int] = field(default_factory=list)
    told: list[tuple[str, tuple[tuple[int, int], ...]]] = field(default_factory=list)
    commits_at_ack: list[int] = field(default_factory=list)
    connected: bool = True

    def ack(self, tags: Sequence[Tag]) -> None:
        self.acked += [tag.mid for tag in tags]
        self.commits_at_ack.append(self.store.commits)

    def tell_committed(self, boot: BootKey, ack: CommitAck) -> bool:
        self.told.append((boot.device_id, ack.ranges))
        return self.connected


@dataclass
class Bench:
    """A committer with everything around it in memory."""

    settings: GatewaySettings
    store: MemoryStore = field(default_factory=MemoryStore)
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW))
    metrics: GatewayMetrics = field(default_factory=GatewayMetrics)
    reports: list[str | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.inbox = Inbox(max_messages=1_000, max_bytes=1_000_000)
        self.link = FakeLink(self.store)
        self.committer = Committer(
            self.settings,
            inbox=self.inbox,
            store=self.store,
            link=self.link,
            clock=self.clock,
            metrics=self.metrics,
            report=self.reports.append,
            chance=lambda: 0.0,
        )

    def receive(self, payload: bytes, *, mid: int, topic: str = TOPIC) -> None:
        self.inbox.put(Incoming(topic, payload, to_epoch_us(self.clock.now()), Tag(1, mid, 1)))

    def turn(self) -> None:
        self.committer.settle(self.committer.gather())

    def sample(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"storesense_gateway_{name}", labels) or 0.0


@pytest.fixture
def bench() -> Bench:
    return Bench(GatewaySettings(batch_wait_ms=0))


def test_acknowledges_in_receipt_order_after_the_commit(bench: Bench) -> None:
    for mid, seq in ((11, 2), (12, 0), (13, 1)):
        bench.receive(message([footfall()], seq=seq), mid=mid)
    bench.turn()
    assert bench.link.acked == [11, 12, 13]
    assert bench.link.commits_at_ack == [1], "the ack came before the commit"
    assert bench.link.told == [("device-1", ((0, 2),))]


def test_gathers_what_has_come_until_the_batch_has_enough_messages() -> None:
    bench = Bench(GatewaySettings(batch_wait_ms=5_000, batch_pause_ms=0, batch_pause_messages=2, batch_max_messages=3))
    for seq in range(5):
        bench.receive(message([footfall()], seq=seq), mid=seq)
    bench.turn()
    bench.turn()
    assert bench.link.told == [("device-1", ((0, 2),)), ("device-1", ((3, 4),))]


def test_gathers_until_the_batch_has_enough_readings() -> None:
    bench = Bench(GatewaySettings(batch_wait_ms=5_000, batch_pause_ms=0, batch_max_readings=4))
    for seq in range(3):
        bench.receive(message([footfall()] * 2, seq=seq), mid=seq)
    bench.turn()
    assert bench.link.told == [("device-1", ((0, 1),))]


def test_repeats_are_acknowledged_again_and_stored_once(bench: Bench) -> None:
    for mid in (1, 2):
        bench.receive(message([footfall()], seq=5), mid=mid)
        bench.turn()
    assert bench.link.acked == [1, 2]
    assert bench.link.told == [("device-1", ((5, 5),))] * 2
    assert len(bench.store.rows["footfall_counts"]) == 1
    assert (bench.sample("messages_total", outcome="stored"), bench.sample("messages_total", outcome="repeated")) == (
        1,
        1,
    )


def test_poison_is_acknowledged_so_that_it_does_not_come_for_ever(bench: Bench) -> None:
    bench.receive(b"garbage", mid=1)
    bench.turn()
    bench.receive(message([footfall(in_count=-1)], seq=0), mid=2)
    bench.turn()
    assert bench.link.acked == [1, 2]
    assert bench.link.told == [("device-1", ((0, 0),))], "nobody knows which boot the garbage was of"
    assert [letter.stage for letter in bench.store.letters] == ["header", "reading"]
    assert bench.sample("messages_total", outcome="unreadable") == 1
    assert bench.sample("dead_letters_total", stage="reading") == 1


def test_nothing_is_acknowledged_while_the_database_is_gone(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    def come_back_after_three(wait_s: float) -> None:
        assert bench.link.acked == []
        waits.append(wait_s)
        bench.store.is_down = len(waits) < 3

    monkeypatch.setattr(bench.committer, "_pause", come_back_after_three)
    bench.store.is_down = True
    bench.receive(message([footfall()], seq=0), mid=1)
    bench.turn()
    assert waits == [0.05, 0.1, 0.2]
    assert bench.link.acked == [1]
    assert bench.reports[-1] is None
    assert "told to be down" in str(bench.reports[0])
    assert bench.sample("database_up") == 1
    assert bench.sample("database_retries_total") == 3


def test_a_commit_whose_answer_was_lost_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    class Forgetful(MemoryStore):
        """Commits, and then the connection breaks before it can say so."""

        def commit(self, entries, letters) -> CommitResult:  # type: ignore[no-untyped-def]
            first_time = self.commits == 0
            result = super().commit(entries, letters)
            if first_time:
                raise StoreUnavailableError(reason="the connection broke after COMMIT")
            return result

    bench = Bench(GatewaySettings(batch_wait_ms=0), store=Forgetful())
    monkeypatch.setattr(bench.committer, "_pause", lambda _wait_s: None)
    bench.receive(message([footfall()], seq=0), mid=1)
    bench.turn()
    assert len(bench.store.rows["footfall_counts"]) == 1
    assert bench.link.acked == [1]
    assert bench.link.told == [("device-1", ((0, 0),))]


def test_a_stop_does_not_wait_for_ever_for_a_database_that_is_gone() -> None:
    bench = Bench(GatewaySettings(batch_wait_ms=0, stop_timeout_s=0.0))
    bench.store.is_down = True
    bench.receive(message([footfall()], seq=0), mid=1)
    batch = bench.committer.gather()
    bench.committer.stop()
    assert bench.committer.settle(batch) is False
    assert bench.link.acked == []


def test_a_stop_finishes_the_batch_in_hand() -> None:
    bench = Bench(GatewaySettings(batch_wait_ms=0))
    bench.receive(message([footfall()], seq=0), mid=1)
    thread = threading.Thread(target=bench.committer.run)
    thread.start()
    while not bench.link.told:
        threading.Event().wait(0.001)
    bench.committer.stop()
    thread.join(timeout=10)
    assert not thread.is_alive()
    assert bench.link.acked == [1]


def test_devices_are_noted_at_most_once_in_a_while() -> None:
    bench = Bench(GatewaySettings(batch_wait_ms=0, touch_every_s=5.0))
    device = DeviceKey("store-1", "device-1")
    seen = []
    for seq, advance_s in enumerate((0.0, 1.0, 5.0)):
        bench.clock.advance(advance_s)
        bench.receive(message([footfall()], seq=seq), mid=seq)
        bench.turn()
        bench.committer._touch()
        seen.append(bench.store.devices[device].last_seen_at)
    assert [(at - NOW).total_seconds() for at in seen if at] == [0.0, 0.0, 6.0]


def test_a_status_changes_its_device_and_is_acknowledged(bench: Bench) -> None:
    topic = "storesense/v1/store-1/device-1/up/status"
    for mid, payload in enumerate((b'{"boot_id":"%s","state":"online"}', b'{"boot_id":"%s","state":"online"}')):
        bench.receive(payload % BOOT.encode(), mid=mid, topic=topic)
        bench.turn()
    assert bench.store.devices[DeviceKey("store-1", "device-1")].state == "online"
    assert bench.link.acked == [0, 1]
    assert bench.sample("device_statuses_total") == 1, "the second says nothing new"


def test_an_ack_that_cannot_be_sent_is_counted_and_not_kept(bench: Bench) -> None:
    bench.link.connected = False
    bench.receive(message([footfall()], seq=0), mid=1)
    bench.turn()
    assert bench.sample("commit_acks_total", result="unsent") == 1


@given(st.lists(st.sampled_from(["up", "down", 0, 1, 2, 3]), max_size=30))
def test_every_message_is_acknowledged_exactly_when_it_is_stored(steps: list[str | int]) -> None:
    bench = Bench(GatewaySettings(batch_wait_ms=0, stop_timeout_s=0.0))
    bench.committer._stop.set()  # each try is the last one: what is not stored is given up, as in a crash
    sent: dict[int, int] = {}
    for mid, step in enumerate(steps):
        if isinstance(step, str):
            bench.store.is_down = step == "down"
            continue
        sent[mid] = step
        bench.receive(message([footfall()], seq=step), mid=mid)
        bench.turn()
    rows = bench.store.rows.get("footfall_counts", [])
    assert {row.seq for row in rows} == {sent[mid] for mid in bench.link.acked}
    assert len(rows) == len({row.seq for row in rows})


def test_what_devices_declare_dropped_is_counted_once_by_its_reason(bench: Bench) -> None:
    dropped = [{"boot_id": "1" * 32, "first": 3, "last": 7, "reason": "overflow"}]
    for seq in (0, 1):
        bench.receive(message([footfall()], seq=seq, dropped=dropped), mid=seq)
        bench.turn()
    assert bench.sample("declared_drops_total", reason="overflow") == 5
    assert bench.sample("declared_drops_total", reason="expired") == 0


def test_the_next_batch_is_gathered_while_the_database_takes_one() -> None:
    bench = Bench(GatewaySettings(batch_wait_ms=0, batch_max_messages=1))
    commits: list[int] = []
    is_waited_for = threading.Event()
    commit = bench.store.commit

    def slow_commit(entries: Sequence[Entry], letters: Sequence[DeadLetter]) -> CommitResult:
        commits.append(len(bench.inbox))
        if len(commits) == 1:
            assert is_waited_for.wait(30.0), "nobody gathers while the database works"
        return commit(entries, letters)

    bench.store.commit = slow_commit  # type: ignore[method-assign]
    for mid in (1, 2, 3):
        bench.receive(message([footfall()], seq=mid), mid=mid)
    worker = threading.Thread(target=bench.committer.run)
    worker.start()
    pause = threading.Event()
    while len(bench.inbox):
        pause.wait(0.001)
    is_waited_for.set()
    while len(bench.link.acked) < 3:
        pause.wait(0.001)
    bench.committer.stop()
    worker.join()
    assert bench.link.acked == [1, 2, 3]
    assert bench.link.commits_at_ack == [1, 2, 3], "each is acknowledged after its own commit"


def test_an_error_that_gathering_does_not_know_ends_the_committer(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(GatewaySettings(batch_wait_ms=0))

    def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(bench.committer, "gather", fail)
    with pytest.raises(ZeroDivisionError):
        bench.committer.run()


def test_an_error_that_settling_does_not_know_ends_the_gathering_too(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(GatewaySettings(batch_wait_ms=0, batch_max_messages=1))

    def fail(_batch: object) -> bool:
        raise ZeroDivisionError

    monkeypatch.setattr(bench.committer, "settle", fail)
    for mid in (1, 2, 3, 4):
        bench.receive(message([footfall()], seq=mid), mid=mid)
    with pytest.raises(ZeroDivisionError):
        bench.committer.run()
    assert [thread.name for thread in threading.enumerate() if thread.name == "gateway-gatherer"] == []
    assert bench.link.acked == []
