"""How counting fares over frame rates, detectors and faults of detectors: what the shipped defaults are judged by.

True boxes are made into those of a flawed detector, whose faults are what real ones do: it misses people, the more of
them hidden by others the more often; it cuts the legs off who is half hidden, for a while at a time; its boxes tremble;
it sees people where none are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from storesense_edge.vision.detections import iou_matrix
from storesense_edge.vision.mot_file import MotRows
from storesense_simulators.eval_counting import evaluate_counting

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from storesense_simulators.eval_input import LinesFile

HIDDEN_FROM, HIDDEN_WHOLLY = 0.45, 0.85
"""Whoever is covered by others by more than the first share is missed more often, from the second on always."""

LEGS_HIDDEN_S = 0.5
"""For about so long at a time a detector that cuts legs off goes on doing so."""


@dataclass(frozen=True, slots=True)
class Flaws:
    """A flawed detector.

    Attributes:
        name: what the table calls it.
        missed: share of fully visible people that it misses.
        false: false boxes for each true one.
        tremble: error of its boxes' edges, heights (standard deviation).
    """

    name: str
    missed: float
    false: float
    tremble: float


FLAWS = (
    Flaws("perfect", 0.0, 0.0, 0.0),
    Flaws("good", 0.05, 0.01, 0.02),
    Flaws("fair", 0.15, 0.03, 0.04),
    Flaws("poor", 0.30, 0.10, 0.06),
)
RATES_PER_S = (30.0, 10.0, 5.0, 3.3, 2.0)


@dataclass(frozen=True, slots=True)
class SweepRow:
    """One setting and its error.

    Attributes:
        detector: a file's name or a flawed detector's.
        frames_per_s: pictures a second that were looked at.
        crossings: true ones.
        absolute_error: summed over lines and directions.
    """

    detector: str
    frames_per_s: float
    crossings: int
    absolute_error: int

    def to_json(self) -> dict[str, Any]:
        """Return the row as the command prints it."""
        return {
            "detector": self.detector,
            "frames_per_s": round(self.frames_per_s, 2),
            "crossings": self.crossings,
            "absolute_error": self.absolute_error,
            "error_ratio": round(self.absolute_error / self.crossings, 4) if self.crossings else None,
        }


def flawed_detections(
    truth: MotRows, flaws: Flaws, *, frame_wh: tuple[int, int], fps: float, rng: np.random.Generator
) -> MotRows:
    """Return what a flawed detector would have seen of the truth.

    Args:
        truth: ground truth; rows with confidence 0 are nobody.
        flaws: of the detector.
        frame_wh: width and height of the pictures.
        fps: pictures a second.
        rng: chance.

    Returns:
        Boxes without names.
    """
    kept = truth.confidences != 0
    frames, ids, boxes = truth.frames[kept], truth.ids[kept], truth.boxes_ltwh_px[kept]
    rows: list[tuple[float, ...]] = []
    legless: dict[int, bool] = {}
    change = min(1.0, 1.0 / (LEGS_HIDDEN_S * fps))
    for frame in range(1, int(frames.max(initial=0)) + 1):
        here = np.flatnonzero(frames == frame)
        hidden = _hidden(boxes[here])
        for row, covered in zip(here.tolist(), hidden.tolist(), strict=True):
            person = int(ids[row])
            if person not in legless or rng.random() < change:
                legless[person] = bool(rng.random() < 0.5)
            more = min(max((covered - HIDDEN_FROM) / (HIDDEN_WHOLLY - HIDDEN_FROM), 0.0), 1.0)
            if rng.random() < flaws.missed + (1 - flaws.missed) * more:
                continue
            left, top, width, height = boxes[row].tolist()
            error = flaws.tremble * height * rng.normal(size=4) if flaws.tremble else np.zeros(4)
            if flaws.tremble and covered > 0.2 and legless[person]:
                height *= max(0.5, 1.0 - covered)
            score = 0.9 - 0.45 * covered if not flaws.tremble else rng.normal(0.9 - 0.45 * covered, 0.1)
            box = (left + error[0] / 2, top + error[1], max(4.0, width + error[2]), max(8.0, height + error[3]))
            rows.append((frame, *box, min(max(float(score), 0.12), 1.0)))
        for _ in range(int(rng.poisson(flaws.false * len(here)))):
            height = float(rng.choice(boxes[here, 3]))
            place = rng.uniform((0.0, 0.0), (frame_wh[0], max(1.0, frame_wh[1] - height)))
            rows.append((frame, float(place[0]), float(place[1]), 0.4 * height, height, float(rng.uniform(0.1, 0.7))))
    table = np.array(rows, dtype=np.float64).reshape(-1, 6)
    return MotRows(table[:, 0].astype(np.int64), np.full(len(table), -1), table[:, 1:5], table[:, 5])


def sweep(
    truth: MotRows,
    detectors: Mapping[str, MotRows],
    lines: LinesFile,
    *,
    fps: float,
    seed: int,
    flaws: Sequence[Flaws] = FLAWS,
    rates_per_s: Sequence[float] = RATES_PER_S,
) -> Iterator[SweepRow]:
    """Count with every detector at every frame rate.

    Args:
        truth: ground truth.
        detectors: recorded detections by name.
        lines: in pixels.
        fps: pictures a second of the recording.
        seed: of the chance in the flawed detectors.
        flaws: the flawed detectors.
        rates_per_s: wanted pictures a second; each is met by the nearest whole stride.

    Yields:
        A row for each setting.
    """
    rng = np.random.default_rng(seed)
    made = {flaw.name: flawed_detections(truth, flaw, frame_wh=lines.frame_wh, fps=fps, rng=rng) for flaw in flaws}
    for name, rows in {**detectors, **made}.items():
        for stride in _strides(fps, rates_per_s):
            result = evaluate_counting(rows, truth, lines, fps=fps, stride=stride)
            yield SweepRow(name, fps / stride, result.crossings, result.absolute_error)


def _strides(fps: float, rates_per_s: Iterable[float]) -> list[int]:
    return sorted({max(1, round(fps / rate)) for rate in rates_per_s})


def _hidden(boxes_ltwh: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) which share of each box lies behind the one that hides most of it; nearer is lower in the picture."""
    if len(boxes_ltwh) < 2:
        return np.zeros(len(boxes_ltwh))
    boxes = boxes_ltwh.copy()
    boxes[:, 2:] += boxes[:, :2]
    areas = boxes_ltwh[:, 2] * boxes_ltwh[:, 3]
    overlap = iou_matrix(boxes, boxes)
    shared = overlap * (areas[:, None] + areas[None, :]) / (1.0 + overlap)  # overlap = shared / (sum of areas - shared)
    shared[boxes[:, 3][:, None] >= boxes[:, 3][None, :]] = 0.0
    result: NDArray[np.float64] = (shared / areas[:, None]).max(axis=1)
    return result
