"""Where people can come into an area of the floor: over its border where no wall is, and from out of view."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from storesense_edge.vision.polygon import PolygonSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from storesense_edge.vision.homography import FloorMap
    from storesense_edge.vision.standing import HeadView

STEP_M = 0.25
"""Points along a border are this far apart ..."""
VIEW_STEP_M = 0.5
"""... and places that are looked at for being in view."""
MOST_PLACES = 40_000
"""Of a larger area fewer places are looked at."""
DEEPEST_PLACES = 40
"""Along each axis of an area, to find out how far inside somebody can be."""
CLOSED_M = 0.5
"""Nobody comes over a border that is this near to a wall: a body is as wide."""

BLUR_M = 0.17
"""A tenth of somebody's height is about how far up or down the lower end of a box is off, and where they seem to stand
is off along the floor by as much, times how far away they are for each metre that the camera hangs above it."""
UNKNOWN_CLEAR_M = 0.3
MOST_CLEAR_M = 0.6

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class WaysIn:
    """Points over which people come into an area and leave it, in its plane.

    Attributes:
        points_xy: where.
        clears: whoever is this far from each of them is not on it, as well as the camera can tell.
    """

    points_xy: tuple[Point, ...]
    clears: tuple[float, ...]


def ways_in(
    corners_m: Sequence[Point],
    walls_m: Iterable[Sequence[Point]],
    floor_map: FloorMap | None = None,
    heads: HeadView | None = None,
) -> WaysIn:
    """Find the ways into an area of the floor.

    Args:
        corners_m: the area's corners in order, floor metres.
        walls_m: walls, shelves and counters, each a line of points.
        floor_map: the camera's view of the floor; None where all of the area is in view.
        heads: where the camera hangs; None where that is not known.

    Raises:
        GeometryError: the area cannot hold anybody.
    """
    inside = PolygonSet([corners_m], names=["area"])
    ring = np.array(corners_m, dtype=np.float64)
    border = np.concatenate([_along(a, b) for a, b in zip(ring, np.roll(ring, -1, axis=0), strict=True)])
    is_closed = np.zeros(len(border), dtype=np.bool_)
    for wall in walls_m:
        for a, b in pairwise(wall):
            is_closed |= _distances(border, np.array(a, dtype=np.float64), np.array(b, dtype=np.float64)) <= CLOSED_M
    found = border[~is_closed]
    if floor_map is not None:
        found = np.concatenate([found, _edge_of_view(ring, inside, floor_map)])
    if heads is None:
        clears = np.full(len(found), UNKNOWN_CLEAR_M)
    else:
        away_m = np.hypot(*(found - heads.eye_xy_m).T)
        clears = np.minimum(BLUR_M * np.maximum(away_m / heads.eye_height_m, 1.0), MOST_CLEAR_M)
    return WaysIn(tuple((float(x), float(y)) for x, y in found), tuple(clears.tolist()))


def _along(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    count = max(1, int(np.ceil(np.hypot(*(b - a)) / STEP_M)))
    points: NDArray[np.float64] = a + (np.arange(count) / count)[:, None] * (b - a)
    return points


def _distances(points: NDArray[np.float64], a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) how far points are from a wall's straight part."""
    long = b - a
    share = np.clip((points - a) @ long / max(float(long @ long), 1e-12), 0.0, 1.0)
    off = points - a - share[:, None] * long
    return np.asarray(np.sqrt((off * off).sum(axis=1)), dtype=np.float64)


def _edge_of_view(ring: NDArray[np.float64], inside: PolygonSet, floor_map: FloorMap) -> NDArray[np.float64]:
    """(N, 2) places of an area that are out of view, next to places that are in view."""
    low, high = ring.min(axis=0), ring.max(axis=0)
    step_m = max(VIEW_STEP_M, float(np.sqrt(np.prod(high - low) / MOST_PLACES)))
    x, y = np.meshgrid(*(np.arange(low[axis], high[axis] + step_m, step_m) for axis in (0, 1)))
    places = np.stack([x.ravel(), y.ravel()], axis=1)
    places = places[inside.contains(places)[:, 0]]
    hidden = places[~floor_map.shows(places)]
    beside = np.zeros(len(hidden), dtype=np.bool_)
    for step in ((step_m, 0.0), (-step_m, 0.0), (0.0, step_m), (0.0, -step_m)):
        beside |= floor_map.shows(hidden + step)
    return hidden[beside]


def deepest(corners: Sequence[Point], ways_in: WaysIn | None) -> float:
    """Return how far from every way in somebody can be inside an area, in its plane; 0 where there is none."""
    if ways_in is None or not ways_in.points_xy:
        return 0.0
    ring = np.array(corners, dtype=np.float64)
    low, high = ring.min(axis=0), ring.max(axis=0)
    x, y = np.meshgrid(*(np.linspace(low[axis], high[axis], DEEPEST_PLACES) for axis in (0, 1)))
    places = np.stack([x.ravel(), y.ravel()], axis=1)
    places = places[PolygonSet([corners], names=["area"]).contains(places)[:, 0]]
    nearest = np.full(len(places), np.inf)
    for way in np.array(ways_in.points_xy):
        off = places - way
        nearest = np.minimum(nearest, (off * off).sum(axis=1))
    return float(np.sqrt(nearest.max(initial=0.0)))
