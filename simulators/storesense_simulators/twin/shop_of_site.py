"""From a plain site file to a store that the twin can simulate.

A site file says what devices measure, not what a shop looks like. What it leaves out is filled in with what is usual,
so that any site whose devices are simulated comes alive.
"""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from storesense_contracts.layout import Queue, Slot, StoreLayout
from storesense_contracts.site import CameraDevice, EnvironmentDevice, LaneDevice, ShelfDevice, SiteFile
from storesense_simulators.twin.demand import demand_of
from storesense_simulators.twin.errors import TwinError
from storesense_simulators.twin.hours import hours_of
from storesense_simulators.twin.load_cell import CellModel
from storesense_simulators.twin.navigation import Navigation
from storesense_simulators.twin.people_file import DemandFile, HabitsFile, StaffFile
from storesense_simulators.twin.plane import across_m, bounds, centre, rounded, spots_along
from storesense_simulators.twin.shop import (
    CameraMount,
    CellSpec,
    ClimateKind,
    ClimateSpec,
    CountingLine,
    Door,
    Place,
    Point,
    PostKind,
    QueuePath,
    Shop,
    StaffPost,
    Till,
    TillKind,
    Wall,
    ZoneShape,
)
from storesense_simulators.twin.shop_of_store import USUAL_AIR, habits_of, staff_of
from storesense_simulators.twin.store_spots import INSIDE_M, OUTSIDE_M

_Device = CameraDevice | ShelfDevice | LaneDevice | EnvironmentDevice
_ABREAST_M = 0.7
_STAND_M = 0.5
_TILL_M = 0.6
_CAMERA_HEIGHT_M = 3.0
_ROUND_THE_CLOCK = {"all": "00:00-24:00"}
_LIVELY_HABITS = HabitsFile.model_validate(
    {
        "speed_m_s": [1.3, 0.15, 1.0, 1.6],
        "window_shopper_share": 0.12,
        "list_products": [2.5, 1, 1, 4],
        "trolley_share": 0,
        "browse_s": [5, 2, 2, 9],
        "put_back_share": 0.08,
        "patience_s": [165, 90, 45, 600],
        "service": {"base_s": 5, "per_unit_s": 1, "variation": 0.25},
        "thieves_per_day": 0,
    }
)
_LIVELY_STAFF = StaffFile.model_validate(
    {"notice_s": 6, "fetch_s": [4.5, 1, 3, 6], "handful_units": 6, "handful_s": 1, "round_every_s": [60, 20, 20, 120]}
)
_LIVELY_DEMAND = DemandFile.model_validate(
    {
        "visitors_a_day": 14_400,
        "by_hour": dict.fromkeys(range(24), 1),
        "bursts": {"per_day": 0},
        "parties": {"alone": 0.85, "couple": 0.1, "family": 0.05},
    }
)


class NothingSimulatedError(TwinError):
    """No device of a site is simulated."""

    exit_code = 2
    code = "nothing_simulated"

    def __init__(self) -> None:
        super().__init__("no device of this site has source {kind: simulated}: there is nothing to simulate")


class MissingPlaceError(TwinError):
    """Something that a simulated device measures has no place on the floor."""

    exit_code = 2
    code = "missing_place"

    def __init__(self, *, device_id: str, what: str, key: str) -> None:
        self.device_id = device_id
        self.what = what
        self.key = key
        super().__init__(
            f"device {device_id!r} is simulated and measures {what}, which has no place; give it {key} in the store"
        )


def simulated_device_ids(site: SiteFile) -> tuple[str, ...]:
    """Return the devices whose source is simulated, in the file's order."""
    return tuple(device.id for device in _simulated(site))


