"""Points in a plane: what crosses, what is flat, what encloses something."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_contracts.plane import Point, crossing_edges, lies_on_a_line, polygon_area, segments_meet

SQUARE = [(0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0)]
BOW = [(0.0, 0.0), (2.0, 2.0), (2.0, 0.0), (0.0, 2.0)]


def test_a_square_encloses_its_area_whichever_way_it_is_drawn() -> None:
    assert polygon_area(SQUARE) == 4.0
    assert polygon_area(SQUARE[::-1]) == 4.0


@pytest.mark.parametrize(
    ("corners", "crossing"),
    [
        pytest.param(SQUARE, None, id="a square"),
        pytest.param(BOW, (0, 2), id="a bow tie"),
        pytest.param([(0, 0), (4, 0), (4, 4), (2, 1), (0, 4)], None, id="a notch"),
        pytest.param([(0, 0), (4, 0), (4, 4), (2, -1), (0, 4)], (0, 2), id="a notch through the floor"),
        pytest.param([(0, 0), (4, 0), (4, 4), (2, 0), (0, 4)], (0, 2), id="a notch that touches"),
        pytest.param([(0, 0), (4, 0), (2, 3)], None, id="a triangle has no edges that are no neighbours"),
    ],
)
def test_edges_that_cross_are_found(corners: list[tuple[float, float]], crossing: tuple[int, int] | None) -> None:
    assert crossing_edges(corners) == crossing


@pytest.mark.parametrize(
    ("segments", "crossed", "reason"),
    [
        (((0, 0), (2, 2), (0, 2), (2, 0)), True, "an X"),
        (((0, 0), (2, 0), (0, 1), (2, 1)), False, "side by side"),
        (((0, 0), (2, 0), (1, 0), (1, 1)), True, "a T touches"),
        (((0, 0), (1, 0), (1, 0), (2, 5)), True, "end to end"),
        (((0, 0), (2, 0), (1, 0), (3, 0)), True, "one on the other"),
        (((0, 0), (1, 0), (2, 0), (3, 0)), False, "in a line, apart"),
        (((0, 0), (1, 1), (1, 0), (3, -1)), False, "would meet if longer"),
    ],
)
def test_segments_meet(segments: tuple[Point, Point, Point, Point], crossed: bool, reason: str) -> None:
    a, b, c, d = segments
    assert segments_meet(a, b, c, d) is crossed, reason
    assert segments_meet(d, c, a, b) is crossed, reason


@pytest.mark.parametrize(
    ("points", "is_flat"),
    [
        pytest.param(SQUARE, False, id="corners of a square"),
        pytest.param([(0, 0), (1, 1), (2, 2), (3, 3)], True, id="one line"),
        pytest.param([(0, 0), (1, 0), (2, 0), (1, 5)], True, id="three of four on a line"),
        pytest.param([(0, 0), (1, 0), (2, 0), (1, 5), (4, 3)], False, id="three of five on a line"),
        pytest.param([(1, 1)] * 4, True, id="one place"),
    ],
)
def test_points_that_cannot_match_a_plane_are_found(points: list[tuple[float, float]], is_flat: bool) -> None:
    assert lies_on_a_line(points) is is_flat


COORDINATES = st.floats(-100, 100, allow_nan=False)
POINTS = st.tuples(COORDINATES, COORDINATES)


@given(POINTS, POINTS, POINTS, POINTS)
def test_whether_two_segments_meet_does_not_depend_on_their_order(
    a: tuple[float, float], b: tuple[float, float], c: tuple[float, float], d: tuple[float, float]
) -> None:
    assert segments_meet(a, b, c, d) == segments_meet(c, d, a, b)
