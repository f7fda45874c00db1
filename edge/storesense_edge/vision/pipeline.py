"""One camera's measuring: boxes in, numbers out.

`CameraPipeline` is pure: it takes boxes and a time and gives counts. Tracks live and die inside it; what comes out is
counts, samples, finished visits without a name, and a grid of presence. Whoever reads it can say how many, never who.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from storesense_edge.vision.errors import GeometryError
from storesense_edge.vision.heatmap import FloorHeatmap
from storesense_edge.vision.lines import LineCounter
from storesense_edge.vision.paths import PathSmoother
from storesense_edge.vision.presence import PresenceSettings, Sightings
from storesense_edge.vision.queues import QueueCounter
from storesense_edge.vision.tracker import Tracker
from storesense_edge.vision.zones import ZoneCounter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from storesense_edge.vision.detections import Detections
    from storesense_edge.vision.heatmap import FloorGrid
    from storesense_edge.vision.homography import FloorMap
    from storesense_edge.vision.lines import CountingLine, Crossing
    from storesense_edge.vision.paths import PathPoints
    from storesense_edge.vision.queues import Queue, QueueSample
    from storesense_edge.vision.tracker_settings import TrackerSettings
    from storesense_edge.vision.zones import Zone, ZoneSample

PRESENT_S = 1.0
"""Somebody unseen for no longer than this is still counted as present."""


@dataclass(frozen=True, slots=True)
class Shapes:
    """Lines, zones and queues in one kind of coordinates."""

    lines: tuple[CountingLine, ...] = ()
    zones: tuple[Zone, ...] = ()
    queues: tuple[Queue, ...] = ()


@dataclass(frozen=True, slots=True)
class CameraPlan:
    """What a camera measures.

    Attributes:
        frame_wh: width and height of its pictures, pixels.
        image: shapes in normalized picture coordinates, 0 to 1 from the top left corner.
        floor: shapes in floor metres; they need `floor_map`.
        floor_map: the camera's view of the floor.
        grid: floor grid of the heatmap; it needs `floor_map`.
    """

    frame_wh: tuple[int, int]
    image: Shapes = field(default_factory=Shapes)
    floor: Shapes = field(default_factory=Shapes)
    floor_map: FloorMap | None = None
    grid: FloorGrid | None = None


@dataclass(frozen=True, slots=True)
class CameraObservation:
    """What one picture told. No track, place or picture is in it.

    Attributes:
        at_s: its time.
        people: how many are in view.
        crossings: lines crossed, as completed by this picture.
        occupancy: people in each zone, in the order of the plan (picture shapes first).
        queues: each queue, in that order.
    """

    at_s: float
    people: int
    crossings: tuple[Crossing, ...]
    occupancy: tuple[int, ...]
    queues: tuple[QueueSample, ...]


@dataclass(frozen=True, slots=True)
class LineCount:
    """Crossings of a line since the last count.

    Attributes:
        line_id: which line.
        entered: crossings in.
        left: crossings out.
    """

    line_id: str
    entered: int
    left: int


class CameraPipeline:
    """Tracks people through the pictures of one camera and measures what the plan asks for.

    Shapes given on the floor are carried into the picture once, at the start, so everything is judged in one plane,
    in pixels, with each person's own height as the measure.

    Args:
        plan: what to measure.
        tracker: settings of the tracker; the shipped defaults fit every camera tried.
        presence: when a stay in a zone or queue begins and ends.

    Raises:
        GeometryError: a shape cannot work, or needs a floor calibration that is not there.
    """

    def __init__(
        self,
        plan: CameraPlan,
        *,
        tracker: TrackerSettings | None = None,
        presence: PresenceSettings | None = None,
    ) -> None:
        self.plan = plan
        shapes = shapes_px(plan)
        self._tracker = Tracker(tracker, frame_wh=plan.frame_wh)
        self._lines = LineCounter(shapes.lines)
        self._paths = PathSmoother()
        self._feet = (np.zeros(0, dtype=np.int64), np.zeros((0, 2)))
        self._zones = ZoneCounter(shapes.zones, settings=presence)
        self._queues = QueueCounter(shapes.queues, settings=presence)
        self._heat = None if plan.grid is None else FloorHeatmap(plan.grid)
        self._needs_stays = bool(shapes.zones or shapes.queues)
        self._counts = {line.line_id: [0, 0] for line in shapes.lines}
        self._at_s: float | None = None

    @property
    def zone_ids(self) -> tuple[str, ...]:
        """The zones in the order of `CameraObservation.occupancy`."""
        return tuple(zone.zone_id for zone in self._zones.zones)

    def step(self, detections: Detections, at_s: float) -> CameraObservation:
        """Take the boxes of the next picture.

        Args:
            detections: boxes in pixels, low scores included.
            at_s: time of the picture, seconds; time that stands still or runs back is taken as the smallest step on.

        Returns:
            What this picture told.
        """
        if self._at_s is not None:
            at_s = max(at_s, self._at_s + 1e-3)
        self._at_s = at_s
        everybody = self._tracker.step(detections, at_s)
        crossings = [crossing for points in self._paths.step(everybody, at_s) for crossing in self._cross(points)]
        tracks = everybody.only_confirmed()
        seen = tracks.seen
        ids, slots, feet = tracks.ids[seen], tracks.slots[seen], tracks.feet_xy_px[seen]
        self._feet = (ids, feet)
        heights = tracks.heights_px[seen]
        if self._needs_stays:
            velocity = tracks.velocities_xy_px_s[seen]
            sightings = Sightings(
                ids=ids,
                points_xy=feet,
                scales=heights,
                speeds=np.sqrt((velocity * velocity).sum(axis=1)) / heights,
                first_seen_s=tracks.first_seen_s[seen],
                present_ids=frozenset(tracks.ids.tolist()),
                at_s=at_s,
            )
            self._zones.step(sightings)
            self._queues.step(sightings)
        if self._heat is not None and self.plan.floor_map is not None:
            to_floor, frame_wh = self.plan.floor_map.to_floor, self.plan.frame_wh
            starts = (to_floor(tracks.starts_xy_px[seen] / frame_wh), tracks.first_seen_s[seen])
            self._heat.step(slots, ids, to_floor(feet / frame_wh), at_s, starts=starts)
        return CameraObservation(
            at_s=at_s,
            people=int((at_s - tracks.last_seen_s <= PRESENT_S).sum()),
            crossings=tuple(crossings),
            occupancy=tuple(self._zones.occupancy()),
            queues=tuple(self._queues.samples()),
        )

    @property
    def feet(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Ids (N,) of the people seen in the last picture and where they stand (N, 2), pixels; for this box alone."""
        return self._feet

    def _cross(self, points: PathPoints) -> list[Crossing]:
        crossings = self._lines.step(
            points.slots,
            points.ids,
            points.feet_xy_px,
            points.heights_px,
            points.at_s,
            spreads_xy=points.spreads_xy_px,
        )
        for crossing in crossings:
            self._counts[crossing.line_id][0 if crossing.entered else 1] += 1
        return crossings

    def take_lines(self) -> list[LineCount]:
        """Return the crossings of every line since the last call."""
        counts = [LineCount(line_id, entered, left) for line_id, (entered, left) in self._counts.items()]
        for pair in self._counts.values():
            pair[:] = [0, 0]
        return counts

    def take_zones(self) -> list[ZoneSample]:
        """Return every zone as it is now, with what happened in it since the last call."""
        return self._zones.take()

    def take_queues(self) -> list[QueueSample]:
        """Return every queue as it is now, with the visits that ended since the last call."""
        return self._queues.take()

    def take_heat(self) -> NDArray[np.uint16] | None:
        """Return the presence per floor cell since the last call, (rows, columns) deciseconds; None without a grid."""
        return None if self._heat is None else self._heat.take()

    def close(self) -> None:
        """Decide what is undecided and end the open visits, as the source ends; `take_` then gives what is left."""
        for points in self._paths.close():
            self._cross(points)
        self._zones.close()
        self._queues.close()


