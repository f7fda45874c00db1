"""What a camera truly has before it."""

import dataclasses
import math
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from storesense_simulators.twin.eye_blinds import ALL_HIDDEN_M, RAIL_HEIGHT_M, SHELF_HEIGHT_M, blinds_of
from storesense_simulators.twin.eye_crowd import WALK_ON_MS, Approach, Crowd, Street
from storesense_simulators.twin.eye_sight import see
from storesense_simulators.twin.projection import pinhole_of
from storesense_simulators.twin.shop import CameraMount, Shelf, Shop, Wall

MOUNT = CameraMount("eye", (0.5, 5.0), 3.0, 0.0, 25.0, 90.0, (640, 360), 10.0)


def bare_shop(*, shelves: tuple[Shelf, ...] = (), walls: tuple[Wall, ...] = ()) -> Shop:
    """A floor of 20 by 10 metres; only what the eye looks at."""
    obstacles = tuple(shelf.polygon for shelf in shelves)
    return cast("Shop", SimpleNamespace(size_m=(20.0, 10.0), shelves=shelves, walls=walls, obstacles=obstacles))


def crowd_at(*spots: tuple[float, float], height_m: float = 1.75) -> Crowd:
    count = len(spots)
    return Crowd(
        numbers=np.arange(1, count + 1),
        xy_m=np.array(spots, dtype=np.float64).reshape(-1, 2),
        height_m=np.full(count, height_m),
        radius_m=np.full(count, 0.24),
        heading=np.tile([0.0, 1.0], (count, 1)),
        speed_m_s=np.full(count, 1.2),
        has_trolley=np.zeros(count, np.bool_),
        is_staff=np.zeros(count, np.bool_),
    )


def looked(shop: Shop, crowd: Crowd, mount: CameraMount = MOUNT):
    pinhole = pinhole_of(mount)
    return see(pinhole, blinds_of(shop, pinhole.at_xyz_m), crowd)


def test_a_person_ahead_is_as_tall_as_the_projection_says():
    sight = looked(bare_shop(), crowd_at((8.5, 5.0)))
    pinhole = pinhole_of(MOUNT)
    ends, _ = pinhole.project(np.array([[8.5, 5.0, 0.0], [8.5, 5.0, 1.75]]))
    left, top, right, bottom = sight.boxes_xyxy_px[0]
    assert bottom == pytest.approx(ends[0, 1])
    assert top == pytest.approx(ends[1, 1])
    assert (left + right) / 2 == pytest.approx(320.0)
    assert sight.visibility[0] == pytest.approx(1.0)


def test_boxes_come_nearest_first_and_the_farther_one_is_covered():
    sight = looked(bare_shop(), crowd_at((9.0, 5.0), (6.0, 5.0)))
    assert sight.places.tolist() == [1, 0]
    assert sight.visibility[0] == pytest.approx(1.0)
    assert 0.0 < sight.visibility[1] < 0.7


def test_who_is_behind_the_camera_or_beside_the_picture_is_not_seen():
    assert len(looked(bare_shop(), crowd_at((0.1, 5.0), (3.0, 9.9)))) == 0


def test_an_empty_floor_shows_nobody():
    assert len(looked(bare_shop(), crowd_at())) == 0


def test_a_shelf_hides_what_is_below_the_ray_over_its_far_edge():
    shelf = Shelf("s", ((5.0, 3.0), (6.0, 3.0), (6.0, 7.0), (5.0, 7.0)), (1.0, 0.0), "a")
    pinhole = pinhole_of(MOUNT)
    hidden_m = blinds_of(bare_shop(shelves=(shelf,)), pinhole.at_xyz_m).at(np.array([[7.05, 5.05], [4.0, 5.0]]))
    # From 3 m up at x 0.5 over the edge 1.5 m high at x 6: at x 7.05 the ray is at 3 - 1.5 * 6.55 / 5.5.
    assert hidden_m[0] == pytest.approx(3.0 - (3.0 - SHELF_HEIGHT_M) * 6.55 / 5.5, abs=0.02)
    assert hidden_m[1] == 0.0, "who stands before the shelf is not hidden by it"
    sight = looked(bare_shop(shelves=(shelf,)), crowd_at((7.05, 5.05)))
    assert sight.shown_xyxy_px[0, 3] < sight.boxes_xyxy_px[0, 3], "the feet are out of sight"
    assert 0.1 < sight.visibility[0] < 0.6


