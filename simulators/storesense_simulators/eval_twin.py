"""What the edge's true code makes of the twin's boxes, beside what truly happened in the twin.

`TwinScore` takes the instants of a run at detection depth, feeds each camera's boxes to the very pipeline that an edge
box runs, built from the store's own site file, and keeps the truth of the same instants. Nothing of the truth reaches
the pipelines.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from storesense_backend.door_occupancy import DoorStep, reconcile_day
from storesense_contracts.site import CameraDevice
from storesense_edge.site_mapping import camera_plan
from storesense_edge.vision.pipeline import CameraPipeline
from storesense_edge.vision.polygon import PolygonSet
from storesense_edge.vision.queues import QueueOutcome
from storesense_simulators.eval_twin_figures import (
    LineTruth,
    QueueFigures,
    ZoneFigures,
    heat_figures,
    share_within,
)
from storesense_simulators.twin.truth import TruthKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from storesense_edge.vision.heatmap import FloorGrid
    from storesense_simulators.twin.detection_depth import CameraFrame, DetectionStep
    from storesense_simulators.twin.eye_crowd import Crowd
    from storesense_simulators.twin.shop import Shop
    from storesense_simulators.twin.truth import TruthEvent

SAMPLE_MS = 1_000
_HEAT_MS = 60_000
_MAX_STEP_S = 3.0


IN_VIEW_SHARE = 0.3
IN_VIEW_MS = 10_000
"""Somebody is in view of a camera if it could see this share of them within so long before."""


@dataclass(slots=True)
class _Heat:
    grid: FloorGrid
    truth_s: NDArray[np.float64]
    measured_s: NDArray[np.float64]
    all_s: float = 0.0


class _InView:
    """Who has been in view of each camera a moment ago. What no camera can see is no fault of the method's."""

    def __init__(self) -> None:
        self._seen_ms: dict[str, dict[int, int]] = {}

    def look(self, frame: CameraFrame) -> None:
        """Note who can be seen in a picture."""
        seen = self._seen_ms.setdefault(frame.device_id, {})
        for number in frame.numbers[frame.sight.visibility >= IN_VIEW_SHARE].tolist():
            seen[number] = frame.t_ms

    def of(self, device_id: str, crowd: Crowd, t_ms: int) -> NDArray[np.bool_]:
        """(N,) which people of a crowd are in view of a camera."""
        seen = self._seen_ms.get(device_id, {})
        return np.array(
            [t_ms - seen.get(number, -IN_VIEW_MS - 1) <= IN_VIEW_MS for number in crowd.numbers.tolist()], bool
        )


