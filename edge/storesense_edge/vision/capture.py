"""Cameras through OpenCV: network streams by FFmpeg, USB cameras by Video4Linux."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any, Protocol, cast

import cv2
import numpy as np

from storesense_edge.vision.errors import SourceError

if TYPE_CHECKING:
    from numpy.typing import NDArray

OPEN_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 5.0
_FFMPEG_QUIET = "-8"
_TO_COLOUR = {1: cv2.COLOR_GRAY2BGR, 3: None, 4: cv2.COLOR_BGRA2BGR}


class Capture(Protocol):
    """A connection to a camera; every call may block for its time-out."""

    def grab(self) -> bool:
        """Take the next picture off the stream without converting it; False if the connection is over."""
        ...

    def retrieve(self) -> NDArray[np.uint8] | None:
        """Convert the picture last grabbed, (height, width, 3) uint8."""
        ...

    def stamp_s(self) -> float | None:
        """Return the camera's time stamp of the picture last grabbed, None if it sends none."""
        ...

    def release(self) -> None:
        """End the connection."""
        ...


class OpenCvCapture:
    """A connection that OpenCV has opened.

    Args:
        capture: the opened capture.
        is_stamped: whether its positions are time stamps of the camera.
    """

    def __init__(self, capture: cv2.VideoCapture, *, is_stamped: bool) -> None:
        self._capture = capture
        self._is_stamped = is_stamped

    def grab(self) -> bool:
        """Take the next picture off the stream without converting it."""
        try:
            return self._capture.grab()
        except cv2.error:
            return False

    def retrieve(self) -> NDArray[np.uint8] | None:
        """Convert the picture last grabbed."""
        try:
            good, image = self._capture.retrieve()
        except cv2.error:
            return None
        return as_colour(np.asarray(image)) if good and image is not None else None

    def stamp_s(self) -> float | None:
        """Return the camera's time stamp of the picture last grabbed."""
        if not self._is_stamped:
            return None
        stamp_ms = self._capture.get(cv2.CAP_PROP_POS_MSEC)
        return stamp_ms / 1000 if math.isfinite(stamp_ms) and stamp_ms > 0 else None

    def release(self) -> None:
        """End the connection."""
        self._capture.release()


def as_colour(image: NDArray[Any]) -> NDArray[np.uint8] | None:
    """Turn whatever a camera gives (grey, with transparency, of sixteen bits) into a colour picture of eight bits.

    Args:
        image: (height, width) or (height, width, 1, 3 or 4).

    Returns:
        (height, width, 3) uint8, blue first; None if it is no picture of those kinds.
    """
    levels = image >> 8 if image.dtype == np.uint16 else image
    channels = 1 if levels.ndim == 2 else levels.shape[-1]
    if not levels.size or levels.dtype not in {np.dtype(np.uint8), np.dtype(np.uint16)}:
        return None
    if levels.ndim > 3 or channels not in _TO_COLOUR:
        return None
    picture = levels.astype(np.uint8, copy=False)
    turn = _TO_COLOUR[channels]
    return picture if turn is None else cast("NDArray[np.uint8]", cv2.cvtColor(picture, turn))


def open_stream(
    url: str, *, name: str, open_timeout_s: float = OPEN_TIMEOUT_S, read_timeout_s: float = READ_TIMEOUT_S
) -> OpenCvCapture:
    """Connect to a network camera, by RTSP over TCP.

    Args:
        url: its address, with user name and password where it wants them; neither appears in an error.
        name: what messages call it.
        open_timeout_s: seconds to wait for the connection.
        read_timeout_s: seconds to wait for a picture.

    Raises:
        SourceError: there is no stream.
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", _FFMPEG_QUIET)
    # Each try at a camera that is away would be remarked upon in words that name neither it nor a remedy.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    options = [
        *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, int(open_timeout_s * 1000)),
        *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, int(read_timeout_s * 1000)),
        *(cv2.CAP_PROP_N_THREADS, 1),
    ]
    try:
        capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, options)
        opened = capture.isOpened()
    except cv2.error as exc:
        raise _no_stream(name) from exc
    if not opened:
        raise _no_stream(name)
    return OpenCvCapture(capture, is_stamped=True)


def open_usb(device: int | str, *, name: str, frame_size_px: tuple[int, int] | None = None) -> OpenCvCapture:
    """Open a USB camera.

    Args:
        device: its number, or its path (/dev/v4l/by-id/… stays the same when it is plugged in elsewhere).
        name: what messages call it.
        frame_size_px: width and height to ask for; the camera may give another.

    Raises:
        SourceError: there is no camera, or another program has it.
    """
    remedy = "plug it in, see that no other program uses it, and that this user is in the group video"
    try:
        capture = cv2.VideoCapture(device, cv2.CAP_V4L2)
        opened = capture.isOpened()
    except cv2.error as exc:
        raise SourceError(source=name, cause=f"the USB camera {device} cannot be opened", remedy=remedy) from exc
    if not opened:
        raise SourceError(source=name, cause=f"the USB camera {device} cannot be opened", remedy=remedy)
    if frame_size_px is not None:
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, frame_size_px[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, frame_size_px[1])
    # The driver keeps one picture, not four, so that the newest one is new.
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    return OpenCvCapture(capture, is_stamped=False)


def _no_stream(name: str) -> SourceError:
    return SourceError(
        source=name,
        cause="the camera gives no stream",
        remedy="check its address, its power and cable, and the user name and password in the camera credentials file",
    )
