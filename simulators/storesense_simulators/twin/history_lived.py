"""What happened on a past day, by minute of the day or by time since its beginning."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from storesense_simulators.twin.history_flow import FlowDay
from storesense_simulators.twin.interval_sensors import MINUTE_MS, STOP_MS

if TYPE_CHECKING:
    import numpy as np

    from storesense_simulators.twin.history_trips import Visit, Wait


@dataclass(slots=True)
class ZoneMinutes:
    """What one zone saw in each minute of the day."""

    entries: list[int]
    exits: list[int]
    presence_ms: list[int]
    dwell_ms: list[int]
    stops: list[int]

    def stay(self, entered_ms: int, left_ms: int) -> None:
        """Take note of a visit."""
        first, last = entered_ms // MINUTE_MS, left_ms // MINUTE_MS
        self.entries[first] += 1
        self.exits[last] += 1
        self.dwell_ms[last] += left_ms - entered_ms
        self.stops[last] += left_ms - entered_ms >= STOP_MS
        for minute in range(first, last + 1):
            low_ms, high_ms = max(entered_ms, minute * MINUTE_MS), min(left_ms, (minute + 1) * MINUTE_MS)
            self.presence_ms[minute] += high_ms - low_ms


@dataclass(slots=True)
class LivedDay:
    """What the customers of a day did."""

    minutes: int
    crossings: dict[str, list[list[int]]] = field(default_factory=dict)
    zones: dict[str, ZoneMinutes] = field(default_factory=dict)
    waits: dict[str, list[tuple[int, Wait]]] = field(default_factory=dict)
    taken: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    stood_min: list[np.ndarray[tuple[int], np.dtype[np.int64]]] = field(default_factory=list)
    stood_xy_m: list[np.ndarray[tuple[int, int], np.dtype[np.float64]]] = field(default_factory=list)
    coming: list[int] = field(default_factory=list)
    flow: FlowDay = field(default_factory=lambda: FlowDay(0))

    def add(self, visit: Visit, at_ms: int) -> None:
        """Let a visit begin so long after the day did; only lines, zones and queues that are there take note of it."""
        self.flow.add(visit, at_ms)
        self.coming += [(at_ms + t_ms) // MINUTE_MS for t_ms, _, is_in in visit.crossings if is_in]
        for t_ms, line, is_in in visit.crossings:
            if line in self.crossings:
                self.crossings[line][0 if is_in else 1][(at_ms + t_ms) // MINUTE_MS] += 1
        for entered_ms, left_ms, zone in visit.stays:
            if zone in self.zones:
                self.zones[zone].stay(at_ms + entered_ms, at_ms + left_ms)
        for wait in visit.waits:
            if wait.queue_id in self.waits:
                self.waits[wait.queue_id].append((at_ms, wait))
        for t_ms, slot_id, units in visit.taken:
            self.taken[slot_id].append((at_ms + t_ms, units))
        self.stood_min.append((visit.stood_ms + at_ms) // MINUTE_MS)
        self.stood_xy_m.append(visit.stood_xy_m)
