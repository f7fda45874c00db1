"""From a store file's values to the store that the twin simulates."""

import math
from collections.abc import Iterator, Mapping

from storesense_simulators.twin.demand import demand_of, open_shares
from storesense_simulators.twin.hours import hours_of, minutes_of, weekdays_of
from storesense_simulators.twin.load_cell import CellModel
from storesense_simulators.twin.people_file import HabitsFile, StaffFile
from storesense_simulators.twin.plane import across_m, area, rectangle, spots_along
from storesense_simulators.twin.planogram import Row
from storesense_simulators.twin.shop import (
    CellSpec,
    ClimateKind,
    ClimateSpec,
    CountingLine,
    Desk,
    Door,
    FaultRate,
    FaultSpec,
    Place,
    Polygon,
    QueuePath,
    Shelf,
    Shop,
    StaffPost,
    Till,
    TillKind,
    Wall,
    ZoneShape,
)
from storesense_simulators.twin.shop_people import Demand, Habits, Hours, ServiceTimes, Shift, StaffPlan, ZoneVisit
from storesense_simulators.twin.site_of_store import CLIMATE_DEVICE, site_of
from storesense_simulators.twin.store_file import ShelfFile, StoreFile
from storesense_simulators.twin.store_spots import (
    FACINGS,
    INSIDE_M,
    OUTSIDE_M,
    door_ends,
    door_line,
    mount_of,
    queue_area,
    row_points,
    section_of,
    slot_id_of,
    slot_rows,
    till_customers,
)

USUAL_AIR = {ClimateKind.ROOM: (21.5, 45.0), ClimateKind.CHILLER: (4.0, 72.0), ClimateKind.FREEZER: (-20.0, 60.0)}
_BUSY_SHARE = 0.75


def shop_of(store: StoreFile) -> Shop:
    """Build the store that a file describes. What stands where it cannot is not looked at here: see store_checks."""
    hours = hours_of(store.store.time_zone, store.hours.root)
    demand = demand_of(store.demand, hours)
    habits = habits_of(store.habits)
    site = site_of(store)
    doors = tuple(_doors(store))
    return Shop(
        layout=site.store,
        site=site,
        size_m=store.floor.size_m,
        walls=tuple(Wall(tuple(wall.points), wall.thickness_m) for wall in store.floor.walls),
        obstacles=tuple(_obstacles(store)),
        doors=doors,
        lines=(
            *(
                CountingLine(door.id, *door_line(store, door), in_is_left=False, is_entrance=True)
                for door in store.doors
            ),
            *(CountingLine(line.id, *line.at_m, line.in_side == "left", False) for line in store.lines),
        ),
        shelves=tuple(
            Shelf(shelf.id, rectangle(*shelf.at_m), FACINGS[shelf.faces], section_of(store, shelf), shelf.height_m)
            for shelf in store.shelves
        ),
        places=tuple(place for shelf in store.shelves for place in _places(store, shelf)),
        tills=tuple(_tills(store)),
        queues=tuple(
            QueuePath(
                queue.id,
                tuple(queue.lanes),
                spots_along(queue.path_m, queue.spacing_m),
                queue_area(queue),
            )
            for queue in store.checkout.queues
        ),
        zones=tuple(ZoneShape(zone.id, area(zone.at_m)) for zone in store.customer_zones),
        desk=_desk(store),
        staff_posts=tuple(StaffPost(post.id, post.kind, post.at_m) for post in store.staff_posts),
        hours=hours,
        demand=demand,
        habits=habits,
        staff=staff_of(store.staff, hours, demand, habits, _staffed_lanes(store)),
        cameras=tuple(mount_of(camera) for camera in store.cameras),
        cells=tuple(_cells(store)),
        climate=tuple(_climate(store)),
        faults=tuple(
            FaultSpec(fault.kind, fault.target, fault.after_s, fault.lasts_s, fault.amount)
            for fault in store.faults.schedule
        ),
        fault_rates=tuple(FaultRate(rate.kind, rate.per_day, rate.lasts_s) for rate in store.faults.rates),
    )


def _obstacles(store: StoreFile) -> Iterator[Polygon]:
    for shelf in store.shelves:
        yield rectangle(*shelf.at_m)
    for fixture in store.fixtures:
        yield area(fixture.at_m)
    for lane in store.checkout.lanes:
        if lane.counter_m is not None:
            yield rectangle(*lane.counter_m)
    if store.service_desk is not None and store.service_desk.counter_m is not None:
        yield rectangle(*store.service_desk.counter_m)


def _doors(store: StoreFile) -> Iterator[Door]:
    total = sum(door.share for door in store.doors)
    for door in store.doors:
        a, b = door_ends(store, door)
        yield Door(
            door_id=door.id,
            line_id=door.id,
            a=a,
            b=b,
            in_is_left=False,
            inside=across_m(a, b, INSIDE_M),
            outside=across_m(a, b, -OUTSIDE_M),
            share=door.share / total,
        )


