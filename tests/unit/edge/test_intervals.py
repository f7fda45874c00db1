from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from storesense_edge.intervals import IntervalCutter, ReportClock, minute_of, whole_ms

BEGIN_AT = datetime(2026, 3, 1, 9, 0, 57, 300_400, tzinfo=UTC)


@given(steps_us=st.lists(st.integers(0, 30_000_000), max_size=60), changed=st.data())
def test_intervals_join_without_gaps_and_never_straddle_a_minute(steps_us: list[int], changed: st.DataObject) -> None:
    clock, cutter = ReportClock(BEGIN_AT, 1.0), IntervalCutter(BEGIN_AT)
    now_at, covered_until_at = BEGIN_AT, whole_ms(BEGIN_AT)
    for step_us in steps_us:
        now_at += timedelta(microseconds=step_us)
        tick = clock.tick(now_at)
        ends = [tick.minute_end_at] if tick.minute_end_at else []
        if tick.reports and changed.draw(st.booleans()):
            ends.append(now_at)
        for end_at in ends:
            interval = cutter.cut(end_at)
            if interval is None:
                continue
            assert interval.measured_at == covered_until_at
            end = interval.measured_at + timedelta(milliseconds=interval.period_ms)
            assert minute_of(interval.measured_at) == minute_of(end - timedelta(milliseconds=1))
            assert 1 <= interval.period_ms <= 60_000
            assert end <= now_at
            covered_until_at = end
    assert covered_until_at >= minute_of(now_at) or covered_until_at == whole_ms(BEGIN_AT)


def test_a_minute_without_a_frame_is_left_out() -> None:
    clock = ReportClock(BEGIN_AT, 1.0)
    later_at = BEGIN_AT + timedelta(minutes=5)
    tick = clock.tick(later_at)
    assert tick.minute_end_at == minute_of(BEGIN_AT) + timedelta(minutes=1)
    assert tick.resume_at == later_at


def test_the_next_minute_begins_where_the_last_one_ended() -> None:
    clock = ReportClock(BEGIN_AT, 1.0)
    tick = clock.tick(BEGIN_AT + timedelta(seconds=4))
    assert tick.minute_end_at == tick.resume_at == datetime(2026, 3, 1, 9, 1, tzinfo=UTC)


def test_reports_come_no_more_often_than_asked_for() -> None:
    clock = ReportClock(BEGIN_AT, 1.0)
    reports = [clock.tick(BEGIN_AT + timedelta(seconds=n / 10)).reports for n in range(35)]
    assert [n for n, report in enumerate(reports) if report] == [10, 20, 30]


def test_a_clock_that_was_set_back_begins_a_new_interval_there() -> None:
    cutter = IntervalCutter(BEGIN_AT)
    back_at = BEGIN_AT - timedelta(hours=1)
    assert cutter.cut(back_at) is None
    interval = cutter.cut(back_at + timedelta(seconds=2))
    assert interval is not None
    assert interval.measured_at == whole_ms(back_at)
    assert interval.period_ms == 2_000


def test_an_interval_shorter_than_a_millisecond_waits() -> None:
    cutter = IntervalCutter(BEGIN_AT)
    assert cutter.cut(BEGIN_AT) is None
    interval = cutter.cut(BEGIN_AT + timedelta(milliseconds=1))
    assert interval is not None
    assert interval.period_ms == 1


def test_rounding_of_a_moment_moves_no_interval_back() -> None:
    cutter = IntervalCutter(BEGIN_AT)
    assert cutter.cut(BEGIN_AT - timedelta(milliseconds=2)) is None
    interval = cutter.cut(BEGIN_AT + timedelta(milliseconds=3))
    assert interval is not None
    assert interval.measured_at == whole_ms(BEGIN_AT)
