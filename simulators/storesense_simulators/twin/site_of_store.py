"""From a store file to the site file that every other part of Storesense reads."""

import math
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from storesense_contracts.site import SiteFile
from storesense_simulators.twin.hours import DAY_NAMES, clock_of, hours_of
from storesense_simulators.twin.plane import area, bounds, centre
from storesense_simulators.twin.projection import homography_of
from storesense_simulators.twin.shop import Point
from storesense_simulators.twin.store_file import CameraFile, StoreFile
from storesense_simulators.twin.store_spots import (
    door_line,
    mount_of,
    queue_area,
    row_points,
    section_of,
    slot_id_of,
    slot_rows,
    till_customers,
)

CLIMATE_DEVICE = "climate"
LANE_DEVICE = "tills"
_HEAT_CELL_M = 0.5
_SIMULATED = {"kind": "simulated"}
_WEIGHT_TOLERANCE_SDS = 2
_INLINE_CHARS = 110


def site_of(store: StoreFile) -> SiteFile:
    """Derive the site file: layout, devices, all of them simulated, and rules.

    Raises:
        pydantic.ValidationError: ids of the store file clash or lead nowhere; store_checks says so with their lines.
    """
    return SiteFile.model_validate(
        {
            "version": 1,
            "store": _layout(store),
            "devices": [*_cameras(store), *_shelf_devices(store), *_other_devices(store)],
            "rules": _rules(store),
        }
    )


def site_yaml(site: SiteFile) -> str:
    """Return a site file as YAML that a person can go on with: defaults left out, short values on one line."""
    value = site.model_dump(mode="json", exclude_defaults=True)
    return "".join(_block(value, 0))


def _layout(store: StoreFile) -> dict[str, Any]:
    return {
        **store.store.model_dump(),
        "opening_hours": list(_opening_hours(store)),
        "floor": {
            "id": store.floor.id,
            "size_m": store.floor.size_m,
            "walls": [
                *([list(point) for point in wall.points] for wall in store.floor.walls),
                *(_outline(shelf.at_m) for shelf in store.shelves),
                *(_outline(fixture.at_m) for fixture in store.fixtures),
                *(_outline(lane.counter_m) for lane in store.checkout.lanes if lane.counter_m is not None),
                *_desk_outline(store),
            ],
        },
        "sections": [section.model_dump() for section in store.sections],
        "lines": [
            *(
                {
                    "id": door.id,
                    "name": door.name,
                    "is_entrance": True,
                    "floor_m": door_line(store, door),
                    "in_side": "right",
                }
                for door in store.doors
            ),
            *({"id": x.id, "name": x.name, "floor_m": x.at_m, "in_side": x.in_side} for x in store.lines),
        ],
        "zones": [
            *({"id": x.id, "name": x.name, "floor_m": list(area(x.at_m))} for x in store.customer_zones),
            *(
                {"id": x.id, "name": x.name, "staff_only": True, "floor_m": list(area(x.at_m))}
                for x in store.areas
                if x.staff_only
            ),
        ],
        "lanes": [
            {
                "id": lane.id,
                "name": lane.name,
                "kind": lane.kind,
                "till_m": lane.cashier_m or _mean(till_customers(lane)),
                "served_m": list(till_customers(lane)),
            }
            for lane in store.checkout.lanes
        ],
        "queues": [
            {
                "id": queue.id,
                "name": queue.name,
                "section": queue.section or store.sections[-1].id,
                "lanes": queue.lanes,
                "floor_m": list(queue_area(queue)),
            }
            for queue in store.checkout.queues
        ],
        "slots": list(_slots(store)),
        "environment_sensors": [{"id": x.id, "name": x.name, "at_m": x.at_m} for x in store.climate],
    }


def _opening_hours(store: StoreFile) -> Iterator[dict[str, Any]]:
    days_by_span: dict[tuple[str, str], list[str]] = {}
    for day, spans in zip(DAY_NAMES, hours_of(store.store.time_zone, store.hours.root).spans, strict=True):
        for span in spans:
            days_by_span.setdefault((clock_of(span.opens_min), clock_of(span.closes_min)), []).append(day)
    for (opens, closes), days in days_by_span.items():
        yield {"days": days, "opens": opens, "closes": closes}


def _outline(points: Sequence[Point]) -> list[list[float]]:
    polygon = area(points)
    return [list(point) for point in (*polygon, polygon[0])]


def _desk_outline(store: StoreFile) -> Iterator[list[list[float]]]:
    if store.service_desk is not None and store.service_desk.counter_m is not None:
        yield _outline(store.service_desk.counter_m)


def _mean(points: Sequence[Point]) -> Point:
    middle = centre(points)
    return (round(middle[0], 3), round(middle[1], 3))


