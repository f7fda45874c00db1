"""Tells a frozen camera from a quiet shop by its pictures, since its frame rate goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STEP_PX = 8
_SAME_LEVELS = 0.05


class FrozenDetector:
    """Watches whether pictures still change; the noise of a working sensor is change enough.

    Args:
        frozen_after_s: so long without change is frozen.

    Attributes:
        changed_s: media time of the last picture that was a new one.
    """

    def __init__(self, frozen_after_s: float) -> None:
        self._frozen_after_s = frozen_after_s
        self._sample: NDArray[np.int16] | None = None
        self.changed_s = 0.0

    def step(self, image_bgr: NDArray[np.uint8], at_s: float) -> bool:
        """Take the next picture and tell whether the camera is frozen.

        Args:
            image_bgr: (height, width, 3) uint8.
            at_s: its media time.
        """
        sample = image_bgr[::_STEP_PX, ::_STEP_PX].astype(np.int16)
        last = self._sample
        if last is None or last.shape != sample.shape or float(np.abs(sample - last).mean()) > _SAME_LEVELS:
            self._sample = sample
            self.changed_s = at_s
        return at_s - self.changed_s >= self._frozen_after_s
