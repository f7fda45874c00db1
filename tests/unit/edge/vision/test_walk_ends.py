import numpy as np
import pytest

from storesense_edge.vision.broken_walks import AT, KNOWN, SCALE, VX, VY, X, Y, ends_of
from storesense_edge.vision.camera_plan import CameraPlan
from storesense_edge.vision.homography import FloorMap
from storesense_edge.vision.paths import PathPoints
from storesense_edge.vision.walk_ends import CARRIED_BACK_S, PERSON_M, walk_ends, walked_from

WH = (1000, 800)
# The horizon lies at the picture's upper edge; further down the floor is nearer: y = 1 / v, x = (u - 0.5) / v.
TOWARDS = FloorMap(np.array([[1.0, 0.0, -0.5], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]), 0.0, 0.0)


def points(feet: tuple[float, float], velocity: tuple[float, float]) -> PathPoints:
    return PathPoints(
        slots=np.array([0], dtype=np.intp),
        ids=np.array([1]),
        feet_xy_px=np.array([feet]),
        heights_px=np.array([90.0]),
        spreads_xy_px=np.zeros((1, 2)),
        velocities_xy_px=np.array([velocity]),
        velocities_known=np.array([0.8]),
        at_s=3.0,
    )


def test_on_the_floor_a_walker_keeps_the_pace_that_the_picture_speeds_up() -> None:
    paces_m_s, paces_px_s = [], []
    for y_m in (8.0, 4.0, 2.0):
        v = 1 / y_m
        # Walks towards the camera at 1 m/s: dv/dt = 1 / y squared.
        velocity_px = WH[1] * v * v
        row = walk_ends(points((500.0, v * WH[1]), (0.0, velocity_px)), CameraPlan(WH, floor_map=TOWARDS))[0]
        assert row[[X, Y]] == pytest.approx([0.0, y_m])
        assert row[[SCALE, KNOWN, AT]].tolist() == [PERSON_M, 0.8, 3.0]
        paces_m_s.append(row[VY])
        paces_px_s.append(velocity_px)
    assert paces_m_s == pytest.approx([-1.0] * 3, rel=0.01)
    assert paces_px_s[2] > 15 * paces_px_s[0]


def test_without_a_floor_the_picture_tells() -> None:
    row = walk_ends(points((500.0, 400.0), (30.0, -20.0)), CameraPlan(WH))[0]
    assert row.tolist() == [500.0, 400.0, 30.0, -20.0, 0.8, 90.0, 3.0]


def test_above_the_horizon_is_nowhere() -> None:
    row = walk_ends(points((500.0, -10.0), (0.0, 5.0)), CameraPlan(WH, floor_map=TOWARDS))[0]
    assert np.isfinite(row).all()
    assert abs(row[X]) > 1e5
    assert row[[VX, VY]].tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("pace_m_s", "known", "is_told", "why"),
    [
        (1.0, 0.8, True, "walks, as far as two sightings tell"),
        (-1.0, 0.8, True, "comes towards the camera"),
        (0.3, 0.8, False, "hardly moves"),
        (1.0, 0.4, False, "the pace is hardly known"),
        (6.0, 0.8, False, "was behind the camera"),
    ],
)
def test_where_a_walker_was_is_told_on_the_floor(pace_m_s: float, known: float, is_told: bool, why: str) -> None:
    plan, y_m = CameraPlan(WH, floor_map=TOWARDS), 4.0
    ends = ends_of(
        np.array([[0.0, y_m]]), np.full(1, PERSON_M), np.array([[0.0, pace_m_s]]) * known, np.full(1, known), 3.0
    )
    before_px = walked_from(ends, plan)
    assert bool(np.isfinite(before_px).all()) is is_told, why
    if is_told:
        assert before_px[0] == pytest.approx([500.0, WH[1] / (y_m - pace_m_s * CARRIED_BACK_S)])


def test_where_a_walker_was_is_not_told_without_a_floor() -> None:
    ends = ends_of(np.array([[500.0, 400.0]]), np.full(1, 90.0), np.array([[80.0, 0.0]]), np.ones(1), 3.0)
    assert np.isnan(walked_from(ends, CameraPlan(WH))).all()
    assert walked_from(ends[:0], CameraPlan(WH)).shape == (0, 2)
