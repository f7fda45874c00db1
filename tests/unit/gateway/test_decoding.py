"""What of a message is stored, what becomes a dead letter, and what still gets its ack."""

import json
import zlib
from base64 import b64encode
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.gateway_messages import BOOT, NOW, TOPIC, footfall, health, heatmap, incoming, message
from storesense_contracts.messages import DeviceState, DropReason
from storesense_contracts.topics import Stream
from storesense_gateway.decoding import Limits, _target, decode
from storesense_gateway.entries import DeadLetter, Entry, StatusUpdate

LIMITS = Limits(future_tolerance_s=60.0, past_tolerance_s=400 * 86_400.0)
OTHER_BOOT = "1" * 32


def decoded(payload: bytes, *, topic: str = "storesense/v1/store-1/device-1/up/footfall") -> Any:
    return decode(incoming(payload, topic=topic), LIMITS)


def test_a_good_message_yields_its_readings_by_family() -> None:
    entry = decoded(message([footfall(in_count=2), footfall(line_id="back")], seq=7))
    assert isinstance(entry, Entry)
    assert (entry.boot.store_id, entry.boot.device_id, entry.boot.boot_id, entry.seq) == (
        "store-1",
        "device-1",
        BOOT,
        7,
    )
    assert [(part.family.table, part.idxs, part.subjects) for part in entry.parts] == [
        ("footfall_counts", [0, 1], ["door", "back"])
    ]
    assert entry.sent_at == NOW
    assert entry.letters == []


def test_one_stream_may_feed_two_tables() -> None:
    sample = {"kind": "sample", "measured_at": NOW.isoformat(), "queue_id": "tills", "length": 3}
    visit = {
        "kind": "visit",
        "measured_at": NOW.isoformat(),
        "queue_id": "tills",
        "outcome": "served",
        "wait_ms": 5_000,
    }
    entry = decoded(message([sample, visit, sample]), topic="storesense/v1/store-1/device-1/up/queue")
    assert {part.family.table: part.idxs for part in entry.parts} == {"queue_samples": [0, 2], "queue_visits": [1]}


BAD_READINGS = [
    pytest.param({"line_id": "door"}, "reading", "measured_at", id="a field is missing"),
    pytest.param(footfall(in_count=-1), "reading", "in_count", id="a count below zero"),
    pytest.param(footfall(line_id="a/#"), "reading", "line_id", id="an id that is none"),
    pytest.param(footfall(in_count=float("nan")), "reading", "", id="not a number, which is no JSON either"),
    pytest.param(footfall(measured_at="yesterday"), "reading", "measured_at", id="text for an instant"),
    pytest.param(footfall(measured_at=(NOW + timedelta(seconds=61)).isoformat()), "future", "61 s", id="the future"),
    pytest.param(footfall(measured_at="1970-01-01T00:00:05Z"), "past", "days old", id="a clock that was never set"),
    pytest.param(
        footfall(measured_at="9999-12-31T23:59:59-14:00"), "future", "", id="beyond the years that Python knows"
    ),
    pytest.param(
        footfall(measured_at="0001-01-01T00:00:00+14:00"), "past", "", id="before the years that Python knows"
    ),
]


@pytest.mark.parametrize(("bad", "stage", "hint"), BAD_READINGS)
def test_a_bad_reading_is_set_apart_from_its_neighbours(bad: dict[str, Any], stage: str, hint: str) -> None:
    entry = decoded(message([footfall(in_count=1), bad, footfall(in_count=3)], seq=4))
    assert isinstance(entry, Entry)
    assert [part.idxs for part in entry.parts] == [[0, 2]]
    (letter,) = entry.letters
    assert (letter.stage, letter.idx, letter.seq, letter.boot_id) == (stage, 1, 4, BOOT)
    assert hint in letter.reason
    assert json.loads(letter.payload.replace(b"NaN", b"null")).keys() == bad.keys()


def test_exactly_the_tolerance_is_believed() -> None:
    entry = decoded(message([footfall(measured_at=(NOW + timedelta(seconds=60)).isoformat())]))
    assert entry.letters == []


