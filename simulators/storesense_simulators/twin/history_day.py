"""One past day of a store, as its devices would have told it minute by minute.

It is coarser than a simulated day: intervals of whole minutes, weights once a minute at most, environment and lanes
every few minutes, and no errors of sensors. Shelves are full when the day begins, and are refilled some time after they
run low.
"""

from __future__ import annotations

import itertools
import zlib
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from storesense_contracts.clock import to_epoch_us
from storesense_contracts.readings import (
    FootfallReading,
    HeatmapReading,
    LaneReading,
    QueueOutcome,
    QueueSample,
    QueueVisit,
    ZoneReading,
)
from storesense_contracts.site import CameraDevice, LaneDevice, ShelfDevice
from storesense_contracts.topics import Stream
from storesense_edge.site_mapping import floor_grid
from storesense_simulators.twin.chance import Dice, stream
from storesense_simulators.twin.climate import Air
from storesense_simulators.twin.demand import Arrivals
from storesense_simulators.twin.emitted import Emitted
from storesense_simulators.twin.history_flow import FlowDay
from storesense_simulators.twin.history_lived import LivedDay, ZoneMinutes
from storesense_simulators.twin.history_shelves import slot_changes, slot_readings
from storesense_simulators.twin.history_trips import HEAT_STEP_MS
from storesense_simulators.twin.interval_sensors import MINUTE_MS, instant
from storesense_simulators.twin.shop import TillKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storesense_edge.vision.heatmap import FloorGrid
    from storesense_simulators.twin.history_trips import VisitLibrary
    from storesense_simulators.twin.shop import Shop

_LANES_EVERY_MIN = 5
_AIR_EVERY_MIN = 5


