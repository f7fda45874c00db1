"""Zones that a camera sees in part: nobody is measured where its picture does not show the floor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from storesense_edge.site_mapping import sound_plans
from storesense_edge.vision.polygon import PolygonSet

if TYPE_CHECKING:
    from storesense_contracts.site import SiteFile
    from storesense_edge.vision.homography import FloorMap
    from storesense_edge.vision.zones import Zone

PLACES = 60
"""Along each axis of a zone."""
MOST_UNSEEN = 0.1
"""A little beyond the picture's edge does no harm: a zone is drawn with a ruler."""


def partly_unseen(site: SiteFile) -> list[str]:
    """Say of which zones on the floor a camera's picture shows too little, how much that is, and what to do.

    What shelves hide is not in it: a floor plan does not say how high they are.
    """
    told = []
    for camera, plan in sound_plans(site):
        if plan.floor_map is None:
            continue
        for zone in plan.floor.zones:
            unseen = unseen_share(zone, plan.floor_map)
            if unseen > MOST_UNSEEN:
                told.append(
                    f"zone {zone.zone_id} of {camera.id} is not in the picture for {unseen:.0%} of its floor: people "
                    "there are not measured. Hang the camera so that it sees all of the zone, or draw the zone where "
                    "it sees and let another camera measure the rest as a zone of its own."
                )
    return told


def unseen_share(zone: Zone, floor_map: FloorMap) -> float:
    """Return the share of a zone's floor, in metres, that a picture does not show."""
    ring = np.array(zone.corners_xy, dtype=np.float64)
    low, high = ring.min(axis=0), ring.max(axis=0)
    steps = (np.arange(PLACES) + 0.5) / PLACES
    x, y = np.meshgrid(*(low[axis] + steps * (high[axis] - low[axis]) for axis in (0, 1)))
    places = np.stack([x.ravel(), y.ravel()], axis=1)
    places = places[PolygonSet([zone.corners_xy], names=[f"zone {zone.zone_id}"]).contains(places)[:, 0]]
    return float((~floor_map.shows(places)).mean()) if len(places) else 0.0