class TwinScore:
    """Compares the figures of every camera of a store with the twin's truth.

    Args:
        shop: the store.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        sizes = {mount.device_id: mount.frame_size_px for mount in shop.cameras}
        self._pipelines = {
            device.id: CameraPipeline(camera_plan(device, shop.layout, sizes[device.id]))
            for device in shop.site.devices
            if isinstance(device, CameraDevice) and device.id in sizes
        }
        zone_ids = {zone_id for pipeline in self._pipelines.values() for zone_id in pipeline.zone_ids}
        self._zones = {z.zone_id: ZoneFigures() for z in shop.zones if z.zone_id in zone_ids}
        self._shapes = [zone for zone in shop.zones if zone.zone_id in zone_ids]
        self._inside = PolygonSet([z.polygon for z in self._shapes], names=[z.zone_id for z in self._shapes])
        self._queues = {queue.queue_id: QueueFigures() for queue in shop.queues}
        self._lines = {line.line_id: LineTruth(is_entrance=line.is_entrance) for line in shop.lines}
        self._heat = {
            device_id: _Heat(grid, np.zeros((grid.rows, grid.columns)), np.zeros((grid.rows, grid.columns)))
            for device_id, pipeline in self._pipelines.items()
            if (grid := pipeline.plan.grid) is not None
        }
        self._view = _InView()
        self._owner = {
            zone_id: device_id for device_id, pipeline in self._pipelines.items() for zone_id in pipeline.zone_ids
        }
        self._doors: list[tuple[int, int]] = []
        self._door_steps: list[DoorStep] = []
        self._door_counts = (0, 0)
        self._parties: dict[int, int] = {}
        self._staff_s = self._people_s = self._found_staff_s = self._found_people_s = 0.0
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
        in_view = {name: self._view.of(name, step.crowd, step.t_ms) for name in self._pipelines}
        self._note_places(step.crowd, in_view, passed_s)
        if step.t_ms % SAMPLE_MS == 0:
            self._sample(step, in_view)
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
            "counts": self._counts(),
            "occupancy": self._occupancy(),
            "dwell": self._dwell(),
            "groups": self._groups(),
            "staff": {
                "true_share": _ratio(self._staff_s, self._people_s),
                "share": _ratio(self._found_staff_s, self._found_people_s),
            },
            "queue_length": self._queue_lengths(),
            "wait": self._waits(),
            "heatmap": {
                **heat_figures([(heat.truth_s, heat.measured_s) for heat in self._heat.values()]),
                "in_view_ratio": _ratio(
                    sum(float(heat.truth_s.sum()) for heat in self._heat.values()),
                    sum(heat.all_s for heat in self._heat.values()),
                ),
            },
        }

    # ---- measuring

    def _look(self, frame: CameraFrame) -> None:
        pipeline = self._pipelines.get(frame.device_id)
        if pipeline is None:
            return
        self._frames += 1
        self._view.look(frame)
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
        self._found_staff_s += staff.staff_s
        self._found_people_s += staff.people_s
        for unit in pipeline.take_units():
            self._lines[unit.line_id].measured_units_in += unit.entered
        for zone in pipeline.take_zones():
            self._zones[zone.zone_id].add(zone)
        for queue in pipeline.take_queues():
            figures = self._queues[queue.queue_id]
            figures.lost += queue.lost
            for visit in queue.visits:
                served = visit.outcome is QueueOutcome.SERVED
                figures.add_measured(
                    visit.joined_s + visit.wait_s, visit.wait_s, visit.service_s if served else None, served=served
                )

    def _take_heat(self) -> None:
        for device_id, heat in self._heat.items():
            presence_ds = self._pipelines[device_id].take_heat()
            if presence_ds is not None:
                heat.measured_s += presence_ds / 10

    # ---- truth

    def _note(self, event: TruthEvent) -> None:
        if event.kind in (TruthKind.CROSSED_IN, TruthKind.CROSSED_OUT):
            line = self._lines[event.subject_id]
            line.true_in += event.kind is TruthKind.CROSSED_IN
            line.true_out += event.kind is TruthKind.CROSSED_OUT
        elif event.kind is TruthKind.ARRIVED and event.party_no is not None:
            self._parties[event.party_no] = event.party_size
        elif event.kind is TruthKind.ZONE_LEFT and event.dwell_ms is not None and event.subject_id in self._zones:
            self._zones[event.subject_id].true_dwells_s.append(event.dwell_ms / 1000)
        elif event.kind in (TruthKind.QUEUE_JOINED, TruthKind.QUEUE_LEFT):
            queue = self._queues[event.subject_id]
            queue.true_now = event.length or 0
            if event.kind is TruthKind.QUEUE_LEFT and event.why == "reneged":
                queue.true_reneged += 1
        elif event.kind is TruthKind.SERVICE_BEGUN and event.queue_id in self._queues:
            waited_s = ((event.wait_ms or 0) + (event.walk_ms or 0)) / 1000
            self._queues[event.queue_id].true_waits_s.append((event.t_ms / 1000, waited_s))
        elif event.kind is TruthKind.SERVICE_ENDED and event.queue_id in self._queues:
            self._queues[event.queue_id].true_services_s.append((event.service_ms or 0) / 1000)

    def _note_places(self, crowd: Crowd, in_view: Mapping[str, NDArray[np.bool_]], passed_s: float) -> None:
        for device_id, heat in self._heat.items():
            grid = heat.grid
            cells = np.floor((crowd.xy_m - grid.origin_xy_m) / grid.cell_m).astype(np.intp)
            inside = (cells >= 0).all(axis=1) & (cells[:, 0] < grid.columns) & (cells[:, 1] < grid.rows)
            heat.all_s += passed_s * int(inside.sum())
            seen = inside & in_view[device_id]
            np.add.at(heat.truth_s, (cells[seen, 1], cells[seen, 0]), passed_s)
            self._people_s += passed_s * int(inside.sum())
            self._staff_s += passed_s * int((inside & crowd.is_staff).sum())

    def _sample(self, step: DetectionStep, in_view: Mapping[str, NDArray[np.bool_]]) -> None:
        for pipeline in self._pipelines.values():
            self._take_counts(pipeline)
        inside = self._inside.contains(step.crowd.xy_m)
        for place, shape in enumerate(self._shapes):
            here = inside[:, place]
            seen = here & in_view[self._owner[shape.zone_id]]
            self._zones[shape.zone_id].sample(int(seen.sum()), everybody=int(here.sum()))
        for queue in self._queues.values():
            queue.sample(step.t_ms / 1000)
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

    # ---- figures

    def _counts(self) -> dict[str, Any]:
        crossings = sum(line.true_in + line.true_out for line in self._lines.values())
        off = sum(line.absolute_error for line in self._lines.values())
        counted = sum(line.measured_in + line.measured_out for line in self._lines.values())
        return {
            "crossings": crossings,
            "counted": counted,
            "absolute_error": off,
            "error_ratio": _ratio(off, crossings),
            "net_error_ratio": _ratio(counted - crossings, crossings),
            "per_line": {
                name: {"truth": [x.true_in, x.true_out], "counted": [x.measured_in, x.measured_out]}
                for name, x in self._lines.items()
            },
        }

    def _occupancy(self) -> dict[str, Any]:
        zones = {name: zone.samples for name, zone in self._zones.items() if zone.samples}
        everything = [pair for samples in zones.values() for pair in samples]
        return {
            "within_1_ratio": share_within(everything, 1),
            "mean_error": _mean(abs(m - t) for t, m in everything),
            "bias": _mean(m - t for t, m in everything),
            "per_zone": {
                name: {
                    "within_1_ratio": share_within(samples, 1),
                    "mean": _mean(m for _, m in samples),
                    "true_mean": _mean(t for t, _ in samples),
                }
                for name, samples in zones.items()
            },
            "doors": {
                "within_1_ratio": share_within(self._doors, 1),
                "reconciled_within_1_ratio": self._reconciled(),
                "true_at_end": self._doors[-1][0] if self._doors else None,
                "at_end": self._doors[-1][1] if self._doors else None,
            },
        }

    def _reconciled(self) -> float | None:
        """Share of the time within one person if the true number inside at the end were known, as at closing."""
        if not self._doors:
            return None
        day = reconcile_day(self._door_steps, at_close=self._doors[-1][0])
        pairs = zip((true for true, _ in self._doors), day.people, strict=True)
        return _mean(float(abs(people - true) <= 1.0) for true, people in pairs)

    def _dwell(self) -> dict[str, Any]:
        zones = self._zones.values()
        true_visits = sum(len(zone.true_dwells_s) for zone in zones)
        visits = sum(zone.visits for zone in zones)
        true_mean_s = _ratio(sum(sum(zone.true_dwells_s) for zone in zones), true_visits)
        mean_s = _ratio(sum(zone.dwell_s for zone in zones), visits)
        true_presence_s = sum(zone.true_presence_s for zone in zones)
        presence_s = sum(zone.presence_s for zone in zones)
        return {
            "true_visits": true_visits,
            "visits": visits,
            "true_mean_s": true_mean_s,
            "mean_s": mean_s,
            "error_ratio": _off(mean_s, true_mean_s),
            "in_view_ratio": _ratio(true_presence_s, sum(zone.all_presence_s for zone in zones)),
            "true_presence_s": true_presence_s,
            "presence_s": presence_s,
            "presence_error_ratio": _off(presence_s, true_presence_s),
        }

    def _groups(self) -> dict[str, Any]:
        doors = [line for line in self._lines.values() if line.is_entrance]
        units, heads = sum(x.measured_units_in for x in doors), sum(x.measured_in for x in doors)
        true_heads = sum(self._parties.values())
        return {
            "true_parties": len(self._parties),
            "parties": units,
            "error_ratio": _off(units, len(self._parties)),
            "true_party_size": _ratio(true_heads, len(self._parties)),
            "party_size": _ratio(heads, units),
        }

    def _queue_lengths(self) -> dict[str, Any]:
        queues = {name: queue.samples for name, queue in self._queues.items() if queue.samples}
        everything = [pair for samples in queues.values() for pair in samples]
        return {
            "mean_error": _mean(abs(m - t) for t, m in everything),
            "bias": _mean(m - t for t, m in everything),
            "within_1_ratio": share_within(everything, 1),
            "per_queue": {
                name: {
                    "mean_error": _mean(abs(m - t) for t, m in samples),
                    "mean": _mean(m for _, m in samples),
                    "true_mean": _mean(t for t, _ in samples),
                }
                for name, samples in queues.items()
            },
        }

    def _waits(self) -> dict[str, Any]:
        queues = list(self._queues.values())
        true_s = [wait_s for queue in queues for _, wait_s in queue.true_waits_s]
        measured_s = [wait_s for queue in queues for _, wait_s in queue.waits_s]
        true_mean_s, mean_s = _mean(true_s), _mean(measured_s)
        littles: defaultdict[str, float] = defaultdict(float)
        for queue in queues:
            for kind, value in queue.window_errors().items():
                littles[kind] += value
        services_s = [x for queue in queues for x in queue.services_s]
        true_services_s = [x for queue in queues for x in queue.true_services_s]
        return {
            "true_served": len(true_s),
            "served": len(measured_s),
            "lost": sum(queue.lost for queue in queues),
            "true_mean_s": true_mean_s,
            "mean_s": mean_s,
            "error_ratio": _off(mean_s, true_mean_s),
            "quarter_error_ratio": _ratio(littles["measured"], littles["weight"]),
            "littles_law_error_ratio": _ratio(littles["little"], littles["weight"]),
            "true_service_mean_s": _mean(true_services_s),
            "service_mean_s": _mean(services_s),
            "true_abandoned": sum(queue.true_reneged for queue in queues),
            "abandoned": sum(queue.abandoned for queue in queues),
            "per_queue": {
                name: {
                    "true_served": len(queue.true_waits_s),
                    "served": len(queue.waits_s),
                    "true_mean_s": _mean(w for _, w in queue.true_waits_s),
                    "mean_s": _mean(w for _, w in queue.waits_s),
                }
                for name, queue in self._queues.items()
            },
        }


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _off(measured: float | None, true: float | None) -> float | None:
    """How far ``measured`` is from ``true``, as a share of it."""
    return None if measured is None or not true else (measured - true) / true


def _mean(values: Iterable[float]) -> float | None:
    listed = list(values)
    return sum(listed) / len(listed) if listed else None
