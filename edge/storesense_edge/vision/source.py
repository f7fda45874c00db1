"""The port that every camera and recording speaks.

A source gives either pictures, which a detector turns into boxes, or boxes that somebody detected before. It does not
pace itself and knows no wall clock: a recording gives its frames as fast as they are read, each with its media time,
and whoever runs it decides how fast that is. A live camera (`live` is True) sets the pace itself and gives the newest
picture, with the seconds since it was opened.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

from storesense_edge.vision.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    import numpy as np
    from numpy.typing import NDArray

    from storesense_edge.vision.detections import Detections
    from storesense_edge.vision.detector import Detector


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What a source knows about itself once it is open.

    Attributes:
        frame_wh: width and height of its pictures, pixels.
        frames_per_s: nominal rate, if it has one.
        frame_count: how many frames it announces, None for a live camera or where the file does not say.
    """

    frame_wh: tuple[int, int]
    frames_per_s: float | None
    frame_count: int | None


@dataclass(frozen=True, slots=True, eq=False)
class PictureFrame:
    """A picture, not yet looked at.

    Attributes:
        index: 0 for the first frame of the source; a gap means frames that were dropped.
        at_s: media time of a recording, seconds since opening of a live camera; never falls.
        image_bgr: (height, width, 3) uint8.
    """

    index: int
    at_s: float
    image_bgr: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class DetectedFrame:
    """A frame whose people are known already.

    Attributes:
        index: 0 for the first frame of the source.
        at_s: as in `PictureFrame`.
        detections: its people.
    """

    index: int
    at_s: float
    detections: Detections


@dataclass(frozen=True, slots=True)
class NoPicture:
    """A live camera gave nothing for a while and is still being tried.

    Attributes:
        at_s: seconds since the source was opened.
        reason: why, as far as it is known.
    """

    at_s: float
    reason: str | None


@dataclass(frozen=True, slots=True)
class SourceEnd:
    """Why a source gives no more frames.

    Attributes:
        complete: True if all that was announced has come.
        frames: how many frames came.
        reason: one sentence for the log and the health reading.
    """

    complete: bool
    frames: int
    reason: str


Frame = PictureFrame | DetectedFrame


class FrameSource(Protocol):
    """A camera or a recording of one. Opened by `with`; reading blocks, so it belongs in a thread."""

    @property
    def name(self) -> str:
        """What messages call it; without credentials."""
        ...

    @property
    def live(self) -> bool:
        """True if it sets the pace itself and cannot wait."""
        ...

    @property
    def info(self) -> SourceInfo:
        """What it knows about itself; only while open, and of a live camera once a picture has come."""
        ...

    def __enter__(self) -> Self:
        """Open it.

        Raises:
            SourceError: there is nothing to read.
        """
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        ...

    def read(self) -> Frame | NoPicture | SourceEnd:
        """Return the next frame, or why there is none; after the end, the end again; `NoPicture` if it is live."""
        ...


def frames_of(source: FrameSource) -> Iterator[Frame]:
    """Yield the frames of an open source until its end."""
    while not isinstance(item := source.read(), SourceEnd):
        if not isinstance(item, NoPicture):
            yield item


def people_in(frame: Frame, detector: Detector | None, *, source_name: str) -> Detections:
    """Return the people in a frame, asking the detector only where they are not known.

    Raises:
        SourceError: a picture came and there is no detector to look at it.
    """
    if isinstance(frame, DetectedFrame):
        return frame.detections
    if detector is None:
        raise SourceError(
            source=source_name,
            cause="it gives pictures and no detector is set",
            remedy="name a detector in the site file (motion, or an ONNX model)",
        )
    return detector.detect(frame.image_bgr, frame.at_s)
