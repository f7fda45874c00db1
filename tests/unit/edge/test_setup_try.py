"""What a line or zone would have counted, by tracks that walk as told."""

import numpy as np

from storesense_edge.setup_try import STEP_MS, try_plan
from storesense_edge.vision.camera_plan import CameraPlan, Shapes
from storesense_edge.vision.homography import fit_floor_map
from storesense_edge.vision.lines import CountingLine, InSide
from storesense_edge.vision.zones import Zone

BEGIN_MS = 1_800_000_000_000


def walk(track: int, x: float, y_from: float, y_to: float, *, at_ms: int = 0, seconds: float = 10.0) -> list:
    steps = int(seconds * 1000 / STEP_MS)
    return [
        (BEGIN_MS + at_ms + step * STEP_MS, track, x, y)
        for step, y in enumerate(np.linspace(y_from, y_to, steps).round(3).tolist())
    ]


def tried(places: list, **shapes: tuple) -> object:
    return try_plan(CameraPlan(frame_wh=(1_280, 720), image=Shapes(**shapes)), sorted(places))


LINE = CountingLine("door", (0.1, 0.5), (0.6, 0.5), InSide.LEFT)
ZONE = Zone("middle", ((0.2, 0.3), (0.8, 0.3), (0.8, 0.7), (0.2, 0.7)))


def test_a_line_counts_both_ways_within_its_ends_and_no_turn() -> None:
    up, down = walk(1, 0.3, 0.9, 0.1), walk(2, 0.4, 0.1, 0.9)
    beside, turns = walk(3, 0.8, 0.9, 0.1), walk(4, 0.3, 0.9, 0.505) + walk(4, 0.3, 0.505, 0.9, at_ms=10_000)
    found = tried(up + down + beside + turns, lines=(LINE,))
    assert (found.tracks, found.lines) == (4, {"door": (1, 1)})


def test_a_zone_tells_visits_and_how_many_were_in_it_at_most() -> None:
    together = walk(1, 0.3, 0.9, 0.1) + walk(2, 0.4, 0.9, 0.1)
    later = walk(3, 0.5, 0.1, 0.9, at_ms=60_000)
    assert tried(together + later, zones=(ZONE,)).zones == {"middle": (3, 2)}


def test_shapes_on_the_floor_are_judged_there() -> None:
    image, floor = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)], [(0.0, 0.0), (10.0, 0.0), (10.0, 8.0), (0.0, 8.0)]
    plan = CameraPlan(
        frame_wh=(1_280, 720),
        floor=Shapes(
            lines=(CountingLine("door", (1.0, 4.0), (6.0, 4.0), InSide.LEFT),),
            zones=(Zone("middle", ((2.0, 2.4), (8.0, 2.4), (8.0, 5.6), (2.0, 5.6))),),
        ),
        floor_map=fit_floor_map(image, floor),
    )
    found = try_plan(plan, walk(1, 0.3, 0.9, 0.1))
    assert (found.lines, found.zones) == ({"door": (1, 0)}, {"middle": (1, 1)})


def test_nothing_seen_is_nothing_counted() -> None:
    found = tried([], lines=(LINE,), zones=(ZONE,))
    assert (found.tracks, found.lines, found.zones) == (0, {"door": (0, 0)}, {"middle": (0, 0)})
