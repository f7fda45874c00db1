"""Who works here, by where they stay and for how long: behind a counter, in a back room, a shift. Nobody is recognized.

Whoever has been in a staff area for some time works here for as long as they are the same person (see
`floor_people`), and so does whoever is in view of one camera for longer than any shopper would be. Staff who walk about
like everybody else come under it late or never; what share of the people's time is known to be staff's is reported, so
nothing is left out in silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from storesense_edge.vision.polygon import PolygonSet

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from numpy.typing import NDArray

MAX_GAP_S = 3.0


@dataclass(frozen=True, slots=True)
class StaffPlaces:
    """Where only staff stay, on the floor.

    Attributes:
        areas_xy_m: corners of areas behind counters and of back rooms.
        posts_xy_m: where cashiers stand.
        post_m: within this distance of a post somebody is at it.
        after_s: so long in such a place in total, somebody works here.
        shift_s: followed by one camera for so long, somebody works here wherever they stand.
    """

    areas_xy_m: tuple[tuple[tuple[float, float], ...], ...] = ()
    posts_xy_m: tuple[tuple[float, float], ...] = ()
    post_m: float = 0.6
    after_s: float = 20.0
    shift_s: float = 2_400.0


@dataclass(frozen=True, slots=True)
class StaffShare:
    """Time that people were seen for, and staff of it.

    Attributes:
        people_s: person-seconds of everybody, staff too.
        staff_s: person-seconds of those known to work here, from when that was known.
    """

    people_s: float
    staff_s: float


@dataclass(slots=True)
class _Person:
    """Somebody as far as a camera can follow them; it stays on the device."""

    followed_since_s: float
    seen_s: float
    stayed_s: float = 0.0
    was_here: bool = False
    works: bool = False


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
        self._posts = np.array(places.posts_xy_m, dtype=np.float64).reshape(-1, 2)
        self._people: dict[int, _Person] = {}
        self._at_s: float | None = None
        self._people_s = self._staff_s = 0.0

    def step(
        self,
        ids: NDArray[np.int64],
        points_xy_m: NDArray[np.float64],
        present: AbstractSet[int],
        at_s: float,
        *,
        counted: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.bool_]:
        """Take one picture's people and return who of them works here.

        Args:
            ids: (N,) numbers of the people seen in it.
            points_xy_m: (N, 2) where they stand.
            present: everybody who is here, those not seen just now included.
            at_s: time of the picture.
            counted: (N,) whose time counts for the share; None is everybody's.
        """
        passed_s = 0.0 if self._at_s is None else min(max(at_s - self._at_s, 0.0), MAX_GAP_S)
        self._at_s = at_s
        if not self._people.keys() <= present:
            self._people = {number: person for number, person in self._people.items() if number in present}
        here: NDArray[np.bool_] = np.asarray(self._areas.contains(points_xy_m).any(axis=1))
        if len(self._posts) and len(ids):
            off = points_xy_m[:, None, :] - self._posts[None, :, :]
            here |= ((off * off).sum(axis=2) <= self.places.post_m**2).any(axis=1)
        works = np.zeros(len(ids), dtype=np.bool_)
        rows = zip(ids.tolist(), here.tolist(), strict=True)
        for row, (number, is_here) in enumerate(rows):
            person = self._people.get(number)
            if person is None:
                person = self._people[number] = _Person(at_s, at_s)
            if is_here and person.was_here:
                # Whoever was hidden meanwhile was here all the time.
                person.stayed_s += at_s - person.seen_s
            person.was_here, person.seen_s = is_here, at_s
            if not person.works:
                is_long = at_s - person.followed_since_s >= self.places.shift_s
                person.works = is_long or person.stayed_s >= self.places.after_s
            works[row] = person.works
        self._people_s += passed_s * (len(ids) if counted is None else int(counted.sum()))
        self._staff_s += passed_s * int((works if counted is None else works & counted).sum())
        return works

    def works(self, number: int | None) -> bool:
        """Whether somebody is known to work here."""
        person = None if number is None else self._people.get(number)
        return person is not None and person.works

    def take(self) -> StaffShare:
        """Return the time of people and of staff since the last call."""
        share = StaffShare(self._people_s, self._staff_s)
        self._people_s = self._staff_s = 0.0
        return share
