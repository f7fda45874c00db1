"""Where people spend their time: a floor grid of presence, weighted with the real time between pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from storesense_edge.vision.errors import GeometryError

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_CELLS = 65_536
MAX_DECISECONDS = 65_535
STEP_S = 0.25
"""Time spent unseen is laid along the straight way, in steps no longer than this."""


@dataclass(frozen=True, slots=True)
class FloorGrid:
    """How the floor is cut into cells.

    Attributes:
        origin_xy_m: the corner with the smallest x and y, metres.
        cell_m: side of a cell.
        columns: cells along x.
        rows: cells along y.
    """

    origin_xy_m: tuple[float, float]
    cell_m: float
    columns: int
    rows: int

    def __post_init__(self) -> None:
        """Check the grid.

        Raises:
            GeometryError: no cells, too many, or cells without size.
        """
        if not (0 < self.cell_m <= 100 and np.isfinite(self.origin_xy_m).all()):
            raise GeometryError(
                shape="heatmap grid", cause="its cells have no usable size or place", remedy="give metres above 0"
            )
        if self.columns < 1 or self.rows < 1 or self.columns * self.rows > MAX_CELLS:
            raise GeometryError(
                shape="heatmap grid",
                cause=f"it has {self.columns} by {self.rows} cells",
                remedy=f"give 1 to {MAX_CELLS} cells, with larger cells for a larger floor",
            )

    def holds(self, points_xy_m: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which of (N, 2) floor points lie in a cell, (N,); those that are nowhere (NaN) do not."""
        cells = (points_xy_m - self.origin_xy_m) / self.cell_m
        with np.errstate(invalid="ignore"):
            inside = (cells >= 0) & (cells < (self.columns, self.rows))
        both: NDArray[np.bool_] = inside[:, 0] & inside[:, 1]
        return both


class FloorHeatmap:
    """Adds up presence per floor cell.

    A person who was lost and seen again was there in between: that time, up to `max_gap_s` of it, is laid along the
    straight way. A person who is lost for good adds nothing after the last sighting.

    Args:
        grid: the cells.
        max_gap_s: longest time between two sightings that counts as presence.
    """

    def __init__(self, grid: FloorGrid, *, max_gap_s: float = 3.0) -> None:
        self.grid = grid
        self._max_gap_s = max_gap_s
        self._seconds = np.zeros(grid.rows * grid.columns)
        self._ids = np.full(0, -1, dtype=np.int64)
        self._last_s = np.empty(0)
        self._last_xy = np.empty((0, 2))

    def step(
        self,
        slots: NDArray[np.intp],
        ids: NDArray[np.int64],
        points_xy_m: NDArray[np.float64],
        at_s: float,
    ) -> None:
        """Take one picture's floor points of the people seen in it.

        Args:
            slots: (N,) row of each person.
            ids: (N,) what tells a reused row from its former user.
            points_xy_m: (N, 2) floor points; NaN where a point is not on the floor.
            at_s: time of the picture.
        """
        if not len(slots):
            return
        top = int(slots.max())
        if top >= len(self._ids):
            more = max(top + 1, 2 * len(self._ids), 16) - len(self._ids)
            self._ids = np.concatenate([self._ids, np.full(more, -1, dtype=np.int64)])
            self._last_s = np.concatenate([self._last_s, np.zeros(more)])
            self._last_xy = np.concatenate([self._last_xy, np.zeros((more, 2))])
        known = self._ids[slots] == ids
        if not known.all():
            fresh = slots[~known]
            self._last_xy[fresh] = points_xy_m[~known]
            self._last_s[fresh] = at_s
        gap_s = at_s - self._last_s[slots]
        np.clip(gap_s, 0.0, self._max_gap_s, out=gap_s)
        longest_s = float(gap_s.max())
        if longest_s > 0:
            if longest_s <= STEP_S:
                self._add(points_xy_m, gap_s)
            else:
                start = self._last_xy[slots]
                steps = int(np.ceil(longest_s / STEP_S))
                for share in (np.arange(steps) + 0.5) / steps:
                    self._add(start + share * (points_xy_m - start), gap_s / steps)
        self._ids[slots] = ids
        self._last_s[slots] = at_s
        self._last_xy[slots] = points_xy_m

    def take(self) -> NDArray[np.uint16]:
        """Return the presence since the last call and start anew.

        What does not fill a decisecond, or does not fit, is kept for the next grid, so that totals stay right.

        Returns:
            (rows, columns) uint16, deciseconds.
        """
        deciseconds = np.minimum(np.floor(self._seconds * 10 + 1e-6), MAX_DECISECONDS)
        self._seconds = np.maximum(self._seconds - deciseconds / 10, 0.0)
        return deciseconds.astype(np.uint16).reshape(self.grid.rows, self.grid.columns)

    def _add(self, points_xy_m: NDArray[np.float64], seconds: NDArray[np.float64]) -> None:
        grid = self.grid
        cells = (points_xy_m - grid.origin_xy_m) / grid.cell_m
        with np.errstate(invalid="ignore"):
            inside = (cells >= 0).all(axis=1) & (cells[:, 0] < grid.columns) & (cells[:, 1] < grid.rows)
        if not inside.all():
            cells, seconds = cells[inside], seconds[inside]
        where = cells.astype(np.intp)
        np.add.at(self._seconds, where[:, 1] * grid.columns + where[:, 0], seconds)
