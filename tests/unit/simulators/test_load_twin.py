"""The twin as load: the same store for every store, message by message, dated before the present."""

from datetime import UTC, datetime, timedelta

import pytest

from storesense_contracts.clock import to_epoch_us
from storesense_contracts.messages import decode_message
from storesense_contracts.readings import READING_TYPES
from storesense_contracts.topics import Stream
from storesense_simulators.load_device import LoadDevice
from storesense_simulators.load_order import LoadOrder, TwinLoad
from storesense_simulators.load_twin import TwinTraces

NOW = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)
MINUTE_MS = 60_000


@pytest.fixture(scope="module")
def traces() -> TwinTraces:
    return TwinTraces(TwinLoad(minutes=2), batch_size=10)


def test_every_device_of_the_store_has_something_to_say(traces: TwinTraces) -> None:
    assert {"camera-door", "shelf-chilled", "tills", "climate"} <= set(traces.device_ids)
    assert len(traces.device_ids) == 15


def test_messages_hold_readings_of_one_stream_and_not_more_than_asked(traces: TwinTraces) -> None:
    streams = set()
    for device_id in traces.device_ids:
        for stream, readings in traces.messages(device_id, 40, until_at=NOW):
            streams.add(stream)
            assert 1 <= len(readings) <= 10
            assert all(isinstance(reading, READING_TYPES[stream]) for reading in readings)
    assert streams == set(READING_TYPES) - {Stream.RESULT}, "results answer commands, and nobody commands a load"


def test_a_second_pass_is_the_first_one_dated_on_and_all_is_past(traces: TwinTraces) -> None:
    once = list(traces.messages("camera-door", 1, until_at=NOW))
    many = list(traces.messages("camera-door", 500, until_at=NOW))
    dates = [reading.measured_at for _, readings in many for reading in readings]
    assert max(dates) < NOW
    assert max(dates) - min(dates) > timedelta(minutes=3)
    first = [readings for _, readings in many if len(readings) == len(once[0][1])]
    assert first
    for _, readings in many:
        for reading in readings:
            period_ms = getattr(reading, "period_ms", 1)
            began_ms = to_epoch_us(reading.measured_at) // 1_000
            assert began_ms // MINUTE_MS == (began_ms + period_ms - 1) // MINUTE_MS


def test_a_device_of_the_load_sends_them_with_its_own_ids_and_counts_its_readings(traces: TwinTraces) -> None:
    order = LoadOrder(
        host="127.0.0.1",
        port=1,
        devices=[("store-9", "shelf-chilled", "secret")],
        messages=6,
        batch_size=10,
        duration_s=1.0,
    )
    device = LoadDevice(order, 0, traces)
    assert len(device.packets) == 6
    assert all(b"store-9" in packet[:80] for packet in device.packets)
    expected = list(traces.messages("shelf-chilled", 6, until_at=datetime.now(UTC)))
    for seq, (packet, (stream, readings)) in enumerate(zip(device.packets, expected, strict=True)):
        message = decode_message(stream, packet[packet.index(b"{") :])
        assert (message.header.seq, len(message.readings)) == (seq, len(readings))
