"""Where things of a store file are that it does not spell out: rows on a shelf, sides of a door, and who has what."""

import math
from collections.abc import Iterator

from storesense_simulators.twin.plane import across_m, area, bounds, rounded, strip
from storesense_simulators.twin.planogram import Row
from storesense_simulators.twin.shop import CameraMount, Point, Polygon
from storesense_simulators.twin.store_file import CameraFile, DoorFile, LaneFile, QueueFile, ShelfFile, StoreFile

INSIDE_M = 0.8
OUTSIDE_M = 0.5
_STAND_M = 0.5
_BOARD_M = 0.15
FACINGS: dict[str, Point] = {"left": (-1.0, 0.0), "right": (1.0, 0.0), "up": (0.0, -1.0), "down": (0.0, 1.0)}


def section_of(store: StoreFile, shelf: ShelfFile) -> str:
    """Return the section of a shelf; the file's first unless it names one."""
    return shelf.section or store.sections[0].id


def door_ends(store: StoreFile, door: DoorFile) -> tuple[Point, Point]:
    """Return a door's two sides in the order in which the way in is to the right, as drawn."""
    a, b = door.at_m
    if door.in_side is not None:
        return (a, b) if door.in_side == "right" else (b, a)
    middle = (store.floor.size_m[0] / 2, store.floor.size_m[1] / 2)
    inward = math.dist(across_m(a, b, INSIDE_M), middle) <= math.dist(across_m(b, a, INSIDE_M), middle)
    return (a, b) if inward else (b, a)


def door_line(store: StoreFile, door: DoorFile) -> tuple[Point, Point]:
    """Return the line over which a door's people are counted, so that the way in is to the right, as drawn."""
    a, b = door_ends(store, door)
    if door.line_m is None:
        return (a, b)
    one, other = door.line_m
    along = (other[0] - one[0]) * (b[0] - a[0]) + (other[1] - one[1]) * (b[1] - a[1])
    return (one, other) if along >= 0 else (other, one)


def row_points(shelf: ShelfFile) -> list[tuple[Point, Point]]:
    """Return for each row of a shelf's planogram where it is on the shelf and where somebody stands before it."""
    (left, top), (right, bottom) = bounds(shelf.at_m)
    facing = FACINGS[shelf.faces]
    total = sum(row.facings for row in shelf.planogram)
    points: list[tuple[Point, Point]] = []
    done = 0
    for row in shelf.planogram:
        share = (done + row.facings / 2) / total
        done += row.facings
        if facing[0]:
            front = (right if facing[0] > 0 else left, top + (bottom - top) * share)
        else:
            front = (left + (right - left) * share, bottom if facing[1] > 0 else top)
        at = (front[0] - facing[0] * _BOARD_M, front[1] - facing[1] * _BOARD_M)
        spot = (front[0] + facing[0] * _STAND_M, front[1] + facing[1] * _STAND_M)
        points.append((rounded(at), rounded(spot)))
    return points


def till_customers(lane: LaneFile) -> tuple[Point, ...]:
    """Return where customers of a lane are served."""
    if lane.stations_m is not None:
        return tuple(lane.stations_m)
    return () if lane.customer_m is None else (lane.customer_m,)


def slot_id_of(shelf: ShelfFile, row: Row, number: int) -> str:
    """Return the id of the ``number``-th row (from 1) of a shelf: a place keeps its id whatever product is on it."""
    return row.slot or f"{shelf.id}-{number}"


def slot_rows(store: StoreFile) -> Iterator[tuple[ShelfFile, Row, str, str]]:
    """Yield the weighed rows: shelf, row, slot id and the id of the shelf controller that weighs it."""
    for shelf in store.shelves:
        if shelf.weighed:
            for number, row in enumerate(shelf.planogram, start=1):
                yield shelf, row, slot_id_of(shelf, row, number), controller_of(shelf)


def controller_of(shelf: ShelfFile) -> str:
    """Return the device id of a shelf's controller."""
    return shelf.controller or f"shelf-{shelf.id}"


def queue_area(queue: QueueFile) -> Polygon:
    """Return what of the floor belongs to a queue."""
    return area(queue.area_m) if queue.area_m else strip(queue.path_m, queue.width_m)


def mount_of(camera: CameraFile) -> CameraMount:
    """Return how a camera hangs."""
    return CameraMount(
        device_id=camera.id,
        at=camera.at_m,
        height_m=camera.height_m,
        heading_deg=camera.heading_deg,
        tilt_deg=camera.tilt_deg,
        hfov_deg=camera.hfov_deg,
        frame_size_px=camera.frame_size_px,
        frames_per_s=camera.frames_per_s,
    )
