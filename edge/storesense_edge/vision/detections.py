"""Person boxes in one picture: the value that every detector gives and the tracker eats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_BOXES_PER_FRAME = 300
"""More boxes than this in one picture is a detector gone wrong; the best scored are kept, so work stays bounded."""

MAX_COORDINATE_PX = 1e6
"""A box that reaches further is no box in a picture."""

MIN_SIDE_PX = 1.0
"""A box narrower or lower than a pixel shows nobody."""


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Person boxes of one picture.

    Attributes:
        boxes_xyxy_px: (N, 4) float64, left, top, right, bottom in pixels of the picture.
        scores: (N,) float64, 0 to 1, the detector's belief that the box holds a person.
    """

    boxes_xyxy_px: NDArray[np.float64]
    scores: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.scores)

    def keep(self, mask: NDArray[np.bool_] | NDArray[np.intp]) -> Detections:
        """Return the boxes that a mask or an index array selects."""
        return Detections(self.boxes_xyxy_px[mask], self.scores[mask])

    @staticmethod
    def none() -> Detections:
        """Return a picture without people."""
        return Detections(np.empty((0, 4)), np.empty(0))


def clean_detections(
    boxes_xyxy_px: NDArray[np.floating],
    scores: NDArray[np.floating],
    *,
    frame_wh: tuple[int, int] | None = None,
    max_boxes: int = MAX_BOXES_PER_FRAME,
) -> Detections:
    """Make detections out of whatever a detector or a file said.

    Boxes that hold no number, are smaller than a pixel or lie wholly outside the picture are dropped: a single bad
    box must not stop a camera.

    Args:
        boxes_xyxy_px: (N, 4) left, top, right, bottom.
        scores: (N,) any finite numbers; clipped to 0..1.
        frame_wh: width and height of the picture in pixels, to drop boxes outside it; None keeps them.
        max_boxes: how many boxes are kept, the best scored first.

    Returns:
        Detections with finite boxes of positive size.
    """
    boxes = np.asarray(boxes_xyxy_px, dtype=np.float64).reshape(-1, 4)
    scores = np.asarray(scores, dtype=np.float64).reshape(-1)
    if not len(scores):
        return Detections(boxes, scores)
    with np.errstate(invalid="ignore", over="ignore"):
        good = (np.abs(boxes) < MAX_COORDINATE_PX).all(axis=1) & np.isfinite(scores)
        good &= (boxes[:, 2:] - boxes[:, :2] >= MIN_SIDE_PX).all(axis=1)
        if frame_wh is not None:
            good &= (boxes[:, 2] > 0) & (boxes[:, 3] > 0)
            good &= (boxes[:, 0] < frame_wh[0]) & (boxes[:, 1] < frame_wh[1])
    if not good.all():
        boxes, scores = boxes[good], scores[good]
    if len(scores) > max_boxes:
        best = np.argsort(-scores, kind="stable")[:max_boxes]
        boxes, scores = boxes[best], scores[best]
    return Detections(boxes, np.clip(scores, 0.0, 1.0))


def is_clean(detections: Detections) -> bool:
    """Return whether `clean_detections` would leave all as it is, in a tenth of its time."""
    boxes, scores = detections.boxes_xyxy_px, detections.scores
    if not len(scores):
        return boxes.shape == (0, 4)
    if len(scores) > MAX_BOXES_PER_FRAME:
        return False
    with np.errstate(invalid="ignore", over="ignore"):
        # No comparison holds of what is no number.
        return bool(
            (boxes[:, 2:] - boxes[:, :2]).min() >= MIN_SIDE_PX
            and boxes.max() < MAX_COORDINATE_PX
            and boxes.min() > -MAX_COORDINATE_PX
            and scores.min() >= 0.0
            and scores.max() <= 1.0
        )


def iou_matrix(boxes_a_xyxy: NDArray[np.float64], boxes_b_xyxy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of every box of one set with every box of another.

    Args:
        boxes_a_xyxy: (N, 4).
        boxes_b_xyxy: (M, 4).

    Returns:
        (N, M), 0 to 1.
    """
    overlap = _overlaps(boxes_a_xyxy, boxes_b_xyxy)
    union = _areas(boxes_a_xyxy)[:, None] + _areas(boxes_b_xyxy) - overlap
    result: NDArray[np.float64] = overlap / np.maximum(union, 1e-9)
    return result


def cover_matrix(boxes_a_xyxy: NDArray[np.float64], boxes_b_xyxy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Which share of every box of one set lies inside every box of another.

    Args:
        boxes_a_xyxy: (N, 4).
        boxes_b_xyxy: (M, 4).

    Returns:
        (N, M), 0 to 1.
    """
    areas = _areas(boxes_a_xyxy)[:, None]
    result: NDArray[np.float64] = _overlaps(boxes_a_xyxy, boxes_b_xyxy) / np.maximum(areas, 1e-9)
    return result


def _overlaps(boxes_a_xyxy: NDArray[np.float64], boxes_b_xyxy: NDArray[np.float64]) -> NDArray[np.float64]:
    a = boxes_a_xyxy[:, None, :]
    b = boxes_b_xyxy[None, :, :]
    overlap_wh = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    np.maximum(overlap_wh, 0.0, out=overlap_wh)
    result: NDArray[np.float64] = overlap_wh[..., 0] * overlap_wh[..., 1]
    return result


def _areas(boxes_xyxy: NDArray[np.float64]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = (boxes_xyxy[:, 2] - boxes_xyxy[:, 0]) * (boxes_xyxy[:, 3] - boxes_xyxy[:, 1])
    return result


def non_maximum_suppression(detections: Detections, iou_limit: float) -> Detections:
    """Keep the best of boxes that overlap more than a limit, best first.

    Args:
        detections: boxes in any order.
        iou_limit: overlap (IoU) above which the weaker box goes.

    Returns:
        The boxes kept, by falling score.
    """
    if len(detections) < 2:
        return detections
    ordered = detections.keep(np.argsort(-detections.scores, kind="stable"))
    overlaps = iou_matrix(ordered.boxes_xyxy_px, ordered.boxes_xyxy_px) > iou_limit
    if np.count_nonzero(overlaps) <= len(ordered):  # each with itself
        return ordered
    keep = np.ones(len(ordered), dtype=np.bool_)
    for index in np.flatnonzero(np.triu(overlaps, 1).any(axis=1)):
        if keep[index]:
            keep[index + 1 :] &= ~overlaps[index, index + 1 :]
    return ordered.keep(keep)
