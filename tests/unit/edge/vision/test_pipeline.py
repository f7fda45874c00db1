from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from storesense_edge.vision.camera_observation import CameraObservation, FloorPlaces, LineCount
from storesense_edge.vision.camera_plan import CameraPlan, Shapes
from storesense_edge.vision.detections import Detections, clean_detections
from storesense_edge.vision.errors import GeometryError
from storesense_edge.vision.heatmap import FloorGrid
from storesense_edge.vision.homography import FloorMap, fit_floor_map
from storesense_edge.vision.lines import CountingLine
from storesense_edge.vision.pipeline import CameraPipeline
from storesense_edge.vision.queues import Queue, QueueOutcome
from storesense_edge.vision.staff import StaffPlaces
from storesense_edge.vision.zones import Zone

FRAME_WH = (1000, 500)
# The floor is seen from straight above, ten metres wide and five deep.
ABOVE = fit_floor_map([(0, 0), (1, 0), (1, 1), (0, 1)], [(0, 0), (10, 0), (10, 5), (0, 5)])
DOOR = CountingLine("door", a_xy=(0.5, 1.0), b_xy=(0.5, 0.0))
SHELF = Zone("shelf", ((0.605, 0.0), (1.0, 0.0), (1.0, 1.0), (0.605, 1.0)))


def person(x: float, y: float) -> list[float]:
    return [x - 20, y - 100, x + 20, y]


def boxes(*people: list[float]) -> Detections:
    return clean_detections(np.array(people).reshape(-1, 4), np.full(len(people), 0.9))


def walk_right(pipeline: CameraPipeline, *, fps: float = 10.0, start_s: float = 0.0) -> list[CameraObservation]:
    """One person from x = 100 to 860 at 100 px/s."""
    steps = int(7.6 * fps)
    return [pipeline.step(boxes(person(100 + 100 * i / fps, 330)), start_s + i / fps) for i in range(steps + 1)]


def test_a_heatmap_tells_nothing_of_where_only_staff_stay() -> None:
    back_room = StaffPlaces(areas_xy_m=(((5.0, 0.0), (10.0, 0.0), (10.0, 5.0), (5.0, 5.0)),))
    grid = FloorGrid((0.0, 0.0), 1.0, 10, 5)
    pipeline = CameraPipeline(CameraPlan(FRAME_WH, floor_map=ABOVE, grid=grid, staff=back_room))
    walk_right(pipeline)
    heat = pipeline.take_heat()
    assert heat is not None
    assert heat[3, 1:5].min() >= 6
    assert not heat[:, 5:].any()


def test_a_heatmap_tells_nothing_of_cashiers_at_their_posts_but_of_customers_before_them() -> None:
    grid = FloorGrid((0.0, 0.0), 0.5, 20, 10)
    plan = CameraPlan(FRAME_WH, floor_map=ABOVE, grid=grid, staff=StaffPlaces(posts_xy_m=((5.25, 3.3),)))
    pipeline = CameraPipeline(plan)
    walk_right(pipeline)
    heat = pipeline.take_heat()
    assert heat is not None
    walked = heat.sum(axis=0)
    assert not walked[10], "bodies of whoever is 0.8 m from the post or further do not reach its cell"
    assert walked[3:9].min() > 0
    assert walked[12:17].min() > 0
    assert walked[9] < walked[8] / 2, "who is 0.75 m away is at the post"


