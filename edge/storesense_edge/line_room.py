"""Lines that people cross almost unseen: whoever is not seen on both sides of a line is not counted over it."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from storesense_contracts.plane import segments_meet
from storesense_edge.site_mapping import sound_plans
from storesense_edge.vision.lines import CountingLine, InSide

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from storesense_contracts.layout import Floor
    from storesense_contracts.site import SiteFile
    from storesense_edge.vision.homography import FloorMap

_ROOM_M = 0.8
"""Somebody who walks is seen for about a second on a metre; a little less is let pass."""
_ROOM_OF_PICTURE = 0.08
"""The same as a share of a picture whose floor is not known."""
_PLACES = (np.arange(9) + 0.5) / 9
_MOST_SHUT = 0.5


def short_of_room(site: SiteFile) -> list[str]:
    """Say which lines have less than about a metre of visible floor before or behind them, why, and what to do.

    A line on the floor, or one of a camera whose view of the floor is known, is asked whether for half of its length
    the picture, the floor plan or a wall ends within `_ROOM_M`; any other one whether the picture does so.
    """
    told = []
    for camera, plan in sound_plans(site):
        floor_map = plan.floor_map
        for line in plan.floor.lines:
            told += _advice(camera.id, line, _floor_ends(line, site.store.floor, floor_map))
        for line in plan.image.lines:
            drawn = line if floor_map is None else _on_floor(line, floor_map)
            ends = (
                _picture_ends(line)
                if drawn is None or floor_map is None
                else _floor_ends(drawn, site.store.floor, floor_map)
            )
            told += _advice(camera.id, line, ends)
    return told


def _advice(camera_id: str, line: CountingLine, ends: dict[bool, str | None]) -> list[str]:
    return [
        f"line {line.line_id} of {camera_id} has less than about a metre of visible floor on its {side} side, where "
        f"{end}: whoever is not seen on both sides is not counted. Lay it where people are seen for a second or more "
        "before and behind it, as a step inside a door."
        for side, end in (("inner", ends[True]), ("outer", ends[False]))
        if end is not None
    ]


def _floor_ends(line: CountingLine, floor: Floor, floor_map: FloorMap | None) -> dict[bool, str | None]:
    """What ends close to a line on the floor, by whether that is its inner side."""
    on_line, step = _places(line)
    found: dict[bool, str | None] = {}
    for is_inner in (True, False):
        beyond = on_line + step * (_ROOM_M if is_inner else -_ROOM_M)
        seen = np.ones(len(beyond), dtype=np.bool_) if floor_map is None else floor_map.shows(beyond)
        planned = _within(beyond, floor.size_m)
        causes = [
            cause
            for k in range(len(beyond))
            if (cause := _cause(bool(seen[k]), bool(planned[k]), _meets_wall(on_line[k], beyond[k], floor)))
        ]
        found[is_inner] = _commonest(causes)
    return found


def _picture_ends(line: CountingLine) -> dict[bool, str | None]:
    on_line, step = _places(line)
    found: dict[bool, str | None] = {}
    for is_inner in (True, False):
        seen = _within(on_line + step * (_ROOM_OF_PICTURE if is_inner else -_ROOM_OF_PICTURE), (1.0, 1.0))
        found[is_inner] = _commonest(["the picture ends"] * int((~seen).sum()))
    return found


def _cause(is_seen: bool, is_planned: bool, is_walled: bool) -> str | None:
    if not is_seen:
        return "the picture ends"
    if is_walled:
        return "a wall of the floor plan stands"
    return None if is_planned else "the floor plan ends"


def _commonest(causes: list[str]) -> str | None:
    if len(causes) < _MOST_SHUT * len(_PLACES):
        return None
    return Counter(causes).most_common(1)[0][0]


def _places(line: CountingLine) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places along a line (N, 2), and the unit step across it, inward."""
    a, b = np.array(line.a_xy, dtype=np.float64), np.array(line.b_xy, dtype=np.float64)
    way = b - a
    # With y pointing down, the left hand of somebody walking along (x, y) points to (y, -x).
    step = np.array([way[1], -way[0]]) / np.hypot(*way) * (1.0 if line.in_side is InSide.LEFT else -1.0)
    return a + _PLACES[:, None] * way, step


def _on_floor(line: CountingLine, floor_map: FloorMap) -> CountingLine | None:
    """A line of the picture as it lies on the floor; None if an end is above the horizon."""
    ends = floor_map.to_floor(np.array([line.a_xy, line.b_xy], dtype=np.float64))
    if not np.isfinite(ends).all():
        return None
    (ax, ay), (bx, by) = ends.tolist()
    return CountingLine(line.line_id, (ax, ay), (bx, by), line.in_side)


def _within(xy: NDArray[np.float64], most: tuple[float, float]) -> NDArray[np.bool_]:
    return np.asarray(((xy >= 0) & (xy <= np.array(most))).all(axis=1))


def _meets_wall(here: NDArray[np.float64], beyond: NDArray[np.float64], floor: Floor) -> bool:
    a, b = (float(here[0]), float(here[1])), (float(beyond[0]), float(beyond[1]))
    return any(segments_meet(a, b, *ends) for wall in floor.walls for ends in itertools.pairwise(wall))
