"""The newest picture of each camera, in memory alone, and only while somebody is looking."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import cv2

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

_WANTED_S = 5.0
_AGAIN_S = 0.5
_MAX_WIDTH_PX = 1_280
_QUALITY = 80


class PictureDesk:
    """Takes a picture from each camera's thread while it is wanted, and gives it as JPEG, twice a second at most.

    Args:
        monotonic_s: the monotonic clock.
    """

    def __init__(self, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = monotonic_s
        self._change = threading.Condition()
        self._wanted_until_s: dict[str, float] = {}
        self._pictures: dict[str, tuple[float, NDArray[np.uint8]]] = {}
        self._encoded: dict[str, tuple[float, bytes]] = {}

    def offer(self, camera: str, image_bgr: NDArray[np.uint8]) -> None:
        """Take a picture if somebody waits for one; forget the last one if nobody does any more."""
        # Read without the lock: a camera's thread must not wait for a page.
        if self._wanted_until_s.get(camera, 0.0) <= self._now_s():
            if camera in self._pictures or camera in self._encoded:
                self.forget(camera)
            return
        with self._change:
            self._pictures[camera] = (self._now_s(), image_bgr)
            self._change.notify_all()

    def forget(self, camera: str) -> None:
        """Forget a camera's picture."""
        with self._change:
            self._pictures.pop(camera, None)
            self._encoded.pop(camera, None)

    def jpeg(self, camera: str, *, wait_s: float = 3.0) -> bytes | None:
        """Return a picture of a camera, None if none comes while waiting."""
        with self._change:
            asked_s = self._now_s()
            self._wanted_until_s[camera] = asked_s + _WANTED_S
            encoded = self._encoded.get(camera)
            if encoded is not None and asked_s - encoded[0] < _AGAIN_S:
                return encoded[1]

            def is_fresh() -> bool:
                return camera in self._pictures and self._pictures[camera][0] > asked_s - _AGAIN_S

            if not self._change.wait_for(is_fresh, wait_s):
                return None
            image = self._pictures.pop(camera)[1]
        height, width = image.shape[:2]
        if width > _MAX_WIDTH_PX:
            image = cv2.resize(image, (_MAX_WIDTH_PX, round(height * _MAX_WIDTH_PX / width)))  # type: ignore[assignment]
        _, buffer = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        data = buffer.tobytes()
        with self._change:
            self._encoded[camera] = (self._now_s(), data)
        return data
