import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_contracts import messages
from storesense_contracts.device_commands import decode_command, encode_command
from storesense_contracts.device_config import decode_config, encode_config
from storesense_contracts.generate import message_schemas
from storesense_contracts.ids import BootId, new_boot_id
from storesense_contracts.messages import CommitAck, DeviceState, DeviceStatus, DroppedRange, DropReason, PayloadError
from storesense_contracts.readings import (
    READING_TYPES,
    AnyReading,
    FootfallReading,
    QueueOutcome,
    QueueSample,
    QueueVisit,
    ShelfAlternative,
    ShelfEvent,
    ShelfEventKind,
    ShelfWeight,
)
from storesense_contracts.topics import Stream

AT = datetime(2026, 11, 21, 12, 0, 0, 250_000, tzinfo=UTC)
BOOT = BootId("0123456789abcdef" * 2)
GOLDEN_DIR = Path(__file__).parent / "golden"


def footfall(in_count: int = 1) -> FootfallReading:
    return FootfallReading(measured_at=AT, period_ms=1_000, line_id="door", in_count=in_count, out_count=0)


def encode(readings: list[AnyReading], seq: int = 7, dropped: tuple[DroppedRange, ...] = ()) -> bytes:
    return messages.encode_message(
        boot_id=BOOT, seq=seq, sent_at=AT, readings_json=messages.encode_readings(readings), dropped=dropped
    )


READINGS_BY_STREAM: dict[Stream, list[AnyReading]] = {
    Stream.FOOTFALL: [footfall(), footfall(0)],
    Stream.QUEUE: [
        QueueSample(measured_at=AT, queue_id="q1", length=3, longest_wait_ms=61_000),
        QueueVisit(measured_at=AT, queue_id="q1", outcome=QueueOutcome.SERVED, wait_ms=9_000, service_ms=30_500),
    ],
    Stream.SHELF: [
        ShelfWeight(measured_at=AT, slot_id="oats", weight_mg=5_250_000, is_stable=True, units=10, confidence=0.98),
        ShelfEvent(
            measured_at=AT,
            slot_id="oats",
            event=ShelfEventKind.PICK,
            units=2,
            delta_mg=-1_050_000,
            confidence=0.9,
            sku="2231",
        ),
        ShelfEvent(
            measured_at=AT,
            slot_id="oats",
            event=ShelfEventKind.MISPLACED,
            units=1,
            delta_mg=340_500,
            confidence=0.55,
            sku="jam",
            is_ambiguous=True,
            alternatives=(ShelfAlternative(event=ShelfEventKind.MISPLACED, units=1, confidence=0.43, sku="jam-2"),),
        ),
        ShelfEvent(measured_at=AT, slot_id="oats", event=ShelfEventKind.LEAN, units=0, delta_mg=0, confidence=0.9),
    ],
}


@pytest.mark.parametrize("stream", READINGS_BY_STREAM)
def test_what_is_encoded_is_decoded(stream: Stream) -> None:
    decoded = messages.decode_message(stream, encode(READINGS_BY_STREAM[stream]))
    assert [reading for _, reading in decoded.readings] == READINGS_BY_STREAM[stream]
    assert [index for index, _ in decoded.readings] == list(range(len(READINGS_BY_STREAM[stream])))
    assert decoded.bad == []
    assert decoded.sent_at == AT


def test_dropped_ranges_travel_in_the_header() -> None:
    dropped = (DroppedRange(boot_id=new_boot_id(), first=3, last=9, reason=DropReason.OVERFLOW),)
    header = messages.decode_header(encode([footfall()], dropped=dropped))
    assert header.dropped == dropped
    assert header.seq == 7


def test_one_bad_reading_leaves_its_neighbours_readable() -> None:
    payload = encode([footfall(1), footfall(2), footfall(3)]).replace(b'"in_count":2', b'"in_count":-2')
    decoded = messages.decode_message(Stream.FOOTFALL, payload)
    assert [(index, r.in_count) for index, r in decoded.readings if isinstance(r, FootfallReading)] == [(0, 1), (2, 3)]
    ((error, raw),) = decoded.bad
    assert (error.stage, error.index) == ("reading", 1)
    assert "in_count" in error.detail
    assert b'"in_count":-2' in raw


