"""A camera's view of the floor from how tall people look in it, without anybody measuring anything.

People are about equally tall, stand upright and on the floor, so how tall they look at each place tells focal length,
tilt, roll and height of the camera (single-view metrology: Criminisi, Reid and Zisserman 2000; from walking people: Lv,
Zhao and Nevatia 2006). Pixels are taken as square and the optical axis as going through the picture's middle. A box
tells no lean, so only its height is used; the focal length then hangs on how heights change over the picture, and where
that tells little, on what lenses usually have. How sure all this is comes from solving it again and again with other
people, another mean height and another guess of the lens (randomize-then-optimize: Bardsley and others 2014).

What it cannot tell is where the view lies on the store's plan: two points, or none if distances are all that is wanted.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import least_squares

from storesense_edge.vision.errors import GeometryError
from storesense_edge.vision.homography import FloorMap, fit_floor_map
from storesense_edge.vision.pose import Pose, heads_of, on_floor
from storesense_edge.vision.rigid import rigidly_aligned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MEAN_HEIGHT_M = 1.70
MEAN_HEIGHT_SIGMA_M = 0.03
HEIGHT_SIGMA = 0.06
"""Standard deviation of how tall a person looks, as a share: people's own and the boxes'."""
MIN_PEOPLE = 30
MAX_CELLS = 400
_CELLS = 20
_ROLL_SIGMA = np.radians(3.0)
_LOG_FOCAL_SIGMA = 0.3
_BIAS_SIGMA = 0.02
_MAX_WEIGHT = 2.0
_TYPICAL_FOCAL = 0.85
"""Focal length over picture width of a usual shop camera: 61 degrees across."""
_REPLICATES = 60
_EDGE_SHARE = 0.01
_ASPECTS = (0.2, 0.7)
_OVERLAP = 0.15


@dataclass(frozen=True, slots=True, eq=False)
class HeightCalibration:
    """What people's heights told of a camera.

    Attributes:
        pose: the camera.
        floor_map: normalized picture to floor metres; its own axes unless points were given to place it.
        image_xy: picture points within the area in which people walked, for the site file.
        floor_xy_m: the same points on the floor.
        error_cm: root mean square error of a place within that area, position and turn of the whole left aside.
        worst_cm: the same where it is largest.
        scale_error: standard deviation of lengths, as a share.
        people: how many boxes were used.
        height_spread: how much people's heights vary after the fit, as a share; above 0.15 something is wrong.
    """

    pose: Pose
    floor_map: FloorMap
    image_xy: tuple[tuple[float, float], ...]
    floor_xy_m: tuple[tuple[float, float], ...]
    error_cm: float
    worst_cm: float
    scale_error: float
    people: int
    height_spread: float


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """How tall people look at each place of the picture, in picture widths from its middle.

    Attributes:
        feet: (N, 2).
        tops: (N,) heights of the heads in the picture, the same axis as ``feet[:, 1]``.
        weights: (N,) square roots of how many people were there, bounded, since boxes err alike in one place.
    """

    feet: NDArray[np.float64]
    tops: NDArray[np.float64]
    weights: NDArray[np.float64]

    def picked(self, rows: NDArray[np.int64]) -> _Cells:
        return _Cells(self.feet[rows], self.tops[rows], self.weights[rows])


def usable_boxes(
    frames: NDArray[np.int64], boxes_ltwh_px: NDArray[np.float64], frame_wh: tuple[int, int]
) -> NDArray[np.bool_]:
    """Return which boxes show whole, upright people: clear of the picture's edge and of each other.

    Args:
        frames: (N,) which picture each box is from.
        boxes_ltwh_px: (N, 4).
        frame_wh: width and height of the pictures, pixels.
    """
    left, top, width, height = boxes_ltwh_px.T
    edge_x, edge_y = _EDGE_SHARE * frame_wh[0], _EDGE_SHARE * frame_wh[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        aspect = width / height
    good = np.isfinite(boxes_ltwh_px).all(axis=1) & (aspect > _ASPECTS[0]) & (aspect < _ASPECTS[1])
    good &= (left > edge_x) & (top > edge_y) & (left + width < frame_wh[0] - edge_x)
    good &= (top + height < frame_wh[1] - edge_y) & (height >= 16)
    order = np.argsort(frames, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(frames[order]) > 0, True])
    for first, beyond in pairwise(starts):
        rows = order[first:beyond][:200]
        x0, y0, w, h = boxes_ltwh_px[rows].T
        cover_x = np.minimum(x0[:, None] + w[:, None], x0 + w) - np.maximum(x0[:, None], x0)
        cover_y = np.minimum(y0[:, None] + h[:, None], y0 + h) - np.maximum(y0[:, None], y0)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.clip(cover_x, 0, None) * np.clip(cover_y, 0, None) / (w * h)[:, None]
        np.fill_diagonal(share, 0.0)
        good[rows[np.nan_to_num(share).max(axis=1) > _OVERLAP]] = False
        good[order[first:beyond][200:]] = False
    return np.asarray(good, dtype=np.bool_)


def calibrate_by_heights(
    boxes_ltwh_px: NDArray[np.float64],
    frame_wh: tuple[int, int],
    *,
    rng: np.random.Generator,
    mean_height_m: float = MEAN_HEIGHT_M,
    field_of_view_deg: float | None = None,
    places: Sequence[tuple[tuple[float, float], tuple[float, float]]] = (),
) -> HeightCalibration:
    """Find a camera's view of the floor.

    Args:
        boxes_ltwh_px: (N, 4) boxes of whole people, as ``usable_boxes`` leaves them.
        frame_wh: width and height of the pictures, pixels.
        rng: chance, for the error.
        mean_height_m: how tall people are on average, shoes and hair included.
        field_of_view_deg: the lens's horizontal angle, where it is known.
        places: two or more pairs of a normalized picture point and where it is on the floor, to place the view.

    Raises:
        GeometryError: too few people, all in one place, or heights that no camera explains.
    """
    if len(boxes_ltwh_px) < MIN_PEOPLE:
        raise _refuse(
            f"only {len(boxes_ltwh_px)} boxes of whole people are there",
            f"record until there are {MIN_PEOPLE} or more, better some hundred, all over the picture",
        )
    cells = _cells(boxes_ltwh_px, frame_wh)
    spans = np.ptp(cells.feet, axis=0)
    if len(cells.feet) < 8 or spans[1] < 0.08 or spans[0] < 0.1:
        raise _refuse("people walked in a small part of the picture only", "record until they were near and far")
    focal = _TYPICAL_FOCAL
    sigma = _LOG_FOCAL_SIGMA
    if field_of_view_deg is not None:
        if not 5 <= field_of_view_deg <= 150:
            raise _refuse("the field of view lies outside 5 to 150 degrees", "give the horizontal angle of the lens")
        focal, sigma = 0.5 / float(np.tan(np.radians(field_of_view_deg) / 2)), 0.03
    pose = _solve(cells, mean_height_m, float(np.log(focal)), sigma)
    heights = _apparent(pose, cells, mean_height_m)
    spread = float(np.sqrt(np.average((heights / mean_height_m - 1) ** 2, weights=cells.weights)))
    floor = on_floor(pose, cells.feet)
    if not np.isfinite(floor).all() or not 0.8 <= pose.height_m <= 60:
        raise _refuse("no camera explains how tall people look", "check that the boxes are of standing people")
    off_cm, scales = _uncertainty(cells, pose, floor, (float(np.log(focal)), sigma), mean_height_m, rng)
    image = _corner_points(cells.feet)
    floor_points = on_floor(pose, image)
    # The plan's y goes down, away from the viewer's left hand as the camera sees it: no mirror image.
    plan = np.column_stack([floor_points[:, 0], -floor_points[:, 1]])
    normalized = _normalized(image, frame_wh)
    plan = _placed(plan, normalized, places)
    return HeightCalibration(
        pose=pose,
        floor_map=fit_floor_map(_pairs(normalized), _pairs(plan)),
        image_xy=tuple(_pairs(normalized.round(4))),
        floor_xy_m=tuple(_pairs(plan.round(2))),
        error_cm=float(np.sqrt((off_cm**2).mean())),
        worst_cm=float(np.sqrt((off_cm**2).mean(axis=0)).max()),
        scale_error=float(np.std(scales)),
        people=len(boxes_ltwh_px),
        height_spread=spread,
    )


def _cells(boxes: NDArray[np.float64], frame_wh: tuple[int, int]) -> _Cells:
    """Medians by place, so that a corner where people stand all day weighs no more than its worth."""
    width, height = frame_wh
    x = (boxes[:, 0] + boxes[:, 2] / 2 - width / 2) / width
    foot = (boxes[:, 1] + boxes[:, 3] - height / 2) / width
    top = (boxes[:, 1] - height / 2) / width
    place = np.floor((x + 0.5) * _CELLS).astype(np.int64) * 1_000 + np.floor((foot + 1) * _CELLS * 2).astype(np.int64)
    found = []
    for key in np.unique(place):
        rows = place == key
        tall = float(np.median(foot[rows] - top[rows]))
        at = float(np.median(foot[rows]))
        found.append((float(np.median(x[rows])), at, at - tall, min(np.sqrt(int(rows.sum())), _MAX_WEIGHT)))
    table = np.array(found)
    return _Cells(table[:, :2], table[:, 2], table[:, 3])


def _apparent(pose: Pose, cells: _Cells, mean_height_m: float) -> NDArray[np.float64]:
    """How tall the people in each cell come out, metres."""
    expected = cells.feet[:, 1] - heads_of(pose, cells.feet, mean_height_m)
    found: NDArray[np.float64] = mean_height_m * (cells.feet[:, 1] - cells.tops) / expected
    return found


def _solve(
    cells: _Cells,
    mean_height_m: float,
    log_focal: float,
    sigma: float,
    *,
    start: Pose | None = None,
    bias: float = 0.0,
) -> Pose:
    tall = cells.feet[:, 1] - cells.tops
    # Boxes are a little too tall or too short, and more so far away: that must not pass for another lens.
    slope = (cells.feet[:, 1] - cells.feet[:, 1].mean()) / max(float(np.ptp(cells.feet[:, 1])), 1e-6) * 2

    def residuals(values: NDArray[np.float64]) -> NDArray[np.float64]:
        pose = Pose(float(np.exp(values[0])), float(values[1]), float(values[2]), float(np.exp(values[3])))
        tops = cells.feet[:, 1] - tall * (1 + slope * values[4])
        off = (tops - heads_of(pose, cells.feet, mean_height_m)) / (HEIGHT_SIGMA * tall)
        off = np.nan_to_num(off, nan=30.0, posinf=30.0, neginf=-30.0)
        prior = [(values[0] - log_focal) / sigma, values[2] / _ROLL_SIGMA, (values[4] - bias) / _BIAS_SIGMA]
        return np.concatenate([np.clip(off, -30, 30) * cells.weights, prior])

    if start is not None:
        starts = [(np.log(start.focal), start.tilt_rad, start.roll_rad, np.log(start.height_m), 0.0)]
    else:
        starts = [
            (log_focal + shift, np.radians(tilt), 0.0, np.log(height), 0.0)
            for shift in (-0.3, 0.3)
            for tilt in (10.0, 30.0, 55.0)
            for height in (3.0, 7.0)
        ]
    bounds = ([-1.5, np.radians(-5), -0.6, np.log(0.5), -0.2], [2.0, np.radians(88), 0.6, np.log(80.0), 0.2])
    best: Any = min(
        (
            least_squares(residuals, np.clip(first, bounds[0], bounds[1]), bounds=bounds, loss="soft_l1", max_nfev=200)
            for first in starts
        ),
        key=lambda result: float(result.cost),
    )
    log_f, tilt, roll, log_h = (float(value) for value in best.x[:4])
    return Pose(float(np.exp(log_f)), tilt, roll, float(np.exp(log_h)))


def _uncertainty(
    cells: _Cells,
    pose: Pose,
    floor: NDArray[np.float64],
    focal_prior: tuple[float, float],
    mean_height_m: float,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Solve again with other people, another mean height and another lens; (R, N) errors in cm and (R,) scales."""
    off, scales = [], []
    for _ in range(_REPLICATES):
        picked = cells.picked(rng.integers(0, len(cells.feet), len(cells.feet)))
        height_m = mean_height_m + float(rng.normal(0, MEAN_HEIGHT_SIGMA_M))
        log_focal = focal_prior[0] + float(rng.normal(0, focal_prior[1]))
        bias = float(rng.normal(0, _BIAS_SIGMA))
        other = _solve(picked, height_m, log_focal, focal_prior[1], start=pose, bias=bias)
        there = on_floor(other, cells.feet)
        if not np.isfinite(there).all():
            continue
        aligned = rigidly_aligned(there, floor)
        off.append(np.hypot(*(aligned - floor).T) * 100)
        scales.append(_size(there) / _size(floor))
    if len(off) < _REPLICATES // 2:
        raise _refuse("people's heights leave the view undetermined", "record until they were near, far and aside")
    return np.array(off), np.array(scales)


