"""Which parts of a site are simulated, where they are, and which device reports them."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from storesense_contracts.layout import Slot, StoreLayout
from storesense_contracts.site import (
    CameraDevice,
    EnvironmentDevice,
    LaneDevice,
    ShelfDevice,
    SiteFile,
)
from storesense_simulators.sim.errors import MissingPlaceError, SimulationError
from storesense_simulators.sim.geometry import Point, middle

_Device = CameraDevice | ShelfDevice | LaneDevice | EnvironmentDevice

_ABREAST_M = 0.7
_OUTSIDE_M = 0.5
_INSIDE_M = 0.6


@dataclass(frozen=True, slots=True)
class LinePlan:
    """A counting line; ``in_is_left`` as drawn, standing at ``a`` and looking to ``b``."""

    line_id: str
    device_id: str
    a: Point
    b: Point
    in_is_left: bool


@dataclass(frozen=True, slots=True)
class ZonePlan:
    """A zone; ``device_id`` is None when no simulated device reports it."""

    zone_id: str
    device_id: str | None
    polygon: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class QueuePlan:
    """A queue and the spots at which people stand in it, the front first."""

    queue_id: str
    device_id: str | None
    lanes: tuple[str, ...]
    spots: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class LanePlan:
    """A checkout lane and where somebody stands who is served there."""

    lane_id: str
    device_id: str | None
    till: Point


@dataclass(frozen=True, slots=True)
class SlotPlan:
    """A slot and where somebody stands who takes from it."""

    slot: Slot
    device_id: str
    spot: Point


@dataclass(frozen=True, slots=True)
class SensorPlan:
    """A climate sensor."""

    sensor_id: str
    device_id: str
    is_chiller: bool


@dataclass(frozen=True, slots=True)
class HeatPlan:
    """The part of the floor whose heat one camera reports."""

    device_id: str
    floor_id: str
    origin: Point
    cell_size_m: float
    columns: int
    rows: int


@dataclass(frozen=True, slots=True)
class DoorPlan:
    """A way in: a spot on the street and one just inside."""

    outside: Point
    inside: Point


@dataclass(frozen=True, slots=True)
class SimPlan:
    """Everything that the simulated store needs to know of a site."""

    store: StoreLayout
    device_ids: tuple[str, ...]
    camera_ids: tuple[str, ...]
    doors: tuple[DoorPlan, ...]
    lines: tuple[LinePlan, ...]
    zones: tuple[ZonePlan, ...]
    queues: tuple[QueuePlan, ...]
    lanes: tuple[LanePlan, ...]
    slots: tuple[SlotPlan, ...]
    sensors: tuple[SensorPlan, ...]
    heat: tuple[HeatPlan, ...]


def simulated_device_ids(site: SiteFile) -> tuple[str, ...]:
    """Return the devices whose source is simulated, in the file's order."""
    return tuple(device.id for device in _simulated(site))


def plan_of(site: SiteFile) -> SimPlan:
    """Work out what is to be simulated.

    Raises:
        SimulationError: no device is simulated, or one measures something that has no place on the floor.
    """
    devices = list(_simulated(site))
    if not devices:
        raise SimulationError("no device of this site has source {kind: simulated}: there is nothing to simulate")
    cameras = [d for d in devices if isinstance(d, CameraDevice)]
    lane_devices = {lane: d.id for d in devices if isinstance(d, LaneDevice) for lane in d.lanes}
    store = site.store
    centre = (store.floor.size_m[0] / 2, store.floor.size_m[1] / 2)
    lanes = tuple(LanePlan(x.id, lane_devices.get(x.id), x.till_m or centre) for x in store.lanes)
    return SimPlan(
        store=store,
        device_ids=tuple(d.id for d in devices),
        camera_ids=tuple(d.id for d in cameras),
        doors=_doors(store, centre),
        lines=tuple(_lines(store, cameras)),
        zones=tuple(_zones(store, cameras)),
        queues=tuple(_queues(store, cameras, lanes)),
        lanes=lanes,
        slots=tuple(_slots(store, devices, centre)),
        sensors=tuple(
            SensorPlan(sensor, d.id, "chill" in sensor or "cool" in sensor or "fridge" in sensor)
            for d in devices
            if isinstance(d, EnvironmentDevice)
            for sensor in d.sensors
        ),
        heat=tuple(_heat(store, cameras)),
    )


def _simulated(site: SiteFile) -> Iterator[_Device]:
    for device in site.devices:
        if isinstance(device, ShelfDevice):
            # A site file has all slots of a device simulated or none.
            if device.slots[0].source.kind == "simulated":
                yield device
        elif device.source.kind == "simulated":
            yield device


