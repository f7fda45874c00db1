"""What a person detector makes of what it could see: missed people, flicker, jitter, people who are not there.

The figures were fitted to the public Faster R-CNN detections of PETS2009 S2.L1 (the SORT project's, 795 frames at 10 a
second, 4,359 boxes of score 0.5 and more) against MOTChallenge's ground truth, matched one to one at an IoU of 0.25 so
that a badly placed box counts as jitter rather than as a miss and a false box:

- of people in full view 7.0 % are missed, in spells: 71 % of those missed are missed in the next frame too;
- missed by visible share 0.8-0.95 / 0.6-0.8 / 0.4-0.6 / 0.2-0.4 / below: 36 / 47 / 49 / 78 / 89 %;
- the middle is off by 5.6 % of the box's height (standard deviation from the median deviation), the lower and the upper
  edge by 7.4 % each and independently, the width by 20 % of itself; at a visible share below 0.7 by 1.4 times as much.
  Correlation over 0.1 / 0.5 / 1 / 2 s of the middle is .52 / .37 / .24 / .14, of the lower edge .37 / .21 / .15 / .09:
  half (35 % for the lower edge) of the variance wanders with a time constant of 1.4 s, the rest is new in each frame;
- 8.1 % of the boxes hold nobody (IoU below 0.25), 74 % of those far from anybody; 56 % of them are there in the next
  frame too;
- scores: see the tables below.

The annotators' own inaccuracy is part of these figures, so a good detector on a good camera jitters less.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from storesense_edge.vision.detections import Detections

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from storesense_simulators.twin.eye_sight import Sight

_VISIBLE = np.array([0.0, 0.1, 0.3, 0.5, 0.7, 0.875, 0.97])
_ALSO_MISSED = np.array([1.0, 0.88, 0.77, 0.48, 0.43, 0.31, 0.0])
"""Chance to be missed for being partly hidden, beside the chance in full view."""

_SPELL_CORRELATION = 0.927
"""Of the hidden normal variable that decides on misses, from one tenth of a second to the next."""
_WANDER_S = 1.4
_JITTER = np.array([0.056, 0.074, 0.074, 0.20])
"""Middle, upper edge, lower edge as shares of the height; width as a share of itself."""
_WANDERING_SHARE = np.array([0.5, 0.5, 0.35, 0.5])
_FALSE_STAYS = 0.56
_STRAY_SHARE = 0.74
_STRAY_HEIGHT = (0.46, 1.45)
_TRUNCATED_SHARE = 0.25
_LEVELS = np.array([0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0])
_SCORES_IN_VIEW = np.array([0.5, 0.684, 0.886, 0.934, 0.969, 0.983, 0.990, 0.993, 0.998])
_SCORES_HIDDEN = np.array([0.5, 0.602, 0.706, 0.886, 0.956, 0.975, 0.984, 0.991, 0.998])
_SCORES_FALSE = np.array([0.5, 0.505, 0.549, 0.602, 0.787, 0.908, 0.938, 0.963, 0.99])
_MIN_SHOWN_PX = 6.0
_MAX_FALSE = 20


@dataclass(frozen=True, slots=True)
class DetectionFlaws:
    """How bad a detector is. The defaults are worse in misses and better in strays than the fitted ones.

    Attributes:
        missed_share: of people in full view; those partly hidden are missed more often.
        false_share: of all boxes.
        jitter: how many times the fitted jitter.
        sees_through: nobody is missed or cut off for being hidden by others, shelves or walls.
    """

    missed_share: float = 0.15
    false_share: float = 0.03
    jitter: float = 1.0
    sees_through: bool = False

    def __post_init__(self) -> None:
        if not (0 <= self.missed_share < 1 and 0 <= self.false_share < 1 and self.jitter >= 0):
            raise ValueError(f"shares lie in 0..1 and jitter is not negative, not {self}")

    @staticmethod
    def perfect() -> DetectionFlaws:
        """Return a detector without any flaw."""
        return DetectionFlaws(missed_share=0.0, false_share=0.0, jitter=0.0, sees_through=True)


class FlawedDetector:
    """One camera's detector, with a memory: spells of misses, wandering jitter, false boxes that stay a while.

    Args:
        flaws: how bad it is.
        frame_s: time from one picture to the next.
        frame_wh: width and height of a picture, pixels.
        chance: its own random numbers.
    """

    def __init__(
        self, flaws: DetectionFlaws, *, frame_s: float, frame_wh: tuple[int, int], chance: np.random.Generator
    ) -> None:
        self.flaws = flaws
        self._frame_wh = np.array([frame_wh[0], frame_wh[1]] * 2, dtype=np.float64)
        self._chance = chance
        tenths = frame_s / 0.1
        kept = np.array([math.exp(-frame_s / _WANDER_S)] * 4 + [_SPELL_CORRELATION**tenths])
        self._kept, self._fresh = kept, np.sqrt(1 - kept * kept)
        self._wander = np.sqrt(_WANDERING_SHARE) * _JITTER * flaws.jitter
        self._white = np.sqrt(1 - _WANDERING_SHARE) * _JITTER * flaws.jitter
        self._stays = _FALSE_STAYS**tenths
        self._numbers = np.empty(0, np.int64)
        self._states = np.empty((0, 5))
        self._false = np.empty((0, 4))
        self._usual_wh = (40.0, 110.0)

    def detect(self, sight: Sight, numbers: NDArray[np.int64]) -> Detections:
        """Return the boxes that it reports of a picture.

        Args:
            sight: what is truly to be seen.
            numbers: (N,) who they are, so that spells and wandering go on.
        """
        count = len(sight)
        states = self._remember(numbers)
        normals = self._chance.standard_normal((count, 4))
        uniforms = self._chance.random((count, 2))
        visible = np.ones(count) if self.flaws.sees_through else sight.visibility
        found = np.flatnonzero(self._is_found(sight, visible, states[:, 4]))
        shown = sight.boxes_xyxy_px if self.flaws.sees_through else sight.shown_xyxy_px
        boxes = shown[found].copy()
        if not self.flaws.sees_through and len(found):
            cut = uniforms[found, 1] < _TRUNCATED_SHARE
            boxes[cut, 3] = boxes[cut, 1] + sight.open_share[found][cut] * (boxes[cut, 3] - boxes[cut, 1])
        if self.flaws.jitter > 0:
            scale = 1.0 + 0.8 * (1.0 - visible[found, None])
            self._shake(boxes, (states[found, :4] * self._wander + normals[found] * self._white) * scale)
        scores = _scores(uniforms[found, 0], visible[found])
        if len(found):
            middle = boxes[len(found) // 2]
            self._usual_wh = (float(middle[2] - middle[0]), float(middle[3] - middle[1]))
        self._renew_false(boxes)
        if len(self._false):
            boxes = np.concatenate([boxes, self._false])
            scores = np.concatenate([scores, np.interp(self._chance.random(len(self._false)), _LEVELS, _SCORES_FALSE)])
        np.maximum(boxes, 0.0, out=boxes)
        np.minimum(boxes, self._frame_wh, out=boxes)
        sides = boxes[:, 2:] - boxes[:, :2]
        kept = (sides[:, 0] >= _MIN_SHOWN_PX / 2) & (sides[:, 1] >= _MIN_SHOWN_PX)
        if not kept.all():
            boxes, scores = boxes[kept], scores[kept]
        return Detections(boxes, scores)

    def _remember(self, numbers: NDArray[np.int64]) -> NDArray[np.float64]:
        """(N, 5) standard normal states that wander on: four of the jitter, one of the spells of misses."""
        fresh = self._chance.standard_normal((len(numbers), 5))
        states = fresh.copy()
        if len(self._numbers) and len(numbers):
            places = np.minimum(np.searchsorted(self._numbers, numbers), len(self._numbers) - 1)
            known = self._numbers[places] == numbers
            states[known] = self._kept * self._states[places[known]] + self._fresh * fresh[known]
        order = np.argsort(numbers, kind="stable")
        self._numbers, self._states = numbers[order], states[order]
        return states

    def _is_found(self, sight: Sight, visible: NDArray[np.float64], states: NDArray[np.float64]) -> NDArray[np.bool_]:
        missed = 1 - (1 - self.flaws.missed_share) * (1 - np.interp(visible, _VISIBLE, _ALSO_MISSED))
        found: NDArray[np.bool_] = states >= np.interp(missed, _PROBABILITIES, _PROBITS)
        if not self.flaws.sees_through:
            found &= sight.shown_xyxy_px[:, 3] - sight.shown_xyxy_px[:, 1] >= _MIN_SHOWN_PX
        return found

    def _shake(self, boxes: NDArray[np.float64], off: NDArray[np.float64]) -> None:
        wide, tall = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
        middle = (boxes[:, 0] + boxes[:, 2]) / 2 + off[:, 0] * tall
        half = wide / 2 * np.maximum(0.3, 1 + off[:, 3])
        boxes[:, 0], boxes[:, 2] = middle - half, middle + half
        boxes[:, 1] += off[:, 1] * tall
        boxes[:, 3] += off[:, 2] * tall
        # No box is turned over by a wild draw.
        boxes[:, 3] = np.maximum(boxes[:, 3], boxes[:, 1] + 0.3 * tall)

    def _renew_false(self, true: NDArray[np.float64]) -> None:
        chance, share = self._chance, self.flaws.false_share
        if len(self._false):
            self._false = self._false[chance.random(len(self._false)) < self._stays]
            self._false += chance.normal(0.0, 0.02, (len(self._false), 1)) * (self._false[:, 3:] - self._false[:, 1:2])
        expected = share / (1 - share) * max(len(true), 1) * (1 - self._stays)
        born = min(int(chance.poisson(expected)), _MAX_FALSE - len(self._false)) if share > 0 else 0
        if born <= 0:
            return
        new = np.empty((born, 4))
        for row in range(born):
            near = len(true) and chance.random() >= _STRAY_SHARE
            if near:
                model = true[int(chance.integers(len(true)))]
                wide, tall = (model[2:] - model[:2]) * chance.uniform(0.6, 1.2)
                x = (model[0] + model[2]) / 2 + wide * chance.choice([-1.0, 1.0]) * chance.uniform(0.5, 1.0)
                y = (model[1] + model[3]) / 2
            else:
                wide, tall = np.array(self._usual_wh) * chance.uniform(*_STRAY_HEIGHT)
                x = chance.uniform(0, self._frame_wh[0])
                y = chance.uniform(0.15, 0.95) * self._frame_wh[1]
            new[row] = (x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2)
        self._false = np.concatenate([self._false, new])


def _scores(levels: NDArray[np.float64], visible: NDArray[np.float64]) -> NDArray[np.float64]:
    share = np.minimum(1.0, np.maximum(0.0, (visible - 0.6) / 0.35))
    scores: NDArray[np.float64] = share * np.interp(levels, _LEVELS, _SCORES_IN_VIEW)
    scores += (1 - share) * np.interp(levels, _LEVELS, _SCORES_HIDDEN)
    return scores


def _probits() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A table of the normal law's quantiles, by its distribution function."""
    quantiles = np.linspace(-4.5, 4.5, 181)
    probabilities = np.array([0.5 * math.erfc(-q / math.sqrt(2)) for q in quantiles])
    return np.concatenate([[0.0], probabilities, [1.0]]), np.concatenate([[-99.0], quantiles, [99.0]])


_PROBABILITIES, _PROBITS = _probits()