def test_one_walk_is_seen_by_line_zone_and_heatmap() -> None:
    plan = CameraPlan(
        FRAME_WH,
        image=Shapes(lines=(DOOR,), zones=(SHELF,)),
        floor_map=ABOVE,
        grid=FloorGrid((0.0, 0.0), 1.0, 10, 5),
    )
    pipeline = CameraPipeline(plan)
    history = walk_right(pipeline)
    assert history[-1].people == 1
    assert history[-1].occupancy == (1,)
    assert pipeline.zone_ids == ("shelf",)
    assert [(c.line_id, c.entered) for o in history for c in o.crossings] == [("door", False)]
    assert pipeline.take_lines() == [LineCount("door", 0, 1)]
    assert pipeline.take_lines() == [LineCount("door", 0, 0)], "a count is a delta"
    heat = pipeline.take_heat()
    assert heat is not None
    assert heat[3, 1:8].min() >= 6, "about a second in each metre on the way"
    assert int(heat.sum()) == pytest.approx(71, abs=6), "half a second is undecided yet"
    pipeline.close()
    (zone,) = pipeline.take_zones()
    assert (zone.entries, zone.exits, zone.unknown) == (1, 1, 1), "still inside as the source ended"
    assert zone.presence_s == pytest.approx(2.5, abs=0.3)


