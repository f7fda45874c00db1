"""What a camera tells once a minute of several people together: parties, lengths of visits, tills, ways between zones.

Sums of a minute, kept apart from the counts that go out each second: nothing of this is needed at once, and most of it
is decided seconds later anyway.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from storesense_contracts.readings import (
    DWELL_EDGES_S,
    AnyReading,
    LaneService,
    LineParties,
    ZoneDwell,
    ZoneTransition,
)
from storesense_edge.intervals import IntervalCutter, whole_ms

if TYPE_CHECKING:
    from storesense_edge.vision.camera_observation import LineCount
    from storesense_edge.vision.queues import QueueSample
    from storesense_edge.vision.transitions import Transitions
    from storesense_edge.vision.units import UnitCount
    from storesense_edge.vision.zones import ZoneSample

_QUARTER_MIN = 15


def quarter_of(instant_at: datetime) -> datetime:
    """Return the beginning of the quarter of an hour of UTC that an instant lies in."""
    return instant_at.replace(minute=instant_at.minute // _QUARTER_MIN * _QUARTER_MIN, second=0, microsecond=0)


def dwell_step(dwell_s: float) -> int:
    """Return the step of the dwell histogram that a visit belongs to; the last one is without end."""
    return bisect_left(DWELL_EDGES_S, dwell_s)


@dataclass(slots=True)
class _Line:
    cutter: IntervalCutter
    entered: int = 0
    left: int = 0
    staff_entered: int = 0
    staff_left: int = 0


@dataclass(slots=True)
class _Zone:
    cutter: IntervalCutter
    dwells: list[int] = field(default_factory=lambda: [0] * (len(DWELL_EDGES_S) + 1))
    unknown: int = 0
    presence_s: float = 0.0
    staff_s: float = 0.0


@dataclass(slots=True)
class _Lane:
    cutter: IntervalCutter
    queue_id: str
    tills: int
    busy_s: float = 0.0
    served: int = 0


class FlowSums:
    """Sums up what the pipeline gives between two whole minutes.

    Args:
        camera_id: the camera, which transitions are told under.
        begin_at: the first frame's instant.
    """

    def __init__(self, *, camera_id: str, begin_at: datetime) -> None:
        self._camera_id = camera_id
        self._begin_at = begin_at
        self._lines: dict[str, _Line] = {}
        self._zones: dict[str, _Zone] = {}
        self._lanes: dict[str, _Lane] = {}
        self._ways_from_at = whole_ms(begin_at)

    def add_line(self, count: LineCount) -> None:
        """Add the staff among a line's heads."""
        if count.staff_entered or count.staff_left:
            line = self._line(count.line_id)
            line.staff_entered += count.staff_entered
            line.staff_left += count.staff_left

    def add_parties(self, count: UnitCount) -> None:
        """Add a line's parties."""
        line = self._line(count.line_id)
        line.entered += count.entered
        line.left += count.left

    def add_zone(self, sample: ZoneSample) -> None:
        """Add a zone's visits and presence."""
        zone = self._zone(sample.zone_id)
        for visit in sample.visits:
            zone.dwells[dwell_step(visit.dwell_s)] += 1
        zone.unknown += sample.unknown
        zone.presence_s += sample.presence_s
        zone.staff_s += sample.staff_s

    def add_unknown(self, zone_id: str, people: int) -> None:
        """Add visits to a zone of which nobody knows how they ended."""
        self._zone(zone_id).unknown += people

    def add_queue(self, sample: QueueSample) -> None:
        """Add what the tills of a queue's lanes did."""
        for work in sample.lanes:
            lane = self._lanes.get(work.lane_id)
            if lane is None:
                lane = self._lanes[work.lane_id] = _Lane(IntervalCutter(self._begin_at), sample.queue_id, work.tills)
            lane.busy_s += work.busy_s
            lane.served += work.served

    def cut(self, end_at: datetime) -> list[AnyReading]:
        """Return the readings of the time until ``end_at``, which lies in the same minute; zeros only of lanes."""
        readings: list[AnyReading] = []
        for line_id, line in self._lines.items():
            interval = line.cutter.cut(end_at)
            if interval is None or not (line.entered or line.left or line.staff_entered or line.staff_left):
                continue
            readings.append(
                LineParties(
                    measured_at=interval.measured_at,
                    period_ms=interval.period_ms,
                    line_id=line_id,
                    in_count=line.entered,
                    out_count=line.left,
                    staff_in_count=line.staff_entered,
                    staff_out_count=line.staff_left,
                )
            )
            line.entered = line.left = line.staff_entered = line.staff_left = 0
        for zone_id, zone in self._zones.items():
            interval = zone.cutter.cut(end_at)
            people_ms = int(zone.presence_s * 1000)
            if interval is None or not (people_ms or zone.unknown or any(zone.dwells)):
                continue
            staff_ms = min(people_ms, int(zone.staff_s * 1000))
            readings.append(
                ZoneDwell(
                    measured_at=interval.measured_at,
                    period_ms=interval.period_ms,
                    zone_id=zone_id,
                    dwell_counts=tuple(zone.dwells),
                    unknown_count=zone.unknown,
                    people_ms=people_ms,
                    staff_ms=staff_ms,
                )
            )
            # What is less than a millisecond goes into the next reading, so that sums stay right.
            zone.presence_s -= people_ms / 1000
            zone.staff_s = max(0.0, zone.staff_s - staff_ms / 1000)
            zone.unknown = 0
            zone.dwells = [0] * len(zone.dwells)
        for lane_id, lane in self._lanes.items():
            interval = lane.cutter.cut(end_at)
            if interval is None:
                continue
            # A service is known to have begun a moment after it did; no till is busier than the minute is long.
            busy_ms = min(int(lane.busy_s * 1000), interval.period_ms * lane.tills)
            readings.append(
                LaneService(
                    measured_at=interval.measured_at,
                    period_ms=interval.period_ms,
                    lane_id=lane_id,
                    queue_id=lane.queue_id,
                    till_count=lane.tills,
                    busy_ms=busy_ms,
                    served_count=lane.served,
                )
            )
            lane.busy_s, lane.served = 0.0, 0
        self._begin_at = end_at
        return readings

    def ends_quarter(self, now_at: datetime) -> bool:
        """Whether the quarter of an hour in which transitions are gathered is over."""
        return quarter_of(now_at) != quarter_of(self._ways_from_at)

    def ways(self, taken: list[Transitions], end_at: datetime) -> list[AnyReading]:
        """Return the transitions until ``end_at``, at most to the quarter's end, and begin to gather anew there."""
        begin_at = self._ways_from_at
        end_at = min(whole_ms(end_at), quarter_of(begin_at) + timedelta(minutes=_QUARTER_MIN))
        self._ways_from_at = max(begin_at, end_at)
        span_ms = max(1, (end_at - begin_at) // timedelta(milliseconds=1))
        readings: list[AnyReading] = []
        for transitions in taken:
            readings += [
                ZoneTransition(
                    measured_at=begin_at,
                    span_ms=span_ms,
                    camera_id=self._camera_id,
                    people_count=way.people,
                    from_zone_id=way.from_zone_id,
                    to_zone_id=way.to_zone_id,
                )
                for way in transitions.told
            ]
            if transitions.suppressed:
                readings.append(
                    ZoneTransition(
                        measured_at=begin_at,
                        span_ms=span_ms,
                        camera_id=self._camera_id,
                        people_count=transitions.suppressed,
                    )
                )
        return readings

    def skip_to(self, begin_at: datetime) -> None:
        """Begin anew at an instant, leaving out the time between, in which nothing was measured."""
        self._begin_at = begin_at
        for cutter in self._cutters():
            cutter.skip_to(begin_at)
        self._ways_from_at = whole_ms(begin_at)

    def _cutters(self) -> list[IntervalCutter]:
        cutters = [line.cutter for line in self._lines.values()]
        cutters += [zone.cutter for zone in self._zones.values()]
        return cutters + [lane.cutter for lane in self._lanes.values()]

    def _line(self, line_id: str) -> _Line:
        found = self._lines.get(line_id)
        if found is None:
            found = self._lines[line_id] = _Line(IntervalCutter(self._begin_at))
        return found

    def _zone(self, zone_id: str) -> _Zone:
        found = self._zones.get(zone_id)
        if found is None:
            found = self._zones[zone_id] = _Zone(IntervalCutter(self._begin_at))
        return found
