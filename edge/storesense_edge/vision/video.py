"""A video file as a source of pictures."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Self, cast

import cv2

from storesense_edge.vision.errors import SourceError
from storesense_edge.vision.source import PictureFrame, SourceEnd, SourceInfo

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    import numpy as np
    from numpy.typing import NDArray

MAX_SIDE_PX = 8192
_FFMPEG_QUIET = "-8"
COUNT_TOLERANCE = 0.01
"""Containers without an index announce an estimate; a smaller shortfall than this share is no truncation."""


class VideoFileSource:
    """Reads a video file, frame after frame, as fast as it is asked.

    A file that breaks off ends with the frames that can be read and says so in its `SourceEnd`; a file that gives not
    one picture is an error.

    Args:
        path: the file.
        frames_per_s: overrides the rate that the file states, for files that state a wrong one.
    """

    live = False

    def __init__(self, path: Path, *, frames_per_s: float | None = None) -> None:
        self._path = path
        self._forced_rate = frames_per_s
        self._capture: cv2.VideoCapture | None = None
        self._info: SourceInfo | None = None
        self._first: NDArray[np.uint8] | None = None
        self._end: SourceEnd | None = None
        self._index = 0
        self._at_s = 0.0
        self._stamp_s = 0.0

    @property
    def name(self) -> str:
        """The file's name."""
        return self._path.name

    @property
    def info(self) -> SourceInfo:
        """Size, rate and number of frames; only while open."""
        if self._info is None:
            raise SourceError(source=self.name, cause="it is not open", remedy="open it with a with statement")
        return self._info

    def __enter__(self) -> Self:
        """Open the file and decode its first picture, so that a broken one is found at once.

        Raises:
            SourceError: missing, empty, no video, or no picture in it can be decoded.
        """
        if not self._path.is_file():
            raise self._error("there is no such file", "check the path")
        if self._path.stat().st_size == 0:
            raise self._error("the file is empty", "record or copy it again")
        # FFmpeg writes a line for each broken block, without an end where a recording is looped; what counts is said
        # in the source's end.
        os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", _FFMPEG_QUIET)
        try:
            capture = cv2.VideoCapture(str(self._path))
            opened = capture.isOpened()
        except cv2.error as exc:
            raise self._not_a_video() from exc
        if not opened:
            raise self._not_a_video()
        good, first = capture.read()
        if not good or first is None:
            capture.release()
            raise self._error(
                "not one picture in it can be decoded", "copy it again, or convert it to H.264 in an MP4 file"
            )
        if max(first.shape[:2]) > MAX_SIDE_PX:
            capture.release()
            raise self._error(f"its pictures are wider or higher than {MAX_SIDE_PX} pixels", "scale it down")
        rate = self._forced_rate or capture.get(cv2.CAP_PROP_FPS)
        count = capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self._capture = capture
        self._first = cast("NDArray[np.uint8]", first)
        self._info = SourceInfo(
            frame_wh=(first.shape[1], first.shape[0]),
            frames_per_s=rate if math.isfinite(rate) and 0 < rate <= 1000 else None,
            frame_count=int(count) if math.isfinite(count) and 0 < count < 1e9 else None,
        )
        self._index, self._at_s, self._stamp_s, self._end = 0, 0.0, 0.0, None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        if self._capture is not None:
            self._capture.release()
        self._capture = self._first = None

    def read(self) -> PictureFrame | SourceEnd:
        """Return the next picture, or why there is none."""
        if self._end is not None:
            return self._end
        if self._capture is None:
            raise SourceError(source=self.name, cause="it is not open", remedy="open it with a with statement")
        if self._first is not None:
            image, self._first = self._first, None
        else:
            good, decoded = self._capture.read()
            if not good or decoded is None:
                self._end = self._why_it_ended()
                return self._end
            image = cast("NDArray[np.uint8]", decoded)
            self._stamp_s = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        frame = PictureFrame(self._index, self._media_time_s(), image)
        self._index += 1
        self._at_s = frame.at_s
        return frame

    def _media_time_s(self) -> float:
        rate = self.info.frames_per_s
        if self._forced_rate:
            return self._index / self._forced_rate
        if self._index == 0:
            return 0.0
        if math.isfinite(self._stamp_s) and self._stamp_s > self._at_s:
            return self._stamp_s
        # Some containers carry no time stamps, or repeat one; the nominal rate fills in.
        return self._at_s + 1 / (rate or 25.0)

    def _why_it_ended(self) -> SourceEnd:
        count = self.info.frame_count
        if count is not None and count - self._index > max(1, COUNT_TOLERANCE * count) and not self._ran_out():
            return SourceEnd(
                complete=False,
                frames=self._index,
                reason=f"{self.name} breaks off after {self._index} of the {count} frames that it announces; "
                "the file is truncated or damaged there, copy it again.",
            )
        return SourceEnd(complete=True, frames=self._index, reason=f"{self.name} ended after {self._index} frames.")

    def _ran_out(self) -> bool:
        """True if the pictures reach to the announced end: where they come unevenly, a count is but an estimate."""
        assert self._capture is not None  # noqa: S101 read() has looked
        rate, count = self._capture.get(cv2.CAP_PROP_FPS), self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        if not (rate > 0 and self._stamp_s > 0):
            return False
        room_s = max(2 * self._stamp_s / self._index, COUNT_TOLERANCE * count / rate)
        return bool(count / rate - self._stamp_s <= room_s)

    def _not_a_video(self) -> SourceError:
        return self._error(
            "it cannot be opened as a video; it is truncated, damaged or of a format that OpenCV does not know",
            "copy it again, or convert it to H.264 in an MP4 file",
        )

    def _error(self, cause: str, remedy: str) -> SourceError:
        return SourceError(source=self.name, cause=cause, remedy=remedy)
