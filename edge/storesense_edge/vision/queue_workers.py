"""Who works here and therefore stands in no line: staff at their places, and not whoever has got their number.

That somebody works here is known from a place: a cashier's post, a spot where they stood for minutes. In a crowd a
track may slide from them onto a customer who passes, and the customer walks on under their number. So whoever has left
the place that told, and comes to stand in line or where customers are served, is taken for a customer there. Staff who
walk on to another post, or come to a stand anywhere else, have a new place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import hypot
from typing import TYPE_CHECKING

import numpy as np

from storesense_edge.vision.queue_posts import AT_POST

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from storesense_edge.vision.presence import Sightings

AWAY = 0.9
"""Further than this from their place, heights, somebody has left it ..."""
REPLACED = 0.6
"""... or further than this, if somebody else is seen there."""
STANDS = 0.4
"""Seen no further than this from where they came to a stand, heights, somebody stands."""
STOOD_S = 20.0
"""Standing for this long, and not where customers wait or are served, somebody has a new place."""


@dataclass(slots=True)
class _Worker:
    """Where somebody works, where they stand since when, and whether they have left; it stays on the device."""

    place_xy: tuple[float, float]
    stand_xy: tuple[float, float]
    stands_since_s: float
    has_left: bool = False


@dataclass(slots=True, eq=False)
class Workers:
    """The staff whom a camera sees, as far as queues are concerned.

    Args:
        cashiers_xy: (cashiers, 2) where cashiers sit.
    """

    cashiers_xy: NDArray[np.float64]
    _known: dict[int, _Worker] = field(default_factory=dict)

    def step(self, seen: Sightings, is_customers_place: NDArray[np.bool_]) -> frozenset[int]:
        """Return the numbers of those who are in no line.

        Args:
            seen: one picture's people.
            is_customers_place: (N,) who is where customers wait or are served.
        """
        if not seen.staff_ids:
            self._known.clear()
            return frozenset()
        self._known = {number: worker for number, worker in self._known.items() if number in seen.present_ids}
        working = set(seen.staff_ids)
        for row, number in enumerate(seen.ids.tolist()):
            if number not in seen.staff_ids:
                continue
            x, y = seen.points_xy[row].tolist()
            scale = float(seen.scales[row])
            worker = self._known.setdefault(number, _Worker((x, y), (x, y), seen.at_s))
            if not hypot(x - worker.stand_xy[0], y - worker.stand_xy[1]) <= STANDS * scale:
                worker.stand_xy, worker.stands_since_s = (x, y), seen.at_s
            if self._is_at_post((x, y), scale):
                worker.place_xy, worker.has_left = (x, y), False
            elif seen.at_s - worker.stands_since_s >= STOOD_S and not is_customers_place[row]:
                worker.place_xy, worker.has_left = worker.stand_xy, False
            else:
                worker.has_left = self._has_left(worker, seen, row)
            if is_customers_place[row] and worker.has_left:
                working.discard(number)
        return frozenset(working)

    @staticmethod
    def _has_left(worker: _Worker, seen: Sightings, row: int) -> bool:
        off = np.sqrt(((seen.points_xy - np.array(worker.place_xy)) ** 2).sum(axis=1)) / seen.scales
        if worker.has_left:
            return bool(off[row] > STANDS)
        return bool(off[row] > AWAY or (off[row] > REPLACED and (off <= AT_POST).any()))

    def _is_at_post(self, xy: tuple[float, float], scale: float) -> bool:
        if not len(self.cashiers_xy):
            return False
        off = self.cashiers_xy - np.array(xy)
        return bool((np.sqrt((off * off).sum(axis=1)) <= AT_POST * scale).any())