def shop_of_site(site: SiteFile) -> Shop:
    """Work out a store for the simulated devices of a site.

    It never closes, and is several times livelier than a real one, so that whoever looks in sees something happen.

    Raises:
        NothingSimulatedError: no device is simulated.
        MissingPlaceError: one of them measures something that has no place on the floor.
    """
    devices = list(_simulated(site))
    if not devices:
        raise NothingSimulatedError
    _refuse_missing_places(site.store, devices)
    layout = site.store
    hours = hours_of(layout.time_zone, _ROUND_THE_CLOCK)
    demand, habits = demand_of(_LIVELY_DEMAND, hours), habits_of(_LIVELY_HABITS)
    queues = tuple(_queues(layout))
    bare = Shop(
        layout=layout,
        site=site,
        size_m=layout.floor.size_m,
        walls=tuple(Wall(tuple(points), 0.0) for points in layout.floor.walls),
        obstacles=(),
        doors=_doors(layout),
        lines=tuple(
            CountingLine(line.id, *line.floor_m, line.in_side == "left", line.is_entrance)
            for line in layout.lines
            if line.floor_m is not None
        ),
        shelves=(),
        places=(),
        tills=(),
        queues=queues,
        zones=tuple(ZoneShape(zone.id, tuple(zone.floor_m)) for zone in layout.zones if zone.floor_m is not None),
        desk=None,
        staff_posts=(),
        hours=hours,
        demand=demand,
        habits=habits,
        staff=staff_of(_LIVELY_STAFF, hours, demand, habits, sum(len(queue.lane_ids) for queue in queues)),
        cameras=tuple(_cameras(layout, devices)),
        cells=tuple(_cells(layout, devices)),
        climate=tuple(_climate(layout, devices)),
        faults=(),
        fault_rates=(),
    )
    ways = Navigation(bare)
    return replace(
        bare,
        places=tuple(_places(layout, devices, ways)),
        tills=tuple(_tills(layout, queues, ways)),
        staff_posts=tuple(_staff_posts(bare, ways)),
    )


def enlivened(shop: Shop) -> Shop:
    """Return a store as a demo wants it: open round the clock, with the rates and habits of ``shop_of_site``."""
    hours = hours_of(shop.hours.time_zone, _ROUND_THE_CLOCK)
    demand, habits = demand_of(_LIVELY_DEMAND, hours), habits_of(_LIVELY_HABITS)
    habits = replace(habits, zone_visits=shop.habits.zone_visits)
    lanes = sum(till.kind is TillKind.STAFFED for till in shop.tills)
    staff = staff_of(_LIVELY_STAFF, hours, demand, habits, lanes)
    return replace(shop, hours=hours, demand=demand, habits=habits, staff=staff)


def _simulated(site: SiteFile) -> Iterator[_Device]:
    for device in site.devices:
        if isinstance(device, ShelfDevice):
            # A site file has all slots of a device simulated or none.
            if device.slots[0].source.kind == "simulated":
                yield device
        elif device.source.kind == "simulated":
            yield device


def _refuse_missing_places(layout: StoreLayout, devices: list[_Device]) -> None:
    lines = {line.id: line for line in layout.lines}
    zones = {zone.id: zone for zone in layout.zones}
    queues = {queue.id: queue for queue in layout.queues}
    for device in devices:
        if not isinstance(device, CameraDevice):
            continue
        for line in device.lines:
            if lines[line.line].floor_m is None:
                raise MissingPlaceError(device_id=device.id, what=f"line {line.line!r}", key="floor_m")
        for zone in device.zones:
            if zones[zone.zone].floor_m is None:
                raise MissingPlaceError(device_id=device.id, what=f"zone {zone.zone!r}", key="floor_m")
        for queue in device.queues:
            if queues[queue.queue].floor_m is None or not queues[queue.queue].lanes:
                raise MissingPlaceError(
                    device_id=device.id, what=f"queue {queue.queue!r}", key="floor_m and one or more lanes"
                )


def _centre(layout: StoreLayout) -> Point:
    return (layout.floor.size_m[0] / 2, layout.floor.size_m[1] / 2)


