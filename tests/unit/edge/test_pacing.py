from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_contracts.clock import ManualClock
from storesense_edge.pacing import MAX_LAG_S, Moment, Pacer

NOW_AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
ROUNDING = timedelta(microseconds=10)


def moment(clock: ManualClock) -> Moment:
    return Moment(clock.now(), clock.monotonic_s())


@pytest.mark.parametrize("speed", [0.5, 1.0, 4.0, 200.0])
def test_a_replay_in_time_dates_frames_by_the_beginning_plus_media_time_over_speed(speed: float) -> None:
    clock, pacer = ManualClock(NOW_AT), Pacer(speed)
    for n in range(50):
        media_s = 10.0 + n * 0.1
        clock.advance(pacer.wait_s(media_s, clock.monotonic_s()))
        at = pacer.instant(media_s, moment(clock))
        assert abs((at - NOW_AT).total_seconds() - n * 0.1 / speed) < 1e-5
    assert pacer.slipped_s == 0


def test_slow_work_makes_dates_lag_a_little_and_then_slip_without_losing_frames() -> None:
    clock, pacer = ManualClock(NOW_AT), Pacer(10.0)
    lags = []
    for n in range(200):
        media_s = n * 0.1  # due every 10 ms, and each takes 50 ms
        clock.advance(pacer.wait_s(media_s, clock.monotonic_s()))
        lags.append((clock.now() - pacer.instant(media_s, moment(clock))).total_seconds())
        clock.advance(0.05)
    assert max(lags) <= MAX_LAG_S + 1e-6
    assert lags[-1] < MAX_LAG_S
    assert pacer.slipped_s > 5


@given(
    speed=st.one_of(st.just("max"), st.floats(0.1, 1_000)),
    steps=st.lists(st.tuples(st.floats(0, 5), st.floats(0, 1)), min_size=1, max_size=40),
)
def test_no_date_runs_ahead_of_the_clock_and_frames_keep_their_order(
    speed: float, steps: list[tuple[float, float]]
) -> None:
    clock, pacer = ManualClock(NOW_AT), Pacer(speed)  # type: ignore[arg-type]
    media_s, first_s, last_at = 0.0, steps[0][0], NOW_AT - timedelta(days=1)
    for media_step_s, work_s in steps:
        media_s += media_step_s
        clock.advance(pacer.wait_s(media_s, clock.monotonic_s()))
        now = moment(clock)
        at = pacer.instant(media_s, now)
        assert last_at - ROUNDING <= at <= clock.now()
        assert NOW_AT - ROUNDING <= pacer.instant((first_s + media_s) / 2, now) <= at
        last_at = at
        clock.advance(work_s)


def test_max_never_waits() -> None:
    pacer = Pacer("max")
    assert [pacer.wait_s(media_s, 0.0) for media_s in (0.0, 100.0, 1e6)] == [0.0, 0.0, 0.0]


def test_dates_follow_a_clock_that_was_set() -> None:
    clock, pacer = ManualClock(NOW_AT), Pacer(1.0)
    pacer.wait_s(0.0, clock.monotonic_s())
    clock.jump(NOW_AT + timedelta(hours=3))
    clock.advance(pacer.wait_s(1.0, clock.monotonic_s()))
    assert pacer.instant(1.0, moment(clock)) == NOW_AT + timedelta(hours=3, seconds=1)
