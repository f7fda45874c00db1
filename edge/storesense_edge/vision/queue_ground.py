"""The ground of one queue: how far somebody is from its tills, its line's head, its area and its cashiers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from storesense_edge.vision.polygon import PolygonSet, distance_to_edges
from storesense_edge.vision.queue_areas import beside_of, width_of
from storesense_edge.vision.queue_customer import NOWHERE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from numpy.typing import NDArray

    from storesense_edge.vision.presence import Sightings
    from storesense_edge.vision.queue_customer import QueueShape


@dataclass(slots=True, eq=False)
class Ground:
    """Distances on the ground of one queue.

    Args:
        shape: where it is.
        margin: who is no further than this outside its area is still in it, heights.
    """

    shape: QueueShape
    margin: float
    _width: float = field(init=False)
    _head_off: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        """Find out how wide the area is, and how far from each till it begins."""
        ring = self.shape.ring_xy
        inside = PolygonSet([ring.tolist()], names=["queue"]).contains(self.shape.tills_xy)[:, 0]
        # Of a till within the area nobody knows how much room is left before it.
        self._head_off = np.array([distance_to_edges(till, ring) for till in self.shape.tills_xy])
        self._head_off[inside] = np.inf
        self._width = width_of(ring)

    @property
    def has_heads(self) -> bool:
        """Whether it is known of all tills where the line before them begins."""
        return bool(np.isfinite(self._head_off).all())

    def tills_of(self, seen: Sightings) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return (N,) the nearest till of each, and how far it is, heights."""
        tills = self.shape.tills_xy
        if not len(tills) or not len(seen.ids):
            return np.full(len(seen.ids), NOWHERE), np.full(len(seen.ids), np.inf)
        off = seen.points_xy[:, None, :] - tills[None, :, :]
        distance = np.sqrt((off * off).sum(axis=2)) / seen.scales[:, None]
        distance = np.where(np.isfinite(distance), distance, np.inf)
        nearest = distance.argmin(axis=1)
        return nearest, distance[np.arange(len(nearest)), nearest]

    def is_near(self, xy: NDArray[np.float64], scale: float) -> bool:
        """Whether somebody is in the area or hardly outside."""
        most = self.margin * scale + float(beside_of(self._width, scale))
        return distance_to_edges(xy, self.shape.ring_xy) <= most

    def off_head(self, xy: NDArray[np.float64], scale: float) -> float:
        """Return how far somebody is from where the line begins before a till, heights; below 0 between the two."""
        off = self.shape.tills_xy - xy
        return float((np.sqrt((off * off).sum(axis=1)) - self._head_off).min(initial=np.inf)) / scale

    def beyond_head(self, xy: NDArray[np.float64], scale: float) -> tuple[int, float]:
        """Return which till is nearest, and how far beyond its line's head somebody is, heights; 0 if not known."""
        off = self.shape.tills_xy - xy
        away = np.sqrt((off * off).sum(axis=1))
        till = int(away.argmin())
        return till, max(0.0, self.way(till, scale) - float(away[till]) / scale)

    def is_past_the_line(self, xy: NDArray[np.float64], scale: float, held: AbstractSet[int], past: float) -> bool:
        """Whether somebody is more than `past` heights beyond the line's head, towards one of the tills in `held`."""
        if not len(self.shape.tills_xy):
            return False
        till, beyond = self.beyond_head(xy, scale)
        return beyond > past and till in held

    def off_line(self, xy: NDArray[np.float64], scale: float, others_xy: Sequence[NDArray[np.float64]]) -> float:
        """Return how far somebody is from the line's head or from those who wait; 0 where all is the line, heights."""
        if not len(self.shape.tills_xy):
            return 0.0
        to_others = min((float(np.hypot(*(xy - other))) for other in others_xy), default=np.inf)
        return min(self.off_head(xy, scale), to_others / scale)

    def way(self, till: int, scale: float) -> float:
        """Return how far it is from the line's head to a till, heights; 0 where that is not known."""
        off = float(self._head_off[till])
        return off / scale if np.isfinite(off) else 0.0

    def is_customers_place(self, xy: NDArray[np.float64], scale: float, till_distance: float) -> bool | None:
        """Whether somebody at a till is nearer to it than to any cashier's place; None where none is known."""
        cashiers = self.shape.cashiers_xy
        if not len(cashiers):
            return None
        off = cashiers - xy
        return bool(till_distance * scale < np.sqrt((off * off).sum(axis=1)).min())
