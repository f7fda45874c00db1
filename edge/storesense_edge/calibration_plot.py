"""Draws a floor's metres as a camera sees them, so that a person can tell at a glance whether they lie on the floor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from storesense_contracts.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from storesense_edge.vision.homography import FloorMap

_PLAIN = 245
_GRID = (160, 120, 40)
_POINT = (40, 40, 220)
_MAX_LINES = 60
_STEPS = 40


def draw_floor_grid(
    path: Path,
    floor_map: FloorMap,
    points_xy: Sequence[tuple[float, float]],
    *,
    frame_wh: tuple[int, int],
    picture: NDArray[np.uint8] | None,
) -> None:
    """Write a PNG: a line each metre of the floor between the calibration points, and the points.

    Args:
        path: the file.
        floor_map: the camera's view of the floor.
        points_xy: normalized picture points of the calibration.
        frame_wh: width and height of the picture, pixels.
        picture: what to draw over; a plain ground if None, so that a drawing may be shown to anybody.

    Raises:
        UsageError: the file cannot be written.
    """
    width, height = frame_wh
    canvas = np.full((height, width, 3), _PLAIN, np.uint8) if picture is None else picture.copy()
    corners = floor_map.to_floor(np.array(points_xy, dtype=np.float64))
    low, high = np.floor(np.nanmin(corners, axis=0)), np.ceil(np.nanmax(corners, axis=0))
    step = max(1.0, float(np.ceil((high - low).max() / _MAX_LINES)))
    for axis in (0, 1):
        for value in np.arange(low[axis], high[axis] + step / 2, step):
            line = np.zeros((_STEPS, 2))
            line[:, axis] = value
            line[:, 1 - axis] = np.linspace(low[1 - axis], high[1 - axis], _STEPS)
            seen = floor_map.to_image(line) * (width, height)
            seen = seen[np.isfinite(seen).all(axis=1) & (np.abs(seen) < 20_000).all(axis=1)]
            cv2.polylines(canvas, [seen.round().astype(np.int32)], isClosed=False, color=_GRID, lineType=cv2.LINE_AA)
    for u, v in points_xy:
        cv2.circle(canvas, (round(u * width), round(v * height)), 5, _POINT, -1, cv2.LINE_AA)
    _, encoded = cv2.imencode(".png", canvas)
    try:
        path.write_bytes(encoded.tobytes())
    except OSError as exc:
        raise UsageError(f"The drawing cannot be written to {path} ({exc}).") from exc
