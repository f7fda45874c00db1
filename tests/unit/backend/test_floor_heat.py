"""Grids with their own cells, laid onto one floor."""

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storesense_backend.floor_heat import (
    MAX_FLOOR_CELLS,
    GridError,
    GridFrame,
    add_heat,
    floor_frame,
    merge_presence,
    merge_watched,
    no_heat,
    pack_sums,
    unpack_presence,
    unpack_whole,
)


def frame(origin=(0.0, 0.0), cell=1.0, columns=4, rows=3):
    return GridFrame(origin_xy_m=origin, cell_size_m=cell, columns=columns, rows=rows)


def pack(grid):
    return zlib.compress(np.asarray(grid, dtype="<u2").tobytes())


def test_unpacks_rows_and_columns():
    grid = np.arange(6).reshape(2, 3)
    assert unpack_presence(pack(grid), columns=3, rows=2).tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(
    ("packed", "reason"),
    [
        (b"garbage", "no zlib"),
        (pack([1, 2]), "too few cells"),
        (pack([0] * 1_000_000), "a bomb: far more cells than it says"),
        (pack([1, 2, 3, 4])[:-6], "cut off"),
        (b"", "nothing"),
    ],
)
def test_refuses_what_is_no_grid(packed, reason):
    with pytest.raises(GridError):
        unpack_presence(packed, columns=2, rows=2)


def test_the_same_frame_is_added_cell_by_cell_in_seconds():
    ones = np.ones((3, 4), dtype=np.uint16)
    merged = merge_presence([(frame(), ones * 65_535), (frame(), ones * 5)], frame())
    assert merged.tolist() == [[6554.0] * 4] * 3


def test_a_cell_half_off_its_neighbours_is_split_by_area():
    one = np.array([[40]], dtype=np.uint16)
    merged = merge_presence([(frame(origin=(0.5, 1.25), columns=1, rows=1), one)], frame())
    assert merged.tolist() == [[0, 0, 0, 0], [1.5, 1.5, 0, 0], [0.5, 0.5, 0, 0]]


def test_a_coarse_cell_is_spread_over_the_fine_ones_it_covers():
    one = np.array([[80]], dtype=np.uint16)
    merged = merge_presence([(frame(cell=2.0, columns=1, rows=1), one)], frame())
    assert merged.tolist() == [[2, 2, 0, 0], [2, 2, 0, 0], [0, 0, 0, 0]]


def test_what_lies_off_the_floor_is_left_out():
    ones = np.full((2, 2), 10, dtype=np.uint16)
    merged = merge_presence([(frame(origin=(-1.0, -1.0), columns=2, rows=2), ones)], frame())
    assert merged.sum() == pytest.approx(1.0)
    assert merged[0, 0] == pytest.approx(1.0)


def test_no_grids_are_no_heat():
    assert merge_presence([], frame()).tolist() == [[0.0] * 4] * 3


@settings(max_examples=60)
@given(
    st.floats(0.0, 3.0),
    st.floats(0.0, 3.0),
    st.floats(0.1, 2.0),
    st.integers(1, 6),
    st.integers(1, 6),
    st.integers(0, 2**32 - 1),
)
def test_presence_on_the_floor_is_conserved(x_m, y_m, cell_m, columns, rows, seed):
    presence = np.random.default_rng(seed).integers(0, 65_536, (rows, columns), dtype=np.uint16)
    floor = floor_frame((20.0, 20.0), 0.7)
    merged = merge_presence([(frame((x_m, y_m), cell_m, columns, rows), presence)], floor)
    assert merged.sum() == pytest.approx(presence.sum() / 10.0)
    assert (merged >= 0).all()


@pytest.mark.parametrize(
    ("size_m", "expected"),
    [((10.0, 6.0), (20, 12, 0.5)), ((10.2, 6.0), (21, 12, 0.5)), ((0.3, 0.2), (1, 1, 0.5))],
)
def test_the_floor_is_covered(size_m, expected):
    found = floor_frame(size_m)
    assert (found.columns, found.rows, found.cell_size_m) == expected


def test_a_huge_floor_gets_larger_cells():
    found = floor_frame((1_000.0, 1_000.0))
    assert found.columns * found.rows <= MAX_FLOOR_CELLS
    assert found.columns * found.cell_size_m >= 1_000.0


def test_a_cell_is_watched_by_the_share_of_it_that_a_grid_covers():
    floor = frame(cell=1.0, columns=3, rows=1)
    half = frame(origin=(0.5, 0.0), cell=0.5, columns=2, rows=2)
    watched = merge_watched({half: 60.0, frame(origin=(2.0, 0.0), cell=2.0, columns=1, rows=1): 30.0}, floor)
    assert watched.tolist() == [[30.0, 30.0, 30.0]], "half of two cells for a minute, the third for half of one"


def test_heat_on_coarser_cells_keeps_people_and_the_time_that_was_watched():
    fine = frame(cell=0.5, columns=4, rows=2)
    heat = add_heat(no_heat(fine), no_heat(fine))
    heat.presence_s[:] = 3.0
    heat.watched_s[:] = 60.0
    coarse = heat.on(frame(cell=1.0, columns=2, rows=1))
    assert coarse.presence_s.tolist() == [[12.0, 12.0]]
    assert coarse.watched_s.tolist() == [[60.0, 60.0]]


@given(st.lists(st.floats(0, 40_000_000, allow_nan=False), min_size=6, max_size=6))
def test_packed_sums_come_back_to_their_last_place(values):
    found = unpack_whole(pack_sums(np.array(values).reshape(2, 3), 100), columns=3, rows=2) / 100
    assert np.allclose(found.ravel(), values, atol=0.0051)


def test_broken_sums_are_refused():
    with pytest.raises(GridError):
        unpack_whole(pack(np.zeros((2, 3))), columns=3, rows=2)