def _slots(store: StoreFile) -> Iterator[dict[str, Any]]:
    for shelf in store.shelves:
        if not shelf.weighed:
            continue
        for number, (row, (at, _)) in enumerate(zip(shelf.planogram, row_points(shelf), strict=True), start=1):
            yield {
                "id": slot_id_of(shelf, row, number),
                "name": f"{shelf.name}, {number}",
                "section": section_of(store, shelf),
                "product": {
                    "sku": row.sku,
                    "name": row.name,
                    "unit_weight_g": row.g,
                    "unit_weight_tolerance_g": max(0.5, round(row.unit_weight_sd_g * _WEIGHT_TOLERANCE_SDS, 1)),
                },
                "capacity_units": row.capacity_units,
                "reorder_point_units": row.reorder_point_units,
                "at_m": at,
            }


def owned_areas(store: StoreFile) -> dict[str, tuple[Point, Point]]:
    """Return what each camera watches as upper left and lower right corner; the whole floor where it does not say."""
    floor = ((0.0, 0.0), store.floor.size_m)
    return {camera.id: bounds(camera.owns_m) if camera.owns_m else floor for camera in store.cameras}


def _owner(store: StoreFile, spot: Point) -> CameraFile | None:
    """Return the camera whose area has ``spot`` in it, or else whose area is nearest."""
    areas = owned_areas(store)

    def away_m(camera: CameraFile) -> float:
        low, high = areas[camera.id]
        return math.hypot(max(low[0] - spot[0], 0.0, spot[0] - high[0]), max(low[1] - spot[1], 0.0, spot[1] - high[1]))

    return min(store.cameras, key=away_m, default=None)


def _cameras(store: StoreFile) -> Iterator[dict[str, Any]]:
    views: dict[str, dict[str, list[dict[str, str]]]] = {camera.id: {} for camera in store.cameras}

    def see(kind: str, name: str, spot: Point) -> None:
        owner = _owner(store, spot)
        if owner is not None:
            views[owner.id].setdefault(f"{kind}s", []).append({kind: name})

    for door in store.doors:
        see("line", door.id, centre(door_line(store, door)))
    for line in store.lines:
        see("line", line.id, centre(line.at_m))
    # Cameras know where only staff stay, and measure nothing there: a figure of one person would be that person's.
    for zone in store.customer_zones:
        see("zone", zone.id, centre(area(zone.at_m)))
    for queue in store.checkout.queues:
        see("queue", queue.id, centre(queue_area(queue)))
    areas = owned_areas(store)
    for camera in store.cameras:
        yield {
            "kind": "camera",
            "id": camera.id,
            "source": _SIMULATED,
            "homography": homography_of(mount_of(camera)).model_dump(),
            **views[camera.id],
            "heatmap": {"cell_size_m": _HEAT_CELL_M, "area_m": areas[camera.id]},
        }


def _shelf_devices(store: StoreFile) -> Iterator[dict[str, Any]]:
    slots: dict[str, list[dict[str, Any]]] = {}
    for _, _, slot_id, device_id in slot_rows(store):
        slots.setdefault(device_id, []).append({"slot": slot_id, "source": _SIMULATED})
    for device_id, cells in slots.items():
        yield {"kind": "shelf", "id": device_id, "slots": cells}


def _other_devices(store: StoreFile) -> Iterator[dict[str, Any]]:
    if store.checkout.lanes:
        yield {"kind": "lane", "id": LANE_DEVICE, "lanes": [lane.id for lane in store.checkout.lanes]}
    if store.climate:
        yield {"kind": "environment", "id": CLIMATE_DEVICE, "sensors": [sensor.id for sensor in store.climate]}


def _rules(store: StoreFile) -> list[dict[str, Any]]:
    if store.rules is not None:
        return [rule.model_dump(mode="json") for rule in store.rules]
    rules: list[dict[str, Any]] = []
    if store.checkout.queues:
        rules.append({"id": "queue-too-long", "kind": "queue_too_long", "open_at_length": 5, "resolve_at_length": 2})
    if any(True for _ in slot_rows(store)):
        rules.append({"id": "low-stock", "kind": "low_stock"})
    rules.append({"id": "unusual-figure", "kind": "kpi_anomaly"})
    return rules


def _block(value: dict[str, Any] | list[Any], depth: int) -> Iterator[str]:
    pad = "  " * depth
    items = value.items() if isinstance(value, dict) else [("-", item) for item in value]
    for key, item in items:
        head = f"{pad}{key}" if key == "-" else f"{pad}{key}:"
        line = _inline(item)
        if not isinstance(item, dict | list) or len(pad) + len(line) <= _INLINE_CHARS:
            yield f"{head} {line}\n"
        elif key == "-":
            # The first line of a nested block stands beside its dash.
            lines = list(_block(item, depth + 1))
            yield f"{pad}- {lines[0].lstrip()}"
            yield from lines[1:]
        elif _is_points(item):
            wrapped = textwrap.wrap(line.replace(", ", ",~").replace("],~", "], "), _INLINE_CHARS - len(pad))
            yield f"{head}\n"
            yield from (f"{pad}  {part.replace('~', ' ')}\n" for part in wrapped)
        else:
            yield f"{head}\n"
            yield from _block(item, depth + 1)


def _is_points(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(x, list) and not isinstance(x[0], list) for x in value)


def _inline(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, width=1_000_000, sort_keys=False, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("...").strip()
