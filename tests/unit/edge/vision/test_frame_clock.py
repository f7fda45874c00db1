from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_edge.vision.frame_clock import FrameClock

DELAYS = st.lists(st.floats(0.0, 0.8), min_size=2, max_size=60)


def test_pictures_that_arrive_in_a_burst_keep_the_distances_of_their_stamps() -> None:
    clock = FrameClock()
    clock.taken_s(1.0, 101.0)
    taken = [clock.taken_s(stamp, 102.0) for stamp in (1.2, 1.4, 1.6, 1.8, 2.0)]
    assert [round(second - first, 3) for first, second in pairwise(taken)] == [0.2] * 4
    assert taken[-1] <= 102.0


def test_a_camera_without_stamps_is_dated_by_arrival() -> None:
    clock = FrameClock()
    assert [clock.taken_s(None, at_s) for at_s in (5.0, 5.3, 5.1)] == [5.0, 5.3, 5.3]


def test_a_clock_that_runs_slow_is_followed_over_a_day() -> None:
    clock = FrameClock()
    for second in range(0, 86_400, 10):
        taken_s = clock.taken_s(1.0 + second * (1 - 1e-4), float(second))
    assert second - taken_s < 0.1  # without following, a day of 100 parts in a million would be 8.6 s


def test_stamps_that_are_reset_are_believed_anew() -> None:
    clock = FrameClock()
    clock.taken_s(500.0, 10.0)
    assert clock.taken_s(0.1, 11.0) == 11.0
    assert clock.taken_s(0.3, 11.25) == pytest.approx(11.2, abs=0.001)


@given(DELAYS)
def test_times_never_fall_and_never_lie_ahead_of_the_arrival(delays: list[float]) -> None:
    clock, last_s, arrival_s = FrameClock(), float("-inf"), 0.0
    for number, delay_s in enumerate(delays):
        arrival_s = max(arrival_s, number * 0.1 + delay_s)
        taken_s = clock.taken_s(number * 0.1 + 3.0, arrival_s)
        assert last_s <= taken_s <= arrival_s
        last_s = taken_s
