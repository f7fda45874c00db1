"""People as moving blobs: no weights, no download, any small machine.

MOG2 (Zivkovic 2004) learns the empty picture; what differs, without shadows, is cleaned and grouped. A person breaks
into pieces where clothes match the floor, so pieces above each other are joined; two people side by side make one
wide blob, so a blob much wider than a person is cut. It is the fallback: people who stand still fade into the
background, and crowds are counted short. Use an ONNX model where the machine carries it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import cv2
import numpy as np

from storesense_edge.vision.detections import Detections, clean_detections

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHADOW = 127
BACKGROUND_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class MotionSettings:
    """What counts as a moving person. Sizes are shares of the picture, so any resolution works.

    Attributes:
        work_height_px: pictures are scaled down to this height before they are looked at.
        background_s: memory of the background; what stands still for about a third of it becomes background.
        young_s: a younger background is taken to be this old, so that the first to stand still do not become it.
        warm_up_s: nothing is reported before the background is known for this long.
        contrast: squared distance from the background, in variances of the pixel, that is a difference.
        min_height: smallest person, share of the picture's height.
        max_height: largest person, share of the picture's height.
        min_aspect: a person is at least this many times as high as wide.
        usual_aspect: how many times as high as wide people usually are.
    """

    work_height_px: int = 432
    background_s: float = 60.0
    young_s: float = 5.0
    warm_up_s: float = 1.0
    contrast: float = 20.0
    min_height: float = 0.06
    max_height: float = 0.95
    min_aspect: float = 1.1
    usual_aspect: float = 2.4


class MotionDetector:
    """Finds people by what moves; see `Detector`.

    Args:
        settings: what counts as a moving person.
    """

    def __init__(self, settings: MotionSettings | None = None) -> None:
        self.settings = settings or MotionSettings()
        self._model = cv2.createBackgroundSubtractorMOG2(
            history=500, varThreshold=self.settings.contrast, detectShadows=True
        )
        # A new colour is background once it was seen for 30 % of the memory, not for the 10 % of OpenCV's default.
        self._model.setBackgroundRatio(1 - BACKGROUND_SHARE)
        self._began_s: float | None = None
        self._last_s = 0.0

    def detect(self, image_bgr: NDArray[np.uint8], at_s: float) -> Detections:
        """Return the people in a picture; the score says how much of its box a blob fills."""
        cfg = self.settings
        scale = min(1.0, cfg.work_height_px / image_bgr.shape[0])
        small = image_bgr
        if scale < 1.0:
            size = (max(1, round(image_bgr.shape[1] * scale)), max(1, round(image_bgr.shape[0] * scale)))
            small = np.asarray(cv2.resize(image_bgr, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        foreground = self._foreground(small, at_s)
        if foreground is None:
            return Detections.none()
        boxes, fills = _blobs(foreground, cfg)
        boxes, fills = _split_wide(foreground, boxes, fills, cfg)
        height = small.shape[0]
        tall = boxes[:, 3] - boxes[:, 1]
        wide = boxes[:, 2] - boxes[:, 0]
        good = (tall >= cfg.min_height * height) & (tall <= cfg.max_height * height) & (tall >= cfg.min_aspect * wide)
        scores = np.clip(0.3 + fills[good], 0.1, 0.99)
        return clean_detections(boxes[good] / scale, scores, frame_wh=(image_bgr.shape[1], image_bgr.shape[0]))

    def _foreground(self, small: NDArray[np.uint8], at_s: float) -> NDArray[np.uint8] | None:
        """(height, width) 0 or 255; None while the background is being learnt."""
        if self._began_s is None:
            self._began_s = self._last_s = at_s
            self._model.apply(small, learningRate=1.0)
            return None
        cfg = self.settings
        passed_s = max(at_s - self._last_s, 1e-3)
        self._last_s = at_s
        age_s = at_s - self._began_s
        # At first the mean of what was seen, then a memory of fixed length in seconds, whatever the frame rate.
        rate = passed_s / min(max(age_s, cfg.young_s), cfg.background_s)
        mask = self._model.apply(small, learningRate=min(rate, BACKGROUND_SHARE / 2))
        if age_s < cfg.warm_up_s:
            return None
        foreground = np.where(mask > SHADOW, np.uint8(255), np.uint8(0))
        unit = max(1, round(small.shape[0] / 288))
        speck = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * unit + 1, 2 * unit + 1))
        upright = cv2.getStructuringElement(cv2.MORPH_RECT, (2 * unit + 1, 8 * unit + 1))
        opened = cv2.morphologyEx(foreground, cv2.MORPH_OPEN, speck)
        return np.asarray(cv2.morphologyEx(opened, cv2.MORPH_CLOSE, upright), dtype=np.uint8)


def _blobs(foreground: NDArray[np.uint8], cfg: MotionSettings) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Boxes (N, 4) of the blobs, pieces of one person joined, and the share of the box that each fills."""
    count, _, stats, _ = cv2.connectedComponentsWithStats(foreground, connectivity=8)
    table = np.asarray(stats, dtype=np.float64)[1:count]
    height = foreground.shape[0]
    table = table[table[:, cv2.CC_STAT_AREA] >= (0.15 * cfg.min_height * height) ** 2]
    table = table[np.argsort(-table[:, cv2.CC_STAT_AREA], kind="stable")][:200]
    boxes = table[:, :4].copy()
    boxes[:, 2:] += boxes[:, :2]
    areas = table[:, 4].copy()
    index = 0
    while index < len(boxes):
        joined = _join(boxes, areas, index, cfg, height)
        if joined is None:
            index += 1
        else:
            boxes, areas = joined
            index = 0
    sizes = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return boxes, areas / np.maximum(sizes, 1.0)


