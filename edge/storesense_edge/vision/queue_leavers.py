"""Who gave up: whoever waited, and was then seen walking away from the line and from all tills.

A line that is one shorter tells that somebody is not there any more, and not where they are. They may stand by whoever
pays, be hidden, or have been counted for two. Giving up is told only of whoever was seen going: step by step, from
standing in line to well away from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from storesense_edge.vision.polygon import distance_to_edges
from storesense_edge.vision.queue_customer import Left

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from storesense_edge.vision.presence import Sightings
    from storesense_edge.vision.queue_customer import Customer, QueueSettings, QueueShape
    from storesense_edge.vision.queue_places import Places

LEAST_WAIT_S = 6.0
"""Whoever stood in line for less than this had not begun to wait."""
MOST = 100
"""Of so many people it is known when they were seen before those are forgotten who are not here any more."""
AWAY = 1.2
"""Seen further than this outside the area and from all tills, heights, somebody has walked away."""
MISSED_S = 2.0
"""Not seen for longer than this on the way, somebody else may have their number."""
REPLACED = 0.5
"""Whoever is found no further than this from where somebody stood, heights, and was not seen before, is that one."""


@dataclass(slots=True)
class _Leaver:
    joined_s: float
    inside_s: float
    place_xy: NDArray[np.float64]
    left_s: float
    seen_s: float
    is_lost: bool = False
    is_away: bool = False


@dataclass(slots=True, eq=False)
class Leavers:
    """Those who left one line lately.

    Args:
        shape: where the queue is.
        settings: how people in it are followed.
    """

    shape: QueueShape
    settings: QueueSettings
    _going: dict[int, _Leaver] = field(default_factory=dict)
    _seen_s: dict[int, float] = field(default_factory=dict)

    def leave(self, customer: Customer, at_s: float) -> None:
        """Let somebody be outside of line and tills from now on."""
        # Standing by a till that was free is no wait either.
        wait_s = min(customer.waited_s, customer.inside_s - customer.joined_s)
        if wait_s >= LEAST_WAIT_S and customer.waited_xy is not None and not customer.was_passed:
            self._going[customer.number] = _Leaver(
                customer.joined_s, customer.inside_s, customer.waited_xy, at_s, customer.seen_s
            )

    def step(self, seen: Sightings, in_any: NDArray[np.bool_]) -> None:
        """Take one picture.

        Args:
            seen: its people.
            in_any: (N,) who is in the area or at a till of any queue; whoever stands there has changed lines.
        """
        numbers = seen.ids.tolist()
        for number in seen.ids[in_any & (seen.speeds < self.settings.slow_speed)].tolist():
            self._going.pop(number, None)
        for number, leaver in list(self._going.items()):
            if self._is_replaced(leaver, seen):
                del self._going[number]
        for row, number in enumerate(numbers):
            going = self._going.get(number)
            if going is not None and not going.is_away:
                going.is_lost = going.is_lost or seen.at_s - going.seen_s > MISSED_S
                going.seen_s = seen.at_s
                going.is_away = not going.is_lost and self._off(seen, row) > AWAY
        self._seen_s.update(dict.fromkeys(numbers, seen.at_s))
        if len(self._seen_s) > MOST:
            self._seen_s = {n: seen_s for n, seen_s in self._seen_s.items() if n in seen.present_ids}

    def _is_replaced(self, leaver: _Leaver, seen: Sightings) -> bool:
        """Whether somebody stands where a leaver stood whom nobody saw coming: they have not left at all."""
        off = np.sqrt(((seen.points_xy - leaver.place_xy) ** 2).sum(axis=1)) / seen.scales
        here = seen.ids[(off <= REPLACED) & (seen.speeds < self.settings.slow_speed)]
        return any(seen.at_s - self._seen_s.get(n, -np.inf) > MISSED_S for n in here.tolist())

    def _off(self, seen: Sightings, row: int) -> float:
        """How far somebody outside the area is from it and from the nearest till, heights."""
        xy = seen.points_xy[row]
        away = self.shape.tills_xy - xy
        to_tills = float(np.sqrt((away * away).sum(axis=1)).min(initial=np.inf))
        off = min(to_tills, distance_to_edges(xy, self.shape.ring_xy)) / float(seen.scales[row])
        return off if np.isfinite(off) else 0.0

    def take(self, places: Places, at_s: float) -> list[Left]:
        """Return who has given up by now: whoever did not come and go with a customer. Their places are nobody's."""
        over = {n: each for n, each in self._going.items() if at_s - each.left_s > self.settings.end_together_s}
        self._going = {n: each for n, each in self._going.items() if n not in over}
        left: list[Left] = []
        for each in over.values():
            if each.is_away and not places.has_company(each.joined_s, each.inside_s):
                places.give_up(each.joined_s)
                left.append(Left(each.joined_s, each.inside_s, each.inside_s, served=False))
        return left
