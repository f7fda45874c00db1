import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from storesense_contracts.readings import READING_TYPES, Direction, HealthReading, LineAccuracy
from storesense_contracts.topics import Stream
from storesense_edge.agent import audit_reading
from storesense_edge.trajectories import Audit, TrajectoryError, TrajectoryFile, TrajectoryRecorder

NOW_AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
NOW_MS = int(NOW_AT.timestamp() * 1000)
ACCURACY = LineAccuracy(
    line_id="door",
    direction=Direction.IN,
    tallied_count=10,
    counted_count=9,
    missed_count=1,
    extra_count=0,
    error_low=-0.5,
    error_high=0.3,
)


@pytest.fixture
def file(tmp_path: Path) -> TrajectoryFile:
    return TrajectoryFile(tmp_path / "store" / "cam.trajectories.db")


def test_places_are_rounded_thinned_and_numbered_by_lot(file: TrajectoryFile, tmp_path: Path) -> None:
    boots = []
    for salt in (11, 99):
        recorder = TrajectoryRecorder(file, salt=salt)
        for tenth in range(20):
            recorder.see(NOW_AT + timedelta(seconds=tenth / 10), 1, 0.123456, 0.98765)
            recorder.see(NOW_AT + timedelta(seconds=tenth / 10), 2, 0.5, 0.5)
        recorder.write(NOW_AT, now_or_never=True)
        boots.append(file.points(NOW_MS, NOW_MS + 10_000))
    first, both = boots
    assert len(first) == 8  # two people, twice a second, for two seconds
    assert {(x, y) for _, _, x, y in first} == {(0.125, 0.99), (0.5, 0.5)}
    tracks = {track for _, track, _, _ in first}
    assert len(tracks) == 2
    assert len({track for _, track, _, _ in both}) == 4  # nobody is found again in another boot
    assert not tracks & {1, 2}
    path = tmp_path / "store" / "cam.trajectories.db"
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_is_too_old_or_too_much_is_deleted(file: TrajectoryFile) -> None:
    file.append([(NOW_MS + n, 1, 0.5, 0.5) for n in range(100)], [(NOW_MS + n, "door", True) for n in range(100)])
    file.tidy(NOW_MS + 40)
    assert [at_ms - NOW_MS for at_ms, *_ in file.points(0, NOW_MS * 2)] == list(range(40, 100))
    file.tidy(0, max_points=10)
    assert [at_ms - NOW_MS for at_ms, *_ in file.points(0, NOW_MS * 2)] == list(range(90, 100))
    assert len(file.crossings(0, NOW_MS * 2)) == 60


def test_a_day_goes_by_and_nothing_older_stays(file: TrajectoryFile) -> None:
    recorder = TrajectoryRecorder(file, salt=5)
    for hour in range(60):
        at = NOW_AT + timedelta(hours=hour)
        recorder.see(at, hour, 0.5, 0.5)
        recorder.cross(at, "door", entered=True)
        recorder.write(at)
    recorder.write(at, now_or_never=True)
    oldest_ms = file.points(0, NOW_MS * 2)[0][0]
    assert oldest_ms >= int((at - timedelta(hours=24)).timestamp() * 1000)


def test_a_time_without_pictures_is_not_measured(file: TrajectoryFile, tmp_path: Path) -> None:
    recorder = TrajectoryRecorder(file, salt=5)
    for second in [*range(11), *range(40, 61)]:  # blind from 10 to 40
        for tenth in range(0, 10, 2):
            recorder.write(NOW_AT + timedelta(seconds=second + tenth / 10))
    recorder.write(NOW_AT + timedelta(seconds=70), now_or_never=True)
    assert file.measured_ms(NOW_MS, NOW_MS + 60_000) == 10_800 + 20_000
    assert file.measured_ms(NOW_MS + 15_000, NOW_MS + 35_000) == 0
    assert file.measured_ms(NOW_MS + 5_000, NOW_MS + 6_000) == 1_000
    with sqlite3.connect(tmp_path / "store" / "cam.trajectories.db") as database:
        assert database.execute("SELECT count(*) FROM measured").fetchone()[0] < 12
    database.close()
    file.tidy(NOW_MS + 3_600_000)
    assert file.measured_ms(NOW_MS, NOW_MS + 60_000) == 0