def _join(
    boxes: NDArray[np.float64],
    areas: NDArray[np.float64],
    index: int,
    cfg: MotionSettings,
    height: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Join one piece with the first that stands above or below it and makes a person-like whole."""
    own = boxes[index]
    rest = boxes[index + 1 :]
    if not len(rest):
        return None
    shared = np.minimum(own[2], rest[:, 2]) - np.maximum(own[0], rest[:, 0])
    narrower = np.minimum(own[2] - own[0], rest[:, 2] - rest[:, 0])
    gap = np.maximum(own[1], rest[:, 1]) - np.minimum(own[3], rest[:, 3])
    whole = np.concatenate([np.minimum(own[:2], rest[:, :2]), np.maximum(own[2:], rest[:, 2:])], axis=1)
    tall, wide = whole[:, 3] - whole[:, 1], whole[:, 2] - whole[:, 0]
    fits = (
        (shared > 0.5 * narrower)
        & (gap < 0.35 * np.maximum(own[3] - own[1], rest[:, 3] - rest[:, 1]))
        & (tall < 3.5 * wide)
        & (tall <= cfg.max_height * height)
    )
    if not fits.any():
        return None
    other = index + 1 + int(np.argmax(fits))
    merged = boxes.copy()
    merged[index] = whole[other - index - 1]
    merged_areas = areas.copy()
    merged_areas[index] += areas[other]
    return np.delete(merged, other, axis=0), np.delete(merged_areas, other)


def _split_wide(
    foreground: NDArray[np.uint8], boxes: NDArray[np.float64], fills: NDArray[np.float64], cfg: MotionSettings
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cut blobs that are as wide as several people side by side."""
    if not len(boxes):
        return boxes, fills
    tall, wide = boxes[:, 3] - boxes[:, 1], boxes[:, 2] - boxes[:, 0]
    people = np.maximum(1, np.round(wide * cfg.usual_aspect / np.maximum(tall, 1.0) - 0.25)).astype(np.int64)
    people[people > 5] = 1  # a door or the light, not a row of people
    if (people == 1).all():
        return boxes, fills
    parts, part_fills = [], []
    for box, fill, count in zip(boxes, fills, people, strict=True):
        edges = np.linspace(box[0], box[2], count + 1)
        for left, right in pairwise(edges.tolist()):
            part = foreground[int(box[1]) : int(box[3]), int(left) : int(right)]
            rows = np.flatnonzero(part.any(axis=1))
            if count == 1 or not len(rows):
                parts.append(box)
                part_fills.append(fill)
                continue
            parts.append(np.array([left, box[1] + rows[0], right, box[1] + rows[-1] + 1]))
            part_fills.append(float((part > 0).mean()))
    return np.array(parts), np.array(part_fills)
