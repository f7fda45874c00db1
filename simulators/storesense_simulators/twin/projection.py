"""Where a camera that hangs in the store sees a point of it: an exact pinhole, without lens distortion.

Floor coordinates are metres, x to the right and y down as on the plan, z up from the floor. A mount's heading is the
direction on the plan in which it looks, in degrees from the x axis towards the y axis (so 90 looks down the plan), and
its tilt is how far it looks below the horizontal. Pictures have no roll: upright people stand upright in the middle of
a picture and lean outwards at its sides, as they do in a real one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from storesense_contracts.site import Homography

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEAR_M = 0.3
"""What is nearer to the lens than this, or behind it, is not seen."""

FAR_M = 40.0
"""No calibration point is taken further away than this."""

_ROWS = 4
_COLUMNS = 3
_MARGIN = 0.05


class Mount(Protocol):
    """What of a camera's mount decides its view."""

    @property
    def at(self) -> tuple[float, float]:
        """Where on the floor plan it hangs."""

    @property
    def height_m(self) -> float:
        """How high the lens is above the floor."""

    @property
    def heading_deg(self) -> float:
        """The direction on the plan in which it looks."""

    @property
    def tilt_deg(self) -> float:
        """How far below the horizontal it looks."""

    @property
    def hfov_deg(self) -> float:
        """The horizontal angle of view."""

    @property
    def frame_size_px(self) -> tuple[int, int]:
        """Width and height of its pictures."""


@dataclass(frozen=True, slots=True, eq=False)
class Pinhole:
    """A camera's geometry.

    Attributes:
        at_xyz_m: (3,) the lens.
        right: (3,) unit vector to the right of the picture.
        up: (3,) unit vector to the top of the picture.
        forward: (3,) unit vector along the optical axis.
        focal_px: focal length, pixels.
        frame_wh: width and height of a picture, pixels.
    """

    at_xyz_m: NDArray[np.float64]
    right: NDArray[np.float64]
    up: NDArray[np.float64]
    forward: NDArray[np.float64]
    focal_px: float
    frame_wh: tuple[int, int]

    def project(self, points_xyz_m: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Map points of the store into the picture.

        Args:
            points_xyz_m: (..., 3).

        Returns:
            Pixels (..., 2) from the top left corner, x to the right and y down, and depths (...,) along the optical
            axis, metres. Pixels of points that are not at least `NEAR_M` in front of the lens mean nothing.
        """
        away = points_xyz_m - self.at_xyz_m
        depth = away @ self.forward
        scale = self.focal_px / np.maximum(depth, NEAR_M)
        width, height = self.frame_wh
        pixels = np.stack(
            [width / 2 + scale * (away @ self.right), height / 2 - scale * (away @ self.up)],
            axis=-1,
        )
        return pixels, depth

    def floor_point(self, x_px: float, y_px: float) -> tuple[float, float] | None:
        """Return the floor point, in metres, that lies under a pixel; None at or above the horizon."""
        width, height = self.frame_wh
        ray = (
            self.forward
            + self.right * ((x_px - width / 2) / self.focal_px)
            + self.up * ((height / 2 - y_px) / self.focal_px)
        )
        if ray[2] >= -1e-6:
            return None
        reach = -self.at_xyz_m[2] / ray[2]
        return (float(self.at_xyz_m[0] + reach * ray[0]), float(self.at_xyz_m[1] + reach * ray[1]))

    def moved(self, *, pan_deg: float, tilt_deg: float) -> Pinhole:
        """Return the same camera after somebody turned it by so much."""
        heading = math.atan2(self.forward[1], self.forward[0]) + math.radians(pan_deg)
        tilt = math.asin(-self.forward[2]) + math.radians(tilt_deg)
        return _pinhole(self.at_xyz_m, heading, tilt, self.focal_px, self.frame_wh)


def pinhole_of(mount: Mount) -> Pinhole:
    """Return the geometry of a mounted camera."""
    width, _ = mount.frame_size_px
    focal_px = width / 2 / math.tan(math.radians(mount.hfov_deg) / 2)
    at = np.array([*mount.at, mount.height_m], dtype=np.float64)
    return _pinhole(at, math.radians(mount.heading_deg), math.radians(mount.tilt_deg), focal_px, mount.frame_size_px)


def homography_of(mount: Mount) -> Homography:
    """Return what an installer would have measured: points spread over the picture and where they are on the floor."""
    pinhole = pinhole_of(mount)
    width, height = mount.frame_size_px
    low = 1 - _MARGIN
    high = low
    # The calibrated part of the picture reaches up to where the floor is no further than FAR_M away.
    for step in range(100):
        share = _MARGIN + (low - _MARGIN) * step / 100
        floor = pinhole.floor_point(width / 2, share * height)
        if floor is not None and math.dist(floor, mount.at) <= FAR_M:
            high = share
            break
    image: list[tuple[float, float]] = []
    floor_m: list[tuple[float, float]] = []
    for row in range(_ROWS):
        y = round(high + (low - high) * row / (_ROWS - 1), 4)
        for column in range(_COLUMNS):
            x = round(_MARGIN + (1 - 2 * _MARGIN) * column / (_COLUMNS - 1), 4)
            floor = pinhole.floor_point(x * width, y * height)
            if floor is not None:
                image.append((x, y))
                floor_m.append((round(floor[0], 4), round(floor[1], 4)))
    return Homography(image=image, floor_m=floor_m)


def _pinhole(
    at_xyz_m: NDArray[np.float64], heading: float, tilt: float, focal_px: float, frame_wh: tuple[int, int]
) -> Pinhole:
    cos_h, sin_h, cos_t, sin_t = math.cos(heading), math.sin(heading), math.cos(tilt), math.sin(tilt)
    return Pinhole(
        at_xyz_m=at_xyz_m,
        # With y down the plan, what is to the right of somebody who looks along x lies along y.
        right=np.array([-sin_h, cos_h, 0.0]),
        up=np.array([cos_h * sin_t, sin_h * sin_t, cos_t]),
        forward=np.array([cos_h * cos_t, sin_h * cos_t, -sin_t]),
        focal_px=focal_px,
        frame_wh=frame_wh,
    )
