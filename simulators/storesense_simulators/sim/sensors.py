"""All sensors of a simulated store: from what truly happened to the readings that its devices would send."""

from collections.abc import Iterator
from dataclasses import dataclass

from storesense_contracts.readings import (
    AnyReading,
    EnvironmentReading,
    HealthReading,
    HealthState,
    LaneReading,
    QueueOutcome,
    QueueSample,
    QueueVisit,
)
from storesense_contracts.topics import Stream
from storesense_simulators.sim.chance import stream
from storesense_simulators.sim.climate import Air
from storesense_simulators.sim.interval_sensors import HeatSensor, LineSensor, ZoneSensor, instant
from storesense_simulators.sim.shelf_sensor import SlotSensor
from storesense_simulators.sim.store import TICK_MS, SimulatedStore
from storesense_simulators.sim.truth import TruthEvent, TruthKind

_QUIET_QUEUE_MS = 10_000
_BUSY_QUEUE_MS = 1_000
_MINUTE_MS = 60_000
_ENVIRONMENT_MS = 10_000
_HEALTH_MS = 30_000
_FRAMES_PER_S = 10.0


@dataclass(frozen=True, slots=True)
class Emitted:
    """A reading and where it goes."""

    device_id: str
    stream: Stream
    reading: AnyReading


