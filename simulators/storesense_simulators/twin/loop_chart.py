"""A picture of two days that differ in nothing but the advice: the mean wait over the day of each."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import cv2
import numpy as np
import numpy.typing as npt

from storesense_simulators.twin.loop_figures import mean_waits

Picture = npt.NDArray[np.uint8]
_WIDTH, _HEIGHT = 1280, 640
_LEFT, _TOP, _RIGHT, _BOTTOM = 90, 90, 1240, 570
_PAPER, _INK, _FAINT = (255, 255, 255), (60, 50, 45), (230, 226, 222)
_COLOURS = ((70, 120, 215), (150, 110, 30))
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_BIN_MS = 600_000
_MS_PER_H = 3_600_000


def draw_waits(
    days: Sequence[tuple[str, Sequence[tuple[int, int]]]], *, began_at: datetime, lasts_ms: int, title: str
) -> Picture:
    """Draw the mean wait in each ten minutes of two days.

    Args:
        days: name of each, and its waits: when they ended and how long they were, milliseconds of the run.
        began_at: the beginning in the store's own time zone, for the hours below.
        lasts_ms: how long the days are.
        title: what stands above.

    Returns:
        A picture of height x width x 3 bytes, blue first.
    """
    picture = np.full((_HEIGHT, _WIDTH, 3), _PAPER, dtype=np.uint8)
    curves = [(name, mean_waits(waits, bin_ms=_BIN_MS)) for name, waits in days]
    highest_s = max([60.0, *(wait for _, curve in curves for wait in curve.values())])
    _write(picture, title, (_LEFT, 40), 0.8)
    step_s = 60 if highest_s < 600 else 300
    for wait_s in range(0, int(highest_s) + step_s, step_s):
        y = _y(wait_s, highest_s)
        if y >= _TOP - 5:
            cv2.line(picture, (_LEFT, y), (_RIGHT, y), _FAINT, 1)
            _write(picture, f"{wait_s // 60} min", (20, y + 5), 0.5)
    for hour in range(lasts_ms // _MS_PER_H + 1):
        x = _x(hour * _MS_PER_H, lasts_ms)
        cv2.line(picture, (x, _BOTTOM), (x, _BOTTOM + 6), _INK, 1)
        _write(picture, f"{began_at + timedelta(hours=hour):%H:%M}", (x - 22, _BOTTOM + 28), 0.5)
    for place, ((name, curve), colour) in enumerate(zip(curves, _COLOURS, strict=False)):
        points = [(_x(round((n + 0.5) * _BIN_MS), lasts_ms), _y(wait, highest_s)) for n, wait in curve.items()]
        if points:
            cv2.polylines(picture, [np.array(points, dtype=np.int32)], False, colour, 3, cv2.LINE_AA)
        cv2.line(picture, (_LEFT + 420 * place, 66), (_LEFT + 420 * place + 40, 66), colour, 3, cv2.LINE_AA)
        _write(picture, name, (_LEFT + 420 * place + 52, 71), 0.55)
    return picture


def _x(t_ms: int, lasts_ms: int) -> int:
    return _LEFT + round((_RIGHT - _LEFT) * min(1.0, t_ms / lasts_ms))


def _y(wait_s: float, highest_s: float) -> int:
    return _BOTTOM - round((_BOTTOM - _TOP) * wait_s / highest_s)


def _write(picture: Picture, text: str, at: tuple[int, int], size: float) -> None:
    cv2.putText(picture, text, at, _FONT, size, _INK, 1, cv2.LINE_AA)
