"""One floor from several cameras: who is seen by two of them at once, and who has gone from one to the next.

Each camera follows the people on its own part of the floor under numbers of its own. Where two cameras look at the same
floor, two of these are one person if they stand and walk in the same place for a while. Where one camera's floor ends
and the next one's begins, somebody who is lost here and somebody who is found there are one if their walks meet in the
middle of the gap, at one pace and at about one height. All are matched at once, the best pairs first (Kuhn 1955), and
two people whom one camera shows at the same time are two. Cameras whose clocks differ by a tenth of a second are told
apart by that no better than people can walk in it. Nothing but place, time, pace and height is looked at, all of it is
forgotten with the person, and the numbers stay on the edge box.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

_UNLIKELY = 1e3
_LONG_STEP_S = 0.25
"""Of the time between two pictures no more than this counts as seen together."""
_PACE_S = 0.6
"""Time constant over which somebody's pace is judged."""


@dataclass(frozen=True, slots=True)
class HandoverSettings:
    """When two cameras' people are one.

    Attributes:
        near_m: seen at once, on average no further apart than this ...
        together_s: ... for this long, two are one.
        apart_m: of those taken for one, seen this far apart ...
        apart_s: ... for this long, they are two after all.
        fresh_s: whoever was seen no longer ago than this is where they were last seen walking.
        gap_s: nobody is looked for at the next camera longer than this after they were seen.
        reach_m: walks across a gap meet within this ...
        reach_m_s: ... and this for each second of the gap.
        pace_m_s: paces before and after a gap differ by no more than this ...
        turn_s: ... unless the gap is no longer than this.
        height_m: nor do heights, where both are known.
        settle_s: whoever is new to a camera is looked at for so long before they are matched with somebody lost.
        look_s: matches are sought this often.
    """

    near_m: float = 0.7
    together_s: float = 1.0
    apart_m: float = 1.5
    apart_s: float = 1.5
    fresh_s: float = 0.4
    gap_s: float = 3.0
    reach_m: float = 0.7
    reach_m_s: float = 0.4
    pace_m_s: float = 0.9
    turn_s: float = 0.5
    height_m: float = 0.3
    settle_s: float = 0.7
    look_s: float = 0.3


@dataclass(slots=True, eq=False)
class _Follower:
    """Somebody as one camera follows them."""

    camera_id: str
    number: int
    whole: int
    first_s: float
    first_xy: NDArray[np.float64]
    seen_s: float
    xy: NDArray[np.float64]
    pace: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))
    height_m: float = np.nan
    is_settled: bool = False

    def at(self, at_s: float) -> NDArray[np.float64]:
        """Where they are at a time near to that of the last sighting."""
        place: NDArray[np.float64] = self.xy + self.pace * (at_s - self.seen_s)
        return place

    def see(self, xy: NDArray[np.float64], height_m: float, at_s: float) -> None:
        passed_s = at_s - self.seen_s
        if passed_s > 0:
            known_s = self.seen_s - self.first_s
            share = max(-np.expm1(-passed_s / _PACE_S), passed_s / (passed_s + known_s))
            self.pace = self.pace + share * ((xy - self.xy) / passed_s - self.pace)
        if np.isfinite(height_m):
            self.height_m = height_m if np.isnan(self.height_m) else self.height_m + 0.1 * (height_m - self.height_m)
        self.xy, self.seen_s = xy, max(at_s, self.seen_s)


@dataclass(slots=True)
class _Pair:
    at_s: float
    mean_m: float = 0.0
    together_s: float = 0.0
    apart_s: float = 0.0

    def see(self, away_m: float, at_s: float, apart_m: float) -> None:
        passed_s = min(max(at_s - self.at_s, 0.0), _LONG_STEP_S)
        self.at_s = max(at_s, self.at_s)
        self.together_s += passed_s
        # A mean of all at first, then of the last three seconds.
        self.mean_m += (away_m - self.mean_m) * (passed_s / max(min(self.together_s, 3.0), 1e-6))
        self.apart_s = self.apart_s + passed_s if away_m > apart_m else 0.0


