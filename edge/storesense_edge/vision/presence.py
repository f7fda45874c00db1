"""Who is in which area, from when to when: what zones and queues have in common.

A stay begins with the first sighting inside and ends with the last one. It ends only after the person was seen
clear outside for `leave_s`, so a foot point that jitters over the border makes one stay, not ten. Where the tracker
loses somebody inside, the stay waits for `bridge_s`: a new track that appears nearby within the area takes it over,
because people do not vanish in front of a shelf and others appear there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from storesense_edge.vision.polygon import PolygonSet, distance_to_edges

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class PresenceSettings:
    """When a stay begins and ends.

    Attributes:
        leave_s: seen clear outside for this long, a stay is over.
        margin: clear is this far from the border, heights ...
        linger_s: ... and whoever is outside for this long has left however near to it they are.
        bridge_s: the stay of somebody who stood and was lost waits this long for a track to take it over.
        bridge_walking_s: the same for somebody who walked, and has probably walked on.
        bridge_heights: how far from the last sighting that may be, at once ...
        bridge_speed: ... and per second, heights.
        slow_speed: below this a person stands or dawdles, heights per second (0.25 is about 0.4 m/s).
    """

    leave_s: float = 0.5
    margin: float = 0.15
    linger_s: float = 3.0
    bridge_s: float = 4.0
    bridge_walking_s: float = 1.5
    bridge_heights: float = 0.6
    bridge_speed: float = 0.5
    slow_speed: float = 0.25


@dataclass(slots=True)
class Stay:
    """One person's stay in one area, open or over. It stays on the device.

    Attributes:
        area: index of the area.
        track_id: whose it is now; -1 while its track is lost.
        first_s: first sighting inside.
        last_s: last sighting inside.
        last_seen_s: last sighting at all, inside or out.
        slow_s: time spent slow inside.
        slow: True if slow at the last sighting inside.
        xy: last sighting inside.
        scale: height of the person there, in units of the plane.
        lost: True while no track carries it.
        works: True once its track was known to be somebody's who works here.
    """

    area: int
    track_id: int
    first_s: float
    last_s: float
    last_seen_s: float
    slow_s: float
    slow: bool
    xy: tuple[float, float]
    scale: float
    lost: bool = False
    works: bool = False

    @property
    def dwell_s(self) -> float:
        """Time from the first to the last sighting inside."""
        return self.last_s - self.first_s


@dataclass(frozen=True, slots=True, eq=False)
class Sightings:
    """The people seen in one picture, in the plane of the areas.

    Attributes:
        ids: (N,) int64 tracks.
        points_xy: (N, 2) foot points.
        scales: (N,) heights in units of the plane.
        speeds: (N,) heights per second.
        first_seen_s: (N,) when each track was first seen anywhere.
        present_ids: every confirmed track, those not seen just now included.
        at_s: time of the picture.
        units: (N,) int64, the same for people who came together; None where everybody is on their own.
        staff_ids: the tracks among them of people who work here.
    """

    ids: NDArray[np.int64]
    points_xy: NDArray[np.float64]
    scales: NDArray[np.float64]
    speeds: NDArray[np.float64]
    first_seen_s: NDArray[np.float64]
    present_ids: frozenset[int]
    at_s: float
    units: NDArray[np.int64] | None = None
    staff_ids: frozenset[int] = frozenset()

    def only(self, chosen: NDArray[np.bool_]) -> Sightings:
        """Return those that a mask (N,) selects; who is left out is not present either."""
        return Sightings(
            ids=self.ids[chosen],
            points_xy=self.points_xy[chosen],
            scales=self.scales[chosen],
            speeds=self.speeds[chosen],
            first_seen_s=self.first_seen_s[chosen],
            present_ids=self.present_ids - frozenset(self.ids[~chosen].tolist()),
            at_s=self.at_s,
            units=None if self.units is None else self.units[chosen],
            staff_ids=self.staff_ids & frozenset(self.ids[chosen].tolist()),
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
        self._lost: list[Stay] = []

    def open_stays(self) -> list[Stay]:
        """Return the stays that are not over, those of lost tracks included."""
        return [*self._open.values(), *self._lost]

    def step(self, seen: Sightings) -> list[Stay]:
        """Take one picture.

        Returns:
            The stays that are over now.
        """
        over: list[Stay] = []
        inside = self._polygons.contains(seen.points_xy)
        for row, area in np.argwhere(inside).tolist():
            self._stay_in(seen, row, area)
        self._look_outside(seen, inside, over)
        self._look_lost(seen, over)
        return over

    def close(self) -> list[Stay]:
        """End every stay with its last sighting, as a source ends."""
        over = self.open_stays()
        self._open.clear()
        self._lost.clear()
        return over

    def _stay_in(self, seen: Sightings, row: int, area: int) -> None:
        track_id = int(seen.ids[row])
        x, y = seen.points_xy[row].tolist()
        scale = float(seen.scales[row])
        slow = bool(seen.speeds[row] < self.settings.slow_speed)
        stay = self._open.get((track_id, area))
        if stay is None:
            stay = self._take_over(seen, row, area)
        if stay is None:
            stay = Stay(area, track_id, seen.at_s, seen.at_s, seen.at_s, 0.0, slow, (x, y), scale)
        elif slow or stay.slow:
            # Half a step each: slow before and slow now is a whole one.
            stay.slow_s += (seen.at_s - stay.last_s) * (0.5 * slow + 0.5 * stay.slow)
        self._open[track_id, area] = stay
        stay.works = stay.works or track_id in seen.staff_ids
        stay.last_s = stay.last_seen_s = seen.at_s
        stay.slow, stay.xy, stay.scale = slow, (x, y), scale

    def _take_over(self, seen: Sightings, row: int, area: int) -> Stay | None:
        """Return the nearest lost stay within reach that this newcomer may carry on."""
        xy, scale = seen.points_xy[row], float(seen.scales[row])
        best: Stay | None = None
        best_distance = np.inf
        for stay in self._lost:
            # Who was seen elsewhere while the lost one was still in sight is somebody else.
            if stay.area != area or seen.first_seen_s[row] < stay.last_s:
                continue
            distance = float(np.hypot(stay.xy[0] - xy[0], stay.xy[1] - xy[1])) / scale
            reach = self.settings.bridge_heights + self.settings.bridge_speed * (seen.at_s - stay.last_s)
            if distance <= reach and distance < best_distance:
                best, best_distance = stay, distance
        if best is not None:
            self._lost.remove(best)
            best.lost, best.track_id = False, int(seen.ids[row])
        return best

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
                if stay.last_seen_s > stay.last_s:
                    over.append(stay)  # it was last seen outside
                else:
                    stay.lost, stay.track_id = True, -1
                    self._lost.append(stay)
            elif seen.at_s - stay.last_s > self._bridge_s(stay):
                del self._open[key]  # carried on unseen for too long to be still here
                stay.lost = True
                over.append(stay)

    def _has_left(self, stay: Stay, seen: Sightings, row: int) -> bool:
        """Whether somebody who is seen outside is gone, rather than standing on the border."""
        cfg = self.settings
        outside_s = seen.at_s - stay.last_s
        if outside_s < cfg.leave_s:
            return False
        margin = cfg.margin * float(seen.scales[row])
        return outside_s >= cfg.linger_s or distance_to_edges(seen.points_xy[row], self._rings[stay.area]) > margin

    def _bridge_s(self, stay: Stay) -> float:
        return self.settings.bridge_s if stay.slow else self.settings.bridge_walking_s

    def _look_lost(self, seen: Sightings, over: list[Stay]) -> None:
        if not self._lost:
            return
        keep: list[Stay] = []
        for stay in self._lost:
            (keep if seen.at_s - stay.last_s <= self._bridge_s(stay) else over).append(stay)
        self._lost = keep
