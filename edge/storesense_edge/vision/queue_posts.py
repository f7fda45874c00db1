"""Whether anybody sits at a till: without a cashier, nobody is served where people happen to stand.

A line that is long reaches in front of tills that are closed. Whoever stands there waits. A cashier's place is staffed
while somebody is seen there again and again, and for some time after; passing it is not enough. Until somebody was
seen at any of the places, nothing is known, and every till may serve.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from storesense_edge.vision.presence import Sightings

AT_POST = 0.35
"""A cashier is seen no further than this from their place, heights."""
STAFFED_S = 2.0
"""Seen there for this long, somebody sits there ..."""
MOST_S = 4.0
"""... and more than this is not remembered ..."""
FADES = 0.1
"""... while this share of the time without a sighting is taken off again: after 20 s the place is empty."""


@dataclass(slots=True, eq=False)
class Posts:
    """The cashiers' places of one queue's tills.

    Args:
        posts_xy: (tills, 2) where each till's cashier sits; NaN where that is not known or not in view.
    """

    posts_xy: NDArray[np.float64]
    _seen_s: NDArray[np.float64] = field(init=False)
    _is_known: bool = False

    def __post_init__(self) -> None:
        """Begin without anybody."""
        self._seen_s = np.zeros(len(self.posts_xy))

    def step(self, seen: Sightings, passed_s: float) -> None:
        """Take one picture's people, those who work here too."""
        if not len(self.posts_xy):
            return
        here = np.zeros(len(self.posts_xy), dtype=np.bool_)
        if len(seen.ids):
            off = seen.points_xy[:, None, :] - self.posts_xy[None, :, :]
            here = (np.sqrt((off * off).sum(axis=2)) <= AT_POST * seen.scales[:, None]).any(axis=0)
        self._seen_s = np.clip(self._seen_s + np.where(here, passed_s, -FADES * passed_s), 0.0, MOST_S)
        self._is_known = self._is_known or bool((self._seen_s >= STAFFED_S).any())

    def is_known(self, till: int) -> bool:
        """Whether it is in view whether a till has a cashier."""
        return self._is_known and till < len(self.posts_xy) and bool(np.isfinite(self.posts_xy[till]).all())

    def may_serve(self, till: int) -> bool:
        """Whether anybody may be served at a till."""
        if not self._is_known or till >= len(self.posts_xy) or not np.isfinite(self.posts_xy[till]).all():
            return True
        return bool(self._seen_s[till] >= STAFFED_S)
