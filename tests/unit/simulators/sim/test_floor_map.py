"""Ways around walls."""

import itertools

import pytest

from storesense_simulators.sim.errors import UnreachableError
from storesense_simulators.sim.floor_map import FloorMap
from storesense_simulators.sim.geometry import crosses

WALL = [(5.0, 0.0), (5.0, 7.0)]


def test_without_walls_the_way_is_straight():
    assert FloorMap((10, 10), []).path((1.0, 1.0), (9.0, 8.0)) == ((9.0, 8.0),)


def test_a_wall_is_walked_around_and_not_through():
    path = FloorMap((10, 10), [WALL]).path((1.0, 1.0), (9.0, 1.0))
    way = [(1.0, 1.0), *path]
    assert way[-1] == (9.0, 1.0)
    assert any(y > 7.0 for _, y in way)
    assert not any(crosses(*WALL, p, q) for p, q in itertools.pairwise(way))


def test_a_goal_in_a_wall_becomes_the_nearest_spot_beside_it():
    x, y = FloorMap((10, 10), [WALL]).path((1.0, 1.0), (5.0, 3.0))[-1]
    assert 0.2 < abs(x - 5.0) < 0.5
    assert abs(y - 3.0) < 0.3


def test_a_walled_off_spot_is_said_to_be_unreachable():
    box = [(6.0, 6.0), (9.0, 6.0), (9.0, 9.0), (6.0, 9.0), (6.0, 6.0)]
    with pytest.raises(UnreachableError, match=r"from \[1\.0, 1\.0\] to \[7\.5, 7\.5\]"):
        FloorMap((10, 10), [box]).path((1.0, 1.0), (7.5, 7.5))