def _size(points: NDArray[np.float64]) -> float:
    return float(np.sqrt(((points - points.mean(axis=0)) ** 2).sum(axis=1).mean()))


def _corner_points(feet: NDArray[np.float64]) -> NDArray[np.float64]:
    """Six points round the area where people walked: its near, middle and far edge."""
    x0, x1 = np.percentile(feet[:, 0], [5, 95])
    y0, y1 = np.percentile(feet[:, 1], [2, 98])
    return np.array([[x, y] for y in (y0, (y0 + y1) / 2, y1) for x in (x0, x1)])


def _normalized(points: NDArray[np.float64], frame_wh: tuple[int, int]) -> NDArray[np.float64]:
    width, height = frame_wh
    return np.column_stack([points[:, 0] + 0.5, points[:, 1] * width / height + 0.5])


def _placed(
    plan: NDArray[np.float64],
    image: NDArray[np.float64],
    places: Sequence[tuple[tuple[float, float], tuple[float, float]]],
) -> NDArray[np.float64]:
    """Lay the view on the store's plan by the points given; without any, into the plan's corner."""
    if not places:
        return np.asarray(plan - plan.min(axis=0), dtype=np.float64)
    if len(places) < 2:
        raise _refuse("one point places it, and does not turn it", "give two points, far from each other")
    own = fit_floor_map(_pairs(image), _pairs(plan)).to_floor(np.array([seen for seen, _ in places], dtype=np.float64))
    goal = np.array([there for _, there in places], dtype=np.float64)
    if not np.isfinite(own).all() or _size(goal) < 0.25 or _size(own) < 0.25:
        raise _refuse("the points to place it by lie in one spot, or not on the floor", "give two, far from each other")
    return rigidly_aligned(own, goal, also=plan)


def _pairs(points: NDArray[np.float64]) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in points]


def _refuse(cause: str, remedy: str) -> GeometryError:
    return GeometryError(shape="calibration by people's heights", cause=cause, remedy=remedy)