def shapes_px(plan: CameraPlan) -> Shapes:
    """Return all shapes of a plan in pixels, those of the picture before those of the floor.

    Raises:
        GeometryError: floor shapes or a grid without a floor map, or a shape that the camera cannot see.
    """
    width, height = plan.frame_wh
    if width < 1 or height < 1:
        raise GeometryError(shape="picture", cause=f"its size is {width} by {height}", remedy="give pixels above 0")
    image, floor, floor_map = plan.image, plan.floor, plan.floor_map
    needs_map = bool(floor.lines or floor.zones or floor.queues or plan.grid)
    if floor_map is None:
        if needs_map:
            raise GeometryError(
                shape="camera plan",
                cause="it has floor coordinates or a heatmap and no floor calibration",
                remedy="add four or more calibration points, or use picture coordinates",
            )
        return _scaled(image, width, height)

    def corners(shape: Zone | Queue, name: str) -> tuple[tuple[float, float], ...]:
        return tuple(floor_map.polygon_to_image(shape.corners_xy, shape=name))

    carried = Shapes(
        lines=tuple(floor_map.line_to_image(line) for line in floor.lines),
        zones=tuple(replace(zone, corners_xy=corners(zone, f"zone {zone.zone_id}")) for zone in floor.zones),
        queues=tuple(
            replace(
                queue,
                corners_xy=corners(queue, f"queue {queue.queue_id}"),
                till_xy=None
                if queue.till_xy is None
                else floor_map.polygon_to_image([queue.till_xy], shape=f"till of queue {queue.queue_id}")[0],
            )
            for queue in floor.queues
        ),
    )
    return _scaled(
        Shapes(image.lines + carried.lines, image.zones + carried.zones, image.queues + carried.queues),
        width,
        height,
    )


def _scaled(shapes: Shapes, width: int, height: int) -> Shapes:
    def point(xy: tuple[float, float]) -> tuple[float, float]:
        return (xy[0] * width, xy[1] * height)

    return Shapes(
        lines=tuple(replace(line, a_xy=point(line.a_xy), b_xy=point(line.b_xy)) for line in shapes.lines),
        zones=tuple(replace(zone, corners_xy=tuple(map(point, zone.corners_xy))) for zone in shapes.zones),
        queues=tuple(
            replace(
                queue,
                corners_xy=tuple(map(point, queue.corners_xy)),
                till_xy=None if queue.till_xy is None else point(queue.till_xy),
            )
            for queue in shapes.queues
        ),
    )
