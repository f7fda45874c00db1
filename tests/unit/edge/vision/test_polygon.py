import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_edge.vision.errors import GeometryError
from storesense_edge.vision.polygon import PolygonSet

SQUARE = [(0, 0), (10, 0), (10, 10), (0, 10)]
L_SHAPE = [(0, 0), (10, 0), (10, 4), (4, 4), (4, 10), (0, 10)]


def test_points_inside_several_polygons() -> None:
    areas = PolygonSet([SQUARE, L_SHAPE], names=["square", "ell"])
    points = np.array([[2.0, 2.0], [8.0, 8.0], [8.0, 2.0], [-1.0, 5.0], [11.0, 0.0]])
    assert areas.contains(points).tolist() == [
        [True, True],
        [True, False],
        [True, True],
        [False, False],
        [False, False],
    ]


def test_nan_is_nowhere_and_no_polygon_holds_nobody() -> None:
    assert not PolygonSet([SQUARE], names=["s"]).contains(np.array([[np.nan, np.nan]])).any()
    assert PolygonSet([], names=[]).contains(np.zeros((3, 2))).shape == (3, 0)


@given(st.floats(-5, 15), st.floats(-5, 15))
def test_a_shared_edge_belongs_to_one_side_only(x: float, y: float) -> None:
    left, right = [(0, 0), (5, 0), (5, 10), (0, 10)], [(5, 0), (10, 0), (10, 10), (5, 10)]
    inside = PolygonSet([left, right, SQUARE], names=["l", "r", "both"]).contains(np.array([[x, y]]))[0]
    assert int(inside[0]) + int(inside[1]) == int(inside[2])


@pytest.mark.parametrize(
    ("corners", "part"),
    [
        ([(0, 0), (1, 1)], "2 corners"),
        ([(0, 0), (1, 1), (2, 2)], "one line"),
        ([(0, 0), (10, 10), (10, 0), (0, 10)], "cross"),
        ([(0, 0), (10, 0), (10, 10), (5, 0), (0, 10)], "cross"),
        ([(0, 0), (1, 0), (1, 0), (0, 1)], "same point"),
        ([(0, 0), (1, 0), (float("inf"), 1)], "no number"),
        ([(i, i * i) for i in range(101)], "101 corners"),
    ],
)
def test_areas_that_cannot_hold_anybody_are_refused(corners: list[tuple[float, float]], part: str) -> None:
    with pytest.raises(GeometryError, match=part):
        PolygonSet([corners], names=["zone test"])
