"""Whatever a detector and a clock say, a camera's measuring goes on, in bounded work, and tells numbers."""

import math
import time
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storesense_edge.vision.camera_plan import CameraPlan, Shapes
from storesense_edge.vision.detections import Detections, clean_detections, is_clean
from storesense_edge.vision.heatmap import FloorGrid
from storesense_edge.vision.homography import fit_floor_map
from storesense_edge.vision.lines import CountingLine
from storesense_edge.vision.pipeline import CameraPipeline
from storesense_edge.vision.queues import Queue
from storesense_edge.vision.zones import Zone

FRAME_WH = (1000, 500)
TILTED = fit_floor_map([(0.1, 0.4), (0.9, 0.4), (1, 1), (0, 1)], [(0, 0), (10, 0), (10, 8), (0, 8)])
PLAN = CameraPlan(
    FRAME_WH,
    image=Shapes(lines=(CountingLine("door", (0.5, 1.0), (0.5, 0.0)),)),
    floor=Shapes(
        zones=(Zone("b", ((1, 1), (5, 1), (5, 4), (1, 4))), Zone("c", ((5, 1), (9, 1), (9, 4), (5, 4)))),
        queues=(Queue("q", ((1, 4), (5, 4), (5, 8), (1, 8)), tills_xy=((2, 5),)),),
    ),
    floor_map=TILTED,
    grid=FloorGrid((0, 0), 0.5, 20, 16),
)

NUMBERS = st.one_of(
    st.floats(-50, 1_050), st.sampled_from([math.nan, math.inf, -math.inf, 1e308, -1e308, 1e7, 0.0, 500.0])
)
ROWS = st.one_of(
    st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS),  # mostly inside out, or nowhere
    st.tuples(st.floats(0, 900), st.floats(0, 300)).map(lambda at: (at[0], at[1], at[0] + 60, at[1] + 180)),
)
FRAMES = st.tuples(
    st.lists(st.tuples(ROWS, st.one_of(st.floats(0, 1), st.sampled_from([math.nan, -1.0, 7.0, math.inf]))), max_size=8),
    st.sampled_from([0.1, 0.1, 0.1, 0.0, -5.0, 1e-12, 40.0, math.nan, math.inf, -math.inf]),
)


def numbers(value: Any) -> Iterator[float]:
    """Every number in what came out."""
    if isinstance(value, (int, float, np.number)):
        yield float(value)
    elif isinstance(value, np.ndarray):
        yield from value.ravel().tolist()
    elif is_dataclass(value):
        for field in fields(value):
            yield from numbers(getattr(value, field.name))
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from numbers(each)


def raw(rows: list[tuple[Any, float]]) -> Detections:
    boxes = np.array([box for box, _ in rows], dtype=np.float64).reshape(-1, 4)
    return Detections(boxes, np.array([score for _, score in rows], dtype=np.float64))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(frames=st.lists(FRAMES, min_size=2, max_size=16))
def test_hostile_boxes_and_times_stop_nothing_and_make_no_nonsense(
    frames: list[tuple[list[tuple[Any, float]], float]],
) -> None:
    pipeline = CameraPipeline(PLAN)
    told: list[Any] = []
    at_s = 0.0
    for rows, step_s in frames:
        told.append(pipeline.step(raw(rows), at_s + step_s))
        at_s = at_s + step_s if math.isfinite(step_s) else at_s
    pipeline.close()
    zones = pipeline.take_zones()
    told += [pipeline.take_lines(), pipeline.take_units(), zones, pipeline.take_queues(), pipeline.take_staff()]
    told += [pipeline.take_transitions(), pipeline.take_heat()]
    assert all(math.isfinite(number) for number in numbers(told))
    times = [each.at_s for each in told[: len(frames)]]
    assert all(later > earlier for earlier, later in pairwise(times))
    assert all(zone.occupancy == 0 and zone.entries == zone.exits and zone.presence_s >= 0 for zone in zones)


@pytest.mark.parametrize(
    ("box", "score"),
    [
        pytest.param((math.nan, 200.0, 360.0, 380.0), 0.9, id="a side that is no number"),
        pytest.param((300.0, 200.0, math.inf, 380.0), 0.9, id="endless"),
        pytest.param((300.0, 200.0, 1e308, 380.0), 0.9, id="wider than any picture"),
        pytest.param((360.0, 380.0, 300.0, 200.0), 0.9, id="inside out"),
        pytest.param((300.0, 200.0, 300.2, 380.0), 0.9, id="thinner than a pixel"),
        pytest.param((300.0, 200.0, 360.0, 380.0), math.nan, id="a score that is no number"),
    ],
)
def test_a_box_that_is_none_changes_nothing_of_what_is_told_of_a_walker(
    box: tuple[float, float, float, float], score: float
) -> None:
    def told_with(*more: tuple[Any, float]) -> list[float]:
        pipeline = CameraPipeline(PLAN)
        results: list[Any] = []
        for number in range(60):
            left = 100.0 + 12 * number
            walker = ((left, 200.0, left + 60, 380.0), 0.9)
            results.append(pipeline.step(raw([walker, *more]), number / 10))
        pipeline.close()
        return list(numbers([*results, pipeline.take_lines(), pipeline.take_zones(), pipeline.take_heat()]))

    alone = told_with()
    assert alone == told_with((box, score))
    assert alone != told_with(((300.0, 200.0, 360.0, 380.0), 0.9)), "a real box is somebody"


@given(rows=st.lists(st.tuples(ROWS, st.one_of(st.floats(0, 1), st.sampled_from([math.nan, -1.0, 7.0]))), max_size=6))
def test_what_is_clean_is_what_cleaning_leaves_alone(rows: list[tuple[Any, float]]) -> None:
    given_boxes = raw(rows)
    cleaned = clean_detections(given_boxes.boxes_xyxy_px, given_boxes.scores)
    same = len(cleaned) == len(given_boxes) and np.array_equal(cleaned.scores, given_boxes.scores)
    assert is_clean(given_boxes) == same


@pytest.mark.parametrize("still", [True, False], ids=["a crowd that stands", "noise"])
def test_ten_thousand_boxes_cost_no_more_than_three_hundred(still: bool) -> None:
    rng = np.random.default_rng(3)
    corners = rng.uniform(0, 900, (10_000, 2))
    sides = rng.uniform(20, 120, (10_000, 2))

    def cost_s(count: int) -> float:
        pipeline = CameraPipeline(PLAN)
        began_s = time.process_time()
        for number in range(12):
            at = corners[:count] if still else rng.uniform(0, 900, (count, 2))
            flood = Detections(np.concatenate([at, at + sides[:count]], axis=1), np.full(count, 0.9))
            assert pipeline.step(flood, number / 10).people <= 300
        return time.process_time() - began_s

    cost_s(300)
    # Sorting them by score is all that is left to do with most of them.
    assert cost_s(10_000) < 5 * cost_s(300) + 0.5
