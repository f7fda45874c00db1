"""How people walk at one instant: on the floor where the camera knows it, else in the picture.

On the floor people keep their pace. In the picture somebody who comes nearer grows and speeds up, so a walk that is
carried on for seconds there leads astray.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from storesense_edge.vision.broken_walks import KNOWN, SCALE, VX, VY, ends_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from storesense_edge.vision.camera_plan import CameraPlan
    from storesense_edge.vision.paths import PathPoints

PERSON_M = 1.7
"""How tall somebody on the floor is taken to be: the measure of distances there."""

CARRIED_BACK_S = 0.75
"""Whoever is first seen walking is taken to have walked like that for so long before."""

_WALKING = 0.3
"""Slower than this nobody walks, heights/s."""
_WELL_KNOWN = 0.6
"""A pace that is known less well than this tells nothing of where somebody was."""

_MOMENT_S = 0.05
_NOWHERE_M = 1e6


def walk_ends(points: PathPoints, plan: CameraPlan) -> NDArray[np.float64]:
    """Return (N, columns) where everybody is and how they walk, as `broken_walks.ends_of` puts it.

    Args:
        points: smoothed places of people.
        plan: the camera's; with a floor map, places are metres on the floor, and pixels without.
    """
    if plan.floor_map is None:
        return ends_of(
            points.feet_xy_px, points.heights_px, points.velocities_xy_px, points.velocities_known, points.at_s
        )
    step_px = points.velocities_xy_px * _MOMENT_S
    around_px = np.concatenate([points.feet_xy_px, points.feet_xy_px - step_px, points.feet_xy_px + step_px])
    here_m, before_m, after_m = plan.floor_map.to_floor(around_px / plan.frame_wh).reshape(3, -1, 2)
    velocities = (after_m - before_m) / (2 * _MOMENT_S)
    # Above the horizon is no floor; whoever seems to be there is near nobody.
    nowhere = ~np.isfinite(here_m + velocities).all(axis=1)
    here_m[nowhere], velocities[nowhere] = _NOWHERE_M, 0.0
    return ends_of(here_m, np.full(len(here_m), PERSON_M), velocities, points.velocities_known, points.at_s)


def walked_from(ends: NDArray[np.float64], plan: CameraPlan) -> NDArray[np.float64]:
    """Return (N, 2) where everybody was `CARRIED_BACK_S` before, pixels; NaN where that cannot be told.

    That cannot be told of who does not walk, of a pace that is hardly known, and by a camera that knows no floor.

    Args:
        ends: (N, columns) from `walk_ends`.
        plan: the camera's.
    """
    before_px = np.full((len(ends), 2), np.nan)
    if plan.floor_map is None or not len(ends):
        return before_px
    walks = np.hypot(ends[:, VX], ends[:, VY]) >= _WALKING * ends[:, SCALE] * ends[:, KNOWN]
    walks &= ends[:, KNOWN] >= _WELL_KNOWN
    if walks.any():
        known = ends[walks]
        before_m = known[:, :2] - CARRIED_BACK_S * known[:, VX : VY + 1] / known[:, KNOWN, None]
        before_px[walks] = plan.floor_map.to_image(before_m) * plan.frame_wh
    return before_px
