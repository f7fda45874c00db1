"""What is measured of a picture's grain, whatever its resolution: small grey levels, texture and sharpness."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from storesense_edge.vision.view_shift import VIEW_WH

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TILE_PX = 8
_CELLS = (8, 12)
_ROWS = 64
_COARSE_PX = 8


def small_grey(image_bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the green channel at 160 by 120: every so manieth pixel first, so that a large picture costs no more."""
    height, width = image_bgr.shape[:2]
    step_y, step_x = max(1, height // (2 * VIEW_WH[1])), max(1, width // (2 * VIEW_WH[0]))
    thin = np.ascontiguousarray(image_bgr[::step_y, ::step_x, 1])
    return np.asarray(cv2.resize(thin, VIEW_WH, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def texture_of(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the standard deviation of grey levels in each tile, (15, 20)."""
    wh = (VIEW_WH[0] // _TILE_PX, VIEW_WH[1] // _TILE_PX)
    levels = grey.astype(np.float32)
    mean = cv2.resize(levels, wh, interpolation=cv2.INTER_AREA)
    square = cv2.resize(levels * levels, wh, interpolation=cv2.INTER_AREA)
    return np.asarray(np.sqrt(np.maximum(square - mean * mean, 0)), dtype=np.float32)


def sharpness_of(image_bgr: NDArray[np.uint8], min_levels: float) -> NDArray[np.float32]:
    """Return the contrast over one pixel as a share of that over eight, in each cell, (8, 12); NaN where there is none.

    The ratio hardly depends on light and gain; blur lowers it, because it takes the fine contrast first.
    """
    height, width = image_bgr.shape[:2]
    rows = np.ascontiguousarray(image_bgr[:: max(1, height // _ROWS), :, 1][:_ROWS]).astype(np.int16)
    if width < 2 * _COARSE_PX * _CELLS[1] or len(rows) < _CELLS[0]:
        return np.full(_CELLS, np.nan, dtype=np.float32)
    used = len(rows) // _CELLS[0] * _CELLS[0]
    span = (width - _COARSE_PX) // _CELLS[1] * _CELLS[1]
    fine = np.abs(rows[:used, 1 : span + 1] - rows[:used, :span])
    coarse = np.abs(rows[:used, _COARSE_PX : span + _COARSE_PX] - rows[:used, :span])
    shape = (_CELLS[0], used // _CELLS[0], _CELLS[1], span // _CELLS[1])
    fine_mean = fine.reshape(shape).mean(axis=(1, 3), dtype=np.float32)
    coarse_mean = coarse.reshape(shape).mean(axis=(1, 3), dtype=np.float32)
    ratio = fine_mean / np.maximum(coarse_mean, 1e-3)
    return np.asarray(np.where(coarse_mean >= min_levels, ratio, np.nan), dtype=np.float32)
