import numpy as np
import pytest

from storesense_edge.calibration_error import careful_error_cm
from storesense_edge.vision.errors import GeometryError

SQUARE = [(0.1, 0.3), (0.9, 0.3), (0.9, 0.9), (0.1, 0.9)]
FLOOR_M = [(0.0, 0.0), (4.0, 0.0), (4.0, 3.0), (0.0, 3.0)]


def expected_cm(image: list[tuple[float, float]], floor_m: list[tuple[float, float]]) -> float:
    return careful_error_cm(image, floor_m, rng=np.random.default_rng(1))


def test_a_wide_square_is_as_good_as_its_points() -> None:
    # 0.2 % of 5 m, and 2 cm with the tape, each way; places between four points are surer than each of them.
    assert expected_cm(SQUARE, FLOOR_M) == pytest.approx(2, abs=0.7)


def test_points_close_together_say_little_of_a_large_floor() -> None:
    narrow = [(0.5 + (x - 0.5) / 20, y) for x, y in SQUARE]
    assert expected_cm(narrow, FLOOR_M) > 3 * expected_cm(SQUARE, FLOOR_M)
    speck = [(0.5 + (x - 0.5) / 400, 0.5 + (y - 0.5) / 400) for x, y in SQUARE]
    assert expected_cm(speck, FLOOR_M) > 50


def test_points_on_one_line_are_refused() -> None:
    with pytest.raises(GeometryError):
        expected_cm([(n / 10, n / 10) for n in range(4)], FLOOR_M)
