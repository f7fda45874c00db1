"""Sensors that count over intervals: lines, zones and heat.

An interval ends after the first second, then each second in which something changed and at each whole UTC minute, so
that readings tile time, never straddle a minute, a quiet minute is reported as a quiet one, and a page knows all soon.
"""

import zlib
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from sys import byteorder

from storesense_contracts.clock import from_epoch_us
from storesense_contracts.readings import FootfallReading, HeatmapReading, ZoneReading
from storesense_simulators.sim.geometry import Point
from storesense_simulators.sim.plan import HeatPlan, LinePlan, ZonePlan
from storesense_simulators.sim.truth import TruthEvent, TruthKind

REPORT_MS = 1_000
HEAT_REPORT_MS = 10_000
STOP_MS = 5_000
"""A visit to a zone this long is a stop, not a walk through."""
_MINUTE_MS = 60_000
_MAX_DS = 65_535


def instant(epoch_ms: int) -> datetime:
    """Return the aware instant of a count of milliseconds since 1970."""
    return from_epoch_us(epoch_ms * 1_000)


@dataclass(slots=True)
class LineSensor:
    """Counts at one line since ``since_ms`` (milliseconds since 1970)."""

    plan: LinePlan
    since_ms: int
    in_count: int = 0
    out_count: int = 0
    has_reported: bool = False

    def observe(self, event: TruthEvent) -> None:
        """Take in what happened; events of other subjects are passed over."""
        if event.subject_id == self.plan.line_id:
            self.in_count += event.kind is TruthKind.CROSSED_IN
            self.out_count += event.kind is TruthKind.CROSSED_OUT

    def report(self, now_ms: int, *, is_last: bool = False) -> FootfallReading | None:
        """Return the interval's reading if one is due at ``now_ms``, or ``is_last``, and begin the next."""
        is_changed = bool(self.in_count or self.out_count or not self.has_reported)
        if now_ms <= self.since_ms or not (is_last or _is_due(now_ms, is_changed=is_changed)):
            return None
        reading = FootfallReading(
            measured_at=instant(self.since_ms),
            period_ms=now_ms - self.since_ms,
            line_id=self.plan.line_id,
            in_count=self.in_count,
            out_count=self.out_count,
        )
        self.since_ms, self.in_count, self.out_count, self.has_reported = now_ms, 0, 0, True
        return reading


@dataclass(slots=True)
class ZoneSensor:
    """Presence in one zone since ``since_ms``."""

    plan: ZonePlan
    since_ms: int
    occupancy: int = 0
    entry_count: int = 0
    exit_count: int = 0
    presence_ms: int = 0
    dwell_ms: int = 0
    stop_count: int = 0
    has_reported: bool = False

    def observe(self, event: TruthEvent) -> None:
        """Take in what happened; events of other subjects are passed over."""
        if event.subject_id != self.plan.zone_id:
            return
        if event.kind is TruthKind.ZONE_ENTERED:
            self.occupancy += 1
            self.entry_count += 1
        elif event.kind is TruthKind.ZONE_LEFT:
            self.occupancy -= 1
            self.exit_count += 1
            self.dwell_ms += event.dwell_ms
            self.stop_count += event.dwell_ms >= STOP_MS

    def pass_time(self, duration_ms: int) -> None:
        """Let everybody in the zone be there for ``duration_ms`` more."""
        self.presence_ms += self.occupancy * duration_ms

    def report(self, now_ms: int, *, is_last: bool = False) -> ZoneReading | None:
        """Return the interval's reading if one is due at ``now_ms``, or ``is_last``, and begin the next."""
        is_changed = bool(self.entry_count or self.exit_count or self.presence_ms or not self.has_reported)
        if now_ms <= self.since_ms or not (is_last or _is_due(now_ms, is_changed=is_changed)):
            return None
        reading = ZoneReading(
            measured_at=instant(self.since_ms),
            period_ms=now_ms - self.since_ms,
            zone_id=self.plan.zone_id,
            occupancy=self.occupancy,
            entry_count=self.entry_count,
            exit_count=self.exit_count,
            presence_ms=self.presence_ms,
            visit_count=self.exit_count,
            visit_dwell_ms=self.dwell_ms,
            stop_count=self.stop_count,
        )
        self.since_ms, self.has_reported = now_ms, True
        self.entry_count = self.exit_count = self.presence_ms = self.dwell_ms = self.stop_count = 0
        return reading


@dataclass(slots=True)
class HeatSensor:
    """Presence per floor cell since ``since_ms``, reported every ten seconds so that a page is warm soon."""

    plan: HeatPlan
    since_ms: int
    presence_ms: "array[int]" = field(init=False)

    def __post_init__(self) -> None:
        self._clear()

    def observe(self, spots: Iterable[Point], duration_ms: int) -> None:
        """Let people stand at ``spots`` for ``duration_ms``; those outside the camera's area are passed over."""
        for x, y in spots:
            column = int((x - self.plan.origin[0]) // self.plan.cell_size_m)
            row = int((y - self.plan.origin[1]) // self.plan.cell_size_m)
            if 0 <= column < self.plan.columns and 0 <= row < self.plan.rows:
                self.presence_ms[row * self.plan.columns + column] += duration_ms

    def report(self, now_ms: int, *, is_last: bool = False) -> HeatmapReading | None:
        """Return the interval's grid if one is due at ``now_ms``, or ``is_last``, and begin the next."""
        is_partial_due = now_ms % HEAT_REPORT_MS == 0 and any(self.presence_ms)
        if now_ms <= self.since_ms or not (is_last or is_partial_due or now_ms % _MINUTE_MS == 0):
            return None
        presence_ds = array("H", (min(_MAX_DS, ms // 100) for ms in self.presence_ms))
        if byteorder == "big":
            presence_ds.byteswap()
        reading = HeatmapReading(
            measured_at=instant(self.since_ms),
            period_ms=now_ms - self.since_ms,
            floor_id=self.plan.floor_id,
            origin_xy_m=self.plan.origin,
            cell_size_m=self.plan.cell_size_m,
            columns=self.plan.columns,
            rows=self.plan.rows,
            presence_ds=zlib.compress(presence_ds.tobytes()),
        )
        self.since_ms = now_ms
        self._clear()
        return reading

    def _clear(self) -> None:
        self.presence_ms = array("Q", bytes(8 * self.plan.columns * self.plan.rows))


def _is_due(now_ms: int, *, is_changed: bool) -> bool:
    return now_ms % _MINUTE_MS == 0 or (is_changed and now_ms % REPORT_MS == 0)