class PastDays:
    """Makes past days of a store.

    Args:
        shop: the store.
        library: the visits that its days are made of.
        seed: the root of all chance; a day's own comes from it and the date.
    """

    def __init__(self, shop: Shop, library: VisitLibrary, *, seed: int) -> None:
        self._shop = shop
        self._library = library
        self._seed = seed
        self._zone = ZoneInfo(shop.hours.time_zone)
        self._devices: dict[tuple[Stream, str], str] = {}
        self._grids: list[tuple[str, FloorGrid]] = []
        for device in shop.site.devices:
            if isinstance(device, CameraDevice):
                self._devices |= {(Stream.FOOTFALL, line.line): device.id for line in device.lines}
                self._devices |= {(Stream.ZONE, zone.zone): device.id for zone in device.zones}
                self._devices |= {(Stream.QUEUE, queue.queue): device.id for queue in device.queues}
                if device.heatmap is not None:
                    self._grids.append((device.id, floor_grid(device.heatmap, shop.layout.floor)))
            elif isinstance(device, ShelfDevice):
                self._devices |= {(Stream.SHELF, slot.slot): device.id for slot in device.slots}
            elif isinstance(device, LaneDevice):
                self._devices |= {(Stream.LANE, lane_id): device.id for lane_id in device.lanes}
        self._places = {p.slot_id: p for p in shop.places if (Stream.SHELF, p.slot_id) in self._devices}

    def day(self, on: date, until: datetime | None = None) -> Iterator[Emitted]:
        """Yield the readings of a local day, each device's in about the order of time.

        Args:
            on: the day.
            until: an aware instant at which it breaks off; who is inside then has not come.
        """
        began_at = datetime.combine(on, time(), self._zone)
        ends_at = datetime.combine(on + timedelta(days=1), time(), self._zone)
        began_ms = to_epoch_us(began_at) // 1_000
        lasts_ms = to_epoch_us(ends_at) // 1_000 - began_ms
        if until is not None:
            lasts_ms = min(lasts_ms, to_epoch_us(until) // 1_000 - began_ms)
        minutes = lasts_ms // MINUTE_MS
        if minutes <= 0:
            return
        day = self._lived(on, began_at, minutes)
        yield from self._cameras(day, began_ms)
        yield from self._queues(day, began_ms)
        yield from self._heat(day, began_ms)
        yield from self._flow(day, began_at)
        yield from self._shelves(on, day, began_ms)
        yield from self._lanes(began_at, minutes)
        yield from self._air(on, day, began_ms)

    def _lived(self, on: date, began_at: datetime, minutes: int) -> LivedDay:
        day = LivedDay(minutes, flow=FlowDay(minutes))
        lines = {subject for family, subject in self._devices if family is Stream.FOOTFALL}
        day.crossings = {line: [[0] * minutes, [0] * minutes] for line in sorted(lines)}
        for family, zone in self._devices:
            if family is Stream.ZONE:
                day.zones[zone] = ZoneMinutes(*([0] * minutes for _ in range(5)))
            elif family is Stream.QUEUE:
                day.waits[zone] = []
        chance = stream(self._seed, f"history/{on.isoformat()}")
        arrivals = Arrivals(self._shop.demand, self._shop.hours, began_at=began_at, chance=chance)
        lasts_ms = minutes * MINUTE_MS
        while (at_ms := arrivals.next_party_ms()) is not None and at_ms < lasts_ms:
            visit = self._library.draw(arrivals.rate_per_h(at_ms), chance)
            if visit is not None and at_ms + visit.ends_ms < lasts_ms:
                day.add(visit, at_ms)
        return day

    def _flow(self, day: LivedDay, began_at: datetime) -> Iterator[Emitted]:
        began_ms = to_epoch_us(began_at) // 1_000
        for family, subject in self._devices:
            device = self._devices[family, subject]
            if family is Stream.FOOTFALL:
                yield from (Emitted(device, Stream.FLOW, each) for each in day.flow.lines(subject, began_ms))
            elif family is Stream.ZONE:
                yield from (Emitted(device, Stream.FLOW, each) for each in day.flow.zones(subject, began_ms))
        tills = {till.lane_id: till for till in self._shop.tills}
        manned = self._open_minutes(began_at, day.minutes)
        for queue in self._shop.layout.queues:
            camera = self._devices.get((Stream.QUEUE, queue.id))
            if camera is None:
                continue
            for lane_id in queue.lanes:
                stations = len(tills[lane_id].customers)
                for reading in day.flow.lanes(lane_id, queue.id, stations, began_ms, manned):
                    yield Emitted(camera, Stream.FLOW, reading)
        cameras = {zone: device for (family, zone), device in self._devices.items() if family is Stream.ZONE}
        yield from (Emitted(device, Stream.FLOW, way) for device, way in day.flow.ways(cameras, began_ms))

    def _open_minutes(self, began_at: datetime, minutes: int) -> range:
        """The minutes since a day's beginning from the first opening to the last closing."""
        began_ms = to_epoch_us(began_at) // 1_000
        is_open = [
            minute
            for minute in range(0, minutes, _LANES_EVERY_MIN)
            if self._is_open(instant(began_ms + minute * MINUTE_MS).astimezone(self._zone))
        ]
        return range(is_open[0], min(minutes, is_open[-1] + _LANES_EVERY_MIN)) if is_open else range(0)

    def _is_open(self, local: datetime) -> bool:
        spans = self._shop.hours.spans[local.weekday()]
        return any(span.opens_min <= local.hour * 60 + local.minute < span.closes_min for span in spans)

    def _cameras(self, day: LivedDay, began_ms: int) -> Iterator[Emitted]:
        for line, (ins, outs) in day.crossings.items():
            device = self._devices[Stream.FOOTFALL, line]
            for minute in range(day.minutes):
                counts = FootfallReading(
                    measured_at=instant(began_ms + minute * MINUTE_MS),
                    period_ms=MINUTE_MS,
                    line_id=line,
                    in_count=ins[minute],
                    out_count=outs[minute],
                )
                yield Emitted(device, Stream.FOOTFALL, counts)
        for zone, seen in day.zones.items():
            device, occupancy = self._devices[Stream.ZONE, zone], 0
            for minute in range(day.minutes):
                occupancy += seen.entries[minute] - seen.exits[minute]
                presence = ZoneReading(
                    measured_at=instant(began_ms + minute * MINUTE_MS),
                    period_ms=MINUTE_MS,
                    zone_id=zone,
                    occupancy=occupancy,
                    entry_count=seen.entries[minute],
                    exit_count=seen.exits[minute],
                    presence_ms=seen.presence_ms[minute],
                    visit_count=seen.exits[minute],
                    visit_dwell_ms=seen.dwell_ms[minute],
                    stop_count=seen.stops[minute],
                )
                yield Emitted(device, Stream.ZONE, presence)

    def _queues(self, day: LivedDay, began_ms: int) -> Iterator[Emitted]:
        for queue_id, waits in day.waits.items():
            device = self._devices[Stream.QUEUE, queue_id]
            lengths, longest_ms = [0] * day.minutes, [0] * day.minutes
            for at_ms, wait in waits:
                joined_ms, left_ms = at_ms + wait.joined_ms, at_ms + wait.left_ms
                for minute in range(-(-joined_ms // MINUTE_MS), min(day.minutes, -(-left_ms // MINUTE_MS))):
                    lengths[minute] += 1
                    longest_ms[minute] = max(longest_ms[minute], minute * MINUTE_MS - joined_ms)
                done_ms = at_ms + (wait.served_ms if wait.is_served else wait.left_ms)
                visit = QueueVisit(
                    measured_at=instant(began_ms + max(left_ms, done_ms)),
                    queue_id=queue_id,
                    outcome=QueueOutcome.SERVED if wait.is_served else QueueOutcome.ABANDONED,
                    wait_ms=wait.left_ms - wait.joined_ms,
                    service_ms=wait.service_ms,
                )
                yield Emitted(device, Stream.QUEUE, visit)
            for minute in range(day.minutes):
                sample = QueueSample(
                    measured_at=instant(began_ms + minute * MINUTE_MS),
                    queue_id=queue_id,
                    length=lengths[minute],
                    longest_wait_ms=longest_ms[minute],
                )
                yield Emitted(device, Stream.QUEUE, sample)

    def _heat(self, day: LivedDay, began_ms: int) -> Iterator[Emitted]:
        minutes = np.concatenate([np.empty(0, dtype=np.int64), *day.stood_min])
        xy_m = np.concatenate([np.empty((0, 2)), *day.stood_xy_m])
        for device, grid in self._grids:
            cells = np.floor((xy_m - grid.origin_xy_m) / grid.cell_m).astype(np.int64)
            inside = ((cells >= 0) & (cells < (grid.columns, grid.rows))).all(axis=1) & (minutes < day.minutes)
            size = grid.columns * grid.rows
            keys = minutes[inside] * size + cells[inside, 1] * grid.columns + cells[inside, 0]
            found, counts = np.unique(keys, return_counts=True)
            # Every minute has its grid, zeros too: "nobody was there" is known as measured.
            edges = np.searchsorted(found // size, np.arange(day.minutes + 1)).tolist()
            for minute, (first, last) in enumerate(itertools.pairwise(edges)):
                presence_ds = np.zeros(size, dtype="<u2")
                presence_ds[found[first:last] % size] = np.minimum(65_535, counts[first:last] * (HEAT_STEP_MS // 100))
                heat = HeatmapReading(
                    measured_at=instant(began_ms + minute * MINUTE_MS),
                    period_ms=MINUTE_MS,
                    floor_id=self._shop.layout.floor.id,
                    origin_xy_m=grid.origin_xy_m,
                    cell_size_m=grid.cell_m,
                    columns=grid.columns,
                    rows=grid.rows,
                    presence_ds=zlib.compress(presence_ds.tobytes(), 6),
                )
                yield Emitted(device, Stream.HEATMAP, heat)

    def _shelves(self, on: date, day: LivedDay, began_ms: int) -> Iterator[Emitted]:
        staff = self._shop.staff
        dice = Dice(self._seed, f"history/staff/{on.isoformat()}")
        for slot_id, place in self._places.items():
            device = self._devices[Stream.SHELF, slot_id]
            changes = slot_changes(place, sorted(day.taken.get(slot_id, [])), day.minutes, staff, dice)
            for reading in slot_readings(place, changes, began_ms, day.minutes):
                yield Emitted(device, Stream.SHELF, reading)

    def _lanes(self, began_at: datetime, minutes: int) -> Iterator[Emitted]:
        began_ms = to_epoch_us(began_at) // 1_000
        for minute in range(0, minutes, _LANES_EVERY_MIN):
            at = instant(began_ms + minute * MINUTE_MS)
            local = at.astimezone(self._zone)
            is_open = self._is_open(local)
            left = max(1, self._shop.staff.lanes_open[local.weekday()][local.hour])
            for till in self._shop.tills:
                is_staffed = till.kind is TillKind.STAFFED
                is_on = is_open and (not is_staffed or left > 0)
                left -= is_staffed
                device = self._devices.get((Stream.LANE, till.lane_id))
                if device is not None:
                    lane = LaneReading(
                        measured_at=at, lane_id=till.lane_id, is_open=is_on, is_staffed=is_on and is_staffed
                    )
                    yield Emitted(device, Stream.LANE, lane)

    def _air(self, on: date, day: LivedDay, began_ms: int) -> Iterator[Emitted]:
        crowd = np.bincount(np.array(day.coming, dtype=np.int64), minlength=day.minutes)
        for spec in self._shop.climate:
            air = Air.at_rest(spec, stream(self._seed, f"history/air/{spec.sensor_id}/{on.isoformat()}"))
            for minute in range(0, day.minutes, _AIR_EVERY_MIN):
                # Who came in the last ten minutes is about who is there.
                present = int(crowd[max(0, minute - 10) : minute + 1].sum())
                reading = air.report(began_ms + minute * MINUTE_MS, present)
                yield Emitted(spec.device_id, Stream.ENVIRONMENT, reading)
