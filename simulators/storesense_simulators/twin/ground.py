"""What a spot of the floor is like: whether a body fits there, and which zones and lines are near, by cell."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from storesense_simulators.twin.floor_grid import CELL_M, FloorGrid
from storesense_simulators.twin.people import Flags, Floats, Ints
from storesense_simulators.twin.shop import CountingLine, Door, Point, Polygon, Shop, Wall, ZoneShape

BODY_M = 0.15
"""Nobody's middle comes nearer to a wall or an obstacle."""

NEAR_LINE = 1 << 60
ZONE_EDGE = 1 << 61
MOST_ZONES = 60

_MARGIN_M = 3.0
# Longer than the step of the fastest walker, so that nobody crosses a line from a cell that is not marked.
_LINE_REACH_M = 0.8
_ZONE_EDGE_M = 0.15
_DOORSTEP_M = 0.6
_DIAGONAL_CELLS = 1.5


class Ground:
    """The floor and the doorsteps outside, as a raster.

    Args:
        size_m: width and depth of the floor.
        solids: polygons that nobody can stand in.
        walls: where nobody walks through.
        doors: where the floor opens to the outside.
        lines: counting lines, and doors, which may have theirs elsewhere.
        zones: areas whose visits are told; at most 60.

    Attributes:
        is_blocked: (cells,) whether no body fits there.
        marks: (cells,) bit z for being in zone z, NEAR_LINE, and ZONE_EDGE where the cell may lie in a zone in part.
        edges: (cells,) bit z where the cell may lie in zone z in part.
    """

    def __init__(
        self,
        size_m: Point,
        *,
        solids: Sequence[Polygon] = (),
        walls: Sequence[Wall] = (),
        doors: Sequence[Door] = (),
        lines: Sequence[CountingLine | Door] = (),
        zones: Sequence[ZoneShape] = (),
    ) -> None:
        self._size_m = (size_m[0] + 2 * _MARGIN_M, size_m[1] + 2 * _MARGIN_M)
        grid = self._raster(solids=solids, lines=[(wall.points, wall.thickness_m) for wall in walls])
        self.columns = grid.columns
        self.rows = grid.rows
        self._last = self.columns * self.rows - 1
        room_cells = ndimage.distance_transform_edt(np.pad(~grid.solid, 1, constant_values=True))[1:-1, 1:-1]
        floor = ((0.0, 0.0), (size_m[0], 0.0), size_m, (0.0, size_m[1]))
        ours = self._raster(solids=[floor], lines=[_doorstep(door) for door in doors])
        is_free = ours.solid if not grid.solid.any() else ours.solid & (room_cells * CELL_M - CELL_M / 2 >= BODY_M)
        self.is_blocked: Flags = ~is_free.ravel()
        # How many samples, a cell's edge or less apart, can be left out in any direction, since all of them are free:
        # to the next blocked cell less a diagonal, for both ends are off the middles of their cells.
        room = np.asarray(ndimage.distance_transform_edt(np.pad(is_free, 1))[1:-1, 1:-1])
        hops = np.where(is_free, np.maximum(room - _DIAGONAL_CELLS, 1.0), 0.0).astype(np.int64)
        self._hops: list[int] = hops.ravel().tolist()
        marks = np.zeros(grid.solid.shape, dtype=np.int64)
        edges = np.zeros(grid.solid.shape, dtype=np.int64)
        for line in lines:
            marks[self._raster(lines=[((line.a, line.b), 2 * _LINE_REACH_M)]).solid] |= NEAR_LINE
        for index, zone in enumerate(zones[:MOST_ZONES]):
            outline = (*zone.polygon, zone.polygon[0])
            marks[self._raster(solids=[zone.polygon]).solid] |= 1 << index
            edges[self._raster(lines=[(outline, 2 * _ZONE_EDGE_M)]).solid] |= 1 << index
        marks[edges != 0] |= ZONE_EDGE
        self.marks: Ints = marks.ravel()
        self.edges: Ints = edges.ravel()

    @classmethod
    def of(cls, shop: Shop) -> "Ground":
        """Return the ground of a shop."""
        return cls(
            shop.size_m,
            solids=shop.obstacles,
            walls=shop.walls,
            doors=shop.doors,
            lines=(*shop.lines, *shop.doors),
            zones=shop.zones,
        )

    def cells(self, x_m: Floats, y_m: Floats) -> npt.NDArray[np.intp]:
        """Return the cells of spots; what is off the raster belongs to some cell of its rim."""
        column = ((x_m + _MARGIN_M) / CELL_M).astype(np.intp)
        row = ((y_m + _MARGIN_M) / CELL_M).astype(np.intp)
        cells: npt.NDArray[np.intp] = row * self.columns + column
        # Nobody gets out of the raster, whose rim is blocked; this is for spots that a caller makes up.
        np.minimum(cells, self._last, out=cells)
        np.maximum(cells, 0, out=cells)
        return cells

    def cell(self, x_m: float, y_m: float) -> int:
        """Return the cell of one spot."""
        column = min(self.columns - 1, max(0, int((x_m + _MARGIN_M) / CELL_M)))
        row = min(self.rows - 1, max(0, int((y_m + _MARGIN_M) / CELL_M)))
        return row * self.columns + column

    def is_free(self, x_m: float, y_m: float) -> bool:
        """Tell whether a body fits there."""
        return not self.is_blocked[self.cell(x_m, y_m)]

    def is_near_line(self, spot: Point) -> bool:
        """Tell whether a counting line or a door is within 0.7 m or a little more."""
        return bool(self.marks[self.cell(*spot)] & NEAR_LINE)

    def is_straight(self, a: Point, b: Point) -> bool:
        """Tell whether a body fits everywhere between two spots."""
        dx, dy = b[0] - a[0], b[1] - a[1]
        steps = int((abs(dx) + abs(dy)) / CELL_M) + 1
        dx, dy = dx / steps, dy / steps
        hops, at = self._hops, 0
        while at < steps:
            hop = hops[self.cell(a[0] + dx * at, a[1] + dy * at)]
            if hop == 0:
                return False
            at += hop
        return hops[self.cell(b[0], b[1])] > 0

    def _raster(
        self, *, solids: Sequence[Polygon] = (), lines: Sequence[tuple[Sequence[Point], float]] = ()
    ) -> FloorGrid:
        return FloorGrid(
            self._size_m,
            solids=[_moved(polygon) for polygon in solids],
            lines=[(_moved(points), thickness_m) for points, thickness_m in lines],
        )


def _moved(points: Sequence[Point]) -> list[Point]:
    return [(x + _MARGIN_M, y + _MARGIN_M) for x, y in points]


def _doorstep(door: Door) -> tuple[Sequence[Point], float]:
    dx, dy = door.b[0] - door.a[0], door.b[1] - door.a[1]
    return ((door.inside, door.outside), float(np.sqrt(dx * dx + dy * dy)) + 2 * _DOORSTEP_M)
