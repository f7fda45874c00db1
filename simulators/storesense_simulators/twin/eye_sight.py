"""What a camera truly has before it: everybody's box in the picture and the share of it that is to be seen.

A body is an upright post as tall as the person, with shoulders as wide as the body and feet that are narrower. Its box
encloses it exactly. What hides part of it are people nearer to the lens, and walls, shelves and counters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from storesense_simulators.twin.projection import NEAR_M

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from storesense_simulators.twin.eye_blinds import Blinds
    from storesense_simulators.twin.eye_crowd import Crowd
    from storesense_simulators.twin.projection import Pinhole

SHOULDER_SHARE = 0.8
"""How high shoulders are, as a share of the height."""
FEET_SHARE = 0.7
"""How wide a stance is, as a share of the body's width."""
_GRID = 8
"""A box is sampled at so many columns and rows to find what nearer people leave of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """Who is in the picture, the nearest first.

    Attributes:
        places: (N,) intp, index into the crowd.
        boxes_xyxy_px: (N, 4) float64, whole bodies, also where hidden or beyond the picture's edge.
        shown_xyxy_px: (N, 4) float64, what walls, shelves and the picture's edge leave of them.
        visibility: (N,) float64, the share of the whole box that is seen, 0 to 1.
        open_share: (N,) float64, how far down ``shown_xyxy_px`` nearer people leave it open, 0 to 1 of its height.
        depths_m: (N,) float64, along the optical axis.
    """

    places: NDArray[np.intp]
    boxes_xyxy_px: NDArray[np.float64]
    shown_xyxy_px: NDArray[np.float64]
    visibility: NDArray[np.float64]
    open_share: NDArray[np.float64]
    depths_m: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.places)


def see(pinhole: Pinhole, blinds: Blinds, crowd: Crowd) -> Sight:
    """Return everybody of whom any part lies in the picture."""
    near, boxes, shown, depths = _alone(pinhole, blinds, crowd)
    uncovered, open_share = _uncovered(shown)
    return Sight(near, boxes, shown, _shown_share(boxes, shown) * uncovered, open_share, depths)


def share_alone(pinhole: Pinhole, blinds: Blinds, crowd: Crowd) -> NDArray[np.float64]:
    """Return of each of a crowd (N,) the share of the whole box that would be seen if nobody else were there."""
    near, boxes, shown, _ = _alone(pinhole, blinds, crowd)
    shares = np.zeros(len(crowd))
    shares[near] = _shown_share(boxes, shown)
    return shares


def _shown_share(boxes: NDArray[np.float64], shown: NDArray[np.float64]) -> NDArray[np.float64]:
    size = (shown[:, 2] - shown[:, 0]) * (shown[:, 3] - shown[:, 1])
    whole = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    share: NDArray[np.float64] = np.minimum(1.0, size / whole)
    return share


def _alone(
    pinhole: Pinhole, blinds: Blinds, crowd: Crowd
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Who is in the picture, the nearest first: places, whole boxes, what stands still leaves of them, depths."""
    width, height = pinhole.frame_wh
    away = crowd.xy_m - pinhole.at_xyz_m[:2]
    along = pinhole.forward[0] * away[:, 0] + pinhole.forward[1] * away[:, 1]
    feet_depth = along - pinhole.at_xyz_m[2] * pinhole.forward[2]
    # With a camera that looks down, feet are further along the axis than the head: the head decides what is too near.
    head_depth = feet_depth + crowd.height_m * pinhole.forward[2]
    near = np.flatnonzero(head_depth > NEAR_M)
    if not len(near):
        return _NOBODY
    boxes, depths = _boxes(pinhole, crowd, near, away[near], feet_depth[near], 0.0)
    inside = (boxes[:, 0] < width) & (boxes[:, 2] > 0) & (boxes[:, 1] < height) & (boxes[:, 3] > 0)
    if not inside.all():
        near, boxes, depths = near[inside], boxes[inside], depths[inside]
        if not len(near):
            return _NOBODY
    order = np.argsort(depths, kind="stable")
    near, boxes, depths = near[order], boxes[order], depths[order]
    hidden_m = blinds.at(crowd.xy_m[near])
    shown = boxes.copy()
    cut = np.flatnonzero(hidden_m > 0)
    if len(cut):
        who = near[cut]
        kept = np.minimum(hidden_m[cut], crowd.height_m[who])
        upper, _ = _boxes(pinhole, crowd, who, away[who], feet_depth[who], kept)
        shown[cut] = upper
    shown[:, 0::2] = np.minimum(np.maximum(shown[:, 0::2], 0.0), width)
    shown[:, 1::2] = np.minimum(np.maximum(shown[:, 1::2], 0.0), height)
    shown[:, 3] = np.where(hidden_m >= crowd.height_m[near], shown[:, 1], shown[:, 3])
    return near, boxes, shown, depths


