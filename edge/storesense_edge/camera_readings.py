"""From a camera's measuring core to readings: what is sent, when, and for which interval."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from storesense_contracts.readings import (
    AnyReading,
    FootfallReading,
    HeatmapReading,
    QueueOutcome,
    QueueSample,
    QueueVisit,
    ZoneReading,
)
from storesense_contracts.topics import Stream
from storesense_edge.flow_readings import FlowSums
from storesense_edge.intervals import Interval, IntervalCutter, ReportClock
from storesense_edge.open_visits import OpenVisits

if TYPE_CHECKING:
    from storesense_edge.vision.heatmap import FloorGrid
    from storesense_edge.vision.pipeline import CameraPipeline
    from storesense_edge.vision.queues import QueueSample as SeenQueue

Measured = tuple[Stream, AnyReading]
"""A reading and the stream that it goes out on."""

InstantOf = Callable[[float], datetime]
"""Maps a media time to the instant in the present that it stands for."""

_QUEUE_REFRESH = timedelta(seconds=5)
_MAX_WAIT_MS = 31_536_000_000


@dataclass(slots=True)
class _Line:
    cutter: IntervalCutter
    entered: int = 0
    left: int = 0


@dataclass(slots=True)
class _Zone:
    cutter: IntervalCutter
    occupancy: int = 0
    reported_occupancy: int = 0
    open_visits: int = 0
    reported_open: int = 0
    entries: int = 0
    exits: int = 0
    presence_s: float = 0.0
    visits: int = 0
    dwell_s: float = 0.0
    stops: int = 0


@dataclass(slots=True)
class _Queue:
    reported_length: int = -1
    reported_at: datetime | None = None


class CameraReporter:
    """Turns what a pipeline counts into readings.

    Around each step of the pipeline, call ``before_step`` and ``after_step`` with the frame's instant.

    Args:
        pipeline: the measuring core.
        floor_id: the floor of its heatmap.
        begin_at: the first frame's instant.
        report_s: seconds between reports of changes.
        camera_id: the camera.
        cut_short: visits that were open when the agent last ran; nobody knows how they ended.
    """

    def __init__(
        self,
        pipeline: CameraPipeline,
        *,
        floor_id: str,
        begin_at: datetime,
        report_s: float,
        camera_id: str,
        cut_short: OpenVisits | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._floor_id = floor_id
        self._clock = ReportClock(begin_at, report_s)
        self._reports_now = False
        self._lines = {count.line_id: _Line(IntervalCutter(begin_at)) for count in pipeline.take_lines()}
        self._zones = {zone_id: _Zone(IntervalCutter(begin_at)) for zone_id in pipeline.zone_ids}
        self._queues: dict[str, _Queue] = {}
        self._heat = IntervalCutter(begin_at)
        self._flow = FlowSums(camera_id=camera_id, begin_at=begin_at)
        cut_short = cut_short or OpenVisits()
        self._cut_short_queues = {name: people for name, people in cut_short.queues.items() if people}
        for zone_id, people in cut_short.zones.items():
            if zone_id in self._zones:
                # They came in once; who is still there is seen to come in again.
                self._zones[zone_id].exits += people
                self._flow.add_unknown(zone_id, people)

    def before_step(self, now_at: datetime, instant_of: InstantOf) -> list[Measured]:
        """Close a minute that is over, before the frame at ``now_at`` is counted."""
        tick = self._clock.tick(now_at)
        self._reports_now = tick.reports
        if tick.minute_end_at is None:
            return []
        measured = self._take(tick.minute_end_at, instant_of, closes=True)
        if self._flow.ends_quarter(now_at):
            measured += self._take_ways(tick.minute_end_at)
        if tick.resume_at != tick.minute_end_at:
            self._skip_to(tick.resume_at)
        return measured

    def after_step(self, now_at: datetime, instant_of: InstantOf) -> list[Measured]:
        """Report what has changed, if a report is due at this frame."""
        return self._take(now_at, instant_of, closes=False) if self._reports_now else []

    def close(self, now_at: datetime, instant_of: InstantOf) -> list[Measured]:
        """End everything, as the source ends: open visits, intervals and the part of a heatmap."""
        self._pipeline.close()
        return self._take(now_at, instant_of, closes=True) + self._take_ways(now_at)

    def open_visits(self) -> OpenVisits:
        """Return the visits that are open by what was reported last."""
        return OpenVisits(
            zones={name: zone.reported_open for name, zone in self._zones.items() if zone.reported_open},
            queues={name: queue.reported_length for name, queue in self._queues.items() if queue.reported_length > 0},
        )

    def restart(self, pipeline: CameraPipeline) -> None:
        """Go on with a fresh pipeline of the same plan, after ``close``."""
        self._pipeline = pipeline

    def pause(self, since_at: datetime, instant_of: InstantOf) -> list[Measured]:
        """Report what was measured until the camera froze; call ``forget`` for each frame while it is frozen."""
        return self._take(since_at, instant_of, closes=True) + self._take_ways(since_at)

    def forget(self, now_at: datetime) -> None:
        """Leave out the time until now: the camera was frozen, so its silence is no zero."""
        self._pipeline.take_lines()
        self._pipeline.take_zones()
        self._pipeline.take_queues()
        self._pipeline.take_heat()
        self._pipeline.take_units()
        self._pipeline.take_transitions()
        self._clock.tick(now_at)
        self._skip_to(now_at)

    def _skip_to(self, begin_at: datetime) -> None:
        for line in self._lines.values():
            line.cutter.skip_to(begin_at)
        for zone in self._zones.values():
            zone.cutter.skip_to(begin_at)
        self._heat.skip_to(begin_at)
        self._flow.skip_to(begin_at)

    def _take_ways(self, end_at: datetime) -> list[Measured]:
        return [(Stream.FLOW, reading) for reading in self._flow.ways(self._pipeline.take_transitions(), end_at)]

    def _take(self, end_at: datetime, instant_of: InstantOf, *, closes: bool) -> list[Measured]:
        measured = self._take_lines(end_at, closes=closes)
        measured += self._take_zones(end_at, closes=closes)
        for seen in self._pipeline.take_queues():
            measured += self._queue_readings(seen, end_at, instant_of, closes=closes)
            self._flow.add_queue(seen)
        if closes:
            for parties in self._pipeline.take_units():
                self._flow.add_parties(parties)
            measured += [(Stream.FLOW, reading) for reading in self._flow.cut(end_at)]
        if closes and (grid := self._pipeline.plan.grid) is not None:
            measured += self._take_heat(grid, end_at)
        return measured

    def _take_lines(self, end_at: datetime, *, closes: bool) -> list[Measured]:
        measured: list[Measured] = []
        for count in self._pipeline.take_lines():
            line = self._lines[count.line_id]
            line.entered += count.entered
            line.left += count.left
            self._flow.add_line(count)
            if not (closes or line.entered or line.left) or (interval := line.cutter.cut(end_at)) is None:
                continue
            reading = FootfallReading(
                measured_at=interval.measured_at,
                period_ms=interval.period_ms,
                line_id=count.line_id,
                in_count=line.entered,
                out_count=line.left,
            )
            line.entered = line.left = 0
            measured.append((Stream.FOOTFALL, reading))
        return measured

    def _take_zones(self, end_at: datetime, *, closes: bool) -> list[Measured]:
        measured: list[Measured] = []
        for sample in self._pipeline.take_zones():
            zone = self._zones[sample.zone_id]
            zone.occupancy, zone.open_visits = sample.occupancy, sample.open_visits
            zone.entries += sample.entries
            zone.exits += sample.exits
            zone.presence_s += sample.presence_s
            zone.visits += len(sample.visits)
            zone.dwell_s += sum(visit.dwell_s for visit in sample.visits)
            zone.stops += sum(visit.stopped for visit in sample.visits)
            self._flow.add_zone(sample)
            changed = zone.entries or zone.exits or zone.visits or zone.occupancy != zone.reported_occupancy
            if not (closes or changed) or (interval := zone.cutter.cut(end_at)) is None:
                continue
            measured.append((Stream.ZONE, _zone_reading(sample.zone_id, zone, interval)))
            zone.reported_occupancy, zone.reported_open = zone.occupancy, zone.open_visits
        return measured

    def _queue_readings(
        self, seen: SeenQueue, now_at: datetime, instant_of: InstantOf, *, closes: bool
    ) -> list[Measured]:
        measured: list[Measured] = [
            (
                Stream.QUEUE,
                QueueVisit(
                    measured_at=min(now_at, instant_of(visit.joined_s + visit.wait_s + visit.service_s)),
                    queue_id=visit.queue_id,
                    outcome=QueueOutcome(visit.outcome.value),
                    wait_ms=_duration_ms(visit.wait_s),
                    service_ms=_duration_ms(visit.service_s),
                ),
            )
            for visit in (*seen.visits, *seen.unknown)
        ]
        for _ in range(self._cut_short_queues.pop(seen.queue_id, 0)):
            visit = QueueVisit(measured_at=now_at, queue_id=seen.queue_id, outcome=QueueOutcome.UNKNOWN, wait_ms=0)
            measured.append((Stream.QUEUE, visit))
        queue = self._queues.setdefault(seen.queue_id, _Queue())
        aged = queue.reported_at is None or not (timedelta(0) <= now_at - queue.reported_at < _QUEUE_REFRESH)
        if closes or seen.waiting != queue.reported_length or (seen.waiting and aged):
            queue.reported_length, queue.reported_at = seen.waiting, now_at
            sample = QueueSample(
                measured_at=now_at,
                queue_id=seen.queue_id,
                length=seen.waiting,
                longest_wait_ms=_duration_ms(seen.longest_wait_s),
            )
            measured.append((Stream.QUEUE, sample))
        return measured

    def _take_heat(self, grid: FloorGrid, end_at: datetime) -> list[Measured]:
        # Without an interval to put it in, presence stays in the pipeline for the next grid.
        interval = self._heat.cut(end_at)
        if interval is None:
            return []
        presence_ds = self._pipeline.take_heat()
        if presence_ds is None:
            return []
        reading = HeatmapReading(
            measured_at=interval.measured_at,
            period_ms=interval.period_ms,
            floor_id=self._floor_id,
            origin_xy_m=grid.origin_xy_m,
            cell_size_m=grid.cell_m,
            columns=grid.columns,
            rows=grid.rows,
            presence_ds=zlib.compress(presence_ds.astype("<u2").tobytes(), 6),
        )
        return [(Stream.HEATMAP, reading)]


def _zone_reading(zone_id: str, zone: _Zone, interval: Interval) -> ZoneReading:
    presence_ms, dwell_ms = int(zone.presence_s * 1000), round(zone.dwell_s * 1000)
    reading = ZoneReading(
        measured_at=interval.measured_at,
        period_ms=interval.period_ms,
        zone_id=zone_id,
        occupancy=zone.occupancy,
        entry_count=zone.entries,
        exit_count=zone.exits,
        presence_ms=presence_ms,
        visit_count=zone.visits,
        visit_dwell_ms=dwell_ms,
        stop_count=zone.stops,
    )
    # What is less than a millisecond goes into the next reading, so that sums stay right.
    zone.presence_s -= presence_ms / 1000
    zone.entries = zone.exits = zone.visits = zone.stops = 0
    zone.dwell_s = 0.0
    return reading


def _duration_ms(duration_s: float) -> int:
    return min(_MAX_WAIT_MS, max(0, round(duration_s * 1000)))
