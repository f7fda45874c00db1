import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from storesense_edge.vision.detections import (
    Detections,
    clean_detections,
    cover_matrix,
    iou_matrix,
    non_maximum_suppression,
)

ANY_FLOAT = st.floats(width=32, allow_nan=True, allow_infinity=True)


@pytest.mark.parametrize(
    ("box", "kept", "why"),
    [
        ([10, 10, 20, 40], True, "a person"),
        ([10, 10, 10, 40], False, "no width"),
        ([10, 40, 20, 10], False, "upside down"),
        ([np.nan, 10, 20, 40], False, "no number"),
        ([10, 10, np.inf, 40], False, "without end"),
        ([-30, 10, -5, 40], False, "left of the picture"),
        ([101, 10, 120, 40], False, "right of the picture"),
        ([-5, 10, 5, 40], True, "half in the picture"),
    ],
)
def test_bad_boxes_are_dropped(box: list[float], kept: bool, why: str) -> None:
    cleaned = clean_detections(np.array([box]), np.array([0.9]), frame_wh=(100, 100))
    assert len(cleaned) == int(kept), why


def test_a_flood_of_boxes_is_cut_to_the_best_scored() -> None:
    scores = np.linspace(0, 1, 10_000)
    cleaned = clean_detections(np.tile([0.0, 0.0, 1.0, 1.0], (10_000, 1)), scores, max_boxes=50)
    assert len(cleaned) == 50
    assert cleaned.scores.min() >= scores[-50]


@given(arrays(np.float64, st.tuples(st.integers(0, 8), st.just(4)), elements=ANY_FLOAT), st.data())
def test_whatever_comes_in_what_goes_on_is_sound(boxes: np.ndarray, data: st.DataObject) -> None:
    scores = data.draw(arrays(np.float64, len(boxes), elements=ANY_FLOAT))
    cleaned = clean_detections(boxes, scores, frame_wh=(640, 480))
    assert np.isfinite(cleaned.boxes_xyxy_px).all()
    assert (cleaned.boxes_xyxy_px[:, 2:] > cleaned.boxes_xyxy_px[:, :2]).all()
    assert ((cleaned.scores >= 0) & (cleaned.scores <= 1)).all()


def test_overlaps_have_their_textbook_values() -> None:
    square, shifted, inner = [0, 0, 2, 2], [1, 0, 3, 2], [0.5, 0.5, 1.5, 1.5]
    boxes = np.array([square, shifted, inner], dtype=float)
    assert iou_matrix(boxes, boxes)[0] == pytest.approx([1.0, 1 / 3, 0.25])
    assert cover_matrix(boxes[2:], boxes)[0] == pytest.approx([1.0, 0.5, 1.0])


def test_of_two_boxes_on_one_person_the_better_stays() -> None:
    boxes = np.array([[0, 0, 10, 30], [1, 0, 11, 30], [50, 0, 60, 30]], dtype=float)
    kept = non_maximum_suppression(Detections(boxes, np.array([0.6, 0.9, 0.5])), 0.5)
    assert kept.scores.tolist() == [0.9, 0.5]
    assert kept.boxes_xyxy_px[0].tolist() == [1, 0, 11, 30]


def test_a_suppressed_box_suppresses_nobody() -> None:
    # b overlaps a and c; a and c do not overlap enough. b goes because of a, so c stays.
    boxes = np.array([[0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10]], dtype=float)
    kept = non_maximum_suppression(Detections(boxes, np.array([0.9, 0.8, 0.7])), 0.3)
    assert kept.scores.tolist() == [0.9, 0.7]
