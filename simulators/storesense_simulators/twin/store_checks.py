"""What of a store file cannot be so: found once all of it is put together, each with its place in the file.

Names are looked at first, then what stands where, and ways across the floor last: each of these is only asked when the
ones before it found nothing, because a mistake there would make its answers wrong.
"""

from collections.abc import Iterable, Iterator

from storesense_contracts.yaml_file import FileLines, FileProblem
from storesense_simulators.twin.floor_checks import furniture_mistakes, way_mistakes
from storesense_simulators.twin.hours import DAY_NAMES, clock_of, hours_of, minutes_of, weekdays_of
from storesense_simulators.twin.shop import FaultKind, TillKind
from storesense_simulators.twin.shop_of_store import cell_model, shop_of
from storesense_simulators.twin.site_of_store import CLIMATE_DEVICE, LANE_DEVICE
from storesense_simulators.twin.store_file import StoreFile
from storesense_simulators.twin.store_spots import controller_of, slot_id_of, slot_rows

Mistake = tuple[str, tuple[str | int, ...]]
_SHIFT_MARGIN_MIN = 180
_CELL_FAULTS = {FaultKind.CELL_BUMPED, FaultKind.CELL_DRIFTING, FaultKind.CELL_LEANED_ON}
_CAMERA_FAULTS = {FaultKind.CAMERA_DIRTY, FaultKind.CAMERA_FROZEN, FaultKind.CAMERA_MOVED}


def problems_of(store: StoreFile, lines: FileLines) -> list[FileProblem]:
    """Return every mistake of a store; an empty list for a sound one."""
    mistakes = [*_twins(store), *_references(store), *_hours(store), *_shifts(store), *_planograms(store)]
    if not mistakes:
        mistakes = list(furniture_mistakes(store))
    if not mistakes:
        mistakes = list(way_mistakes(store, shop_of(store)))
    return [lines.problem(message, *at) for message, at in mistakes]


def _twins(store: StoreFile) -> Iterator[Mistake]:
    yield from _twice("sections", ((x.id, ("sections", i, "id")) for i, x in enumerate(store.sections)))
    yield from _twice(
        "doors and lines",
        (
            *((x.id, ("doors", i, "id")) for i, x in enumerate(store.doors)),
            *((x.id, ("lines", i, "id")) for i, x in enumerate(store.lines)),
        ),
    )
    yield from _twice(
        "aisles and areas",
        (
            *((x.id, ("aisles", i, "id")) for i, x in enumerate(store.aisles)),
            *((x.id, ("areas", i, "id")) for i, x in enumerate(store.areas)),
        ),
    )
    yield from _twice("shelves", ((x.id, ("shelves", i, "id")) for i, x in enumerate(store.shelves)))
    yield from _twice("fixtures", ((x.id, ("fixtures", i, "id")) for i, x in enumerate(store.fixtures)))
    yield from _twice("staff_posts", ((x.id, ("staff_posts", i, "id")) for i, x in enumerate(store.staff_posts)))
    yield from _twice("climate", ((x.id, ("climate", i, "id")) for i, x in enumerate(store.climate)))
    yield from _twice(
        "slots",
        (
            (slot_id_of(shelf, row, number), ("shelves", i, "planogram", number - 1))
            for i, shelf in enumerate(store.shelves)
            for number, row in enumerate(shelf.planogram, start=1)
        ),
    )
    controllers = {controller_of(shelf): i for i, shelf in reversed(list(enumerate(store.shelves))) if shelf.weighed}
    yield from _twice(
        "devices",
        (
            *(((LANE_DEVICE, ("checkout",)),) if store.checkout.lanes else ()),
            *(((CLIMATE_DEVICE, ("climate",)),) if store.climate else ()),
            *((x.id, ("cameras", i, "id")) for i, x in enumerate(store.cameras)),
            *((device_id, ("shelves", i, "controller")) for device_id, i in controllers.items()),
        ),
    )


def _twice(kind: str, ids: Iterable[tuple[str, tuple[str | int, ...]]]) -> Iterator[Mistake]:
    seen: set[str] = set()
    for text, at in ids:
        if text in seen:
            yield f"the id {text!r} stands twice among {kind}; each needs its own", at
        seen.add(text)


def _references(store: StoreFile) -> Iterator[Mistake]:
    sections = {section.id for section in store.sections}
    lanes = {lane.id for lane in store.checkout.lanes}
    zones = {zone.id for zone in (*store.aisles, *store.areas)}
    queues = {queue.id for queue in store.checkout.queues}
    slots = {slot_id for _, _, slot_id, _ in slot_rows(store)}
    for i, shelf in enumerate(store.shelves):
        yield from _known("section", shelf.section, sections, "shelves", i, "section")
    served: dict[str, str] = {}
    for i, queue in enumerate(store.checkout.queues):
        yield from _known("section", queue.section, sections, "checkout", "queues", i, "section")
        for j, lane in enumerate(queue.lanes):
            at = ("checkout", "queues", i, "lanes", j)
            yield from _known("lane", lane, lanes, *at)
            if lane in served:
                yield f"lane {lane!r} has the queue {served[lane]!r} already; a lane has one queue", at
            served[lane] = queue.id
    for i, till in enumerate(store.checkout.lanes):
        if till.id not in served:
            yield f"nobody can queue for lane {till.id!r}; name it among the lanes of a queue", ("checkout", "lanes", i)
    for i, visit in enumerate(store.habits.zone_visits):
        visited = ("habits", "zone_visits", i, "zone")
        yield from _known("aisle or area", visit.zone, zones, *visited)
        if visit.zone in zones - {zone.id for zone in store.customer_zones}:
            yield f"no customer visits area {visit.zone!r}, which is staff_only; name another one", visited
    for i, rule in enumerate(store.rules or ()):
        for key, known in (("queues", queues), ("slots", slots), ("zones", zones), ("lanes", lanes)):
            for j, name in enumerate(getattr(rule, key, None) or ()):
                yield from _known(key.removesuffix("s"), name, known, "rules", i, key, j)
    yield from _twice("rules", ((rule.id, ("rules", i, "id")) for i, rule in enumerate(store.rules or ())))
    yield from _fault_targets(store, slots)


