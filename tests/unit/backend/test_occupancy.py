"""Occupancy by the doors over days: those that are over end at nobody, the one that goes on has an interval."""

from datetime import UTC, datetime, timedelta

import pytest

from storesense_backend.occupancy import Step, mean_point, occupancy_of
from storesense_backend.ranges import TimeSpan
from storesense_backend.trading_days import TradingDay

BEGIN = datetime(2026, 11, 16, tzinfo=UTC)
DAY = timedelta(days=1)
QUARTER = timedelta(minutes=15)


def days(count: int) -> list[TradingDay]:
    return [TradingDay(BEGIN + DAY * number, BEGIN + DAY * (number + 1)) for number in range(count)]


def steps_of(day: TradingDay, *, missed_out: int, minutes: int = 15) -> list[Step]:
    """Ten people an hour come in over eight hours and stay for one; some are not seen to leave."""
    steps = []
    for quarter in range(96):
        comes = 10 if 32 <= quarter < 64 else 0
        goes = 10 if 36 <= quarter < 68 else 0
        steps.append(
            Step(day.starts_at + quarter * QUARTER, comes, goes - (missed_out if quarter == 50 else 0), minutes)
        )
    return steps


def test_a_day_that_is_over_is_reconciled_and_says_by_how_much() -> None:
    (day,) = days(1)
    now = day.ends_at + timedelta(hours=1)
    found = occupancy_of(
        steps_of(day, missed_out=8), [day], span=TimeSpan(day.starts_at, day.ends_at), line_count=1, now=now
    )
    (told,) = found.days
    assert (told.is_reconciled, told.entered, told.left, told.drift) == (True, 320, 312, 8)
    assert told.drift_ratio == pytest.approx(8 / 632)
    assert told.completeness == 1.0
    assert found.now is None
    assert len(found.points) == 96
    assert found.points[-1].people == pytest.approx(0.0)
    assert found.points[-1].high == pytest.approx(0.0), "at its end the store is known to be empty"
    assert found.points[40].low < found.points[40].people < found.points[40].high


def test_the_day_that_goes_on_is_judged_by_the_days_before() -> None:
    several = days(4)
    steps = [step for day in several[:3] for step in steps_of(day, missed_out=8)]
    now = several[3].starts_at + timedelta(hours=17, minutes=1)  # all have left
    steps += [step for step in steps_of(several[3], missed_out=8) if step.at < now]
    span = TimeSpan(several[3].starts_at, now)
    found = occupancy_of(steps, several, span=span, line_count=1, now=now)
    assert len(found.learnt) == 3
    (today,) = found.days
    assert (today.is_reconciled, today.drift, today.drift_ratio) == (False, None, None)
    assert found.now is not None
    assert found.now.people == pytest.approx(0.0, abs=0.5), "the usual drift is taken off already"
    assert found.now.low <= 0.5 <= found.now.high
    untaught = occupancy_of(steps[3 * 96 :], several[3:], span=span, line_count=1, now=now)
    assert untaught.now is not None
    assert untaught.now.people == pytest.approx(8.0)


def test_a_day_with_holes_teaches_nothing() -> None:
    (day,) = days(1)
    found = occupancy_of(
        steps_of(day, missed_out=0, minutes=12),
        [day],
        span=TimeSpan(day.starts_at, day.ends_at),
        line_count=1,
        now=day.ends_at,
    )
    assert found.days[0].completeness == pytest.approx(0.8)
    assert found.learnt == []


def test_only_the_span_is_told() -> None:
    (day,) = days(1)
    span = TimeSpan(day.starts_at + timedelta(hours=9), day.starts_at + timedelta(hours=10))
    found = occupancy_of(steps_of(day, missed_out=0), [day], span=span, line_count=1, now=day.ends_at)
    assert [point.at for point in found.points] == [span.from_at + quarter * QUARTER for quarter in range(4)]
    mean = mean_point(found.points)
    assert mean is not None
    assert mean[0] == pytest.approx(40.0)
    assert mean_point([]) is None
