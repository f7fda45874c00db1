"""Since when a till of one queue has been free: one that serves, and at which nobody is or seems to be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from storesense_edge.vision.presence import Sightings
    from storesense_edge.vision.queue_ground import Ground
    from storesense_edge.vision.queue_posts import Posts

PASS_S = 2.0
"""Seen where customers of a till stand for longer than this, and not missed for so long, somebody stands there."""


@dataclass(slots=True)
class FreeTills:
    """The free ones of one queue's tills.

    Args:
        tills: how many there are.

    Attributes:
        freed_s: of each till, when its last service was over.
        passed_s: of each till, when somebody was seen there last who was not served.
        since_s: since when a till has been free that serves; None while there is none.
    """

    tills: int
    freed_s: dict[int, float] = field(default_factory=dict)
    passed_s: dict[int, float] = field(default_factory=dict)
    since_s: float | None = None
    _manned_s: dict[int, float] = field(default_factory=dict)
    _stood_s: dict[int, tuple[float, float]] = field(default_factory=dict)

    def look_at_workers(self, everybody: Sightings, ground: Ground, reach: float) -> None:
        """Note at which tills somebody stands in a customer's place who works here, or seems to.

        A customer may have the number of somebody who works here, and be in no line for that.
        """
        if not everybody.staff_ids:
            return
        tills, distances = ground.tills_of(everybody)
        for row in np.flatnonzero(distances <= reach).tolist():
            xy, scale, off = everybody.points_xy[row], float(everybody.scales[row]), float(distances[row])
            if int(everybody.ids[row]) in everybody.staff_ids and ground.is_customers_place(xy, scale, off):
                self.stand(int(tills[row]), everybody.at_s)

    def stand(self, till: int, at_s: float) -> None:
        """Note that somebody is seen where customers of a till stand, whoever that is; nobody else can be served there.

        Only who stands there for a time keeps it from being free; others pass.
        """
        since_s, last_s = self._stood_s.get(till, (at_s, at_s))
        if at_s - last_s > PASS_S:
            since_s = at_s
        self._stood_s[till] = (since_s, at_s)
        if at_s - since_s >= PASS_S:
            self.passed_s[till] = at_s

    def look(self, held: AbstractSet[int], posts: Posts, at_s: float) -> None:
        """Find out since when a till has been free.

        Args:
            held: the tills at which somebody is.
            posts: which of them have a cashier.
            at_s: now.
        """
        since_s: list[float] = []
        for till in range(self.tills):
            if not posts.may_serve(till) or not (posts.is_known(till) or till in self.freed_s):
                self._manned_s.pop(till, None)
                continue
            manned_s = self._manned_s.setdefault(till, at_s)
            if till not in held:
                # Where somebody merely passed nobody could be served meanwhile.
                since_s.append(max(manned_s, *(when.get(till, manned_s) for when in (self.freed_s, self.passed_s))))
        self.since_s = min(since_s, default=None)

    def for_s(self, at_s: float) -> float:
        """For how long a till has been free."""
        return 0.0 if self.since_s is None else at_s - self.since_s