def _doors(layout: StoreLayout) -> tuple[Door, ...]:
    entrances = [line for line in layout.lines if line.is_entrance and line.floor_m is not None]
    doors = []
    for line in entrances:
        a, b = line.floor_m or ((0.0, 0.0), (0.0, 0.0))
        sign = -1.0 if line.in_side == "left" else 1.0
        doors.append(
            Door(
                door_id=line.id,
                line_id=line.id,
                a=a,
                b=b,
                in_is_left=line.in_side == "left",
                inside=across_m(a, b, sign * INSIDE_M),
                outside=across_m(a, b, -sign * OUTSIDE_M),
                share=1 / len(entrances),
            )
        )
    # A store without a drawn entrance has people appear at the middle of the plan's lower edge, where nobody counts.
    x, y = _centre(layout)[0], layout.floor.size_m[1]
    return tuple(doors) or (
        Door("door", "", (x + 0.5, y), (x - 0.5, y), False, (x, y - INSIDE_M), (x, y + OUTSIDE_M), 1.0),
    )


def _queues(layout: StoreLayout) -> Iterator[QueuePath]:
    tills = {lane.id: lane.till_m or _centre(layout) for lane in layout.lanes}
    for queue in layout.queues:
        if queue.floor_m is not None and queue.lanes:
            front = centre([tills[lane] for lane in queue.lanes])
            yield QueuePath(queue.id, tuple(queue.lanes), _spots(queue, front), tuple(queue.floor_m))


def _spots(queue: Queue, front: Point) -> tuple[Point, ...]:
    """Line people up along the longer side of the area's bounds, the front at the end nearest to the tills.

    Where there is room for more than one file, the line is folded, as between ropes.
    """
    low, high = bounds(queue.floor_m or ())
    long, wide = (0, 1) if high[0] - low[0] >= high[1] - low[1] else (1, 0)
    files = max(1, int((high[wide] - low[wide]) / _ABREAST_M))
    near, far = low[long] + _ABREAST_M / 2, high[long] - _ABREAST_M / 2
    if abs(front[long] - high[long]) <= abs(front[long] - low[long]):
        near, far = far, near
    corners: list[Point] = []
    for file in range(files):
        across = low[wide] + (file + 0.5) * (high[wide] - low[wide]) / files
        for along in (near, far) if file % 2 == 0 else (far, near):
            corners += [(along, across) if long == 0 else (across, along)]
    return spots_along(corners, _ABREAST_M)


def _tills(layout: StoreLayout, queues: tuple[QueuePath, ...], ways: Navigation) -> Iterator[Till]:
    served_by = {lane_id: queue for queue in queues for lane_id in queue.lane_ids}
    for lane in layout.lanes:
        queue = served_by.get(lane.id)
        if queue is not None:
            cashier = lane.till_m or _centre(layout)
            customer = ways.nearest_free(_toward(cashier, queue.spots[0], _TILL_M))
            yield Till(lane.id, queue.queue_id, TillKind.STAFFED, (customer,), ways.nearest_free(cashier))


def _toward(start: Point, end: Point, by_m: float) -> Point:
    length = math.sqrt((end[0] - start[0]) ** 2 + (end[1] - start[1]) ** 2)
    share = 0.0 if length <= 0 else min(1.0, by_m / length)
    return rounded((start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share))


def _places(layout: StoreLayout, devices: list[_Device], ways: Navigation) -> Iterator[Place]:
    slots = {slot.id: slot for slot in layout.slots}
    for device in devices:
        if isinstance(device, ShelfDevice):
            for cell in device.slots:
                yield _place(slots[cell.slot], device.id, slots[cell.slot].at_m or _centre(layout), ways)


