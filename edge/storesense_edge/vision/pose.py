"""A camera above a level floor, and where its picture shows what stands there.

Picture points are in picture widths from the picture's middle, x to the right and y down; pixels are taken as square,
and the optical axis as going through the middle. On the floor, x is to the right of the camera and y ahead, metres.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Pose:
    """A camera above a floor.

    Attributes:
        focal: focal length over picture width.
        tilt_rad: how far it looks down.
        roll_rad: how far it is turned about its axis.
        height_m: how high it hangs.
    """

    focal: float
    tilt_rad: float
    roll_rad: float
    height_m: float


def _axes(pose: Pose) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """The camera's right, down and forward in the world: x right, y ahead, z up."""
    forward = np.array([0.0, np.cos(pose.tilt_rad), -np.sin(pose.tilt_rad)])
    level_down = np.array([0.0, -np.sin(pose.tilt_rad), -np.cos(pose.tilt_rad)])
    level_right = np.array([1.0, 0.0, 0.0])
    cos, sin = np.cos(pose.roll_rad), np.sin(pose.roll_rad)
    return cos * level_right + sin * level_down, cos * level_down - sin * level_right, forward


def on_floor(pose: Pose, feet: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where picture points (N, 2) lie on the floor, (N, 2); NaN above the horizon."""
    right, down, forward = _axes(pose)
    rays = feet[:, :1] / pose.focal * right + feet[:, 1:] / pose.focal * down + forward
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.where(rays[:, 2] < -1e-4, pose.height_m / -rays[:, 2], np.nan)
    return np.asarray(rays[:, :2] * reach[:, None], dtype=np.float64)


def heads_of(pose: Pose, feet: NDArray[np.float64], height_m: float) -> NDArray[np.float64]:
    """Return how high in the picture, (N,), the heads of people are who are ``height_m`` tall and stand at ``feet``."""
    _, down, forward = _axes(pose)
    floor = on_floor(pose, feet)
    heads = np.column_stack([floor, np.full(len(floor), height_m - pose.height_m)])
    depth = heads @ forward
    with np.errstate(divide="ignore", invalid="ignore"):
        found: NDArray[np.float64] = pose.focal * (heads @ down) / np.where(depth > 0.05, depth, np.nan)
    return found
