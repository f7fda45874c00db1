"""What the edge's true code makes of the twin's boxes, beside what truly happened in the twin.

`TwinScore` takes the instants of a run at detection depth, feeds each camera's boxes to the very pipeline that an edge
box runs, built from the store's own site file, and keeps the truth of the same instants. Nothing of the truth reaches
the pipelines.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from storesense_backend.door_occupancy import DoorStep
from storesense_contracts.site import CameraDevice
from storesense_edge.shared_floor import FloorView, SharedFloor
from storesense_edge.site_mapping import camera_plan
from storesense_edge.vision.heatmap import POST_M, at_posts, cells_within, spread
from storesense_edge.vision.pipeline import CameraPipeline
from storesense_edge.vision.polygon import PolygonSet
from storesense_edge.vision.queues import QueueOutcome
from storesense_simulators.eval_twin_figures import (
    LineTruth,
    QueueFigures,
    StaffFigures,
    ZoneFigures,
    heat_figures,
    is_visit,
)
from storesense_simulators.eval_twin_floor import SeenFloor, bodies
from storesense_simulators.eval_twin_next_wait import next_waits_of
from storesense_simulators.eval_twin_report import (
    counts_of,
    dwell_of,
    groups_of,
    occupancy_of,
    queue_lengths_of,
    waits_of,
)
from storesense_simulators.eval_twin_seams import SeamFigures
from storesense_simulators.twin.truth import TruthKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from storesense_edge.vision.camera_observation import FloorPlaces
    from storesense_edge.vision.heatmap import FloorGrid
    from storesense_edge.vision.staff import StaffPlaces
    from storesense_simulators.twin.detection_depth import CameraFrame, DetectionStep
    from storesense_simulators.twin.eye_crowd import Crowd
    from storesense_simulators.twin.shop import Shop
    from storesense_simulators.twin.truth import TruthEvent

SAMPLE_MS = 1_000
_HEAT_MS = 60_000
_MAX_STEP_S = 3.0


@dataclass(slots=True)
class _Heat:
    grid: FloorGrid
    posts_xy_m: NDArray[np.float64]
    told: NDArray[np.bool_]
    seen: NDArray[np.bool_]
    true_s: NDArray[np.float64]
    points_s: NDArray[np.float64]
    measured_s: NDArray[np.float64]

    @classmethod
    def of(cls, grid: FloorGrid, floor: SeenFloor, staff: StaffPlaces) -> _Heat:
        cells = [np.zeros((grid.rows, grid.columns)) for _ in range(3)]
        told = ~cells_within(grid, staff.areas_xy_m)
        posts = np.array(staff.posts_xy_m, dtype=np.float64).reshape(-1, 2)
        return cls(grid, posts, told, told & floor.cells(grid), *cells)

    def stand(self, xy_m: NDArray[np.float64], passed_s: float) -> None:
        """Note where people truly are, (N, 2); whoever is at a cashier's post is no matter of the heatmap."""
        xy_m = xy_m[~at_posts(xy_m, self.posts_xy_m, POST_M)]
        seconds = np.full(len(xy_m), passed_s)
        np.add.at(self.true_s.ravel(), *spread(self.grid, xy_m, seconds))
        inside = self.grid.holds(xy_m)
        cells = np.floor((xy_m[inside] - self.grid.origin_xy_m) / self.grid.cell_m).astype(np.intp)
        np.add.at(self.points_s, (cells[:, 1], cells[:, 0]), passed_s)


class _Neighbours:
    """A camera's view of the shared floor, and whom it followed there last."""

    def __init__(self, view: FloorView) -> None:
        self._view = view
        self.places: FloorPlaces | None = None

    def see(self, places: FloorPlaces) -> frozenset[int]:
        """Take the people of a picture."""
        self.places = places
        return self._view.see(places)


