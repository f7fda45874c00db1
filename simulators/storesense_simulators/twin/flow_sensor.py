"""What one camera of the twin tells once a minute of several people together, summed up by the edge's own code.

Who belongs together and who works here is taken from the truth, so parties and shares of staff come without the errors
that a real camera makes of them; `storesense eval twin` tells how large those are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from storesense_edge.flow_readings import FlowSums
from storesense_edge.vision.camera_observation import LineCount
from storesense_edge.vision.presence import Stay
from storesense_edge.vision.queues import LaneWork, QueueSample
from storesense_edge.vision.transitions import TransitionCounter
from storesense_edge.vision.units import UnitCount
from storesense_edge.vision.zones import ZoneSample, ZoneVisit
from storesense_simulators.twin.interval_sensors import instant
from storesense_simulators.twin.truth import TruthEvent, TruthKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from storesense_contracts.readings import AnyReading

_APART_MS = 15_000
"""People of one party who cross a line no further apart than this are one."""


@dataclass(slots=True)
class _Presence:
    inside: dict[int, tuple[int, bool]] = field(default_factory=dict)
    """Since when each who is inside is summed up, and whether they work here."""


class FlowSensor:
    """One camera.

    Args:
        device_id: the camera.
        lines: the lines that it counts at.
        zones: the zones that it measures.
        tills: of each lane that its queues serve, the queue and how many tills it has.
        since_ms: milliseconds since 1970.
    """

    def __init__(
        self,
        device_id: str,
        *,
        lines: tuple[str, ...],
        zones: tuple[str, ...],
        tills: Mapping[str, tuple[str, int]],
        since_ms: int,
    ) -> None:
        self.device_id = device_id
        self._lines = frozenset(lines)
        self._areas = {zone_id: area for area, zone_id in enumerate(zones)}
        self._zone_ids = zones
        self._tills = tills
        self._begin(since_ms)

    def _begin(self, now_ms: int) -> None:
        self._sums = FlowSums(camera_id=self.device_id, begin_at=instant(now_ms))
        self._ways = TransitionCounter(self._zone_ids)
        self._crossed: dict[tuple[str, bool, int], int] = {}
        self._presence = {zone_id: _Presence() for zone_id in self._zone_ids}
        self._serving: dict[tuple[str, int], int] = {}

    def observe(self, event: TruthEvent, now_ms: int) -> None:
        """Take in something that happened; what this camera does not see is passed over."""
        kind, subject_id = event.kind, event.subject_id
        if kind in (TruthKind.CROSSED_IN, TruthKind.CROSSED_OUT) and subject_id in self._lines:
            self._cross(event, now_ms)
        elif kind is TruthKind.ZONE_ENTERED and subject_id in self._areas and event.person_no is not None:
            self._presence[subject_id].inside[event.person_no] = (now_ms, event.is_staff)
        elif kind is TruthKind.ZONE_LEFT and subject_id in self._areas and event.person_no is not None:
            self._leave(event, now_ms)
        elif kind is TruthKind.SERVICE_BEGUN and subject_id in self._tills:
            self._serving[subject_id, event.station] = now_ms
        elif kind is TruthKind.SERVICE_ENDED and subject_id in self._tills:
            self._end_service(event, now_ms)

    def _cross(self, event: TruthEvent, now_ms: int) -> None:
        entered = event.kind is TruthKind.CROSSED_IN
        party = event.party_no if event.party_no is not None else -(event.person_no or 0)
        key = (event.subject_id, entered, party)
        before_ms = self._crossed.get(key)
        self._crossed[key] = now_ms
        if before_ms is None or now_ms - before_ms > _APART_MS:
            self._sums.add_parties(UnitCount(event.subject_id, int(entered), int(not entered)))
        if event.is_staff:
            self._sums.add_line(LineCount(event.subject_id, 0, 0, int(entered), int(not entered)))

    def _leave(self, event: TruthEvent, now_ms: int) -> None:
        zone_id, person_no = event.subject_id, event.person_no or 0
        known = self._presence[zone_id].inside.pop(person_no, None)
        if known is None:
            return
        since_ms, is_staff = known
        dwell_s = (event.dwell_ms or 0) / 1000
        visits = () if is_staff else (ZoneVisit(zone_id, 0.0, dwell_s, stopped=False),)
        self._add_presence(zone_id, now_ms - since_ms, visits, is_staff=is_staff)
        if not is_staff:
            end_s = now_ms / 1000
            stay = Stay(
                area=self._areas[zone_id],
                number=person_no,
                first_s=end_s - dwell_s,
                last_s=end_s,
                last_seen_s=end_s,
                slow_s=0.0,
                slow=False,
                # Ways between zones ask when somebody was where, and no more.
                first_xy=(0.0, 0.0),
                last_xy=(0.0, 0.0),
                scale=1.0,
                found_s=end_s - dwell_s,
                sure=True,
            )
            self._ways.step([(person_no, stay)], end_s)

    def _add_presence(self, zone_id: str, lasted_ms: int, visits: tuple[ZoneVisit, ...], *, is_staff: bool) -> None:
        seconds = lasted_ms / 1000
        self._sums.add_zone(ZoneSample(zone_id, 0, 0, 0, seconds, visits, seconds if is_staff else 0.0))

    def _end_service(self, event: TruthEvent, now_ms: int) -> None:
        since_ms = self._serving.pop((event.subject_id, event.station), None)
        if since_ms is not None:
            self._add_work(event.subject_id, now_ms - since_ms, served=1)

    def _add_work(self, lane_id: str, busy_ms: int, *, served: int) -> None:
        queue_id, tills = self._tills[lane_id]
        self._sums.add_queue(
            QueueSample(queue_id, 0, 0, 0.0, lanes=(LaneWork(lane_id, tills, busy_ms / 1000, served),))
        )

    def report(self, now_ms: int) -> list[AnyReading]:
        """Return the sums of the minute that ends now."""
        for zone_id, presence in self._presence.items():
            for person_no, (since_ms, is_staff) in presence.inside.items():
                self._add_presence(zone_id, now_ms - since_ms, (), is_staff=is_staff)
                presence.inside[person_no] = (now_ms, is_staff)
        for lane_id in self._tills:
            self._add_work(lane_id, 0, served=0)
        for (lane_id, station), since_ms in self._serving.items():
            self._add_work(lane_id, now_ms - since_ms, served=0)
            self._serving[lane_id, station] = now_ms
        self._crossed = {key: at_ms for key, at_ms in self._crossed.items() if now_ms - at_ms <= _APART_MS}
        readings = self._sums.cut(instant(now_ms))
        if self._sums.ends_quarter(instant(now_ms)):
            readings += self._sums.ways([self._ways.take()], instant(now_ms))
        return readings

    def resume(self, now_ms: int) -> None:
        """Begin anew, as after a power cut or a set clock."""
        self._begin(now_ms)
