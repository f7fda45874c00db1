"""Points on others: turned and moved, never stretched or mirrored."""

import numpy as np
import pytest

from storesense_edge.vision.rigid import rigidly_aligned

POINTS = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 2.0], [1.0, 3.0]])
QUARTER_TURN = np.array([[0.0, 1.0], [-1.0, 0.0]])


def test_points_that_were_turned_and_moved_come_to_lie_on_themselves() -> None:
    assert np.allclose(rigidly_aligned(POINTS @ QUARTER_TURN + (7.0, -2.0), POINTS), POINTS)


def test_a_larger_figure_stays_larger() -> None:
    aligned = rigidly_aligned(2 * POINTS @ QUARTER_TURN, POINTS)
    assert np.allclose(np.hypot(*(aligned[1] - aligned[0])), 8.0)
    assert np.allclose(aligned.mean(axis=0), POINTS.mean(axis=0))


def test_a_mirror_image_stays_one() -> None:
    aligned = rigidly_aligned(POINTS * (-1, 1), POINTS)
    one, other = aligned[1] - aligned[0], aligned[3] - aligned[0]
    assert one[0] * other[1] - one[1] * other[0] == pytest.approx(-12.0)


def test_others_go_along_by_the_same_motion() -> None:
    moved = POINTS @ QUARTER_TURN + (7.0, -2.0)
    assert np.allclose(rigidly_aligned(moved[:2], POINTS[:2], also=moved[2:]), POINTS[2:])
