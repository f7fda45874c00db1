"""Tells by what is built in whether a camera still looks where it looked when it was calibrated.

People walk through and lights change, so neither single pictures nor brightness are compared: the background is the
median of pictures some seconds apart, and of it only the directions of its edges count (orientation correlation, Fitch,
Kadyrov, Christmas and Kittler 2002). The correlation's peak says how far the picture has shifted, its height how sure
that is; the picture's four quarters are looked at as well, so that turning and zooming show.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from scipy import fft

if TYPE_CHECKING:
    from numpy.typing import NDArray

VIEW_WH = (160, 120)
"""Width and height to which views are scaled, whatever the camera's resolution."""
_BACKGROUND_SAMPLES = 7
_EDGE_LEVELS = 4.0
_MIN_EDGE_ENERGY = 0.03
_SURE = 0.4
_QUARTER_SURE = 0.3
_UNMOVED = 0.33
_CLEARLY = 1.25


@dataclass(frozen=True, slots=True)
class ViewShift:
    """How far a view is from its reference.

    Attributes:
        shift_xy: by how much the picture moved, fractions of its width and height; 0 where it is not clear.
        score: height of the correlation's peak, 0 to 1.
        score_unmoved: its height where nothing had moved.
        turned: largest shift of a quarter of the picture, a fraction of the picture's width; shows turning and zooming.
    """

    shift_xy: tuple[float, float]
    score: float
    score_unmoved: float
    turned: float

    @property
    def distance(self) -> float:
        """Length of the shift, as a fraction of the picture's width."""
        return max(float(np.hypot(self.shift_xy[0], self.shift_xy[1] * VIEW_WH[1] / VIEW_WH[0])), self.turned)

    @property
    def is_lost(self) -> bool:
        """True if the view is recognized neither where it was nor anywhere else."""
        return self.score < _SURE and self.score_unmoved < _UNMOVED and self.turned == 0


class Background:
    """The median of pictures that are some seconds apart: what stays when people walk through."""

    def __init__(self) -> None:
        self._samples: deque[NDArray[np.uint8]] = deque(maxlen=_BACKGROUND_SAMPLES)

    def add(self, grey: NDArray[np.uint8]) -> None:
        """Take a picture, (120, 160) uint8."""
        self._samples.append(grey)

    @property
    def is_complete(self) -> bool:
        """True once there are enough pictures for people to fall out."""
        return len(self._samples) == _BACKGROUND_SAMPLES

    def clear(self) -> None:
        """Begin again, as after a fault that has blinded the camera."""
        self._samples.clear()

    def median(self) -> NDArray[np.uint8]:
        """Return the background, (120, 160) uint8."""
        middle = len(self._samples) // 2
        found: NDArray[np.uint8] = np.partition(np.stack(list(self._samples)), middle, axis=0)[middle]
        return found


def edge_field(grey: NDArray[np.uint8]) -> NDArray[np.complex64]:
    """Return the directions of a picture's edges.

    Args:
        grey: (H, W) uint8.

    Returns:
        (H, W) complex64 of length 0 to 1: 0 where there is no edge, so that brightness and contrast hardly matter.
    """
    smooth = cv2.GaussianBlur(grey, (0, 0), 1.0)
    gx = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=0.25)
    gy = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=0.25)
    strength = cv2.magnitude(gx, gy)
    weight = strength / ((strength + _EDGE_LEVELS) * np.maximum(strength, 1e-3))
    field = np.empty(grey.shape, dtype=np.complex64)
    field.real, field.imag = gx * weight, gy * weight
    return field


class ViewReference:
    """A view as it was calibrated.

    Args:
        field: ``edge_field`` of its background.
    """

    def __init__(self, field: NDArray[np.complex64]) -> None:
        self.field = field
        self._whole = _Patch(field)
        rows, columns = field.shape[0] // 2, field.shape[1] // 2
        self._corners = [(r, c) for r in (0, rows) for c in (0, columns)]
        self._quarters = [_Patch(field[r : r + rows, c : c + columns]) for r, c in self._corners]

    @property
    def is_usable(self) -> bool:
        """False if the view has so few edges that nothing can be recognized in it."""
        return self._whole.energy >= _MIN_EDGE_ENERGY

    def compare(self, field: NDArray[np.complex64]) -> ViewShift:
        """Tell how far a view is from this one.

        Args:
            field: ``edge_field`` of its background.
        """
        height, width = field.shape
        (dx, dy), score, unmoved = self._whole.find(field)
        turned = 0.0
        rows, columns = height // 2, width // 2
        shifts = []
        for (r, c), patch in zip(self._corners, self._quarters, strict=True):
            (qx, qy), quarter, still = patch.find(field[r : r + rows, c : c + columns])
            if patch.energy >= _MIN_EDGE_ENERGY and quarter >= _QUARTER_SURE:
                moved = quarter >= _CLEARLY * still
                shifts.append(float(np.hypot(qx, qy)) / width if moved else 0.0)
        if len(shifts) >= 3 and sorted(shifts)[-3] > 0:
            # Three quarters of the picture have to say so; one is a shelf that was moved.
            turned = sorted(shifts)[-3]
        if score < max(_SURE, _CLEARLY * unmoved):
            dx = dy = 0.0
        return ViewShift((dx / width, dy / height), score, unmoved, turned)


class _Patch:
    """A part of the reference, ready for correlation."""

    def __init__(self, field: NDArray[np.complex64]) -> None:
        rows, columns = field.shape
        self._window = np.outer(np.hanning(rows), np.hanning(columns)).astype(np.float32)
        windowed = field * self._window
        self._spectrum = np.conj(fft.fft2(windowed))
        self._norm = float(np.linalg.norm(windowed))
        self.energy = float(np.mean(np.abs(field) ** 2))

    def find(self, field: NDArray[np.complex64]) -> tuple[tuple[float, float], float, float]:
        """Return by how many pixels it moved (x, y), the height of that peak, and the height unmoved."""
        windowed = field * self._window
        norm = self._norm * float(np.linalg.norm(windowed))
        if norm <= 1e-6:
            return (0.0, 0.0), 0.0, 0.0
        surface = np.asarray(fft.ifft2(fft.fft2(windowed) * self._spectrum).real) / norm
        row, column = np.unravel_index(int(np.argmax(surface)), surface.shape)
        # Nothing moves by less than a pixel here and matters, so the unmoved height is the best one nearby.
        near = [surface[r, c] for r in (-1, 0, 1) for c in (-1, 0, 1)]
        dy = _between(surface[:, column], int(row))
        dx = _between(surface[row, :], int(column))
        return (dx, dy), max(0.0, float(surface[row, column])), max(0.0, float(max(near)))


def _between(line: NDArray[np.float64], place: int) -> float:
    """The peak's place to a fraction of a pixel, by a parabola, and signed: the far half stands for negative shifts."""
    size = len(line)
    left, mid, right = (float(line[(place + step) % size]) for step in (-1, 0, 1))
    bend = left - 2 * mid + right
    fraction = 0.0 if bend >= 0 else 0.5 * (left - right) / bend
    whole = place if place <= size // 2 else place - size
    return whole + max(-0.5, min(0.5, fraction))