@pytest.mark.parametrize(
    ("payload", "stage", "why"),
    [
        (b"", "header", "empty"),
        (b"\xff\xfe", "header", "no UTF-8"),
        (b"[" * 100_000, "header", "nested without end"),
        (b'{"v":1}', "header", "no boot_id"),
        (b'{"v":1,"boot_id":"ABC","seq":1}', "header", "a boot_id that is none"),
        (b'{"v":1,"boot_id":"%s","seq":-1}' % BOOT.encode(), "header", "a negative seq"),
        (b'{"v":1,"boot_id":"%s","seq":9223372036854775807}' % BOOT.encode(), "header", "seq + 1 would not fit"),
        (b'{"v":2,"boot_id":"%s","seq":1}' % BOOT.encode(), "version", "another version"),
        (b'{"v":1,"boot_id":"%s","seq":1}' % BOOT.encode(), "body", "no readings"),
        (b'{"v":1,"boot_id":"%s","seq":1,"sent_at":"now","readings":[{}]}' % BOOT.encode(), "body", "no instant"),
        (
            b'{"v":1,"boot_id":"%s","seq":1,"sent_at":"2026-01-01T00:00:00Z","readings":[]}' % BOOT.encode(),
            "body",
            "no reading at all",
        ),
        (
            b'{"v":1,"boot_id":"%s","seq":1,"sent_at":"2026-01-01T00:00:00","readings":[1]}' % BOOT.encode(),
            "body",
            "an instant without an offset",
        ),
        (
            b'{"v":1,"boot_id":"%s","seq":1,"sent_at":"0001-01-01T00:00:00+14:00","readings":[1]}' % BOOT.encode(),
            "body",
            "an instant before the first one of UTC",
        ),
        (b" " * (messages.MAX_PAYLOAD_BYTES + 1), "size", "too large"),
    ],
)
def test_unreadable_payloads_name_stage_and_keep_the_header(payload: bytes, stage: str, why: str) -> None:
    with pytest.raises(PayloadError) as caught:
        messages.decode_message(Stream.FOOTFALL, payload)
    assert caught.value.stage == stage, why
    assert (caught.value.header is not None) == (stage in {"version", "body"}), why


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e400", '"1"', "1.5", "true", "null", "9" * 400])
def test_a_number_that_is_none_makes_one_bad_reading(number: str) -> None:
    payload = encode([footfall(1), footfall(2)]).replace(b'"in_count":1', b'"in_count":' + number.encode())
    decoded = messages.decode_message(Stream.FOOTFALL, payload)
    assert [error.index for error, _ in decoded.bad] == [0]
    assert decoded.readings == [(1, footfall(2))]


@pytest.mark.parametrize("cut", [-1, -30, -120])
def test_a_payload_cut_short_still_has_its_place_in_the_ledger(cut: int) -> None:
    dropped = (DroppedRange(boot_id=BOOT, first=1, last=2, reason=DropReason.EXPIRED),)
    with pytest.raises(PayloadError) as caught:
        messages.decode_message(Stream.FOOTFALL, encode([footfall()], seq=99, dropped=dropped)[:cut])
    assert caught.value.stage == "body"
    assert caught.value.header is not None
    assert (caught.value.header.seq, caught.value.header.dropped) == (99, dropped)


def test_a_header_that_is_cut_short_is_not_guessed() -> None:
    payload = encode([footfall()], seq=123_456)
    with pytest.raises(PayloadError) as caught:
        messages.decode_message(Stream.FOOTFALL, payload[: payload.index(b"123456") + 3])
    assert caught.value.stage == "header"
    assert caught.value.header is None


def test_too_many_readings_are_refused_on_both_sides() -> None:
    with pytest.raises(ValueError, match="1 to 1000"):
        messages.encode_readings([footfall()] * (messages.MAX_READINGS + 1))
    with pytest.raises(ValueError, match="1 to 1000"):
        messages.encode_readings([])
    many = b"[" + b",".join([messages.encode_readings([footfall()])[1:-1]] * (messages.MAX_READINGS + 1)) + b"]"
    with pytest.raises(PayloadError) as caught:
        messages.decode_message(
            Stream.FOOTFALL, messages.encode_message(boot_id=BOOT, seq=1, sent_at=AT, readings_json=many)
        )
    assert caught.value.stage == "body"


def test_unknown_fields_are_ignored() -> None:
    payload = encode([footfall()]).replace(b'"v":1', b'"v":1,"colour":"red"').replace(b'"line_id"', b'"x":{},"line_id"')
    assert messages.decode_message(Stream.FOOTFALL, payload).readings == [(0, footfall())]


def test_a_picture_has_no_field_to_travel_in() -> None:
    """Privacy: text and bytes on the wire are ids, reasons or the packed grid, and all are bounded."""
    for stream, types in READING_TYPES.items():
        for reading_type in types:
            schema = msgspec.json.schema(reading_type)
            for name, prop in schema["$defs"][reading_type.__name__]["properties"].items():
                for part in prop.get("anyOf", [prop]):
                    bounded = part.get("maxLength") or part.get("pattern") or part.get("format") or part.get("enum")
                    if part.get("type") == "string":
                        assert bounded, f"{stream}: {reading_type.__name__}.{name} is an unbounded text"
                    if part.get("contentEncoding") == "base64":
                        assert name == "presence_ds"


