"""People who take turns are one person: of two who stand side by side, both are seen in some picture.

A box that trembles by half a metre, as of somebody close under a camera, is given now to one track and now to another,
and each of these is taken for somebody. What gives them away is that never two of them are seen at once. If they were
two, each seen in so many of the pictures, about the product of these shares would show both (independent misses); when
several such pictures are due and there are none, or hardly any, they are one.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from storesense_edge.vision.floor_people import Person


@dataclass(frozen=True, slots=True)
class TurnSettings:
    """When two are one. Lengths in heights, times in seconds.

    Attributes:
        near: with their places no further apart than this, two may be one ...
        due: ... when so many pictures should have shown both by chance ...
        share: ... and no more than this share of those did.
        look_s: who is near whom is looked at this often.
        fresh_s: whoever was not seen for this long takes no turns any more.
        memory_pictures: older pictures count half as much each time so many have passed.
    """

    near: float = 0.35
    due: float = 3.5
    share: float = 0.1
    look_s: float = 0.5
    fresh_s: float = 4.0
    memory_pictures: int = 300


@dataclass(slots=True)
class _Pair:
    pictures: int = 0
    one: int = 0
    other: int = 0
    both: int = 0

    def halve(self) -> None:
        self.pictures //= 2
        self.one //= 2
        self.other //= 2
        self.both //= 2


class TurnWatch:
    """Finds who takes turns.

    Args:
        settings: when two are one.
    """

    def __init__(self, settings: TurnSettings | None = None) -> None:
        self.settings = settings or TurnSettings()
        self._pairs: dict[tuple[int, int], _Pair] = {}
        self._looked_s = float("-inf")

    def step(self, people: Mapping[int, Person], seen: AbstractSet[int], at_s: float) -> list[tuple[int, int]]:
        """Take one picture.

        Args:
            people: everybody who is here, by number.
            seen: the numbers of those in the picture.
            at_s: its time.

        Returns:
            Pairs of numbers that are one person, the smaller first; no number stands in two of them.
        """
        if at_s - self._looked_s >= self.settings.look_s:
            self._looked_s = at_s
            self._look(people, at_s)
        return self._turns(seen) if self._pairs and seen else []

    def _look(self, people: Mapping[int, Person], at_s: float) -> None:
        """Keep the pairs of those who are near one another, and forget all others."""
        cfg = self.settings
        fresh = sorted(
            (person for person in people.values() if at_s - person.seen_s <= cfg.fresh_s),
            key=lambda person: person.place_xy[0],
        )
        before, self._pairs = self._pairs, {}
        for place, one in enumerate(fresh):
            x, y = one.place_xy
            for other in fresh[place + 1 :]:
                reach = cfg.near * min(one.scale, other.scale)
                if other.place_xy[0] - x > cfg.near * one.scale:
                    break
                if hypot(other.place_xy[0] - x, other.place_xy[1] - y) <= reach:
                    key = (min(one.number, other.number), max(one.number, other.number))
                    self._pairs[key] = before.get(key) or _Pair()

    def _turns(self, seen: AbstractSet[int]) -> list[tuple[int, int]]:
        cfg = self.settings
        found: list[tuple[int, int]] = []
        taken: set[int] = set()
        for key, pair in self._pairs.items():
            one, other = key[0] in seen, key[1] in seen
            pair.pictures += 1
            if not one and not other:
                continue
            pair.one += one
            pair.other += other
            pair.both += one and other
            due = pair.one * pair.other / pair.pictures
            if due >= cfg.due and pair.both <= cfg.share * due and not (one and other) and taken.isdisjoint(key):
                found.append(key)
                taken.update(key)
            elif pair.pictures >= cfg.memory_pictures:
                pair.halve()
        for key in found:
            del self._pairs[key]
        return found
