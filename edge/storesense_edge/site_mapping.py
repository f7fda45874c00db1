"""From the words of a site file to the specs of the measuring cores."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from storesense_contracts.site import CameraDevice, FixedCalibration
from storesense_contracts.site_sources import SerialScaleSource
from storesense_edge.shelf.calibration import Calibration, fit_calibration
from storesense_edge.shelf.errors import ShelfError, SlotSpecError
from storesense_edge.shelf.masses import read_masses
from storesense_edge.shelf.products import ProductWeight
from storesense_edge.shelf.slot import SlotSpec
from storesense_edge.vision.camera_plan import CameraPlan, Shapes
from storesense_edge.vision.errors import GeometryError, VisionError
from storesense_edge.vision.heatmap import FloorGrid
from storesense_edge.vision.homography import FloorMap, fit_floor_map
from storesense_edge.vision.lines import CountingLine, InSide
from storesense_edge.vision.polygon import check_polygon
from storesense_edge.vision.queues import Queue
from storesense_edge.vision.staff import StaffPlaces
from storesense_edge.vision.standing import head_view
from storesense_edge.vision.ways_in import ways_in
from storesense_edge.vision.zones import Zone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storesense_contracts.layout import Floor, PointM, StoreLayout
    from storesense_contracts.layout import Queue as LayoutQueue
    from storesense_contracts.layout import Slot as LayoutSlot
    from storesense_contracts.site import CameraHeatmap, CameraQueue, MassesFile, ShelfSlot, SiteFile

ANY_FRAME_WH = (1_280, 720)
"""A size of pictures for whoever asks before the first one has come; shapes are fractions of it."""
_MAX_SIDE_CELLS = 1_024


def camera_plan(device: CameraDevice, store: StoreLayout, frame_wh: tuple[int, int]) -> CameraPlan:
    """Build what a camera measures. Shapes with picture points stay in the picture, others lie on the floor.

    Args:
        device: the camera in the site file.
        store: the layout whose lines, zones and queues it names.
        frame_wh: width and height of its pictures, pixels.

    Raises:
        GeometryError: the homography or a shape cannot work.
    """
    homography = device.homography
    floor_map = None if homography is None else fit_floor_map(homography.image, homography.floor_m)
    heads = None if floor_map is None else head_view(floor_map, frame_wh)
    image_lines, floor_lines = [], []
    for view in device.lines:
        line = next(x for x in store.lines if x.id == view.line)
        if view.image is not None and view.in_side is not None:
            image_lines.append(CountingLine(line.id, *view.image, InSide(view.in_side), line.is_entrance))
        elif line.floor_m is not None and line.in_side is not None:
            floor_lines.append(CountingLine(line.id, *line.floor_m, InSide(line.in_side), line.is_entrance))
    image_zones, floor_zones = [], []
    for zone in device.zones:
        if zone.image is not None:
            image_zones.append(Zone(zone.zone, tuple(zone.image)))
        else:
            corners = next(x.floor_m for x in store.zones if x.id == zone.zone)
            if corners is not None:
                check_polygon(corners, shape=f"zone {zone.zone}")
                ways = ways_in(corners, store.floor.walls, floor_map, heads)
                floor_zones.append(Zone(zone.zone, tuple(corners), ways_in=ways))
    image_queues, floor_queues = [], []
    for queue in device.queues:
        spot = next(x for x in store.queues if x.id == queue.queue)
        tills_xy, lane_ids = _tills(queue, spot, store, floor_map)
        servers = max(1, len(spot.lanes))
        if queue.image is not None:
            image_queues.append(Queue(queue.queue, tuple(queue.image), tills_xy, servers=servers, lane_ids=lane_ids))
        elif spot.floor_m is not None:
            floor_queues.append(
                Queue(
                    queue.queue,
                    tuple(spot.floor_m),
                    tills_xy,
                    servers=servers,
                    lane_ids=lane_ids,
                    cashiers_xy=_cashiers(store),
                    posts_xy=_posts(lane_ids, store, floor_map),
                )
            )
    return CameraPlan(
        frame_wh=frame_wh,
        image=Shapes(tuple(image_lines), tuple(image_zones), tuple(image_queues)),
        floor=Shapes(tuple(floor_lines), tuple(floor_zones), tuple(floor_queues)),
        floor_map=floor_map,
        grid=None if device.heatmap is None else floor_grid(device.heatmap, store.floor),
        staff=StaffPlaces(
            areas_xy_m=tuple(tuple(zone.floor_m) for zone in store.zones if zone.staff_only and zone.floor_m),
            posts_xy_m=_cashiers(store),
        ),
    )


def sound_plans(site: SiteFile) -> Iterator[tuple[CameraDevice, CameraPlan]]:
    """Build what each camera of a site measures, for pictures of one unit; what is wrong is told elsewhere."""
    for device in site.devices:
        if isinstance(device, CameraDevice):
            try:
                plan = camera_plan(device, site.store, (1, 1))
            except VisionError:
                continue
            yield device, plan


def _cashiers(store: StoreLayout) -> tuple[PointM, ...]:
    """Only cashiers stand where a staffed lane's till is, if its customers are known to stand elsewhere."""
    return tuple(lane.till_m for lane in store.lanes if lane.till_m and lane.served_m and lane.kind == "staffed")