@given(st.binary(max_size=400))
def test_no_bytes_break_the_decoders(payload: bytes) -> None:
    for decode in (
        messages.decode_ack,
        messages.decode_status,
        messages.decode_header,
        lambda p: messages.decode_message(Stream.SHELF, p),
    ):
        with pytest.raises(PayloadError):
            decode(payload)


@given(
    st.lists(st.tuples(st.integers(0, 2**40), st.integers(0, 2**40)).map(lambda pair: tuple(sorted(pair))), max_size=20)
)
def test_acks_survive_the_round_trip(ranges: list[tuple[int, int]]) -> None:
    ack = CommitAck(boot_id=BOOT, ranges=tuple(ranges), received_at=AT, echo_sent_at=AT - timedelta(seconds=1))
    assert messages.decode_ack(messages.encode_struct(ack)) == ack


def test_status_survives_the_round_trip() -> None:
    status = DeviceStatus(boot_id=BOOT, state=DeviceState.OFFLINE)
    assert messages.decode_status(messages.encode_struct(status)) == status


GOLDEN_FILES = sorted(GOLDEN_DIR.glob("v*/*.json"))


def test_every_stream_of_every_version_has_a_golden_file() -> None:
    names = {path.stem for path in GOLDEN_FILES}
    later = {"config_camera", "config_shared", "shelf_corrected"}
    assert names == {stream.value for stream in Stream} | {"ack", "command", "config"} | later
    for stream, kinds in READING_TYPES.items():
        payloads = [path.read_bytes() for path in GOLDEN_FILES if path.stem.partition("_")[0] == stream.value]
        decoded = [messages.decode_message(stream, payload) for payload in payloads]
        assert {type(reading) for each in decoded for _, reading in each.readings} == set(kinds)


@pytest.mark.parametrize("path", GOLDEN_FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_golden_files_decode_for_ever(path: Path) -> None:
    payload = path.read_bytes()
    jsonschema.validate(json.loads(payload), message_schemas()[path.stem.partition("_")[0]])
    if path.stem == "ack":
        assert messages.decode_ack(payload).ranges == ((0, 41), (43, 43))
    elif path.stem == "status":
        assert messages.decode_status(payload).state is DeviceState.OFFLINE
    elif path.stem == "command":
        command = decode_command(payload)
        assert (command.kind, command.arguments.slot_id) == ("zero_slot", "oats")
        assert json.loads(encode_command(command)) == json.loads(payload)
    elif path.stem == "config":
        config = decode_config(payload)
        assert (config.planogram_version, [slot.product.sku for slot in config.slots or ()]) == (7, ["2231"])
        assert json.loads(encode_config(config)) == json.loads(payload)
    elif path.stem == "config_camera":
        config = decode_config(payload)
        assert config.drawing is not None
        assert (config.drawing.version, [line.line_id for line in config.drawing.lines]) == (3, ["door", "aisle"])
        assert json.loads(encode_config(config)) == json.loads(payload)
    elif path.stem == "config_shared":
        slot = (decode_config(payload).slots or ())[0]
        assert [(each.sku, each.capacity_units) for each in slot.also] == [("4410", 12)]
        assert slot.count is not None
        assert (slot.count.count_no, slot.count.units) == (31, (7, 3))
        assert json.loads(encode_config(decode_config(payload))) == json.loads(payload)
    else:
        decoded = messages.decode_message(Stream(path.stem.partition("_")[0]), payload)
        assert decoded.bad == []
        again = messages.encode_message(
            boot_id=BootId(decoded.header.boot_id),
            seq=decoded.header.seq,
            sent_at=decoded.sent_at,
            readings_json=messages.encode_readings([reading for _, reading in decoded.readings]),
            dropped=decoded.header.dropped,
        )
        assert json.loads(again) == json.loads(payload)


@pytest.mark.parametrize(
    ("payload", "stage"),
    [
        pytest.param(
            b'{"v":1,"boot_id":"%s","seq":4,"seq":"x","sent_at":"2026-01-05T12:00:00Z","readings":[{}]}',
            "header",
            id="well, then badly",
        ),
        pytest.param(
            b'{"v":1,"boot_id":"%s","seq":4,"seq":5,"sent_at":"2026-01-05T12:00:00Z","readings":[NaN]}',
            "body",
            id="two readers, two numbers",
        ),
    ],
)
def test_a_header_field_that_stands_twice_is_never_taken_by_its_first(payload: bytes, stage: str) -> None:
    with pytest.raises(PayloadError) as caught:
        messages.decode_message(Stream.FOOTFALL, payload % BOOT.encode())
    assert caught.value.stage == stage
