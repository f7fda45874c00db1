"""Reading depth: everything that happened in the twin, as the edge agents of its devices would publish it.

The sensors' errors have random numbers of their own, so they never change what happens in the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from storesense_contracts.readings import HealthReading, HealthState
from storesense_contracts.site import LaneDevice
from storesense_contracts.topics import Stream
from storesense_simulators.twin.camera_sensors import CameraSensors
from storesense_simulators.twin.chance import stream
from storesense_simulators.twin.climate import Air
from storesense_simulators.twin.drawn_sight import DrawnSight, without_drawn
from storesense_simulators.twin.emitted import Emitted
from storesense_simulators.twin.faults import FaultSchedule
from storesense_simulators.twin.faults_delivery import Delivery
from storesense_simulators.twin.interval_sensors import MINUTE_MS, REPORT_MS, instant
from storesense_simulators.twin.lane_sensor import LaneSensor
from storesense_simulators.twin.shop import FaultKind, TillKind
from storesense_simulators.twin.slot_sensors import SlotSensors
from storesense_simulators.twin.truth import TruthEvent, TruthKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from storesense_contracts.device_config import ConfigCount, ConfigSlot
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
        self._shop, self._twin = shop, twin
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
        self._frames_per_s = {camera.device_id: camera.frames_per_s for camera in shop.cameras}
        self._cameras = CameraSensors(shop, seed=seed, now_ms=now_ms)
        # The same dictionaries, which the cameras change in place: events look things up in them all the time.
        self._lines, self._zones, self._queues = self._cameras.lines, self._cameras.zones, self._cameras.queues
        self._slots = SlotSensors(shop, twin.stocks, self._faults, seed=seed, now_ms=now_ms)
        till_kinds = {till.lane_id: till.kind for till in shop.tills}
        self._lanes = {
            lane_id: LaneSensor(lane_id, device.id, till_kinds.get(lane_id) is TillKind.SELF_CHECKOUT)
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

    def rebase(self, now_ms: int) -> None:
        """Go on at another instant, after a sleep of the machine or a set clock; open intervals are given up."""
        by_ms = (now_ms - self._twin.now_ms) // 1_000 * 1_000 - self._offset_ms
        self._offset_ms += by_ms
        self._booted_ms = {device_id: at_ms + by_ms for device_id, at_ms in self._booted_ms.items()}
        self._cameras.rebase(self.now_ms, by_ms)
        self._slots.shift(by_ms)
        self._health_due_ms = self._air_due_ms = self.now_ms

    def redraw(self, device_id: str, shapes: CameraShapes) -> list[Emitted]:
        """Let a camera measure other shapes from now on; return what it has measured until now.

        People in view are followed anew. What is drawn as the store's own file has it is told by the twin itself.
        """
        now_ms = self.now_ms
        cameras = self._cameras
        out = [] if device_id in self._dark else [*cameras.counts(device_id, now_ms), *cameras.flows(device_id, now_ms)]
        cameras.redraw(device_id, shapes, now_ms)
        self._sights[device_id] = DrawnSight.beside(self._shop, shapes)
        self._has_told = False
        return out

    def lay_out(self, device_id: str, slots: Sequence[ConfigSlot]) -> None:
        """Let a shelf hold what a planogram says; it is laid out anew at once, as many units as there were."""
        self._slots.lay_out(device_id, slots, self.now_ms)

    def counted(self, slot_id: str, count: ConfigCount) -> list[Emitted]:
        """Set what somebody counted in a slot against what its shelf believes; return what the shelf says of it."""
        return self._slots.counted(slot_id, count, self.now_ms)

    def observe(self, events: list[TruthEvent], *, is_last: bool = False) -> list[Emitted]:
        """Take in a step of the twin, the closing one or another; return the readings that leave the devices then."""
        now_ms = self.now_ms
        out: list[Emitted] = []
        if self._sights:
            events = self._as_drawn(events, is_last=is_last)
        if self._moments_ms and self._twin.now_ms >= self._moments_ms[0]:
            out += self._change_faults(now_ms)
        for event in events:
            for flow in self._cameras.flow:
                if flow.device_id not in self._dark:
                    flow.observe(event, now_ms)
            handler = self._handlers.get(event.kind)
            if handler is not None:
                handler(event, now_ms, out)
        if now_ms % REPORT_MS == 0:
            out += self._each_second(now_ms)
        if self._slots.is_due(now_ms):
            out += self._slots.weights(now_ms, self._twin.now_ms, self._dark)
        return out if not self._faults.faults else self._delivery.deliver(out, self._twin.now_ms)

    def finish(self) -> list[Emitted]:
        """Return what the open intervals and a cut network still hold, so that nothing measured is lost."""
        out = list(self._cameras.intervals(self.now_ms, self._dark, is_forced=True))
        out += self._cameras.queue_samples(self.now_ms, self._dark, is_forced=True)
        return out if not self._faults.faults else self._delivery.deliver(out, self._twin.now_ms, is_last=True)

    def _as_drawn(self, events: list[TruthEvent], *, is_last: bool) -> list[TruthEvent]:
        """What happened, as cameras see it that work by a drawing."""
        t_ms, people = self._twin.now_ms, self._twin.people
        found = [event for sight in self._sights.values() for event in sight.observe(people, events, t_ms)]
        if is_last:
            found += [event for sight in self._sights.values() for event in sight.close(t_ms)]
        return [*without_drawn(events, self._sights.values()), *found]

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
        if event.level_mg is not None:
            self._slots.touch(event.subject_id, event.level_mg, now_ms)

    def _each_second(self, now_ms: int) -> Iterator[Emitted]:
        is_minute = now_ms % MINUTE_MS == 0
        if self._cameras.heat:
            people = self._twin.people
            xy_m = people.xy_m[people.rows]
            for heat in self._cameras.heat:
                if heat.device_id not in self._dark:
                    heat.observe(xy_m, REPORT_MS)
        # At first every line and zone says something, so that whoever looks need not wait for the minute to end.
        yield from self._cameras.intervals(now_ms, self._dark, is_forced=is_minute or not self._has_told)
        self._has_told = True
        yield from self._cameras.queue_samples(now_ms, self._dark, is_forced=False)
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
            frames_per_s=self._frames_per_s.get(device_id) if device_id in self._cameras.device_ids else None,
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
            out += self._cameras.counts(device_id, now_ms)
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
        self._slots.lean(current, now_ms)
        for device_id in sorted({f.target for f in self._faults.faults if f.kind is FaultKind.CAMERA_FROZEN}):
            out += self._health(device_id, now_ms)
        return out

    def _wake(self, device_id: str, now_ms: int) -> None:
        self._booted_ms[device_id] = now_ms
        self._cameras.wake(device_id, now_ms)
        for lane in self._lanes.values():
            if lane.device_id == device_id:
                lane.is_told = False
        self._slots.restart(device_id, now_ms)