def _posts(lane_ids: tuple[str, ...], store: StoreLayout, floor_map: FloorMap | None) -> tuple[PointM | None, ...]:
    """Where the cashier of each of these lanes sits, if that is in the camera's view."""
    posts = {lane.id: lane.till_m for lane in store.lanes if lane.till_m in _cashiers(store)}

    def in_view(post: PointM | None) -> bool:
        return (
            post is not None and floor_map is not None and bool(floor_map.shows(np.array([post], dtype=np.float64))[0])
        )

    return tuple(posts.get(lane_id) if in_view(posts.get(lane_id)) else None for lane_id in lane_ids)


def floor_grid(heatmap: CameraHeatmap, floor: Floor) -> FloorGrid:
    """Cut the part of the floor that a camera owns into cells.

    Cells lie on multiples of their size from the floor's corner, and an area ends at the nearest of these, so that the
    grids of cameras whose areas adjoin do, too: each cell is one camera's.

    Raises:
        GeometryError: the area lies outside the floor, or has too many cells.
    """
    cell_m = heatmap.cell_size_m
    (ax, ay), (bx, by) = heatmap.area_m or ((0.0, 0.0), floor.size_m)
    low = (max(0.0, min(ax, bx)), max(0.0, min(ay, by)))
    high = (min(floor.size_m[0], max(ax, bx)), min(floor.size_m[1], max(ay, by)))
    if low[0] >= high[0] or low[1] >= high[1]:
        raise GeometryError(
            shape="heatmap area",
            cause="it has no part on the store's floor",
            remedy=f"give two corners within 0, 0 and {floor.size_m[0]:g}, {floor.size_m[1]:g} metres",
        )
    # Two cameras round their common border to the same one, so that no cell is both's; the floor's own ends are kept.
    first = [math.floor(low[axis] / cell_m + 0.5) for axis in (0, 1)]
    last = [
        math.ceil(high[axis] / cell_m - 1e-9)
        if high[axis] >= floor.size_m[axis]
        else math.floor(high[axis] / cell_m + 0.5)
        for axis in (0, 1)
    ]
    last = [max(last[axis], first[axis] + 1) for axis in (0, 1)]
    columns, rows = (last[axis] - first[axis] for axis in (0, 1))
    if max(columns, rows) > _MAX_SIDE_CELLS:
        raise GeometryError(
            shape="heatmap grid",
            cause=f"it has {columns} by {rows} cells",
            remedy=f"give at most {_MAX_SIDE_CELLS} a side, with larger cells or a smaller area",
        )
    return FloorGrid((first[0] * cell_m, first[1] * cell_m), cell_m, columns, rows)


def slot_calibration(calibration: MassesFile | FixedCalibration) -> Calibration:
    """Fit or take a slot's calibration.

    Raises:
        ShelfError: the file of masses cannot be read, or no line fits them.
    """
    if isinstance(calibration, FixedCalibration):
        return Calibration(calibration.zero_counts, calibration.counts_per_g, calibration.repeatability_g)
    fitted = fit_calibration(read_masses(calibration.path, calibration.counts_column)).calibration
    return fitted.reversed() if calibration.is_reversed else fitted


