"""One floor from several cameras: who is seen by two of them at once, and who has gone from one to the next.

Each camera follows the people on its own part of the floor under numbers of its own. Where two cameras look at the same
floor, two of these are one person if they stand and walk in the same place for a while. Where one camera's floor ends
and the next one's begins, somebody who is lost here and somebody who is found there are one if their walks meet in the
middle of the gap, at one pace. All are matched at once, the best pairs first (Kuhn 1955), and two whom one camera shows
at the same time are two people. Clocks of cameras that differ by a tenth of a second do no more harm than people can
walk in it. Whoever is known to work here at one camera does so at the next, if both follow them alone: of two people
side by side either may go under the other's number from then on, so that they are strangers until they are known again.
Nothing but place, time and pace is looked at, all of it is forgotten with the person, and nothing leaves the edge box.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

from storesense_edge.vision.followers import Follower, Pair, beside
from storesense_edge.vision.handover_settings import HandoverSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from storesense_edge.vision.camera_observation import FloorPlaces

MOST_FOLLOWED = 1_000
"""Of all cameras together; whoever comes on top of these is followed by their camera alone."""

_UNLIKELY = 1e3
_PAIR_S = 5.0
"""Two who were not compared for longer than this begin anew."""
_SILENT_S = 2.0
"""A camera without a picture for longer than this sees nobody."""
_AWAY_S = 30.0
"""Of a camera without a picture for longer than this, nobody is remembered."""


class Handover:
    """Follows the people of a floor that several cameras see, from one to the next.

    Args:
        settings: when two cameras' people are one.
    """

    def __init__(self, settings: HandoverSettings | None = None) -> None:
        self.settings = settings or HandoverSettings()
        self._followed: dict[tuple[str, int], Follower] = {}
        self._wholes: dict[int, list[Follower]] = {}
        self._pairs: dict[tuple[int, int], tuple[Follower, Follower, Pair]] = {}
        self._last: dict[str, FloorPlaces] = {}
        self._next = 1
        self._now_s = float("-inf")
        self._looked_s = float("-inf")

    def step(self, camera_id: str, places: FloorPlaces) -> None:
        """Take the people of one camera's picture.

        Args:
            camera_id: which camera.
            places: its people, by a clock that all cameras share, and about in the order of that: what comes later
                than another camera's is judged as well as it can be then.
        """
        at_s = places.at_s
        self._now_s = max(self._now_s, at_s)
        self._last[camera_id] = places
        here = []
        for row, number in enumerate(places.numbers.tolist()):
            follower = self._followed.get((camera_id, number))
            if follower is None:
                if len(self._followed) >= MOST_FOLLOWED:
                    continue
                follower = self._begin(camera_id, number, places.points_xy_m[row], at_s)
            follower.see(places.points_xy_m[row], at_s)
            follower.works = follower.works or number in places.staff
            here.append(follower)
        self._doubt(places, camera_id)
        self._compare(camera_id, here, at_s)
        if self._now_s - self._looked_s >= self.settings.look_s:
            self._looked_s = self._now_s
            self._forget()
            self._part()
            for pair in self._seen_together():
                self._join(*pair)
            for pair in self._gone_over():
                if self._join(*pair):
                    self._tell(*pair)
            self._tell_next()

    def leave(self, camera_id: str) -> None:
        """Forget a camera and all whom it follows: it ends, or begins anew with other numbers."""
        self._last.pop(camera_id, None)
        for follower in [f for f in self._followed.values() if f.camera_id == camera_id]:
            self._drop(follower)
        self._forget_pairs()

    def whole_of(self, camera_id: str, number: int) -> int | None:
        """Return the floor's number of one of a camera's people; None for somebody forgotten."""
        follower = self._followed.get((camera_id, number))
        return None if follower is None else follower.whole

    def staff_of(self, camera_id: str) -> frozenset[int]:
        """Return a camera's numbers of those who are known to work here, by that camera or by others."""
        return frozenset(f.number for f in self._followed.values() if f.works and f.camera_id == camera_id)

    @property
    def people(self) -> int:
        """How many are here, or may be on the way from one camera to the next."""
        return len(self._wholes)

    # ---- people

    def _begin(self, camera_id: str, number: int, xy: NDArray[np.float64], at_s: float) -> Follower:
        follower = Follower(camera_id, number, self._next, at_s, xy, at_s, xy)
        self._next += 1
        self._followed[camera_id, number] = follower
        self._wholes[follower.whole] = [follower]
        return follower

    def _drop(self, follower: Follower) -> None:
        del self._followed[follower.camera_id, follower.number]
        self._wholes[follower.whole].remove(follower)
        if not self._wholes[follower.whole]:
            del self._wholes[follower.whole]

    def _is_fresh(self, follower: Follower) -> bool:
        """Whether their camera sees them: cameras with few pictures a second, or late ones, see as well as others."""
        last_s = self._last[follower.camera_id].at_s
        return last_s - follower.seen_s <= self.settings.fresh_s and self._now_s - last_s <= _SILENT_S

    def _forget(self) -> None:
        since_s = self._now_s - self.settings.gap_s - 2 * self.settings.settle_s - self.settings.look_s
        for follower in list(self._followed.values()):
            last = self._last[follower.camera_id]
            is_here = follower.number in last.present and self._now_s - last.at_s <= _AWAY_S
            if follower.seen_s < since_s and not is_here:
                self._drop(follower)
        self._forget_pairs()

    def _forget_pairs(self) -> None:
        followed = set(map(id, self._followed.values()))
        self._pairs = {
            key: (one, other, pair)
            for key, (one, other, pair) in self._pairs.items()
            if self._now_s - pair.at_s <= _PAIR_S and followed >= set(key)
        }

    def _is_found(self, follower: Follower) -> bool:
        """Whether their own camera knows that they work here."""
        return follower.number in self._last[follower.camera_id].staff

    # ---- who works here

    def _doubt(self, places: FloorPlaces, camera_id: str) -> None:
        """Forget what other cameras say of people who are beside somebody else."""
        near = [
            follower
            for follower in self._followed.values()
            if follower.camera_id == camera_id
            and places.at_s - follower.seen_s <= _SILENT_S
            and follower.number in places.present
        ]
        for follower in beside(near, self.settings.beside_m):
            follower.beside_s = places.at_s
            follower.works = follower.number in places.staff

    def _tell(self, one: Follower, other: Follower) -> None:
        """Let both work here if one does, unless either may be somebody else by now."""
        alone_s = self.settings.alone_s
        if one.works != other.works and one.is_alone(alone_s) and other.is_alone(alone_s):
            one.works = other.works = True

    def _tell_next(self) -> None:
        """Tell it from camera to camera of whomever both see now, as one."""
        for one, other, pair in self._pairs.values():
            if one.whole == other.whole and self._are_together(one, other, pair):
                self._tell(one, other)

    # ---- who is one

    def _are_together(self, one: Follower, other: Follower, pair: Pair) -> bool:
        """Whether both cameras see them, in one place, and have for a while."""
        return (
            pair.together_s >= self.settings.together_s
            and pair.mean_m <= self.settings.near_m
            and self._is_fresh(one)
            and self._is_fresh(other)
        )

    def _compare(self, camera_id: str, here: list[Follower], at_s: float) -> None:
        """Note how far people of this picture are from those whom other cameras see just now."""
        cfg = self.settings
        others = [f for f in self._followed.values() if f.camera_id != camera_id and self._is_fresh(f)]
        if not here or not others:
            return
        places = np.array([other.at(at_s) for other in others])
        away_m = np.linalg.norm(np.array([f.xy for f in here])[:, None] - places[None], axis=2)
        joined = np.array([f.whole for f in here])[:, None] == np.array([f.whole for f in others])[None]
        for row, column in np.argwhere((away_m <= 2 * cfg.apart_m) | joined).tolist():
            one, other = here[row], others[column]
            key = (min(id(one), id(other)), max(id(one), id(other)))
            three = self._pairs.get(key)
            if three is None:
                three = self._pairs[key] = (one, other, Pair(at_s))
            three[2].see(float(away_m[row, column]), at_s, cfg.apart_m)

    def _may_join(self, one: Follower, other: Follower) -> bool:
        """Whether two are not one yet, and no camera shows both at once."""
        if one.whole == other.whole:
            return False
        fresh = {f.camera_id for f in self._wholes[one.whole] if self._is_fresh(f)}
        return fresh.isdisjoint(f.camera_id for f in self._wholes[other.whole] if self._is_fresh(f))

    def _part(self) -> None:
        """Take those apart again who were one and are seen in two places."""
        for one, other, pair in self._pairs.values():
            if one.whole == other.whole and pair.apart_s >= self.settings.apart_s:
                younger = one if one.first_s > other.first_s else other
                self._wholes[younger.whole].remove(younger)
                younger.whole, younger.is_settled = self._next, True
                self._wholes[self._next] = [younger]
                self._next += 1
                # What one's camera knew was never known of the other.
                for follower in (younger, *self._wholes[(other if younger is one else one).whole]):
                    follower.works = self._is_found(follower)
                pair.together_s = pair.apart_s = pair.mean_m = 0.0

    def _seen_together(self) -> Iterable[tuple[Follower, Follower]]:
        costs = {
            (one, other): pair.mean_m / self.settings.near_m
            for one, other, pair in self._pairs.values()
            if self._may_join(one, other) and self._are_together(one, other, pair)
        }
        cameras = sorted({follower.camera_id for pair in costs for follower in pair})
        for place, first in enumerate(cameras):
            for second in cameras[place + 1 :]:
                between = {
                    (a, b) if a.camera_id == first else (b, a): cost
                    for (a, b), cost in costs.items()
                    if {a.camera_id, b.camera_id} == {first, second}
                }
                yield from _best(between)

    def _gone_over(self) -> Iterable[tuple[Follower, Follower]]:
        """Match those who are new to a camera with those whom another one has lost."""
        cfg = self.settings
        due = [f for f in self._followed.values() if not f.is_settled and f.seen_s - f.first_s >= cfg.settle_s]
        if not due:
            return
        lost = [
            max(members, key=_seen_s)
            for members in self._wholes.values()
            if not any(self._is_fresh(f) for f in members)
        ]
        costs = {}
        for follower in due:
            # Whoever is still seen by the camera that they leave is looked for again.
            follower.is_settled = len(self._wholes[follower.whole]) > 1 or self._now_s - follower.first_s > cfg.gap_s
            if follower.is_settled:
                continue
            for gone in lost:
                if gone.camera_id != follower.camera_id and self._may_join(follower, gone):
                    cost = self._gap_cost(gone, follower)
                    if cost <= 1.0:
                        costs[follower, gone] = cost
        yield from _best(costs)

    def _gap_cost(self, gone: Follower, come: Follower) -> float:
        """How unlikely it is that somebody lost is somebody found: 1 is the most that is believed."""
        cfg = self.settings
        gap_s = come.first_s - gone.seen_s
        if not -2 * cfg.settle_s <= gap_s <= cfg.gap_s:
            return _UNLIKELY
        reach_m = cfg.reach_m + cfg.reach_m_s * abs(gap_s)
        if float(np.linalg.norm(gone.pace - come.pace)) > cfg.pace_m_s:
            # People turn and stop at seams, too; hardly any time is left for that to be somebody else.
            beside_m = float(np.linalg.norm(gone.xy - come.first_xy))
            return 0.5 + beside_m / (2 * reach_m) if abs(gap_s) <= cfg.turn_s else _UNLIKELY
        off = (gone.xy + gone.pace * (gap_s / 2)) - (come.first_xy - come.pace * (gap_s / 2))
        return float(np.linalg.norm(off)) / reach_m

    def _join(self, one: Follower, other: Follower) -> bool:
        """Make two one; False if by now they cannot be."""
        if not self._may_join(one, other):
            return False
        stays, goes = sorted((one.whole, other.whole))
        for follower in self._wholes.pop(goes):
            follower.whole = stays
            self._wholes[stays].append(follower)
        return True


def _seen_s(follower: Follower) -> float:
    return follower.seen_s


def _best(costs: dict[tuple[Follower, Follower], float]) -> list[tuple[Follower, Follower]]:
    """Return the pairs that match the most at the least cost, nobody twice."""
    if not costs:
        return []
    rows = list(dict.fromkeys(a for a, _ in costs))
    columns = list(dict.fromkeys(b for _, b in costs))
    table = np.full((len(rows), len(columns)), _UNLIKELY)
    place_of: Callable[[list[Follower], Follower], int] = list.index
    for (a, b), cost in costs.items():
        table[place_of(rows, a), place_of(columns, b)] = cost
    return [
        (rows[i], columns[j])
        for i, j in zip(*(part.tolist() for part in linear_sum_assignment(table)), strict=True)
        if table[i, j] < _UNLIKELY
    ]
