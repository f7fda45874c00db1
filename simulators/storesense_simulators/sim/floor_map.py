"""Ways across a floor with walls: a grid of cells, the distances to a goal, and paths straightened around corners."""

import heapq
import itertools
import math
from collections.abc import Sequence

from storesense_simulators.sim.errors import UnreachableError
from storesense_simulators.sim.geometry import Point, segment_distance_m

_STEPS = tuple((dx, dy, math.hypot(dx, dy)) for dx in (-1, 0, 1) for dy in (-1, 0, 1) if (dx, dy) != (0, 0))
_Cell = tuple[int, int]


class FloorMap:
    """Where people can walk.

    Args:
        size_m: width and depth of the floor.
        walls: lines of points that nobody walks through.
        cell_m: edge of a grid cell.
        clearance_m: how far from a wall the middle of a person stays.
    """

    def __init__(
        self,
        size_m: tuple[float, float],
        walls: Sequence[Sequence[Point]],
        *,
        cell_m: float = 0.2,
        clearance_m: float = 0.25,
    ) -> None:
        self._cell_m = cell_m
        self._columns = max(1, math.ceil(size_m[0] / cell_m))
        self._rows = max(1, math.ceil(size_m[1] / cell_m))
        self._walls = [(a, b) for wall in walls for a, b in itertools.pairwise(wall)]
        self._clearance_m = clearance_m
        self._free = {
            (column, row)
            for column in range(self._columns)
            for row in range(self._rows)
            if self._is_clear(self._centre((column, row)))
        }
        self._next: dict[_Cell, dict[_Cell, _Cell]] = {}

    def nearest_free(self, point: Point) -> Point:
        """Return the spot nearest to ``point`` at which a person can stand (ties go to the smaller x, then y)."""
        if not self._free:
            raise UnreachableError(from_xy_m=point, to_xy_m=point)
        cell = self._cell(point)
        if cell in self._free:
            return point
        return self._centre(min(self._free, key=lambda c: (math.dist(self._centre(c), point), c)))

    def path(self, start: Point, goal: Point) -> tuple[Point, ...]:
        """Return the corners of a walk from ``start`` to the spot nearest to ``goal``, ``start`` left out.

        Raises:
            UnreachableError: walls lie between them.
        """
        goal = self.nearest_free(goal)
        start_cell, goal_cell = self._cell(self.nearest_free(start)), self._cell(goal)
        onward = self._onward(goal_cell)
        if start_cell not in onward:
            raise UnreachableError(from_xy_m=start, to_xy_m=goal)
        corners = [start]
        cell = start_cell
        while cell != goal_cell:
            following = onward[cell]
            if not self._is_straight(corners[-1], self._centre(following)):
                corners.append(self._centre(cell))
            cell = following
        if not self._is_straight(corners[-1], goal):
            corners.append(self._centre(goal_cell))
        return (*corners[1:], goal)

    def _onward(self, goal: _Cell) -> dict[_Cell, _Cell]:
        """Return for each cell the next one on its shortest way to ``goal`` (Dijkstra from the goal, kept)."""
        if goal in self._next:
            return self._next[goal]
        distances = {goal: 0.0}
        onward = {goal: goal}
        heap = [(0.0, goal)]
        while heap:
            distance, cell = heapq.heappop(heap)
            if distance > distances[cell]:
                continue
            for dx, dy, length in _STEPS:
                other = (cell[0] + dx, cell[1] + dy)
                reached = distance + length
                if other in self._free and reached < distances.get(other, math.inf) - 1e-9:
                    distances[other] = reached
                    onward[other] = cell
                    heapq.heappush(heap, (reached, other))
        self._next[goal] = onward
        return onward

    def _is_straight(self, start: Point, end: Point) -> bool:
        steps = max(1, math.ceil(math.dist(start, end) / (self._cell_m / 2)))
        return all(
            self._cell((start[0] + (end[0] - start[0]) * i / steps, start[1] + (end[1] - start[1]) * i / steps))
            in self._free
            for i in range(1, steps + 1)
        )

    def _is_clear(self, point: Point) -> bool:
        return all(segment_distance_m(a, b, point) > self._clearance_m for a, b in self._walls)

    def _cell(self, point: Point) -> _Cell:
        return (
            min(self._columns - 1, max(0, int(point[0] / self._cell_m))),
            min(self._rows - 1, max(0, int(point[1] / self._cell_m))),
        )

    def _centre(self, cell: _Cell) -> Point:
        return ((cell[0] + 0.5) * self._cell_m, (cell[1] + 0.5) * self._cell_m)
