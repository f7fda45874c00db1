import numpy as np
import pytest

from storesense_edge.vision.units import UnitCount, UnitCounter

HEIGHT = 1.7


def test_a_party_over_a_line_is_one_unit_and_a_later_trip_another() -> None:
    units = UnitCounter(("door",))
    for track_id, at_s in ((1, 0.0), (2, 0.8), (3, 1.0)):
        units.cross("door", track_id, at_s, entered=True)
    units.step(np.array([1, 2, 3]), np.array([1, 1, 3]), 3.0)
    assert units.take() == [UnitCount("door", 0, 0)], "not decided before they have walked on"
    units.step(np.array([1, 2, 3]), np.array([1, 1, 3]), 6.5)
    assert units.take() == [UnitCount("door", 2, 0)]
    units.cross("door", 1, 60.0, entered=False)
    units.cross("door", 2, 61.0, entered=False)
    units.step(np.array([1, 2]), np.array([1, 1]), 62.0)
    units.close()
    assert units.take() == [UnitCount("door", 0, 1)]


@pytest.mark.parametrize(
    ("later_s", "paces_m_s", "seen_s", "units"),
    [
        pytest.param(1.0, (1.2, 1.2), 12.0, 1, id="one behind the other, and so they stay"),
        pytest.param(1.3, (1.2, 1.2), 12.0, 1, id="a long step behind the other, and so they stay"),
        pytest.param(1.0, (1.4, 0.8), 12.0, 2, id="one behind the other, and they part"),
        pytest.param(0.5, (1.4, 0.9), 2.5, 2, id="they part, and are lost before they are far apart"),
        pytest.param(2.5, (1.2, 1.2), 12.0, 2, id="never near each other"),
        pytest.param(4.0, (1.2, 1.2), 12.0, 2, id="long after each other"),
    ],
)
def test_who_comes_in_single_file_and_stays_together_is_one_unit(
    later_s: float, paces_m_s: tuple[float, float], seen_s: float, units: int
) -> None:
    counter = UnitCounter(("door",))
    crossed = [False, False]
    for i in range(120):
        at_s = i / 10
        walked_m = np.array([paces_m_s[0] * at_s, paces_m_s[1] * (at_s - later_s)])
        for track in (0, 1):
            if walked_m[track] >= 0 and not crossed[track]:
                crossed[track] = True
                counter.cross("door", track, at_s, entered=True)
        points = np.stack([walked_m * 0.9, np.zeros(2)], axis=1)
        ids = np.array([0, 1] if at_s <= seen_s else [], dtype=np.int64)
        counter.step(ids, ids, at_s, points_xy=points[: len(ids)], scales=np.full(len(ids), HEIGHT))
    assert counter.take() == [UnitCount("door", units, 0)]


@pytest.mark.parametrize(("seen_s", "why"), [(0.6, "a moment tells nothing"), (3.0, "of one picture no pace is known")])
def test_two_who_came_together_and_were_seen_at_once_once_only_are_two(seen_s: float, why: str) -> None:
    counter = UnitCounter(("door",))
    counter.cross("door", 1, 0.0, entered=True)
    counter.cross("door", 2, 0.5, entered=True)
    points = np.array([(0.0, 0.0), (0.5, 0.0)])
    counter.step(np.array([1, 2]), np.array([1, 2]), seen_s, points_xy=points, scales=np.full(2, HEIGHT))
    counter.close()
    assert counter.take() == [UnitCount("door", 2, 0)], why


@pytest.mark.parametrize(("apart_s", "units"), [(14.0, 1), (16.0, 2)])
def test_a_party_that_comes_apart_is_one_unit_within_15_s(apart_s: float, units: int) -> None:
    counter = UnitCounter(("door",))
    counter.cross("door", 1, 0.0, entered=True)
    for i in range(300):
        if i / 10 == apart_s:
            counter.cross("door", 2, apart_s, entered=True)
        counter.step(np.array([1, 2]), np.array([1, 1]), i / 10)
    assert counter.take() == [UnitCount("door", units, 0)]
