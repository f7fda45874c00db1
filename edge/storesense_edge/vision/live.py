"""A live camera as a source: a thread reads as fast as pictures come, and only the newest one waits to be measured.

A connection that breaks or stays silent is opened again, after a jittered wait. Nothing is kept for a detector that is
too slow: what it did not get to is counted, and shows as a gap in the index of the frames.
"""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from storesense_contracts.backoff import Backoff
from storesense_contracts.clock import SystemClock
from storesense_edge.vision.errors import SourceError, VisionError
from storesense_edge.vision.frame_clock import FrameClock
from storesense_edge.vision.source import NoPicture, PictureFrame, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    import numpy as np
    from numpy.typing import NDArray

    from storesense_contracts.clock import Clock
    from storesense_edge.vision.capture import Capture

RECONNECT = Backoff(base_s=0.5, limit_s=15.0)
_READ_WAIT_S = 1.0
_MAX_SIDE_PX = 8192
_CLOSE_WAIT_S = 20.0
_NEVER_CONNECTED = "it has not answered yet"


@dataclass(frozen=True, slots=True)
class LiveStats:
    """What a live camera's reader has seen.

    Attributes:
        pictures: how many were wanted and read.
        dropped: how many of them a newer one replaced before they were measured.
        connections: how often a connection was opened.
    """

    pictures: int = 0
    dropped: int = 0
    connections: int = 0


