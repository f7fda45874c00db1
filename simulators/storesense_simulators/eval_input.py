"""What an evaluation of counting is given: lines in a picture, and the truth about who walked where."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from storesense_contracts.errors import StoresenseError
from storesense_edge.vision.lines import CountingLine, InSide
from storesense_edge.vision.mot_file import MotRows, read_mot

if TYPE_CHECKING:
    from pathlib import Path

MAX_LINES_BYTES = 1_000_000
MOST_LINES = 500
MOST_SIDE_PX = 100_000
LINES_FORMAT = '{"frame_wh": [w, h], "lines": [{"id": "door", "a": [x, y], "b": [x, y]}]} in pixels'


class EvalInputError(StoresenseError):
    """A file given to an evaluation that cannot be used.

    Attributes:
        source: the file.
        cause: what is wrong.
        remedy: what to change.
    """

    exit_code = 2
    code = "eval_input"

    def __init__(self, *, source: str, cause: str, remedy: str) -> None:
        self.source = source
        self.cause = cause
        self.remedy = remedy
        super().__init__(f"{source}: {cause}; {remedy}.")


@dataclass(frozen=True, slots=True)
class LinesFile:
    """Lines in pixels of a picture.

    Attributes:
        frame_wh: width and height of the picture.
        lines: the lines.
    """

    frame_wh: tuple[int, int]
    lines: tuple[CountingLine, ...]


def parse_lines(text: str, *, source: str) -> LinesFile:
    """Parse a file of lines: `{"frame_wh": [w, h], "lines": [{"id", "a": [x, y], "b": [x, y], "in_side"?}]}`.

    Args:
        text: the JSON text.
        source: the file's name for messages.

    Raises:
        EvalInputError: it is not that.
    """
    try:
        data = json.loads(text)
    except json.JSONDecodeError as exc:
        raise _no_lines(f"{source}, line {exc.lineno}", f"it is no JSON ({exc.msg})") from exc
    except (RecursionError, ValueError) as exc:
        raise _no_lines(source, "it is no JSON that anybody would write") from exc
    if not isinstance(data, dict):
        raise _no_lines(source, 'it is no object with "frame_wh" and "lines"')
    size = _two_numbers(data.get("frame_wh"))
    if size is None or not all(value == int(value) and 1 <= value <= MOST_SIDE_PX for value in size):
        raise _no_lines(source, f'"frame_wh" is not two whole numbers from 1 to {MOST_SIDE_PX}')
    given = data.get("lines")
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_LINES:
        raise _no_lines(source, f'"lines" is no list of 1 to {MOST_LINES} lines')
    frame_wh = (int(size[0]), int(size[1]))
    lines = tuple(_line(line, source=source, number=number) for number, line in enumerate(given, start=1))
    if min(frame_wh) > 2 and all(0 <= value <= 1 for line in lines for value in (*line.a_xy, *line.b_xy)):
        raise _no_lines(source, "all of its points lie within one pixel of a corner, as shares of the picture would")
    return LinesFile(frame_wh, lines)


def read_lines(path: Path) -> LinesFile:
    """Read a file of lines.

    Raises:
        EvalInputError: it is missing, too large, no text, or not what `parse_lines` takes.
    """
    if not path.is_file():
        raise EvalInputError(source=path.name, cause="there is no such file", remedy="check the path")
    if path.stat().st_size > MAX_LINES_BYTES:
        raise _no_lines(path.name, "it is larger than 1 MB")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as exc:
        raise _no_lines(path.name, "it is no text") from exc
    return parse_lines(text, source=path.name)


def read_truth(path: Path) -> MotRows:
    """Read ground truth: the rows of it that count, each person at most once in a frame.

    Of several rows of one person in one frame the first is taken.

    Raises:
        SourceError: see `read_mot`.
        EvalInputError: its rows do not say who is who.
    """
    rows = read_mot(path)
    counts = np.flatnonzero(rows.confidences != 0)
    if len(counts) and rows.ids[counts].min() < 0:
        raise EvalInputError(
            source=path.name,
            cause="some of its rows do not say who they show (a negative id), as those of a detector do",
            remedy="give ground truth: frame,id,left,top,width,height,conf with an id for each person",
        )
    _, first = np.unique(np.stack([rows.frames[counts], rows.ids[counts]], axis=1), axis=0, return_index=True)
    kept = counts[np.sort(first)]
    return MotRows(rows.frames[kept], rows.ids[kept], rows.boxes_ltwh_px[kept], rows.confidences[kept])


def share_outside(rows: MotRows, frame_wh: tuple[int, int]) -> float:
    """Return the share of boxes that lie wholly outside a picture; much of it means another picture size."""
    boxes = rows.boxes_ltwh_px
    if not len(boxes):
        return 0.0
    outside = (boxes[:, :2] >= frame_wh).any(axis=1) | (boxes[:, :2] + boxes[:, 2:] <= 0).any(axis=1)
    return float(outside.mean())


def _line(line: object, *, source: str, number: int) -> CountingLine:
    if not isinstance(line, dict):
        raise _no_lines(source, f'line {number} is no object with "id", "a" and "b"')
    line_id = line.get("id")
    if isinstance(line_id, bool) or not isinstance(line_id, (str, int)) or line_id == "":
        raise _no_lines(source, f'line {number} has no "id"')
    a_xy, b_xy = (_two_numbers(line.get(end)) for end in ("a", "b"))
    if a_xy is None or b_xy is None:
        end = "a" if a_xy is None else "b"
        raise _no_lines(source, f'"{end}" of line {str(line_id)[:40]} is not two finite numbers')
    in_side = line.get("in_side", InSide.LEFT)
    if in_side not in tuple(InSide):
        raise _no_lines(source, f'"in_side" of line {str(line_id)[:40]} is neither "left" nor "right"')
    return CountingLine(str(line_id), a_xy, b_xy, InSide(in_side))


def _two_numbers(value: Any) -> tuple[float, float] | None:
    """Return a JSON list of two finite numbers as such, and None for anything else."""
    if not isinstance(value, list) or len(value) != 2:
        return None
    if any(isinstance(part, bool) or not isinstance(part, (int, float)) for part in value):
        return None
    try:
        x, y = float(value[0]), float(value[1])
    except OverflowError:
        return None
    return (x, y) if math.isfinite(x) and math.isfinite(y) else None


def _no_lines(source: str, cause: str) -> EvalInputError:
    return EvalInputError(source=source, cause=cause, remedy=f"give {LINES_FORMAT}")
