"""What several cameras of a site would count twice: sums do not say whom they are of, so each place has one camera."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations
from typing import TYPE_CHECKING

from storesense_contracts.site import CameraDevice
from storesense_edge.site_mapping import floor_grid

if TYPE_CHECKING:
    from storesense_contracts.site import SiteFile
    from storesense_edge.vision.heatmap import FloorGrid

_HAIR_M = 1e-6


def counted_twice(site: SiteFile) -> list[str]:
    """Say which lines, zones, queues and parts of the floor are measured by several cameras, and what to do.

    Two cameras may share a subject on purpose, each with half of a long line, so this is advice and no mistake.

    Raises:
        GeometryError: a heatmap's area cannot be cut into cells.
    """
    cameras = [device for device in site.devices if isinstance(device, CameraDevice)]
    owners: dict[tuple[str, str], list[str]] = defaultdict(list)
    for camera in cameras:
        named = [("line", view.line) for view in camera.lines] + [("zone", view.zone) for view in camera.zones]
        for subject in named + [("queue", view.queue) for view in camera.queues]:
            owners[subject].append(camera.id)
    told = [
        f"{kind} {name} is measured by {' and '.join(names)}: whoever two of them see is counted twice. "
        "Leave it with one of them, or give each camera a part of its own."
        for (kind, name), names in owners.items()
        if len(names) > 1
    ]
    grids = [(c.id, floor_grid(c.heatmap, site.store.floor)) for c in cameras if c.heatmap is not None]
    told += [
        f"the heatmaps of {one} and {other} share a part of the floor: whoever stands there is counted twice. "
        "Give each camera an area_m of its own."
        for (one, first), (other, second) in combinations(grids, 2)
        if _share_floor(first, second)
    ]
    return told


def _share_floor(one: FloorGrid, other: FloorGrid) -> bool:
    for axis, (cells, other_cells) in enumerate(((one.columns, other.columns), (one.rows, other.rows))):
        begin_m, other_begin_m = one.origin_xy_m[axis], other.origin_xy_m[axis]
        end_m, other_end_m = begin_m + cells * one.cell_m, other_begin_m + other_cells * other.cell_m
        if min(end_m, other_end_m) - max(begin_m, other_begin_m) <= _HAIR_M:
            return False
    return True
