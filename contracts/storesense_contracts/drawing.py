"""A store's drawing: its lines, zones, queues, lanes, shelves and slots, and where each camera sees them.

It is the part of a store's layout that installers draw, in versions. Sections and hours are no part of it, and of
products only what a slot that was drawn begins with.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Annotated, Any

from pydantic import Field

from storesense_contracts.drawing_problem import At, DrawingProblem
from storesense_contracts.drawn_slots import SlotPlace, slot_problems, slots_on
from storesense_contracts.layout import Id, Lane, Line, Queue, Shelf, StoreLayout, StrictModel, Zone
from storesense_contracts.plane import crossing_edges, distance, lies_on_a_line, polygon_area
from storesense_contracts.site import CameraDevice, CameraLine, CameraQueue, CameraZone, Homography, SiteFile

MIN_LINE_M = 0.1
MIN_LINE_FRACTION = 0.01
MIN_AREA_M2 = 0.01
MIN_AREA_FRACTION = 1e-4
OUTSIDE_M = 1.0
"""How far beyond the floor plan a point may lie: a door's line may stand before the door."""

Point = tuple[float, float]


class CameraView(StrictModel):
    """How one camera sees the floor, and what it measures there."""

    camera: Id
    homography: Homography | None = None
    lines: Annotated[list[CameraLine], Field(default_factory=list, max_length=500)]
    zones: Annotated[list[CameraZone], Field(default_factory=list, max_length=500)]
    queues: Annotated[list[CameraQueue], Field(default_factory=list, max_length=500)]


class Drawing(StrictModel):
    """All that is drawn of a store."""

    lines: Annotated[list[Line], Field(default_factory=list, max_length=500)]
    zones: Annotated[list[Zone], Field(default_factory=list, max_length=500)]
    lanes: Annotated[list[Lane], Field(default_factory=list, max_length=500)]
    queues: Annotated[list[Queue], Field(default_factory=list, max_length=500)]
    shelves: Annotated[list[Shelf], Field(default_factory=list, max_length=2_000)]
    slots: Annotated[list[SlotPlace], Field(default_factory=list, max_length=20_000)]
    cameras: Annotated[list[CameraView], Field(default_factory=list, max_length=500)]


def view_of(device: CameraDevice) -> CameraView:
    """Return what a site file says of a camera's view."""
    return CameraView(
        camera=device.id,
        homography=device.homography,
        lines=device.lines,
        zones=device.zones,
        queues=device.queues,
    )


def views_of(site: SiteFile) -> list[CameraView]:
    """Return the views of a site's cameras."""
    return [view_of(device) for device in site.devices if isinstance(device, CameraDevice)]


def drawing_of(layout: StoreLayout, cameras: Sequence[CameraView]) -> Drawing:
    """Return what a layout says of all that is drawn."""
    return Drawing(
        lines=layout.lines,
        zones=layout.zones,
        lanes=layout.lanes,
        queues=layout.queues,
        shelves=layout.shelves,
        slots=[
            SlotPlace(
                slot=slot.id,
                at_m=slot.at_m,
                size_m=slot.size_m,
                level=slot.level,
                shelf=slot.shelf,
                device=slot.device,
            )
            for slot in layout.slots
        ],
        cameras=list(cameras),
    )


def drawn_on(layout: StoreLayout, drawing: Drawing) -> StoreLayout:
    """Return the layout with what is drawn in it; slots that the drawing does not name stay as they are."""
    kinds = ("lines", "zones", "lanes", "queues", "shelves")
    drawn: dict[str, Any] = {name: getattr(drawing, name) for name in kinds}
    return layout.model_copy(update=drawn | {"slots": slots_on(layout.slots, drawing.slots)})


def drawing_problems(
    layout: StoreLayout, drawing: Drawing, camera_ids: Collection[str], shelf_device_ids: Collection[str] = ()
) -> list[DrawingProblem]:
    """Find all that cannot work in a drawing.

    Args:
        layout: the store that it is drawn for; its floor, sections and slots hold.
        drawing: what was drawn.
        camera_ids: the store's cameras.
        shelf_device_ids: its devices that weigh slots.
    """
    return [
        *_shapes(layout, drawing),
        *_references(layout, drawing),
        *slot_problems(layout, drawing.slots, drawing.shelves, shelf_device_ids),
        *_views(drawing, camera_ids),
    ]


def _shapes(layout: StoreLayout, drawing: Drawing) -> Iterator[DrawingProblem]:
    for index, line in enumerate(drawing.lines):
        if line.floor_m is not None:
            yield from _line(line.floor_m, MIN_LINE_M, "lines", index, "floor_m")
    for at, corners in _areas_on_floor(drawing):
        yield from _area(corners, MIN_AREA_M2, *at)
    width_m, depth_m = layout.floor.size_m
    for at, (x, y) in _points_on_floor(drawing):
        if not (-OUTSIDE_M <= x <= width_m + OUTSIDE_M and -OUTSIDE_M <= y <= depth_m + OUTSIDE_M):
            yield DrawingProblem(at, f"the point {x:g}, {y:g} is not on the floor plan; move it there")


def _areas_on_floor(drawing: Drawing) -> Iterator[tuple[At, list[Point]]]:
    for index, zone in enumerate(drawing.zones):
        if zone.floor_m is not None:
            yield ("zones", index, "floor_m"), zone.floor_m
    for index, queue in enumerate(drawing.queues):
        if queue.floor_m is not None:
            yield ("queues", index, "floor_m"), queue.floor_m
    for index, shelf in enumerate(drawing.shelves):
        yield ("shelves", index, "floor_m"), shelf.floor_m


