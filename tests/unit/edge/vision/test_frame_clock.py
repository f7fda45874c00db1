from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_edge.vision.frame_clock import JUMP_S, FrameClock

DELAYS = st.lists(st.floats(0.0, 0.8), min_size=2, max_size=60)


def proven(*, stamp_s: float = 0.0, arrival_s: float = 100.0, pictures: int = 80) -> FrameClock:
    """Return a clock that has seen a camera's stamps keep pace at ten pictures a second."""
    clock = FrameClock()
    for number in range(pictures):
        clock.taken_s(stamp_s + number / 10, arrival_s + number / 10)
    return clock


def test_pictures_that_arrive_in_a_burst_keep_the_distances_of_their_stamps() -> None:
    clock = proven()
    taken = [clock.taken_s(stamp, 109.0) for stamp in (8.0, 8.2, 8.4, 8.6, 8.8)]
    assert [round(second - first, 3) for first, second in pairwise(taken)] == [0.2] * 4
    assert taken[-1] <= 109.0


@pytest.mark.parametrize(
    ("pace", "late_s"),
    [
        pytest.param(0.2, 0.0, id="motion JPEG at 5 pictures a second, stamped as if there were 25"),
        pytest.param(0.96, 0.0, id="24 pictures a second, stamped as if there were 25"),
        pytest.param(1.2, 0.0, id="stamps that run ahead"),
        pytest.param(0.99, 0.65, id="a rate too near to tell is never far behind"),
    ],
)
def test_stamps_that_keep_another_pace_than_time_are_not_believed(pace: float, late_s: float) -> None:
    clock = FrameClock()
    for number in range(1_800):
        arrival_s = number / 5
        assert arrival_s - clock.taken_s(1.0 + pace * arrival_s, arrival_s) <= late_s


def test_a_camera_that_gives_fewer_pictures_in_the_dark_is_dated_by_arrival_until_its_stamps_are_times_again() -> None:
    clock, stamp_s, lateness = proven(), 8.0, list[float]()
    for number in range(600):
        arrival_s = 108.0 + number / 5
        stamp_s += 0.04 if number < 300 else 0.2  # a minute in which it counts on as if it gave 25
        lateness.append(arrival_s - clock.taken_s(stamp_s, arrival_s))
    assert max(lateness) <= JUMP_S + 0.2
    assert max(lateness[50:]) <= 0.01


def test_a_burst_that_makes_one_span_late_as_a_whole_ends_no_belief() -> None:
    clock = proven()
    for number in range(34):
        clock.taken_s(8.0 + number / 10, 108.4 + number / 10)
    assert clock.taken_s(12.0, 112.4) == pytest.approx(112.0, abs=0.01)


def test_a_camera_without_stamps_is_dated_by_arrival() -> None:
    clock = FrameClock()
    assert [clock.taken_s(None, at_s) for at_s in (5.0, 5.3, 5.1)] == [5.0, 5.3, 5.3]


def test_a_clock_that_runs_slow_is_followed_over_a_day() -> None:
    clock = FrameClock()
    for second in range(0, 86_400, 10):
        taken_s = clock.taken_s(1.0 + second * (1 - 1e-4), float(second))
    assert second - taken_s < 0.1  # without following, a day of 100 parts in a million would be 8.6 s


def test_stamps_that_are_reset_are_believed_anew_once_they_keep_pace() -> None:
    clock = proven(stamp_s=500.0)
    assert clock.taken_s(0.1, 108.0) == 108.0
    assert clock.taken_s(0.3, 108.25) == 108.25
    for number in range(80):
        clock.taken_s(0.4 + number / 10, 108.35 + number / 10)
    assert clock.taken_s(8.4, 116.5) == pytest.approx(116.3, abs=0.06)


@given(DELAYS)
def test_times_never_fall_and_never_lie_ahead_of_the_arrival(delays: list[float]) -> None:
    clock, last_s, arrival_s = FrameClock(), float("-inf"), 0.0
    for number, delay_s in enumerate(delays):
        arrival_s = max(arrival_s, number * 0.1 + delay_s)
        taken_s = clock.taken_s(number * 0.1 + 3.0, arrival_s)
        assert last_s <= taken_s <= arrival_s
        last_s = taken_s
