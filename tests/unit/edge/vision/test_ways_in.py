import numpy as np
import pytest

from storesense_edge.vision.homography import fit_floor_map
from storesense_edge.vision.standing import head_view
from storesense_edge.vision.ways_in import BLUR_M, CLOSED_M, deepest, ways_in

AISLE = ((0.0, 0.0), (2.0, 0.0), (2.0, 12.0), (0.0, 12.0))
SHELVES = ([(0.0, 0.0), (0.0, 12.0)], [(2.0, 0.0), (2.0, 12.0)])


def test_an_aisle_is_entered_at_its_ends() -> None:
    found = ways_in(AISLE, SHELVES)
    ways = np.array(found.points_xy)
    assert set(ways[:, 1]) == {0.0, 12.0}
    assert ways[:, 0].min() > CLOSED_M, "nobody fits between a shelf and the way in"
    assert ways[:, 0].max() < 2.0 - CLOSED_M
    assert deepest(AISLE, found) == pytest.approx(6.0, abs=0.3)


def test_without_walls_an_area_is_entered_from_everywhere() -> None:
    found = ways_in(AISLE, [])
    ways = np.array(found.points_xy)
    assert {0.0, 2.0} <= set(ways[:, 0])
    assert deepest(AISLE, found) == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize(("off_m", "is_closed"), [(0.3, True), (0.8, False)])
def test_a_wall_closes_the_border_that_it_stands_beside(off_m: float, is_closed: bool) -> None:
    ways = ways_in(AISLE, [[(-5.0, -off_m), (7.0, -off_m)]]).points_xy
    assert any(y == 0.0 and 0.6 < x < 1.4 for x, y in ways) is not is_closed


def test_where_the_view_ends_people_may_come_from() -> None:
    # The picture shows the floor from y = 0 to y = 5.
    view = fit_floor_map([(0, 0), (1, 0), (1, 1), (0, 1)], [(-1, 0), (3, 0), (3, 5), (-1, 5)])
    ways = np.array(ways_in(AISLE, SHELVES, view).points_xy)
    inner = ways[(ways[:, 1] > 0) & (ways[:, 1] < 12)]
    assert len(inner) > 0
    assert (np.abs(inner[:, 1] - 5.25) <= 0.26).all()


def test_an_area_within_walls_has_no_way_in() -> None:
    ring = [*AISLE, AISLE[0]]
    found = ways_in(AISLE, [ring])
    assert not found.points_xy
    assert deepest(AISLE, found) == deepest(AISLE, None) == 0.0


def test_the_further_from_the_camera_the_further_is_clear() -> None:
    # A camera 4 m above (1, -2) that looks along the aisle, 45 degrees down.
    half = np.sqrt(0.5)
    image, floor = [], []
    for x, y in ((0.0, 0.0), (2.0, 0.0), (2.0, 12.0), (0.0, 12.0)):
        right, ahead, down = x - 1.0, y + 2.0, 4.0
        depth = ahead * half + down * half
        image.append((0.5 + 400 * right / depth / 640, 0.5 + 400 * (down * half - ahead * half) / depth / 480))
        floor.append((x, y))
    view = fit_floor_map(image, floor)
    heads = head_view(view, (640, 480))
    assert heads is not None
    assert heads.eye_height_m == pytest.approx(4.0, abs=0.05)
    found = ways_in(AISLE, SHELVES, view, heads)
    clear_at = {y: clear for (_, y), clear in zip(found.points_xy, found.clears, strict=True)}
    assert clear_at[0.0] == pytest.approx(BLUR_M, abs=0.01)
    assert clear_at[12.0] == pytest.approx(BLUR_M * 14 / 4, abs=0.02)
