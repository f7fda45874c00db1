"""From zone to zone: how many went where next, and nobody's path.

A visit to one zone that one track follows with a visit to another is one transition. Only sums leave the camera, and
only those of several people: a pair of zones that fewer took within a period is told by nobody, and adds to one common
remainder that is told under the same rule (k-anonymity, Sweeney 2002). What is not told is not kept either.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from storesense_edge.vision.presence import Stay

FEWEST_TOLD = 5
"""Fewer people than this are never told of."""
WITHIN_S = 120.0
"""Whoever comes to the next zone later than this has been elsewhere meanwhile."""


@dataclass(frozen=True, slots=True)
class Transition:
    """People who went from one zone to another.

    Attributes:
        from_zone_id: where they were.
        to_zone_id: where they came next.
        people: how many, `FEWEST_TOLD` or more.
    """

    from_zone_id: str
    to_zone_id: str
    people: int


@dataclass(frozen=True, slots=True)
class Transitions:
    """A period's transitions.

    Attributes:
        told: the pairs that enough people took.
        suppressed: people of all other pairs together; 0 if they are fewer than `FEWEST_TOLD`, or so many that it would
            follow of a single pair that somebody took it.
    """

    told: tuple[Transition, ...]
    suppressed: int


class TransitionCounter:
    """Counts transitions.

    Args:
        zone_ids: the zones, in the order of the stays' areas.
        within_s: longest time between two visits of one transition.
    """

    def __init__(self, zone_ids: tuple[str, ...], *, within_s: float = WITHIN_S) -> None:
        self._zone_ids = zone_ids
        self._within_s = within_s
        self._last: dict[int, tuple[int, float]] = {}
        self._people: Counter[tuple[int, int]] = Counter()

    def step(self, visits: Iterable[tuple[int, Stay]], at_s: float) -> None:
        """Take the visits that are over now, each with the track that it was followed by."""
        for track_id, stay in sorted(visits, key=lambda visit: visit[1].first_s):
            before = self._last.get(track_id)
            if before is not None and before[0] != stay.area and stay.first_s - before[1] <= self._within_s:
                self._people[before[0], stay.area] += 1
            self._last[track_id] = (stay.area, stay.last_s)
        if len(self._last) > 1_000:
            self._last = {i: last for i, last in self._last.items() if at_s - last[1] <= self._within_s}

    def take(self) -> Transitions:
        """Return what may be told of the time since the last call, and forget it all.

        The longer the time between two calls, the more pairs are told; a quarter of an hour is meant.
        """
        told = tuple(
            Transition(self._zone_ids[a], self._zone_ids[b], people)
            for (a, b), people in sorted(self._people.items())
            if people >= FEWEST_TOLD
        )
        rest = sum(people for people in self._people.values() if people < FEWEST_TOLD)
        self._people.clear()
        # Each way that is not told has fewer people; a sum that only nearly as many on each can make tells them all.
        untold_ways = len(self._zone_ids) * (len(self._zone_ids) - 1) - len(told)
        hides = FEWEST_TOLD <= rest <= (FEWEST_TOLD - 1) * (untold_ways - 1)
        return Transitions(told, rest if hides else 0)