class Sensors:
    """Watches one simulated store.

    Args:
        store: the store, at virtual time 0.
        seed: the root of the sensors' own noise.
        started_ms: the instant of virtual time 0, in milliseconds since 1970, a whole second so that intervals end
            at whole UTC minutes.
    """

    def __init__(self, store: SimulatedStore, *, seed: int, started_ms: int) -> None:
        if started_ms % 1_000 != 0:
            raise ValueError(f"started_ms must be a whole second, not {started_ms}")
        self._store = store
        self._began_ms = started_ms
        self._offset_ms = started_ms - store.now_ms
        plan = store.plan
        self._slots = [
            SlotSensor(
                store.stocks[slot.slot.id],
                device_id=slot.device_id,
                chance=stream(seed, f"cell/{slot.slot.id}"),
            )
            for slot in plan.slots
        ]
        self._airs = [Air.at_rest(sensor, stream(seed, f"air/{sensor.sensor_id}")) for sensor in plan.sensors]
        self._queue_lengths: dict[str, int] = {}
        self._queue_next_ms = {queue.queue_id: started_ms for queue in plan.queues}
        self._lanes_told: dict[str, bool] = {}
        self._is_first = True
        self._begin_intervals(started_ms)

    @property
    def now_ms(self) -> int:
        """The instant of the store's virtual time, in milliseconds since 1970."""
        return self._store.now_ms + self._offset_ms

    def rebase(self, now_ms: int) -> None:
        """Go on at another instant, after a sleep of the machine or a set clock; open intervals are given up."""
        self._offset_ms = now_ms - now_ms % TICK_MS - self._store.now_ms
        self._queue_next_ms = dict.fromkeys(self._queue_next_ms, self.now_ms)
        for slot in self._slots:
            slot.resume(self.now_ms)
        occupancy = {sensor.plan.zone_id: sensor.occupancy for sensor in self._zones}
        self._begin_intervals(self.now_ms)
        for sensor in self._zones:
            sensor.occupancy = occupancy[sensor.plan.zone_id]

    def observe(self, happened: list[TruthEvent]) -> list[Emitted]:
        """Take in one tick of the store and return the readings that are due at its end."""
        return list(self._observe(happened))

    def finish(self, happened: list[TruthEvent]) -> list[Emitted]:
        """Take in the store's closing and return what the open intervals hold, so that nothing counted is lost."""
        return list(self._finish(happened))

    def _finish(self, happened: list[TruthEvent]) -> Iterator[Emitted]:
        now_ms = self.now_ms
        for event in happened:
            self._take_in(event, now_ms)
        yield from self._intervals(now_ms, is_last=True)
        yield from self._queues(now_ms)

    def _observe(self, happened: list[TruthEvent]) -> Iterator[Emitted]:
        now_ms = self.now_ms
        for zone in self._zones:
            zone.pass_time(TICK_MS)  # before this tick's changes: who entered just now has not been there yet
        for event in happened:
            self._take_in(event, now_ms)
            yield from self._visits(event, now_ms)
        for heat in self._heat:
            heat.observe((step.after for step in self._store.steps), TICK_MS)
        yield from self._intervals(now_ms)
        for slot in self._slots:
            for weight in slot.report(now_ms):
                yield Emitted(slot.device_id, Stream.SHELF, weight)
        yield from self._queues(now_ms)
        yield from self._lanes(now_ms)
        yield from self._air(now_ms)
        yield from self._health(now_ms)
        self._is_first = False

    def _take_in(self, event: TruthEvent, now_ms: int) -> None:
        for line in self._lines:
            line.observe(event)
        for zone in self._zones:
            zone.observe(event)
        for slot in self._slots:
            slot.observe(event, now_ms)

    def _intervals(self, now_ms: int, *, is_last: bool = False) -> Iterator[Emitted]:
        for line in self._lines:
            if (counts := line.report(now_ms, is_last=is_last)) is not None:
                yield Emitted(line.plan.device_id, Stream.FOOTFALL, counts)
        for zone in self._zones:
            if (presence := zone.report(now_ms, is_last=is_last)) is not None:
                yield Emitted(zone.plan.device_id or "", Stream.ZONE, presence)
        for heat in self._heat:
            if (grid := heat.report(now_ms, is_last=is_last)) is not None:
                yield Emitted(heat.plan.device_id, Stream.HEATMAP, grid)

    def _begin_intervals(self, since_ms: int) -> None:
        plan = self._store.plan
        self._lines = [LineSensor(line, since_ms) for line in plan.lines]
        self._zones = [ZoneSensor(zone, since_ms) for zone in plan.zones if zone.device_id is not None]
        self._heat = [HeatSensor(heat, since_ms) for heat in plan.heat]

    def _visits(self, event: TruthEvent, now_ms: int) -> Iterator[Emitted]:
        if event.kind not in (TruthKind.SERVED, TruthKind.ABANDONED):
            return
        device_id = self._store.checkout.queues[event.subject_id].plan.device_id
        if device_id is not None:
            visit = QueueVisit(
                measured_at=instant(now_ms),
                queue_id=event.subject_id,
                outcome=QueueOutcome.SERVED if event.kind is TruthKind.SERVED else QueueOutcome.ABANDONED,
                wait_ms=event.wait_ms,
                service_ms=event.service_ms,
            )
            yield Emitted(device_id, Stream.QUEUE, visit)

    def _queues(self, now_ms: int) -> Iterator[Emitted]:
        for queue_id, queue in self._store.checkout.queues.items():
            length = len(queue.waiting)
            is_changed = self._queue_lengths.get(queue_id) != length
            if queue.plan.device_id is None or not (is_changed or now_ms >= self._queue_next_ms[queue_id]):
                continue
            self._queue_lengths[queue_id] = length
            self._queue_next_ms[queue_id] = now_ms + (_BUSY_QUEUE_MS if length else _QUIET_QUEUE_MS)
            longest_ms = self._store.now_ms - min((w.joined_ms for w in queue.waiting), default=self._store.now_ms)
            sample = QueueSample(
                measured_at=instant(now_ms), queue_id=queue_id, length=length, longest_wait_ms=longest_ms
            )
            yield Emitted(queue.plan.device_id, Stream.QUEUE, sample)

    def _lanes(self, now_ms: int) -> Iterator[Emitted]:
        for lane_id, lane in self._store.checkout.lanes.items():
            is_changed = self._lanes_told.get(lane_id) != lane.is_open
            if lane.plan.device_id is None or not (is_changed or now_ms % _MINUTE_MS == 0):
                continue
            self._lanes_told[lane_id] = lane.is_open
            state = LaneReading(
                measured_at=instant(now_ms), lane_id=lane_id, is_open=lane.is_open, is_staffed=lane.is_open
            )
            yield Emitted(lane.plan.device_id, Stream.LANE, state)

    def _air(self, now_ms: int) -> Iterator[Emitted]:
        if not self._is_first and now_ms % _ENVIRONMENT_MS != 0:
            return
        for air in self._airs:
            air.advance()
            reading = EnvironmentReading(
                measured_at=instant(now_ms),
                sensor_id=air.plan.sensor_id,
                temperature_c=round(air.temperature_c, 2),
                humidity_pct=round(air.humidity_pct, 1),
                noise_dba=round(air.noise_dba(len(self._store.shoppers)), 1),
                light_lux=round(air.light_lux(), 1),
            )
            yield Emitted(air.plan.device_id, Stream.ENVIRONMENT, reading)

    def _health(self, now_ms: int) -> Iterator[Emitted]:
        if not self._is_first and now_ms % _HEALTH_MS != 0:
            return
        for device_id in self._store.plan.device_ids:
            health = HealthReading(
                measured_at=instant(now_ms),
                component_id=device_id,
                state=HealthState.OK,
                frames_per_s=_FRAMES_PER_S if device_id in self._store.plan.camera_ids else None,
                uptime_s=max(0, now_ms - self._began_ms) // 1_000,
            )
            yield Emitted(device_id, Stream.HEALTH, health)
