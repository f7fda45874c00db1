"""Ways across a store: they are free, short, the same every time, and refused where there is none."""

import itertools
import math
import time
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from storesense_simulators.twin.floor_grid import FloorGrid
from storesense_simulators.twin.load_shop import load_shop
from storesense_simulators.twin.navigation import CLEARANCE_M, Navigation, NoWayError, length_m
from storesense_simulators.twin.shop import Wall

CELL_M = 0.1


@pytest.fixture(scope="module", params=["convenience", "fashion", "supermarket"])
def shop(request):
    return load_shop(request.param)


@pytest.fixture(scope="module")
def ways(shop):
    return Navigation(shop)


def stops(shop):
    return [place.spot for place in shop.places] + [spot for till in shop.tills for spot in till.customers]


def test_every_way_between_stops_keeps_clear_of_walls_and_furniture(shop, ways):
    grid = FloorGrid(shop.size_m, solids=shop.obstacles, lines=[(w.points, w.thickness_m) for w in shop.walls])
    spots = stops(shop)
    chance = np.random.default_rng(3)
    for first, second in chance.integers(0, len(spots), (60, 2)):
        points = (spots[first], *ways.path(spots[first], spots[second]))
        for a, b in itertools.pairwise(points):
            steps = np.linspace(0, 1, max(2, math.ceil(math.dist(a, b) / 0.02)))[:, None]
            rows, columns = grid.cells(np.array(a) + (np.array(b) - np.array(a)) * steps)
            assert not grid.solid[rows, columns].any()
        gaps, _ = ways.walls_near(np.array(points))
        assert gaps.min() >= CLEARANCE_M - CELL_M


def test_no_way_is_longer_than_the_one_that_dijkstra_finds_cell_by_cell(shop, ways):
    grid = FloorGrid(shop.size_m, solids=shop.obstacles, lines=[(w.points, w.thickness_m) for w in shop.walls])
    free = ~grid.grown(CLEARANCE_M)
    for door in shop.doors:
        free &= ~grid.stroke(door.a, door.b)
    number = np.arange(free.size).reshape(free.shape)
    starts, ends, lengths = [], [], []
    for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
        here = (slice(0, free.shape[0] - dy), slice(max(0, -dx), free.shape[1] - max(0, dx)))
        there = (slice(dy, free.shape[0]), slice(max(0, dx), free.shape[1] - max(0, -dx)))
        joined = free[here] & free[there]
        starts.append(number[here][joined])
        ends.append(number[there][joined])
        lengths.append(np.full(int(joined.sum()), CELL_M * math.hypot(dx, dy)))
    graph = csr_array(
        (np.concatenate(lengths), (np.concatenate(starts), np.concatenate(ends))), shape=(free.size, free.size)
    )
    start = shop.doors[0].inside
    row, column = grid.cell(start)
    by_cells_m = dijkstra(graph, directed=False, indices=int(number[row, column])).reshape(free.shape)
    for spot in stops(shop):
        reference_m = by_cells_m[grid.cell(spot)]
        # Start and goal stand off the middle of their cells by up to half a diagonal each.
        assert ways.distance_m(start, spot) <= reference_m + 0.15
        assert ways.distance_m(start, spot) >= math.dist(start, spot) - 1e-9


def test_the_same_store_gives_the_same_ways(shop, ways):
    again = Navigation(shop)
    spots = stops(shop)[:12]
    assert [ways.path(a, b) for a in spots for b in spots] == [again.path(a, b) for a in spots for b in spots]


def test_a_way_in_and_a_way_out_lead_through_the_door(shop, ways):
    door = shop.doors[-1]
    spot = shop.places[0].spot
    way_in = ways.path(door.outside, spot)
    assert (way_in[0], way_in[-1]) == (door.inside, spot)
    assert ways.path(spot, door.outside)[-2:] == (door.inside, door.outside)
    assert ways.path(door.outside, door.outside) == (door.outside,)


def test_nobody_takes_a_short_cut_through_the_street():
    west, east = load_shop("supermarket").doors
    points = _supermarket_ways().path(west.inside, east.inside)
    assert max(y for _, y in points) < west.a[1]


def test_a_wall_across_the_store_leaves_no_way():
    shop = load_shop("convenience")
    parted = replace(shop, walls=(*shop.walls, Wall(((0.0, 6.8), (12.0, 6.8)), 0.1)), places=())
    ways = Navigation(parted)
    spot = shop.places[0].spot
    assert not ways.is_reachable(shop.doors[0].inside, spot)
    with pytest.raises(NoWayError, match="nobody can walk from"):
        ways.path(shop.doors[0].inside, spot)


@given(x=st.floats(-5, 45), y=st.floats(-5, 35), u=st.floats(-5, 45), v=st.floats(-5, 35))
@settings(max_examples=150, deadline=None)
def test_from_anywhere_to_anywhere_there_is_a_way_or_a_refusal(x, y, u, v):
    ways = _supermarket_ways()
    if ways.is_reachable((x, y), (u, v)):
        path = ways.path((x, y), (u, v))
        assert ways.is_free(path[-1])
        assert length_m(((x, y), *path)) >= math.dist((x, y), path[-1]) - 1e-9
    else:
        with pytest.raises(NoWayError):
            ways.path((x, y), (u, v))


@cache
def _supermarket_ways():
    return Navigation(load_shop("supermarket"))


def test_the_way_from_the_nearest_wall_leads_away_from_it():
    ways = _supermarket_ways()
    gaps, away = ways.walls_near(np.array([[0.8, 23.5], [0.3, 23.5], [20.0, 17.0]]))
    assert gaps[0] == pytest.approx(0.5, abs=0.1)
    assert away[0] == pytest.approx([1.0, 0.0], abs=0.1)
    assert gaps[1] < 0.15
    assert gaps[2] > 0.6


def test_a_supermarket_is_quick_to_learn_and_to_ask():
    """The goal is three seconds and a tenth of a millisecond; the test allows ten times that on a busy machine."""
    shop = load_shop("supermarket")
    began_s = time.process_time()
    ways = Navigation(shop)
    assert time.process_time() - began_s < 30
    spots = [place.spot for place in shop.places]
    began_s = time.process_time()
    for i, spot in enumerate(spots):
        ways.path(spot, spots[-1 - i])
    assert (time.process_time() - began_s) / len(spots) < 0.001