def _points_on_floor(drawing: Drawing) -> Iterator[tuple[At, Point]]:
    for index, line in enumerate(drawing.lines):
        for place, point in enumerate(line.floor_m or ()):
            yield ("lines", index, "floor_m", place), point
    for at, corners in _areas_on_floor(drawing):
        for place, point in enumerate(corners):
            yield (*at, place), point
    for index, lane in enumerate(drawing.lanes):
        if lane.till_m is not None:
            yield ("lanes", index, "till_m"), lane.till_m
        for place, point in enumerate(lane.served_m):
            yield ("lanes", index, "served_m", place), point
    for index, slot in enumerate(drawing.slots):
        if slot.at_m is not None:
            yield ("slots", index, "at_m"), slot.at_m


def _references(layout: StoreLayout, drawing: Drawing) -> Iterator[DrawingProblem]:
    for kind in ("lines", "zones", "lanes", "queues", "shelves"):
        yield from _twins(kind, [item.id for item in getattr(drawing, kind)], "id")
    yield from _twins("slots", [place.slot for place in drawing.slots], "slot")
    lanes = {lane.id for lane in drawing.lanes}
    sections = {section.id for section in layout.sections}
    for index, queue in enumerate(drawing.queues):
        if queue.section not in sections:
            yield DrawingProblem(("queues", index, "section"), f"there is no section {queue.section!r}; choose another")
        for place, lane_id in enumerate(queue.lanes):
            if lane_id not in lanes:
                yield DrawingProblem(
                    ("queues", index, "lanes", place), f"there is no lane {lane_id!r}; take it off the queue"
                )


def _views(drawing: Drawing, camera_ids: Collection[str]) -> Iterator[DrawingProblem]:
    yield from _twins("cameras", [view.camera for view in drawing.cameras], "camera")
    for index, view in enumerate(drawing.cameras):
        at = ("cameras", index)
        if view.camera not in camera_ids:
            yield DrawingProblem((*at, "camera"), f"the store has no camera {view.camera!r}; leave it out")
        yield from _matched(view, at)
        for place, line in enumerate(view.lines):
            if line.image is not None:
                yield from _line(line.image, MIN_LINE_FRACTION, *at, "lines", place, "image")
        images = [("zones", [zone.image for zone in view.zones]), ("queues", [queue.image for queue in view.queues])]
        for kind, areas in images:
            for place, corners in enumerate(areas):
                if corners is not None:
                    yield from _area(corners, MIN_AREA_FRACTION, *at, kind, place, "image")
        yield from _seen(drawing, view, at)


def _matched(view: CameraView, at: At) -> Iterator[DrawingProblem]:
    if view.homography is None:
        return
    for name, where in (("image", "in the picture"), ("floor_m", "on the floor plan")):
        if lies_on_a_line(getattr(view.homography, name)):
            yield DrawingProblem(
                (*at, "homography", name),
                f"the points lie on one line {where}, or three of only four do; spread them over the floor",
            )


def _seen(drawing: Drawing, view: CameraView, at: At) -> Iterator[DrawingProblem]:
    """Everything that a camera measures has a place that it can see."""
    seen: tuple[tuple[str, dict[str, Any], list[tuple[str, Any]]], ...] = (
        ("line", {item.id: item for item in drawing.lines}, [(each.line, each.image) for each in view.lines]),
        ("zone", {item.id: item for item in drawing.zones}, [(each.zone, each.image) for each in view.zones]),
        ("queue", {item.id: item for item in drawing.queues}, [(each.queue, each.image) for each in view.queues]),
    )
    for kind, known, views in seen:
        yield from _twins(f"{kind}s", [name for name, _ in views], kind, at)
        for place, (name, image) in enumerate(views):
            here = (*at, f"{kind}s", place)
            if name not in known:
                yield DrawingProblem((*here, kind), f"there is no {kind} {name!r}; leave it out")
            elif image is None and known[name].floor_m is None:
                yield DrawingProblem(here, f"{kind} {name!r} has no place; draw it on the floor plan or in the picture")
            elif image is None and view.homography is None:
                yield DrawingProblem(
                    here,
                    f"{kind} {name!r} is drawn on the floor plan, which camera {view.camera!r} is not matched to; "
                    "match it by four points, or draw in its picture",
                )


def _twins(kind: str, ids: Sequence[str], key: str, at: At = ()) -> Iterator[DrawingProblem]:
    seen: set[str] = set()
    for index, text in enumerate(ids):
        if text in seen:
            yield DrawingProblem((*at, kind, index, key), f"{text!r} stands twice in {kind}; each needs its own name")
        seen.add(text)


def _line(ends: Sequence[Point], least: float, *at: str | int) -> Iterator[DrawingProblem]:
    if distance(ends[0], ends[1]) < least:
        yield DrawingProblem(at, "the two ends of the line are at the same place; draw them apart")


def _area(corners: Sequence[Point], least: float, *at: str | int) -> Iterator[DrawingProblem]:
    crossing = crossing_edges(corners)
    if crossing is not None:
        yield DrawingProblem(at, "its edges cross each other; move a corner so that they do not")
    elif polygon_area(corners) < least:
        yield DrawingProblem(at, "it has no area; draw its corners apart")
