"""Geometry of plans, on shapes whose answers are seen at a glance."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_simulators.twin.plane import (
    across_m,
    area,
    crosses_itself,
    do_cross,
    is_inside,
    rectangle,
    spots_along,
    strip,
)

UNIT = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


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
def test_segments_cross(segments, crossed, reason):
    a, b, c, d = segments
    assert do_cross(a, b, c, d) is crossed, reason
    assert do_cross(d, c, a, b) is crossed, reason


def test_a_bow_tie_crosses_itself_and_a_square_does_not():
    assert crosses_itself(((0, 0), (1, 1), (1, 0), (0, 1)))
    assert not crosses_itself(UNIT)


def test_two_points_are_the_corners_of_a_rectangle():
    assert area([(1.0, 1.0), (0.0, 0.0)]) == UNIT == rectangle((0.0, 1.0), (1.0, 0.0))
    assert area([(0, 0), (1, 0), (0, 1)]) == ((0, 0), (1, 0), (0, 1))


def test_a_strip_goes_around_a_corner_with_a_mitre():
    assert strip([(0, 0), (4, 0), (4, 3)], 1.0) == (
        (-0.5, 0.5),
        (3.5, 0.5),
        (3.5, 3.5),
        (4.5, 3.5),
        (4.5, -0.5),
        (-0.5, -0.5),
    )


def test_people_stand_at_equal_distances_along_a_folded_line():
    assert spots_along([(0, 0), (2, 0), (2, 1.5)], 1.0) == ((0, 0), (1.0, 0.0), (2.0, 0.0), (2.0, 1.0))
    assert spots_along([(0, 0), (1.5, 0), (1.5, 1.5)], 1.0) == ((0, 0), (1.0, 0.0), (1.5, 0.5), (1.5, 1.5))


def test_right_is_right_as_drawn():
    # Looking along x on a plan whose y runs down, the right hand is below.
    assert across_m((0, 0), (2, 0), 0.8) == (1.0, 0.8)


@given(
    st.lists(st.tuples(st.integers(-20, 20), st.integers(-20, 20)), min_size=2, max_size=6, unique=True),
    st.floats(0.4, 2),
)
def test_spots_stand_on_their_line_no_further_apart_than_wanted(points, spacing_m):
    spots = spots_along(points, spacing_m)
    length_m = sum(math.dist(a, b) for a, b in itertools.pairwise(points))
    assert len(spots) == pytest.approx(length_m / spacing_m + 1, abs=1.01)
    assert all(math.dist(a, b) <= spacing_m + 0.003 for a, b in itertools.pairwise(spots))


def test_inside_is_inside():
    assert is_inside(UNIT, (0.5, 0.5))
    assert not is_inside(UNIT, (1.5, 0.5))