BAD_GRIDS = [
    pytest.param({"presence_ds": b64encode(b"no zlib").decode()}, "no zlib stream", id="not compressed"),
    pytest.param({"columns": 3}, "does not unpack to 12 bytes", id="fewer cells than it says"),
    pytest.param({"columns": 1}, "does not unpack to 4 bytes", id="more cells than it says"),
    pytest.param({"columns": 1024, "rows": 1024}, "at most 65536", id="more cells than allowed"),
    pytest.param(
        {"presence_ds": b64encode(zlib.compress(bytes(50_000_000))).decode()}, "does not unpack", id="a zip bomb"
    ),
    pytest.param(
        {"presence_ds": b64encode(zlib.compress(bytes(8)) + b"more").decode()}, "does not unpack", id="bytes behind it"
    ),
    pytest.param({"presence_ds": b64encode(zlib.compress(bytes(8))[:-2]).decode()}, "does not unpack", id="cut off"),
]


@pytest.mark.parametrize(("changes", "reason"), BAD_GRIDS)
def test_a_grid_that_is_not_what_it_says_is_a_dead_letter(changes: dict[str, Any], reason: str) -> None:
    entry = decoded(message([heatmap(), heatmap() | changes]), topic="storesense/v1/store-1/device-1/up/heatmap")
    assert [part.idxs for part in entry.parts] == [[0]]
    assert [(letter.stage, letter.idx) for letter in entry.letters] == [("reading", 1)]
    assert reason in entry.letters[0].reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"reason": "cut\x00off"}, "NUL", id="PostgreSQL keeps no NUL"),
        pytest.param({"uptime_s": 2**63}, "64 bits", id="a counter beyond 64 bits"),
        pytest.param({"outbox_bytes": 2**80}, "64 bits", id="far beyond"),
    ],
)
def test_what_postgresql_would_refuse_is_a_dead_letter(changes: dict[str, Any], reason: str) -> None:
    entry = decoded(message([health(), health() | changes]), topic="storesense/v1/store-1/device-1/up/health")
    assert [part.idxs for part in entry.parts] == [[0]]
    assert reason in entry.letters[0].reason


UNREADABLE = [
    pytest.param(b"\xff\x00garbage", "header", id="garbage"),
    pytest.param(b"", "header", id="nothing"),
    pytest.param(b"[" * 100_000, "header", id="deep nesting"),
    pytest.param(b'{"v":1,"boot_id":"short","seq":1}', "header", id="a boot id that is none"),
    pytest.param(message([footfall()], seq=-1), "header", id="a negative seq"),
    pytest.param(message([footfall()], seq=2**63 - 1), "header", id="a seq that leaves no room for its end"),
    pytest.param(b"x" * 262_145, "size", id="one byte more than allowed"),
]


@pytest.mark.parametrize(("payload", "stage"), UNREADABLE)
def test_a_message_without_a_header_has_no_place_in_the_ledger(payload: bytes, stage: str) -> None:
    letter = decoded(payload)
    assert isinstance(letter, DeadLetter)
    assert (letter.stage, letter.store_id, letter.seq) == (stage, "store-1", None)
    assert letter.payload_bytes == len(payload)


def test_of_an_oversized_payload_only_the_beginning_is_kept() -> None:
    letter = decoded(b"x" * 1_000_000)
    assert (len(letter.payload), letter.payload_bytes) == (4_096, 1_000_000)


BAD_BODIES = [
    pytest.param(message([], seq=3), "body", id="no readings"),
    pytest.param(message([footfall()], seq=3, v=2), "version", id="a version of the future"),
    pytest.param(message([footfall()], seq=3)[:-9], "body", id="cut off"),
    pytest.param(message([footfall()], seq=3, sent_at="0001-01-01T00:00:00+14:00"), "body", id="sent before year 1"),
    pytest.param(message([footfall()] * 1_001, seq=3), "body", id="more readings than allowed"),
]


