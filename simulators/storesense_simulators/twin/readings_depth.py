"""Reading depth: everything that happened in the twin, as the edge agents of its devices would publish it.

The sensors' errors have random numbers of their own, so they never change what happens in the store.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from storesense_contracts.readings import AnyReading, HealthReading, HealthState
from storesense_contracts.site import CameraDevice, LaneDevice, ShelfDevice
from storesense_contracts.topics import Stream
from storesense_edge.shelf_counting import COUNTS
from storesense_edge.site_mapping import floor_grid
from storesense_simulators.twin.chance import stream
from storesense_simulators.twin.climate import Air
from storesense_simulators.twin.drawn_sight import DrawnSight, without_drawn
from storesense_simulators.twin.faults import FaultSchedule
from storesense_simulators.twin.faults_delivery import Delivery
from storesense_simulators.twin.flow_sensor import FlowSensor
from storesense_simulators.twin.interval_sensors import (
    MINUTE_MS,
    REPORT_MS,
    HeatSensor,
    LineSensor,
    ZoneSensor,
    instant,
)
from storesense_simulators.twin.lane_sensor import LaneSensor, QueueSensor
from storesense_simulators.twin.shelf_sensor import SlotSensor
from storesense_simulators.twin.shop import FaultKind, TillKind
from storesense_simulators.twin.truth import TruthEvent, TruthKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from storesense_contracts.device_config import ConfigCount, ConfigSlot
    from storesense_simulators.twin.faults import Fault
    from storesense_simulators.twin.live_config import CameraShapes
    from storesense_simulators.twin.people import People
    from storesense_simulators.twin.shop import Shop
    from storesense_simulators.twin.stocks import Stock

ENVIRONMENT_MS = 10_000
HEALTH_MS = 60_000
_FROZEN_AFTER_MS = 30_000
_SLOT_KINDS = (
    TruthKind.PICKED,
    TruthKind.PUT_BACK,
    TruthKind.MISPLACED,
    TruthKind.SWEPT,
    TruthKind.RESTOCKED,
    TruthKind.TIDIED,
)
_CELL_FAULTS = (FaultKind.CELL_BUMPED, FaultKind.CELL_LEANED_ON)


@dataclass(frozen=True, slots=True)
class Emitted:
    """A reading and where it goes."""

    device_id: str
    stream: Stream
    reading: AnyReading


class Observed(Protocol):
    """What of a twin its sensors look at."""

    @property
    def now_ms(self) -> int:
        """Milliseconds since the run began."""

    @property
    def people(self) -> People:
        """Everybody in the store."""

    @property
    def stocks(self) -> Mapping[str, Stock]:
        """What lies on each slot."""


class ReadingSensors:
    """Every simulated sensor of one store.

    Args:
        shop: the store.
        twin: it, running; at 0 ms or later.
        seed: the root of the sensors' own chance.
        started_ms: the instant at which the run began, milliseconds since 1970, a whole second so that intervals end
            at whole UTC minutes.
        faults: what goes wrong.

    Raises:
        ValueError: the instant is no whole second.
    """

    def __init__(
        self, shop: Shop, twin: Observed, *, seed: int, started_ms: int, faults: FaultSchedule | None = None
    ) -> None:
        if started_ms % 1_000 != 0:
            raise ValueError(f"started_ms must be a whole second, not {started_ms}")
        self._shop, self._twin, self._seed = shop, twin, seed
        self._offset_ms = started_ms
        self._faults = faults or FaultSchedule()
        self._delivery = Delivery(self._faults)
        now_ms = self.now_ms
        self._booted_ms = dict.fromkeys((device.id for device in shop.site.devices), now_ms)
        self._dark: dict[str, int] = {}
        """Devices that see nothing now, and since when (milliseconds of the run)."""
        self._blindness: dict[str, float] = {}
        self._sights: dict[str, DrawnSight] = {}
        """Of cameras that were told a drawing, what they see by it that is not in the store's own file."""
        self._make_cameras(now_ms)
        self._make_slots(now_ms)
        self._lanes = {
            lane_id: LaneSensor(lane_id, device.id, self._till_kinds.get(lane_id) is TillKind.SELF_CHECKOUT)
            for device in shop.site.devices
            if isinstance(device, LaneDevice)
            for lane_id in device.lanes
        }
        self._airs = [
            (spec.device_id, Air.at_rest(spec, stream(seed, f"air/{spec.sensor_id}"))) for spec in shop.climate
        ]
        self._handlers = self._handlers_by_kind()
        self._health_due_ms = self._air_due_ms = now_ms
        self._has_told = False
        self._moments_ms = sorted(
            {t for f in self._faults.faults for t in (f.begins_ms, f.ends_ms, f.begins_ms + _FROZEN_AFTER_MS)}
        )

    @property
    def now_ms(self) -> int:
        """The twin's present as an instant, milliseconds since 1970."""
        return self._twin.now_ms + self._offset_ms

    @property
    def _interval_sensors(self) -> list[LineSensor | ZoneSensor | HeatSensor | FlowSensor]:
        return [*self._lines.values(), *self._zones.values(), *self._heat, *self._flow]

    def rebase(self, now_ms: int) -> None:
        """Go on at another instant, after a sleep of the machine or a set clock; open intervals are given up."""
        by_ms = (now_ms - self._twin.now_ms) // 1_000 * 1_000 - self._offset_ms
        self._offset_ms += by_ms
        self._booted_ms = {device_id: at_ms + by_ms for device_id, at_ms in self._booted_ms.items()}
        for sensor in self._interval_sensors:
            sensor.resume(self.now_ms)
        for queue in self._queues.values():
            queue.shift(by_ms)
        for slot in self._slots.values():
            slot.shift(by_ms)
        self._slot_heap = [(slot.due_ms, slot_id) for slot_id, slot in sorted(self._slots.items())]
        heapq.heapify(self._slot_heap)
        self._health_due_ms = self._air_due_ms = self.now_ms

    def redraw(self, device_id: str, shapes: CameraShapes) -> list[Emitted]:
        """Let a camera measure other shapes from now on; return what it has measured until now.

        People in view are followed anew. What is drawn as the store's own file has it is told by the twin itself.
        """
        now_ms = self.now_ms
        out = [] if device_id in self._dark else [*self._go_dark(device_id, now_ms), *self._flows(device_id, now_ms)]
        for sensors in (self._lines, self._zones, self._queues):
            for subject_id in [name for name, sensor in sensors.items() if sensor.device_id == device_id]:
                del sensors[subject_id]
        shop, seed = self._shop, self._seed
        for line in shapes.lines:
            chance = stream(seed, f"line/{line.line_id}")
            self._lines[line.line_id] = LineSensor(line.line_id, device_id, chance, now_ms)
        for zone in shapes.zones:
            chance = stream(seed, f"zone/{zone.zone_id}")
            self._zones[zone.zone_id] = ZoneSensor(zone.zone_id, device_id, chance, now_ms)
        for queue in shapes.queues:
            chance = stream(seed, f"queue/{queue.queue_id}")
            self._queues[queue.queue_id] = QueueSensor(queue.queue_id, device_id, chance)
        self._flow[:] = [
            *(flow for flow in self._flow if flow.device_id != device_id),
            FlowSensor(
                device_id,
                lines=tuple(line.line_id for line in shapes.lines),
                zones=tuple(zone.zone_id for zone in shapes.zones),
                tills={
                    lane_id: (queue.queue_id, shapes.stations.get(lane_id, 1))
                    for queue in shapes.queues
                    for lane_id in queue.lane_ids
                },
                since_ms=now_ms,
            ),
        ]
        self._sights[device_id] = DrawnSight.beside(shop, shapes)
        self._has_told = False
        return out

    def lay_out(self, device_id: str, slots: Sequence[ConfigSlot]) -> None:
        """Let a shelf hold what a planogram says; it is laid out anew at once, as many units as there were."""
        for planned in slots:
            slot = self._slots.get(planned.slot_id)
            if slot is not None and slot.device_id == device_id:
                slot.lay_out(planned.product, planned.capacity_units, self.now_ms)
                heapq.heappush(self._slot_heap, (slot.due_ms, slot.slot_id))

    def counted(self, slot_id: str, count: ConfigCount) -> list[Emitted]:
        """Set what somebody counted in a slot against what its shelf believes; return what the shelf says of it."""
        slot = self._slots.get(slot_id)
        if slot is None:
            return []
        told = HealthReading(
            measured_at=instant(self.now_ms), component_id=COUNTS, state=HealthState.OK, counted=slot.counted(count)
        )
        return [Emitted(slot.device_id, Stream.HEALTH, told)]

    def observe(self, events: list[TruthEvent], *, is_last: bool = False) -> list[Emitted]:
        """Take in a step of the twin, the closing one or another; return the readings that leave the devices then."""
        now_ms = self.now_ms
        out: list[Emitted] = []
        if self._sights:
            events = self._as_drawn(events, is_last=is_last)
        if self._moments_ms and self._twin.now_ms >= self._moments_ms[0]:
            out += self._change_faults(now_ms)
        for event in events:
            for flow in self._flow:
                if flow.device_id not in self._dark:
                    flow.observe(event, now_ms)
            handler = self._handlers.get(event.kind)
            if handler is not None:
                handler(event, now_ms, out)
        if now_ms % REPORT_MS == 0:
            out += self._each_second(now_ms)
        if self._slot_heap and self._slot_heap[0][0] <= now_ms:
            out += self._weights(now_ms)
        return out if not self._faults.faults else self._delivery.deliver(out, self._twin.now_ms)

    def finish(self) -> list[Emitted]:
        """Return what the open intervals and a cut network still hold, so that nothing measured is lost."""
        out = list(self._intervals(self.now_ms, is_forced=True))
        out += self._queue_samples(self.now_ms, is_forced=True)
        return out if not self._faults.faults else self._delivery.deliver(out, self._twin.now_ms, is_last=True)

    def _as_drawn(self, events: list[TruthEvent], *, is_last: bool) -> list[TruthEvent]:
        """What happened, as cameras see it that work by a drawing."""
        t_ms, people = self._twin.now_ms, self._twin.people
        found = [event for sight in self._sights.values() for event in sight.observe(people, events, t_ms)]
        if is_last:
            found += [event for sight in self._sights.values() for event in sight.close(t_ms)]
        return [*without_drawn(events, self._sights.values()), *found]

    def _flows(self, device_id: str, now_ms: int) -> Iterator[Emitted]:
        for flow in self._flow:
            if flow.device_id == device_id:
                yield from (Emitted(device_id, Stream.FLOW, reading) for reading in flow.report(now_ms))

    def _make_cameras(self, now_ms: int) -> None:
        shop, seed = self._shop, self._seed
        self._till_kinds = {till.lane_id: till.kind for till in shop.tills}
        self._camera_ids = {camera.device_id for camera in shop.cameras}
        self._frames_per_s = {camera.device_id: camera.frames_per_s for camera in shop.cameras}
        self._lines: dict[str, LineSensor] = {}
        self._zones: dict[str, ZoneSensor] = {}
        self._queues: dict[str, QueueSensor] = {}
        self._heat: list[HeatSensor] = []
        self._flow: list[FlowSensor] = []
        lanes = {lane.id: lane for lane in shop.layout.lanes}
        queues = {queue.id: queue for queue in shop.layout.queues}
        for device in shop.site.devices:
            if not isinstance(device, CameraDevice):
                continue
            self._camera_ids.add(device.id)
            for line in device.lines:
                chance = stream(seed, f"line/{line.line}")
                self._lines.setdefault(line.line, LineSensor(line.line, device.id, chance, now_ms))
            for zone in device.zones:
                chance = stream(seed, f"zone/{zone.zone}")
                self._zones.setdefault(zone.zone, ZoneSensor(zone.zone, device.id, chance, now_ms))
            for queue in device.queues:
                chance = stream(seed, f"queue/{queue.queue}")
                self._queues.setdefault(queue.queue, QueueSensor(queue.queue, device.id, chance))
            self._flow.append(
                FlowSensor(
                    device.id,
                    lines=tuple(line.line for line in device.lines),
                    zones=tuple(zone.zone for zone in device.zones),
                    tills={
                        lane_id: (queue.queue, max(1, len(lanes[lane_id].served_m)))
                        for queue in device.queues
                        for lane_id in queues[queue.queue].lanes
                    },
                    since_ms=now_ms,
                )
            )
            if device.heatmap is not None:
                grid = floor_grid(device.heatmap, shop.layout.floor)
                self._heat.append(HeatSensor(grid, device_id=device.id, floor_id=shop.layout.floor.id, since_ms=now_ms))

    def _make_slots(self, now_ms: int) -> None:
        shop, stocks = self._shop, self._twin.stocks
        told = {s.slot for d in shop.site.devices if isinstance(d, ShelfDevice) for s in d.slots}
        places = {place.slot_id: place for place in shop.places}
        self._slots = {
            cell.slot_id: SlotSensor(
                places[cell.slot_id],
                cell,
                mass_mg=stocks[cell.slot_id].mass_mg,
                chance=stream(self._seed, f"cell/{cell.slot_id}"),
                now_ms=now_ms,
            )
            for cell in shop.cells
            if cell.slot_id in told
        }
        self._slot_heap = [(now_ms, slot_id) for slot_id in sorted(self._slots)]

    def _handlers_by_kind(self) -> dict[TruthKind, Callable[[TruthEvent, int, list[Emitted]], None]]:
        handlers: dict[TruthKind, Callable[[TruthEvent, int, list[Emitted]], None]] = {
            TruthKind.CROSSED_IN: self._on_crossing,
            TruthKind.CROSSED_OUT: self._on_crossing,
            TruthKind.ZONE_ENTERED: self._on_zone,
            TruthKind.ZONE_LEFT: self._on_zone,
            TruthKind.QUEUE_JOINED: self._on_queue,
            TruthKind.CALLED: self._on_queue,
            TruthKind.QUEUE_LEFT: self._on_queue,
            TruthKind.SERVICE_ENDED: self._on_service_ended,
            TruthKind.LANE_OPENED: self._on_lane,
            TruthKind.LANE_CLOSED: self._on_lane,
        }
        handlers.update(dict.fromkeys(_SLOT_KINDS, self._on_slot))
        return handlers

    def _on_crossing(self, event: TruthEvent, _now_ms: int, _out: list[Emitted]) -> None:
        line = self._lines.get(event.subject_id)
        if line is not None and line.device_id not in self._dark:
            line.cross(is_in=event.kind is TruthKind.CROSSED_IN, blindness=self._blindness.get(line.device_id, 0.0))

    def _on_zone(self, event: TruthEvent, now_ms: int, _out: list[Emitted]) -> None:
        zone = self._zones.get(event.subject_id)
        if zone is None or zone.device_id in self._dark or event.person_no is None:
            return
        if event.kind is TruthKind.ZONE_ENTERED:
            zone.enter(event.person_no, now_ms, blindness=self._blindness.get(zone.device_id, 0.0))
        else:
            zone.leave(event.person_no, now_ms)

    def _on_queue(self, event: TruthEvent, now_ms: int, out: list[Emitted]) -> None:
        queue = self._queues.get(event.queue_id if event.kind is TruthKind.CALLED else event.subject_id)
        if queue is None or queue.device_id in self._dark or event.person_no is None:
            return
        if event.kind is TruthKind.QUEUE_JOINED:
            queue.join(event.person_no, now_ms)
        elif event.kind is TruthKind.CALLED or event.why == "served":
            queue.call(event.person_no, now_ms)
        elif (visit := queue.give_up(event.person_no, now_ms)) is not None:
            out.append(Emitted(queue.device_id, Stream.QUEUE, visit))

    def _on_service_ended(self, event: TruthEvent, now_ms: int, out: list[Emitted]) -> None:
        queue = self._queues.get(event.queue_id)
        if queue is None or queue.device_id in self._dark or event.person_no is None:
            return
        visit = queue.serve(event.person_no, now_ms, event.service_ms or 0)
        if visit is not None:
            out.append(Emitted(queue.device_id, Stream.QUEUE, visit))

    def _on_lane(self, event: TruthEvent, now_ms: int, out: list[Emitted]) -> None:
        lane = self._lanes.get(event.subject_id)
        if lane is None:
            return
        lane.turn(is_open=event.kind is TruthKind.LANE_OPENED)
        if lane.device_id not in self._dark and not lane.is_told:
            out.append(Emitted(lane.device_id, Stream.LANE, lane.report(now_ms)))

    def _on_slot(self, event: TruthEvent, now_ms: int, _out: list[Emitted]) -> None:
        slot = self._slots.get(event.subject_id)
        if slot is not None and event.level_mg is not None:
            slot.touch(event.level_mg, now_ms)
            heapq.heappush(self._slot_heap, (slot.due_ms, slot.slot_id))

    def _each_second(self, now_ms: int) -> Iterator[Emitted]:
        is_minute = now_ms % MINUTE_MS == 0
        if self._heat:
            people = self._twin.people
            xy_m = people.xy_m[people.rows]
            for heat in self._heat:
                if heat.device_id not in self._dark:
                    heat.observe(xy_m, REPORT_MS)
        # At first every line and zone says something, so that whoever looks need not wait for the minute to end.
        yield from self._intervals(now_ms, is_forced=is_minute or not self._has_told)
        self._has_told = True
        yield from self._queue_samples(now_ms, is_forced=False)
        if is_minute or not all(lane.is_told for lane in self._lanes.values()):
            for lane in self._lanes.values():
                if lane.device_id not in self._dark and (is_minute or not lane.is_told):
                    yield Emitted(lane.device_id, Stream.LANE, lane.report(now_ms))
        if now_ms >= self._air_due_ms:
            self._air_due_ms = now_ms - now_ms % ENVIRONMENT_MS + ENVIRONMENT_MS
            present = len(self._twin.people)
            for device_id, air in self._airs:
                reading = air.report(now_ms, present)
                if device_id not in self._dark:
                    yield Emitted(device_id, Stream.ENVIRONMENT, reading)
        if now_ms >= self._health_due_ms:
            self._health_due_ms = now_ms - now_ms % HEALTH_MS + HEALTH_MS
            for device_id in self._booted_ms:
                yield from self._health(device_id, now_ms)

    def _intervals(self, now_ms: int, *, is_forced: bool) -> Iterator[Emitted]:
        for line in self._lines.values():
            is_due = (is_forced or line.is_changed) and not self._is_skipped(line, now_ms)
            if is_due and (counts := line.report(now_ms)) is not None:
                yield Emitted(line.device_id, Stream.FOOTFALL, counts)
        for zone in self._zones.values():
            is_due = (is_forced or zone.is_changed) and not self._is_skipped(zone, now_ms)
            if is_due and (presence := zone.report(now_ms)) is not None:
                yield Emitted(zone.device_id, Stream.ZONE, presence)
        if is_forced:
            for heat in self._heat:
                if not self._is_skipped(heat, now_ms) and (grid := heat.report(now_ms)) is not None:
                    yield Emitted(heat.device_id, Stream.HEATMAP, grid)
        if now_ms % MINUTE_MS == 0:
            for flow in self._flow:
                if not self._is_skipped(flow, now_ms):
                    yield from (Emitted(flow.device_id, Stream.FLOW, reading) for reading in flow.report(now_ms))

    def _is_skipped(self, sensor: LineSensor | ZoneSensor | HeatSensor | FlowSensor, now_ms: int) -> bool:
        if sensor.device_id not in self._dark:
            return False
        sensor.resume(now_ms)
        return True

    def _queue_samples(self, now_ms: int, *, is_forced: bool) -> Iterator[Emitted]:
        for queue in self._queues.values():
            if queue.device_id in self._dark:
                continue
            if (sample := queue.sample(now_ms, is_forced=is_forced or now_ms % MINUTE_MS == 0)) is not None:
                yield Emitted(queue.device_id, Stream.QUEUE, sample)

    def _weights(self, now_ms: int) -> Iterator[Emitted]:
        heap = self._slot_heap
        while heap and heap[0][0] <= now_ms:
            due_ms, slot_id = heapq.heappop(heap)
            slot = self._slots[slot_id]
            if due_ms < slot.due_ms:
                continue  # touched since: another entry of the heap is the one that counts
            if slot.device_id in self._dark:
                slot.due_ms = now_ms + REPORT_MS
            else:
                for reading in slot.report(now_ms, self._drifts(slot_id)):
                    yield Emitted(slot.device_id, Stream.SHELF, reading)
            heapq.heappush(heap, (slot.due_ms, slot_id))

    def _drifts(self, slot_id: str) -> tuple[tuple[Fault, int], ...]:
        if not self._faults.faults:
            return ()
        t_ms = self._twin.now_ms
        drifts = self._faults.of(slot_id, FaultKind.CELL_DRIFTING)
        return tuple((f, min(t_ms, f.ends_ms) - f.begins_ms) for f in drifts if t_ms > f.begins_ms)

    def _health(self, device_id: str, now_ms: int) -> Iterator[Emitted]:
        t_ms = self._twin.now_ms
        if self._faults.faults and self._faults.at(FaultKind.POWER_CUT, device_id, t_ms) is not None:
            return
        state, reason = HealthState.OK, None
        frozen = self._faults.at(FaultKind.CAMERA_FROZEN, device_id, t_ms) if self._faults.faults else None
        if frozen is not None and t_ms - frozen.begins_ms >= _FROZEN_AFTER_MS:
            since_s = (t_ms - frozen.begins_ms) // 1000
            state, reason = HealthState.FAILED, f"the picture has not changed for {since_s} s"
        health = HealthReading(
            measured_at=instant(now_ms),
            component_id=device_id,
            state=state,
            reason=reason,
            frames_per_s=self._frames_per_s.get(device_id) if device_id in self._camera_ids else None,
            uptime_s=max(0, now_ms - self._booted_ms[device_id]) // 1_000,
        )
        yield Emitted(device_id, Stream.HEALTH, health)

    def _change_faults(self, now_ms: int) -> list[Emitted]:
        """Let faults begin and end that are due, and have the devices say at once what they can know of it."""
        t_ms = self._twin.now_ms
        while self._moments_ms and self._moments_ms[0] <= t_ms:
            self._moments_ms.pop(0)
        current = [f for f in self._faults.faults if f.begins_ms <= t_ms < f.ends_ms]
        dark = {f.target: t_ms for f in current if f.kind in (FaultKind.CAMERA_FROZEN, FaultKind.POWER_CUT)}
        out: list[Emitted] = []
        for device_id in sorted(dark.keys() - self._dark.keys()):
            out += self._go_dark(device_id, now_ms)
        for device_id in sorted(self._dark.keys() - dark.keys()):
            self._wake(device_id, now_ms)
        self._dark = {device_id: self._dark.get(device_id, t_ms) for device_id in dark}
        self._blindness = {}
        for fault in current:
            if fault.kind is FaultKind.CAMERA_DIRTY:
                self._blindness[fault.target] = min(0.98, fault.amount)
            elif fault.kind is FaultKind.CAMERA_MOVED:
                # Ten degrees put a line where nobody crosses it any more.
                self._blindness[fault.target] = min(0.98, abs(fault.amount) / 10.0)
        for slot_id, slot in self._slots.items():
            leaning_g = sum(f.amount for f in current if f.target == slot_id and f.kind in _CELL_FAULTS)
            before_ms = slot.due_ms
            slot.lean(leaning_g, now_ms)
            if slot.due_ms != before_ms:
                heapq.heappush(self._slot_heap, (slot.due_ms, slot_id))
        for device_id in sorted({f.target for f in self._faults.faults if f.kind is FaultKind.CAMERA_FROZEN}):
            out += self._health(device_id, now_ms)
        return out

    def _go_dark(self, device_id: str, now_ms: int) -> Iterator[Emitted]:
        """Report what was measured so far."""
        for line in self._lines.values():
            if line.device_id == device_id and (counts := line.report(now_ms)) is not None:
                yield Emitted(device_id, Stream.FOOTFALL, counts)
        for zone in self._zones.values():
            if zone.device_id == device_id and (presence := zone.report(now_ms)) is not None:
                yield Emitted(device_id, Stream.ZONE, presence)

    def _wake(self, device_id: str, now_ms: int) -> None:
        self._booted_ms[device_id] = now_ms
        for sensor in self._interval_sensors:
            if sensor.device_id == device_id:
                sensor.resume(now_ms)
        for zone in self._zones.values():
            if zone.device_id == device_id:
                zone.forget()
        for queue in self._queues.values():
            if queue.device_id == device_id:
                queue.forget()
        for lane in self._lanes.values():
            if lane.device_id == device_id:
                lane.is_told = False
        for slot_id, slot in self._slots.items():
            if slot.device_id == device_id:
                slot.restart(now_ms)
                heapq.heappush(self._slot_heap, (slot.due_ms, slot_id))
