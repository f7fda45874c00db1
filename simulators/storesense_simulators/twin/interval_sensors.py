"""Sensors that count over intervals: lines, zones and heat, as the edge agent reports them.

An interval ends each second in which something changed and at each whole UTC minute, so that readings tile time, never
straddle a minute, and a quiet minute is reported as a quiet one.

How wrong they are was measured with the shipped tracker on public detections of PETS2009 S2.L1 (`storesense eval
counting`, five upright lines: of 133 true crossings 1 was missed and 6 were counted that were none; five zones of the
picture against the same zones on ground-truth boxes: 125 visits became 140, and occupancy was off by one 18 % of the
time, by more 3 %). People who work in the store are counted as everybody else is.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from storesense_contracts.clock import from_epoch_us
from storesense_contracts.readings import FootfallReading, HeatmapReading, ZoneReading

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from storesense_edge.vision.heatmap import FloorGrid

MINUTE_MS = 60_000
REPORT_MS = 1_000
STOP_MS = 5_000
"""A visit to a zone this long is a stop, not a walk through."""

LINE_MISSED_SHARE = 1 / 133
LINE_DOUBLED_SHARE = 6 / 133
ZONE_SPLIT_SHARE = 15 / 125
"""Of the visits, so many are told as two: the tracker lost somebody and found them again."""
_LOST_MS = 1_500


@lru_cache(maxsize=64)  # most readings of a moment share it
def instant(epoch_ms: int) -> datetime:
    """Return the aware instant of a count of milliseconds since 1970."""
    return from_epoch_us(epoch_ms * 1_000)


@dataclass(slots=True)
class LineSensor:
    """Counts at one line since ``since_ms`` (milliseconds since 1970)."""

    line_id: str
    device_id: str
    chance: np.random.Generator
    since_ms: int
    in_count: int = 0
    out_count: int = 0

    def cross(self, *, is_in: bool, blindness: float = 0.0) -> None:
        """Somebody crossed; ``blindness`` is the chance that a moved or dirty camera did not see it."""
        luck = self.chance.random()
        if luck < LINE_MISSED_SHARE or (blindness and self.chance.random() < blindness):
            return
        times = 2 if luck > 1 - LINE_DOUBLED_SHARE else 1
        self.in_count += times * is_in
        self.out_count += times * (not is_in)

    @property
    def is_changed(self) -> bool:
        """Whether there is anything to report before the minute ends."""
        return bool(self.in_count or self.out_count)

    def report(self, now_ms: int) -> FootfallReading | None:
        """Return the interval that ends now and begin the next; None if no time has passed."""
        if now_ms <= self.since_ms:
            return None
        reading = FootfallReading(
            measured_at=instant(self.since_ms),
            period_ms=now_ms - self.since_ms,
            line_id=self.line_id,
            in_count=self.in_count,
            out_count=self.out_count,
        )
        self.resume(now_ms)
        return reading

    def resume(self, now_ms: int) -> None:
        """Begin a new interval, leaving out what was counted."""
        self.since_ms, self.in_count, self.out_count = now_ms, 0, 0


@dataclass(slots=True)
class ZoneSensor:
    """Presence in one zone since ``since_ms`` (milliseconds since 1970)."""

    zone_id: str
    device_id: str
    chance: np.random.Generator
    since_ms: int
    counted_ms: int = 0
    entry_count: int = 0
    exit_count: int = 0
    presence_ms: int = 0
    dwell_ms: int = 0
    stop_count: int = 0
    inside: dict[int, int] = field(default_factory=dict)
    """When each visit that is seen began, by person."""

    def __post_init__(self) -> None:
        self.counted_ms = self.since_ms

    @property
    def occupancy(self) -> int:
        """How many are seen inside."""
        return len(self.inside)

    @property
    def is_changed(self) -> bool:
        """Whether there is anything to report before the minute ends."""
        return bool(self.entry_count or self.exit_count)

    def enter(self, person_no: int, now_ms: int, *, blindness: float = 0.0) -> None:
        """Somebody came in."""
        if blindness and self.chance.random() < blindness:
            return
        self._pass_time(now_ms)
        self.inside[person_no] = now_ms
        self.entry_count += 1

    def leave(self, person_no: int, now_ms: int) -> None:
        """Somebody went out; who was never seen inside is not seen now."""
        if person_no not in self.inside:
            return
        self._pass_time(now_ms)
        dwell_ms = now_ms - self.inside.pop(person_no)
        self.exit_count += 1
        if dwell_ms > 2 * _LOST_MS and self.chance.random() < ZONE_SPLIT_SHARE:
            # Told as two visits, with a moment between them that nobody was seen.
            first_ms = int((dwell_ms - _LOST_MS) * self.chance.random())
            self.entry_count += 1
            self.exit_count += 1
            self.dwell_ms -= _LOST_MS
            self.stop_count += (first_ms >= STOP_MS) + (dwell_ms - _LOST_MS - first_ms >= STOP_MS)
        else:
            self.stop_count += dwell_ms >= STOP_MS
        self.dwell_ms += dwell_ms

    def report(self, now_ms: int) -> ZoneReading | None:
        """Return the interval that ends now and begin the next; None if no time has passed."""
        if now_ms <= self.since_ms:
            return None
        self._pass_time(now_ms)
        reading = ZoneReading(
            measured_at=instant(self.since_ms),
            period_ms=now_ms - self.since_ms,
            zone_id=self.zone_id,
            occupancy=len(self.inside),
            entry_count=self.entry_count,
            exit_count=self.exit_count,
            presence_ms=self.presence_ms,
            visit_count=self.exit_count,
            visit_dwell_ms=self.dwell_ms,
            stop_count=self.stop_count,
        )
        self._begin(now_ms)
        return reading

    def resume(self, now_ms: int) -> None:
        """Begin a new interval, leaving out what was measured; who is inside counts as inside from now on."""
        self.inside = dict.fromkeys(self.inside, now_ms)
        self._begin(now_ms)

    def forget(self) -> None:
        """Lose sight of everybody, as a camera without power does."""
        self.inside.clear()

    def _begin(self, now_ms: int) -> None:
        self.since_ms = self.counted_ms = now_ms
        self.entry_count = self.exit_count = self.presence_ms = self.dwell_ms = self.stop_count = 0

    def _pass_time(self, now_ms: int) -> None:
        self.presence_ms += len(self.inside) * (now_ms - self.counted_ms)
        self.counted_ms = now_ms


class HeatSensor:
    """Presence per floor cell since ``since_ms``, reported at each whole minute.

    Args:
        grid: the cells that the camera owns.
        device_id: the camera.
        floor_id: the floor that they lie on.
        since_ms: milliseconds since 1970.
    """

    def __init__(self, grid: FloorGrid, *, device_id: str, floor_id: str, since_ms: int) -> None:
        self.grid = grid
        self.device_id = device_id
        self.floor_id = floor_id
        self.since_ms = since_ms
        self._seen: list[tuple[NDArray[np.float64], int]] = []

    def observe(self, xy_m: NDArray[np.float64], duration_ms: int) -> None:
        """Let people stand at (N, 2) places for so long; those outside the camera's area are passed over.

        The array is kept until the interval ends, so the caller leaves it as it is.
        """
        self._seen.append((xy_m, duration_ms))

    def _presence_ms(self) -> NDArray[np.int64]:
        grid = self.grid
        presence_ms = np.zeros(grid.rows * grid.columns, dtype=np.int64)
        if not self._seen:
            return presence_ms
        xy_m = np.concatenate([places for places, _ in self._seen])
        lasted_ms = np.repeat([duration for _, duration in self._seen], [len(places) for places, _ in self._seen])
        cells = np.floor((xy_m - grid.origin_xy_m) * (1.0 / grid.cell_m)).astype(np.int64)
        x, y = cells[:, 0], cells[:, 1]
        inside = (x >= 0) & (x < grid.columns) & (y >= 0) & (y < grid.rows)
        np.add.at(presence_ms, (y * grid.columns + x)[inside], lasted_ms[inside])
        return presence_ms

    def report(self, now_ms: int) -> HeatmapReading | None:
        """Return the grid of the interval that ends now and begin the next; None if no time has passed."""
        if now_ms <= self.since_ms:
            return None
        grid = self.grid
        presence_ds = np.minimum(self._presence_ms() // 100, 65_535).astype("<u2")
        reading = HeatmapReading(
            measured_at=instant(self.since_ms),
            period_ms=now_ms - self.since_ms,
            floor_id=self.floor_id,
            origin_xy_m=grid.origin_xy_m,
            cell_size_m=grid.cell_m,
            columns=grid.columns,
            rows=grid.rows,
            presence_ds=zlib.compress(presence_ds.tobytes(), 6),
        )
        self.resume(now_ms)
        return reading

    def resume(self, now_ms: int) -> None:
        """Begin a new interval, leaving out what was measured."""
        self.since_ms = now_ms
        self._seen.clear()
