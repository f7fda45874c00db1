"""How people walk among others."""

import numpy as np
import pytest

from storesense_simulators.twin.crowd import Crowd
from storesense_simulators.twin.ground import BODY_M, Ground
from storesense_simulators.twin.people import Kind, People
from storesense_simulators.twin.shop import Wall
from storesense_simulators.twin.theory_bottleneck import bottleneck_flow
from storesense_simulators.twin.theory_flow import corridor_speed, published_m_s, weidmann_m_s

STEP_S = 0.25


def somebody(people: People, xy_m: tuple[float, float], *, radius_m: float = 0.2) -> int:
    return people.add(len(people) + 1, Kind.SHOPPER, xy_m, height_m=1.7, radius_m=radius_m)


def test_alone_one_walks_at_ones_own_speed_and_stops_on_the_spot() -> None:
    people = People()
    crowd = Crowd(people, None)
    row = somebody(people, (0.0, 0.0))
    crowd.walk(row, (4.0, 0.0), 1.34, 0.05, stops=True)
    steps = 0
    while not len(crowd.step(STEP_S)[1]):
        steps += 1
    assert people.at[0, row] == pytest.approx(4.0, abs=0.05)
    assert steps * STEP_S == pytest.approx(4.0 / 1.34, abs=STEP_S)


def test_two_who_meet_head_on_pass_each_other_on_the_right_without_touching() -> None:
    people = People()
    crowd = Crowd(people, None)
    east, west = somebody(people, (0.0, 0.0)), somebody(people, (10.0, 0.0))
    crowd.walk(east, (10.0, 0.0), 1.3, 0.3, stops=True)
    crowd.walk(west, (0.0, 0.0), 1.3, 0.3, stops=True)
    nearest, done = 9.0, set()
    for _ in range(80):
        done |= set(crowd.step(STEP_S)[1].tolist())
        apart = people.at[:, east] - people.at[:, west]
        nearest = min(nearest, float(np.hypot(*apart)))
        if abs(apart[0]) < 0.2:
            assert people.at[1, east] > people.at[1, west]  # y runs down the plan: the right of who goes east
    assert done == {east, west}
    assert nearest > 0.35


def test_somebody_who_stands_is_walked_around() -> None:
    people = People()
    crowd = Crowd(people, None)
    walker, post = somebody(people, (0.0, 0.0)), somebody(people, (3.0, 0.0))
    crowd.stand(post)
    crowd.walk(walker, (6.0, 0.0), 1.3, 0.2, stops=True)
    nearest = 9.0
    for _ in range(60):
        crowd.step(STEP_S)
        nearest = min(nearest, float(np.hypot(*(people.at[:, walker] - people.at[:, post]))))
    assert people.at[0, walker] == pytest.approx(6.0, abs=0.2)
    assert nearest > 0.3
    assert tuple(people.at[:, post]) == (3.0, 0.0)


def test_nobody_goes_through_a_wall_even_when_pushed_against_it() -> None:
    wall = Wall(((0.0, 2.0), (10.0, 2.0)), 0.1)
    ground = Ground((10.0, 4.0), walls=[wall])
    people = People()
    crowd = Crowd(people, ground)
    rows = [somebody(people, (1.0 + 0.45 * k, 1.0)) for k in range(12)]
    for row in rows:
        crowd.walk(row, (5.0, 3.5), 1.4, 0.2, stops=True)
    for _ in range(200):
        crowd.step(STEP_S)
        assert people.at[1, rows].max() <= 2.0 - 0.05 - BODY_M + 0.05  # to a cell's half


def test_somebody_shut_in_by_people_who_stand_squeezes_through_and_is_known_to_have_been_stuck() -> None:
    people = People()
    crowd = Crowd(people, None)
    row = somebody(people, (0.0, 0.0))
    for k in range(12):
        angle = 2 * np.pi * k / 12
        crowd.stand(somebody(people, (0.6 * np.cos(angle), 0.6 * np.sin(angle))))
    crowd.walk(row, (5.0, 0.0), 1.3, 0.2, stops=True)
    longest = 0.0
    for _ in range(160):
        crowd.step(STEP_S)
        longest = max(longest, float(crowd.stuck_s[row]))
    assert longest > 1.0
    assert people.at[0, row] == pytest.approx(5.0, abs=0.3)


def test_rows_are_used_again_and_grow_when_full() -> None:
    people = People()
    crowd = Crowd(people, None)
    rows = [somebody(people, (float(k), 0.0)) for k in range(700)]
    for row in rows:
        crowd.walk(row, (float(row), 5.0), 1.0, 0.1, stops=False)
    crowd.step(STEP_S)
    assert float(people.at[1, rows].min()) > 0.1
    people.remove(rows[3])
    assert len(people) == 699
    assert somebody(people, (0.0, 9.0)) == rows[3]


@pytest.mark.parametrize("density", [0.5, 1.5, 3.0])
def test_the_fundamental_diagram_is_within_published_bounds(density: float) -> None:
    point = corridor_speed(density, seed=7, warm_up_s=30.0, lasts_s=30.0)
    assert point.is_within, point


@pytest.mark.parametrize("width_m", [1.2, 2.0])
def test_the_flow_through_a_narrow_place_is_a_published_one(width_m: float) -> None:
    point = bottleneck_flow(width_m, seed=7)
    assert point.is_within, point


def test_speed_falls_with_density() -> None:
    speeds = [corridor_speed(d, seed=7, warm_up_s=20.0, lasts_s=20.0).speed_m_s for d in (0.5, 1.5, 3.0)]
    assert speeds == sorted(speeds, reverse=True)


def test_the_published_curves_are_the_published_ones() -> None:
    assert weidmann_m_s(1.0) == pytest.approx(1.06, abs=0.01)  # Weidmann's table at one person a square metre
    assert weidmann_m_s(5.4) == pytest.approx(0.0, abs=1e-12)
    assert published_m_s(2.0)[1] == pytest.approx(1.4 * (1 - 0.532))
