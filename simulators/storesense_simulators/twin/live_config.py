"""What the simulated devices take up while they run: drawings and planograms, as the gateway tells a real device them.

A camera of the twin needs no match with the floor, since the twin knows where everybody is. It has no picture, so what
was drawn in a picture alone is taken up only through the match; and people line up and are served where the store's
file has its tills, wherever those are drawn. What cannot be followed is said in the device's health.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from storesense_contracts.device_config import ConfigDrawing, Side, decode_config
from storesense_contracts.messages import PayloadError
from storesense_contracts.readings import HealthState
from storesense_contracts.site import CameraDevice, ShelfDevice
from storesense_edge.drawing import DRAWING
from storesense_edge.health import Health
from storesense_edge.planogram import PLANOGRAM
from storesense_edge.vision.errors import GeometryError
from storesense_edge.vision.homography import fit_floor_map
from storesense_simulators.twin.drawn_sight import QueueArea
from storesense_simulators.twin.shop import CountingLine, ZoneShape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from storesense_contracts.device_config import ConfigCount, ConfigLine, ConfigSlot, DeviceConfig
    from storesense_edge.vision.homography import FloorMap
    from storesense_simulators.twin.shop import Point, Shop

_logger = logging.getLogger(__name__)

_NEAR_M = 0.05
"""A till drawn no further than this from where the store's file has it is where it was."""


@dataclass(frozen=True, slots=True)
class CameraShapes:
    """What a simulated camera shall measure, all of it on the floor.

    Attributes:
        lines: the lines that it counts at.
        zones: the zones that it measures.
        queues: the queues that it measures, and the lanes that they wait for.
        stations: how many are served at once at each lane.
    """

    lines: tuple[CountingLine, ...]
    zones: tuple[ZoneShape, ...]
    queues: tuple[QueueArea, ...]
    stations: dict[str, int]


@dataclass(frozen=True, slots=True)
class Taken:
    """What a device is to do now.

    Attributes:
        device_id: the device.
        shapes: what its camera measures from now on; None where that stays as it is.
        slots: what its slots hold from now on; None where that stays as it is.
        health: its condition.
        counts: what was counted by hand in its slots since the last time.
    """

    device_id: str
    shapes: CameraShapes | None
    slots: tuple[ConfigSlot, ...] | None
    health: Health
    counts: tuple[tuple[str, ConfigCount], ...] = ()


