"""What a camera is to measure: its plan, in the picture and on the floor."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from storesense_edge.vision.errors import GeometryError
from storesense_edge.vision.staff import StaffPlaces

if TYPE_CHECKING:
    from storesense_edge.vision.heatmap import FloorGrid
    from storesense_edge.vision.homography import FloorMap
    from storesense_edge.vision.lines import CountingLine
    from storesense_edge.vision.queues import Queue
    from storesense_edge.vision.zones import Zone


@dataclass(frozen=True, slots=True)
class Shapes:
    """Lines, zones and queues in one kind of coordinates."""

    lines: tuple[CountingLine, ...] = ()
    zones: tuple[Zone, ...] = ()
    queues: tuple[Queue, ...] = ()


@dataclass(frozen=True, slots=True)
class CameraPlan:
    """What a camera measures.

    Attributes:
        frame_wh: width and height of its pictures, pixels.
        image: shapes in normalized picture coordinates, 0 to 1 from the top left corner.
        floor: shapes in floor metres; they need `floor_map`.
        floor_map: the camera's view of the floor.
        grid: floor grid of the heatmap; it needs `floor_map`.
        staff: where only staff stay, on the floor. Without `floor_map` nobody is known to work here.
    """

    frame_wh: tuple[int, int]
    image: Shapes = field(default_factory=Shapes)
    floor: Shapes = field(default_factory=Shapes)
    floor_map: FloorMap | None = None
    grid: FloorGrid | None = None
    staff: StaffPlaces = field(default_factory=StaffPlaces)


def lines_px(plan: CameraPlan) -> tuple[CountingLine, ...]:
    """Return all lines of a plan in pixels, those of the picture before those of the floor.

    Raises:
        GeometryError: floor shapes or a grid without a floor map, or a line that the camera cannot see.
    """
    width, height = plan.frame_wh
    if width < 1 or height < 1:
        raise GeometryError(shape="picture", cause=f"its size is {width} by {height}", remedy="give pixels above 0")
    floor, floor_map = plan.floor, plan.floor_map
    if floor_map is None and (floor.lines or floor.zones or floor.queues or plan.grid):
        raise GeometryError(
            shape="camera plan",
            cause="it has floor coordinates or a heatmap and no floor calibration",
            remedy="add four or more calibration points, or use picture coordinates",
        )
    carried = () if floor_map is None else tuple(floor_map.line_to_image(line) for line in floor.lines)

    def point(xy: tuple[float, float]) -> tuple[float, float]:
        return (xy[0] * width, xy[1] * height)

    return tuple(replace(line, a_xy=point(line.a_xy), b_xy=point(line.b_xy)) for line in plan.image.lines + carried)
