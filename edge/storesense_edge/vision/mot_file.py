"""Recorded detections in MOT format as a source: `frame,id,left,top,width,height,conf,...`, frames from 1.

The format is MOTChallenge's (Leal-Taixé et al. 2015). The parser serves ground truth too.
"""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from storesense_edge.vision.detections import Detections, clean_detections
from storesense_edge.vision.errors import SourceError
from storesense_edge.vision.source import DetectedFrame, SourceEnd, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

MAX_FILE_BYTES = 256 * 1024 * 1024
MAX_FRAME = 10_000_000
PERCENT_FROM = 90.0
"""Scores up to 100 of which one in twenty is this or more are percent; margins thin out far below their best."""

LAYOUT = "frame,id,left,top,width,height,conf with the frame counted from 1"


@dataclass(frozen=True, slots=True, eq=False)
class MotRows:
    """The rows of a MOT file, in its order.

    Attributes:
        frames: (N,) int64, from 1.
        ids: (N,) int64, -1 where nobody said who.
        boxes_ltwh_px: (N, 4) float64, left, top, width, height.
        confidences: (N,) float64; in ground truth, 0 marks a row to leave out.
    """

    frames: NDArray[np.int64]
    ids: NDArray[np.int64]
    boxes_ltwh_px: NDArray[np.float64]
    confidences: NDArray[np.float64]


def parse_mot(lines: Iterable[str], *, source: str) -> MotRows:
    """Parse a MOT file.

    Args:
        lines: its lines; blank ones are skipped.
        source: the file's name for messages.

    Returns:
        All rows.

    Raises:
        SourceError: a line is malformed; it carries the line's number.
    """
    rows = array("d")  # a list of lists takes eight times the memory
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text:
            continue
        fields = text.split(",")
        if len(fields) < 7:
            raise _malformed(source, number, f"it has {len(fields)} fields, at least 7 are needed")
        try:
            row = [float(field) for field in fields[:7]]
        except ValueError as exc:
            bad = next(field for field in fields[:7] if not _is_number(field))
            raise _malformed(source, number, f"{bad.strip()[:40]!r} is no number") from exc
        if not all(map(math.isfinite, row)):
            raise _malformed(source, number, "a value is not finite")
        if row[0] != int(row[0]) or not 1 <= row[0] <= MAX_FRAME:
            raise _malformed(source, number, f"{fields[0].strip()[:40]!r} is no frame number from 1 to {MAX_FRAME}")
        if row[4] <= 0 or row[5] <= 0:
            raise _malformed(source, number, "the box has no area")
        rows.extend(row)
    table = np.array(rows, dtype=np.float64).reshape(-1, 7)
    return MotRows(
        frames=table[:, 0].astype(np.int64),
        ids=table[:, 1].astype(np.int64),
        boxes_ltwh_px=table[:, 2:6],
        confidences=table[:, 6],
    )


def read_mot(path: Path) -> MotRows:
    """Read and parse a MOT file.

    Raises:
        SourceError: it is missing, empty, too large, no text, or a line is malformed.
    """
    if not path.is_file():
        raise SourceError(source=path.name, cause="there is no such file", remedy="check the path")
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise SourceError(source=path.name, cause="it is larger than 256 MB", remedy="split it into shorter recordings")
    try:
        with path.open(encoding="utf-8-sig") as file:
            rows = parse_mot(file, source=path.name)
    except UnicodeDecodeError as exc:
        raise SourceError(source=path.name, cause="it is no text file", remedy=f"give a MOT file: {LAYOUT}") from exc
    if not len(rows.frames):
        raise SourceError(source=path.name, cause="it holds no rows", remedy=f"give a MOT file: {LAYOUT}")
    return rows


