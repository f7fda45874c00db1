"""What stands in a camera's way: walls hide whole people, shelves hide their lower part.

For a camera that does not move this is a property of the floor, so it is worked out once for each small cell of it.
A ray from the lens to somebody's body falls on its way, so it meets a shelf where it leaves the shelf's outline, if
anywhere: the part of the body below the ray that just clears that edge is hidden.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from storesense_simulators.twin.shop import Point, Polygon, Shop, Wall

CELL_M = 0.1
SHELF_HEIGHT_M = 1.5
"""Shelves within a shop are about this high, so that people see over them; those at a wall hide nobody."""
COUNTER_HEIGHT_M = 0.95
RAIL_HEIGHT_M = 1.0
RAIL_THINNER_M = 0.08
"""A wall thinner than this is a rail, as between two lanes: people are seen over it."""
ALL_HIDDEN_M = 99.0


@dataclass(frozen=True, slots=True, eq=False)
class Blinds:
    """Up to which height a body is hidden from a camera, by where it stands.

    Attributes:
        hidden_below_m: (rows, columns) float32, cells of `CELL_M` from the floor's corner.
    """

    hidden_below_m: NDArray[np.float32]

    def at(self, xy_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return up to which height above the floor bodies at (N, 2) places are hidden, (N,) metres."""
        rows, columns = self.hidden_below_m.shape
        cells = (xy_m * (1.0 / CELL_M)).astype(np.intp)
        x = np.minimum(np.maximum(cells[:, 0], 0), columns - 1)
        y = np.minimum(np.maximum(cells[:, 1], 0), rows - 1)
        hidden_m: NDArray[np.float64] = self.hidden_below_m[y, x].astype(np.float64)
        return hidden_m


def blinds_of(shop: Shop, lens_xyz_m: NDArray[np.float64]) -> Blinds:
    """Work out what a store's walls, shelves and counters hide from a lens."""
    columns = max(1, math.ceil(shop.size_m[0] / CELL_M))
    rows = max(1, math.ceil(shop.size_m[1] / CELL_M))
    x, y = np.meshgrid((np.arange(columns) + 0.5) * CELL_M, (np.arange(rows) + 0.5) * CELL_M)
    spots = np.stack([x.ravel(), y.ravel()], axis=1)
    hidden = np.zeros(len(spots))
    shelves = {shelf.polygon for shelf in shop.shelves}
    solids = [(shelf.polygon, SHELF_HEIGHT_M) for shelf in shop.shelves]
    solids += [(polygon, COUNTER_HEIGHT_M) for polygon in shop.obstacles if polygon not in shelves]
    solids += [(_rail(a, b), RAIL_HEIGHT_M) for wall in shop.walls if is_rail(wall) for a, b in _pairs(wall.points)]
    for polygon, height_m in solids:
        if height_m < lens_xyz_m[2]:
            np.maximum(hidden, _behind(spots, lens_xyz_m, polygon, height_m), out=hidden)
    for wall in shop.walls:
        if is_rail(wall):
            continue
        for a, b in _pairs(wall.points):
            hidden[_through(spots, lens_xyz_m, a, b)] = ALL_HIDDEN_M
    return Blinds(hidden.reshape(rows, columns).astype(np.float32))


def is_rail(wall: Wall) -> bool:
    """Return whether a wall is so thin that it is a rail."""
    return wall.thickness_m < RAIL_THINNER_M


def _rail(a: Point, b: Point) -> Polygon:
    """A rail as a prism of two centimetres."""
    length_m = math.dist(a, b) or 1.0
    x, y = 0.01 * (b[1] - a[1]) / length_m, 0.01 * (a[0] - b[0]) / length_m
    return ((a[0] + x, a[1] + y), (b[0] + x, b[1] + y), (b[0] - x, b[1] - y), (a[0] - x, a[1] - y))


def _pairs(points: Sequence[Point]) -> Iterable[tuple[Point, Point]]:
    return itertools.pairwise(points)


def _behind(
    spots: NDArray[np.float64], lens: NDArray[np.float64], polygon: Sequence[Point], height_m: float
) -> NDArray[np.float64]:
    """Up to which height each spot is hidden by an upright prism, 0 where it is not in the way."""
    way = spots - lens[:2]
    enters = np.full(len(spots), np.inf)
    leaves = np.full(len(spots), -np.inf)
    corners = [*polygon, polygon[0]]
    with np.errstate(divide="ignore", invalid="ignore"):
        for (ax, ay), (bx, by) in _pairs(corners):
            ex, ey = bx - ax, by - ay
            across = way[:, 0] * ey - way[:, 1] * ex
            rx, ry = ax - lens[0], ay - lens[1]
            along = (rx * ey - ry * ex) / across
            place = (rx * way[:, 1] - ry * way[:, 0]) / across
            hit = (place >= 0) & (place <= 1) & (along > 1e-9)
            np.minimum(enters, np.where(hit, along, np.inf), out=enters)
            np.maximum(leaves, np.where(hit, along, -np.inf), out=leaves)
    # Somebody in front of it is not hidden; what stands on the outline itself is taken to be in front.
    in_the_way = (leaves > 0) & (enters < 0.98)
    reach = np.minimum(np.where(in_the_way, leaves, 1.0), 1.0)
    return np.where(in_the_way, np.maximum(0.0, lens[2] + (height_m - lens[2]) / np.maximum(reach, 1e-6)), 0.0)


def _through(spots: NDArray[np.float64], lens: NDArray[np.float64], a: Point, b: Point) -> NDArray[np.bool_]:
    """Which spots lie behind a wall. A camera that hangs on the wall looks away from it, so touching hides nothing."""
    way = spots - lens[:2]
    ex, ey = b[0] - a[0], b[1] - a[1]
    rx, ry = a[0] - lens[0], a[1] - lens[1]
    across = way[:, 0] * ey - way[:, 1] * ex
    with np.errstate(divide="ignore", invalid="ignore"):
        along = (rx * ey - ry * ex) / across
        place = (rx * way[:, 1] - ry * way[:, 0]) / across
    distance_m = np.sqrt((way * way).sum(axis=1))
    hit: NDArray[np.bool_] = (along * distance_m > 0.3) & (along < 1.0) & (place >= 0.0) & (place <= 1.0)
    return hit
