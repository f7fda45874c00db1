"""Cameras of our own whose truth is known, and PETS 2009 with measured places beside its boxes."""

from pathlib import Path

import numpy as np
import pytest

from storesense_edge.vision.errors import GeometryError
from storesense_edge.vision.height_calibration import (
    HeightCalibration,
    calibrate_by_heights,
    usable_boxes,
)
from storesense_edge.vision.mot_file import parse_mot
from storesense_edge.vision.pose import Pose, heads_of, on_floor
from storesense_edge.vision.rigid import rigidly_aligned

FRAME_WH = (640, 360)


def people(pose: Pose, count: int = 500, *, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Boxes of people with heights of their own all over a picture, and where they really stand (plan, y down)."""
    rng = np.random.default_rng(seed)
    feet = np.column_stack([rng.uniform(-0.45, 0.45, count), rng.uniform(-0.25, 0.27, count)])
    floor = on_floor(pose, feet)
    heights = rng.normal(1.70, 0.07, count)
    tops = np.array([heads_of(pose, feet[n : n + 1], heights[n])[0] for n in range(count)])
    good = np.isfinite(tops) & (tops > -0.28) & (np.hypot(*np.nan_to_num(floor, nan=99).T) < 25)
    tall = (feet[:, 1] - tops) * FRAME_WH[0]
    left = (feet[:, 0] + 0.5) * FRAME_WH[0] - 0.2 * tall
    boxes = np.column_stack([left, tops * FRAME_WH[0] + FRAME_WH[1] / 2, 0.4 * tall, tall])
    return boxes[good], floor[good] * (1, -1)


def error_cm(found: HeightCalibration, boxes: np.ndarray, truth_m: np.ndarray, frame_wh: tuple[int, int]) -> float:
    feet = np.column_stack([boxes[:, 0] + boxes[:, 2] / 2, boxes[:, 1] + boxes[:, 3]]) / frame_wh
    off = rigidly_aligned(found.floor_map.to_floor(feet), truth_m) - truth_m
    return float(np.sqrt((off**2).sum(axis=1).mean()) * 100)


@pytest.mark.parametrize(
    ("pose", "limit_cm"),
    [
        (Pose(0.8, np.radians(30), 0.0, 3.0), 20),
        (Pose(0.6, np.radians(45), np.radians(2), 3.5), 12),
        (Pose(0.9, np.radians(60), 0.0, 4.0), 15),
        (Pose(1.2, np.radians(15), 0.0, 4.0), 120),  # a long lens over a deep hall: much guessed, and said so
    ],
    ids=["usual", "wide and rolled", "steep", "long"],
)
def test_a_view_is_found_and_its_error_is_told_honestly(pose: Pose, limit_cm: float) -> None:
    boxes, truth_m = people(pose)
    found = calibrate_by_heights(boxes, FRAME_WH, rng=np.random.default_rng(1))
    true_cm = error_cm(found, boxes, truth_m, FRAME_WH)
    assert true_cm < limit_cm
    assert true_cm < 2 * found.error_cm
    assert found.height_spread < 0.1


def test_a_known_lens_makes_it_better() -> None:
    pose = Pose(1.2, np.radians(15), 0.0, 4.0)
    boxes, truth_m = people(pose)
    angle = float(np.degrees(2 * np.arctan(0.5 / pose.focal)))
    found = calibrate_by_heights(boxes, FRAME_WH, rng=np.random.default_rng(1), field_of_view_deg=angle)
    assert error_cm(found, boxes, truth_m, FRAME_WH) < 40


def test_two_points_place_it_on_the_plan() -> None:
    boxes, truth_m = people(Pose(0.6, np.radians(45), 0.0, 3.5))
    feet = np.column_stack([boxes[:, 0] + boxes[:, 2] / 2, boxes[:, 1] + boxes[:, 3]]) / FRAME_WH
    turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    plan_m = truth_m @ turn + (10.0, 5.0)
    left, right = int(feet[:, 0].argmin()), int(feet[:, 0].argmax())
    places = [(tuple(feet[n].tolist()), tuple(plan_m[n].tolist())) for n in (left, right)]
    found = calibrate_by_heights(boxes, FRAME_WH, rng=np.random.default_rng(1), places=places)
    off_m = np.hypot(*(found.floor_map.to_floor(feet) - plan_m).T)
    assert float(np.median(off_m)) < 0.3


@pytest.mark.parametrize(
    ("name", "angle", "limit_cm"),
    [("gt", None, 60), ("gt", 36.0, 50), ("sort-frcnn.det", None, 90), ("sort-frcnn.det", 36.0, 70)],
)
def test_walkers_of_pets_calibrate_their_camera(
    shared_dir: Path, name: str, angle: float | None, limit_cm: float
) -> None:
    """The walkers' measured places span some 20 metres, 35 metres from the camera."""
    folder = shared_dir / "data/mot"
    truth = np.loadtxt(folder / "PETS09-S2L1.gt.txt", delimiter=",")
    truth = truth[truth[:, 6] > 0]
    with (folder / f"PETS09-S2L1.{name}.txt").open() as file:
        rows = parse_mot(file, source=name)
    good = usable_boxes(rows.frames, rows.boxes_ltwh_px, (768, 576))
    found = calibrate_by_heights(
        rows.boxes_ltwh_px[good], (768, 576), rng=np.random.default_rng(1), field_of_view_deg=angle
    )
    true_cm = error_cm(found, truth[:, 2:6], truth[:, 7:9] * (1, -1), (768, 576))
    assert true_cm < limit_cm
    assert true_cm < 2 * found.error_cm


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        (np.tile([100.0, 100, 40, 100], (10, 1)), "only 10 boxes"),
        (np.tile([100.0, 100, 40, 100], (100, 1)), "small part of the picture"),
    ],
)
def test_too_little_is_refused(boxes: np.ndarray, message: str) -> None:
    with pytest.raises(GeometryError, match=message):
        calibrate_by_heights(boxes, FRAME_WH, rng=np.random.default_rng(1))


def test_boxes_that_are_cut_off_hidden_or_no_people_are_left_out() -> None:
    boxes = np.array(
        [
            [100.0, 100, 40, 100],  # whole
            [300, 100, 40, 100],  # hidden by the next
            [310, 110, 40, 100],
            [0, 100, 40, 100],  # cut off at the left
            [500, 262, 40, 98],  # and at the bottom
            [400, 50, 120, 100],  # too wide: a trolley
            [np.nan, 1, 40, 100],
            [200, 50, 40, -100],
        ]
    )
    assert usable_boxes(np.ones(len(boxes), dtype=np.int64), boxes, FRAME_WH).tolist() == [True] + [False] * 7
