"""One device cannot fill the disk: its dead letters and its series are bounded, and what is left out is told."""

from collections import Counter
from datetime import timedelta
from typing import Any

from fixtures.gateway_messages import NOW, footfall, incoming, message
from storesense_contracts.clock import to_epoch_us
from storesense_gateway.decoding import Limits, decode
from storesense_gateway.entries import DeadLetter, Decoded, Entry
from storesense_gateway.quota import DeviceQuota


def quota(**changes: int) -> tuple[DeviceQuota, Counter[str]]:
    left_out: Counter[str] = Counter()
    limits = {"letters_per_hour": 3, "bytes_per_hour": 10_000, "series_per_device": 2} | changes
    return DeviceQuota(**limits, left_out=lambda stage: left_out.update([stage])), left_out


def taken(readings: list[dict[str, Any]], *, seq: int = 0, device: str = "device-1", **later: float) -> Decoded:
    topic = f"storesense/v1/store-1/{device}/up/footfall"
    return decode(
        incoming(message(readings, seq=seq), topic=topic, received_at=NOW + timedelta(**later)),
        Limits(future_tolerance_s=1e9),
    )


def stages(quota: DeviceQuota, decoded: Decoded) -> list[str]:
    passed = quota.pass_on(decoded)
    if isinstance(passed, Entry):
        return [letter.stage for letter in passed.letters]
    return [passed.stage] if isinstance(passed, DeadLetter) else []


BAD = footfall(in_count=-1)


def test_what_is_good_passes_as_it_is() -> None:
    limited, left_out = quota()
    decoded = taken([footfall(), footfall(line_id="back")])
    assert limited.pass_on(decoded) is decoded
    assert not left_out


def test_dead_letters_beyond_the_quota_are_counted_and_one_letter_stands_for_them() -> None:
    limited, left_out = quota()
    assert stages(limited, taken([BAD, BAD], seq=0)) == ["reading", "reading"]
    assert stages(limited, taken([BAD, footfall(), BAD, BAD], seq=1)) == ["reading", "quota"]
    assert stages(limited, taken([BAD], seq=2)) == []
    assert left_out == {"reading": 3}


def test_an_entry_without_room_for_its_letters_keeps_its_number_and_its_good_readings() -> None:
    limited, _ = quota(letters_per_hour=1)
    limited.pass_on(taken([BAD, BAD]))
    passed = limited.pass_on(taken([BAD, footfall()], seq=9))
    assert isinstance(passed, Entry)
    assert (passed.seq, passed.reading_count, passed.letters) == (9, 1, [])


def test_a_letter_that_stands_for_others_cannot_be_replayed() -> None:
    limited, _ = quota(letters_per_hour=1)
    passed = limited.pass_on(taken([BAD, BAD]))
    assert isinstance(passed, Entry)
    told = passed.letters[-1]
    assert (told.stage, told.seq, told.idx, told.payload) == ("quota", None, None, b"")
    assert told.payload_bytes > 0
    assert (told.store_id, told.device_id) == ("store-1", "device-1")
    assert "further ones are counted" in told.reason


def test_another_device_and_another_hour_have_quotas_of_their_own() -> None:
    limited, _ = quota(letters_per_hour=1)
    assert stages(limited, taken([BAD, BAD])) == ["reading", "quota"]
    assert stages(limited, taken([BAD], device="device-2")) == ["reading"]
    assert stages(limited, taken([BAD], hours=1)) == ["reading"]


def test_large_letters_use_the_quota_up_by_their_bytes() -> None:
    limited, left_out = quota(letters_per_hour=1_000, bytes_per_hour=4_096)
    garbage = incoming(b"\xff" * 3_000)
    assert [stages(limited, decode(garbage, Limits())) for _ in range(4)] == [["header"], ["header"], ["quota"], []]
    assert left_out == {"header": 2}


def test_garbage_of_no_device_shares_one_quota() -> None:
    limited, _ = quota(letters_per_hour=2)
    strange = [decode(incoming(b"x", topic=f"elsewhere/{no}"), Limits()) for no in range(4)]
    assert [stages(limited, each) for each in strange] == [["header"], ["header"], ["quota"], []]


def test_readings_of_a_subject_too_many_become_dead_letters_and_known_ones_go_on() -> None:
    limited, _ = quota()
    limited.pass_on(taken([footfall(line_id="a"), footfall(line_id="b")]))
    passed = limited.pass_on(taken([footfall(line_id="b"), footfall(line_id="c"), footfall(line_id="a")], seq=1))
    assert isinstance(passed, Entry)
    (part,) = passed.parts
    assert (part.idxs, part.subjects) == ([0, 2], ["b", "a"])
    assert [(letter.stage, letter.idx, letter.seq) for letter in passed.letters] == [("series", 1, 1)]
    assert passed.letters[0].received_us == to_epoch_us(NOW)


def test_a_message_of_new_subjects_alone_keeps_its_number() -> None:
    limited, _ = quota(series_per_device=1, letters_per_hour=100)
    passed = limited.pass_on(taken([footfall(line_id=f"line-{no}") for no in range(50)]))
    assert isinstance(passed, Entry)
    assert (passed.reading_count, len(passed.letters)) == (1, 49)
    passed = limited.pass_on(taken([footfall(line_id="line-7")], seq=1))
    assert isinstance(passed, Entry)
    assert (passed.parts, passed.seq) == ([], 1)


def test_repeats_of_a_poisoned_message_use_no_quota_up() -> None:
    limited, left_out = quota(letters_per_hour=3)
    poisoned = taken([BAD, BAD], seq=0)
    for _ in range(100):
        assert stages(limited, poisoned) == ["reading", "reading"]
    assert stages(limited, taken([BAD], seq=1)) == ["reading"]
    assert stages(limited, taken([BAD], seq=2)) == ["quota"]
    assert left_out == {"reading": 1}
