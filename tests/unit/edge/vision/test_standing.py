import math

import numpy as np
import pytest

from storesense_edge.vision.detections import clean_detections
from storesense_edge.vision.homography import FloorMap, fit_floor_map
from storesense_edge.vision.standing import USUAL_HEIGHT_M, HeadView, head_view

FRAME_WH = (640, 360)
FOCAL_PX = 300.0
LENS_M = 3.0


def project(points_m: np.ndarray, *, tilt_deg: float = 35.0) -> np.ndarray:
    """(N, 3) metres, x right, y down the plan, z up, to pixels, by a camera at the origin that looks along y."""
    tilt = math.radians(tilt_deg)
    x, y, z = points_m.T
    down = LENS_M - z
    depth = y * math.cos(tilt) + down * math.sin(tilt)
    low = down * math.cos(tilt) - y * math.sin(tilt)
    # Looking down the plan, the plan's right is on the left.
    return np.stack([320 - FOCAL_PX * x / depth, 180 + FOCAL_PX * low / depth], axis=1)


def calibrated(tilt_deg: float = 35.0) -> FloorMap:
    floor = [(-2.0, 2.5), (2.0, 2.5), (3.0, 8.0), (-3.0, 7.0), (0.5, 4.0)]
    pixels = project(np.array([(x, y, 0.0) for x, y in floor]), tilt_deg=tilt_deg)
    return fit_floor_map([(x / 640, y / 360) for x, y in pixels], floor)


def view() -> HeadView:
    found = head_view(calibrated(), FRAME_WH)
    assert found is not None
    return found


def box(x_m: float, y_m: float, *, from_m: float, tall_m: float, wide_m: float) -> list[float]:
    corners = project(np.array([(x_m, y_m, from_m), (x_m, y_m, tall_m)]))
    middle, half = corners[1, 0], FOCAL_PX * wide_m / 2 / math.hypot(y_m, LENS_M - tall_m)
    return [middle - half, corners[1, 1], middle + half, corners[0, 1]]


def leaning(
    place: tuple[float, float], *, tall_m: float, radius_m: float, from_m: float = 0.0, tilt_deg: float = 35.0
) -> list[float]:
    """The box of an upright body whose feet stand closer than its shoulders are wide, seen from a height upwards."""
    x_m, y_m = place
    low = (0.7 if from_m == 0 else 1.0) * radius_m
    across = [(x_m + side * low, y_m, from_m) for side in (-1, 1)]
    across += [(x_m + side * radius_m, y_m, 0.8 * tall_m) for side in (-1, 1)]
    head, *sides = project(np.array([(x_m, y_m, tall_m), *across]), tilt_deg=tilt_deg)
    return [min(p[0] for p in sides), head[1], max(p[0] for p in sides), max(p[1] for p in sides)]


@pytest.mark.parametrize("tilt_deg", [20.0, 35.0, 60.0])
def test_the_camera_is_above_the_point_of_the_floor_where_it_hangs(tilt_deg: float) -> None:
    found = head_view(calibrated(tilt_deg), FRAME_WH)
    assert found is not None
    assert found.eye_xy_m == pytest.approx((0.0, 0.0), abs=1e-6)


@pytest.mark.parametrize("place", [(0.0, 3.0), (1.5, 5.0), (-2.0, 7.0)])
def test_feet_are_found_by_the_head(place: tuple[float, float]) -> None:
    head, feet = project(np.array([(*place, USUAL_HEIGHT_M), (*place, 0.0)]))
    assert view().feet_y_px(head[None, :])[0] == pytest.approx(feet[1], abs=0.5)


@pytest.mark.parametrize(
    ("from_m", "tall_m", "wide_m", "is_completed"),
    [
        pytest.param(0.9, 1.7, 0.5, True, id="behind a counter"),
        pytest.param(0.0, 1.7, 0.5, False, id="seen whole"),
        pytest.param(0.0, 1.1, 0.33, False, id="a child is narrow as well"),
        pytest.param(0.0, 1.08, 0.44, False, id="a child with arms and a bag, slender for its height"),
    ],
)
def test_only_what_is_cut_off_is_completed(from_m: float, tall_m: float, wide_m: float, is_completed: bool) -> None:
    given = box(1.0, 5.0, from_m=from_m, tall_m=tall_m, wide_m=wide_m)
    found = view().complete(clean_detections(np.array([given]), np.array([0.9]))).boxes_xyxy_px[0]
    whole = box(1.0, 5.0, from_m=0.0, tall_m=tall_m, wide_m=wide_m)
    assert found[3] == pytest.approx(whole[3] if is_completed else given[3], abs=3.0)
    assert found[1] == given[1]
    assert found[2] - found[0] == pytest.approx(given[2] - given[0])


