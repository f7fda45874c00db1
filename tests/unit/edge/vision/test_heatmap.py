import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_edge.vision.errors import GeometryError
from storesense_edge.vision.heatmap import MAX_DECISECONDS, FloorGrid, FloorHeatmap

GRID = FloorGrid(origin_xy_m=(0.0, 0.0), cell_m=1.0, columns=4, rows=3)


def stand(heat: FloorHeatmap, xy: tuple[float, float], times: list[float], *, track: int = 1, slot: int = 0) -> None:
    for at_s in times:
        heat.step(np.array([slot]), np.array([track]), np.array([xy]), at_s)


def test_presence_is_weighted_with_real_time_not_with_frames() -> None:
    fast, slow = FloorHeatmap(GRID), FloorHeatmap(GRID)
    stand(fast, (1.5, 2.5), [i / 10 for i in range(21)])
    stand(slow, (1.5, 2.5), [0.0, 0.1, 0.9, 2.0])
    for heat in (fast, slow):
        grid = heat.take()
        assert grid.dtype == np.uint16
        assert grid.shape == (3, 4)
        assert grid[2, 1] == grid.sum() == 20


def test_a_moment_out_of_sight_is_laid_along_the_way() -> None:
    heat = FloorHeatmap(GRID)
    stand(heat, (0.5, 0.5), [0.0])
    stand(heat, (3.5, 0.5), [2.0])
    grid = heat.take()
    assert grid.sum() == pytest.approx(20, abs=3)
    assert (grid[0] > 0).all()


def test_what_is_lost_for_good_or_stalls_adds_no_more_than_the_limit() -> None:
    heat = FloorHeatmap(GRID, max_gap_s=3.0)
    stand(heat, (0.5, 0.5), [0.0, 100.0])
    assert heat.take().sum() == 30


def test_a_reused_slot_is_a_new_person() -> None:
    heat = FloorHeatmap(GRID)
    stand(heat, (0.5, 0.5), [0.0], track=1)
    stand(heat, (3.5, 0.5), [1.0], track=2)
    assert heat.take().sum() == 0


def test_off_the_grid_and_above_the_horizon_nothing_is_drawn() -> None:
    heat = FloorHeatmap(GRID)
    stand(heat, (-0.3, 0.5), [0.0, 1.0], track=1)
    stand(heat, (float("nan"), float("nan")), [0.0, 1.0], track=2, slot=1)
    assert heat.take().sum() == 0


def test_of_areas_where_only_staff_stay_nothing_is_told() -> None:
    """A heatmap of a back room would be that of one person."""
    heat = FloorHeatmap(GRID, staff_areas_xy_m=[[(2.0, 0.0), (4.0, 0.0), (4.0, 2.0), (2.0, 2.0)]])
    stand(heat, (2.5, 0.5), [0.0, 1.0], track=1, slot=0)
    stand(heat, (0.5, 0.5), [0.0, 1.0], track=2, slot=1)
    stand(heat, (1.7, 1.5), [1.0, 2.0], track=2, slot=1)
    grid = heat.take()
    assert not grid[:2, 2:].any()
    assert grid[0, 0] >= 10
    assert grid.sum() < 30
    stand(heat, (2.5, 2.5), [2.0, 3.0], track=1, slot=0)
    assert heat.take()[2, 2] >= 5, "beside it, people count"


def test_whoever_is_at_a_cashiers_post_adds_nothing_seen_or_not() -> None:
    heat = FloorHeatmap(GRID, posts_xy_m=[(3.5, 0.5)])
    stand(heat, (3.0, 0.9), [0.0, 0.1, 0.2, 5.0], track=1, slot=0)
    assert not heat.take().any()
    stand(heat, (2.5, 0.5), [6.0, 7.0], track=2, slot=1)
    assert heat.take()[0, 2] == 10, "a metre away somebody is a customer"


def test_a_staff_area_that_cannot_hold_anybody_is_refused() -> None:
    with pytest.raises(GeometryError):
        FloorHeatmap(GRID, staff_areas_xy_m=[[(2.0, 0.0), (4.0, 0.0)]])


def test_what_does_not_fit_is_kept_for_the_next_grid() -> None:
    heat = FloorHeatmap(GRID, max_gap_s=1e9)
    stand(heat, (0.5, 0.5), [0.0, 0.05])
    assert heat.take().sum() == 0
    stand(heat, (0.5, 0.5), [0.1])
    assert heat.take().sum() == 1
    stand(heat, (0.5, 0.5), [0.1, 0.1 + 7000.0])
    assert heat.take()[0, 0] == MAX_DECISECONDS
    assert heat.take()[0, 0] == 70_000 - MAX_DECISECONDS


