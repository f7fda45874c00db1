"""The modelled detector has the flaws that were asked for and fitted."""

import numpy as np
import pytest

from storesense_edge.vision.detections import iou_matrix
from storesense_simulators.twin.chance import stream
from storesense_simulators.twin.eye_flaws import DetectionFlaws, FlawedDetector
from storesense_simulators.twin.eye_sight import Sight

FRAME_WH = (640, 360)


def standing(count: int, visibility: float = 1.0) -> Sight:
    """People in a row, none before another."""
    lefts = 20.0 + 60.0 * np.arange(count)
    boxes = np.stack([lefts, np.full(count, 120.0), lefts + 35, np.full(count, 220.0)], axis=1)
    return Sight(np.arange(count), boxes, boxes.copy(), np.full(count, visibility), np.ones(count), np.full(count, 8.0))


def run(flaws: DetectionFlaws, sight: Sight, frames: int, seed: int = 3) -> list:
    detector = FlawedDetector(flaws, frame_s=0.1, frame_wh=FRAME_WH, chance=stream(seed, "eye"))
    numbers = np.arange(1, len(sight) + 1)
    return [detector.detect(sight, numbers) for _ in range(frames)]


def test_a_perfect_detector_reports_what_is_there():
    sight = standing(5)
    for found in run(DetectionFlaws.perfect(), sight, 20):
        assert found.boxes_xyxy_px == pytest.approx(sight.boxes_xyxy_px)


def test_missed_and_false_shares_are_those_asked_for():
    sight = standing(10)
    frames = run(DetectionFlaws(jitter=0.0), sight, 3_000)
    hits = sum(int((iou_matrix(f.boxes_xyxy_px, sight.boxes_xyxy_px).max(axis=1) > 0.99).sum()) for f in frames)
    boxes = sum(map(len, frames))
    assert 1 - hits / 30_000 == pytest.approx(0.15, abs=0.02)
    assert (boxes - hits) / boxes == pytest.approx(0.03, abs=0.01)


def test_misses_come_in_spells_as_in_the_public_detections():
    sight = standing(1)
    flaws = DetectionFlaws(missed_share=0.07, false_share=0.0, jitter=0.0)
    missed = np.array([len(found) == 0 for found in run(flaws, sight, 9_000)])
    again = (missed[:-1] & missed[1:]).sum() / missed[:-1].sum()
    assert again == pytest.approx(0.71, abs=0.05)


@pytest.mark.parametrize(
    ("visibility", "missed", "why"),
    [(1.0, 0.07, "in full view"), (0.7, 0.47, "two thirds seen"), (0.3, 0.78, "a third seen")],
)
def test_hidden_people_are_missed_as_often_as_in_the_public_detections(visibility: float, missed: float, why: str):
    frames = run(DetectionFlaws(missed_share=0.07, false_share=0.0), standing(10, visibility), 2_000)
    assert 1 - sum(map(len, frames)) / 20_000 == pytest.approx(missed, abs=0.04), why


def test_jitter_has_the_fitted_size_and_half_of_it_wanders():
    sight = standing(1)
    frames = run(DetectionFlaws(missed_share=0.0, false_share=0.0), sight, 4_000)
    boxes = np.array([found.boxes_xyxy_px[0] for found in frames])
    middle = (boxes[:, 0] + boxes[:, 2]) / 2 - 37.5
    assert middle.std() / 100.0 == pytest.approx(0.056, rel=0.15)
    assert (boxes[:, 3] - 220.0).std() / 100.0 == pytest.approx(0.074, rel=0.15)
    assert np.corrcoef(middle[:-1], middle[1:])[0, 1] == pytest.approx(0.47, abs=0.08)
    assert np.corrcoef(middle[:-20], middle[20:])[0, 1] == pytest.approx(0.12, abs=0.08)


def test_boxes_are_boxes_within_the_picture():
    sight = standing(11)
    sight.boxes_xyxy_px[:, 3] += 130
    for found in run(DetectionFlaws(false_share=0.3, jitter=3.0), sight, 300):
        boxes = found.boxes_xyxy_px
        assert (boxes[:, :2] >= 0).all()
        assert (boxes[:, 2] <= FRAME_WH[0]).all()
        assert (boxes[:, 3] <= FRAME_WH[1]).all()
        assert (boxes[:, 2:] > boxes[:, :2]).all()
        assert ((found.scores >= 0.5) & (found.scores <= 1)).all()


def test_the_same_seed_sees_the_same():
    sight = standing(6)
    for one, other in zip(run(DetectionFlaws(), sight, 50), run(DetectionFlaws(), sight, 50), strict=True):
        assert np.array_equal(one.boxes_xyxy_px, other.boxes_xyxy_px)
        assert np.array_equal(one.scores, other.scores)


@pytest.mark.parametrize("flaws", [{"missed_share": 1.0}, {"false_share": -0.1}, {"jitter": -1.0}])
def test_shares_that_are_none_are_refused(flaws: dict[str, float]):
    with pytest.raises(ValueError, match="shares lie in"):
        DetectionFlaws(**flaws)


def test_the_fitted_figures_are_those_of_the_public_detections(shared_dir):
    """Fits the figures again, from the files that they are said to come from."""
    truth = np.loadtxt(shared_dir / "data/mot/PETS09-S2L1.gt.txt", delimiter=",")
    found = np.loadtxt(shared_dir / "data/mot/PETS09-S2L1.sort-frcnn.det.txt", delimiter=",")
    off, alone, missed = [], 0, 0
    for frame in range(1, 796):
        true, boxes = (rows[rows[:, 0] == frame, 2:6].copy() for rows in (truth, found))
        true[:, 2:] += true[:, :2]
        boxes[:, 2:] += boxes[:, :2]
        overlaps = iou_matrix(true, true) - np.eye(len(true))
        for index in np.flatnonzero(overlaps.max(axis=1, initial=0.0) == 0):
            fits = iou_matrix(true[index : index + 1], boxes)[0]
            alone += 1
            if not len(fits) or fits.max() < 0.25:
                missed += 1
                continue
            tall = true[index, 3] - true[index, 1]
            best = boxes[int(fits.argmax())]
            off.append(
                [(best[0] + best[2] - true[index, 0] - true[index, 2]) / 2 / tall, (best[3] - true[index, 3]) / tall]
            )
    spread = 1.4826 * np.median(np.abs(np.array(off) - np.median(off, axis=0)), axis=0)
    assert missed / alone == pytest.approx(0.07, abs=0.02)
    assert spread[0] == pytest.approx(0.056, abs=0.006)
    assert spread[1] == pytest.approx(0.074, abs=0.006)