def cell_calibration(slot: ShelfSlot) -> Calibration:
    """Fit or take the calibration of a slot's cell; a scale on a serial line has grams already.

    Raises:
        ShelfError: the file of masses cannot be read, no line fits them, or there is no calibration.
    """
    if slot.calibration is not None:
        return slot_calibration(slot.calibration)
    if isinstance(slot.source, SerialScaleSource):
        step_g = slot.source.resolution_g
        return Calibration(0.0, 1.0, repeatability_g=step_g, resolution_counts=step_g)
    raise ShelfError(f"Slot {slot.slot} has no calibration. Make one with storesense edge shelf setup.")


def slot_strangers(slot: LayoutSlot, store: StoreLayout) -> tuple[ProductWeight, ...]:
    """The store's other products, which may be put on a slot by mistake.

    A product whose tolerance contradicts its weight is left out here; its own slot says so.
    """
    others: dict[str, ProductWeight] = {}
    own = {slot.product.sku, *(each.sku for each in slot.also)}
    for product in (product for each in store.slots for product in (each.product, *each.also)):
        if product.sku not in own and product.sku not in others:
            with suppress(SlotSpecError):
                others[product.sku] = ProductWeight(product.sku, product.unit_weight_g, product.unit_weight_tolerance_g)
    return tuple(others.values())


def slot_spec(slot: LayoutSlot, calibration: Calibration, strangers: tuple[ProductWeight, ...] = ()) -> SlotSpec:
    """Build the shelf core's description of a slot. Raises SlotSpecError."""
    return SlotSpec(
        calibration=calibration,
        unit_weight_g=slot.product.unit_weight_g,
        unit_tolerance_g=slot.product.unit_weight_tolerance_g,
        capacity_units=slot.capacity_units,
        sku=slot.product.sku,
        also=tuple(
            ProductWeight(
                each.sku, each.unit_weight_g, each.unit_weight_tolerance_g, capacity_units=each.capacity_units
            )
            for each in slot.also
        ),
        strangers=strangers,
    )


def _tills(
    queue: CameraQueue, spot: LayoutQueue, store: StoreLayout, floor_map: FloorMap | None
) -> tuple[tuple[tuple[float, float], ...], tuple[str, ...]]:
    """Where a queue's people are served, in the plane of its area, and of which lane each such place is.

    No places where neither camera nor store says, and no lanes where one place stands for several.
    """
    in_picture = queue.image is not None
    lanes = [lane for lane in store.lanes if lane.id in spot.lanes]
    if queue.till_image is not None:
        only = (lanes[0].id,) if len(lanes) == 1 else ()
        if in_picture or floor_map is None:
            return (queue.till_image,), only
        return (_mapped(floor_map, queue.till_image, to_floor=True, queue=queue.queue),), only
    served: list[tuple[str, PointM]] = [(lane.id, point) for lane in lanes for point in lane.served_m]
    if not served:
        tills: list[tuple[str, PointM]] = [(lane.id, lane.till_m) for lane in lanes if lane.till_m is not None]
        # Where the cashiers are says about where people are served; of several, it serves some and loses others.
        served = tills if len(tills) == 1 else []
    lane_ids = tuple(lane_id for lane_id, _ in served)
    if len(served) == 1 < len(lanes):
        lane_ids = ()
    if not in_picture:
        return tuple(point for _, point in served), lane_ids
    if floor_map is None:
        return (), ()
    return tuple(_mapped(floor_map, point, to_floor=False, queue=queue.queue) for _, point in served), lane_ids


def _mapped(floor_map: FloorMap, point: tuple[float, float], *, to_floor: bool, queue: str) -> tuple[float, float]:
    points = np.array([point], dtype=np.float64)
    x, y = (floor_map.to_floor(points) if to_floor else floor_map.to_image(points))[0].tolist()
    if not (math.isfinite(x) and math.isfinite(y)):
        raise GeometryError(
            shape=f"till of queue {queue}",
            cause="it lies above the horizon or behind the camera",
            remedy="move it to the floor that the camera sees",
        )
    return (x, y)
