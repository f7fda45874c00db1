"""Local days where clocks spring, fall, skip a day or do it at midnight."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storesense_backend.local_days import day_start, local_day


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "starts", "hours", "reason"),
    [
        ("Europe/Berlin", date(2026, 7, 1), "2026-06-30T22:00", 24, "an ordinary day"),
        ("Europe/Berlin", date(2026, 3, 29), "2026-03-28T23:00", 23, "the clock springs at two"),
        ("Europe/Berlin", date(2026, 10, 25), "2026-10-24T22:00", 25, "the clock falls at three"),
        ("Africa/Cairo", date(2026, 4, 24), "2026-04-23T22:00", 23, "midnight does not exist: 00:00 is 01:00"),
        ("America/Havana", date(2026, 11, 1), "2026-11-01T04:00", 25, "midnight comes twice; the first counts"),
        ("America/Sao_Paulo", date(2018, 2, 18), "2018-02-18T03:00", 24, "the hour before midnight comes twice"),
        ("America/St_Johns", date(2010, 11, 7), "2010-11-07T02:30", 25, "the clock fell one minute into the day"),
        ("America/Toronto", date(1919, 3, 31), "1919-03-31T04:30", 23.5, "the gap began half an hour before midnight"),
        ("Asia/Kathmandu", date(2026, 1, 1), "2025-12-31T18:15", 24, "offset in quarter hours"),
        ("Pacific/Apia", date(2011, 12, 31), "2011-12-30T10:00", 24, "the day before it did not exist"),
        ("UTC", date(2026, 1, 1), "2026-01-01T00:00", 24, "no offset"),
    ],
)
def test_a_day_begins_and_ends_where_the_wall_clock_says(zone, day, starts, hours, reason):
    info = ZoneInfo(zone)
    assert day_start(day, info) == utc(starts), reason
    found = local_day(utc(starts), info)
    assert found.starts_at == utc(starts), reason
    assert found.ends_at - found.starts_at == timedelta(hours=hours), reason
    assert local_day(found.ends_at - timedelta(microseconds=1), info) == found, reason
    assert local_day(found.ends_at, info).starts_at == found.ends_at, reason


def test_instants_of_any_zone_are_taken():
    berlin, tokyo = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Tokyo")
    at = datetime(2026, 11, 20, 7, 30, tzinfo=tokyo)
    assert local_day(at, berlin).date == date(2026, 11, 19)
    assert local_day(at, berlin).starts_at.tzinfo is UTC


ZONES = st.sampled_from(
    ["Europe/Berlin", "Africa/Cairo", "America/Havana", "America/St_Johns", "Pacific/Apia", "Asia/Beirut",
     "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kathmandu", "America/New_York", "Asia/Gaza"]
)  # fmt: skip


@settings(max_examples=200)
@given(
    ZONES,
    st.datetimes(datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2037-01-01"), timezones=st.just(UTC)),
)
def test_days_cut_time_without_gap_or_overlap(zone, at):
    info = ZoneInfo(zone)
    day = local_day(at, info)
    assert day.starts_at <= at < day.ends_at
    assert timedelta(hours=22) <= day.ends_at - day.starts_at <= timedelta(hours=26)
    assert local_day(day.starts_at, info) == day
    following = local_day(day.ends_at, info)
    assert following.starts_at == day.ends_at
    assert following.date > day.date