@pytest.mark.parametrize(
    ("xy", "cells"),
    [
        ((1.5, 1.5), {(1, 1): 10}),
        ((2.0, 1.5), {(1, 1): 5, (1, 2): 5}),
        ((2.0, 1.0), {(0, 1): 2.5, (0, 2): 2.5, (1, 1): 2.5, (1, 2): 2.5}),
        ((2.1, 1.5), {(1, 1): 3, (1, 2): 7}),
    ],
    ids=["within a cell", "on an edge", "on a corner", "over an edge by a fifth of a body"],
)
def test_somebody_covers_the_floor_that_a_body_does(
    xy: tuple[float, float], cells: dict[tuple[int, int], float]
) -> None:
    heat = FloorHeatmap(GRID)
    stand(heat, xy, [0.0, 10.0])
    grid = heat.take() / 10
    assert {cell: float(grid[cell]) for cell in zip(*grid.nonzero(), strict=True)} == pytest.approx(cells)


def test_two_cameras_side_by_side_have_all_of_somebody_on_their_seam() -> None:
    left, right = FloorHeatmap(GRID), FloorHeatmap(FloorGrid((4.0, 0.0), 1.0, 4, 3))
    for heat in (left, right):
        stand(heat, (3.9, 1.5), [0.0, 10.0])
    assert (left.take().sum(), right.take().sum()) == (70, 30)


def test_small_cells_share_what_somebody_covers() -> None:
    heat = FloorHeatmap(FloorGrid((0.0, 0.0), 0.1, 20, 20))
    stand(heat, (1.0, 1.0), [0.0, 10.0])
    grid = heat.take()
    assert (grid.sum(), grid.max()) == (100, 4)
    assert (grid > 0).sum() in (25, 36), "half a metre square"


def test_who_is_not_sure_to_be_anybody_counts_later_or_never() -> None:
    heat = FloorHeatmap(GRID)
    for at_s, sure in ((0.0, False), (1.0, False), (2.0, True), (3.0, True)):
        heat.step(np.array([0]), np.array([1]), np.array([[1.5, 1.5]]), at_s, sure=np.array([sure]))
        assert heat.take().sum() == {0.0: 0, 1.0: 0, 2.0: 20, 3.0: 10}[at_s]
    for at_s in (4.0, 5.0):
        heat.step(np.array([1]), np.array([2]), np.array([[1.5, 1.5]]), at_s, sure=np.array([False]))
    heat.step(np.array([1]), np.array([3]), np.array([[1.5, 1.5]]), 6.0, sure=np.array([True]))
    assert heat.take().sum() == 0


def test_the_moments_before_the_first_sighting_and_after_the_last_are_learnt_from_gaps() -> None:
    """People stay for 10 s and are seen in every fifth picture by chance: gaps tell how much of it is never seen."""
    heat, chance = FloorHeatmap(GRID), np.random.default_rng(5)
    true_s = measured_s = 0.0
    for visitor in range(400):
        if visitor == 100:  # by now it is learnt
            heat.take()
            true_s = measured_s = 0.0
        begin_s = 100.0 * visitor
        for picture in range(150):
            seen = picture < 100 and chance.random() < 0.2
            ids = np.array([visitor] if seen else [], dtype=np.int64)
            present = frozenset({visitor}) if picture < 140 else frozenset()
            points = np.array([[1.5, 1.5]] * len(ids)).reshape(-1, 2)
            heat.step(np.zeros(len(ids), dtype=np.intp), ids, points, begin_s + picture / 10, present=present)
        true_s += 10.0
        measured_s += float(heat.take().sum()) / 10
    assert measured_s == pytest.approx(true_s, rel=0.02)


@given(st.lists(st.floats(0.01, 0.7), min_size=1, max_size=60), st.integers(1, 10))
def test_totals_are_right_however_often_they_are_taken(steps: list[float], every: int) -> None:
    heat = FloorHeatmap(GRID)
    at_s, total = 0.0, 0
    stand(heat, (0.5, 0.5), [0.0])
    for index, step in enumerate(steps):
        at_s += step
        stand(heat, (0.5, 0.5), [at_s])
        if index % every == 0:
            total += int(heat.take().sum())
    total += int(heat.take().sum())
    assert total == pytest.approx(at_s * 10, abs=1.01)


@pytest.mark.parametrize(
    ("cell_m", "columns", "rows"), [(0.0, 4, 4), (float("nan"), 4, 4), (1.0, 0, 4), (1.0, 1000, 1000)]
)
def test_grids_that_cannot_work_are_refused(cell_m: float, columns: int, rows: int) -> None:
    with pytest.raises(GeometryError, match="heatmap grid"):
        FloorGrid((0.0, 0.0), cell_m, columns, rows)
