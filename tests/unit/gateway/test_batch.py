"""The ledger's arithmetic: everything once, whatever order, repeat or batch it comes in."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.gateway_messages import BOOT, NOW, footfall, incoming, message
from storesense_contracts.messages import DropReason
from storesense_contracts.spans import spans_of
from storesense_gateway.batch import Boot, boots_of, commit_acks, missing_series, plan_commit
from storesense_gateway.decoding import Limits, decode
from storesense_gateway.entries import BootKey, Entry
from storesense_gateway.memory import MemoryStore

OTHER_BOOT = "1" * 32
LIMITS = Limits()


def entry(seq: int, *, boot_id: str = BOOT, device: str = "device-1", count: int = 1, **changes: Any) -> Entry:
    topic = f"storesense/v1/store-1/{device}/up/footfall"
    payload = message([footfall(in_count=seq)] * count, seq=seq, boot_id=boot_id, **changes)
    decoded = decode(incoming(payload, topic=topic), LIMITS)
    assert isinstance(decoded, Entry)
    return decoded


def dropped(first: int, last: int, *, boot_id: str = BOOT, reason: str = "overflow") -> dict[str, Any]:
    return {"boot_id": boot_id, "first": first, "last": last, "reason": reason}


def stored(store: MemoryStore) -> list[tuple[str, int, int]]:
    return sorted((row.boot.boot_id, row.seq, row.idx) for rows in store.rows.values() for row in rows)


@given(
    st.lists(st.tuples(st.sampled_from([BOOT, OTHER_BOOT]), st.integers(0, 12)), max_size=40),
    st.lists(st.integers(1, 7), min_size=1, max_size=10),
)
def test_each_message_is_stored_once_in_whatever_batches_it_comes(
    deliveries: list[tuple[str, int]], sizes: list[int]
) -> None:
    store = MemoryStore()
    place, turn = 0, 0
    while place < len(deliveries):
        size = sizes[turn % len(sizes)]
        store.commit([entry(seq, boot_id=boot_id, count=2) for boot_id, seq in deliveries[place : place + size]], [])
        place, turn = place + size, turn + 1
    assert stored(store) == sorted((boot_id, seq, idx) for boot_id, seq in set(deliveries) for idx in (0, 1))
    for boot_id in (BOOT, OTHER_BOOT):
        spans = store.committed.get(BootKey("store-1", "device-1", boot_id), [])
        assert spans == spans_of(seq for boot, seq in deliveries if boot == boot_id)


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=25))
def test_what_was_declared_dropped_is_a_gap_only_if_it_had_not_come(steps: list[tuple[int, bool]]) -> None:
    store = MemoryStore()
    came: set[int] = set()
    gone: set[int] = set()
    for turn, (seq, is_drop) in enumerate(steps):
        if is_drop:
            store.commit([entry(100 + turn, dropped=[dropped(seq, seq + 1)])], [])
            gone |= {seq, seq + 1} - came
        else:
            store.commit([entry(seq)], [])
            came |= {seq} - gone
    gaps = {seq for gap in store.gaps for seq in range(*gap.span)}
    assert gaps == gone
    assert {seq for _, seq, _ in stored(store) if seq < 100} == came
    assert sum(end - first for gap in store.gaps for first, end in [gap.span]) == len(gaps), "no gap is told twice"


def test_two_partial_counts_of_a_minute_from_two_boots_are_two_deltas() -> None:
    store = MemoryStore()
    store.commit([entry(0), entry(0, boot_id=OTHER_BOOT)], [])
    assert [row.boot.boot_id for row in store.rows["footfall_counts"]] == [BOOT, OTHER_BOOT]


def test_a_drop_may_speak_of_an_earlier_boot() -> None:
    store = MemoryStore()
    store.commit([entry(0, dropped=[dropped(4, 6, boot_id=OTHER_BOOT, reason="expired")])], [])
    assert store.committed[BootKey("store-1", "device-1", OTHER_BOOT)] == [(4, 7)]
    assert [(gap.span, gap.reason) for gap in store.gaps] == [((4, 7), DropReason.EXPIRED.value)]


def test_a_batch_of_repeats_takes_no_number() -> None:
    store = MemoryStore()
    assert store.commit([entry(3)], []).batch_no == 1
    result = store.commit([entry(3), entry(3)], [])
    assert (result.batch_no, result.repeated, store.head) == (None, 2, 1)


def test_dead_letters_of_a_repeat_are_not_kept_twice() -> None:
    bad = decode(incoming(message([footfall(in_count=-1)], seq=1)), LIMITS)
    assert isinstance(bad, Entry)
    store = MemoryStore()
    store.commit([bad], [])
    store.commit([bad], [])
    assert len(store.letters) == 1


def test_acks_cover_new_and_repeated_messages_and_echo_the_newest() -> None:
    later = NOW + timedelta(seconds=2)
    newest = decode(incoming(message([footfall()], seq=5, sent_at=later.isoformat()), received_at=later), LIMITS)
    assert isinstance(newest, Entry)
    entries = [entry(4), newest, entry(4), entry(9), entry(0, boot_id=OTHER_BOOT), entry(1, device="device-2")]
    acks = commit_acks(entries)
    assert {(key.device_id, key.boot_id): ack.ranges for key, ack in acks.items()} == {
        ("device-1", BOOT): ((4, 5), (9, 9)),
        ("device-1", OTHER_BOOT): ((0, 0),),
        ("device-2", BOOT): ((1, 1),),
    }
    first = acks[BootKey("store-1", "device-1", BOOT)]
    assert (first.received_at, first.echo_sent_at) == (later, later)


def test_boots_are_locked_in_the_order_of_their_keys() -> None:
    entries = [entry(0, device="z"), entry(0, device="a", boot_id=OTHER_BOOT), entry(0, device="a")]
    assert [(key.device_id, key.boot_id) for key in boots_of(entries)] == [("a", BOOT), ("a", OTHER_BOOT), ("z", BOOT)]


def test_series_are_asked_for_once() -> None:
    entries = [entry(0), entry(1), entry(0, device="device-2")]
    keys = missing_series(entries, {})
    assert [(key.device_id, key.stream, key.subject_id) for key in keys] == [
        ("device-1", "footfall", "door"),
        ("device-2", "footfall", "door"),
    ]
    assert missing_series(entries, dict.fromkeys(keys, 1)) == []


def test_rows_can_be_packed_in_slices_and_traced_back_to_their_message() -> None:
    entries = [entry(0, count=2), entry(1, count=1), entry(2, count=3)]
    boots = {entries[0].boot: Boot(7, [])}
    series = dict.fromkeys(missing_series(entries, {}), 5)
    rows = plan_commit(entries, boots, series).rows["footfall_counts"]
    whole = rows.pack()
    head = 20
    for column, packed in whole.items():
        parts = [rows.pack(first, end)[column].data[head:] for first, end in ((0, 1), (1, 4), (4, 6))]
        assert b"".join(parts) == packed.data[head:], column
    letters = [rows.letter(row, "because") for row in range(6)]
    assert [(letter.seq, letter.idx) for letter in letters] == [(0, 0), (0, 1), (1, 0), (2, 0), (2, 1), (2, 2)]


@pytest.mark.parametrize("field", ["measured_at", "received_at", "series_id", "boot_no", "seq", "idx", "in_count"])
def test_every_column_has_a_value_for_every_row(field: str) -> None:
    entries = [entry(0, count=2)]
    plan = plan_commit(entries, {entries[0].boot: Boot(1, [])}, dict.fromkeys(missing_series(entries, {}), 1))
    length = int.from_bytes(plan.rows["footfall_counts"].pack()[field].data[12:16], "big")
    assert length == 2
