"""Who is in which area, from when to when, by the numbers that people are followed under.

A stay begins with the first sighting inside and ends with the last one. It ends only after the person was seen
clear outside for `leave_s`, so a foot point that jitters over the border makes one stay, not ten. Somebody who is not
seen stays for as long as they are taken to be there at all (see `floor_people`), but no time is counted before they
are seen again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from storesense_edge.vision.polygon import PolygonSet, distance_to_edges

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from storesense_edge.vision.visit import Visit

UNSEEN_S = 1.0
"""Whoever was not seen inside for longer than this was found again."""


@dataclass(frozen=True, slots=True)
class PresenceSettings:
    """When a stay begins and ends.

    Attributes:
        leave_s: seen clear outside for this long, a stay is over.
        margin: clear is this far from the border, heights ...
        linger_s: ... and whoever is outside for this long has left however near to it they are.
        slow_speed: below this a person stands or dawdles, heights per second (0.25 is about 0.4 m/s).
    """

    leave_s: float = 0.5
    margin: float = 0.15
    linger_s: float = 3.0
    slow_speed: float = 0.25


@dataclass(slots=True)
class Stay:
    """One person's stay in one area, open or over. It stays on the device.

    Attributes:
        area: index of the area.
        number: whose it is.
        first_s: first sighting inside.
        last_s: last sighting inside.
        last_seen_s: last sighting at all, inside or out.
        slow_s: time spent slow inside.
        slow: True if slow at the last sighting inside.
        sure: True once it was certainly somebody's.
        works: whether it is somebody's who is known to work here, as of the last sighting inside, since what another
            camera says may be taken back.
        told_s: how much of it has been told as presence; of a visit's stay the visit knows.
        first_xy: where the first sighting inside was.
        last_xy: where the last one was.
        scale: how tall they are in units of the plane.
        found_s: when they were seen inside after not having been for a while, first or again.
        has_come_in: True once they were seen clear of every way in.
        visit: the visit that it is part of.
    """

    area: int
    number: int
    first_s: float
    last_s: float
    last_seen_s: float
    slow_s: float
    slow: bool
    first_xy: tuple[float, float]
    last_xy: tuple[float, float]
    scale: float
    found_s: float
    sure: bool = False
    works: bool = False
    told_s: float = 0.0
    has_come_in: bool = False
    visit: Visit | None = None

    @property
    def dwell_s(self) -> float:
        """Time from the first to the last sighting inside."""
        return self.last_s - self.first_s

    def begin_anew(self, at_s: float) -> None:
        """Let it be somebody's who was found just now: what was before is another one's visit."""
        self.first_s = self.found_s = at_s
        self.first_xy = self.last_xy
        self.slow_s = self.told_s = 0.0
        self.has_come_in, self.visit = False, None


@dataclass(frozen=True, slots=True, eq=False)
class Sightings:
    """The people seen in one picture, in the plane of the areas.

    Attributes:
        ids: (N,) int64, numbers of people.
        points_xy: (N, 2) foot points.
        scales: (N,) heights in units of the plane.
        speeds: (N,) heights per second.
        sure: (N,) who is certainly somebody, and no mistake of the detector's.
        present_ids: everybody who is here, those not seen just now included.
        at_s: time of the picture.
        units: (N,) int64, the same for people who came together; None where everybody is on their own.
        staff_ids: those among them who work here.
        merged: (old number, number that stays) of people who were found to be one.
    """

    ids: NDArray[np.int64]
    points_xy: NDArray[np.float64]
    scales: NDArray[np.float64]
    speeds: NDArray[np.float64]
    sure: NDArray[np.bool_]
    present_ids: frozenset[int]
    at_s: float
    units: NDArray[np.int64] | None = None
    staff_ids: frozenset[int] = frozenset()
    merged: tuple[tuple[int, int], ...] = ()

    def only(self, chosen: NDArray[np.bool_]) -> Sightings:
        """Return those that a mask (N,) selects; who is left out is not present either."""
        return Sightings(
            ids=self.ids[chosen],
            points_xy=self.points_xy[chosen],
            scales=self.scales[chosen],
            speeds=self.speeds[chosen],
            sure=self.sure[chosen],
            present_ids=self.present_ids - frozenset(self.ids[~chosen].tolist()),
            at_s=self.at_s,
            units=None if self.units is None else self.units[chosen],
            staff_ids=self.staff_ids & frozenset(self.ids[chosen].tolist()),
            merged=self.merged,
        )


class PresenceBook:
    """Keeps the open stays of several areas.

    Args:
        polygons: the areas, in one plane.
        names: what messages call them.
        settings: when a stay begins and ends.
    """

    def __init__(
        self,
        polygons: Sequence[Sequence[tuple[float, float]]],
        *,
        names: Sequence[str],
        settings: PresenceSettings | None = None,
    ) -> None:
        self.settings = settings or PresenceSettings()
        self._polygons = PolygonSet(polygons, names=names)
        self._rings = [np.array(corners, dtype=np.float64).reshape(-1, 2) for corners in polygons]
        self._open: dict[tuple[int, int], Stay] = {}
        self.doubles: list[Stay] = []
        """Stays of the last picture that turned out to be another stay of the same person."""

    def open_stays(self) -> list[Stay]:
        """Return the stays that are not over, those of people not seen just now included."""
        return list(self._open.values())

    def step(self, seen: Sightings) -> list[Stay]:
        """Take one picture.

        Returns:
            The stays that are over now.
        """
        over: list[Stay] = []
        self.doubles = []
        for old, new in seen.merged:
            self._merge(old, new)
        inside = self._polygons.contains(seen.points_xy)
        for row, area in np.argwhere(inside).tolist():
            self._stay_in(seen, row, area)
        self._look_outside(seen, inside, over)
        return over

    def close(self) -> list[Stay]:
        """End every stay with its last sighting, as a source ends."""
        over = self.open_stays()
        self._open.clear()
        return over

    def _merge(self, old: int, new: int) -> None:
        """Let what was taken for two people's stays be one person's."""
        for area in range(len(self._rings)):
            stay = self._open.pop((old, area), None)
            if stay is None:
                continue
            same = self._open.get((new, area))
            if same is None:
                stay.number = new
                self._open[new, area] = stay
                continue
            stay.number = new
            self.doubles.append(stay)
            first_s = min(same.first_s, stay.first_s)
            # What was told of either is not told again.
            same.told_s = max(same.told_s + same.first_s, stay.told_s + stay.first_s) - first_s
            same.first_s, same.last_s = first_s, max(same.last_s, stay.last_s)
            same.slow_s = max(same.slow_s, stay.slow_s)
            same.sure = same.sure or stay.sure
            same.works = same.works or stay.works

    def _stay_in(self, seen: Sightings, row: int, area: int) -> None:
        number = int(seen.ids[row])
        slow = bool(seen.speeds[row] < self.settings.slow_speed)
        x, y = seen.points_xy[row].tolist()
        stay = self._open.get((number, area))
        if stay is None:
            scale, at_s = float(seen.scales[row]), seen.at_s
            stay = Stay(area, number, at_s, at_s, at_s, 0.0, slow, (x, y), (x, y), scale, found_s=at_s)
            self._open[number, area] = stay
        elif slow or stay.slow:
            # Half a step each: slow before and slow now is a whole one.
            stay.slow_s += (seen.at_s - stay.last_s) * (0.5 * slow + 0.5 * stay.slow)
        stay.sure = stay.sure or bool(seen.sure[row])
        stay.works = number in seen.staff_ids
        if seen.at_s - stay.last_s > UNSEEN_S:
            stay.found_s = seen.at_s
        stay.last_s = stay.last_seen_s = seen.at_s
        stay.last_xy = (x, y)
        stay.slow = slow

    def _look_outside(self, seen: Sightings, inside: NDArray[np.bool_], over: list[Stay]) -> None:
        if not self._open:
            return
        rows = {int(track_id): row for row, track_id in enumerate(seen.ids)}
        for key, stay in list(self._open.items()):
            row = rows.get(key[0])
            if row is not None:
                stay.last_seen_s = seen.at_s
                if not inside[row, stay.area] and self._has_left(stay, seen, row):
                    del self._open[key]
                    over.append(stay)
            elif key[0] not in seen.present_ids:
                del self._open[key]
                over.append(stay)

    def _has_left(self, stay: Stay, seen: Sightings, row: int) -> bool:
        """Whether somebody who is seen outside is gone, rather than standing on the border."""
        cfg = self.settings
        outside_s = seen.at_s - stay.last_s
        if outside_s < cfg.leave_s:
            return False
        margin = cfg.margin * float(seen.scales[row])
        return outside_s >= cfg.linger_s or distance_to_edges(seen.points_xy[row], self._rings[stay.area]) > margin
