"""What a device says whose clock was never set is put onto the gateway's clock."""

from datetime import timedelta

from fixtures.gateway_messages import NOW, footfall, incoming, message
from storesense_gateway.decoding import Limits, decode
from storesense_gateway.entries import Entry


def decoded(readings: list[dict[str, object]], **changes: object) -> Entry:
    entry = decode(incoming(message(readings, **changes)), Limits())
    assert isinstance(entry, Entry)
    return entry


def test_distances_are_kept_and_the_receipt_gives_the_rest() -> None:
    readings = [footfall(measured_at=f"1970-01-01T00:00:{second:02}Z") for second in (5, 20)]
    entry = decoded(readings, sent_at="1970-01-01T00:00:25Z")
    assert not entry.letters
    measured = [reading.measured_at for part in entry.parts for reading in part.readings]
    assert measured == [NOW - timedelta(seconds=20), NOW - timedelta(seconds=5)]


def test_a_reading_of_a_set_clock_in_such_a_message_stays() -> None:
    entry = decoded([footfall()], sent_at="1970-01-01T00:00:25Z")
    assert entry.parts[0].readings[0].measured_at == NOW


def test_an_old_reading_of_a_set_clock_is_still_refused() -> None:
    entry = decoded([footfall(measured_at="1970-01-01T00:00:05Z")])
    assert [letter.stage for letter in entry.letters] == ["past"]


def test_an_interval_does_not_come_to_straddle_a_minute() -> None:
    reading = footfall(measured_at="1970-01-01T00:00:00Z", period_ms=60_000)
    entry = decoded([reading], sent_at="1970-01-01T00:01:00Z")
    (moved,) = entry.parts[0].readings
    assert moved.measured_at in (NOW - timedelta(seconds=90), NOW - timedelta(seconds=30))
