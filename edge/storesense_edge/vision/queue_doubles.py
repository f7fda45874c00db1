"""Cashiers who seem to stand where customers do: one body behind a counter, and two places on the floor.

Where a counter hides legs, a box may end at the counter or go on below it, and the same cashier is found now at their
place and now a metre further from the camera, where customers of that till or the next one are served. What tells is
that never both are found in one picture. If there were two, each found in so many of the pictures, about the product of
these shares would show both (independent misses). So while somebody is at a till, it is counted how many pictures show
them, how many show each of the nearest cashiers, and how many show both.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from storesense_edge.vision.queue_posts import AT_POST

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from storesense_edge.vision.presence import Sightings

NEAREST = 2
"""The cashier of a till, and the one of the lane behind it."""
DUE = 2.0
"""When so many pictures should have shown both by chance ..."""
SHARE = 0.1
"""... and no more than this share of those did, there is only one of them."""
EMPTY_S = 10.0
"""Nobody found at a till for this long: whoever is found there next is counted anew."""
MEMORY_S = 30.0
"""What was seen longer ago than this weighs half, and half again."""


@dataclass(slots=True, eq=False)
class Doubles:
    """The customers' places of one queue, and the cashiers who may seem to be there.

    Args:
        tills_xy: (tills, 2) where customers are served.
        cashiers_xy: (cashiers, 2) where cashiers sit.
        reach: how near to a till's place somebody is at it, heights.
    """

    tills_xy: NDArray[np.float64]
    cashiers_xy: NDArray[np.float64]
    reach: float
    _pairs: NDArray[np.intp] = field(init=False)
    _counts: NDArray[np.float64] = field(init=False)
    _begun_s: NDArray[np.float64] = field(init=False)
    _found_s: NDArray[np.float64] = field(init=False)
    _before_s: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        """Find out which cashiers are nearest to each till."""
        off = self.tills_xy[:, None, :] - self.cashiers_xy[None, :, :]
        self._pairs = np.argsort((off * off).sum(axis=2), axis=1, kind="stable")[:, :NEAREST]
        # By till and cashier: pictures, those with somebody at the till, at the cashier's place, and at both.
        self._counts = np.zeros((*self._pairs.shape, 4))
        self._begun_s = np.zeros(len(self.tills_xy))
        self._found_s = np.full(len(self.tills_xy), -np.inf)
        self._before_s = self._found_s.copy()

    def step(self, everybody: Sightings) -> None:
        """Take one picture's people, those who work here too."""
        if not self._pairs.size:
            return
        at_till, at_post = self._found(everybody)
        at_s = everybody.at_s
        anew = at_till & (at_s - self._found_s > EMPTY_S)
        self._counts[anew], self._begun_s[anew], self._before_s[anew] = 0.0, at_s, self._found_s[anew]
        self._found_s[at_till] = at_s
        old = at_s - self._begun_s > MEMORY_S
        self._counts[old] /= 2
        self._begun_s[old] = at_s
        posts = at_post[self._pairs]
        tills = np.broadcast_to(at_till[:, None], posts.shape)
        self._counts += np.stack([np.ones_like(posts), tills, posts, tills & posts], axis=2)

    def _found(self, everybody: Sightings) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Who is where: (tills,) and (cashiers,); everybody is only where they are nearest to."""
        places = np.concatenate([self.tills_xy, self.cashiers_xy])
        here = np.zeros(len(places), dtype=np.bool_)
        if len(everybody.ids):
            off = everybody.points_xy[:, None, :] - places[None, :, :]
            away = np.sqrt((off * off).sum(axis=2)) / everybody.scales[:, None]
            away = np.where(np.isfinite(away), away, np.inf)
            reach = np.concatenate([np.full(len(self.tills_xy), self.reach), np.full(len(self.cashiers_xy), AT_POST)])
            nearest = away.argmin(axis=1)
            here[nearest[away[np.arange(len(nearest)), nearest] <= reach[nearest]]] = True
        return here[: len(self.tills_xy)], here[len(self.tills_xy) :]

    def left_s(self, till: int) -> float:
        """Return when whoever was at a till before the one who is counted now was found there last."""
        return float(self._before_s[till])

    def is_cashier(self, till: int) -> bool:
        """Whether who seems to be at a till is a cashier who is at their own place."""
        pictures, at_till, at_post, both = self._counts[till].T
        due = at_till * at_post / np.maximum(pictures, 1.0)
        # Who passed a cashier's place was not there while somebody stood at the till.
        is_known = (due >= DUE) & (at_post >= SHARE * at_till)
        return bool((is_known & (both <= SHARE * due)).any())
