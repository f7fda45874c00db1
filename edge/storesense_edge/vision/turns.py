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

    from storesense_edge.vision.floor_person import Person


@dataclass(frozen=True, slots=True)
class TurnSettings:
    """When two are one. Lengths in heights, times in seconds.

    Attributes:
        near: with their places no further apart than this, two may be one ...
        due: ... when so many pictures should have shown both by chance ...
        share: ... and no more than this share of those did.
        in_sight: so far apart along the line of sight ...
        across_sight: ... and no further than this across it, two may be one as well: where something hides the legs a
            box tells well in which direction somebody is, and not how far away.
        look_s: who is near whom is looked at this often.
        memory_pictures: older pictures count half as much each time so many have passed.
    """

    near: float = 0.35
    due: float = 3.5
    share: float = 0.1
    in_sight: float = 1.3
    across_sight: float = 0.2
    look_s: float = 0.5
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
        eye_xy: the point of the plane above which the camera is; None where that is not known.
    """

    def __init__(self, settings: TurnSettings | None = None, *, eye_xy: tuple[float, float] | None = None) -> None:
        self.settings = settings or TurnSettings()
        self._eye_xy = eye_xy
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
            self._look(people)
        return self._turns(people, seen) if self._pairs and seen else []

    def _look(self, people: Mapping[int, Person]) -> None:
        """Keep the pairs of those who are near one another, seen just now or waited for, and forget all others."""
        cfg = self.settings
        here = sorted(people.values(), key=lambda person: person.place_xy[0])
        before, self._pairs = self._pairs, {}
        reach = cfg.near if self._eye_xy is None else max(cfg.near, cfg.in_sight)
        for place, one in enumerate(here):
            for other in here[place + 1 :]:
                if other.place_xy[0] - one.place_xy[0] > reach * one.scale:
                    break
                if self._may_be_one(one, other):
                    key = (min(one.number, other.number), max(one.number, other.number))
                    self._pairs[key] = before.get(key) or _Pair()

    def _may_be_one(self, one: Person, other: Person) -> bool:
        """Whether two are as near one another as the places of one person."""
        cfg = self.settings
        (x, y), scale = one.place_xy, min(one.scale, other.scale)
        off_x, off_y = other.place_xy[0] - x, other.place_xy[1] - y
        away = hypot(off_x, off_y)
        if away <= cfg.near * scale:
            return True
        if self._eye_xy is None or not away <= cfg.in_sight * scale:
            return False
        sight_x, sight_y = x + off_x / 2 - self._eye_xy[0], y + off_y / 2 - self._eye_xy[1]
        return abs(off_x * sight_y - off_y * sight_x) <= cfg.across_sight * scale * hypot(sight_x, sight_y)

    def _turns(self, people: Mapping[int, Person], seen: AbstractSet[int]) -> list[tuple[int, int]]:
        cfg = self.settings
        found: list[tuple[int, int]] = []
        taken: set[int] = set()
        # Since they were last looked at, some have left or were found to be one of the others.
        self._pairs = {key: pair for key, pair in self._pairs.items() if key[0] in people and key[1] in people}
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