def test_who_is_not_sure_to_be_somebody_is_told_to_nobody() -> None:
    pipeline = CameraPipeline(CameraPlan(FRAME_WH, image=Shapes(lines=(DOOR,), zones=(SHELF,))))
    for i in range(60):
        flicker = [person(300 + 400 * (i // 4 % 2), 330)] if i % 4 == 0 else []
        told = pipeline.step(boxes(*flicker), i / 10)
        assert (told.people, told.occupancy, told.crossings) == (0, (0,), ())
        assert len(pipeline.feet[0]) == 0, "nor shown to whoever sets the camera up, nor kept for an audit"


@pytest.mark.parametrize(
    ("seen_again_s", "left"),
    [
        pytest.param(4.6, 1, id="seen on both sides"),
        pytest.param(None, 0, id="predicted over the line and never seen there"),
    ],
)
def test_a_crossing_that_nobody_saw_counts_when_both_of_its_ends_were_seen(
    seen_again_s: float | None, left: int
) -> None:
    pipeline = CameraPipeline(CameraPlan(FRAME_WH, image=Shapes(lines=(DOOR,))))
    for i in range(77):
        hidden = i / 10 > 3.4 and (seen_again_s is None or i / 10 < seen_again_s)
        pipeline.step(boxes() if hidden else boxes(person(100 + 10 * i, 330)), i / 10)
    pipeline.close()
    assert pipeline.take_lines() == [LineCount("door", 0, left)]


@pytest.mark.parametrize(
    ("floor_map", "is_entrance", "counted"), [(ABOVE, True, 1), (None, True, 0), (ABOVE, False, 0)]
)
def test_who_was_hidden_before_an_entrance_counts_where_the_floor_tells_where_they_came_from(
    floor_map: FloorMap | None, is_entrance: bool, counted: int
) -> None:
    door = replace(DOOR, is_entrance=is_entrance)
    pipeline = CameraPipeline(CameraPlan(FRAME_WH, image=Shapes(lines=(door,)), floor_map=floor_map))
    for i in range(20):
        pipeline.step(boxes(person(525 + 10 * i, 330)), i / 10)
    assert pipeline.take_lines() == [LineCount("door", 0, counted)]


def test_shapes_on_the_floor_count_as_shapes_in_the_picture_do() -> None:
    floor = Shapes(
        lines=(CountingLine("door", a_xy=(5.0, 5.0), b_xy=(5.0, 0.0)),),
        zones=(Zone("shelf", ((6.05, 0), (10, 0), (10, 5), (6.05, 5))),),
    )
    in_picture = CameraPipeline(CameraPlan(FRAME_WH, image=Shapes(lines=(DOOR,), zones=(SHELF,))))
    on_floor = CameraPipeline(CameraPlan(FRAME_WH, floor=floor, floor_map=ABOVE))
    pictured, floored = walk_right(in_picture), walk_right(on_floor)
    assert [seen.crossings for seen in pictured] == [seen.crossings for seen in floored]
    # On the floor a step of less than an arm's length is no move, so somebody is told to be there a moment later.
    assert sum(a.occupancy != b.occupancy for a, b in zip(pictured, floored, strict=True)) <= 4
    assert pictured[-1].occupancy == floored[-1].occupancy
    assert in_picture.take_lines() == on_floor.take_lines() == [LineCount("door", 0, 1)]


def test_a_queue_is_measured_from_boxes() -> None:
    queue = Queue("q", ((0.0, 0.0), (0.8, 0.0), (0.8, 1.0), (0.0, 1.0)), tills_xy=((0.1, 0.6),))
    pipeline = CameraPipeline(CameraPlan(FRAME_WH, image=Shapes(queues=(queue,))))
    rng = np.random.default_rng(4)
    at_s = 0.0

    def go(seconds: float, x0: float, x1: float) -> CameraObservation:
        nonlocal at_s
        for i in range(round(seconds * 10)):
            x = x0 + (x1 - x0) * i / (seconds * 10)
            jitter = rng.normal(0, 2, 2)
            observation = pipeline.step(boxes(person(x + jitter[0], 300 + jitter[1])), at_s)
            at_s += 0.1
        return observation

    go(5, 900, 400)
    waiting = go(15, 400, 400).queues[0]
    assert (waiting.waiting, waiting.serving) == (1, 0)
    assert waiting.longest_wait_s == pytest.approx(15, abs=1.5)
    go(3, 400, 100)
    assert go(8, 100, 100).queues[0].serving == 1
    go(8, 100, 900)
    for _ in range(60):
        pipeline.step(boxes(), at_s)
        at_s += 0.1
    (sample,) = pipeline.take_queues()
    (visit,) = sample.visits
    assert visit.outcome is QueueOutcome.SERVED
    assert visit.wait_s == pytest.approx(17.5, abs=1.5)
    assert visit.service_s == pytest.approx(8.5, abs=1.5)


def test_a_camera_that_stalls_and_time_that_runs_back_stop_nothing() -> None:
    pipeline = CameraPipeline(CameraPlan(FRAME_WH, image=Shapes(lines=(DOOR,), zones=(SHELF,))))
    walk_right(pipeline)
    walk_right(pipeline, start_s=500.0)
    walk_right(pipeline, start_s=3.0)
    left = pipeline.take_lines()[0].left
    assert left >= 2
    pipeline.close()
    (zone,) = pipeline.take_zones()
    assert zone.occupancy == 0
    assert zone.entries == zone.exits


def test_nothing_that_comes_out_says_who() -> None:
    plan = CameraPlan(FRAME_WH, image=Shapes(lines=(DOOR,), zones=(SHELF,)))
    pipeline = CameraPipeline(plan)
    outcomes: list[Any] = [*walk_right(pipeline), *pipeline.take_lines()]
    pipeline.close()
    outcomes += pipeline.take_zones()

    def names(value: Any) -> set[str]:
        if is_dataclass(value):
            own = {field.name for field in fields(value)}
            return own.union(*(names(getattr(value, name)) for name in own))
        if isinstance(value, (list, tuple)):
            return set().union(*map(names, value))
        return set()

    told = set().union(*map(names, outcomes))
    assert told
    assert not told & {"ids", "track_id", "slots", "xy", "feet_xy_px", "boxes_xyxy_px", "image_bgr"}


@pytest.mark.parametrize(
    ("plan", "part"),
    [
        (CameraPlan(FRAME_WH, floor=Shapes(lines=(DOOR,))), "no floor calibration"),
        (CameraPlan(FRAME_WH, grid=FloorGrid((0, 0), 1, 2, 2)), "no floor calibration"),
        (CameraPlan((0, 10)), "0 by 10"),
        (CameraPlan(FRAME_WH, image=Shapes(lines=(DOOR,)), floor=Shapes(lines=(DOOR,)), floor_map=ABOVE), "same id"),
    ],
)
def test_plans_that_cannot_work_are_refused(plan: CameraPlan, part: str) -> None:
    with pytest.raises(GeometryError, match=part):
        CameraPipeline(plan)


def test_ten_thousand_boxes_in_a_picture_are_bounded_work() -> None:
    pipeline = CameraPipeline(CameraPlan(FRAME_WH, image=Shapes(lines=(DOOR,), zones=(SHELF,))))
    rng = np.random.default_rng(5)
    corners = rng.uniform(0, 400, (10_000, 2))
    flood = clean_detections(
        np.concatenate([corners, corners + rng.uniform(5, 90, (10_000, 2))], axis=1), np.full(10_000, 0.9)
    )
    for i in range(5):
        assert pipeline.step(flood, i / 10).people <= 300


def test_six_visits_of_the_indoor_recording(shared_dir: Path) -> None:
    """One person at a time comes, is looked at and goes, six times."""
    pytest.importorskip("onnxruntime")
    from storesense_edge.vision.onnx_runtime import load_yolox  # noqa: PLC0415
    from storesense_edge.vision.source import PictureFrame, frames_of  # noqa: PLC0415
    from storesense_edge.vision.video import VideoFileSource  # noqa: PLC0415

    detector = load_yolox(shared_dir / "models/person_yolox_192.onnx")
    everywhere = Zone("room", ((0, 0), (1, 0), (1, 1), (0, 1)), min_visit_s=2.0)
    visits = []
    with VideoFileSource(shared_dir / "data/video/one-by-one-person-detection.mp4") as source:
        pipeline = CameraPipeline(CameraPlan(source.info.frame_wh, image=Shapes(zones=(everywhere,))))
        for frame in frames_of(source):
            assert isinstance(frame, PictureFrame)
            if frame.index % 4 == 0:
                pipeline.step(detector.detect(frame.image_bgr, frame.at_s), frame.at_s)
        pipeline.close()
        visits = list(pipeline.take_zones()[0].visits)
    assert len(visits) == 6


def test_a_floor_map_is_what_the_plan_carries() -> None:
    assert isinstance(ABOVE, FloorMap)


class Neighbours:
    """Other cameras that know whomever this one calls 1."""

    def __init__(self) -> None:
        self.seen: list[FloorPlaces] = []

    def see(self, places: FloorPlaces) -> frozenset[int]:
        self.seen.append(places)
        return frozenset({1})


@pytest.mark.parametrize("fps", [2.0, 5.0, 10.0])
def test_other_cameras_hear_of_each_picture_once_and_their_staff_makes_no_visits(fps: float) -> None:
    neighbours = Neighbours()
    plan = CameraPlan(FRAME_WH, image=Shapes(zones=(SHELF,)), floor_map=ABOVE)
    pipeline = CameraPipeline(plan, neighbours=neighbours)
    walk_right(pipeline, fps=fps)
    with_people = [places for places in neighbours.seen if len(places.numbers)]
    # The first half second and the last one are undecided; nothing is said between two pictures.
    assert len(with_people) == pytest.approx(7.1 * fps, abs=1.5)
    assert len(neighbours.seen) <= len(with_people) + fps
    assert [p.at_s for p in neighbours.seen] == sorted(p.at_s for p in neighbours.seen)
    assert with_people[-1].points_xy_m[0] == pytest.approx((8.1, 3.3), abs=0.3)
    assert with_people[-1].present == {1}
    assert with_people[-1].staff == frozenset(), "what others say is not said to them again"
    pipeline.close()
    (zone,) = pipeline.take_zones()
    assert zone.visits == ()
    assert zone.staff_s == pytest.approx(zone.presence_s)
    assert zone.presence_s == pytest.approx(2.5, abs=0.6)


def test_without_a_floor_calibration_nothing_is_said_to_other_cameras() -> None:
    neighbours = Neighbours()
    walk_right(CameraPipeline(CameraPlan(FRAME_WH, image=Shapes(zones=(SHELF,))), neighbours=neighbours))
    assert neighbours.seen == []
