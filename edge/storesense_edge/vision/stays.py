"""Stays in zones and queues, for each of the two planes in which a plan draws them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from storesense_edge.vision.queues import QueueCounter
from storesense_edge.vision.zones import ZoneCounter

if TYPE_CHECKING:
    from storesense_edge.vision.camera_plan import CameraPlan
    from storesense_edge.vision.presence import PresenceSettings
    from storesense_edge.vision.queue_customer import QueueSettings
    from storesense_edge.vision.queues import Queue
    from storesense_edge.vision.zones import Zone


@dataclass(frozen=True, slots=True)
class Stays:
    """Zones and queues of one plane: pixels, or floor metres, where everybody is taken to be equally tall."""

    zones: ZoneCounter
    queues: QueueCounter
    on_floor: bool


def stays_of(
    plan: CameraPlan, presence: PresenceSettings | None, queueing: QueueSettings | None
) -> tuple[Stays, Stays]:
    """Make the counters of the picture's zones and queues, in pixels, and of the floor's, in metres."""
    width, height = plan.frame_wh

    def point(xy: tuple[float, float]) -> tuple[float, float]:
        return (xy[0] * width, xy[1] * height)

    image_zones = tuple(replace(zone, corners_xy=tuple(map(point, zone.corners_xy))) for zone in plan.image.zones)
    image_queues = tuple(
        replace(queue, corners_xy=tuple(map(point, queue.corners_xy)), tills_xy=tuple(map(point, queue.tills_xy)))
        for queue in plan.image.queues
    )

    def stays(zones: tuple[Zone, ...], queues: tuple[Queue, ...], *, on_floor: bool) -> Stays:
        return Stays(ZoneCounter(zones, settings=presence), QueueCounter(queues, settings=queueing), on_floor)

    return (
        stays(image_zones, image_queues, on_floor=False),
        stays(plan.floor.zones, plan.floor.queues, on_floor=True),
    )
