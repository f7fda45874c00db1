"""The port that turns a picture into person boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from storesense_edge.vision.detections import Detections


class Detector(Protocol):
    """Finds people in pictures, one picture after the other.

    A detector may keep state between pictures (motion does), so every camera has its own. It gives weak boxes too,
    down to a score of 0.1: the tracker uses them to carry on, and never to begin.
    """

    def detect(self, image_bgr: NDArray[np.uint8], at_s: float) -> Detections:
        """Return the people in a picture.

        Args:
            image_bgr: (height, width, 3) uint8, blue first, as OpenCV reads it.
            at_s: time of the picture.

        Returns:
            Boxes in pixels of that picture.
        """
        ...


class Network(Protocol):
    """A loaded neural network with one picture in and one tensor out.

    Attributes:
        input_wh: width and height that its input has, pixels.
    """

    @property
    def input_wh(self) -> tuple[int, int]:
        """Width and height of the input, pixels."""
        ...

    def run(self, blob: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the output for one input.

        Args:
            blob: (1, 3, height, width) float32.

        Returns:
            The first output, whatever its shape.
        """
        ...
