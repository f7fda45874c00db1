"""Who works here, by where they stay: behind a counter, in a back room. Nobody is recognized.

Whoever has been in a staff area for some time works here for as long as they are followed. Somebody lost in there and
found again comes under it anew. Staff who walk the floor like everybody else are not told apart by this; what share
of the people's time is known to be staff's is reported, so nothing is left out in silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from storesense_edge.vision.polygon import PolygonSet

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    """

    areas_xy_m: tuple[tuple[tuple[float, float], ...], ...] = ()
    posts_xy_m: tuple[tuple[float, float], ...] = ()
    post_m: float = 0.6
    after_s: float = 20.0


@dataclass(frozen=True, slots=True)
class StaffShare:
    """Time that people were seen for, and staff of it.

    Attributes:
        people_s: person-seconds of everybody, staff too.
        staff_s: person-seconds of those known to work here, from when that was known.
    """

    people_s: float
    staff_s: float


class StaffBook:
    """Knows which tracks are staff's.

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
        self._stayed_s: dict[int, float] = {}
        self._at_s: float | None = None
        self._people_s = self._staff_s = 0.0

    def step(
        self, ids: NDArray[np.int64], points_xy_m: NDArray[np.float64], present_ids: Sequence[int], at_s: float
    ) -> NDArray[np.bool_]:
        """Take one picture's people and return who of them works here.

        Args:
            ids: (N,) tracks seen in it.
            points_xy_m: (N, 2) where they stand.
            present_ids: every track, those not seen just now included.
            at_s: time of the picture.
        """
        passed_s = 0.0 if self._at_s is None else min(max(at_s - self._at_s, 0.0), MAX_GAP_S)
        self._at_s = at_s
        here = self._areas.contains(points_xy_m).any(axis=1)
        if len(self._posts) and len(ids):
            off = points_xy_m[:, None, :] - self._posts[None, :, :]
            here |= ((off * off).sum(axis=2) <= self.places.post_m**2).any(axis=1)
        for track_id in ids[here].tolist():
            self._stayed_s[track_id] = self._stayed_s.get(track_id, 0.0) + passed_s
        works = np.array([self.works(track_id) for track_id in ids.tolist()], dtype=np.bool_)
        self._people_s += passed_s * len(ids)
        self._staff_s += passed_s * int(works.sum())
        if len(self._stayed_s) > 2 * len(present_ids) + 16:
            present = set(present_ids)
            self._stayed_s = {i: stayed_s for i, stayed_s in self._stayed_s.items() if i in present}
        return works

    def works(self, track_id: int) -> bool:
        """Whether a track is known to be somebody's who works here."""
        return self._stayed_s.get(track_id, 0.0) >= self.places.after_s

    def take(self) -> StaffShare:
        """Return the time of people and of staff since the last call."""
        share = StaffShare(self._people_s, self._staff_s)
        self._people_s = self._staff_s = 0.0
        return share
