"""What lay on a shared plate is known again after a restart, as long as it may still be so."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storesense_edge.slot_units import SlotUnits

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SKUS = ("rice", "beans")


def test_units_are_known_again_at_the_next_start(tmp_path: Path) -> None:
    SlotUnits(tmp_path / "state", "shelf-1").keep("oats", SKUS, (4, 3), 0.95, NOW)
    again = SlotUnits(tmp_path / "state", "shelf-1")
    assert again.recalled("oats", SKUS, NOW + timedelta(hours=9)) == (4, 3)
    assert again.recalled("oats", ("beans", "rice"), NOW) is None, "another planogram"
    assert again.recalled("oats", SKUS, NOW + timedelta(hours=25)) is None, "too long ago"
    assert again.recalled("rye", SKUS, NOW) is None


def test_units_in_doubt_and_those_of_one_product_are_not_kept(tmp_path: Path) -> None:
    kept = SlotUnits(tmp_path, "shelf-1")
    kept.keep("oats", SKUS, (4, 3), 0.6, NOW)
    kept.keep("rye", ("rye",), (4,), 1.0, NOW)
    assert list(tmp_path.iterdir()) == []


def test_a_plate_that_nobody_touches_stays_known(tmp_path: Path) -> None:
    kept = SlotUnits(tmp_path, "shelf-1")
    for hours in (0.0, 0.5, 23.5):
        kept.keep("oats", SKUS, (4, 3), 1.0, NOW + timedelta(hours=hours))
    assert kept.recalled("oats", SKUS, NOW + timedelta(hours=40)) == (4, 3)


@pytest.mark.parametrize(
    "text", ["{", '{"known_at": 1}', '{"known_at":"2026-11-20T12:00:00Z","skus":["rice","beans"],"units":[4]}']
)
def test_a_file_that_says_nothing_is_not_used(tmp_path: Path, text: str) -> None:
    (tmp_path / "shelf-1.oats.units.json").write_text(text)
    assert SlotUnits(tmp_path, "shelf-1").recalled("oats", SKUS, NOW) is None


def test_a_full_disk_stops_no_counting_and_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    kept = SlotUnits(tmp_path / "file" / "state", "shelf-1")
    for units in ((4, 3), (4, 2)):
        kept.keep("oats", SKUS, units, 1.0, NOW)
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "What lies on plate oats cannot be kept on disk"
    ]


@pytest.mark.parametrize(("after", "is_kept_anew"), [(timedelta(minutes=59), False), (timedelta(minutes=61), True)])
def test_what_stays_the_same_is_written_once_an_hour(tmp_path: Path, after: timedelta, *, is_kept_anew: bool) -> None:
    kept = SlotUnits(tmp_path, "shelf-1")
    kept.keep("oats", SKUS, (4, 3), 1.0, NOW)
    (file,) = tmp_path.iterdir()
    before = file.read_bytes()
    kept.keep("oats", SKUS, (4, 3), 1.0, NOW + after)
    assert (file.read_bytes() != before) is is_kept_anew
