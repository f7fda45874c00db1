"""Areas of the picture or the floor: which points lie in which polygon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from storesense_contracts.plane import crossing_edges
from storesense_edge.vision.errors import GeometryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MAX_CORNERS = 100


class PolygonSet:
    """Several polygons asked at once.

    Args:
        polygons: corners of each, in one plane, in order; the last joins the first.
        names: what messages call each, such as "zone entrance".

    Raises:
        GeometryError: fewer than three corners, no area, edges that cross, or corners that are no numbers.
    """

    def __init__(self, polygons: Sequence[Sequence[tuple[float, float]]], *, names: Sequence[str]) -> None:
        for corners, name in zip(polygons, names, strict=True):
            check_polygon(corners, shape=name)
        self._count = len(polygons)
        starts, ends, owners = [], [], []
        for index, corners in enumerate(polygons):
            ring = np.array(corners, dtype=np.float64)
            starts.append(ring)
            ends.append(np.roll(ring, -1, axis=0))
            owners.append(np.full(len(ring), index))
        if not polygons:
            return
        a, b = np.concatenate(starts), np.concatenate(ends)
        level = a[:, 1] == b[:, 1]
        self._ax, self._ay, self._by = a[:, 0], a[:, 1], b[:, 1]
        # A level edge never straddles a point's height, so its slope is never used.
        self._slope = (b[:, 0] - a[:, 0]) / np.where(level, 1.0, b[:, 1] - a[:, 1])
        lengths = [len(corners) for corners in polygons]
        self._first_edges = np.concatenate([[0], np.cumsum(lengths)[:-1]])

    def __len__(self) -> int:
        return self._count

    def contains(self, points_xy: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which point lies in which polygon, by counting edges to the right of it.

        Args:
            points_xy: (N, 2).

        Returns:
            (N, polygons) bool.
        """
        if not self._count or not len(points_xy):
            return np.zeros((len(points_xy), self._count), dtype=np.bool_)
        x, y = points_xy[:, :1], points_xy[:, 1:]
        straddles = (self._ay > y) != (self._by > y)
        right = straddles & (x < self._ax + (y - self._ay) * self._slope)
        odd: NDArray[np.bool_] = np.logical_xor.reduceat(right, self._first_edges, axis=1)
        return odd


def distance_to_edges(point_xy: NDArray[np.float64], ring_xy: NDArray[np.float64]) -> float:
    """Return how far a point is from the nearest edge of a polygon, whether inside or out; NaN for a NaN point.

    Args:
        point_xy: (2,).
        ring_xy: (corners, 2) in order.
    """
    edges = np.roll(ring_xy, -1, axis=0) - ring_xy
    to_point = point_xy - ring_xy
    share = np.clip((to_point * edges).sum(axis=1) / (edges * edges).sum(axis=1), 0.0, 1.0)
    off = to_point - share[:, None] * edges
    return float(np.sqrt((off * off).sum(axis=1).min()))


def check_polygon(corners: Sequence[tuple[float, float]], *, shape: str) -> None:
    """Refuse a polygon that cannot hold anybody.

    Args:
        corners: its corners in order.
        shape: what messages call it.

    Raises:
        GeometryError: see `PolygonSet`.
    """
    if not 3 <= len(corners) <= MAX_CORNERS:
        raise GeometryError(
            shape=shape, cause=f"it has {len(corners)} corners", remedy=f"give it 3 to {MAX_CORNERS} corners"
        )
    ring = np.array(corners, dtype=np.float64)
    if not np.isfinite(ring).all():
        raise GeometryError(shape=shape, cause="a corner is no number", remedy="give finite numbers")
    following = np.roll(ring, -1, axis=0)
    if (np.hypot(*(following - ring).T) < 1e-12).any():
        raise GeometryError(shape=shape, cause="two corners in a row are the same point", remedy="leave one out")
    crossing = crossing_edges(corners)
    if crossing is not None:
        raise GeometryError(
            shape=shape,
            cause=f"its edges after corner {crossing[0] + 1} and after corner {crossing[1] + 1} cross",
            remedy="list the corners in order around the area",
        )
    area = float((ring[:, 0] * following[:, 1] - following[:, 0] * ring[:, 1]).sum()) / 2
    extent = float(np.prod(np.ptp(ring, axis=0)))
    if abs(area) <= 1e-9 * max(extent, 1e-12):
        raise GeometryError(shape=shape, cause="its corners lie on one line", remedy="give it an area")