_NOBODY = (np.empty(0, np.intp), np.empty((0, 4)), np.empty((0, 4)), np.empty(0))


def _boxes(
    pinhole: Pinhole,
    crowd: Crowd,
    who: NDArray[np.intp],
    away: NDArray[np.float64],
    feet_depth: NDArray[np.float64],
    from_m: NDArray[np.float64] | float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Boxes (N, 4) around the bodies from ``from_m`` above the floor upwards, and the depth of their middles (N,)."""
    width, height = pinhole.frame_wh
    lens_z = pinhole.at_xyz_m[2]
    right = pinhole.right[0] * away[:, 0] + pinhole.right[1] * away[:, 1]
    up_floor = pinhole.up[0] * away[:, 0] + pinhole.up[1] * away[:, 1] - lens_z * pinhole.up[2]
    tall, wide = crowd.height_m[who], crowd.radius_m[who]
    shoulder_m = np.maximum(SHOULDER_SHARE * tall, from_m)
    foot_scale = pinhole.focal_px / np.maximum(feet_depth + from_m * pinhole.forward[2], NEAR_M)
    head_scale = pinhole.focal_px / np.maximum(feet_depth + tall * pinhole.forward[2], NEAR_M)
    shoulder_scale = pinhole.focal_px / np.maximum(feet_depth + shoulder_m * pinhole.forward[2], NEAR_M)
    # Straight up changes nothing to the right of the lens: a body leans only by perspective.
    low_x, high_x = foot_scale * right, shoulder_scale * right
    low_r, high_r = foot_scale * wide * FEET_SHARE, shoulder_scale * wide
    boxes = np.empty((len(who), 4))
    boxes[:, 0] = np.minimum(low_x - low_r, high_x - high_r) + width / 2
    boxes[:, 2] = np.maximum(low_x + low_r, high_x + high_r) + width / 2
    bottom = height / 2 - foot_scale * (up_floor + from_m * pinhole.up[2])
    top = height / 2 - head_scale * (up_floor + tall * pinhole.up[2])
    boxes[:, 1] = np.minimum(top, bottom)
    boxes[:, 3] = np.maximum(top, bottom)
    return boxes, feet_depth + 0.5 * tall * pinhole.forward[2]


def _uncovered(shown: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The share of each box (N, 4), nearest first, that no box before it covers, and how far down it is open."""
    count = len(shown)
    if count < 2:
        return np.ones(count), np.ones(count)
    steps = (np.arange(_GRID) + 0.5) / _GRID
    x = shown[:, None, 0] + steps * (shown[:, 2] - shown[:, 0])[:, None]
    y = shown[:, None, 1] + steps * (shown[:, 3] - shown[:, 1])[:, None]
    in_x = (x[:, :, None] > shown[:, 0]) & (x[:, :, None] < shown[:, 2])
    in_y = (y[:, :, None] > shown[:, 1]) & (y[:, :, None] < shown[:, 3])
    nearer = np.tri(count, count, -1, dtype=np.float32)
    covering = (in_x * nearer[:, None, :]) @ in_y.transpose(0, 2, 1).astype(np.float32)
    is_open = covering <= 0.5
    open_rows = is_open.mean(axis=1) >= 0.5
    last = _GRID - np.argmax(open_rows[:, ::-1], axis=1)
    open_share = np.where(open_rows.any(axis=1), last / _GRID, 1.0)
    return is_open.mean(axis=(1, 2)), open_share
