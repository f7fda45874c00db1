"""From a store's drawing to what one of its cameras is told."""

from storesense_contracts.device_config import (
    ConfigDrawing,
    ConfigLane,
    ConfigLine,
    ConfigPair,
    ConfigQueue,
    ConfigZone,
    Side,
)
from storesense_contracts.drawing import CameraView, Drawing


def drawing_for(version: int, drawing: Drawing, view: CameraView) -> ConfigDrawing:
    """Return what one camera is told of a drawing: its own shapes, and the store's lanes and areas of staff.

    Args:
        version: of the drawing.
        drawing: what was drawn.
        view: the camera's part of it.
    """
    homography = view.homography
    pairs = [] if homography is None else list(zip(homography.image, homography.floor_m, strict=True))
    zones = {zone.id: zone for zone in drawing.zones}
    queues = {queue.id: queue for queue in drawing.queues}
    return ConfigDrawing(
        version=version,
        pairs=tuple(ConfigPair(image=image, floor_m=floor_m) for image, floor_m in pairs),
        lines=_lines(drawing, view),
        zones=tuple(
            ConfigZone(
                zone_id=each.zone,
                image=None if each.image is None else tuple(each.image),
                floor_m=_corners(zones[each.zone].floor_m) if each.image is None else None,
            )
            for each in view.zones
            if each.zone in zones
        ),
        queues=tuple(
            ConfigQueue(
                queue_id=each.queue,
                lane_ids=tuple(queues[each.queue].lanes),
                image=None if each.image is None else tuple(each.image),
                floor_m=_corners(queues[each.queue].floor_m) if each.image is None else None,
                till_image=each.till_image,
            )
            for each in view.queues
            if each.queue in queues
        ),
        lanes=tuple(
            ConfigLane(
                lane_id=lane.id,
                is_self_checkout=lane.kind == "self_checkout",
                till_m=lane.till_m,
                served_m=tuple(lane.served_m),
            )
            for lane in drawing.lanes
        ),
        staff_areas_m=tuple(tuple(zone.floor_m) for zone in drawing.zones if zone.staff_only and zone.floor_m),
    )


def _lines(drawing: Drawing, view: CameraView) -> tuple[ConfigLine, ...]:
    lines = {line.id: line for line in drawing.lines}
    told = []
    for each in view.lines:
        line = lines.get(each.line)
        if each.image is not None and each.in_side is not None:
            told.append(ConfigLine(line_id=each.line, in_side=Side(each.in_side), image=each.image))
        elif line is not None and line.floor_m is not None and line.in_side is not None:
            told.append(ConfigLine(line_id=each.line, in_side=Side(line.in_side), floor_m=line.floor_m))
    return tuple(told)


def _corners(floor_m: list[tuple[float, float]] | None) -> tuple[tuple[float, float], ...] | None:
    return None if floor_m is None else tuple(floor_m)
