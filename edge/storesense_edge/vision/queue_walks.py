"""Who was seen walking to a till, and who from it, rather than merely found there or elsewhere.

A track that slides from one person to another, or is lost and found, jumps. People walk: between two sightings that
are hardly half a second apart they are off a till first and at it then, or the other way round. Whoever walks off is
gone, and whoever walks up after that is somebody else, however short the time between.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from storesense_edge.vision.presence import Sightings
    from storesense_edge.vision.queue_customer import Customer

STEP_S = 0.6
"""Seen off a till and at it no further apart than this, somebody walked."""
NEARBY = 2.0
"""Whoever is no further than this beyond a till's reach, heights, may be on the way to it."""
FAR = 0.6
"""Seen further than this beyond a till's reach, heights, somebody is neither at it nor its cashier ..."""
BESIDE = 0.9
"""... and nor are they off the till and further than this from every cashier's place ..."""
WALK_S = 3.0
"""... and walks to it within this time."""
MISSED_S = 1.5
"""Whoever was seen walking off has gone, though who is there now was not seen for so long on the way to the till."""
STEPPED = 0.25
"""Seen further than this from where they stood at a till, heights, somebody has made a step ..."""
GONE = 0.15
"""... and walking this far beyond its reach they are on their way ..."""
CLEAR = 0.4
"""... and this far, also if they stand there, they have gone from it."""
MOST = 100
"""Of so many people it is known when they were nearby before those are forgotten who are not any more."""


@dataclass(slots=True)
class Walks:
    """The ways to and from one queue's tills.

    Args:
        tills_xy: (tills, 2) where customers are served.
        reach: how near to that somebody is at the till, heights.
        cashiers_xy: (cashiers, 2) where cashiers stand; empty where that is not known.
    """

    tills_xy: NDArray[np.float64]
    reach: float
    cashiers_xy: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 2)))
    _off_s: dict[int, float] = field(default_factory=dict)
    _far_s: dict[int, float] = field(default_factory=dict)
    _clear_s: dict[int, float] = field(default_factory=dict)

    def note(self, seen: Sightings, till_distance: NDArray[np.float64]) -> None:
        """Remember who is close to a till, and not at it.

        Args:
            seen: one picture's people.
            till_distance: (N,) how far the nearest till is from each, heights.
        """
        off = (till_distance > self.reach) & (till_distance <= self.reach + NEARBY)
        far = off & (till_distance > self.reach + FAR)
        clear = far | (off & self._is_clear_of_cashiers(seen))
        self._off_s.update(dict.fromkeys(seen.ids[off].tolist(), seen.at_s))
        self._far_s.update(dict.fromkeys(seen.ids[far].tolist(), seen.at_s))
        self._clear_s.update(dict.fromkeys(seen.ids[clear].tolist(), seen.at_s))
        if len(self._off_s) > MOST:
            self._off_s = {n: off_s for n, off_s in self._off_s.items() if seen.at_s - off_s <= STEP_S}
            self._far_s = {n: far_s for n, far_s in self._far_s.items() if seen.at_s - far_s <= WALK_S}
            self._clear_s = {n: clear_s for n, clear_s in self._clear_s.items() if seen.at_s - clear_s <= WALK_S}

    def _is_clear_of_cashiers(self, seen: Sightings) -> NDArray[np.bool_]:
        """(N,) who is so far from where cashiers stand that none of them seems to be there."""
        if not len(self.cashiers_xy):
            return np.zeros(len(seen.ids), dtype=np.bool_)
        off = seen.points_xy[:, None, :] - self.cashiers_xy[None, :, :]
        clear: NDArray[np.bool_] = np.sqrt((off * off).sum(axis=2)).min(axis=1) > BESIDE * seen.scales
        return clear

    def was_near(self, number: int) -> bool:
        """Whether somebody was seen close to a till, and not at it, before this picture."""
        return number in self._off_s

    def come(self, customer: Customer, at_s: float) -> None:
        """Let somebody be at a till from now on."""
        customer.at_till_since_s, customer.stood_xy = at_s, None
        off_s, far_s = (times_s.get(customer.number, -np.inf) for times_s in (self._off_s, self._far_s))
        customer.walked_in = at_s - off_s <= STEP_S and at_s - far_s <= WALK_S
        clear_s = self._clear_s.get(customer.number, -np.inf)
        customer.came_in = at_s - off_s <= MISSED_S and at_s - clear_s <= WALK_S

    def is_another(self, customer: Customer, at_s: float, change_s: float) -> bool:
        """Whether who is found at a till is not the customer who walked off from it, though they have their number.

        Who comes back is seen walking back; who was found again beside the way has somebody else's track.
        """
        came_back = at_s - self._off_s.get(customer.number, -np.inf) <= STEP_S
        return customer.has_gone and not came_back and at_s - customer.at_till_last_s >= change_s

    def stay(self, customer: Customer, seen: Sightings, row: int) -> None:
        """Take a picture that shows somebody at the till; whoever steps away and is seen no more has walked off."""
        xy = seen.points_xy[row]
        customer.off_since_s, customer.has_gone = None, False
        stepped = STEPPED * float(seen.scales[row])
        far = customer.stood_xy is not None and float(np.hypot(*(xy - customer.stood_xy))) > stepped
        customer.walked_off = far and not customer.slow
        if customer.slow:
            customer.stood_xy = xy

    def go(self, customer: Customer, seen: Sightings, row: int) -> None:
        """Take a picture that shows somebody off the till at which they are served."""
        if customer.off_since_s is None:
            customer.off_since_s = seen.at_s
        x, y = self.tills_xy[customer.till] - seen.points_xy[row]
        away = float(np.hypot(x, y)) / float(seen.scales[row])
        walks = customer.off_since_s - customer.at_till_last_s <= STEP_S
        customer.has_gone = customer.has_gone or (walks and not customer.slow and away > self.reach + GONE)
        customer.walked_off = customer.walked_off or (walks and away > self.reach + CLEAR)


def has_handed_over(last: Customer, customer: Customer) -> bool:
    """Whether one was seen walking off from a till, and the other walking up to it after that.

    Whoever passes and is taken for the customer comes before the customer seems to go.
    """
    since_s = customer.at_till_since_s
    if since_s is None or since_s <= last.at_till_last_s:
        return False
    return customer.came_in and (last.walked_off or last.has_gone)


def has_walked_straight(customer: Customer) -> bool:
    """Whether somebody was seen walking in, from further than the line's end to a till, without coming to a stand."""
    if not (customer.walked_in and customer.was_seen_coming) or customer.has_stood or customer.at_end_since_s is None:
        return False
    return (customer.at_till_since_s or 0.0) - customer.at_end_since_s >= STEP_S