def _doors(store: StoreLayout, centre: Point) -> tuple[DoorPlan, ...]:
    doors = []
    for line in store.lines:
        if line.is_entrance and line.floor_m is not None:
            a, b = line.floor_m
            length = math.dist(a, b) or 1.0
            across = ((b[1] - a[1]) / length, (a[0] - b[0]) / length)  # to the left of a→b as drawn
            sign = 1.0 if line.in_side == "left" else -1.0
            at = middle((a, b))
            doors.append(
                DoorPlan(
                    outside=_offset(at, across, -sign * _OUTSIDE_M),
                    inside=_offset(at, across, sign * _INSIDE_M),
                )
            )
    # A store without a drawn entrance has people appear at the middle of the plan's lower edge.
    edge = (centre[0], store.floor.size_m[1] - 0.1)
    return tuple(doors) or (DoorPlan(edge, edge),)


def _offset(at: Point, across: Point, by_m: float) -> Point:
    return (at[0] + across[0] * by_m, at[1] + across[1] * by_m)


def _lines(store: StoreLayout, cameras: list[CameraDevice]) -> Iterator[LinePlan]:
    lines = {line.id: line for line in store.lines}
    for camera in cameras:
        for view in camera.lines:
            line = lines[view.line]
            if line.floor_m is None:
                raise MissingPlaceError(device_id=camera.id, what=f"line {line.id!r}", key="floor_m")
            yield LinePlan(line.id, camera.id, *line.floor_m, line.in_side == "left")


def _zones(store: StoreLayout, cameras: list[CameraDevice]) -> Iterator[ZonePlan]:
    reporters = {zone.zone: camera.id for camera in cameras for zone in camera.zones}
    for zone in store.zones:
        device_id = reporters.get(zone.id)
        if zone.floor_m is not None:
            yield ZonePlan(zone.id, device_id, tuple(zone.floor_m))
        elif device_id is not None:
            raise MissingPlaceError(device_id=device_id, what=f"zone {zone.id!r}", key="floor_m")


def _queues(store: StoreLayout, cameras: list[CameraDevice], lanes: tuple[LanePlan, ...]) -> Iterator[QueuePlan]:
    reporters = {queue.queue: camera.id for camera in cameras for queue in camera.queues}
    tills = {lane.lane_id: lane.till for lane in lanes}
    for queue in store.queues:
        device_id = reporters.get(queue.id)
        if queue.floor_m is not None and queue.lanes:
            front = middle([tills[lane] for lane in queue.lanes])
            yield QueuePlan(queue.id, device_id, tuple(queue.lanes), _spots(queue.floor_m, front))
        elif device_id is not None:
            raise MissingPlaceError(
                device_id=device_id, what=f"queue {queue.id!r}", key="floor_m and one or more lanes"
            )


def _spots(polygon: list[Point], front: Point) -> tuple[Point, ...]:
    """Line people up along the longer side of the polygon's bounding box, the front at the end nearest to the tills."""
    low = (min(p[0] for p in polygon), min(p[1] for p in polygon))
    high = (max(p[0] for p in polygon), max(p[1] for p in polygon))
    long, wide = (0, 1) if high[0] - low[0] >= high[1] - low[1] else (1, 0)
    deep = max(1, int((high[long] - low[long]) / _ABREAST_M))
    columns = max(1, int((high[wide] - low[wide]) / _ABREAST_M))
    starts_high = abs(front[long] - high[long]) <= abs(front[long] - low[long])
    spots = []
    for column in range(columns):
        for place in range(deep):
            # Every other column runs back, as a line of people that is folded once does.
            along_m = (place if column % 2 == 0 else deep - 1 - place) * _ABREAST_M + _ABREAST_M / 2
            spot = [0.0, 0.0]
            spot[long] = high[long] - along_m if starts_high else low[long] + along_m
            spot[wide] = low[wide] + (column + 0.5) * (high[wide] - low[wide]) / columns
            spots.append((spot[0], spot[1]))
    return tuple(spots)


def _slots(store: StoreLayout, devices: list[_Device], centre: Point) -> Iterator[SlotPlan]:
    slots = {slot.id: slot for slot in store.slots}
    for device in devices:
        if isinstance(device, ShelfDevice):
            for cell in device.slots:
                slot = slots[cell.slot]
                yield SlotPlan(slot, device.id, slot.at_m or centre)


def _heat(store: StoreLayout, cameras: list[CameraDevice]) -> Iterator[HeatPlan]:
    for camera in cameras:
        if camera.heatmap is None:
            continue
        low, high = camera.heatmap.area_m or ((0.0, 0.0), store.floor.size_m)
        size = camera.heatmap.cell_size_m
        columns, rows = math.ceil((high[0] - low[0]) / size), math.ceil((high[1] - low[1]) / size)
        if columns < 1 or rows < 1:
            raise SimulationError(f"device {camera.id!r}: the heatmap's area_m must name its upper left corner first")
        yield HeatPlan(camera.id, store.floor.id, low, size, columns, rows)
