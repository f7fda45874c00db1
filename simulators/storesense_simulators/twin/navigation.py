"""Ways across a store: shortest paths around walls and furniture, quick enough for thousands of shoppers.

A shortest path among solid things bends only at their outward corners, so the corners of everything, grown by the
clearance that people keep, make a small graph: two corners are joined where one sees the other, and the ways between
all of them are worked out once (a visibility graph; Lozano-Perez and Wesley, 1979, on a grid as in Uras, Koenig and
Hernandez, 2013). A question is then: which corner that I see leads to the goal soonest?

Everything is sums, products and square roots of doubles, and ties go to the corner with the lower row, then column; so
a path is the same on every machine.
"""

import math
from collections.abc import Iterable

import numpy as np
from scipy import ndimage
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from storesense_contracts.errors import StoresenseError
from storesense_simulators.twin.floor_grid import CELL_M, CELLS_PER_M, Flags, Floats, FloorGrid, Ints
from storesense_simulators.twin.floor_sight import Sight
from storesense_simulators.twin.shop import Door, Point, Shop

CLEARANCE_M = 0.2


_MAX_GOALS = 20_000
_TRIES = 8
_BEYOND_M = 1e9


class NoWayError(StoresenseError):
    """No way leads from one spot of the floor to another."""

    exit_code = 2
    code = "no_way"

    def __init__(self, *, from_xy_m: Point, to_xy_m: Point) -> None:
        self.from_xy_m = from_xy_m
        self.to_xy_m = to_xy_m
        super().__init__(
            f"nobody can walk from [{from_xy_m[0]:.1f}, {from_xy_m[1]:.1f}] to [{to_xy_m[0]:.1f}, {to_xy_m[1]:.1f}]: "
            "walls or shelves are in the way; leave a gap of 0.8 m"
        )


