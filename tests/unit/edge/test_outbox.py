import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from storesense_contracts.ids import BootId, new_boot_id
from storesense_contracts.messages import DroppedRange, DropReason
from storesense_contracts.topics import Stream
from storesense_edge.outbox import Outbox
from storesense_edge.outbox_errors import OutboxCorruptError, OutboxLockedError, OutboxWriteError
from storesense_edge.outbox_message import (
    OutboxChanges,
    OutboxLimits,
    OutboxMessage,
    OutboxOpened,
    OutboxTotals,
    message_no,
)

NOW_AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
BOOT = BootId("a" * 32)
END_NO = 1 << 62


def message(
    opened: OutboxOpened,
    seq: int,
    *,
    boot_id: BootId = BOOT,
    stream: Stream = Stream.FOOTFALL,
    size: int = 10,
    created_at: datetime = NOW_AT,
) -> OutboxMessage:
    return OutboxMessage(message_no(opened.boot_no, seq), boot_id, stream, b"x" * size, created_at)


def seqs(outbox: Outbox) -> list[int]:
    return [m.seq for m in outbox.read(-1, END_NO, 10_000)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "outbox.db"


def test_messages_come_back_as_they_were_written(path: Path) -> None:
    outbox = Outbox(path)
    opened = outbox.open(BOOT, NOW_AT)
    written = [message(opened, seq, stream=stream) for seq, stream in enumerate((Stream.QUEUE, Stream.HEATMAP))]
    applied = outbox.apply(OutboxChanges(messages=written), NOW_AT)
    assert outbox.read(-1, END_NO, 10) == written
    assert applied.totals == OutboxTotals(2, 20)
    outbox.close()


def test_the_file_is_for_its_owner_alone_and_syncs_every_commit(path: Path) -> None:
    outbox = Outbox(path)
    outbox.open(BOOT, NOW_AT)
    beside = [each for each in path.parent.iterdir() if each.suffix != ".lock"]
    assert len(beside) > 1, "its log lies beside it"
    assert not [each.name for each in beside if each.stat().st_mode & 0o077]
    assert outbox._file.db.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    assert outbox._file.db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    outbox.close()


def test_a_reopened_outbox_keeps_boot_and_seq_and_begins_a_boot_of_its_own(path: Path) -> None:
    first = Outbox(path)
    opened = first.open(BOOT, NOW_AT)
    first.apply(OutboxChanges(messages=[message(opened, 7)]), NOW_AT)
    first.close()
    second = Outbox(path)
    again = second.open(new_boot_id(), NOW_AT)
    assert again.boot_no > opened.boot_no
    assert again.totals == OutboxTotals(1, 10)
    [kept] = second.read(-1, END_NO, 10)
    assert (kept.boot_id, kept.seq) == (BOOT, 7)
    assert again.boots[BOOT] == opened.boot_no
    second.close()


def test_boots_that_have_nothing_left_are_forgotten(path: Path) -> None:
    for _ in range(3):
        outbox = Outbox(path)
        opened = outbox.open(new_boot_id(), NOW_AT)
        outbox.close()
    assert len(opened.boots) == 1


@pytest.mark.parametrize(
    ("acked", "left"),
    [
        pytest.param([(0, 1, 2)], [0, 3, 4], id="a range, both ends included"),
        pytest.param([(0, 3, 99)], [0, 1, 2], id="beyond what is there"),
        pytest.param([(0, 2, 1)], [0, 1, 2, 3, 4], id="an empty range"),
        pytest.param([(1, 0, 4)], [0, 1, 2, 3, 4], id="another boot"),
        pytest.param([(0, 0, 2**63 - 2)], [], id="the greatest seq of the wire"),
        pytest.param([(0, 2**50, 2**51)], [0, 1, 2, 3, 4], id="seqs that no row can have"),
        pytest.param([(0, 0, 1), (0, 1, 3)], [4], id="overlapping ranges"),
    ],
)
def test_acks_delete_what_they_cover_and_nothing_else(
    path: Path, acked: list[tuple[int, int, int]], left: list[int]
) -> None:
    outbox = Outbox(path)
    opened = outbox.open(BOOT, NOW_AT)
    outbox.apply(OutboxChanges(messages=[message(opened, seq) for seq in range(5)]), NOW_AT)
    spans = [(opened.boot_no + offset, first, last) for offset, first, last in acked]
    applied = outbox.apply(OutboxChanges(acked=spans), NOW_AT)
    assert seqs(outbox) == left
    assert applied.deleted == 5 - len(left)
    assert applied.totals == OutboxTotals(len(left), 10 * len(left))
    outbox.close()


def test_a_second_process_is_refused_until_the_first_lets_go(path: Path) -> None:
    first = Outbox(path)
    first.open(BOOT, NOW_AT)
    with pytest.raises(OutboxLockedError, match="another process"):
        Outbox(path).open(new_boot_id(), NOW_AT)
    first.close()
    second = Outbox(path)
    second.open(new_boot_id(), NOW_AT)
    second.close()


def damage(path: Path, kind: str) -> bytes:
    raw = bytearray(path.read_bytes())
    match kind:
        case "header":
            raw[:64] = b"\xff" * 64
        case "page":
            raw[4096 * 2 : 4096 * 2 + 200] = b"\xa5" * 200
        case "text":
            raw = bytearray(b"not a database at all, but a text of some length" * 100)
    path.write_bytes(raw)
    return bytes(raw)


@pytest.mark.parametrize("kind", ["header", "page", "text"])
def test_a_damaged_file_is_moved_aside_whole_and_a_new_one_begun(
    path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    first = Outbox(path)
    opened = first.open(BOOT, NOW_AT)
    first.apply(OutboxChanges(messages=[message(opened, seq, size=900) for seq in range(40)]), NOW_AT)
    first.close()
    raw = damage(path, kind)
    second = Outbox(path)
    again = second.open(new_boot_id(), NOW_AT)
    assert again.totals == OutboxTotals()
    assert again.set_aside is not None
    kept = again.set_aside.read_bytes()
    assert kept[4096:] == raw[4096:]  # opening a file may count a change in its first page
    assert len(kept) == len(raw)
    assert "was damaged" in caplog.text
    second.apply(OutboxChanges(messages=[message(again, 0)]), NOW_AT)
    assert seqs(second) == [0]
    second.close()


def test_an_empty_file_is_a_new_outbox(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    outbox = Outbox(path)
    assert outbox.open(BOOT, NOW_AT).set_aside is None
    outbox.close()


def test_a_file_damaged_while_open_is_replaced_under_the_same_boot_number(path: Path) -> None:
    Outbox(path).close()
    outbox = Outbox(path)
    outbox.open(new_boot_id(), NOW_AT)
    outbox.close()
    opened = outbox.open(BOOT, NOW_AT)
    kept = message(opened, 3)
    again = outbox.replace_damaged(BOOT, NOW_AT, boot_no=opened.boot_no)
    assert again.boot_no == opened.boot_no
    outbox.apply(OutboxChanges(messages=[kept]), NOW_AT)
    assert outbox.read(-1, END_NO, 5) == [kept]
    outbox.close()


def test_a_full_disk_is_a_typed_error_that_changes_nothing_and_can_be_tried_again(path: Path) -> None:
    outbox = Outbox(path)
    opened = outbox.open(BOOT, NOW_AT)
    outbox.apply(OutboxChanges(messages=[message(opened, 0)]), NOW_AT)
    pages = outbox._file.db.execute("PRAGMA page_count").fetchone()[0]
    outbox._file.db.execute(f"PRAGMA max_page_count = {pages}")
    large = [message(opened, seq, size=20_000) for seq in range(1, 5)]
    with pytest.raises(OutboxWriteError, match="make room on the disk") as caught:
        outbox.apply(OutboxChanges(acked=[(opened.boot_no, 0, 0)], messages=large), NOW_AT)
    assert caught.value.path == path
    assert seqs(outbox) == [0]
    assert outbox.totals == OutboxTotals(1, 10)
    outbox._file.db.execute("PRAGMA max_page_count = 100000")
    outbox.apply(OutboxChanges(acked=[(opened.boot_no, 0, 0)], messages=large), NOW_AT)
    assert seqs(outbox) == [1, 2, 3, 4]
    outbox.close()


def test_a_folder_that_cannot_be_made_is_a_typed_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutboxWriteError, match="writable"):
        Outbox(tmp_path / "file" / "outbox.db").open(BOOT, NOW_AT)


def test_damage_met_while_reading_is_a_typed_error(path: Path) -> None:
    outbox = Outbox(path)
    opened = outbox.open(BOOT, NOW_AT)
    outbox.apply(OutboxChanges(messages=[message(opened, seq, size=900) for seq in range(40)]), NOW_AT)
    outbox.close()
    outbox = Outbox(path)
    outbox.open(new_boot_id(), NOW_AT)
    outbox._file.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path.write_bytes(path.read_bytes()[:4096] + b"\xa5" * (path.stat().st_size - 4096))
    outbox._file.db.execute("PRAGMA shrink_memory")
    try:
        with pytest.raises(OutboxCorruptError, match="is damaged"):
            outbox.read(-1, END_NO, 100)
    finally:
        outbox.close()


def overflowing(path: Path, *, max_bytes: int, max_age_s: float = 1e6) -> tuple[Outbox, OutboxOpened]:
    outbox = Outbox(path, OutboxLimits(max_bytes=max_bytes, max_age_s=max_age_s))
    return outbox, outbox.open(BOOT, NOW_AT)


def test_heatmaps_go_first_then_the_oldest_and_each_is_declared(path: Path) -> None:
    outbox, opened = overflowing(path, max_bytes=1_000)
    heat = [message(opened, seq, stream=Stream.HEATMAP, size=100) for seq in (1, 3, 4)]
    counts = [message(opened, seq, size=100) for seq in (0, 2, 5, 6)]
    # 700 bytes are under 80 % of 1000; two more make 900, so that the oldest heatmap must go.
    assert outbox.apply(OutboxChanges(messages=heat + counts), NOW_AT).drops == ()
    applied = outbox.apply(OutboxChanges(messages=[message(opened, s, size=100) for s in (7, 8)]), NOW_AT)
    assert [drop.dropped for drop in applied.drops] == [
        DroppedRange(boot_id=BOOT, first=1, last=1, reason=DropReason.OVERFLOW)
    ]
    # 1300 bytes: the two heatmaps left go together as one range, then the oldest counts down to 1000.
    more = [message(opened, s, size=100) for s in range(9, 14)]
    applied = outbox.apply(OutboxChanges(messages=more), NOW_AT)
    assert [(d.dropped.first, d.dropped.last) for d in applied.drops] == [(0, 0), (3, 4)]
    assert applied.totals == OutboxTotals(10, 1_000)
    assert seqs(outbox) == [2, *range(5, 14)]
    outbox.close()


def test_what_is_too_old_goes_and_is_declared_as_expired(path: Path) -> None:
    outbox, opened = overflowing(path, max_bytes=10**6, max_age_s=60)
    outbox.apply(OutboxChanges(messages=[message(opened, seq) for seq in range(3)]), NOW_AT)
    later_at = NOW_AT + timedelta(seconds=61)
    applied = outbox.apply(OutboxChanges(messages=[message(opened, 3, created_at=later_at)]), later_at)
    assert [drop.dropped for drop in applied.drops] == [
        DroppedRange(boot_id=BOOT, first=0, last=2, reason=DropReason.EXPIRED)
    ]
    assert seqs(outbox) == [3]
    outbox.close()


def test_a_message_written_before_the_clock_was_set_does_not_expire(path: Path) -> None:
    outbox, opened = overflowing(path, max_bytes=10**6, max_age_s=60)
    at_boot_at = datetime(1970, 1, 1, 0, 5, tzinfo=UTC)
    outbox.apply(OutboxChanges(messages=[message(opened, 0, created_at=at_boot_at)]), at_boot_at)
    applied = outbox.apply(OutboxChanges(messages=[message(opened, 1)]), NOW_AT)
    assert applied.drops == ()
    assert seqs(outbox) == [0, 1]
    outbox.close()


def test_drops_outlive_a_restart_until_the_gateway_knows_of_them(path: Path) -> None:
    outbox, opened = overflowing(path, max_bytes=100)
    messages = [message(opened, seq, size=60) for seq in range(3)]
    applied = outbox.apply(OutboxChanges(messages=messages), NOW_AT)
    outbox.close()
    second = Outbox(path)
    again = second.open(new_boot_id(), NOW_AT)
    assert again.drops == applied.drops
    assert again.boots[BOOT] == opened.boot_no
    second.apply(OutboxChanges(declared=[drop.drop_no for drop in again.drops]), NOW_AT)
    second.close()
    third = Outbox(path)
    assert third.open(new_boot_id(), NOW_AT).drops == ()
    third.close()


def test_room_goes_back_to_the_disk_after_a_backlog(path: Path) -> None:
    outbox = Outbox(path)
    opened = outbox.open(BOOT, NOW_AT)
    outbox.apply(OutboxChanges(messages=[message(opened, seq, size=60_000) for seq in range(600)]), NOW_AT)
    outbox._file.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    full_bytes = path.stat().st_size
    for seq in range(600):
        outbox.apply(OutboxChanges(acked=[(opened.boot_no, seq, seq)]), NOW_AT)
    outbox._file.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert path.stat().st_size < full_bytes / 1.5
    outbox.close()


class OutboxMachine(RuleBasedStateMachine):
    """The outbox against a dictionary: what goes in comes out until acked or dropped, and every loss is declared."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.path = Path(self.folder.name) / "outbox.db"
        self.limits = OutboxLimits(max_bytes=2_000, max_age_s=3_600)
        self.now_at = NOW_AT
        self.rows: dict[tuple[BootId, int], tuple[Stream, int]] = {}
        self.written: set[tuple[BootId, int]] = set()
        self.acked: set[tuple[BootId, int]] = set()
        self.declared: set[tuple[BootId, int]] = set()

    @initialize()
    def begin(self) -> None:
        self.boot_id = new_boot_id()
        self.next_seq = 0
        self.outbox = Outbox(self.path, self.limits)
        self.opened = self.outbox.open(self.boot_id, self.now_at)

    @rule(
        new=st.lists(
            st.tuples(st.sampled_from([Stream.FOOTFALL, Stream.HEATMAP, Stream.SHELF]), st.integers(2, 400)),
            max_size=8,
        )
    )
    def write(self, new: list[tuple[Stream, int]]) -> None:
        messages = []
        for stream, size in new:
            self.written.add((self.boot_id, self.next_seq))
            self.rows[self.boot_id, self.next_seq] = (stream, size)
            messages.append(
                message(
                    self.opened,
                    self.next_seq,
                    boot_id=self.boot_id,
                    stream=stream,
                    size=size,
                    created_at=self.now_at,
                )
            )
            self.next_seq += 1
        before = dict(self.rows)
        applied = self.outbox.apply(OutboxChanges(messages=messages), self.now_at)
        dropped = {
            (BootId(drop.dropped.boot_id), seq)
            for drop in applied.drops
            for seq in range(drop.dropped.first, drop.dropped.last + 1)
        }
        for key in dropped:
            del self.rows[key]
        self.declared |= dropped
        if any(before[key][0] is not Stream.HEATMAP for key in dropped):
            # Only when no heatmap is left may anything else go, and never more than needed.
            assert all(stream is not Stream.HEATMAP for stream, _ in self.rows.values())

    @rule(data=st.data())
    def ack(self, data: st.DataObject) -> None:
        boot_id = data.draw(st.sampled_from(sorted(self.opened.boots)))
        first = data.draw(st.integers(0, self.next_seq + 3))
        last = data.draw(st.integers(0, self.next_seq + 5))
        covered = {key for key in self.rows if key[0] == boot_id and first <= key[1] <= last}
        applied = self.outbox.apply(OutboxChanges(acked=[(self.opened.boots[boot_id], first, last)]), self.now_at)
        assert applied.deleted == len(covered)
        for key in covered:
            del self.rows[key]
        self.acked |= covered

    @rule()
    def restart(self) -> None:
        self.outbox.close()
        self.begin()

    @rule()
    def crash(self) -> None:
        # As after kill -9: the write-ahead log is as it was, nothing was closed properly.
        copy = TemporaryDirectory()
        for part in Path(self.folder.name).iterdir():
            (Path(copy.name) / part.name).write_bytes(part.read_bytes())
        self.outbox.close()
        self.folder.cleanup()
        self.folder, self.path = copy, Path(copy.name) / "outbox.db"
        self.begin()

    @rule(duration_s=st.integers(0, 30))
    def time_passes(self, duration_s: int) -> None:
        self.now_at += timedelta(seconds=duration_s)

    @invariant()
    def holds_what_it_should(self) -> None:
        if not hasattr(self, "outbox"):
            return
        found = {(m.boot_id, m.seq): (m.stream, len(m.readings_json)) for m in self.outbox.read(-1, END_NO, 10_000)}
        assert found == self.rows
        assert self.outbox.totals == OutboxTotals(len(found), sum(size for _, size in found.values()))
        assert self.outbox.totals.bytes <= self.limits.max_bytes
        assert self.written == set(found) | self.acked | self.declared

    def teardown(self) -> None:
        if hasattr(self, "outbox"):
            self.outbox.close()
        self.folder.cleanup()


OutboxMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=20)
TestOutboxMachine = OutboxMachine.TestCase


def test_the_view_for_people_shows_boot_and_seq(path: Path) -> None:
    outbox = Outbox(path)
    opened = outbox.open(BOOT, NOW_AT)
    outbox.apply(OutboxChanges(messages=[message(opened, 5)]), NOW_AT)
    db = sqlite3.connect(path)
    assert db.execute("SELECT boot_id, seq, stream FROM messages_by_boot").fetchall() == [(BOOT, 5, "footfall")]
    db.close()
    outbox.close()


def test_a_read_of_large_messages_stops_at_a_bounded_size_and_can_be_continued(path: Path) -> None:
    outbox = Outbox(path)
    opened = outbox.open(BOOT, NOW_AT)
    outbox.apply(OutboxChanges(messages=[message(opened, seq, size=200_000) for seq in range(25)]), NOW_AT)
    found: list[int] = []
    after_no = -1
    while messages := outbox.read(after_no, END_NO, 64):
        assert len(messages) <= 10
        found += [m.seq for m in messages]
        after_no = messages[-1].message_no
    assert found == list(range(25))
    outbox.close()
