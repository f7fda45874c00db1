"""The cameras of a simulated store: the lines, zones, queues, floors and flows that they measure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storesense_contracts.site import CameraDevice
from storesense_contracts.topics import Stream
from storesense_edge.site_mapping import floor_grid
from storesense_simulators.twin.chance import stream
from storesense_simulators.twin.emitted import Emitted
from storesense_simulators.twin.flow_sensor import FlowSensor
from storesense_simulators.twin.interval_sensors import MINUTE_MS, HeatSensor, LineSensor, ZoneSensor
from storesense_simulators.twin.lane_sensor import QueueSensor

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from storesense_simulators.twin.live_config import CameraShapes
    from storesense_simulators.twin.shop import Shop

    IntervalSensor = LineSensor | ZoneSensor | HeatSensor | FlowSensor


class CameraSensors:
    """What the cameras of a store measure, by the store's own file and by what is drawn later.

    Devices named ``dark`` in a method see nothing now.

    Args:
        shop: the store.
        seed: the root of the sensors' own chance.
        now_ms: the present, milliseconds since 1970, as in every method here.

    Attributes:
        device_ids: all cameras.
        lines: the counting lines, by id.
        zones: the zones, by id.
        queues: the queues, by id.
        heat: the floors under heatmaps.
        flow: what is told of people's ways, one a camera.
    """

    def __init__(self, shop: Shop, *, seed: int, now_ms: int) -> None:
        self._seed = seed
        self.device_ids = {camera.device_id for camera in shop.cameras}
        self.lines: dict[str, LineSensor] = {}
        self.zones: dict[str, ZoneSensor] = {}
        self.queues: dict[str, QueueSensor] = {}
        self.heat: list[HeatSensor] = []
        self.flow: list[FlowSensor] = []
        lanes = {lane.id: lane for lane in shop.layout.lanes}
        queues = {queue.id: queue for queue in shop.layout.queues}
        for device in shop.site.devices:
            if not isinstance(device, CameraDevice):
                continue
            self.device_ids.add(device.id)
            for line in device.lines:
                self.lines.setdefault(line.line, self._new_line(line.line, device.id, now_ms))
            for zone in device.zones:
                self.zones.setdefault(zone.zone, self._new_zone(zone.zone, device.id, now_ms))
            for queue in device.queues:
                self.queues.setdefault(queue.queue, self._new_queue(queue.queue, device.id))
            self.flow.append(
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
                self.heat.append(HeatSensor(grid, device_id=device.id, floor_id=shop.layout.floor.id, since_ms=now_ms))

    def _new_line(self, line_id: str, device_id: str, now_ms: int) -> LineSensor:
        return LineSensor(line_id, device_id, stream(self._seed, f"line/{line_id}"), now_ms)

    def _new_zone(self, zone_id: str, device_id: str, now_ms: int) -> ZoneSensor:
        return ZoneSensor(zone_id, device_id, stream(self._seed, f"zone/{zone_id}"), now_ms)

    def _new_queue(self, queue_id: str, device_id: str) -> QueueSensor:
        return QueueSensor(queue_id, device_id, stream(self._seed, f"queue/{queue_id}"))

    @property
    def interval_sensors(self) -> list[IntervalSensor]:
        """All that count over intervals."""
        return [*self.lines.values(), *self.zones.values(), *self.heat, *self.flow]

    def redraw(self, device_id: str, shapes: CameraShapes, now_ms: int) -> None:
        """Let a camera measure other shapes from now on, and follow people in view anew."""
        for sensors in (self.lines, self.zones, self.queues):
            for subject_id in [name for name, sensor in sensors.items() if sensor.device_id == device_id]:
                del sensors[subject_id]
        for line in shapes.lines:
            self.lines[line.line_id] = self._new_line(line.line_id, device_id, now_ms)
        for zone in shapes.zones:
            self.zones[zone.zone_id] = self._new_zone(zone.zone_id, device_id, now_ms)
        for queue in shapes.queues:
            self.queues[queue.queue_id] = self._new_queue(queue.queue_id, device_id)
        self.flow[:] = [
            *(flow for flow in self.flow if flow.device_id != device_id),
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

    def rebase(self, now_ms: int, by_ms: int) -> None:
        """Go on at another instant, ``by_ms`` later; open intervals are given up."""
        for sensor in self.interval_sensors:
            sensor.resume(now_ms)
        for queue in self.queues.values():
            queue.shift(by_ms)

    def wake(self, device_id: str, now_ms: int) -> None:
        """Let a camera that saw nothing see again; it knows nobody any more."""
        for sensor in self.interval_sensors:
            if sensor.device_id == device_id:
                sensor.resume(now_ms)
        for zone in self.zones.values():
            if zone.device_id == device_id:
                zone.forget()
        for queue in self.queues.values():
            if queue.device_id == device_id:
                queue.forget()

    def counts(self, device_id: str, now_ms: int) -> Iterator[Emitted]:
        """Yield what one camera has counted at lines and in zones so far, as it goes dark."""
        for line in self.lines.values():
            if line.device_id == device_id and (counts := line.report(now_ms)) is not None:
                yield Emitted(device_id, Stream.FOOTFALL, counts)
        for zone in self.zones.values():
            if zone.device_id == device_id and (presence := zone.report(now_ms)) is not None:
                yield Emitted(device_id, Stream.ZONE, presence)

    def flows(self, device_id: str, now_ms: int) -> Iterator[Emitted]:
        """Yield what one camera has seen of people's ways so far."""
        for flow in self.flow:
            if flow.device_id == device_id:
                yield from (Emitted(device_id, Stream.FLOW, reading) for reading in flow.report(now_ms))

    def intervals(self, now_ms: int, dark: Container[str], *, is_forced: bool) -> Iterator[Emitted]:
        """Yield the intervals that end now: those in which something changed, or all that are open."""
        for line in self.lines.values():
            is_due = (is_forced or line.is_changed) and not _is_skipped(line, now_ms, dark)
            if is_due and (counts := line.report(now_ms)) is not None:
                yield Emitted(line.device_id, Stream.FOOTFALL, counts)
        for zone in self.zones.values():
            is_due = (is_forced or zone.is_changed) and not _is_skipped(zone, now_ms, dark)
            if is_due and (presence := zone.report(now_ms)) is not None:
                yield Emitted(zone.device_id, Stream.ZONE, presence)
        if is_forced:
            for heat in self.heat:
                if not _is_skipped(heat, now_ms, dark) and (grid := heat.report(now_ms)) is not None:
                    yield Emitted(heat.device_id, Stream.HEATMAP, grid)
        if now_ms % MINUTE_MS == 0:
            for flow in self.flow:
                if not _is_skipped(flow, now_ms, dark):
                    yield from (Emitted(flow.device_id, Stream.FLOW, reading) for reading in flow.report(now_ms))

    def queue_samples(self, now_ms: int, dark: Container[str], *, is_forced: bool) -> Iterator[Emitted]:
        """Yield a sample of each queue that changed, of every queue at a whole minute."""
        for queue in self.queues.values():
            if queue.device_id in dark:
                continue
            if (sample := queue.sample(now_ms, is_forced=is_forced or now_ms % MINUTE_MS == 0)) is not None:
                yield Emitted(queue.device_id, Stream.QUEUE, sample)


def _is_skipped(sensor: IntervalSensor, now_ms: int, dark: Container[str]) -> bool:
    if sensor.device_id not in dark:
        return False
    sensor.resume(now_ms)
    return True
