"""A day by the minute: what holds, and which hours have gaps."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from fixtures.backend_world import layout
from storesense_backend.local_days import LocalDay
from storesense_backend.store_day import date_span, held, hours_of


@pytest.mark.parametrize(
    ("values", "steps", "expected"),
    [
        ([None, 2, None, None, None, 1], 2, [None, 2, 2, 2, None, 1]),
        ([0, None], 5, [0, 0]),  # a zero is known
        ([], 3, []),
    ],
)
def test_a_value_holds_for_so_long_and_no_longer(values, steps, expected):
    assert held(values, steps) == expected


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        (date(2026, 9, 27), "Pacific/Auckland", 23),  # summer time begins
        (date(2026, 4, 5), "Pacific/Auckland", 25),  # and ends
        (date(2026, 11, 21), "Asia/Kathmandu", 24),  # an offset of three quarters of an hour
    ],
)
def test_a_date_has_the_hours_that_the_clock_on_the_wall_has(day, zone, hours):
    span = date_span(day, layout(time_zone=zone))
    assert span.ends_at - span.starts_at == timedelta(hours=hours)
    assert span.starts_at.astimezone(ZoneInfo(zone)).date() == day
    assert len(hours_of(span, span.ends_at, [])) == hours


def test_an_hour_with_a_gap_says_how_much_of_it_is_there():
    start = datetime(2026, 11, 21, 18, 15, tzinfo=UTC)
    day = LocalDay(date(2026, 11, 22), start, start + timedelta(days=1))
    queue, zone = [1] * 90, [0.5] * 60 + [None] * 20 + [0.0] * 10
    hours = hours_of(day, start + timedelta(minutes=90), [queue, zone])
    assert [(hour["expected_minutes"], hour["measured_minutes"]) for hour in hours] == [(120, 120), (60, 40)]
    assert hours[1]["at"] == start + timedelta(hours=1)