def _place(slot: Slot, device_id: str, at: Point, ways: Navigation) -> Place:
    spot = _spot_before(at, ways)
    off = (spot[0] - at[0], spot[1] - at[1])
    length = math.sqrt(off[0] * off[0] + off[1] * off[1])
    product = slot.product
    tolerance_g = product.unit_weight_tolerance_g or 0.006 * product.unit_weight_g
    return Place(
        slot_id=slot.id,
        sku=product.sku,
        name=product.name,
        unit_weight_g=product.unit_weight_g,
        unit_weight_sd_g=tolerance_g / 2,
        capacity_units=slot.capacity_units,
        reorder_point_units=slot.reorder_point_units,
        first_units=slot.capacity_units,
        popularity=1.0,
        price_class=2,
        at=at,
        spot=spot,
        facing=(0.0, 1.0) if length <= 0 else (off[0] / length, off[1] / length),
        shelf_id=device_id,
        section_id=slot.section,
    )


def _spot_before(at: Point, ways: Navigation) -> Point:
    """Return where to stand before a slot: a step away from the wall behind it, or else the nearest free spot."""
    near = ways.nearest_free(at)
    _, away = ways.walls_near(np.array([at]))
    spot = rounded((at[0] + float(away[0, 0]) * _STAND_M, at[1] + float(away[0, 1]) * _STAND_M))
    return spot if ways.is_free(spot) and ways.is_reachable(spot, near) else near


def _staff_posts(shop: Shop, ways: Navigation) -> Iterator[StaffPost]:
    inside = shop.doors[0].inside
    centre_m = _centre(shop.layout)
    corner = (shop.size_m[0] - 0.6, 0.6)
    for post_id, kind, wanted in (
        ("stock-room", PostKind.STOCK_ROOM, corner),
        ("floor", PostKind.FLOOR, centre_m),
    ):
        spot = ways.nearest_free(wanted)
        yield StaffPost(post_id, kind, spot if ways.is_reachable(inside, spot) else ways.nearest_free(inside))


def _cameras(layout: StoreLayout, devices: list[_Device]) -> Iterator[CameraMount]:
    """Hang each camera over the upper edge of what it owns: a site file does not say where a camera is."""
    floor = ((0.0, 0.0), layout.floor.size_m)
    for device in devices:
        if isinstance(device, CameraDevice):
            owned = device.heatmap.area_m if device.heatmap is not None else None
            low, high = bounds(owned or floor)
            at = ((low[0] + high[0]) / 2, low[1])
            yield CameraMount(device.id, at, _CAMERA_HEIGHT_M, 90.0, 45.0, 90.0, (640, 360), 10.0)


def _cells(layout: StoreLayout, devices: list[_Device]) -> Iterator[CellSpec]:
    slots = {slot.id: slot for slot in layout.slots}
    usual = CellModel()
    for device in devices:
        if isinstance(device, ShelfDevice):
            for cell in device.slots:
                slot = slots[cell.slot]
                # The cell is one that carries the full slot, with a fifth to spare for somebody who leans on it.
                full_g = 1.2 * slot.capacity_units * slot.product.unit_weight_g
                yield CellSpec(cell.slot, device.id, replace(usual, capacity_g=max(usual.capacity_g, full_g)))


def _climate(layout: StoreLayout, devices: list[_Device]) -> Iterator[ClimateSpec]:
    sensors = {sensor.id: sensor for sensor in layout.environment_sensors}
    for device in devices:
        if isinstance(device, EnvironmentDevice):
            for name in device.sensors:
                kind = _air_of(name)
                at = sensors[name].at_m or _centre(layout)
                yield ClimateSpec(name, device.id, kind, at, *USUAL_AIR[kind])


def _air_of(sensor_id: str) -> ClimateKind:
    """Guess what air a sensor hangs in from its id: a site file does not say."""
    if any(word in sensor_id for word in ("freez", "frozen")):
        return ClimateKind.FREEZER
    return ClimateKind.CHILLER if any(w in sensor_id for w in ("chill", "cool", "fridge")) else ClimateKind.ROOM
