"""Where people stand in line: in a queue's area, and beside it where it is drawn narrower than a line is wide.

An area is often drawn as the lane's own width, and people stand a step to the side of it, where they do not block the
way. They wait all the same. So a narrow area is widened to the width of a line; who is beside two of them belongs to
the nearer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from storesense_edge.vision.polygon import PolygonSet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LINE_WIDTH = 1.4
"""A line of people is so wide, heights."""


class QueueAreas:
    """The areas of several queues, in one plane.

    Args:
        rings: the corners of each in order.
        names: what messages call them.

    Raises:
        GeometryError: an area cannot hold anybody.
    """

    def __init__(self, rings: Sequence[Sequence[tuple[float, float]]], *, names: Sequence[str]) -> None:
        self._polygons = PolygonSet(rings, names=names)
        corners = [np.array(ring, dtype=np.float64).reshape(-1, 2) for ring in rings]
        self._widths = np.array([width_of(each) for each in corners])
        self._begin_xy = np.concatenate([np.zeros((0, 2)), *corners])
        self._edges_xy = np.concatenate([np.zeros((0, 2)), *(np.roll(each, -1, axis=0) - each for each in corners)])
        self._first_edges = np.cumsum([0, *(len(each) for each in corners)])[:-1]

    def contain(self, points_xy: NDArray[np.float64], scales: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return who stands where the line of which queue is.

        Args:
            points_xy: (N, 2) where people are; NaN for nowhere.
            scales: (N,) heights in units of the plane.

        Returns:
            (N, queues); beside their areas nobody is in two lines.
        """
        inside = self._polygons.contains(points_xy)
        beside = beside_of(self._widths, scales[:, None])
        if not beside.any():
            return inside
        away = self._distances(points_xy)
        nearest = (away <= beside) & (away <= away.min(axis=1, keepdims=True)) & ~inside.any(axis=1, keepdims=True)
        here: NDArray[np.bool_] = inside | nearest
        return here

    def _distances(self, points_xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, queues) from each point to the border of each area."""
        off = points_xy[:, None, :] - self._begin_xy
        lengths = np.maximum((self._edges_xy**2).sum(axis=1), 1e-12)
        share = np.clip((off * self._edges_xy).sum(axis=2) / lengths, 0.0, 1.0)
        rest = off - share[:, :, None] * self._edges_xy
        away = np.nan_to_num(np.sqrt((rest * rest).sum(axis=2)), nan=np.inf)
        nearest: NDArray[np.float64] = np.minimum.reduceat(away, self._first_edges, axis=1)
        return nearest


def beside_of(widths: NDArray[np.float64] | float, scales: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Return how far beside areas of these widths people stand in line."""
    beside: NDArray[np.float64] = np.maximum(0.0, (LINE_WIDTH * np.asarray(scales) - np.asarray(widths)) / 2)
    return beside


def width_of(corners_xy: NDArray[np.float64]) -> float:
    """Return how wide an area is across: the least distance between two parallel lines that hold it.

    One of them lies along an edge of the convex hull; those along other lines through two corners are no nearer.

    Args:
        corners_xy: (corners, 2).
    """
    across = corners_xy[:, None, :] - corners_xy[None, :, :]
    normals = np.stack([-across[..., 1], across[..., 0]], axis=-1).reshape(-1, 2)
    lengths = np.sqrt((normals * normals).sum(axis=1))
    normals = normals[lengths > 0] / lengths[lengths > 0][:, None]
    extents = corners_xy @ normals.T
    return float((extents.max(axis=0) - extents.min(axis=0)).min(initial=np.inf))