def _places(store: StoreFile, shelf: ShelfFile) -> Iterator[Place]:
    for number, (row, (at, spot)) in enumerate(zip(shelf.planogram, row_points(shelf), strict=True), start=1):
        yield Place(
            slot_id=slot_id_of(shelf, row, number),
            sku=row.sku,
            name=row.name,
            unit_weight_g=row.g,
            unit_weight_sd_g=row.unit_weight_sd_g,
            capacity_units=row.capacity_units,
            reorder_point_units=row.reorder_point_units,
            first_units=row.capacity_units if row.first_units is None else row.first_units,
            popularity=row.popularity,
            price_class=row.price_class,
            at=at,
            spot=spot,
            facing=FACINGS[shelf.faces],
            shelf_id=shelf.id,
            section_id=section_of(store, shelf),
        )


def _tills(store: StoreFile) -> Iterator[Till]:
    queues = {lane: queue.id for queue in store.checkout.queues for lane in queue.lanes}
    for lane in store.checkout.lanes:
        yield Till(lane.id, queues.get(lane.id, ""), lane.kind, till_customers(lane), lane.cashier_m)


def _staffed_lanes(store: StoreFile) -> int:
    return sum(lane.kind is TillKind.STAFFED for lane in store.checkout.lanes)


def _desk(store: StoreFile) -> Desk | None:
    desk = store.service_desk
    return None if desk is None else Desk(desk.id, desk.customer_m, desk.staff_m)


def cell_model(store: StoreFile, shelf: ShelfFile, row: Row) -> CellModel:
    """Return the load cell of one row: the usual one, with what store, shelf and row say otherwise."""
    return row.load_cell.over(shelf.load_cell.over(store.load_cells.over(CellModel())))


def _cells(store: StoreFile) -> Iterator[CellSpec]:
    for shelf, row, slot_id, device_id in slot_rows(store):
        yield CellSpec(slot_id, device_id, cell_model(store, shelf, row))


def _climate(store: StoreFile) -> Iterator[ClimateSpec]:
    for sensor in store.climate:
        usual_c, usual_pct = USUAL_AIR[sensor.kind]
        yield ClimateSpec(
            sensor_id=sensor.id,
            device_id=CLIMATE_DEVICE,
            kind=sensor.kind,
            at=sensor.at_m,
            usual_c=usual_c if sensor.usual_c is None else sensor.usual_c,
            usual_pct=usual_pct if sensor.usual_pct is None else sensor.usual_pct,
        )


def habits_of(file: HabitsFile) -> Habits:
    """Return shoppers' habits; the shares of units add up to one."""
    given: dict[str, object] = {name: getattr(file, name) for name in type(file).model_fields if name != "units"}
    given["units_shares"] = tuple(share / sum(file.units) for share in file.units)
    given["service"] = ServiceTimes(**file.service.model_dump())
    given["zone_visits"] = tuple(ZoneVisit(v.zone, v.share, v.stay_s, v.is_last) for v in file.zone_visits)
    return Habits(**given)  # type: ignore[arg-type]


def staff_of(file: StaffFile, hours: Hours, demand: Demand, habits: Habits, lanes: int) -> StaffPlan:
    """Return who works when. Without shifts, enough people for all lanes and two more while the store is open."""
    shifts = tuple(
        Shift(shift.id, weekdays_of(shift.days), minutes_of(shift.begins), minutes_of(shift.ends), shift.staff)
        for shift in file.shifts
    ) or tuple(_usual_shifts(hours, lanes + 2))
    return StaffPlan(
        shifts=shifts,
        lanes_open=tuple(_lanes_open(file.lanes_open, hours, demand, habits, lanes, weekday) for weekday in range(7)),
        speed_m_s=file.speed_m_s,
        round_every_s=file.round_every_s,
        notice_s=file.notice_s,
        fetch_s=file.fetch_s,
        handful_units=file.handful_units,
        handful_s=file.handful_s,
    )


def _usual_shifts(hours: Hours, staff: int) -> Iterator[Shift]:
    days: dict[tuple[int, int], list[int]] = {}
    for weekday, spans in enumerate(hours.spans):
        for span in spans:
            days.setdefault((span.opens_min, span.closes_min), []).append(weekday)
    for number, ((begins_min, ends_min), weekdays) in enumerate(sorted(days.items()), start=1):
        yield Shift(f"shift-{number}", tuple(weekdays), begins_min, ends_min, staff)


def _lanes_open(
    wanted: Mapping[int, int], hours: Hours, demand: Demand, habits: Habits, lanes: int, weekday: int
) -> tuple[int, ...]:
    """Return the staffed lanes for each hour: as given from an hour on, else such as keep them three quarters busy."""
    shares = open_shares(hours, weekday)
    if wanted:
        day: list[int] = []
        now = wanted[min(wanted)]
        for hour in range(24):
            now = min(lanes, wanted.get(hour, now))
            day.append(now if shares[hour] else 0)
        return tuple(day)
    buyers = (1 - habits.window_shopper_share) / demand.parties.mean_size
    units = habits.list_products.mean * sum(n * share for n, share in enumerate(habits.units_shares, start=1))
    serving_h = (habits.service.base_s + habits.service.per_unit_s * units) / 3_600
    return tuple(
        min(lanes, max(1, math.ceil(demand.visitors_per_h[weekday][hour] * buyers * serving_h / _BUSY_SHARE)))
        if shares[hour]
        else 0
        for hour in range(24)
    )
