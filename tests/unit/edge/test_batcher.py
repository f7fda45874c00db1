from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_contracts.ids import BootId
from storesense_contracts.messages import (
    MAX_PAYLOAD_BYTES,
    DroppedRange,
    DropReason,
    decode_message,
    encode_message,
)
from storesense_contracts.readings import FootfallReading, HealthReading, HealthState, HeatmapReading
from storesense_contracts.topics import Stream
from storesense_edge.batcher import MAX_READING_BYTES, Batcher, UnfitReadingError

NOW_AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
BOOT = BootId("a" * 32)


def footfall(count: int) -> FootfallReading:
    return FootfallReading(measured_at=NOW_AT, period_ms=1000, line_id="door", in_count=count, out_count=0)


def health(text: str) -> HealthReading:
    return HealthReading(measured_at=NOW_AT, component_id="x", state=HealthState.OK, reason=text)


def heatmap(size: int) -> HeatmapReading:
    return HeatmapReading(
        measured_at=NOW_AT,
        period_ms=60_000,
        floor_id="ground",
        origin_xy_m=(0.0, 0.0),
        cell_size_m=0.5,
        columns=1,
        rows=1,
        presence_ds=b"\xff" * size,
    )


@given(
    items=st.lists(st.tuples(st.sampled_from([Stream.FOOTFALL, Stream.HEALTH]), st.integers(0, 400)), max_size=60),
    max_readings=st.integers(1, 10),
    max_bytes=st.integers(1_000, 3_000),
)
def test_everything_comes_out_once_in_order_and_within_the_limits(
    items: list[tuple[Stream, int]], max_readings: int, max_bytes: int
) -> None:
    batcher = Batcher(max_readings=max_readings, max_bytes=max_bytes)
    batches = []
    for stream, size in items:
        batches += batcher.add(stream, footfall(size) if stream is Stream.FOOTFALL else health("x" * size))
    batches += batcher.take_all()
    for stream in (Stream.FOOTFALL, Stream.HEALTH):
        out = []
        for batch in batches:
            if batch.stream is not stream:
                continue
            message = decode_message(
                stream,
                encode_message(boot_id=BOOT, seq=0, sent_at=NOW_AT, readings_json=batch.readings_json),
            )
            assert message.bad == []
            assert len(message.readings) == batch.count <= max_readings
            assert len(batch.readings_json) <= max_bytes or batch.count == 1
            out += [reading for _, reading in message.readings]
        sizes = [size for s, size in items if s is stream]
        assert out == [footfall(n) if stream is Stream.FOOTFALL else health("x" * n) for n in sizes]
    assert batcher.take_all() == []


def test_a_full_batch_goes_at_once() -> None:
    batcher = Batcher(max_readings=3, max_bytes=64_000)
    assert [len(batcher.add(Stream.FOOTFALL, footfall(1))) for _ in range(7)] == [0, 0, 1, 0, 0, 1, 0]


def test_a_reading_of_another_stream_is_refused() -> None:
    batcher = Batcher(max_readings=3, max_bytes=64_000)
    with pytest.raises(UnfitReadingError, match="queue: it carries no FootfallReading"):
        batcher.add(Stream.QUEUE, footfall(1))
    with pytest.raises(UnfitReadingError, match="status"):
        batcher.add(Stream.STATUS, footfall(1))


def test_a_reading_too_large_for_any_message_is_refused_and_the_rest_goes_on() -> None:
    batcher = Batcher(max_readings=3, max_bytes=64_000)
    with pytest.raises(UnfitReadingError, match="room for"):
        batcher.add(Stream.HEATMAP, heatmap(190_000))
    assert batcher.add(Stream.HEATMAP, heatmap(100)) == []
    assert len(batcher.take_all()) == 1


def test_the_largest_reading_fits_the_wire_with_a_full_header() -> None:
    size = MAX_READING_BYTES * 3 // 4 - 400
    batcher = Batcher(max_readings=3, max_bytes=64_000)
    [batch] = batcher.add(Stream.HEATMAP, heatmap(size))
    dropped = tuple(
        DroppedRange(boot_id=BOOT, first=2**39 + n, last=2**39 + n, reason=DropReason.OVERFLOW) for n in range(100)
    )
    payload = encode_message(
        boot_id=BOOT, seq=2**39, sent_at=NOW_AT, readings_json=batch.readings_json, dropped=dropped
    )
    assert len(payload) <= MAX_PAYLOAD_BYTES
    assert msgspec.json.decode(payload)["boot_id"] == BOOT