def test_a_wall_hides_everybody_behind_it():
    wall = Wall(((5.0, 0.0), (5.0, 10.0)), 0.1)
    pinhole = pinhole_of(MOUNT)
    hidden_m = blinds_of(bare_shop(walls=(wall,)), pinhole.at_xyz_m).at(np.array([[7.0, 5.0], [4.0, 5.0]]))
    assert hidden_m.tolist() == [pytest.approx(ALL_HIDDEN_M), 0.0]
    assert looked(bare_shop(walls=(wall,)), crowd_at((7.0, 5.0))).visibility.tolist() == [0.0]


def test_people_are_seen_over_a_rail():
    rail = Wall(((5.0, 0.0), (5.0, 10.0)), 0.05)
    pinhole = pinhole_of(MOUNT)
    hidden_m = blinds_of(bare_shop(walls=(rail,)), pinhole.at_xyz_m).at(np.array([[6.05, 5.05]]))
    assert hidden_m[0] == pytest.approx(3.0 - (3.0 - RAIL_HEIGHT_M) * 5.55 / 4.5, abs=0.02)
    assert looked(bare_shop(walls=(rail,)), crowd_at((6.0, 5.0))).visibility[0] > 0.4


def test_a_body_at_the_side_leans_outwards_and_its_box_encloses_it():
    steep = dataclasses.replace(MOUNT, tilt_deg=60.0)
    sight = looked(bare_shop(), crowd_at((2.5, 6.5)), steep)
    ends, _ = pinhole_of(steep).project(np.array([[2.5, 6.5, 0.0], [2.5, 6.5, 0.8 * 1.75]]))
    assert ends[1, 0] > ends[0, 0] + 10.0, "shoulders are further to the side than the feet"
    left, _, right, _ = sight.boxes_xyxy_px[0]
    assert left < ends[0, 0]
    assert right > ends[1, 0]


def test_leavers_walk_on_for_a_moment_and_are_gone_then():
    street = Street()
    street.with_leavers(crowd_at((5.0, 5.0), (6.0, 5.0)), 0)
    stays = crowd_at((5.0, 5.0))
    soon = street.with_leavers(stays, 1_000)
    assert soon.numbers.tolist() == [1, 2]
    assert soon.xy_m[1] == pytest.approx((6.0, 6.2)), "a second on at 1.2 m/s in their direction"
    assert street.with_leavers(stays, 2_000).numbers.tolist() == [1, 2]
    assert street.with_leavers(stays, 3_000).numbers.tolist() == [1]


def test_visibility_is_a_share_wherever_people_stand():
    chance = np.random.default_rng(5)
    spots = chance.uniform((0.0, 0.0), (20.0, 10.0), (60, 2))
    shelf = Shelf("s", ((5.0, 3.0), (6.0, 3.0), (6.0, 7.0), (5.0, 7.0)), (1.0, 0.0), "a")
    sight = looked(bare_shop(shelves=(shelf,)), crowd_at(*map(tuple, spots.tolist())))
    assert len(sight) > 20
    assert np.isfinite(sight.boxes_xyxy_px).all()
    assert ((sight.visibility >= 0) & (sight.visibility <= 1)).all()
    assert (np.diff(sight.depths_m) >= 0).all()
    assert math.isfinite(float(sight.open_share.sum()))


def test_who_comes_in_by_a_door_was_on_the_street_before_and_nobody_else() -> None:
    approach = Approach(np.array([(5.0, 5.0)]))
    given = list(approach.take(crowd_at((9.0, 9.0)), 0))
    # The second is at the door from 1 s on; the third appears far from any.
    for t_ms in range(1_000, 4_000, 500):
        given += approach.take(crowd_at((9.0, 9.0), (5.0, 5.5), (1.0, 1.0)), t_ms)
    given += approach.rest()
    assert [t_ms for t_ms, _ in given] == [0, *range(1_000, 4_000, 500)], "late, and none left out"
    assert given[0][1].numbers.tolist() == [1, 2]
    walked_m = np.hypot(*(given[0][1].xy_m[1] - (5.0, 5.5)))
    assert 0.5 <= walked_m <= 3.0, "a second's walk away"
    assert given[1][1].numbers.tolist() == [1, 2, 3]
    assert WALK_ON_MS >= 1_000
