"""A picture of the shelf's chain on a trace: raw, filtered, the steps it found, and one step near by."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from storesense_edge.shelf.errors import ShelfError

Picture = npt.NDArray[np.uint8]
_WIDTH, _HEIGHT = 1680, 1080
_LEFT, _RIGHT = 110, 40
_PAPER = (255, 255, 255)
_INK = (60, 50, 45)
_FAINT = (232, 228, 224)
_RAW = (200, 178, 150)
_FILTERED = (180, 90, 20)
_STEP = (60, 60, 215)
_TRUTH = (70, 150, 60)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True, slots=True)
class Curves:
    """What is drawn; all times are seconds from the first sample.

    Attributes:
        raw: n rows of time and grams, straight from the calibration.
        filtered: m rows of time and grams, the level at rest.
        steps: time and grams of each step found.
        truth_s: moments of true steps, if known.
        title: what stands above.
    """

    raw: npt.NDArray[np.float64]
    filtered: npt.NDArray[np.float64]
    steps: Sequence[tuple[float, float]]
    truth_s: Sequence[float]
    title: str


def draw_chain(curves: Curves) -> Picture:
    """Draw the whole trace above, and its first and last step near by below."""
    picture = np.full((_HEIGHT, _WIDTH, 3), _PAPER, dtype=np.uint8)
    _text(picture, curves.title, (_LEFT, 42), 0.8, _INK, 2)
    _legend(picture, bool(curves.truth_s))
    low_g, high_g = float(curves.raw[:, 1].min()), float(curves.raw[:, 1].max())
    end_s = float(curves.raw[-1, 0])
    _panel(picture, curves, (_LEFT, 110, _WIDTH - _RIGHT, 560), (0.0, end_s), (low_g, high_g))
    half = (_WIDTH - _LEFT - _RIGHT - 110) // 2
    shown = [curves.steps[0][0], curves.steps[-1][0]] if curves.steps else [0.0, end_s]
    for place, at_s in enumerate(shown):
        left = _LEFT + place * (half + 110)
        near = curves.raw[np.abs(curves.raw[:, 0] - at_s) < 25]
        near = near if len(near) else curves.raw
        span_g = (float(near[:, 1].min()), float(near[:, 1].max()))
        _panel(picture, curves, (left, 650, left + half, 1010), (at_s - 10.0, at_s + 25.0), span_g)
        _text(picture, ("first step" if place == 0 else "last step") + " near by", (left, 636), 0.55, _INK, 1)
    _text(picture, "seconds from the first sample", (_LEFT, _HEIGHT - 16), 0.5, _INK, 1)
    return picture


def write_picture(path: Path, picture: Picture) -> None:
    """Write a PNG file.

    Raises:
        ShelfError: it cannot be written there.
    """
    coded, data = cv2.imencode(".png", picture)
    if not coded:
        raise ShelfError("The picture could not be coded as PNG.")
    try:
        path.write_bytes(data.tobytes())
    except OSError as exc:
        raise ShelfError(f"{path} cannot be written: {exc.strerror or exc}. Name a file in a folder of yours.") from exc


def _panel(
    picture: Picture,
    curves: Curves,
    box: tuple[int, int, int, int],
    span_s: tuple[float, float],
    span_g: tuple[float, float],
) -> None:
    left, top, right, bottom = box
    margin_g = max(1.0, 0.06 * (span_g[1] - span_g[0]))
    low_g, high_g = span_g[0] - margin_g, span_g[1] + margin_g

    def place(at_s: npt.ArrayLike, weight_g: npt.ArrayLike) -> npt.NDArray[np.int32]:
        x = left + (np.asarray(at_s) - span_s[0]) / (span_s[1] - span_s[0]) * (right - left)
        y = bottom - (np.asarray(weight_g) - low_g) / (high_g - low_g) * (bottom - top)
        return np.column_stack([np.clip(x, left, right), np.clip(y, top, bottom)]).astype(np.int32)

    for value_g in _ticks(low_g, high_g):
        y = int(place([span_s[0]], [value_g])[0, 1])
        cv2.line(picture, (left, y), (right, y), _FAINT, 1)
        _text(picture, f"{value_g:.0f} g", (left - 96, y + 5), 0.45, _INK, 1)
    for value_s in _ticks(*span_s):
        x = int(place([value_s], [low_g])[0, 0])
        cv2.line(picture, (x, top), (x, bottom), _FAINT, 1)
        _text(picture, f"{value_s:.0f}", (x - 14, bottom + 20), 0.45, _INK, 1)
    for at_s in curves.truth_s:
        if span_s[0] <= at_s <= span_s[1]:
            x = int(place([at_s], [low_g])[0, 0])
            for y in range(top, bottom, 14):
                cv2.line(picture, (x, y), (x, min(y + 7, bottom)), _TRUTH, 1, cv2.LINE_AA)
    for rows, colour, width in ((curves.raw, _RAW, 1), (curves.filtered, _FILTERED, 2)):
        shown = rows[(rows[:, 0] >= span_s[0]) & (rows[:, 0] <= span_s[1])]
        # A line across a silence or a movement would claim what nobody measured.
        for part in np.split(shown, np.flatnonzero(np.diff(shown[:, 0]) > 1.5) + 1):
            if len(part) > 1:
                cv2.polylines(picture, [place(part[:, 0], part[:, 1])], False, colour, width, cv2.LINE_AA)
    for number, (at_s, delta_g) in enumerate(curves.steps):
        if span_s[0] <= at_s <= span_s[1]:
            x = int(place([at_s], [low_g])[0, 0])
            cv2.line(picture, (x, top), (x, bottom), _STEP, 1, cv2.LINE_AA)
            tip = top + 10 if delta_g > 0 else bottom - 10
            base = tip + (14 if delta_g > 0 else -14)
            cv2.fillPoly(picture, [np.array([[x, tip], [x - 7, base], [x + 7, base]], dtype=np.int32)], _STEP)
            # In two rows by turns, so that near steps do not write over each other.
            row = (28 if delta_g > 0 else 62) * (number // 2 % 2)
            where = (x + 10 if x < right - 90 else x - 82, top + 22 + row if delta_g > 0 else bottom - 12 - row)
            _text(picture, f"{delta_g:+.0f} g", where, 0.42, _STEP, 1)
    cv2.rectangle(picture, (left, top), (right, bottom), _INK, 1)


def _legend(picture: Picture, has_truth: bool) -> None:
    entries = [("raw", _RAW), ("filtered, at rest", _FILTERED), ("step found", _STEP)]
    if has_truth:
        entries.append(("truth", _TRUTH))
    x = _LEFT
    for name, colour in entries:
        cv2.line(picture, (x, 76), (x + 34, 76), colour, 3)
        _text(picture, name, (x + 44, 82), 0.55, _INK, 1)
        x += 84 + 9 * len(name)


def _ticks(low: float, high: float) -> list[float]:
    rough = (high - low) / 6
    power = 10 ** np.floor(np.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    return [float(value) for value in np.arange(np.ceil(low / step) * step, high, step)]


def _text(
    picture: Picture, text: str, at: tuple[int, int], size: float, colour: tuple[int, int, int], width: int
) -> None:
    cv2.putText(picture, text, at, _FONT, size, colour, width, cv2.LINE_AA)
