"""What a camera can be asked for depends on the store alone: walls, shelves, and where the picture ends."""

import numpy as np
import pytest

from storesense_edge.vision.heatmap import FloorGrid
from storesense_simulators.eval_twin_floor import SeenFloor, bodies
from storesense_simulators.twin.eye_crowd import Crowd
from storesense_simulators.twin.load_shop import load_shop
from storesense_simulators.twin.shop import Shop


@pytest.fixture(scope="module")
def shop() -> Shop:
    return load_shop("convenience")


def floor_of(shop: Shop, camera: str) -> SeenFloor:
    return SeenFloor(shop, next(mount for mount in shop.cameras if mount.device_id == camera))


@pytest.mark.parametrize(
    ("camera", "xy", "seen", "why"),
    [
        ("camera-door", (2.5, 8.0), True, "before the door"),
        ("camera-door", (2.5, 5.4), False, "under the lens"),
        ("camera-floor", (3.9, 4.0), True, "between two shelves, seen along the aisle"),
        ("camera-floor", (9.8, 1.2), False, "behind the stock room's wall"),
        ("camera-floor", (50.0, -1.0), False, "not on the floor at all"),
        ("camera-lanes", (6.2, 8.5), True, "behind a counter, from above"),
    ],
)
def test_a_place_is_seen(shop: Shop, camera: str, xy: tuple[float, float], seen: bool, why: str) -> None:
    assert floor_of(shop, camera).holds(np.array([xy])).tolist() == [seen], why


def test_a_cell_is_seen_if_half_of_it_is(shop: Shop) -> None:
    floor = floor_of(shop, "camera-floor")
    grid = FloorGrid((0.0, 0.0), 0.5, 10, 12)
    cells = floor.cells(grid)
    assert cells.shape == (12, 10)
    assert 0.3 < cells.mean() < 0.9
    x, y = np.meshgrid(np.arange(0.05, 5, 0.1), np.arange(0.05, 6, 0.1))
    shares = floor.holds(np.stack([x.ravel(), y.ravel()], axis=1)).reshape(12, 5, 10, 5).mean(axis=(1, 3))
    assert (cells == (shares >= 0.5)).all()


def crowd(*people: tuple[float, float, bool, float]) -> Crowd:
    count = len(people)
    return Crowd(
        numbers=np.arange(count),
        xy_m=np.array([p[:2] for p in people], dtype=float),
        height_m=np.full(count, 1.7),
        radius_m=np.full(count, 0.23),
        heading=np.tile([1.0, 0.0], (count, 1)),
        speed_m_s=np.array([p[3] for p in people]),
        has_trolley=np.zeros(count, dtype=bool),
        is_staff=np.array([p[2] for p in people]),
    )


def test_two_of_the_staff_on_one_point_are_one_body() -> None:
    same = crowd((1, 1, True, 0), (1.05, 1, True, 0), (1, 1, False, 0), (3, 1, True, 0), (3, 1.1, True, 1.2))
    assert bodies(same).numbers.tolist() == [0, 2, 3, 4], "customers, and those who pass, are left as they are"
    apart = crowd((1, 1, True, 0), (1.5, 1, True, 0))
    assert bodies(apart) is apart
