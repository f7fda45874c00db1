"""Visits, from the stays of numbered people: into an area people come over its ways in, and nowhere else.

Who is followed loses their number now and then: hidden by a shelf, mixed up with whom they came with, taken for two.
Each such break ends a stay and begins another one, in the middle of an aisle where nobody can have come from or gone
to. So a stay that begins away from every way in goes on with the visit of somebody who was lost inside, and a visit
whose stay ends there is kept for a while. What is left over is matched at the end: who came in and never went, and who
went and never came, are one, for as many come as go. Who of several people somebody is does not matter to that, so
names that are swapped within an area change nothing. Whoever is never seen clear of a way in has not come in.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot
from typing import TYPE_CHECKING

import numpy as np

from storesense_edge.vision.visit import Visit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from storesense_edge.vision.presence import Stay
    from storesense_edge.vision.ways_in import WaysIn


@dataclass(frozen=True, slots=True)
class VisitSettings:
    """When stays are a visit, and when they are one. Lengths in heights, times in seconds.

    Attributes:
        clear_share: whoever is seen clear of every way in has come in, and so has whoever is so far from them, as a
            share of how far inside anybody can be ...
        stops_s: ... and whoever was slow inside for this long, for who passes by does not stop.
        near: no further from a way in than this, somebody may have come or gone.
        lost_s: whoever was lost inside is waited for this long, and so is the beginning of a visit without any.
        reach: who begins no further than this from where somebody was lost may be them ...
        pace: ... or further by this for each second since.
        overlap_s: somebody may have had another number until so long after they got this one.
        settle_s: who was waited for long enough is looked at this often.
    """

    clear_share: float = 0.25
    stops_s: float = 3.0
    near: float = 0.4
    lost_s: float = 60.0
    reach: float = 1.4
    pace: float = 0.6
    overlap_s: float = 0.3
    settle_s: float = 1.0


class VisitBook:
    """Makes visits of stays.

    Args:
        ways_in: of each area where people come and go; None where that is not known. There, and where there are none,
            every stay is a visit.
        deepest: how far from every way in somebody can be in each area.
        settings: when stays are one visit.
    """

    def __init__(
        self,
        ways_in: Sequence[WaysIn | None],
        deepest: Sequence[float],
        *,
        settings: VisitSettings | None = None,
    ) -> None:
        self.settings = settings or VisitSettings()
        self._ways_xy = [None if ways is None or not ways.points_xy else np.array(ways.points_xy) for ways in ways_in]
        self._clears = [np.array(() if ways is None else ways.clears) for ways in ways_in]
        self._deepest = tuple(deepest)
        self._open: list[Visit] = []
        self._kept: list[list[Visit]] = [[] for _ in ways_in]
        self._settled_s = float("-inf")
        self.ended: list[Visit] = []
        """Visits that are over since the last picture."""
        self.unknown: list[Visit] = []
        """Visits that turned out to be part of another one, or nobody's."""

    @property
    def open_visits(self) -> list[Visit]:
        """The visits for which a number stands, also of people who are not seen just now."""
        return self._open

    def kept(self, area: int) -> int:
        """Return how many further visits to an area are not known to be over, or not decided on."""
        return len(self._kept[area])

    def step(self, stays: Sequence[Stay], over: Iterable[Stay], doubles: Iterable[Stay], at_s: float) -> None:
        """Take the stays of one picture, those alone that somebody certainly made and that are long enough.

        Args:
            stays: those that are open.
            over: those that are over since the last picture.
            doubles: those that turned out to be another one, under whose number they are given.
            at_s: time of the picture.
        """
        self.ended, self.unknown = [], []
        over = list(over)
        for stay in doubles:
            self._take_double(stay, (*stays, *over))
        for stay in over:
            if stay.visit is None and self._has_come_in(stay):
                self._begin(stay)
            if stay.visit is not None:
                self._leave(stay.visit, stay, at_s)
        for stay in stays:
            if stay.visit is not None:
                self._go_on(stay.visit, stay, at_s)
            elif self._has_come_in(stay):
                self._begin(stay)
        if at_s - self._settled_s >= self.settings.settle_s:
            self._settled_s = at_s
            for area in range(len(self._kept)):
                self._settle(area, at_s - self.settings.lost_s)

    def close(self) -> None:
        """End everything, as a source ends: how visits ended whose visitors nobody saw leave is not known."""
        kept = [visit for visits in self._kept for visit in visits]
        self.ended = [visit for visit in kept if visit.went]
        self.unknown = [*self._open, *(visit for visit in kept if not visit.went)]
        self._open = []
        self._kept = [[] for _ in self._kept]

    # ---- stays

    def _away(self, area: int, xy: tuple[float, float]) -> NDArray[np.float64]:
        """(M,) how far from each way in a place is; one nought where none is known."""
        ways = self._ways_xy[area]
        if ways is None:
            return np.zeros(1)
        off = ways - xy
        return np.asarray(np.sqrt((off * off).sum(axis=1)), dtype=np.float64)

    def _has_come_in(self, stay: Stay) -> bool:
        if not stay.has_come_in:
            if self._ways_xy[stay.area] is None or stay.slow_s >= self.settings.stops_s:
                stay.has_come_in = True
            else:
                clears = np.minimum(self._clears[stay.area], self.settings.clear_share * self._deepest[stay.area])
                stay.has_come_in = bool((self._away(stay.area, stay.last_xy) >= clears).all())
        return stay.has_come_in

    def _is_near(self, area: int, xy: tuple[float, float], scale: float) -> bool:
        return bool(self._away(area, xy).min() <= self.settings.near * scale)

    def _begin(self, stay: Stay) -> None:
        came = self._is_near(stay.area, stay.first_xy, stay.scale)
        visit = None if came else self._lost_near(stay)
        if visit is None:
            visit = Visit(stay.area, stay.first_s, stay.last_s, stay.last_xy, came, stay.works, stay.told_s)
            self._open.append(visit)
        else:
            if visit.over_s is not None:
                # That somebody was here all the time is likely, and not that nobody else was taken for them.
                visit.told_s += max(stay.first_s - visit.last_s, 0.0)
                visit.over_s = None
                self._kept[stay.area].remove(visit)
                self._open.append(visit)
            visit.told_s += stay.told_s
            visit.reach(stay.last_s, stay.last_xy)
        visit.stays.append(stay)
        stay.visit = visit

    def _lost_near(self, stay: Stay) -> Visit | None:
        """Find the visit of somebody lost inside who may be found now: the nearest one, by the time since."""
        cfg = self.settings
        here = [v for v in self._open if v.area == stay.area and all(s.last_seen_s <= stay.first_s for s in v.stays)]
        here += [v for v in self._kept[stay.area] if not v.went and v.last_s <= stay.first_s + cfg.overlap_s]
        best, least = None, 1.0
        for visit in here:
            if visit.works != stay.works:
                continue
            away = hypot(stay.first_xy[0] - visit.last_xy[0], stay.first_xy[1] - visit.last_xy[1])
            gap_s = max(stay.first_s - visit.last_s, 0.0)
            cost = away / ((cfg.reach + cfg.pace * gap_s) * stay.scale)
            if cost <= least:
                best, least = visit, cost
        return best

    def _go_on(self, visit: Visit, stay: Stay, at_s: float) -> None:
        if stay.last_s < at_s:
            return
        if len(visit.stays) > 1:
            other = next((s for s in visit.stays if s is not stay and s.last_s == at_s), None)
            if other is not None:
                # Two of its numbers are seen at once: whoever was found again later is somebody else.
                odd = stay if stay.found_s >= other.found_s else other
                visit.stays.remove(odd)
                odd.begin_anew(at_s)
                return
        visit.reach(stay.last_s, stay.last_xy)
        visit.works = stay.works

    def _leave(self, visit: Visit, stay: Stay, at_s: float) -> None:
        visit.stays.remove(stay)
        visit.slow_s += stay.slow_s
        visit.reach(stay.last_s, stay.last_xy)
        if visit.stays:
            return
        self._open.remove(visit)
        visit.went = self._is_near(visit.area, visit.last_xy, stay.scale)
        visit.over_s = at_s
        visit.beside = any(
            v.area == visit.area and v.works == visit.works and v.first_s <= visit.first_s and v.last_s >= visit.last_s
            for v in self._open
        )
        if visit.came and visit.went:
            self.ended.append(visit)
        else:
            self._kept[visit.area].append(visit)

    def _take_double(self, double: Stay, stays: Sequence[Stay]) -> None:
        """Let the visit of a stay that was another one go on as that one's."""
        visit = double.visit
        if visit is None:
            return
        visit.stays.remove(double)
        same = next(stay for stay in stays if (stay.number, stay.area) == (double.number, double.area))
        if visit.stays or same.visit is visit:
            return
        if same.visit is None:
            visit.stays.append(same)
            same.visit = visit
            return
        self._open.remove(visit)
        same.visit.unite(visit)
        self.unknown.append(visit)

    # ---- what is left over

    def _settle(self, area: int, until_s: float) -> None:
        """Decide on visits of people who were lost inside, or never seen coming, and have been waited for."""
        kept = self._kept[area]
        for visit in [visit for visit in kept if visit.over_s is not None and visit.over_s <= until_s]:
            if visit not in kept:
                continue  # was another one's beginning
            kept.remove(visit)
            others = [v for v in (*kept, *(v for v in self._open if v.area == area)) if v.works == visit.works]
            if visit.went and (first := self._beginning_of(visit, others)) is not None:
                kept.remove(first)
                visit.unite(first)
                self.unknown.append(first)
                self.ended.append(visit)
            elif visit.came and (rest := self._rest_of(visit, others)) is not None:
                rest.unite(visit)
                self.unknown.append(visit)
            elif visit.beside and not (visit.came or visit.went):
                # Neither seen coming nor going, while somebody else was here: part of that one, or nobody.
                self.unknown.append(visit)
            else:
                self.ended.append(visit)

    def _beginning_of(self, visit: Visit, others: Iterable[Visit]) -> Visit | None:
        """Who came in and was lost, before or while somebody was here who was never seen coming."""
        halves = [
            v
            for v in others
            if v.over_s is not None
            and v.came
            and not v.went
            and v.first_s <= visit.first_s <= v.last_s + self.settings.lost_s
        ]
        return min(halves, key=lambda v: abs(v.last_s - visit.first_s), default=None)

    def _rest_of(self, visit: Visit, others: Iterable[Visit]) -> Visit | None:
        """Who was never seen coming, and was still here when somebody had been lost."""
        halves = [
            v
            for v in others
            if not v.came
            and v.last_s >= visit.last_s
            and visit.first_s <= v.first_s <= visit.last_s + self.settings.lost_s
        ]
        return min(halves, key=lambda v: abs(v.first_s - visit.last_s), default=None)