class TwinScore:
    """Compares the figures of every camera of a store with the twin's truth.

    Args:
        shop: the store.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        sizes = {mount.device_id: mount.frame_size_px for mount in shop.cameras}
        self._floor = SharedFloor()
        # The twin's cameras have one clock.
        self._seen = {device_id: _Neighbours(self._floor.view(device_id, float)) for device_id in sizes}
        self._pipelines = {
            device.id: CameraPipeline(
                camera_plan(device, shop.layout, sizes[device.id]), neighbours=self._seen[device.id]
            )
            for device in shop.site.devices
            if isinstance(device, CameraDevice) and device.id in sizes
        }
        zone_ids = {zone_id for pipeline in self._pipelines.values() for zone_id in pipeline.zone_ids}
        self._zones = {z.zone_id: ZoneFigures() for z in shop.zones if z.zone_id in zone_ids}
        self._shapes = [zone for zone in shop.zones if zone.zone_id in zone_ids]
        self._inside = PolygonSet([z.polygon for z in self._shapes], names=[z.zone_id for z in self._shapes])
        self._queues = {queue.queue_id: QueueFigures() for queue in shop.queues}
        self._tills = {till.lane_id: till for till in shop.tills}
        self._lines = {line.line_id: LineTruth(is_entrance=line.is_entrance) for line in shop.lines}
        self._floors = {
            mount.device_id: SeenFloor(shop, mount) for mount in shop.cameras if mount.device_id in self._pipelines
        }
        self._heat = {
            device_id: _Heat.of(grid, self._floors[device_id], pipeline.plan.staff)
            for device_id, pipeline in self._pipelines.items()
            if (grid := pipeline.plan.grid) is not None
        }
        self._owner = {
            zone_id: device_id for device_id, pipeline in self._pipelines.items() for zone_id in pipeline.zone_ids
        }
        self._doors: list[tuple[int, int]] = []
        self._door_steps: list[DoorStep] = []
        self._door_counts = (0, 0)
        self._parties: dict[int, int] = {}
        self._staff = StaffFigures()
        self._crowds: deque[tuple[int, Crowd]] = deque(maxlen=60)
        self._seams = SeamFigures()
        self._t_ms: int | None = None
        self._frames = 0

    def take(self, step: DetectionStep) -> None:
        """Take one instant: measure its pictures, then note what was true."""
        passed_s = 0.0 if self._t_ms is None else min((step.t_ms - self._t_ms) / 1000, _MAX_STEP_S)
        self._t_ms = step.t_ms
        for frame in step.frames:
            self._look(frame)
        for event in step.events:
            self._note(event)
        crowd = bodies(step.crowd)
        self._crowds.append((step.t_ms, crowd))
        in_view = {name: floor.holds(crowd.xy_m) for name, floor in self._floors.items()}
        self._note_places(crowd, in_view, passed_s)
        if step.t_ms % SAMPLE_MS == 0:
            self._sample(crowd, in_view)
            self._sample_seams()
        if step.t_ms % _HEAT_MS == 0:
            self._take_heat()

    def finish(self) -> dict[str, Any]:
        """End the run and return all figures, measured beside true ones."""
        for pipeline in self._pipelines.values():
            pipeline.close()
            self._take_counts(pipeline)
        self._take_heat()
        return {
            "visitors": sum(self._parties.values()),
            "frames": self._frames,
            "counts": counts_of(self._lines),
            "occupancy": occupancy_of(self._zones, self._doors, self._door_steps),
            "dwell": dwell_of(self._zones),
            "groups": groups_of(self._lines, list(self._parties.values())),
            "staff": self._staff.told(),
            "queue_length": queue_lengths_of(self._queues),
            "wait": waits_of(self._queues),
            "next_wait": next_waits_of(self._queues.values()),
            "handover": self._seams.told(),
            "heatmap": heat_figures(
                [(heat.true_s * heat.told, heat.measured_s, heat.points_s, heat.seen) for heat in self._heat.values()]
            ),
        }

    # ---- measuring

    def _look(self, frame: CameraFrame) -> None:
        pipeline = self._pipelines.get(frame.device_id)
        if pipeline is None:
            return
        self._frames += 1
        seen = pipeline.step(frame.detections, frame.t_ms / 1000)
        for zone_id, people in zip(pipeline.zone_ids, seen.occupancy, strict=True):
            self._zones[zone_id].measured_now = people
        for sample in seen.queues:
            self._queues[sample.queue_id].measured_now = sample.waiting

    def _take_counts(self, pipeline: CameraPipeline) -> None:
        for count in pipeline.take_lines():
            line = self._lines[count.line_id]
            line.measured_in += count.entered
            line.measured_out += count.left
        staff = pipeline.take_staff()
        self._staff.found_staff_s += staff.staff_s
        self._staff.found_people_s += staff.people_s
        self._staff.unsure_s += staff.unsure_s
        for unit in pipeline.take_units():
            self._lines[unit.line_id].measured_units_in += unit.entered
        for zone in pipeline.take_zones():
            self._zones[zone.zone_id].add(zone)
        for queue in pipeline.take_queues():
            figures = self._queues[queue.queue_id]
            figures.lost += queue.lost
            for visit in queue.visits:
                served = visit.outcome is QueueOutcome.SERVED
                if served:
                    figures.services_told_s.append(((self._t_ms or 0) / 1000, visit.service_s))
                figures.add_measured(
                    visit.joined_s + visit.wait_s, visit.wait_s, visit.service_s if served else None, served=served
                )

    def _take_heat(self) -> None:
        for device_id, heat in self._heat.items():
            presence_ds = self._pipelines[device_id].take_heat()
            if presence_ds is not None:
                heat.measured_s += presence_ds / 10

    def _sample_seams(self) -> None:
        """Compare whom each camera followed on its own floor with who was there at that time."""
        for device_id, pipeline in self._pipelines.items():
            places, grid = self._seen[device_id].places, pipeline.plan.grid
            if places is None or grid is None:
                continue
            t_ms = round(places.at_s * 1000)
            at_ms, crowd = min(self._crowds, key=lambda each: abs(each[0] - t_ms))
            here, found = grid.holds(crowd.xy_m), grid.holds(places.points_xy_m)
            self._seams.sample(
                device_id,
                at_ms,
                people=crowd.numbers[here],
                people_xy_m=crowd.xy_m[here],
                found=np.array([self._floor.whole_of(device_id, n) or 0 for n in places.numbers[found].tolist()]),
                found_xy_m=places.points_xy_m[found],
            )

    # ---- truth

    def _note(self, event: TruthEvent) -> None:
        if event.kind in (TruthKind.CROSSED_IN, TruthKind.CROSSED_OUT):
            line = self._lines[event.subject_id]
            line.true_in += event.kind is TruthKind.CROSSED_IN
            line.true_out += event.kind is TruthKind.CROSSED_OUT
        elif event.kind is TruthKind.ARRIVED and event.party_no is not None:
            self._parties[event.party_no] = event.party_size
        elif event.kind is TruthKind.ZONE_LEFT and event.subject_id in self._zones and is_visit(event):
            self._zones[event.subject_id].true_dwells_s.append((event.dwell_ms or 0) / 1000)
        elif event.kind in (TruthKind.QUEUE_JOINED, TruthKind.QUEUE_LEFT):
            queue = self._queues[event.subject_id]
            queue.true_now = event.length or 0
            if event.kind is TruthKind.QUEUE_LEFT and event.why == "reneged":
                queue.true_reneged += 1
        elif event.kind is TruthKind.SERVICE_ENDED and event.queue_id in self._queues:
            # A wait is told when its service is over; whoever is still served at the end is in neither figure.
            service_s = (event.service_ms or 0) / 1000
            waited_s = ((event.wait_ms or 0) + (event.walk_ms or 0)) / 1000
            self._queues[event.queue_id].true_waits_s.append((event.t_ms / 1000 - service_s, waited_s))
            self._queues[event.queue_id].true_services_s.append(service_s)
        elif event.kind in (TruthKind.LANE_OPENED, TruthKind.LANE_CLOSED):
            till = self._tills.get(event.subject_id)
            if till is not None and till.queue_id in self._queues:
                sign = 1 if event.kind is TruthKind.LANE_OPENED else -1
                self._queues[till.queue_id].opened.append((event.t_ms / 1000, sign * till.stations))

    def _note_places(self, crowd: Crowd, in_view: Mapping[str, NDArray[np.bool_]], passed_s: float) -> None:
        for device_id, heat in self._heat.items():
            heat.stand(crowd.xy_m, passed_s)
            seen = heat.grid.holds(crowd.xy_m) & in_view[device_id]
            self._staff.people_s += passed_s * int(seen.sum())
            self._staff.staff_s += passed_s * int((seen & crowd.is_staff).sum())

    def _sample(self, crowd: Crowd, in_view: Mapping[str, NDArray[np.bool_]]) -> None:
        for device_id, pipeline in self._pipelines.items():
            self._take_counts(pipeline)
            grid = pipeline.plan.grid
            if grid is not None:
                found = pipeline.staff_xy_m
                people = (grid.holds(crowd.xy_m) & in_view[device_id]).nonzero()[0]
                self._staff.sample(found[grid.holds(found)], crowd.xy_m[people], crowd.is_staff[people])
        inside = self._inside.contains(crowd.xy_m)
        for place, shape in enumerate(self._shapes):
            here = inside[:, place]
            seen = here & in_view[self._owner[shape.zone_id]]
            self._zones[shape.zone_id].sample(int(seen.sum()), everybody=int(here.sum()))
        for queue in self._queues.values():
            queue.sample((self._t_ms or 0) / 1000)
        doors = [line for line in self._lines.values() if line.is_entrance]
        counts = (sum(line.measured_in for line in doors), sum(line.measured_out for line in doors))
        self._door_steps.append(DoorStep(counts[0] - self._door_counts[0], counts[1] - self._door_counts[1]))
        self._door_counts = counts
        self._doors.append(
            (
                sum(line.true_in - line.true_out for line in doors),
                sum(line.measured_in - line.measured_out for line in doors),
            )
        )
