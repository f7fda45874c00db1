"""Opening hours as people write them."""

from datetime import UTC, datetime

import pytest

from storesense_simulators.twin.hours import (
    clock_of,
    hours_of,
    is_open,
    minutes_of,
    open_minutes,
    weekdays_of,
)


@pytest.mark.parametrize(
    ("text", "days", "reason"),
    [
        ("all", (0, 1, 2, 3, 4, 5, 6), "the whole week"),
        ("wed", (2,), "one day"),
        ("mon-fri", (0, 1, 2, 3, 4), "a run of days"),
        ("sun,sat", (5, 6), "a list comes in order"),
        ("mon-tue, sat", (0, 1, 5), "runs and days, with a space"),
    ],
)
def test_days_are_read(text, days, reason):
    assert weekdays_of(text) == days, reason


@pytest.mark.parametrize("text", ["", "monday", "fri-mon", "mon-", "mon-fri-sun", "1"])
def test_what_are_no_days_is_refused(text):
    with pytest.raises(ValueError, match=r"weekdays|backwards"):
        weekdays_of(text)


@pytest.mark.parametrize("text", ["7:30", "24:01", "12:60", "noon", "-1:00", "07.30"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match="is no time of day"):
        minutes_of(text)


def test_times_go_there_and_back():
    assert [minutes_of(clock_of(minutes)) for minutes in range(1_441)] == list(range(1_441))


def test_a_lunch_break_is_closed():
    hours = hours_of("Europe/Paris", {"mon-sat": "08:00-12:30 14:00-20:00"})
    assert open_minutes(hours, 0) == 630
    assert open_minutes(hours, 6) == 0
    assert is_open(hours, datetime(2026, 1, 5, 11, 29, tzinfo=UTC))
    assert not is_open(hours, datetime(2026, 1, 5, 11, 30, tzinfo=UTC))
    assert is_open(hours, datetime(2026, 1, 5, 13, 0, tzinfo=UTC))
