import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_backend.door_occupancy import DayOccupancy, DoorStep, occupancy_now, reconcile_day

COUNTS = st.lists(st.builds(DoorStep, st.integers(0, 50), st.integers(0, 50)), max_size=40)


def test_a_day_without_drift_stays_as_it_was() -> None:
    day = reconcile_day([DoorStep(10, 0), DoorStep(5, 5), DoorStep(0, 10)])
    assert (day.people, day.drift, day.drift_ratio) == ((10.0, 10.0, 0.0), 0, 0.0)
    assert day.off[-1] == 0, "at its end the store is known to be empty"
    assert day.off[0] > 0


def test_drift_is_taken_off_along_the_crossings() -> None:
    # Two exits of forty crossings were missed; the quiet hour in the middle bears none of it.
    day = reconcile_day([DoorStep(20, 0), DoorStep(0, 0), DoorStep(0, 18)])
    assert day.drift == 2
    assert day.drift_ratio == pytest.approx(2 / 38)
    assert day.people == pytest.approx((20 - 2 * 20 / 38, 20 - 2 * 20 / 38, 0.0))


@given(COUNTS)
def test_occupancy_is_never_negative_and_ends_with_nobody_inside(steps: list[DoorStep]) -> None:
    day = reconcile_day(steps)
    assert all(people >= 0 for people in day.people)
    if any(step.entered + step.left for step in steps):
        assert day.people[-1] == pytest.approx(0.0, abs=1e-9)


def test_earlier_days_say_what_drift_to_expect() -> None:
    earlier = [DayOccupancy((), 4, 0.04), DayOccupancy((), 4, 0.04)]
    now = occupancy_now([DoorStep(60, 40)], earlier)
    assert now.people == pytest.approx(16.0)
    assert now.low < now.people < now.high
    unsure = occupancy_now([DoorStep(60, 40)], [])
    assert unsure.people == 20.0
    assert unsure.high - unsure.low > now.high - now.low


def test_an_empty_morning_is_an_empty_store() -> None:
    assert occupancy_now([], []).high == 0.0


def test_nobody_is_inside_and_never_fewer() -> None:
    now = occupancy_now([DoorStep(3, 9)], [])
    assert (now.people, now.low) == (0.0, 0.0)
    assert now.high >= 0.0