class Handover:
    """Numbers the people of a floor that several cameras see.

    Args:
        settings: when two cameras' people are one.
    """

    def __init__(self, settings: HandoverSettings | None = None) -> None:
        self.settings = settings or HandoverSettings()
        self._followed: dict[tuple[str, int], _Follower] = {}
        self._wholes: dict[int, list[_Follower]] = {}
        self._pairs: dict[tuple[int, int], tuple[_Follower, _Follower, _Pair]] = {}
        self._present: dict[str, frozenset[int]] = {}
        self._next = 1
        self._now_s = float("-inf")
        self._looked_s = float("-inf")
        self._merged: dict[str, list[tuple[int, int]]] = {}

    def step(
        self,
        camera_id: str,
        numbers: NDArray[np.int64],
        points_xy_m: NDArray[np.float64],
        at_s: float,
        *,
        present: frozenset[int],
        heights_m: NDArray[np.float64] | None = None,
    ) -> NDArray[np.int64]:
        """Take the people of one camera's picture.

        Args:
            camera_id: which camera.
            numbers: (N,) its own numbers for them, each once.
            points_xy_m: (N, 2) where they stand on the floor that all cameras share, finite.
            at_s: when, by a clock that all cameras share; no earlier than this camera's last picture.
            present: its numbers of everybody who is still there, those not seen just now included.
            heights_m: (N,) how tall they are; NaN or None where that is not known.

        Returns:
            (N,) numbers that are the same for one person in all cameras.
        """
        self._now_s = max(self._now_s, at_s)
        self._present[camera_id] = present | frozenset(numbers.tolist())
        self._merged.setdefault(camera_id, [])
        here = []
        for row, number in enumerate(numbers.tolist()):
            follower = self._followed.get((camera_id, number))
            height_m = float("nan") if heights_m is None else float(heights_m[row])
            if follower is None:
                follower = self._begin(camera_id, number, points_xy_m[row], at_s)
            follower.see(points_xy_m[row], height_m, at_s)
            here.append(follower)
        self._compare(camera_id, here, at_s)
        if self._now_s - self._looked_s >= self.settings.look_s:
            self._looked_s = self._now_s
            self._forget()
            self._part()
            self._join(self._seen_together())
            self._join(self._gone_over())
        return np.array([follower.whole for follower in here], dtype=np.int64)

    def whole_of(self, camera_id: str, number: int) -> int | None:
        """Return the floor's number of one of a camera's people; None for somebody forgotten."""
        follower = self._followed.get((camera_id, number))
        return None if follower is None else follower.whole

    def take_merged(self, camera_id: str) -> tuple[tuple[int, int], ...]:
        """Return (old number, number that stays) of people found to be one, since this camera's last call."""
        merged, self._merged[camera_id] = tuple(self._merged.get(camera_id, ())), []
        return merged

    @property
    def present(self) -> frozenset[int]:
        """The floor's numbers of everybody who is here, or may be on the way from one camera to the next."""
        return frozenset(self._wholes)

    # ---- people

    def _begin(self, camera_id: str, number: int, xy: NDArray[np.float64], at_s: float) -> _Follower:
        follower = _Follower(camera_id, number, self._next, at_s, xy, at_s, xy)
        self._next += 1
        self._followed[camera_id, number] = follower
        self._wholes[follower.whole] = [follower]
        return follower

    def _is_fresh(self, follower: _Follower) -> bool:
        return self._now_s - follower.seen_s <= self.settings.fresh_s

    def _forget(self) -> None:
        since_s = self._now_s - self.settings.gap_s - 2 * self.settings.settle_s - self.settings.look_s
        for key, follower in list(self._followed.items()):
            if follower.seen_s < since_s and follower.number not in self._present.get(follower.camera_id, ()):
                del self._followed[key]
                self._wholes[follower.whole].remove(follower)
                if not self._wholes[follower.whole]:
                    del self._wholes[follower.whole]
        self._pairs = {key: three for key, three in self._pairs.items() if self._now_s - three[2].at_s <= 5.0}

    def _compare(self, camera_id: str, here: list[_Follower], at_s: float) -> None:
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
                three = self._pairs[key] = (one, other, _Pair(at_s))
            three[2].see(float(away_m[row, column]), at_s, cfg.apart_m)

    def _are_alike(self, one: _Follower, other: _Follower) -> bool:
        # A height that is not known differs from none.
        return not abs(one.height_m - other.height_m) > self.settings.height_m

    def _may_join(self, one: _Follower, other: _Follower) -> bool:
        """Whether two are not one yet, and no camera shows both at once."""
        if one.whole == other.whole:
            return False
        fresh = {f.camera_id for f in self._wholes[one.whole] if self._is_fresh(f)}
        return fresh.isdisjoint(f.camera_id for f in self._wholes[other.whole] if self._is_fresh(f))

    # ---- who is one

    def _part(self) -> None:
        """Take those apart again who were one and are seen in two places."""
        for one, other, pair in self._pairs.values():
            if one.whole == other.whole and pair.apart_s >= self.settings.apart_s:
                younger = one if one.first_s > other.first_s else other
                self._wholes[younger.whole].remove(younger)
                younger.whole, younger.is_settled = self._next, True
                self._wholes[self._next] = [younger]
                self._next += 1
                pair.together_s = pair.apart_s = pair.mean_m = 0.0

    def _seen_together(self) -> Iterable[tuple[_Follower, _Follower]]:
        cfg = self.settings
        costs = {
            (one, other): pair.mean_m / cfg.near_m
            for one, other, pair in self._pairs.values()
            if pair.together_s >= cfg.together_s
            and pair.mean_m <= cfg.near_m
            and self._is_fresh(one)
            and self._is_fresh(other)
            and self._are_alike(one, other)
            and self._may_join(one, other)
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

    def _gone_over(self) -> Iterable[tuple[_Follower, _Follower]]:
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
                    if cost <= 1.0 and self._are_alike(gone, follower):
                        costs[follower, gone] = cost
        yield from _best(costs)

    def _gap_cost(self, gone: _Follower, come: _Follower) -> float:
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

    def _join(self, pairs: Iterable[tuple[_Follower, _Follower]]) -> None:
        for one, other in pairs:
            if not self._may_join(one, other):
                continue
            stays, goes = sorted((one.whole, other.whole))
            for follower in self._wholes.pop(goes):
                follower.whole = stays
                self._wholes[stays].append(follower)
            for merged in self._merged.values():
                merged.append((goes, stays))


def _seen_s(follower: _Follower) -> float:
    return follower.seen_s


def _best(costs: dict[tuple[_Follower, _Follower], float]) -> list[tuple[_Follower, _Follower]]:
    """Return the pairs that match the most at the least cost, nobody twice."""
    if not costs:
        return []
    rows = list(dict.fromkeys(a for a, _ in costs))
    columns = list(dict.fromkeys(b for _, b in costs))
    table = np.full((len(rows), len(columns)), _UNLIKELY)
    place_of: Callable[[list[_Follower], _Follower], int] = list.index
    for (a, b), cost in costs.items():
        table[place_of(rows, a), place_of(columns, b)] = cost
    return [
        (rows[i], columns[j])
        for i, j in zip(*(part.tolist() for part in linear_sum_assignment(table)), strict=True)
        if table[i, j] < _UNLIKELY
    ]