@pytest.mark.parametrize("place", [(0.0, 1.6), (1.0, 2.5), (-1.5, 5.0)])
def test_a_child_keeps_its_feet_also_close_under_the_camera(place: tuple[float, float]) -> None:
    """There people are foreshortened and as wide as ever, so in the picture a child is as stout as a grown person."""
    given = box(*place, from_m=0.0, tall_m=1.1, wide_m=0.42)
    cut = box(*place, from_m=0.95, tall_m=1.7, wide_m=0.42)
    found = view().complete(clean_detections(np.array([given, cut]), np.array([0.9, 0.9]))).boxes_xyxy_px
    assert found[0, 3] == given[3]
    assert found[1, 3] > cut[3] + 5


@pytest.mark.parametrize(
    ("place", "from_m"),
    [
        pytest.param((0.0, 4.0), 0.0, id="in the middle of the picture nobody leans"),
        pytest.param((2.5, 3.0), 0.0, id="at the side"),
        pytest.param((-2.5, 2.0), 0.0, id="near the camera at the other side"),
        pytest.param((2.5, 3.5), 0.9, id="at the side behind a counter"),
    ],
)
def test_the_feet_are_under_the_lean(place: tuple[float, float], from_m: float) -> None:
    x_m, y_m = place
    across = [(x_m + side * 0.2, y_m, z_m) for side in (-1, 1) for z_m in (from_m, 0.8 * USUAL_HEIGHT_M)]
    head, *sides = project(np.array([(x_m, y_m, USUAL_HEIGHT_M), *across]))
    given = [min(p[0] for p in sides), head[1], max(p[0] for p in sides), max(p[1] for p in sides)]
    found = view().complete(clean_detections(np.array([given]), np.array([0.9]))).boxes_xyxy_px[0]
    feet = calibrated().to_floor(np.array([[(found[0] + found[2]) / 2 / 640, found[3] / 360]]))[0]
    assert feet == pytest.approx([x_m, y_m], abs=0.12)


@pytest.mark.parametrize("tall_m", [0.9, 1.1, 1.25])
@pytest.mark.parametrize("place", [(3.0, 3.0), (-3.5, 4.5), (4.0, 5.0)])
def test_a_child_that_leans_at_the_side_of_the_picture_keeps_its_feet(
    place: tuple[float, float], tall_m: float
) -> None:
    """Its box is as wide as a grown person's, by the lean alone; a grown person who is cut off there is still found."""
    given, cut = leaning(place, tall_m=tall_m, radius_m=0.17), leaning(place, tall_m=1.7, radius_m=0.25, from_m=0.9)
    found = view().complete(clean_detections(np.array([given, cut]), np.array([0.9, 0.9]))).boxes_xyxy_px
    assert found[0, 3] == given[3]
    assert found[1, 3] > cut[3] + 5


@pytest.mark.parametrize("place", [(1.4, 0.6), (-1.2, 0.4)])
def test_a_cashier_nearly_below_the_camera_is_still_drawn_down_behind_the_counter(place: tuple[float, float]) -> None:
    """Who leans aside more than they rise in the picture has a box whose sides tell the height, not the width."""
    cut = leaning(place, tall_m=1.7, radius_m=0.23, from_m=0.8, tilt_deg=55.0)
    steep = head_view(calibrated(55.0), FRAME_WH)
    assert steep is not None
    found = steep.complete(clean_detections(np.array([cut]), np.array([0.9]))).boxes_xyxy_px[0]
    assert found[3] > cut[3] + 5


@pytest.mark.parametrize("short_px", [0.0, 4.0])
@pytest.mark.parametrize(
    ("tilt_deg", "place"),
    [
        pytest.param(60.0, (0.0, 4.0), id="beyond the upper edge"),
        pytest.param(35.0, (-2.8, 2.0), id="beyond the right edge"),
        pytest.param(35.0, (2.8, 2.0), id="beyond the left edge"),
    ],
)
def test_a_head_beyond_the_picture_tells_no_feet(tilt_deg: float, place: tuple[float, float], short_px: float) -> None:
    """A detector that draws the box a little short of the edge says nothing else."""
    x_m, y_m = place
    body = [(x_m + side * 0.27, y_m, z_m) for side in (-1, 1) for z_m in np.linspace(0.0, 1.4, 29)]
    head, *seen = project(np.array([(*place, USUAL_HEIGHT_M), *body]), tilt_deg=tilt_deg)
    assert head[1] < 0 or not 0 <= head[0] <= 640
    shown = np.array([p for p in seen if 0 <= p[0] <= 640 and 0 <= p[1] <= 360])
    (left, top), (right, low) = shown.min(axis=0), shown.max(axis=0)
    given = [max(left, short_px), max(top, short_px), min(right, 640 - short_px), low]
    by_heads = head_view(calibrated(tilt_deg), FRAME_WH)
    assert by_heads is not None
    found = by_heads.complete(clean_detections(np.array([given]), np.array([0.9]))).boxes_xyxy_px[0]
    assert found[3] == low


def test_a_view_from_straight_above_tells_no_lens() -> None:
    above = fit_floor_map([(0, 0), (1, 0), (1, 1), (0, 1)], [(0, 0), (6.4, 0), (6.4, 3.6), (0, 3.6)])
    assert head_view(above, FRAME_WH) is None