class Navigation:
    """Where people can walk in a store, and how they get from one spot to another.

    Nobody's path leads through a door, other than to or from the spot outside it.
    """

    def __init__(self, shop: Shop) -> None:
        self._grid = FloorGrid(
            shop.size_m, solids=shop.obstacles, lines=[(wall.points, wall.thickness_m) for wall in shop.walls]
        )
        self._doors: tuple[Door, ...] = shop.doors
        blocked = self._grid.grown(CLEARANCE_M)
        for door in shop.doors:
            blocked |= self._grid.stroke(door.a, door.b)
        self._free: Flags = ~blocked
        self._parts, _ = ndimage.label(self._free)
        self._nearest_free: Ints = np.asarray(
            ndimage.distance_transform_edt(blocked, return_distances=False, return_indices=True), dtype=np.int64
        )
        self._wall_m, self._wall_cell = _nearest_solid(self._grid)
        self._sight = Sight(self._free)
        self._corners = _outward_corners(self._free)
        self._way_m, self._onward = self._ways_between_corners()
        self._ranges_m = self._sight.ranges(self._corners)
        self._corner_numbers = np.arange(len(self._corners))
        self._goals: dict[Point, tuple[Floats, Ints]] = {}
        inside = self._stand(shop.doors[0].inside) if shop.doors else (0.0, 0.0)
        self._inside_part = int(self._parts[self._grid.cell(inside)])
        for place in shop.places:
            self._goal(self._stand(place.spot))

    def is_free(self, point: Point) -> bool:
        """Tell whether somebody who keeps the clearance can stand there."""
        return bool(self._free[self._grid.cell(point)])

    def nearest_free(self, point: Point) -> Point:
        """Return ``point`` where somebody can stand there, otherwise the middle of the nearest cell where one can."""
        return self._stand(point)

    def is_reachable(self, start: Point, goal: Point) -> bool:
        """Tell whether a way leads from ``start`` to ``goal``; each is moved to the nearest free spot first."""
        start, goal = (self._stand(self._within(point)) for point in (start, goal))
        part = int(self._parts[self._grid.cell(start)])
        return part > 0 and part == int(self._parts[self._grid.cell(goal)])

    def is_inside(self, point: Point) -> bool:
        """Tell whether a way leads from a spot, or the nearest free one, to the spot inside the first door."""
        part = int(self._parts[self._grid.cell(self._stand(self._within(point)))])
        return part > 0 and part == self._inside_part

    def walls_near(self, xy_m: Floats) -> tuple[Floats, Floats]:
        """Return for (N, 2) points how far the nearest solid thing is, in metres, and the way from it.

        Returns:
            gaps of shape (N,), 0 inside something solid, and unit vectors of shape (N, 2) that point away from it;
            (0, 0) inside, or on a floor with nothing solid.
        """
        rows, columns = self._grid.cells(xy_m)
        solid_rows, solid_columns = self._wall_cell[0, rows, columns], self._wall_cell[1, rows, columns]
        away = np.empty((len(xy_m), 2))
        away[:, 0] = xy_m[:, 0] - (solid_columns + 0.5) * CELL_M
        away[:, 1] = xy_m[:, 1] - (solid_rows + 0.5) * CELL_M
        length = np.sqrt(away[:, 0] * away[:, 0] + away[:, 1] * away[:, 1])
        inside = self._grid.solid[rows, columns]
        is_void = inside | (length <= 0) | ~np.isfinite(self._wall_m[rows, columns])
        gap = np.where(inside, 0.0, np.maximum(length - CELL_M / 2, 0.0))
        gap[~np.isfinite(self._wall_m[rows, columns])] = np.inf
        unit = away / np.where(is_void, 1.0, length)[:, None]
        unit[is_void] = 0.0
        return gap, unit

    def sees(self, a: Point, b: Point) -> bool:
        """Tell whether the straight way from ``a`` to ``b`` keeps clear of everything solid."""
        return self._sight.is_clear(self._on_floor(a), self._on_floor(b))

    def path(self, start: Point, goal: Point) -> tuple[Point, ...]:
        """Return the corners of the shortest walk from ``start`` to ``goal``, ``start`` left out and ``goal`` last.

        A goal too near to something solid is replaced by the nearest free spot. A start or goal outside a door leads
        through that door.

        Raises:
            NoWayError: something is in the way everywhere.
        """
        entered = next((door for door in self._doors if door.outside == start), None)
        left = next((door for door in self._doors if door.outside == goal), None)
        if entered is not None and left is not None:
            if entered is left:
                return (goal,)
            return (entered.inside, *self.path(entered.inside, left.inside), goal)
        if entered is not None:
            return (entered.inside, *self.path(entered.inside, goal))
        if left is not None:
            return (*self.path(start, left.inside), goal)
        return self._walk(start, goal)

    def distance_m(self, start: Point, goal: Point) -> float:
        """Return the length of ``path``. Raises NoWayError."""
        return length_m((start, *self.path(start, goal)))

    def _walk(self, start: Point, wanted: Point) -> tuple[Point, ...]:
        goal, first = self._stand(wanted), self._stand(start)
        lead = () if first == start else (first,)
        if self._sight.is_clear(first, goal):
            return (*lead, goal)
        to_goal_m, _ = self._goal(goal)
        reach_m, may_see = self._may_see(first)
        total_m = np.where(may_see, reach_m + to_goal_m, _BEYOND_M)
        for _ in range(_TRIES):
            best = int(total_m.argmin())
            if total_m[best] >= _BEYOND_M:
                break
            if self._sight.is_clear(first, self._corner(best)):
                return (*lead, *self._corner_chain(best, goal))
            total_m[best] = _BEYOND_M
        return (*lead, *self._walk_by_sampling(first, start, goal))

    def _walk_by_sampling(self, first: Point, start: Point, goal: Point) -> tuple[Point, ...]:
        """Look along the way to every corner, for the rare start from which directions alone do not tell enough."""
        if len(self._corners):
            to_goal_m, _ = self._goal(goal)
            from_xy_m = np.array(first)
            seen = self._sight.are_clear(np.broadcast_to(from_xy_m, self._corners.shape), self._corners)
            total_m = np.where(seen, self._away_m(from_xy_m) + to_goal_m, _BEYOND_M)
            best = int(total_m.argmin())
            if total_m[best] < _BEYOND_M:
                return self._corner_chain(best, goal)
        raise NoWayError(from_xy_m=start, to_xy_m=goal)

    def _corner_chain(self, corner: int, goal: Point) -> tuple[Point, ...]:
        _, last = self._goal(goal)
        target = int(last[corner])
        chain: list[Point] = []
        while True:
            chain.append(self._corner(corner))
            if corner == target:
                return (*chain, goal)
            corner = int(self._onward[target, corner])

    def _within(self, point: Point) -> Point:
        return next((door.inside for door in self._doors if door.outside == point), point)

    def _stand(self, point: Point) -> Point:
        row, column = self._grid.cell(point)
        if self._free[row, column]:
            return point
        near = self._nearest_free[:, row, column]
        return self._grid.centre(int(near[0]), int(near[1]))

    def _corner(self, number: int) -> Point:
        return (float(self._corners[number, 0]), float(self._corners[number, 1]))

    def _on_floor(self, point: Point) -> Point:
        return self._grid.centre(*self._grid.cell(point)) if not self._grid.has(point) else point

    def _goal(self, goal: Point) -> tuple[Floats, Ints]:
        """Return the way from each corner to ``goal``, and the last corner on it."""
        known = self._goals.get(goal)
        if known is None:
            count = len(self._corners)
            reach_m, may_see = self._may_see(goal)
            near = np.nonzero(may_see)[0]
            seen = near[self._sight.are_clear(np.broadcast_to(np.array(goal), (len(near), 2)), self._corners[near])]
            if len(seen):
                ways_m = self._way_m[seen] + reach_m[seen, None]
                nearest = np.argmin(ways_m, axis=0)
                known = (ways_m[nearest, np.arange(count)], seen[nearest])
            else:
                known = (np.full(count, np.inf), np.zeros(count, dtype=np.int64))
            if len(self._goals) >= _MAX_GOALS:
                self._goals.clear()
            self._goals[goal] = known
        return known

    def _away_m(self, xy_m: Floats) -> Floats:
        off = self._corners - xy_m
        return np.asarray(np.sqrt(off[:, 0] * off[:, 0] + off[:, 1] * off[:, 1]), dtype=np.float64)

    def _may_see(self, point: Point) -> tuple[Floats, Flags]:
        """Return how far each corner is from ``point``, and whether one of the two nearest ways is free."""
        off = np.array(point) - self._corners
        away_m = np.sqrt(off[:, 0] * off[:, 0] + off[:, 1] * off[:, 1])
        low = Sight.bins(off)
        ranges_m = np.maximum(
            self._ranges_m[self._corner_numbers, low],
            self._ranges_m[self._corner_numbers, (low + 1) % self._ranges_m.shape[1]],
        )
        return away_m, ranges_m >= away_m - CELL_M

    def _ways_between_corners(self) -> tuple[Floats, Ints]:
        """Return the ways between all corners, and ``onward[target, corner]``, the next corner on the way."""
        count = len(self._corners)
        if count == 0:
            return np.zeros((0, 0)), np.zeros((0, 0), dtype=np.int64)
        first, second = np.triu_indices(count, k=1)
        seen = self._sight.are_clear(self._corners[first], self._corners[second])
        first, second = first[seen], second[seen]
        off = self._corners[first] - self._corners[second]
        length = np.sqrt(off[:, 0] * off[:, 0] + off[:, 1] * off[:, 1])
        graph = csr_array((length, (first, second)), shape=(count, count))
        ways_m, onward = dijkstra(graph, directed=False, return_predecessors=True)
        return np.asarray(ways_m, dtype=np.float64), np.asarray(onward, dtype=np.int64)


