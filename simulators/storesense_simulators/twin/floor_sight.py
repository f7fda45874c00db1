"""What sees what on a floor, found by hopping along a line as far as the nearest obstacle is away at each point."""

import math

import numpy as np
from scipy import ndimage

from storesense_simulators.twin.floor_grid import CELL_M, CELLS_PER_M, Flags, Floats, Ints
from storesense_simulators.twin.shop import Point

# A point is off the middle of its cell, and an obstacle's edge off the middle of its own, by half a diagonal each.
_SLACK_M = 0.15
_BINS = 1_024


class Sight:
    """Straight ways over free cells.

    Args:
        free: rows of cells, True where one may go.
    """

    def __init__(self, free: Flags) -> None:
        self._rows, self._columns = int(free.shape[0]), int(free.shape[1])
        # The rim is an obstacle too, so that no hop leaves the floor.
        cells = np.asarray(ndimage.distance_transform_edt(np.pad(free, 1))[1:-1, 1:-1], dtype=np.float64)
        hops = np.where(free, np.maximum(cells * CELL_M - _SLACK_M, CELL_M), 0.0)
        self._hop_m = np.asarray(hops.ravel(), dtype=np.float64)
        self._hops: list[float] = self._hop_m.tolist()

    def is_clear(self, a: Point, b: Point) -> bool:
        """Tell whether the straight way from ``a`` to ``b``, both on the floor, passes free cells only."""
        ax, ay = a
        dx, dy = b[0] - ax, b[1] - ay
        length_m = math.sqrt(dx * dx + dy * dy)
        hops, columns = self._hops, self._columns
        if length_m <= 0:
            return hops[int(ay * CELLS_PER_M) * columns + int(ax * CELLS_PER_M)] > 0
        dx, dy = dx / length_m, dy / length_m
        at_m = 0.0
        while at_m < length_m:
            hop_m = hops[int((ay + dy * at_m) * CELLS_PER_M) * columns + int((ax + dx * at_m) * CELLS_PER_M)]
            if hop_m == 0.0:
                return False
            at_m += hop_m
        return hops[int(b[1] * CELLS_PER_M) * columns + int(b[0] * CELLS_PER_M)] > 0

    def are_clear(self, a: Floats, b: Floats) -> Flags:
        """Tell the same for starts and ends of shape (N, 2)."""
        off = b - a
        length_m = np.sqrt(off[:, 0] * off[:, 0] + off[:, 1] * off[:, 1])
        unit = off / np.where(length_m > 0, length_m, 1.0)[:, None]
        return np.asarray(self._ranges(a, unit, length_m) >= length_m, dtype=np.bool_) & (self._hop_at(b) > 0)

    def ranges(self, points: Floats) -> Floats:
        """Return how far one sees from each of (N, 2) points in each of the directions of ``bins``, shape (N, bins)."""
        bins = np.arange(_BINS)
        quarter, share = bins // (_BINS // 4), (bins % (_BINS // 4)) / (_BINS // 4)
        x = np.choose(quarter, [1 - share, -share, share - 1, share])
        y = np.choose(quarter, [share, 1 - share, -share, share - 1])
        length = np.sqrt(x * x + y * y)
        unit = np.stack([x / length, y / length], axis=1)
        reach_m = (self._rows + self._columns) * CELL_M
        starts, ways = np.repeat(points, _BINS, axis=0), np.tile(unit, (len(points), 1))
        return self._ranges(starts, ways, np.full(len(starts), reach_m)).reshape(len(points), _BINS)

    @staticmethod
    def bins(off: Floats) -> Ints:
        """Return the direction just below each of (N, 2) vectors, by the quarter and the share of the sum of its sides.

        That share stands in for the angle: it grows with it and needs no function that differs between processors.
        """
        x, y = off[:, 0], off[:, 1]
        total = np.abs(x) + np.abs(y)
        share = y / np.where(total > 0, total, 1.0)
        turn = np.where(x >= 0, np.where(y >= 0, share, 4.0 + share), 2.0 - share)
        return np.minimum((turn * (_BINS // 4)).astype(np.int64), _BINS - 1)

    def _hop_at(self, xy_m: Floats) -> Floats:
        cells = (xy_m * CELLS_PER_M).astype(np.int64)
        return np.asarray(self._hop_m[cells[:, 1] * self._columns + cells[:, 0]], dtype=np.float64)

    def _ranges(self, starts: Floats, unit: Floats, most_m: Floats) -> Floats:
        """Return how far each way is free, or a little more than ``most_m`` where all of that is."""
        at_m = np.zeros(len(starts))
        going = np.nonzero(most_m > 0)[0]
        while len(going):
            hop_m = self._hop_at(starts[going] + unit[going] * at_m[going, None])
            at_m[going] += hop_m
            going = going[(hop_m > 0) & (at_m[going] < most_m[going])]
        return at_m