class NewestFrame:
    """Room for one frame: a newer one takes the place of one that nobody has taken."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._frame: PictureFrame | None = None
        self._dropped = 0

    @property
    def dropped(self) -> int:
        """How many frames were replaced before anybody took them."""
        return self._dropped

    def put(self, frame: PictureFrame) -> None:
        """Leave a frame; never waits."""
        with self._condition:
            self._dropped += self._frame is not None
            self._frame = frame
            self._condition.notify()

    def take(self, timeout_s: float) -> PictureFrame | None:
        """Take the frame, waiting for one; None if none came in time."""
        with self._condition:
            if self._frame is None:
                self._condition.wait(timeout_s)
            frame, self._frame = self._frame, None
            return frame


class LiveReader:
    """Keeps a camera connected and leaves its newest picture in a slot; ``run`` blocks until it is stopped.

    Args:
        open_capture: connects, raising VisionError where that fails.
        slot: where the pictures go.
        clock: tells the time.
        max_frames_per_s: pictures beyond this rate are not even converted.
        chance: random numbers in 0..1, for the waits.
    """

    def __init__(
        self,
        open_capture: Callable[[], Capture],
        slot: NewestFrame,
        *,
        clock: Clock,
        max_frames_per_s: float,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._open_capture = open_capture
        self._slot = slot
        self._clock = clock
        self._least_gap_s = 1 / max_frames_per_s
        self._chance = chance
        self._begin_s = clock.monotonic_s()
        self._index = 0
        self._next_due_s = 0.0
        self._connections = 0
        self.problem: str | None = _NEVER_CONNECTED

    @property
    def stats(self) -> LiveStats:
        """What has been seen so far."""
        return LiveStats(self._index, self._slot.dropped, self._connections)

    def run(self, wait: Callable[[float], bool]) -> None:
        """Read until ``wait`` says that it is over.

        Args:
            wait: waits so many seconds; True at once when the reader shall end.
        """
        failures = 0
        while not wait(0.0):
            before = self._index
            try:
                capture = self._open_capture()
            except VisionError as exc:
                self.problem = str(exc)
            else:
                self._connections += 1
                try:
                    self._read(capture, wait)
                finally:
                    capture.release()
            # A connection that gave a picture was a good one; the next wait is short again.
            failures = 1 if self._index > before else failures + 1
            if wait(RECONNECT.wait_s(failures, self._chance())):
                return

    def _read(self, capture: Capture, wait: Callable[[float], bool]) -> None:
        frame_clock = FrameClock()
        while not wait(0.0):
            if not capture.grab():
                self.problem = "the connection was lost, or no picture came within its time-out"
                return
            now_s = self._clock.monotonic_s()
            at_s = max(0.0, frame_clock.taken_s(capture.stamp_s(), now_s) - self._begin_s)
            # A tenth of a gap early still counts, else jitter would halve the rate.
            if at_s < self._next_due_s - 0.1 * self._least_gap_s:
                continue
            image = capture.retrieve()
            if image is None:
                self.problem = "a picture could not be decoded"
                continue
            if max(image.shape[:2]) > _MAX_SIDE_PX:
                self.problem = f"its pictures are wider or higher than {_MAX_SIDE_PX} pixels; choose a smaller stream"
                return
            self._next_due_s = max(self._next_due_s + self._least_gap_s, at_s)
            self.problem = None
            self._slot.put(PictureFrame(self._index, at_s, image))
            self._index += 1


class LiveSource:
    """A live camera.

    Opening it never fails: a camera that is away is waited for, and each second without a picture is told.

    Args:
        name: what messages call it.
        open_capture: connects, raising VisionError where that fails; called on a thread.
        max_frames_per_s: how many pictures a second to measure at most.
        clock: tells the time.
    """

    live = True

    def __init__(
        self,
        name: str,
        open_capture: Callable[[], Capture],
        *,
        max_frames_per_s: float = 10.0,
        clock: Clock | None = None,
    ) -> None:
        self._name = name
        self._open_capture = open_capture
        self._max_frames_per_s = max_frames_per_s
        self._clock = clock or SystemClock()
        self._slot = NewestFrame()
        self._reader: LiveReader | None = None
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._frame_wh: tuple[int, int] | None = None
        self._begin_s = 0.0
        self._failure: Exception | None = None

    @property
    def name(self) -> str:
        """What messages call it."""
        return self._name

    @property
    def info(self) -> SourceInfo:
        """The size of its pictures, once one has come."""
        if self._frame_wh is None:
            raise SourceError(source=self._name, cause="no picture has come yet", remedy="wait for the first one")
        return SourceInfo(self._frame_wh, None, None)

    @property
    def stats(self) -> LiveStats:
        """What has been read, dropped and connected so far."""
        return LiveStats() if self._reader is None else self._reader.stats

    def __enter__(self) -> Self:
        """Begin to read, on a thread."""
        self._stop = threading.Event()
        self._slot = NewestFrame()
        self._begin_s = self._clock.monotonic_s()
        self._reader = LiveReader(
            self._open_capture, self._slot, clock=self._clock, max_frames_per_s=self._max_frames_per_s
        )
        self._failure = None
        self._thread = threading.Thread(
            target=self._run, args=(self._reader,), name=f"camera {self._name}", daemon=True
        )
        self._thread.start()
        return self

    def _run(self, reader: LiveReader) -> None:
        try:
            reader.run(self._stop.wait)
        except Exception as exc:  # noqa: BLE001 -- handed on to whoever reads, who is supervised
            self._failure = exc

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop reading; a call that hangs in the driver is left to its time-out."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_CLOSE_WAIT_S)
        self._thread = None

    def read(self) -> PictureFrame | NoPicture:
        """Return the newest picture, or after a second without one why there is none.

        Raises:
            SourceError: it is not open, or its reader has failed, so that no picture will come any more.
        """
        if self._reader is None or self._thread is None:
            raise SourceError(source=self._name, cause="it is not open", remedy="open it with a with statement")
        frame = self._slot.take(_READ_WAIT_S)
        if frame is None and self._failure is not None:
            kind = type(self._failure).__name__
            raise SourceError(
                source=self._name, cause=f"its reader failed ({kind})", remedy="see the log; it is opened anew"
            ) from self._failure
        if frame is None:
            return NoPicture(self._clock.monotonic_s() - self._begin_s, self._reader.problem)
        image: NDArray[np.uint8] = frame.image_bgr
        self._frame_wh = (image.shape[1], image.shape[0])
        return frame
