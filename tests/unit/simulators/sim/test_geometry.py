"""The floor's plane geometry, with hand-checked cases and one property."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_simulators.sim.geometry import crosses, is_inside, segment_distance_m, toward, turn

SQUARE = ((0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0))
L_SHAPE = ((0.0, 0.0), (4.0, 0.0), (4.0, 1.0), (1.0, 1.0), (1.0, 4.0), (0.0, 4.0))


@pytest.mark.parametrize(
    ("polygon", "point", "expected"),
    [
        (SQUARE, (2.0, 2.0), True),
        (SQUARE, (5.0, 2.0), False),
        (SQUARE, (-0.1, 0.1), False),
        (L_SHAPE, (0.5, 3.5), True),
        (L_SHAPE, (3.0, 3.0), False),  # in the notch: inside the bounding box only
    ],
)
def test_points_in_polygons(polygon, point, expected):
    assert is_inside(polygon, point) is expected


def test_left_is_up_the_plan_when_looking_right():
    assert turn((0.0, 0.0), (1.0, 0.0), (0.5, -1.0)) < 0 < turn((0.0, 0.0), (1.0, 0.0), (0.5, 1.0))


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ((1.0, 1.0), (1.0, -1.0), True),
        ((1.0, -1.0), (1.0, 1.0), True),
        ((3.0, 1.0), (3.0, -1.0), False),  # past the end of the line
        ((1.0, 1.0), (1.0, 0.5), False),  # towards it, not through it
    ],
)
def test_steps_through_a_line(start, end, expected):
    assert crosses((0.0, 0.0), (2.0, 0.0), start, end) is expected


@given(st.lists(st.tuples(st.floats(0.1, 1.9), st.floats(-2, 2)), min_size=2, max_size=30))
def test_crossings_of_a_walk_alternate_and_agree_with_the_sides_of_its_ends(walk):
    a, b = (0.0, 0.0), (2.0, 0.0)
    crossings = sum(crosses(a, b, p, q) for p, q in itertools.pairwise(walk))
    sides_differ = (turn(a, b, walk[0]) < 0) != (turn(a, b, walk[-1]) < 0)
    assert crossings % 2 == sides_differ


def test_distance_to_a_segment_is_to_its_nearest_point():
    assert segment_distance_m((0, 0), (2, 0), (1, 3)) == 3
    assert segment_distance_m((0, 0), (2, 0), (5, 4)) == 5
    assert segment_distance_m((1, 1), (1, 1), (4, 5)) == 5


def test_a_step_never_overshoots():
    assert toward((0, 0), (3, 4), 2.5) == (1.5, 2.0)
    assert toward((0, 0), (3, 4), 50.0) == (3, 4)
