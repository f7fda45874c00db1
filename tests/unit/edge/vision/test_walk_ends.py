import numpy as np
import pytest

from storesense_edge.vision.broken_walks import AT, KNOWN, SCALE, VX, VY, X, Y
from storesense_edge.vision.camera_plan import CameraPlan
from storesense_edge.vision.homography import FloorMap
from storesense_edge.vision.paths import PathPoints
from storesense_edge.vision.walk_ends import PERSON_M, walk_ends

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