def test_tidying_makes_no_file(tmp_path: Path) -> None:
    TrajectoryFile(tmp_path / "none.db").tidy(NOW_MS)
    assert not (tmp_path / "none.db").exists()


def test_a_disk_that_refuses_costs_only_the_trajectories(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "cam.db").mkdir()
    recorder = TrajectoryRecorder(TrajectoryFile(tmp_path / "cam.db"), salt=1)
    recorder.see(NOW_AT, 1, 0.5, 0.5)
    recorder.write(NOW_AT, now_or_never=True)
    assert "were lost" in caplog.text


def test_audits_are_taken_once(file: TrajectoryFile) -> None:
    assert file.take_audits() == []
    audit = Audit(NOW_MS, NOW_MS + 3_600_000, (ACCURACY,))
    file.keep_audit(audit)
    assert file.take_audits() == [audit]
    assert file.take_audits() == []


def test_a_file_that_is_none_says_so(tmp_path: Path) -> None:
    path = tmp_path / "junk.db"
    path.write_bytes(b"junk" * 1_000)
    with pytest.raises(TrajectoryError, match="cannot be used"):
        TrajectoryFile(path).points(0, 1)
    with pytest.raises(TrajectoryError, match="none yet"):
        TrajectoryFile(tmp_path / "none.db").points(0, 1)


def test_an_audit_is_sent_as_numbers_and_nobodys_path(file: TrajectoryFile, tmp_path: Path) -> None:
    file.append([(NOW_MS, 4_242, 0.5, 0.75)], [(NOW_MS, "door", True)])
    reading = audit_reading(Audit(NOW_MS, NOW_MS + 60_000, (ACCURACY,)))
    wire = msgspec.json.decode(msgspec.json.encode(reading))
    assert wire == {
        "measured_at": "2026-03-01T09:00:00Z",
        "component_id": "audit",
        "state": "ok",
        "audit_ms": 60_000,
        "accuracy": [msgspec.to_builtins(ACCURACY)],
    }
    assert msgspec.json.decode(msgspec.json.encode(reading), type=HealthReading) == reading
    assert sqlite3.connect(tmp_path / "store" / "cam.trajectories.db").close() is None


def test_no_reading_has_room_for_a_trajectory() -> None:
    """A place or a track would have to be a field; only grids and their origins speak of places."""
    names = {
        field.name
        for stream in Stream
        for kind in READING_TYPES.get(stream, ())
        for field in msgspec.structs.fields(kind)
    } | {field.name for field in msgspec.structs.fields(LineAccuracy)}
    forbidden = {"track", "trajectory", "path", "points", "foot", "feet", "person", "face", "picture", "image", "box"}
    assert not {name for name in names if forbidden & set(name.split("_"))}


def test_a_box_that_keeps_none_deletes_those_from_before(tmp_path: Path) -> None:
    path = tmp_path / "cam.trajectories.db"
    file = TrajectoryFile(path, keep_s=0)
    file.append([(NOW_MS, 1, 0.5, 0.5)], [(NOW_MS, "door", True)], [(NOW_MS, NOW_MS + 1)])
    file.keep_audit(Audit(NOW_MS, NOW_MS + 60_000, (ACCURACY,)))
    file.forget(NOW_AT + timedelta(seconds=1))
    assert file.points(0, NOW_MS * 2) == []
    assert file.crossings(0, NOW_MS * 2) == []
    assert len(file.take_audits()) == 1  # numbers alone; they are still to be sent
