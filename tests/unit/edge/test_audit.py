from pathlib import Path

import pytest

from storesense_contracts.errors import UsageError
from storesense_contracts.readings import Direction
from storesense_edge.audit import SETTLE_MS, Tallied, audit_line
from storesense_edge.trajectories import DAY_MS, TrajectoryFile

FROM_MS = 1_800_000_000_000
TO_MS = FROM_MS + 3_600_000
NOW_MS = TO_MS + SETTLE_MS


@pytest.fixture
def file(tmp_path: Path) -> TrajectoryFile:
    found = TrajectoryFile(tmp_path / "cam.trajectories.db")
    found.append([], [], [(FROM_MS - 60_000, NOW_MS)])
    return found


def found(
    file: TrajectoryFile, counted: list[tuple[int, str, bool]], tallied: list[tuple[int, Direction]]
) -> dict[str, tuple[int, int, int, int]]:
    """Tallied, counted, missed and extra people by direction; instants are seconds after the tally's beginning."""
    file.append([], [(FROM_MS + 1000 * at_s, line, entered) for at_s, line, entered in counted])
    people = [Tallied(FROM_MS + 1000 * at_s, direction) for at_s, direction in tallied]
    audit = audit_line(file, "door", people, from_ms=FROM_MS, to_ms=TO_MS, now_ms=NOW_MS)
    assert file.take_audits() == [audit]
    return {
        each.direction.value: (each.tallied_count, each.counted_count, each.missed_count, each.extra_count)
        for each in audit.accuracy
    }


@pytest.mark.parametrize(
    ("counted", "tallied", "way_in", "way_out"),
    [
        pytest.param(
            [(60, "door", True), (90, "door", False)],
            [(62, Direction.IN), (88, Direction.OUT)],
            (1, 1, 0, 0),
            (1, 1, 0, 0),
            id="each way by itself",
        ),
        pytest.param(
            [(60, "door", False)], [(60, Direction.IN)], (1, 0, 1, 0), (0, 1, 0, 1), id="counted the wrong way round"
        ),
        pytest.param([(60, "side", True)], [(60, Direction.IN)], (1, 0, 1, 0), (0, 0, 0, 0), id="over another line"),
        pytest.param([(66, "door", True)], [(60, Direction.IN)], (1, 1, 1, 1), (0, 0, 0, 0), id="somebody else's"),
        pytest.param([(-2, "door", True)], [(1, Direction.IN)], (1, 1, 0, 0), (0, 0, 0, 0), id="counted just before"),
        pytest.param([(-2, "door", True)], [], (0, 0, 0, 0), (0, 0, 0, 0), id="before the tally, and nobody's concern"),
    ],
)
def test_each_direction_of_one_line_is_compared(
    file: TrajectoryFile,
    counted: list[tuple[int, str, bool]],
    tallied: list[tuple[int, Direction]],
    way_in: tuple[int, int, int, int],
    way_out: tuple[int, int, int, int],
) -> None:
    assert found(file, counted, tallied) == {"in": way_in, "out": way_out}


@pytest.mark.parametrize(
    ("from_ms", "to_ms", "now_ms", "says"),
    [
        (TO_MS, FROM_MS, NOW_MS, "must end after it began"),
        (FROM_MS, TO_MS, FROM_MS + DAY_MS + 1, "more than a day ago"),
        (FROM_MS, TO_MS, NOW_MS - 1, "not written yet"),
        (FROM_MS - 3_600_000, TO_MS, NOW_MS, "measured for 51 % of that time only"),
    ],
)
def test_a_tally_of_times_that_cannot_be_compared_is_refused(
    file: TrajectoryFile, from_ms: int, to_ms: int, now_ms: int, says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        audit_line(file, "door", [], from_ms=from_ms, to_ms=to_ms, now_ms=now_ms)
    assert file.take_audits() == []
