"""What of a dead letter can be stored after a fix, and what never."""

import json
from datetime import timedelta

import pytest

from fixtures.gateway_messages import BOOT, NOW, TOPIC, footfall, message
from storesense_gateway.decoding import Limits
from storesense_gateway.replay import KeptLetter, NotReplayableError, entry_of

LIMITS = Limits()


def letter(payload: bytes, **changes: object) -> KeptLetter:
    fields = {
        "dead_letter_id": 7,
        "received_at": NOW,
        "topic": TOPIC,
        "stage": "reading",
        "reason": "it was wrong",
        "store_id": "store-1",
        "device_id": "device-1",
        "boot_id": BOOT,
        "seq": 3,
        "idx": 5,
        "payload": payload,
        "payload_bytes": len(payload),
        "replayed_at": None,
    }
    return KeptLetter(**(fields | changes))  # type: ignore[arg-type]


def reading(**changes: object) -> bytes:
    return json.dumps(footfall(**changes)).encode()


def test_a_reading_keeps_its_place_and_its_receipt() -> None:
    entry = entry_of(letter(reading()), LIMITS, now=NOW + timedelta(days=1))
    assert (entry.boot.boot_id, entry.seq, entry.received_us) == (BOOT, 3, int(NOW.timestamp() * 1e6))
    assert [(part.idxs, len(part.readings)) for part in entry.parts] == [([5], 1)]


def test_a_whole_message_gives_its_good_readings_and_sets_the_bad_ones_apart() -> None:
    payload = message([footfall(), footfall(in_count=-1)], seq=3, dropped=[])
    entry = entry_of(letter(payload, stage="body", idx=None), LIMITS, now=NOW)
    assert [part.idxs for part in entry.parts] == [[0]]
    assert [each.idx for each in entry.letters] == [1]


def test_drops_are_not_declared_again() -> None:
    dropped = [{"boot_id": BOOT, "first": 0, "last": 1, "reason": "overflow"}]
    payload = message([footfall()], seq=3, dropped=dropped)
    assert entry_of(letter(payload, stage="body", idx=None), LIMITS, now=NOW).dropped == ()


def test_a_future_that_has_come_is_none() -> None:
    ahead = letter(reading(measured_at=(NOW + timedelta(hours=2)).isoformat()), stage="future")
    with pytest.raises(NotReplayableError, match="still in the future; give a shift"):
        entry_of(ahead, LIMITS, now=NOW)
    assert entry_of(ahead, LIMITS, now=NOW + timedelta(hours=2)).parts


def test_a_shift_puts_a_wrong_clock_right() -> None:
    ahead = letter(reading(measured_at=(NOW + timedelta(hours=2)).isoformat()), stage="future")
    (part,) = entry_of(ahead, LIMITS, now=NOW, shift_ms=-7_200_000).parts
    assert part.readings[0].measured_at == NOW
    with pytest.raises(NotReplayableError, match="too old"):
        entry_of(ahead, LIMITS, now=NOW, shift_ms=-500 * 86_400_000)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        pytest.param(letter(reading(in_count=-1)), "still cannot be used", id="nothing was fixed"),
        pytest.param(letter(b"{"), "still cannot", id="no JSON"),
        pytest.param(letter(b"x" * 10, payload_bytes=300_000), "only 10 of its 300000 bytes", id="it was cut"),
        pytest.param(letter(message([footfall()]), stage="header", idx=None), "was stored", id="its drops alone"),
        pytest.param(letter(b"", stage="size", idx=None, boot_id=None), "still cannot be read", id="nothing at all"),
        pytest.param(
            letter(b'{"v":1,"boot_id":"' + b"0" * 32 + b'","state":"online"}',
                   topic=TOPIC.replace("footfall", "status"), idx=None, stage="body", boot_id=None),
            "says nothing", id="a status, which the next one replaces",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_replayed_says_why(wrong: KeptLetter, why: str) -> None:
    with pytest.raises(NotReplayableError, match=why):
        entry_of(wrong, LIMITS, now=NOW)


def test_only_a_letter_with_a_readable_header_is_in_the_ledger() -> None:
    assert letter(b"").is_in_ledger
    assert not letter(b"", boot_id=None).is_in_ledger
