"""How well people are found, followed and counted in a video's pictures, against ground truth."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from storesense_edge.vision.lines import CountingLine
from storesense_edge.vision.mot_file import MotRows
from storesense_edge.vision.source import frames_of, people_in
from storesense_edge.vision.tracker import Tracker
from storesense_simulators.eval_counting import CountingResult, count_pictures
from storesense_simulators.eval_input import LinesFile
from storesense_simulators.track_scores import Labelled, TrackScores, average_precision, score_tracks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from storesense_edge.vision.detections import Detections
    from storesense_edge.vision.detector import Detector
    from storesense_edge.vision.source import FrameSource


@dataclass(frozen=True, slots=True)
class VideoResult:
    """What was measured on a video.

    Attributes:
        detection_ap: average precision of the boxes at an overlap of 0.5; None without true boxes.
        tracks: MOTA, IDF1, HOTA and switches of the confirmed tracks where they are seen.
        counting: crossings of the lines.
        detection_ms: what finding the people in a picture took, on average.
    """

    detection_ap: float | None
    tracks: TrackScores
    counting: CountingResult
    detection_ms: float

    def to_json(self) -> dict[str, Any]:
        """Return the object that the command prints."""
        return {
            "detection_ap": None if self.detection_ap is None else round(self.detection_ap, 4),
            "mota": self.tracks.mota,
            "idf1": self.tracks.idf1,
            "hota": self.tracks.hota,
            "switches": self.tracks.switches,
            **self.counting.to_json(),
            "detection_ms": round(self.detection_ms, 2),
        }


def usual_lines(frame_wh: tuple[int, int]) -> LinesFile:
    """Return five upright lines at the sixths of a picture, for a video that comes without lines."""
    width, height = frame_wh
    places = [round(width * k / 6) for k in range(1, 6)]
    return LinesFile(frame_wh, tuple(CountingLine(f"x{x}", (x, height), (x, 0)) for x in places))


def evaluate_video(
    source: FrameSource,
    detector: Detector | None,
    truth: MotRows,
    lines: LinesFile,
    *,
    stride: int = 1,
    progress: Callable[[int], None] = lambda _: None,
) -> VideoResult:
    """Look at the pictures of a recording with the shipped defaults.

    Args:
        source: an open recording; its frame i (from 0) is the truth's frame i + 1.
        detector: what finds the people in it.
        truth: ground truth; rows with confidence 0 and those of frames that never came are left out.
        lines: in pixels.
        stride: every which picture is looked at.
        progress: told after each picture how many milliseconds of the recording have been looked at.

    Returns:
        Everything measured.
    """
    pictures: list[tuple[float, Detections]] = []
    frames: list[int] = []
    looking_s = 0.0
    last = -1
    for frame in frames_of(source):
        last = frame.index
        if frame.index % stride:
            continue
        began_s = time.perf_counter()
        people = people_in(frame, detector, source_name=source.name)
        looking_s += time.perf_counter() - began_s
        pictures.append((frame.at_s, people))
        frames.append(frame.index + 1)
        progress(round(1000 * frame.at_s))
    # A recording that breaks off is compared with the truth of what it showed.
    shown = (truth.frames <= last + 1) & (truth.confidences != 0)
    truth = MotRows(truth.frames[shown], truth.ids[shown], truth.boxes_ltwh_px[shown], truth.confidences[shown])
    labels = [_truth_of(truth, frame) for frame in frames]
    found_ap = average_precision(
        [people.boxes_xyxy_px for people in labels],
        [people.boxes_xyxy_px for _, people in pictures],
        [people.scores for _, people in pictures],
    )
    return VideoResult(
        detection_ap=found_ap,
        tracks=score_tracks(labels, _follow(pictures, lines.frame_wh)),
        counting=count_pictures(pictures, truth, lines),
        detection_ms=1000 * looking_s / max(len(pictures), 1),
    )


def _truth_of(truth: MotRows, frame: int) -> Labelled:
    rows = truth.frames == frame
    boxes = truth.boxes_ltwh_px[rows].copy()
    boxes[:, 2:] += boxes[:, :2]
    return Labelled(boxes, truth.ids[rows])


def _follow(pictures: Sequence[tuple[float, Detections]], frame_wh: tuple[int, int]) -> list[Labelled]:
    tracker = Tracker(frame_wh=frame_wh)
    followed = []
    for at_s, people in pictures:
        tracks = tracker.step(people, at_s).only_confirmed()
        tracks = tracks.keep(tracks.seen)
        foot, half = tracks.measured_feet_xy_px, tracks.widths_px / 2
        top = foot[:, 1] - tracks.measured_heights_px
        boxes = np.stack([foot[:, 0] - half, top, foot[:, 0] + half, foot[:, 1]], axis=1)
        followed.append(Labelled(boxes, tracks.ids))
    return followed