class LiveConfig:
    """What the gateway says to the devices of one simulated store.

    Args:
        shop: the store.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._cameras = {device.id for device in shop.site.devices if isinstance(device, CameraDevice)}
        self._shelves = {
            device.id: frozenset(slot.slot for slot in device.slots)
            for device in shop.site.devices
            if isinstance(device, ShelfDevice)
        }
        self._entrances = {line.id for line in shop.layout.lines if line.is_entrance}
        self._came: dict[str, bytes] = {}
        self._told: dict[str, ConfigDrawing | tuple[ConfigSlot, ...]] = {}
        self._counted: dict[str, int] = {}
        self.conditions: dict[str, Health] = {
            **{device_id: Health(DRAWING) for device_id in sorted(self._cameras)},
            **{device_id: Health(PLANOGRAM) for device_id in sorted(self._shelves)},
        }
        """What each device says of what it works by."""

    def listener(self, device_id: str) -> Callable[[bytes], None] | None:
        """Return what takes a device's configuration as it comes; None for a device that has none."""
        if device_id not in self.conditions:
            return None

        def take(payload: bytes) -> None:
            self._came[device_id] = payload

        return take

    def take(self) -> list[Taken]:
        """Return what has come since the last call, of each device the newest."""
        came, self._came = self._came, {}
        return [taken for device_id, payload in came.items() if (taken := self._take(device_id, payload)) is not None]

    def _take(self, device_id: str, payload: bytes) -> Taken | None:
        before = self.conditions[device_id]
        try:
            config = decode_config(payload)
        except PayloadError as exc:
            reason = f"A configuration that the gateway sent cannot be used ({exc}); the one before holds."
            return self._condition(device_id, replace(before, state=HealthState.DEGRADED, reason=reason))
        if device_id in self._cameras:
            return None if config.drawing is None else self._draw(device_id, config.drawing)
        return None if config.planogram_version is None else self._plan(device_id, config)

    def _draw(self, device_id: str, drawing: ConfigDrawing) -> Taken:
        told = self._told.get(device_id)
        try:
            shapes = self._shapes(drawing)
        except GeometryError as exc:
            held = self.conditions[device_id].drawing_version
            before = "the store's own file" if held is None else f"version {held}"
            reason = f"Version {drawing.version} of the drawing cannot be followed, and {before} holds: {exc}"
            health = Health(DRAWING, HealthState.DEGRADED, reason, drawing_version=held)
            return self._condition(device_id, health)
        problems = list(self._not_followed(drawing))
        state = HealthState.DEGRADED if problems else HealthState.OK
        health = Health(DRAWING, state, " ".join(problems) or None, drawing_version=drawing.version)
        unversioned = _unversioned(drawing)
        self._told[device_id] = unversioned
        return self._condition(device_id, health, shapes=None if told == unversioned else shapes)

    def _shapes(self, drawing: ConfigDrawing) -> CameraShapes:
        floor = _floor_map(drawing)
        return CameraShapes(
            lines=tuple(self._line(line, floor) for line in drawing.lines),
            zones=tuple(
                ZoneShape(zone.zone_id, _on_floor(f"zone {zone.zone_id!r}", zone.floor_m, zone.image, floor))
                for zone in drawing.zones
            ),
            queues=tuple(
                QueueArea(
                    queue.queue_id,
                    queue.lane_ids,
                    _on_floor(f"queue {queue.queue_id!r}", queue.floor_m, queue.image, floor),
                )
                for queue in drawing.queues
            ),
            stations={lane.lane_id: max(1, len(lane.served_m)) for lane in drawing.lanes},
        )

    def _line(self, line: ConfigLine, floor: FloorMap | None) -> CountingLine:
        a, b = _on_floor(f"line {line.line_id!r}", line.floor_m, line.image, floor)
        return CountingLine(line.line_id, a, b, line.in_side is Side.LEFT, line.line_id in self._entrances)

    def _not_followed(self, drawing: ConfigDrawing) -> Iterable[str]:
        """What of a drawing the simulated people do not act on."""
        lanes = {lane.id: lane for lane in self._shop.layout.lanes}
        asked = {lane_id for queue in drawing.queues for lane_id in queue.lane_ids}
        drawn = {lane.lane_id: lane.till_m for lane in drawing.lanes if lane.lane_id in asked}
        unknown = sorted(asked - lanes.keys())
        moved = sorted(
            lane_id
            for lane_id, till_m in drawn.items()
            if lane_id in lanes and _is_elsewhere(lanes[lane_id].till_m, till_m)
        )
        if unknown:
            yield f"The simulated shop has no till for {', '.join(unknown)}: nobody is served there."
        if moved:
            yield f"The simulated shop serves at the tills of its own file, wherever {', '.join(moved)} is drawn."

    def _plan(self, device_id: str, config: DeviceConfig) -> Taken:
        own = self._shelves[device_id]
        listed = [slot for slot in config.slots or () if slot.slot_id in own]
        counts = tuple(self._new_counts(device_id, listed))
        slots = tuple(msgspec.structs.replace(slot, count=None) for slot in listed)
        unknown = [slot_id for slot_id in config.drawn if slot_id not in own]
        reason = None
        if unknown:
            reason = f"The simulated shelf has no cell for {', '.join(unknown)}: it weighs the slots of its own file."
        state = HealthState.DEGRADED if unknown else HealthState.OK
        health = Health(PLANOGRAM, state, reason, planogram_version=config.planogram_version)
        told = self._told.get(device_id)
        self._told[device_id] = slots
        taken = self._condition(device_id, health, slots=None if told == slots else slots)
        return replace(taken, counts=counts)

    def _new_counts(self, device_id: str, slots: Iterable[ConfigSlot]) -> Iterable[tuple[str, ConfigCount]]:
        """Yield each count once; what the first word of all has is of another run."""
        is_first = device_id not in self._told
        for slot in slots:
            if slot.count is not None and slot.count.count_no > self._counted.get(slot.slot_id, 0):
                self._counted[slot.slot_id] = slot.count.count_no
                if not is_first:
                    yield slot.slot_id, slot.count

    def _condition(
        self,
        device_id: str,
        health: Health,
        *,
        shapes: CameraShapes | None = None,
        slots: tuple[ConfigSlot, ...] | None = None,
    ) -> Taken:
        self.conditions[device_id] = health
        _logger.info("%s works by version %s", device_id, health.drawing_version or health.planogram_version)
        return Taken(device_id, shapes, slots, health)


def _unversioned(drawing: ConfigDrawing) -> ConfigDrawing:
    return msgspec.structs.replace(drawing, version=1)


def _floor_map(drawing: ConfigDrawing) -> FloorMap | None:
    if not drawing.pairs:
        return None
    return fit_floor_map([pair.image for pair in drawing.pairs], [pair.floor_m for pair in drawing.pairs])


def _on_floor(
    what: str, floor_m: tuple[Point, ...] | None, image: tuple[Point, ...] | None, floor: FloorMap | None
) -> tuple[Point, ...]:
    if floor_m is not None:
        return floor_m
    if image is None or floor is None:
        raise GeometryError(
            shape=what,
            cause="it is drawn in the picture alone, and a simulated camera has none",
            remedy="draw it on the floor plan",
        )
    points_m = floor.to_floor(np.array(image, dtype=np.float64))
    if not np.isfinite(points_m).all():
        raise GeometryError(shape=what, cause="a point is above the horizon", remedy="move it down onto the floor")
    return tuple((float(x), float(y)) for x, y in points_m)


def _is_elsewhere(here: Point | None, there: Point | None) -> bool:
    if here is None or there is None:
        return here is not there
    return max(abs(here[0] - there[0]), abs(here[1] - there[1])) > _NEAR_M
