import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_edge.vision.errors import GeometryError
from storesense_edge.vision.homography import fit_floor_map
from storesense_edge.vision.lines import CountingLine, InSide

# A camera three metres up that looks down a six by eight metre floor.
TRUE = np.array([[6.0, 0.4, -3.1], [0.3, -2.0, 9.0], [0.05, 1.4, 0.2]])
IMAGE = [(0.1, 0.3), (0.9, 0.25), (0.85, 0.95), (0.15, 0.9), (0.5, 0.6)]


def floor_of(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    mapped = np.c_[np.array(points), np.ones(len(points))] @ TRUE.T
    return [(float(x / w), float(y / w)) for x, y, w in mapped]


def test_four_exact_points_give_the_whole_map() -> None:
    floor_map = fit_floor_map(IMAGE[:4], floor_of(IMAGE[:4]))
    assert floor_map.to_floor(np.array(IMAGE[4:])) == pytest.approx(np.array(floor_of(IMAGE[4:])), abs=1e-6)
    assert floor_map.residual_cm < 1e-3


def test_a_fifth_point_that_is_off_shows_in_the_residual() -> None:
    floor = floor_of(IMAGE)
    floor[4] = (floor[4][0] + 0.5, floor[4][1])
    floor_map = fit_floor_map(IMAGE, floor)
    assert 3 < floor_map.residual_cm < 50
    assert floor_map.worst_cm >= floor_map.residual_cm


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.2, 1)), min_size=1, max_size=20))
def test_there_and_back_again(points: list[tuple[float, float]]) -> None:
    floor_map = fit_floor_map(IMAGE, floor_of(IMAGE))
    assert floor_map.to_image(floor_map.to_floor(np.array(points))) == pytest.approx(np.array(points), abs=1e-6)


def test_above_the_horizon_there_is_no_floor() -> None:
    floor_map = fit_floor_map(IMAGE, floor_of(IMAGE))
    assert np.isnan(floor_map.to_floor(np.array([[0.5, -0.5]]))).all()
    assert np.isfinite(floor_map.to_floor(np.array([[0.5, 0.5]]))).all()


@pytest.mark.parametrize(
    ("image", "floor", "part"),
    [
        (IMAGE[:3], [(0, 0), (1, 0), (1, 1)], "3 picture points"),
        (IMAGE[:4], [(0, 0), (1, 0), (1, 1)], "3 floor points"),
        ([(0.1, 0.1), (0.2, 0.2), (0.3, 0.3), (0.4, 0.4)], [(0, 0), (1, 0), (1, 1), (0, 1)], "one line"),
        (IMAGE[:4], [(0, 0), (1, 1), (2, 2), (3, 3)], "one line"),
        ([(0.1, 0.1), (0.2, 0.2), (0.3, 0.3), (0.4, 0.9)], [(0, 0), (1, 0), (1, 1), (0, 1)], "one line"),
        ([(0.5, 0.5)] * 4, [(0, 0), (1, 0), (1, 1), (0, 1)], "one line"),
        (IMAGE[:4], [(0, 0), (1, 1), (1, 0), (0, 1)], "swapped"),
        (IMAGE[:4], [(0, 0), (1, 0), (1, float("nan")), (0, 1)], "no number"),
    ],
)
def test_calibrations_that_cannot_work_are_refused(
    image: list[tuple[float, float]], floor: list[tuple[float, float]], part: str
) -> None:
    with pytest.raises(GeometryError, match=part):
        fit_floor_map(image, floor)


def test_a_line_on_the_floor_keeps_its_ends_and_its_side() -> None:
    floor_map = fit_floor_map(IMAGE, floor_of(IMAGE))
    a, b = floor_of([(0.2, 0.5), (0.7, 0.8)])
    line = floor_map.line_to_image(CountingLine("door", a, b, InSide.RIGHT))
    assert line.a_xy == pytest.approx((0.2, 0.5), abs=1e-6)
    assert line.b_xy == pytest.approx((0.7, 0.8), abs=1e-6)
    assert line.in_side is InSide.RIGHT


def test_what_lies_behind_the_camera_is_refused() -> None:
    floor_map = fit_floor_map(IMAGE, floor_of(IMAGE))
    behind = np.array([[0.5, -0.5, 1.0]]) @ TRUE.T
    behind_xy = (float(behind[0, 0] / behind[0, 2]), float(behind[0, 1] / behind[0, 2]))
    with pytest.raises(GeometryError, match="behind the camera"):
        floor_map.line_to_image(CountingLine("door", behind_xy, floor_of([(0.5, 0.5)])[0]))


def test_the_real_camera_of_the_hotel_recording(shared_dir) -> None:  # type: ignore[no-untyped-def]
    matrix = np.loadtxt(shared_dir / "data/trajectories/ETH_seq_hotel_H.txt")
    pixels = np.array([[100.0, 100.0], [500, 120], [480, 600], [90, 580], [300, 300], [250, 500]])
    mapped = np.c_[pixels, np.ones(6)] @ matrix.T
    floor = mapped[:, :2] / mapped[:, 2:]
    scale = np.array([576.0, 720.0])
    floor_map = fit_floor_map((pixels / scale).tolist(), floor.tolist())
    assert floor_map.residual_cm < 0.1
    check = np.array([[200.0, 250.0, 1.0]]) @ matrix.T
    assert floor_map.to_floor(np.array([[200.0, 250.0]]) / scale) == pytest.approx(
        check[:, :2] / check[:, 2:], abs=1e-3
    )


def test_points_without_bounds_are_refused_before_they_are_reckoned_with() -> None:
    picture = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
    with pytest.raises(GeometryError, match="too far away"):
        fit_floor_map(picture, [(0.0, 0.0), (1e308, 0.0), (1e308, -1e308), (0.0, 1.0)])
