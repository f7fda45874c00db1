"""One camera's measuring: boxes in, numbers out.

`CameraPipeline` is pure: it takes boxes and a time and gives counts. Tracks live and die inside it; what comes out is
counts, samples, finished visits without a name, and a grid of presence. Whoever reads it can say how many, never who.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from storesense_edge.vision.broken_walks import IN_THE_PICTURE
from storesense_edge.vision.camera_observation import CameraObservation, FloorPlaces, LineCount
from storesense_edge.vision.camera_plan import CameraPlan, lines_px
from storesense_edge.vision.detections import clean_detections, is_clean
from storesense_edge.vision.floor_people import FloorPeople
from storesense_edge.vision.heatmap import FloorHeatmap
from storesense_edge.vision.lines import LineCounter
from storesense_edge.vision.parties import PartyBook
from storesense_edge.vision.paths import PathPoints, PathSmoother
from storesense_edge.vision.presence import PresenceSettings, Sightings
from storesense_edge.vision.settling import Settling
from storesense_edge.vision.staff import StaffBook
from storesense_edge.vision.standing import head_view
from storesense_edge.vision.stays import stays_of
from storesense_edge.vision.tracker import Tracker
from storesense_edge.vision.units import UnitCounter
from storesense_edge.vision.walk_ends import PERSON_M, walk_ends, walked_from
from storesense_edge.vision.zones import check_ids

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from storesense_edge.vision.camera_observation import Neighbours
    from storesense_edge.vision.detections import Detections
    from storesense_edge.vision.lines import Crossing
    from storesense_edge.vision.queue_customer import QueueSettings
    from storesense_edge.vision.queues import QueueSample
    from storesense_edge.vision.staff import StaffShare
    from storesense_edge.vision.tracker_settings import TrackerSettings
    from storesense_edge.vision.tracks import Tracks
    from storesense_edge.vision.transitions import Transitions
    from storesense_edge.vision.units import UnitCount
    from storesense_edge.vision.zones import ZoneSample

PRESENT_S = 1.0
"""Somebody unseen for no longer than this is still counted as present."""


class CameraPipeline:
    """Tracks people through the pictures of one camera and measures what the plan asks for.

    Lines are judged in the picture, in pixels, with each person's own height as the measure; those given on the floor
    are carried there once, at the start. Zones and queues are judged in the plane in which they are given, so one on
    the floor may lie partly behind the camera. All of them, and the heatmap, are judged on smoothed paths, so they tell
    of half a second ago.

    Args:
        plan: what to measure.
        tracker: settings of the tracker; the shipped defaults fit every camera tried.
        presence: when a stay in a zone begins and ends.
        queueing: how people in a queue are followed.
        neighbours: the cameras that look at the same floor; without a floor calibration nothing is said to them.

    Raises:
        GeometryError: a shape cannot work, or needs a floor calibration that is not there.
    """

    def __init__(
        self,
        plan: CameraPlan,
        *,
        tracker: TrackerSettings | None = None,
        presence: PresenceSettings | None = None,
        queueing: QueueSettings | None = None,
        neighbours: Neighbours | None = None,
    ) -> None:
        self.plan = plan
        lines = lines_px(plan)
        self._tracker = Tracker(tracker, frame_wh=plan.frame_wh)
        self._heads = None if plan.floor_map is None else head_view(plan.floor_map, plan.frame_wh)
        self._lines = LineCounter(lines, broken=IN_THE_PICTURE if plan.floor_map is None else None)
        self._paths = PathSmoother()
        self._feet = (np.zeros(0, dtype=np.int64), np.zeros((0, 2)))
        self._stays = tuple(
            stays for stays in stays_of(plan, presence, queueing) if stays.zones.zones or stays.queues.queues
        )
        check_ids([zone.zone_id for stays in self._stays for zone in stays.zones.zones], kind="zone")
        check_ids([queue.queue_id for stays in self._stays for queue in stays.queues.queues], kind="queue")
        self._stays_s = -np.inf
        self._people = FloorPeople(eye_xy=None if self._heads is None else self._heads.eye_xy_m)
        self._parties = PartyBook()
        self._settling = Settling()
        self._staff = StaffBook(plan.staff)
        self._staff_xy_m = np.zeros((0, 2))
        self._neighbours = neighbours
        self._handed: frozenset[int] = frozenset()
        self._told_s = -np.inf
        self._picture_s = 0.0
        self._in_line: frozenset[int] = frozenset()
        self._units = UnitCounter(tuple(line.line_id for line in lines))
        self._heat = (
            None
            if plan.grid is None
            else FloorHeatmap(plan.grid, staff_areas_xy_m=plan.staff.areas_xy_m, posts_xy_m=plan.staff.posts_xy_m)
        )
        self._counts = {line.line_id: [0, 0, 0, 0] for line in lines}
        self._at_s: float | None = None
        self._last = self._tracker.nobody()

    @property
    def zone_ids(self) -> tuple[str, ...]:
        """The zones in the order of `CameraObservation.occupancy`."""
        return tuple(zone.zone_id for stays in self._stays for zone in stays.zones.zones)

    def step(self, detections: Detections, at_s: float) -> CameraObservation:
        """Take the boxes of the next picture.

        Args:
            detections: boxes in pixels, low scores included; those that can be nobody's are left out, as
                `clean_detections` does.
            at_s: time of the picture, seconds; time that stands still, runs back or is no number is taken as the
                smallest step on.

        Returns:
            What this picture told.
        """
        if not isfinite(at_s):
            at_s = 0.0 if self._at_s is None else self._at_s
        if self._at_s is not None:
            at_s = max(at_s, self._at_s + 1e-3)
            self._picture_s = at_s - self._at_s
        self._at_s = at_s
        if not is_clean(detections):
            detections = clean_detections(detections.boxes_xyxy_px, detections.scores)
        if self._heads is not None:
            detections = self._heads.complete(detections)
        everybody = self._tracker.step(detections, at_s)
        tracks = everybody.only_confirmed()
        self._last = tracks
        crossings = []
        for points in self._paths.step(everybody, at_s):
            crossings += self._cross(points)
            self._place(points, tracks)
        # Time passes for zones and queues in which nobody is seen, too.
        decided_s = at_s - self._paths.settings.lag_s
        if decided_s > self._stays_s + 1e-6:
            self._stay(NOBODY, None, decided_s, tracks)
        self._feet = (tracks.ids[tracks.seen], tracks.feet_xy_px[tracks.seen])
        return CameraObservation(
            at_s=at_s,
            people=int((at_s - tracks.last_seen_s <= PRESENT_S).sum()),
            crossings=tuple(crossings),
            occupancy=tuple(people for stays in self._stays for people in stays.zones.occupancy()),
            queues=tuple(sample for stays in self._stays for sample in stays.queues.samples()),
        )

    @property
    def feet(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Ids (N,) of the people seen in the last picture and where they stand (N, 2), pixels; for this box alone."""
        return self._feet

    def _place(self, points: PathPoints, tracks: Tracks) -> None:
        """Let smoothed places count for the heatmap, zones and queues."""
        # What somebody did before they were sure to be somebody comes late; it would run time back for all others.
        if points.at_s > self._stays_s:
            floor_map = self.plan.floor_map
            feet_m = None if floor_map is None else floor_map.to_floor(points.feet_xy_px / self.plan.frame_wh)
            self._stay(points, feet_m, points.at_s, tracks)

    def _stay(self, points: PathPoints, feet_m: NDArray[np.float64] | None, at_s: float, tracks: Tracks) -> None:
        self._stays_s = at_s
        on_floor = self.plan.floor_map is not None
        if feet_m is None and on_floor:
            feet_m = np.zeros((0, 2))
        seen = self._people.step(
            points.ids,
            points.feet_xy_px if feet_m is None else feet_m,
            points.heights_px if feet_m is None else np.full(len(points.ids), PERSON_M),
            at_s,
        )
        if feet_m is not None:
            feet_m = self._settling.settle(seen.slots, seen.numbers, feet_m, at_s)
            if self._heat is not None:
                self._heat.step(seen.slots, seen.numbers, feet_m, at_s, sure=seen.sure, present=seen.present)
        places = points.feet_xy_px if feet_m is None else feet_m
        scales = points.heights_px if feet_m is None else np.full(len(points.ids), PERSON_M)
        units = self._parties.step(points.slots, points.ids, places, scales, at_s)
        self._units.step(points.ids, units, at_s, points_xy=places, scales=scales)
        works = np.zeros(len(points.ids), dtype=np.bool_)
        if feet_m is not None:
            owned = self._owned(feet_m)
            works = self._staff.step(
                seen.numbers,
                feet_m,
                seen.present,
                at_s,
                counted=seen.sure if owned is None else seen.sure & owned,
                in_line=self._in_line,
                handed=self._handed,
            )
            self._staff_xy_m = feet_m[works]
            # Between two pictures nobody is seen, which says nothing.
            if self._neighbours is not None and (len(points.ids) or at_s - self._told_s > self._picture_s + 1e-6):
                self._told_s = at_s
                placed = np.isfinite(feet_m).all(axis=1)
                here = FloorPlaces(at_s, seen.numbers[placed], feet_m[placed], seen.present, self._staff.found)
                self._handed = self._neighbours.see(here)
        if not self._stays:
            return
        rows = {track_id: row for row, track_id in enumerate(tracks.ids.tolist())}
        found = np.array([rows.get(track_id, -1) for track_id in points.ids.tolist()], dtype=np.intp)
        known = found >= 0
        # The tracker's velocity lags by about as much as the paths do. Who is lost since was not standing, to be sure.
        speeds = np.full(len(found), np.inf)
        velocity = tracks.velocities_xy_px_s[found[known]]
        speeds[known] = np.sqrt((velocity * velocity).sum(axis=1)) / points.heights_px[known]
        for stays in self._stays:
            sightings = Sightings(
                ids=seen.numbers,
                points_xy=feet_m if stays.on_floor and feet_m is not None else points.feet_xy_px,
                scales=np.full(len(points.ids), PERSON_M) if stays.on_floor else points.heights_px,
                speeds=speeds,
                sure=seen.sure,
                present_ids=seen.present,
                at_s=at_s,
                units=self._numbers_of(units, points.ids, seen.numbers),
                staff_ids=frozenset(seen.numbers[works].tolist()),
                merged=seen.merged,
            )
            stays.zones.step(sightings)
            stays.queues.step(sightings)
        self._in_line = frozenset[int]().union(*(stays.queues.keeping_place() for stays in self._stays))
        self._people.wait(self._in_line)

    def _numbers_of(
        self, units: NDArray[np.int64], ids: NDArray[np.int64], numbers: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """(N,) the same number for people whose tracks came together."""
        together = numbers.copy()
        for row in np.flatnonzero(units != ids).tolist():
            first = self._people.number_of(int(units[row]))
            if first is not None:
                together[row] = first
        return together

    def _cross(self, points: PathPoints) -> list[Crossing]:
        if not self._lines.lines:
            return []
        ends = walk_ends(points, self.plan)
        crossings = self._lines.step(
            points.slots,
            points.ids,
            points.feet_xy_px,
            points.heights_px,
            points.at_s,
            spreads_xy=points.spreads_xy_px,
            ends=ends,
            origins_xy=walked_from(ends, self.plan),
        )
        for crossing, track_id in zip(crossings, self._lines.crossed_ids, strict=True):
            self._units.cross(crossing.line_id, track_id, crossing.at_s, entered=crossing.entered)
            counts = self._counts[crossing.line_id]
            counts[0 if crossing.entered else 1] += 1
            counts[2 if crossing.entered else 3] += self._staff.works(self._people.number_of(track_id))
        return crossings

    @property
    def staff_xy_m(self) -> NDArray[np.float64]:
        """Where those known to work here were half a second ago, (N, 2) floor metres; for this box alone."""
        return self._staff_xy_m

    def _owned(self, feet_m: NDArray[np.float64]) -> NDArray[np.bool_] | None:
        """(N,) who is on the part of the floor that this camera's heatmap covers; None for all where it has none."""
        grid = self.plan.grid
        return None if grid is None else grid.holds(feet_m)

    def take_lines(self) -> list[LineCount]:
        """Return the crossings of every line since the last call."""
        counts = [LineCount(line_id, *four) for line_id, four in self._counts.items()]
        for four in self._counts.values():
            four[:] = [0, 0, 0, 0]
        return counts

    def take_units(self) -> list[UnitCount]:
        """Return the parties over every line since the last call; each is decided some seconds after its crossing."""
        return self._units.take()

    def take_staff(self) -> StaffShare:
        """Return the time of people and of those known to work here since the last call."""
        return self._staff.take()

    def take_transitions(self) -> list[Transitions]:
        """Return how many went from zone to zone since the last call, for the picture's zones and the floor's."""
        return [stays.zones.take_transitions() for stays in self._stays]

    def take_zones(self) -> list[ZoneSample]:
        """Return every zone as it is now, with what happened in it since the last call."""
        return [sample for stays in self._stays for sample in stays.zones.take()]

    def take_queues(self) -> list[QueueSample]:
        """Return every queue as it is now, with the visits that ended since the last call."""
        return [sample for stays in self._stays for sample in stays.queues.take()]

    def take_heat(self) -> NDArray[np.uint16] | None:
        """Return the presence per floor cell since the last call, (rows, columns) deciseconds; None without a grid."""
        return None if self._heat is None else self._heat.take()

    def close(self) -> None:
        """Decide what is undecided and end the open visits, as the source ends; `take_` then gives what is left."""
        for points in self._paths.close():
            self._cross(points)
            self._place(points, self._last)
        self._units.close()
        for stays in self._stays:
            stays.zones.close()
            stays.queues.close()


def check_plan(plan: CameraPlan) -> None:
    """Refuse a plan that cannot be measured.

    Raises:
        GeometryError: see `CameraPipeline`.
    """
    CameraPipeline(plan)


NOBODY = PathPoints(
    slots=np.empty(0, dtype=np.intp),
    ids=np.empty(0, dtype=np.int64),
    feet_xy_px=np.empty((0, 2)),
    heights_px=np.empty(0),
    spreads_xy_px=np.empty((0, 2)),
    velocities_xy_px=np.empty((0, 2)),
    velocities_known=np.empty(0),
    at_s=0.0,
)
