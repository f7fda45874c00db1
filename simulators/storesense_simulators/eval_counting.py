"""How well people are counted over lines, against ground truth; nothing here is tuned to a clip.

`true_crossings` judges the ground truth by a rule of its own, written apart from the counter that is measured.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from storesense_edge.vision.camera_plan import CameraPlan, Shapes
from storesense_edge.vision.detections import Detections, clean_detections
from storesense_edge.vision.lines import CountingLine, InSide
from storesense_edge.vision.mot_file import MotRows, detection_scores
from storesense_edge.vision.pipeline import CameraPipeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from storesense_simulators.eval_input import LinesFile

CLEAR_PX = 4.0
CLEAR_HEIGHTS = 0.05
IDLE_S = 60.0
"""Pictures so long after the last box are left out."""

Counts = dict[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class CountingResult:
    """Counted crossings beside the true ones.

    Attributes:
        truth: (in, out) of each line.
        counted: (in, out) of each line.
        frames: how many pictures were judged.
        elapsed_s: what tracking and counting took.
    """

    truth: Counts
    counted: Counts
    frames: int
    elapsed_s: float

    @property
    def crossings(self) -> int:
        """True crossings over all lines and both directions."""
        return sum(map(sum, self.truth.values()))

    @property
    def absolute_error(self) -> int:
        """Differences summed over lines and directions; one too many does not make up for one too few."""
        return sum(
            abs(true - count)
            for line_id, pair in self.truth.items()
            for true, count in zip(pair, self.counted[line_id], strict=True)
        )

    def to_json(self) -> dict[str, Any]:
        """Return the object that the command prints; the ratio is null where nothing crossed."""
        return {
            "crossings": self.crossings,
            "absolute_error": self.absolute_error,
            "error_ratio": round(self.absolute_error / self.crossings, 4) if self.crossings else None,
            "per_line": {
                line_id: {"truth": list(pair), "counted": list(self.counted[line_id])}
                for line_id, pair in self.truth.items()
            },
            "frames_per_s": round(self.frames / self.elapsed_s, 1) if self.elapsed_s > 0 else None,
        }


def true_crossings(truth: MotRows, lines: Sequence[CountingLine]) -> Counts:
    """Count the crossings of people whose boxes and identities are known.

    A crossing is a foot point (bottom centre; rows with confidence 0 are left out) that passes from one side of the
    segment to the other, clear of it on both by at least 4 px and 5 % of its box's height, within its ends: the
    straight way between neighbouring rows of a person is followed, and where it goes through the line decides.

    Args:
        truth: ground truth.
        lines: in pixels.

    Returns:
        (in, out) of each line.
    """
    kept = truth.confidences != 0
    frames, ids, boxes = truth.frames[kept], truth.ids[kept], truth.boxes_ltwh_px[kept]
    counts = {line.line_id: [0, 0] for line in lines}
    order = np.lexsort((frames, ids))
    for rows in np.split(order, np.flatnonzero(np.diff(ids[order])) + 1):
        feet = np.stack([boxes[rows, 0] + boxes[rows, 2] / 2, boxes[rows, 1] + boxes[rows, 3]], axis=1)
        clear_px = np.maximum(CLEAR_PX, CLEAR_HEIGHTS * boxes[rows, 3])
        for line in lines:
            for entered in _crossings_of(feet, clear_px, line):
                counts[line.line_id][0 if entered else 1] += 1
    return {line_id: (pair[0], pair[1]) for line_id, pair in counts.items()}


def evaluate_counting(
    detections: MotRows,
    truth: MotRows,
    lines: LinesFile,
    *,
    fps: float,
    stride: int = 1,
) -> CountingResult:
    """Track recorded detections with the shipped defaults and count them over lines.

    Args:
        detections: of every frame.
        truth: ground truth of the same recording; it is judged at its full rate, whatever the stride.
        lines: in pixels.
        fps: frames per second of the recording, before the stride.
        stride: every which frame is looked at.

    Returns:
        Counted beside true crossings.
    """
    last = int(max(detections.frames.max(initial=1), truth.frames.max(initial=1)))
    order = np.argsort(detections.frames, kind="stable")
    frames = detections.frames[order]
    boxes = detections.boxes_ltwh_px[order].copy()
    boxes[:, 2:] += boxes[:, :2]
    scores = detection_scores(detections.confidences)[order]
    wanted = np.arange(1, last + 1, stride)
    starts, ends = np.searchsorted(frames, wanted), np.searchsorted(frames, wanted, side="right")
    # An hour without boxes need not be looked at: nobody is waited for so long.
    latest = frames[np.maximum(ends, 1) - 1] if len(frames) else wanted
    busy = wanted - latest <= IDLE_S * fps
    wanted, starts, ends = wanted[busy], starts[busy], ends[busy]
    pictures = [
        ((frame - 1) / fps, clean_detections(boxes[a:b], scores[a:b], frame_wh=lines.frame_wh))
        for frame, a, b in zip(wanted.tolist(), starts, ends, strict=True)
    ]
    return count_pictures(pictures, truth, lines)


def count_pictures(pictures: Sequence[tuple[float, Detections]], truth: MotRows, lines: LinesFile) -> CountingResult:
    """Count people over lines, given the boxes of each picture and its time.

    Args:
        pictures: (time in s, boxes) in order.
        truth: ground truth of the same time.
        lines: in pixels.

    Returns:
        Counted beside true crossings.
    """
    width, height = lines.frame_wh
    normalized = tuple(
        CountingLine(
            line.line_id,
            (line.a_xy[0] / width, line.a_xy[1] / height),
            (line.b_xy[0] / width, line.b_xy[1] / height),
            line.in_side,
        )
        for line in lines.lines
    )
    pipeline = CameraPipeline(CameraPlan(frame_wh=lines.frame_wh, image=Shapes(lines=normalized)))
    began_s = time.perf_counter()
    for at_s, people in pictures:
        pipeline.step(people, at_s)
    pipeline.close()
    elapsed_s = time.perf_counter() - began_s
    counted = {count.line_id: (count.entered, count.left) for count in pipeline.take_lines()}
    return CountingResult(true_crossings(truth, lines.lines), counted, len(pictures), elapsed_s)


def _crossings_of(feet_xy: NDArray[np.float64], clear_px: NDArray[np.float64], line: CountingLine) -> Iterable[bool]:
    """Yield True for each way in and False for each way out of one person over one line."""
    a, b = np.array(line.a_xy), np.array(line.b_xy)
    along = (b - a) / np.hypot(*(b - a))
    left = np.array([along[1], -along[0]])  # y points down
    inward = left if line.in_side is InSide.LEFT else -left
    distances = (feet_xy - a) @ inward
    places = (feet_xy - a) @ along
    length = float(np.hypot(*(b - a)))
    side = 0
    through = 0
    for i in range(len(feet_xy)):
        distance = float(distances[i])
        if i and (distances[i - 1] > 0) != (distance > 0):
            share = distances[i - 1] / (distances[i - 1] - distance)
            if 0 <= places[i - 1] + share * (places[i] - places[i - 1]) <= length:
                through += 1 if distance > 0 else -1
        if abs(distance) < clear_px[i]:
            continue
        here = 1 if distance > 0 else -1
        if here != side:
            if side and through * here > 0:
                yield here > 0
            side, through = here, 0


def totals(counts: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    """Return the sums (in, out) over lines."""
    return sum(pair[0] for pair in counts.values()), sum(pair[1] for pair in counts.values())