def _fault_targets(store: StoreFile, slots: set[str]) -> Iterator[Mistake]:
    cameras = {camera.id for camera in store.cameras}
    devices = cameras | {device_id for _, _, _, device_id in slot_rows(store)}
    devices |= {LANE_DEVICE} if store.checkout.lanes else set()
    devices |= {CLIMATE_DEVICE} if store.climate else set()
    for i, fault in enumerate(store.faults.schedule):
        at = ("faults", "schedule", i, "target")
        if fault.kind in _CELL_FAULTS:
            yield from _known("weighed slot", fault.target, slots, *at)
        else:
            yield from _known(
                "camera" if fault.kind in _CAMERA_FAULTS else "device",
                fault.target,
                cameras if fault.kind in _CAMERA_FAULTS else devices,
                *at,
            )


def _known(kind: str, name: str | None, known: set[str], *at: str | int) -> Iterator[Mistake]:
    if name is not None and name not in known:
        yield f"there is no {kind} {name!r}; expected one of {', '.join(sorted(known)) or '(none)'}", at


def _hours(store: StoreFile) -> Iterator[Mistake]:
    hours = hours_of(store.store.time_zone, store.hours.root)
    if not any(hours.spans):
        yield "the store is never open; give at least one day hours such as 08:00-20:00", ("hours",)


def _shifts(store: StoreFile) -> Iterator[Mistake]:
    hours = hours_of(store.store.time_zone, store.hours.root)
    for i, shift in enumerate(store.staff.shifts):
        begins, ends = minutes_of(shift.begins), minutes_of(shift.ends)
        for weekday in weekdays_of(shift.days):
            spans = hours.spans[weekday]
            at = ("staff", "shifts", i)
            if not spans:
                yield f"shift {shift.id!r} is on {DAY_NAMES[weekday]}, when the store is closed", (*at, "days")
                break
            opens, closes = spans[0].opens_min, spans[-1].closes_min
            if begins < opens - _SHIFT_MARGIN_MIN or ends > closes + _SHIFT_MARGIN_MIN:
                yield (
                    (
                        f"shift {shift.id!r}, {shift.begins} to {shift.ends}, is outside the hours of "
                        f"{DAY_NAMES[weekday]}, {clock_of(opens)} to {clock_of(closes)}, by more than three hours"
                    ),
                    (*at, "begins" if begins < opens - _SHIFT_MARGIN_MIN else "ends"),
                )
                break
    if store.staff.shifts:
        yield from _unmanned(store)
    staffed = sum(lane.kind is TillKind.STAFFED for lane in store.checkout.lanes)
    for hour, wanted in store.staff.lanes_open.items():
        if wanted > staffed:
            yield f"{wanted} lanes cannot be open: {staffed} are staffed", ("staff", "lanes_open", hour)


def _unmanned(store: StoreFile) -> Iterator[Mistake]:
    """Find the first open minute of a week in which nobody works."""
    hours = hours_of(store.store.time_zone, store.hours.root)
    for weekday, spans in enumerate(hours.spans):
        shifts = sorted(
            (minutes_of(shift.begins), minutes_of(shift.ends))
            for shift in store.staff.shifts
            if weekday in weekdays_of(shift.days)
        )
        for span in spans:
            minute = span.opens_min
            for begins, ends in shifts:
                if begins <= minute < ends:
                    minute = ends
            if minute < span.closes_min:
                yield (
                    (
                        f"nobody works on {DAY_NAMES[weekday]} at {clock_of(minute)}, when the store is open; "
                        "lengthen a shift or add one"
                    ),
                    ("staff", "shifts"),
                )
                return


def _planograms(store: StoreFile) -> Iterator[Mistake]:
    rows = [(i, j, shelf, row) for i, shelf in enumerate(store.shelves) for j, row in enumerate(shelf.planogram)]
    if rows and sum(row.popularity for _, _, _, row in rows) <= 0:
        i, j, _, _ = rows[0]
        yield (
            "no product is popular: all weights are 0, so nobody would want anything; give one a popularity above 0",
            ("shelves", i, "planogram", j),
        )
    for i, j, shelf, row in rows:
        at = ("shelves", i, "planogram", j)
        if row.reorder_point_units >= row.capacity_units:
            yield (
                (
                    f"the reorder point of {row.name!r}, {row.reorder_point_units}, must be below its capacity, "
                    f"{row.capacity_units}"
                ),
                at,
            )
        if row.first_units is not None and row.first_units > row.capacity_units:
            yield f"{row.first_units} of {row.name!r} cannot stand where {row.capacity_units} have room", at
        if shelf.weighed:
            full_g, most_g = row.capacity_units * row.g, cell_model(store, shelf, row).capacity_g
            if full_g > most_g:
                yield (
                    (
                        f"{row.capacity_units} x {row.name!r} weigh {full_g / 1000:.1f} kg, beyond the load cell's "
                        f"{most_g / 1000:.1f} kg; hold fewer, or raise capacity_g of load_cells or of its load_cell"
                    ),
                    at,
                )
