"""What a past day's cameras told once a minute of several people together: parties, lengths of visits, tills, ways.

The sums are those of the edge's agent (`storesense_edge.flow_readings`), and so is what of them is told: nothing of a
minute in which nothing happened, except of tills while the store is open, and no way that too few people took.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from storesense_contracts.readings import (
    DWELL_EDGES_S,
    FEWEST_TOLD,
    LaneService,
    LineParties,
    ZoneDwell,
    ZoneTransition,
)
from storesense_edge.flow_readings import dwell_step, quarter_of
from storesense_simulators.twin.interval_sensors import MINUTE_MS, instant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from storesense_contracts.readings import AnyReading
    from storesense_simulators.twin.history_trips import Visit

APART_MS = 15_000
"""People of one party who cross a line no further apart than this are one."""
_QUARTER_MS = 15 * MINUTE_MS


@dataclass(slots=True)
class _Dwells:
    counts: list[int] = field(default_factory=lambda: [0] * (len(DWELL_EDGES_S) + 1))
    people_ms: int = 0


@dataclass(slots=True)
class FlowDay:
    """Sums of one day, by minute of the day and by quarter of an hour; times are milliseconds since its beginning.

    Attributes:
        minutes: how many of it there are.
        parties: of each line, by minute: parties in and out.
    """

    minutes: int
    parties: dict[str, dict[int, list[int]]] = field(default_factory=lambda: defaultdict(dict))
    _dwells: dict[str, dict[int, _Dwells]] = field(default_factory=lambda: defaultdict(dict))
    _busy_ms: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    _served: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    _ways: list[tuple[int, str, str]] = field(default_factory=list)

    def add(self, visit: Visit, at_ms: int) -> None:
        """Add what one party did that came ``at_ms`` after the day's beginning."""
        self.cross([(at_ms + t_ms, line, is_in) for t_ms, line, is_in in visit.crossings])
        for entered_ms, left_ms, zone in visit.stays:
            self.stay(zone, at_ms + entered_ms, at_ms + left_ms)
        self._ways += [(at_ms + t_ms, from_zone, to_zone) for t_ms, from_zone, to_zone in visit.ways]
        for wait in visit.waits:
            if wait.is_served and wait.lane_id:
                ended_ms = at_ms + wait.served_ms
                self.serve(wait.lane_id, ended_ms - wait.service_ms, ended_ms)

    def cross(self, crossings: list[tuple[int, str, bool]]) -> None:
        """Add one party's crossings: when, of which line, and whether inward."""
        last_ms: dict[tuple[str, bool], int] = {}
        for t_ms, line, is_in in sorted(crossings):
            before_ms = last_ms.get((line, is_in))
            last_ms[line, is_in] = t_ms
            if before_ms is None or t_ms - before_ms > APART_MS:
                self.parties[line].setdefault(t_ms // MINUTE_MS, [0, 0])[0 if is_in else 1] += 1

    def stay(self, zone: str, entered_ms: int, left_ms: int) -> None:
        """Add a visit to a zone."""
        first, last = entered_ms // MINUTE_MS, left_ms // MINUTE_MS
        for minute in range(first, last + 1):
            dwells = self._dwells[zone].setdefault(minute, _Dwells())
            dwells.people_ms += min(left_ms, (minute + 1) * MINUTE_MS) - max(entered_ms, minute * MINUTE_MS)
        self._dwells[zone][last].counts[dwell_step((left_ms - entered_ms) / 1000)] += 1

    def serve(self, lane: str, begun_ms: int, ended_ms: int) -> None:
        """Add a service at a lane's till."""
        for minute in range(begun_ms // MINUTE_MS, ended_ms // MINUTE_MS + 1):
            low_ms, high_ms = max(begun_ms, minute * MINUTE_MS), min(ended_ms, (minute + 1) * MINUTE_MS)
            self._busy_ms[lane][minute] += high_ms - low_ms
        self._served[lane][ended_ms // MINUTE_MS] += 1

    def lines(self, line: str, began_ms: int) -> Iterator[AnyReading]:
        """Yield a line's parties."""
        for minute, (entered, left) in sorted(self.parties.get(line, {}).items()):
            if minute < self.minutes:
                yield LineParties(
                    measured_at=instant(began_ms + minute * MINUTE_MS),
                    period_ms=MINUTE_MS,
                    line_id=line,
                    in_count=entered,
                    out_count=left,
                )

    def zones(self, zone: str, began_ms: int) -> Iterator[AnyReading]:
        """Yield the lengths of a zone's visits."""
        for minute, dwells in sorted(self._dwells.get(zone, {}).items()):
            if minute < self.minutes:
                yield ZoneDwell(
                    measured_at=instant(began_ms + minute * MINUTE_MS),
                    period_ms=MINUTE_MS,
                    zone_id=zone,
                    dwell_counts=tuple(dwells.counts),
                    people_ms=dwells.people_ms,
                )

    def lanes(self, lane: str, queue: str, tills: int, began_ms: int, manned: range) -> Iterator[AnyReading]:
        """Yield what a lane's tills did in each minute in which they may have served."""
        busy_ms, served = self._busy_ms.get(lane, Counter()), self._served.get(lane, Counter())
        for minute in sorted({*manned, *(minute for minute in busy_ms if minute < self.minutes)}):
            yield LaneService(
                measured_at=instant(began_ms + minute * MINUTE_MS),
                period_ms=MINUTE_MS,
                lane_id=lane,
                queue_id=queue,
                till_count=tills,
                busy_ms=min(busy_ms[minute], tills * MINUTE_MS),
                served_count=served[minute],
            )

    def ways(self, camera_of: Mapping[str, str], began_ms: int) -> Iterator[tuple[str, AnyReading]]:
        """Yield each camera's ways between its zones by quarters of an hour of UTC, each with the camera."""
        sums: dict[tuple[str, datetime], Counter[tuple[str, str]]] = defaultdict(Counter)
        for t_ms, from_zone, to_zone in self._ways:
            camera = camera_of.get(from_zone)
            if camera is not None and camera == camera_of.get(to_zone) and t_ms < self.minutes * MINUTE_MS:
                sums[camera, quarter_of(_at(began_ms + t_ms))][from_zone, to_zone] += 1
        for (camera, quarter_at), people in sorted(sums.items()):
            told = [(way, count) for way, count in sorted(people.items()) if count >= FEWEST_TOLD]
            for (from_zone, to_zone), count in told:
                yield camera, _way(camera, quarter_at, count, from_zone, to_zone)
            rest = sum(people.values()) - sum(count for _, count in told)
            if rest >= FEWEST_TOLD:
                yield camera, _way(camera, quarter_at, rest)


def _at(t_ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=t_ms)


def _way(
    camera: str, quarter_at: datetime, people: int, from_zone: str | None = None, to_zone: str | None = None
) -> ZoneTransition:
    return ZoneTransition(
        measured_at=quarter_at,
        span_ms=_QUARTER_MS,
        camera_id=camera,
        people_count=people,
        from_zone_id=from_zone,
        to_zone_id=to_zone,
    )
