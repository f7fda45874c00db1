import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_edge.vision.homography import fit_floor_map
from storesense_simulators.twin.projection import homography_of, pinhole_of


@dataclass(frozen=True)
class Hung:
    at: tuple[float, float] = (2.0, 3.0)
    height_m: float = 3.0
    heading_deg: float = 0.0
    tilt_deg: float = 30.0
    hfov_deg: float = 80.0
    frame_size_px: tuple[int, int] = (640, 360)


def test_the_optical_axis_meets_the_floor_in_the_middle_of_the_picture() -> None:
    reach_m = 3.0 / math.tan(math.radians(30.0))
    pixels, depth = pinhole_of(Hung()).project(np.array([[2.0 + reach_m, 3.0, 0.0]]))
    assert pixels[0] == pytest.approx([320.0, 180.0])
    assert depth[0] == pytest.approx(6.0)  # 3 m down at 30 degrees


def test_what_lies_to_the_right_on_the_plan_is_seen_to_the_right() -> None:
    # Looking along x with y down the plan, a larger y is to the right; looking along y, a smaller x is.
    ahead = pinhole_of(Hung()).project(np.array([[6.0, 4.0, 0.0]]))[0][0]
    assert ahead[0] > 320.0
    down = pinhole_of(Hung(heading_deg=90.0)).project(np.array([[1.0, 7.0, 0.0]]))[0][0]
    assert down[0] > 320.0


def test_the_width_of_the_view_is_the_angle_of_view() -> None:
    camera = pinhole_of(Hung(tilt_deg=0.0))
    half_m = 10.0 * math.tan(math.radians(40.0))
    pixels, _ = camera.project(np.array([[12.0, 3.0 + half_m, 3.0], [12.0, 3.0 - half_m, 3.0]]))
    assert pixels[:, 0] == pytest.approx([640.0, 0.0])


def test_nothing_of_the_floor_lies_under_the_sky() -> None:
    assert pinhole_of(Hung(tilt_deg=10.0)).floor_point(320.0, 0.0) is None


@given(
    heading=st.floats(-360.0, 360.0),
    tilt=st.floats(12.0, 75.0),
    hfov=st.floats(40.0, 110.0),
    x=st.floats(0.1, 0.9),
    y=st.floats(0.6, 0.95),
)
def test_a_floor_point_goes_into_the_picture_and_back(
    heading: float, tilt: float, hfov: float, x: float, y: float
) -> None:
    mount = Hung(heading_deg=heading, tilt_deg=tilt, hfov_deg=hfov)
    camera = pinhole_of(mount)
    floor = camera.floor_point(x * 640, y * 360)
    assert floor is not None
    pixels, _ = camera.project(np.array([[*floor, 0.0]]))
    assert pixels[0] == pytest.approx([x * 640, y * 360], abs=1e-6)


@pytest.mark.parametrize(
    ("mount", "why"),
    [
        (Hung(), "the usual ceiling camera"),
        (Hung(tilt_deg=80.0), "looks almost straight down"),
        (Hung(tilt_deg=8.0, hfov_deg=60.0), "sees the horizon, so the upper part of the picture is no floor"),
        (Hung(heading_deg=217.0, tilt_deg=40.0), "looks back over the plan"),
    ],
)
def test_the_edge_fits_the_floor_that_the_camera_sees(mount: Hung, why: str) -> None:
    homography = homography_of(mount)
    fitted = fit_floor_map(homography.image, homography.floor_m)
    assert fitted.worst_cm < 1.0, why
    camera = pinhole_of(mount)
    spot = camera.floor_point(320.0, 340.0)
    assert spot is not None
    assert fitted.to_floor(np.array([[0.5, 340.0 / 360.0]]))[0] == pytest.approx(spot, abs=0.02)


def test_a_turned_camera_sees_the_same_spot_elsewhere() -> None:
    camera = pinhole_of(Hung())
    spot = np.array([[7.0, 3.0, 0.0]])
    before, _ = camera.project(spot)
    after, _ = camera.moved(pan_deg=5.0, tilt_deg=0.0).project(spot)
    # Turned to the right, it sees what was ahead further to the left.
    assert after[0, 0] < before[0, 0] - 20.0
    same, _ = camera.moved(pan_deg=0.0, tilt_deg=0.0).project(spot)
    assert same == pytest.approx(before)
