"""What of a store nobody measures by mistake: floor between the cameras' parts, and shapes beyond the floor's edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from storesense_contracts.site import CameraDevice
from storesense_edge.site_mapping import floor_grid

if TYPE_CHECKING:
    from collections.abc import Iterable

    from storesense_contracts.site import SiteFile

_STEP_M = 0.25
_LEAST_GAP_M2 = 1.0
_BESIDE_M = 1.0
"""A line or an area that ends within a step of the floor's edge was drawn generously."""


def left_out(site: SiteFile) -> list[str]:
    """Say which floor lies between the parts that cameras own, where several have a heatmap, and is nobody's.

    Raises:
        GeometryError: a heatmap's area cannot be cut into cells.
    """
    floor = site.store.floor
    cameras = [device for device in site.devices if isinstance(device, CameraDevice) and device.heatmap is not None]
    grids = [floor_grid(camera.heatmap, floor) for camera in cameras if camera.heatmap is not None]
    if len(grids) < 2:
        return []
    parts = [
        (*g.origin_xy_m, g.origin_xy_m[0] + g.columns * g.cell_m, g.origin_xy_m[1] + g.rows * g.cell_m) for g in grids
    ]
    begin = [min(part[axis] for part in parts) for axis in (0, 1)]
    end = [min(max(part[2 + axis] for part in parts), floor.size_m[axis]) for axis in (0, 1)]
    # The middles of small squares; what lies beyond all cameras was left out on purpose.
    xs, ys = (np.arange(begin[axis] + _STEP_M / 2, end[axis], _STEP_M) for axis in (0, 1))
    owned = np.zeros((len(ys), len(xs)), dtype=np.bool_)
    for left, top, right, bottom in parts:
        owned |= ((ys >= top) & (ys < bottom))[:, None] & ((xs >= left) & (xs < right))
    gaps, count = ndimage.label(~owned)
    told = []
    for number, (rows, columns) in enumerate(ndimage.find_objects(gaps, count), start=1):
        area_m2 = float((gaps[rows, columns] == number).sum()) * _STEP_M**2
        if area_m2 < _LEAST_GAP_M2:
            continue
        low = (xs[columns.start] - _STEP_M / 2, ys[rows.start] - _STEP_M / 2)
        high = (xs[columns.stop - 1] + _STEP_M / 2, ys[rows.stop - 1] + _STEP_M / 2)
        told.append(
            f"{area_m2:.0f} m² of the floor between {low[0]:g}, {low[1]:g} and {high[0]:g}, {high[1]:g} m are in no "
            "camera's part: nobody there is in the heatmap. Widen the area_m of a camera that sees them, if one does."
        )
    return told


def off_floor(site: SiteFile) -> list[str]:
    """Say which lines, zones and queues lie beyond the store's floor, where nobody can be."""
    store = site.store
    told = []
    named = [("line", line.id, line.floor_m) for line in store.lines]
    named += [("zone", zone.id, zone.floor_m) for zone in store.zones]  # type: ignore[misc]
    named += [("queue", queue.id, queue.floor_m) for queue in store.queues]  # type: ignore[misc]
    for kind, name, points in named:
        if points is not None and _is_beyond(points, store.floor.size_m):
            told.append(
                f"{kind} {name} lies beyond the floor of {store.floor.size_m[0]:g} x {store.floor.size_m[1]:g} m. "
                "Check its floor_m: metres from the plan's upper left corner."
            )
    return told


def _is_beyond(points_m: Iterable[tuple[float, float]], size_m: tuple[float, float]) -> bool:
    return any(
        not -_BESIDE_M <= at <= most + _BESIDE_M for point in points_m for at, most in zip(point, size_m, strict=True)
    )