@pytest.mark.parametrize(("payload", "stage"), BAD_BODIES)
def test_a_bad_body_becomes_a_dead_letter_and_keeps_its_place(payload: bytes, stage: str) -> None:
    entry = decoded(payload)
    assert isinstance(entry, Entry)
    assert (entry.seq, entry.parts) == (3, [])
    assert [(letter.stage, letter.seq) for letter in entry.letters] == [(stage, 3)]
    assert entry.letters[0].payload == payload


def test_a_stream_of_a_later_release_keeps_its_place() -> None:
    entry = decoded(message([footfall()], seq=5), topic="storesense/v1/store-1/device-1/up/smell")
    assert isinstance(entry, Entry)
    assert (entry.seq, entry.stream) == (5, None)
    assert [letter.stage for letter in entry.letters] == ["topic"]


@pytest.mark.parametrize(
    "topic",
    [
        "storesense/v1/store-1/device-1/down/ack",
        "storesense/v1/store 1/device-1/up/footfall",
        "storesense/v1//device-1/up/footfall",
        "elsewhere",
    ],
)
def test_a_topic_that_names_no_device_is_a_dead_letter_alone(topic: str) -> None:
    letter = decoded(message([footfall()]), topic=topic)
    assert isinstance(letter, DeadLetter)
    assert (letter.stage, letter.topic, letter.store_id) == ("topic", topic, None)


def test_a_status_is_the_devices_last_word() -> None:
    payload = json.dumps({"boot_id": BOOT, "state": "online", "software": "1.2\x00"}).encode()
    update = decoded(payload, topic="storesense/v1/store-1/device-1/up/status")
    assert isinstance(update, StatusUpdate)
    assert (update.state, update.boot_id, update.software) == (DeviceState.ONLINE, BOOT, "1.2\N{REPLACEMENT CHARACTER}")


def test_a_status_that_was_cleared_says_nothing() -> None:
    assert decoded(b"", topic="storesense/v1/store-1/device-1/up/status") is None


def test_a_status_of_garbage_is_a_dead_letter() -> None:
    letter = decoded(b"{}", topic="storesense/v1/store-1/device-1/up/status")
    assert isinstance(letter, DeadLetter)
    assert letter.stage == "body"


def test_a_dropped_range_that_ends_before_it_begins_is_noted_and_not_used() -> None:
    good = {"boot_id": OTHER_BOOT, "first": 2, "last": 2, "reason": "overflow"}
    entry = decoded(message([footfall()], dropped=[good, good | {"first": 3}]))
    assert [(each.first, each.last, each.reason) for each in entry.dropped] == [(2, 2, DropReason.OVERFLOW)]
    assert [letter.stage for letter in entry.letters] == ["header"]


@given(st.binary(max_size=300), st.sampled_from(sorted(Stream)))
def test_no_payload_is_too_strange(payload: bytes, stream: Stream) -> None:
    decoded(payload, topic=f"storesense/v1/store-1/device-1/up/{stream.value}")
    decoded(message([footfall()])[:-1] + payload, topic=f"storesense/v1/store-1/device-1/up/{stream.value}")


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.lists(st.dictionaries(st.sampled_from(sorted({*footfall(), *health(), *heatmap()})), JSON_VALUES), min_size=1)
)
def test_every_reading_is_either_stored_or_a_dead_letter(readings: list[dict[str, Any]]) -> None:
    entry = decoded(message([footfall(), *readings]))
    assert isinstance(entry, Entry)
    if any(letter.idx is None for letter in entry.letters):
        assert entry.parts == []
    else:
        places = [idx for part in entry.parts for idx in part.idxs] + [letter.idx or 0 for letter in entry.letters]
        assert sorted(places) == list(range(len(readings) + 1))


@given(st.text(max_size=80))
def test_no_topic_is_too_strange(topic: str) -> None:
    decoded(message([footfall()]), topic=topic)


def test_made_up_topics_are_not_remembered():
    _target.cache_clear()
    long = TOPIC + "x" * 60_000
    (letter,) = decode(incoming(message([footfall()]), topic=long), Limits()).letters
    assert (letter.stage, letter.topic) == ("topic", long)
    assert _target.cache_info().currsize == 0
    decode(incoming(message([footfall()])), Limits())
    assert _target.cache_info().currsize == 1
