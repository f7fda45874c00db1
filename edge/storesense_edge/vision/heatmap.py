"""Where people spend their time: a floor grid of presence, weighted with the real time between pictures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from storesense_edge.vision.errors import GeometryError
from storesense_edge.vision.polygon import PolygonSet

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from numpy.typing import NDArray

MAX_CELLS = 65_536
MAX_DECISECONDS = 65_535
STEP_S = 0.25
STEP_M = 0.1
"""Time spent unseen is laid along the straight way, in steps as short as one of these."""
MEMORY_S = 3_600.0
"""Gaps count half as much each time so much time of people has passed."""
LEAST_KNOWN_S = 60.0
MOST_UNSEEN_S = 1.0
END_EVERY_S = 1.0
LAY_PICTURES = 20
BODY_M = 0.5
"""Somebody covers a square of floor of this side: about the width of shoulders."""
POST_M = 0.8
"""Whoever is so near to a cashier's post is at it: counters hide cashiers' legs, so their places are not sharp."""


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


def cells_within(grid: FloorGrid, areas_xy_m: Sequence[Sequence[tuple[float, float]]]) -> NDArray[np.bool_]:
    """Return the cells whose middles lie in one of some polygons on the floor, (rows, columns)."""
    areas = PolygonSet(areas_xy_m, names=[f"area {number}" for number in range(1, len(areas_xy_m) + 1)])
    x = grid.origin_xy_m[0] + grid.cell_m * (np.arange(grid.columns) + 0.5)
    y = grid.origin_xy_m[1] + grid.cell_m * (np.arange(grid.rows) + 0.5)
    middles = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    return areas.contains(middles).any(axis=1).reshape(grid.rows, grid.columns)


def at_posts(points_xy_m: NDArray[np.float64], posts_xy_m: NDArray[np.float64], within_m: float) -> NDArray[np.bool_]:
    """Return which of (N, 2) floor points are within some metres of one of (M, 2) posts, (N,)."""
    off = points_xy_m[:, None, :] - posts_xy_m[None, :, :]
    near: NDArray[np.bool_] = ((off * off).sum(axis=2) <= within_m**2).any(axis=1)
    return near


def spread(
    grid: FloorGrid, points_xy_m: NDArray[np.float64], seconds: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Lay people's time on the floor that they cover: a square of `BODY_M` around each.

    A point would put all of somebody's time into one cell or into the next, by a centimetre. What falls beyond the
    grid is the next camera's, which lays it there if it sees them, too.

    Args:
        grid: the cells.
        points_xy_m: (N, 2) where they stand; NaN where a point is not on the floor.
        seconds: (N,) of each.

    Returns:
        Flat cell numbers (row by row) and the seconds of each; a cell may come several times.
    """
    wide = BODY_M / grid.cell_m
    reach = math.ceil(wide) + 1
    with np.errstate(invalid="ignore"):
        low = (points_xy_m - grid.origin_xy_m) / grid.cell_m - wide / 2
        near = ((low > -wide) & (low < (grid.columns, grid.rows))).all(axis=1)
    low, seconds = low[near], seconds[near]
    first = np.floor(low)
    cells = first[:, :, None] + np.arange(reach)
    covered = np.minimum(cells + 1, low[:, :, None] + wide) - np.maximum(cells, low[:, :, None])
    covered = np.maximum(covered, 0.0) / wide
    weights = covered[:, 1, :, None] * covered[:, 0, None, :] * seconds[:, None, None]
    columns, rows = cells[:, 0, None, :], cells[:, 1, :, None]
    inside = (columns >= 0) & (columns < grid.columns) & (rows >= 0) & (rows < grid.rows) & (weights > 0)
    return (rows * grid.columns + columns)[inside].astype(np.intp), weights[inside]


