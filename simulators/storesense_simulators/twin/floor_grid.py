"""The floor as a grid of small cells: which of them walls and furniture fill, and how near the next of them is."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from storesense_simulators.twin.shop import Point

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CELL_M = 0.1
CELLS_PER_M = 10.0
_EPSILON_M = 1e-6


class FloorGrid:
    """What is solid on a floor.

    Args:
        size_m: width and depth of the floor.
        solids: polygons that are filled.
        lines: walls as points and a thickness in metres.

    Attributes:
        solid: rows of cells that something stands in.
    """

    def __init__(
        self,
        size_m: tuple[float, float],
        *,
        solids: Sequence[Sequence[Point]] = (),
        lines: Sequence[tuple[Sequence[Point], float]] = (),
    ) -> None:
        self.columns = max(1, math.ceil(size_m[0] / CELL_M - _EPSILON_M))
        self.rows = max(1, math.ceil(size_m[1] / CELL_M - _EPSILON_M))
        self.solid: Flags = np.zeros((self.rows, self.columns), dtype=np.bool_)
        for polygon in solids:
            self._fill(polygon, self.solid)
            for a, b in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
                self._stroke(a, b, 0.0, self.solid)
        for points, thickness_m in lines:
            for a, b in itertools.pairwise(points):
                self._stroke(a, b, thickness_m, self.solid)

    def stroke(self, a: Point, b: Point) -> Flags:
        """Return the cells that the segment from ``a`` to ``b`` passes."""
        cells = np.zeros_like(self.solid)
        self._stroke(a, b, CELL_M, cells)
        return cells

    def grown(self, by_m: float) -> Flags:
        """Return the cells within ``by_m`` of a solid, in squares, so that corners stay corners; the rim counts too."""
        reach = round(by_m / CELL_M)
        return np.asarray(
            ndimage.maximum_filter(self.solid, size=2 * reach + 1, mode="constant", cval=True), dtype=np.bool_
        )

    def has(self, point: Point) -> bool:
        """Tell whether a point is on the floor."""
        return 0 <= point[0] * CELLS_PER_M < self.columns and 0 <= point[1] * CELLS_PER_M < self.rows

    def cell(self, point: Point) -> tuple[int, int]:
        """Return the row and column of a point; one off the floor belongs to the nearest cell."""
        column = min(self.columns - 1, max(0, math.floor(point[0] * CELLS_PER_M)))
        row = min(self.rows - 1, max(0, math.floor(point[1] * CELLS_PER_M)))
        return row, column

    def cells(self, xy_m: Floats) -> tuple[Ints, Ints]:
        """Return rows and columns of points, an array (N, 2); those off the floor belong to the nearest cell."""
        columns = np.clip(np.floor(xy_m[:, 0] * CELLS_PER_M), 0, self.columns - 1).astype(np.int64)
        rows = np.clip(np.floor(xy_m[:, 1] * CELLS_PER_M), 0, self.rows - 1).astype(np.int64)
        return rows, columns

    @staticmethod
    def centre(row: int, column: int) -> Point:
        """Return the middle of a cell."""
        return ((2 * column + 1) / (2 * CELLS_PER_M), (2 * row + 1) / (2 * CELLS_PER_M))

    def _window(self, low: Point, high: Point) -> tuple[slice, slice, Floats, Floats]:
        first_row, first_column = self.cell(low)
        last_row, last_column = self.cell(high)
        rows, columns = slice(first_row, last_row + 1), slice(first_column, last_column + 1)
        y = (np.arange(first_row, last_row + 1, dtype=np.float64) + 0.5)[:, None] * CELL_M
        x = (np.arange(first_column, last_column + 1, dtype=np.float64) + 0.5)[None, :] * CELL_M
        return rows, columns, x, y

    def _fill(self, polygon: Sequence[Point], into: Flags) -> None:
        low = (min(p[0] for p in polygon), min(p[1] for p in polygon))
        high = (max(p[0] for p in polygon), max(p[1] for p in polygon))
        rows, columns, x, y = self._window(low, high)
        inside = np.zeros((y.shape[0], x.shape[1]), dtype=np.bool_)
        ax, ay = polygon[-1]
        for bx, by in polygon:
            if ay != by:
                inside ^= ((ay > y) != (by > y)) & (x < (bx - ax) * (y - ay) / (by - ay) + ax)
            ax, ay = bx, by
        into[rows, columns] |= inside

    def _stroke(self, a: Point, b: Point, thickness_m: float, into: Flags) -> None:
        # A thin line fills the cells whose middle is within half a cell's edge, which leaves no gap to slip through.
        reach_m = max(thickness_m / 2, CELL_M / 2) + _EPSILON_M
        low = (min(a[0], b[0]) - reach_m, min(a[1], b[1]) - reach_m)
        high = (max(a[0], b[0]) + reach_m, max(a[1], b[1]) + reach_m)
        rows, columns, x, y = self._window(low, high)
        dx, dy = b[0] - a[0], b[1] - a[1]
        square = dx * dx + dy * dy
        along = 0.0 if square == 0 else np.clip(((x - a[0]) * dx + (y - a[1]) * dy) / square, 0.0, 1.0)
        off_x, off_y = x - a[0] - along * dx, y - a[1] - along * dy
        into[rows, columns] |= off_x * off_x + off_y * off_y <= reach_m * reach_m
