"""Geometry of plans, on shapes whose answers are seen at a glance."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storesense_contracts.plane import turn
from storesense_simulators.twin.plane import (
    across_m,
    are_inside,
    area,
    is_inside,
    rectangle,
    spots_along,
    strip,
    turns,
)

UNIT = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


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


# Whole numbers too, so that points lie on edges and at corners' heights.
COORDINATES = st.floats(-5, 5).map(lambda value: round(value, 3)) | st.integers(-3, 3).map(float)
POINTS = st.tuples(COORDINATES, COORDINATES)


@settings(max_examples=60, deadline=None)
@given(polygon=st.lists(POINTS, min_size=3, max_size=7), spots=st.lists(POINTS, min_size=1, max_size=20))
def test_many_points_are_judged_as_single_ones_are(polygon, spots):
    xy = np.array(spots).T
    assert are_inside(tuple(polygon), xy).tolist() == [is_inside(polygon, spot) for spot in spots]
    assert turns(polygon[0], polygon[1], xy).tolist() == [turn(polygon[0], polygon[1], spot) for spot in spots]