class FloorHeatmap:
    """Adds up presence per floor cell.

    A person who was lost and seen again was there in between (see `floor_people`): that time, up to `max_gap_s` of it,
    is laid along the straight way. One who is not sure to be anybody adds nothing until they are.

    Nobody is seen from the first moment to the last. Whoever comes and goes independently of when they are seen has
    been there for E[G²] / 2 E[G] before the first sighting, and as long after the last, where G are the times from
    sighting to sighting (the mean residual life of a renewal process; Cox 1962, section 5.2). The gaps of everybody
    before tell how long that is, and it is added at both ends, `MOST_UNSEEN_S` at most.

    Args:
        grid: the cells.
        staff_areas_xy_m: polygons in which only staff stay; nothing is told of them, as it would be of one person.
        posts_xy_m: where cashiers stand; whoever is at one adds nothing.
        max_gap_s: longest time between two sightings that counts as presence.

    Raises:
        GeometryError: an area cannot hold anybody.
    """

    def __init__(
        self,
        grid: FloorGrid,
        *,
        staff_areas_xy_m: Sequence[Sequence[tuple[float, float]]] = (),
        posts_xy_m: Sequence[tuple[float, float]] = (),
        max_gap_s: float = 15.0,
    ) -> None:
        self.grid = grid
        self._closed = cells_within(grid, staff_areas_xy_m).ravel()
        self._posts_xy_m = np.array(posts_xy_m, dtype=np.float64).reshape(-1, 2)
        self._max_gap_s = max_gap_s
        self._seconds = np.zeros(grid.rows * grid.columns)
        self._ids = np.full(0, -1, dtype=np.int64)
        self._last_s = np.empty(0)
        self._last_xy = np.empty((0, 2))
        self._unsure: dict[int, list[tuple[NDArray[np.intp], NDArray[np.float64]]]] = {}
        self._gaps_s = self._squares_s2 = 0.0
        self._ended_s = 0.0
        self._fresh: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []  # not laid down yet

    def step(
        self,
        slots: NDArray[np.intp],
        ids: NDArray[np.int64],
        points_xy_m: NDArray[np.float64],
        at_s: float,
        *,
        sure: NDArray[np.bool_] | None = None,
        present: AbstractSet[int] | None = None,
    ) -> None:
        """Take one picture's floor points of the people seen in it.

        Args:
            slots: (N,) row of each person.
            ids: (N,) what tells a reused row from its former user.
            points_xy_m: (N, 2) floor points; NaN where a point is not on the floor.
            at_s: time of the picture.
            sure: (N,) who is certainly somebody; None for everybody.
            present: numbers of everybody who is here, those not seen just now included; None where nobody knows.
        """
        if present is not None and at_s - self._ended_s >= END_EVERY_S:
            self._ended_s = at_s
            self._end(present)
        if not len(slots):
            return
        self._grow(int(slots.max()) + 1)
        known = self._ids[slots] == ids
        if not known.all():
            self._begin(slots[~known], points_xy_m[~known], at_s, known_to_end=present is not None)
        gap_s = np.clip(at_s - self._last_s[slots], 0.0, self._max_gap_s)
        start = self._last_xy[slots]
        self._ids[slots] = ids
        self._last_s[slots] = at_s
        self._last_xy[slots] = points_xy_m
        certain = np.ones(len(slots), dtype=np.bool_) if sure is None else sure
        self._learn(gap_s[certain & (gap_s > 0)])
        for slot in slots[certain].tolist() if self._unsure else ():
            for where, seconds in self._unsure.pop(slot, ()):
                np.add.at(self._seconds, where, seconds)
        whole = certain & (gap_s <= STEP_S)
        if whole.any():
            self._fresh.append((points_xy_m[whole], gap_s[whole]))
            if len(self._fresh) >= LAY_PICTURES:
                self._lay()
        for row in np.flatnonzero(~whole & (gap_s > 0)).tolist():
            laid = self._along(start[row], points_xy_m[row], float(gap_s[row]))
            if certain[row]:
                np.add.at(self._seconds, *laid)
            else:
                self._unsure.setdefault(int(slots[row]), []).append(laid)

    def _begin(
        self, slots: NDArray[np.intp], points_xy_m: NDArray[np.float64], at_s: float, *, known_to_end: bool
    ) -> None:
        self._last_xy[slots] = points_xy_m
        self._last_s[slots] = at_s
        for slot, xy_m in zip(slots.tolist(), points_xy_m, strict=True):
            self._unsure.pop(slot, None)
            if known_to_end:
                self._unsure[slot] = [self._unseen(xy_m)]

    def _lay(self) -> None:
        """Lay down the time of the last pictures at once, which costs hardly more than that of one."""
        if self._fresh:
            points, seconds = zip(*self._fresh, strict=True)
            self._fresh.clear()
            np.add.at(self._seconds, *self._spread(np.concatenate(points), np.concatenate(seconds)))

    def _spread(
        self, points_xy_m: NDArray[np.float64], seconds: NDArray[np.float64]
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        if len(self._posts_xy_m):
            away = ~at_posts(points_xy_m, self._posts_xy_m, POST_M)
            points_xy_m, seconds = points_xy_m[away], seconds[away]
        return spread(self.grid, points_xy_m, seconds)

    def _learn(self, gaps_s: NDArray[np.float64]) -> None:
        self._gaps_s += float(gaps_s.sum())
        self._squares_s2 += float((gaps_s * gaps_s).sum())
        if self._gaps_s > MEMORY_S:
            self._gaps_s, self._squares_s2 = self._gaps_s / 2, self._squares_s2 / 2

    def _unseen(self, xy_m: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Lay down the time before a first sighting, or after a last one."""
        residual_s = self._squares_s2 / (2 * self._gaps_s) if self._gaps_s > LEAST_KNOWN_S else 0.0
        return self._spread(xy_m[None], np.array([min(residual_s, MOST_UNSEEN_S)]))

    def _end(self, present: AbstractSet[int]) -> None:
        """Let those who are gone have been there for a moment after they were seen last."""
        for slot in np.flatnonzero(self._ids >= 0).tolist():
            if int(self._ids[slot]) in present:
                continue
            if self._unsure.pop(slot, None) is None:
                np.add.at(self._seconds, *self._unseen(self._last_xy[slot]))
            self._ids[slot] = -1

    def _along(
        self, from_xy_m: NDArray[np.float64], to_xy_m: NDArray[np.float64], gap_s: float
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Lay time along the way from one place to the next."""
        away_m = float(np.hypot(*(to_xy_m - from_xy_m)))
        steps = 1
        if away_m > STEP_M:
            steps = min(math.ceil(gap_s / STEP_S), math.ceil(away_m / STEP_M))
        shares = ((np.arange(steps) + 0.5) / steps)[:, None]
        return self._spread(from_xy_m + shares * (to_xy_m - from_xy_m), np.full(steps, gap_s / steps))

    def take(self) -> NDArray[np.uint16]:
        """Return the presence since the last call and start anew.

        What does not fill a decisecond, or does not fit, is kept for the next grid, so that totals stay right.

        Returns:
            (rows, columns) uint16, deciseconds.
        """
        self._lay()
        self._seconds[self._closed] = 0.0
        deciseconds = np.minimum(np.floor(self._seconds * 10 + 1e-6), MAX_DECISECONDS)
        self._seconds = np.maximum(self._seconds - deciseconds / 10, 0.0)
        return deciseconds.astype(np.uint16).reshape(self.grid.rows, self.grid.columns)

    def _grow(self, rows: int) -> None:
        have = len(self._ids)
        if rows > have:
            more = max(rows, 2 * have, 16) - have
            self._ids = np.concatenate([self._ids, np.full(more, -1, dtype=np.int64)])
            self._last_s = np.concatenate([self._last_s, np.zeros(more)])
            self._last_xy = np.concatenate([self._last_xy, np.zeros((more, 2))])