def detection_scores(confidences: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return scores from 0 to 1 for the confidences of one file, whatever scale its detector used.

    Networks write 0 to 1 or percent, boosted and part-based detectors (MOTChallenge's public ACF and DPM) write margins
    without a bound, some files write the same number in every row, which says nothing against any. Margins are judged
    by the best that the file has: the root of their share of its 95th percentile, so that a box half as sure as the
    surest still begins a track.

    Args:
        confidences: (N,) as the file has them.

    Returns:
        (N,) 0 to 1, in the same order of sureness.
    """
    if not len(confidences):
        return confidences
    least, most = float(confidences.min()), float(confidences.max())
    if least == most and len(confidences) > 1:
        return np.ones(len(confidences))
    if least >= 0 and most <= 1:
        return confidences
    top = float(np.quantile(confidences, 0.95))
    if least >= 0 and most <= 100 and top >= PERCENT_FROM:
        return confidences / 100
    if top <= 0:  # only margins below a detector's threshold
        confidences = confidences - confidences.min()
        top = float(np.quantile(confidences, 0.95)) or 1.0
    result: NDArray[np.float64] = np.sqrt(np.clip(confidences / top, 0.0, 1.0))
    return result


class MotFileSource:
    """Gives the detections of a MOT file, one frame after the other; frames without a row have nobody in them.

    Args:
        path: the file.
        frames_per_s: rate of the recording that the detections come from.
        frame_wh: width and height of its pictures, pixels.
        frame_count: how many frames the recording has; None ends with the last row's.
    """

    live = False

    def __init__(
        self,
        path: Path,
        *,
        frames_per_s: float,
        frame_wh: tuple[int, int],
        frame_count: int | None = None,
    ) -> None:
        if not (math.isfinite(frames_per_s) and frames_per_s > 0):
            raise SourceError(
                source=path.name, cause=f"{frames_per_s} frames a second is no rate", remedy="give a rate above 0"
            )
        self._path = path
        self._rate = frames_per_s
        self._frame_wh = frame_wh
        self._frame_count = frame_count
        self._rows: MotRows | None = None
        self._starts = np.empty(0, dtype=np.intp)
        self._index = 0
        self._count = 0

    @property
    def name(self) -> str:
        """The file's name."""
        return self._path.name

    @property
    def info(self) -> SourceInfo:
        """Size, rate and number of frames; the number only while open."""
        return SourceInfo(self._frame_wh, self._rate, self._count or self._frame_count)

    def __enter__(self) -> Self:
        """Read the file.

        Raises:
            SourceError: see `read_mot`.
        """
        rows = read_mot(self._path)
        order = np.argsort(rows.frames, kind="stable")
        scores = detection_scores(rows.confidences)
        self._rows = MotRows(rows.frames[order], rows.ids[order], rows.boxes_ltwh_px[order], scores[order])
        self._count = self._frame_count or int(self._rows.frames[-1])
        self._starts = np.searchsorted(self._rows.frames, np.arange(1, self._count + 2))
        self._index = 0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Forget the rows."""
        self._rows = None

    def read(self) -> DetectedFrame | SourceEnd:
        """Return the next frame's detections, or why there are none."""
        if self._rows is None:
            raise SourceError(source=self.name, cause="it is not open", remedy="open it with a with statement")
        if self._index >= self._count:
            return SourceEnd(complete=True, frames=self._index, reason=f"{self.name} ended after {self._index} frames.")
        index = self._index
        self._index += 1
        part = slice(self._starts[index], self._starts[index + 1])
        return DetectedFrame(index, index / self._rate, self._detections(self._rows, part))

    def _detections(self, rows: MotRows, part: slice) -> Detections:
        boxes = rows.boxes_ltwh_px[part].copy()
        boxes[:, 2:] += boxes[:, :2]
        return clean_detections(boxes, rows.confidences[part], frame_wh=self._frame_wh)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _malformed(source: str, line: int, cause: str) -> SourceError:
    return SourceError(source=source, line=line, cause=cause, remedy=f"each line is {LAYOUT}")
