import numpy as np
import pytest

from storesense_edge.vision.queue_areas import QueueAreas, width_of

# Heights are 1. Two lanes' areas, 0.6 wide and 1 apart, and one that is wide.
NARROW = ((0.0, 0.0), (0.6, 0.0), (0.6, 4.0), (0.0, 4.0))
NEXT = ((1.6, 0.0), (2.2, 0.0), (2.2, 4.0), (1.6, 4.0))
WIDE = ((10.0, 0.0), (13.0, 0.0), (13.0, 4.0), (10.0, 4.0))
AREAS = QueueAreas([NARROW, NEXT, WIDE], names=["narrow", "next", "wide"])


@pytest.mark.parametrize(
    ("x", "queues"),
    [
        pytest.param(0.3, [0], id="in the area"),
        pytest.param(0.9, [0], id="a step beside it, out of the way"),
        pytest.param(-0.35, [0], id="on its other side"),
        pytest.param(-0.5, [], id="further off than a line is wide"),
        pytest.param(1.3, [1], id="beside two of them: with the nearer"),
        pytest.param(9.9, [], id="an area that is wide enough ends where it is drawn"),
        pytest.param(10.1, [2], id="and begins there"),
        pytest.param(float("nan"), [], id="nowhere"),
    ],
)
def test_a_narrow_area_is_as_wide_as_a_line(x: float, queues: list[int]) -> None:
    inside = AREAS.contain(np.array([[x, 2.0]]), np.array([1.0]))
    assert np.flatnonzero(inside[0]).tolist() == queues


def test_nobody_and_no_areas() -> None:
    assert AREAS.contain(np.empty((0, 2)), np.empty(0)).shape == (0, 3)
    assert QueueAreas([], names=[]).contain(np.zeros((2, 2)), np.ones(2)).shape == (2, 0)


@pytest.mark.parametrize(
    ("corners", "width"),
    [
        pytest.param(NARROW, 0.6, id="upright"),
        pytest.param(((0, 0), (3, 3), (2.5, 3.5), (-0.5, 0.5)), 0.5**0.5, id="across the plane"),
        pytest.param(((0, 0), (4, 0), (4, 1), (1, 1), (1, 4), (0, 4)), 12.5**0.5, id="around a corner"),
    ],
)
def test_how_wide_an_area_is(corners: tuple[tuple[float, float], ...], width: float) -> None:
    assert width_of(np.array(corners, dtype=np.float64)) == pytest.approx(width)
