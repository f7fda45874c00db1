"""Who works here, by where they stay and for how long: behind a counter, at a post, a shift. Nobody is recognized.

Whoever has been in a staff area for some time works here for as long as they are the same person (see
`floor_people`). So does whoever stands in one place, and not in line, for longer than any customer would, and whoever
is in view of one camera for as long as no shopper is. Where the first of these stand becomes a post: a place, of which
it is known that staff stand there, and not who. Whoever comes back to it is told sooner. Staff who walk about like
everybody else come under none of this; what share of the people's time is known to be staff's, and what share may be,
is reported, so nothing is left out in silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot
from typing import TYPE_CHECKING

import numpy as np

from storesense_edge.vision.heatmap import at_posts
from storesense_edge.vision.polygon import PolygonSet

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from numpy.typing import NDArray

MAX_GAP_S = 90.0
"""Whoever was hidden for longer was not waited for; see `floor_people`."""
MOST_POSTS = 30
MOST_PLACES = 8
"""Of one person; of more, the one where they stood the least is forgotten."""


@dataclass(frozen=True, slots=True)
class StaffPlaces:
    """Where only staff stay, on the floor.

    Attributes:
        areas_xy_m: corners of areas behind counters and of back rooms.
        posts_xy_m: where cashiers stand.
        post_m: within this distance of a post somebody is at it.
        after_s: so long in such a place in total, somebody works here.
        shift_s: followed by one camera for so long, somebody works here wherever they stand.
        stand_s: standing in one place for so long in all, and not in line, somebody works here, and it becomes a post.
        unsure_s: standing in one place for so long in all, and not in line, somebody may work here.
        place_m: within this distance of where somebody came to a stand it is one place.
        found_after_s: so long at a post that was found, in total, somebody works here.
        found_for_s: a post at which no staff stood for so long is none any more.
    """

    areas_xy_m: tuple[tuple[tuple[float, float], ...], ...] = ()
    posts_xy_m: tuple[tuple[float, float], ...] = ()
    post_m: float = 0.6
    after_s: float = 20.0
    shift_s: float = 2_400.0
    stand_s: float = 240.0
    unsure_s: float = 90.0
    place_m: float = 0.8
    found_after_s: float = 30.0
    found_for_s: float = 43_200.0


@dataclass(frozen=True, slots=True)
class StaffShare:
    """Time that people were seen for, and staff of it.

    Attributes:
        people_s: person-seconds of everybody, staff too.
        staff_s: person-seconds of those known to work here, with those from before that was known. What another
            camera has said and taken back is taken off, so it may be below zero for a while.
        unsure_s: person-seconds of those who may work here, from when that was seen; they are not in `staff_s`. What
            was in it of somebody who turned out to work here is taken off, so it may be below zero for a while.
    """

    people_s: float
    staff_s: float
    unsure_s: float = 0.0


@dataclass(slots=True)
class _Place:
    """Where somebody has stood, and for how long in all."""

    xy_m: tuple[float, float]
    stood_s: float = 0.0


@dataclass(slots=True)
class _Person:
    """Somebody as far as a camera can follow them; it stays on the device."""

    followed_since_s: float
    seen_s: float
    places: list[_Place]
    stood_s: float = 0.0
    stayed_s: float = 0.0
    at_found_s: float = 0.0
    counted_s: float = 0.0
    unsure_s: float = 0.0
    was_here: bool = False
    was_at_found: bool = False
    works: bool = False
    is_handed: bool = False

    @property
    def is_known(self) -> bool:
        """Whether they work here, by what was seen of them here or elsewhere."""
        return self.works or self.is_handed


@dataclass(slots=True)
class _Post:
    """A place where staff stand."""

    xy_m: tuple[float, float]
    last_s: float


class StaffBook:
    """Knows who of the people works here.

    Args:
        places: where only staff stay.

    Raises:
        GeometryError: an area cannot hold anybody.
    """

    def __init__(self, places: StaffPlaces) -> None:
        self.places = places
        names = [f"staff area {number}" for number in range(1, len(places.areas_xy_m) + 1)]
        self._areas = PolygonSet(places.areas_xy_m, names=names)
        self._posts_xy_m = np.array(places.posts_xy_m, dtype=np.float64).reshape(-1, 2)
        self._people: dict[int, _Person] = {}
        self._found: list[_Post] = []
        self._people_s = self._staff_s = self._unsure_s = 0.0

    def step(
        self,
        ids: NDArray[np.int64],
        points_xy_m: NDArray[np.float64],
        present: AbstractSet[int],
        at_s: float,
        *,
        counted: NDArray[np.bool_] | None = None,
        in_line: AbstractSet[int] = frozenset(),
        handed: AbstractSet[int] = frozenset(),
    ) -> NDArray[np.bool_]:
        """Take one picture's people and return who of them works here.

        Args:
            ids: (N,) numbers of the people seen in it.
            points_xy_m: (N, 2) where they stand.
            present: everybody who is here, those not seen just now included.
            at_s: time of the picture.
            counted: (N,) whose time counts for the share; None is everybody's.
            in_line: who waits in line or is being served, and stands for that reason.
            handed: whom other cameras know to work here. What they say may be taken back.
        """
        if not self._people.keys() <= present:
            self._people = {number: person for number, person in self._people.items() if number in present}
        here: NDArray[np.bool_] = np.asarray(self._areas.contains(points_xy_m).any(axis=1))
        here |= at_posts(points_xy_m, self._posts_xy_m, self.places.post_m)
        works = np.zeros(len(ids), dtype=np.bool_)
        counts = [True] * len(ids) if counted is None else counted.tolist()
        rows = zip(ids.tolist(), points_xy_m.tolist(), here.tolist(), counts, strict=True)
        for row, (number, (x, y), is_here, does_count) in enumerate(rows):
            person = self._people.get(number)
            if person is None:
                person = self._people[number] = _Person(at_s, at_s, [_Place((x, y))])
            # Whoever was hidden meanwhile was here all the time.
            passed_s = min(at_s - person.seen_s, MAX_GAP_S)
            self._stand(person, (x, y), at_s, passed_s, is_here=is_here, is_in_line=number in in_line)
            person.seen_s = at_s
            was_known = person.is_known
            person.works = person.works or self._is_staff(person, at_s)
            person.is_handed = number in handed
            if person.is_known != was_known:
                sign = 1 if person.is_known else -1
                self._staff_s += sign * person.counted_s
                self._unsure_s -= sign * person.unsure_s
            if person.places[-1].stood_s >= self.places.stand_s and not is_here:
                self._remember(person.places[-1].xy_m, at_s)
            if does_count:
                self._count(person, passed_s)
            works[row] = person.is_known
        return works

    def _stand(
        self,
        person: _Person,
        xy_m: tuple[float, float],
        at_s: float,
        passed_s: float,
        *,
        is_here: bool,
        is_in_line: bool,
    ) -> None:
        """Note where somebody is, and for how long they have been there."""
        if not self._is_within(person.places[-1].xy_m, xy_m, self.places.place_m):
            self._move(person, xy_m)
        elif not is_in_line:
            person.places[-1].stood_s += passed_s
            person.stood_s = max(person.stood_s, person.places[-1].stood_s)
        if is_here and person.was_here:
            person.stayed_s += passed_s
        is_at_found = not is_in_line and any(
            self._is_within(post.xy_m, xy_m, self.places.post_m)
            for post in self._found
            if at_s - post.last_s <= self.places.found_for_s
        )
        if is_at_found and person.was_at_found:
            person.at_found_s += passed_s
        person.was_here, person.was_at_found = is_here, is_at_found

    def _move(self, person: _Person, xy_m: tuple[float, float]) -> None:
        """Let somebody stand in another place: one where they have stood before, or a new one."""
        back = [place for place in person.places if self._is_within(place.xy_m, xy_m, self.places.place_m)]
        here = max(back, key=lambda place: place.stood_s, default=_Place(xy_m))
        others = [place for place in person.places if place is not here]
        if len(others) >= MOST_PLACES:
            others.remove(min(others, key=lambda place: place.stood_s))
        person.places = [*others, here]

    @staticmethod
    def _is_within(one: tuple[float, float], other: tuple[float, float], reach_m: float) -> bool:
        return hypot(one[0] - other[0], one[1] - other[1]) <= reach_m

    def _is_staff(self, person: _Person, at_s: float) -> bool:
        places = self.places
        return (
            person.stayed_s >= places.after_s
            or person.stood_s >= places.stand_s
            or person.at_found_s >= places.found_after_s
            or at_s - person.followed_since_s >= places.shift_s
        )

    def _count(self, person: _Person, passed_s: float) -> None:
        self._people_s += passed_s
        person.counted_s += passed_s
        if person.is_known:
            self._staff_s += passed_s
        elif person.stood_s >= self.places.unsure_s:
            self._unsure_s += passed_s
            person.unsure_s += passed_s

    def _remember(self, xy_m: tuple[float, float], at_s: float) -> None:
        """Keep a place where staff stand; of too many, the one that was left longest ago goes."""
        near = [
            post for post in self._found if hypot(post.xy_m[0] - xy_m[0], post.xy_m[1] - xy_m[1]) <= self.places.post_m
        ]
        if near:
            near[0].last_s = at_s
            return
        kept = [post for post in self._found if at_s - post.last_s <= self.places.found_for_s]
        self._found = [*sorted(kept, key=lambda post: -post.last_s)[: MOST_POSTS - 1], _Post(xy_m, at_s)]

    def works(self, number: int | None) -> bool:
        """Whether somebody is known to work here."""
        person = None if number is None else self._people.get(number)
        return person is not None and person.is_known

    @property
    def found(self) -> frozenset[int]:
        """Those who are here and are known to work here by what was seen of them here, whatever others say."""
        return frozenset(number for number, person in self._people.items() if person.works)

    def take(self) -> StaffShare:
        """Return the time of people and of staff since the last call."""
        share = StaffShare(self._people_s, self._staff_s, self._unsure_s)
        self._people_s = self._staff_s = self._unsure_s = 0.0
        return share