def _nearest_solid(grid: FloorGrid) -> tuple[Floats, Ints]:
    """Return for each cell the distance to the nearest solid cell in metres, and that cell's row and column."""
    if not grid.solid.any():
        rows, columns = np.indices(grid.solid.shape)
        return np.full(grid.solid.shape, np.inf), np.stack([rows, columns]).astype(np.int64)
    cells, at = ndimage.distance_transform_edt(~grid.solid, return_indices=True)
    return np.asarray(cells, dtype=np.float64) * CELL_M, np.asarray(at, dtype=np.int64)


def _outward_corners(free: Flags) -> Floats:
    """Return the middles of the free cells around which a path may bend, by row and column.

    Such a cell touches a blocked one across a corner only: its neighbours on the two sides of that corner are free.
    """
    padded = np.pad(free, 1, constant_values=False)
    middle = padded[1:-1, 1:-1]
    corners = np.zeros_like(free)
    for dy in (-1, 1):
        for dx in (-1, 1):
            diagonal = padded[1 + dy : 1 + dy + free.shape[0], 1 + dx : 1 + dx + free.shape[1]]
            across = padded[1 : 1 + free.shape[0], 1 + dx : 1 + dx + free.shape[1]]
            down = padded[1 + dy : 1 + dy + free.shape[0], 1 : 1 + free.shape[1]]
            corners |= middle & ~diagonal & across & down
    rows, columns = np.nonzero(corners)
    return np.stack([(2 * columns + 1) / (2 * CELLS_PER_M), (2 * rows + 1) / (2 * CELLS_PER_M)], axis=1)


def length_m(points: Iterable[Point]) -> float:
    """Return the length of a line of points."""
    total, before = 0.0, None
    for point in points:
        if before is not None:
            dx, dy = point[0] - before[0], point[1] - before[1]
            total += math.sqrt(dx * dx + dy * dy)
        before = point
    return total
