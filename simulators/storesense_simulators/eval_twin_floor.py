"""Which part of the floor a camera can see: what it is fair to ask of it.

A place is seen if a camera has before it at least `SEEN_SHARE` of a grown person who stands there alone: within the
picture, and not behind walls, shelves and counters. Whoever stands at such a place counts in the truth, also while
others hide them; whoever stands elsewhere does not. This depends on the store and its cameras alone, and neither on
what was detected nor on how it was measured.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from storesense_simulators.twin.eye_blinds import blinds_of
from storesense_simulators.twin.eye_crowd import Crowd
from storesense_simulators.twin.eye_sight import share_alone
from storesense_simulators.twin.projection import pinhole_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from storesense_edge.vision.heatmap import FloorGrid
    from storesense_simulators.twin.shop import CameraMount, Shop

SEEN_SHARE = 0.3
_PLACE_M = 0.1
_HEIGHT_M = 1.7
_RADIUS_M = 0.23


class SeenFloor:
    """The floor of a store that one camera can see, in places of a decimetre.

    Args:
        shop: the store.
        mount: the camera.
    """

    def __init__(self, shop: Shop, mount: CameraMount) -> None:
        columns, rows = (math.ceil(side / _PLACE_M) for side in shop.size_m)
        x, y = np.meshgrid((np.arange(columns) + 0.5) * _PLACE_M, (np.arange(rows) + 0.5) * _PLACE_M)
        pinhole = pinhole_of(mount)
        shares = share_alone(pinhole, blinds_of(shop, pinhole.at_xyz_m), _standing(np.stack([x.ravel(), y.ravel()], 1)))
        self._seen = (shares >= SEEN_SHARE).reshape(rows, columns)

    def holds(self, xy_m: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which of (N, 2) floor points are seen, (N,); those beyond the floor are not."""
        rows, columns = self._seen.shape
        cells = np.floor(xy_m / _PLACE_M).astype(np.intp)
        inside = (cells >= 0).all(axis=1) & (cells[:, 0] < columns) & (cells[:, 1] < rows)
        found = np.zeros(len(xy_m), dtype=np.bool_)
        found[inside] = self._seen[cells[inside, 1], cells[inside, 0]]
        return found

    def cells(self, grid: FloorGrid) -> NDArray[np.bool_]:
        """Return the cells of a grid of which at least half is seen, (rows, columns)."""
        parts = max(1, round(grid.cell_m / _PLACE_M))
        steps = (np.arange(parts) + 0.5) / parts
        x = grid.origin_xy_m[0] + grid.cell_m * (np.arange(grid.columns)[:, None] + steps).ravel()
        y = grid.origin_xy_m[1] + grid.cell_m * (np.arange(grid.rows)[:, None] + steps).ravel()
        at_x, at_y = np.meshgrid(x, y)
        seen = self.holds(np.stack([at_x.ravel(), at_y.ravel()], axis=1))
        shares = seen.reshape(grid.rows, parts, grid.columns, parts).mean(axis=(1, 3))
        enough: NDArray[np.bool_] = shares >= 0.5
        return enough


def bodies(crowd: Crowd) -> Crowd:
    """Return a crowd without staff who stand within somebody else's body: the twin's posts are points.

    Two of the twin's staff whose post is the same stand there at once, which no two people can, and no camera can tell
    them apart.
    """
    still = np.flatnonzero(crowd.is_staff & (crowd.speed_m_s == 0))
    if len(still) < 2:
        return crowd
    off = crowd.xy_m[still][:, None, :] - crowd.xy_m[still][None, :, :]
    within = np.tril((off * off).sum(axis=2) < _RADIUS_M**2, k=-1).any(axis=1)
    if not within.any():
        return crowd
    kept = np.ones(len(crowd), dtype=np.bool_)
    kept[still[within]] = False
    return Crowd(*(getattr(crowd, name)[kept] for name in Crowd.__slots__))


def _standing(xy_m: NDArray[np.float64]) -> Crowd:
    count = len(xy_m)
    return Crowd(
        numbers=np.arange(count, dtype=np.int64),
        xy_m=xy_m,
        height_m=np.full(count, _HEIGHT_M),
        radius_m=np.full(count, _RADIUS_M),
        heading=np.tile([1.0, 0.0], (count, 1)),
        speed_m_s=np.zeros(count),
        has_trolley=np.zeros(count, dtype=np.bool_),
        is_staff=np.zeros(count, dtype=np.bool_),
    )
