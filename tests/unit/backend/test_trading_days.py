"""A store's days run from night to night, whatever its clock and its week are."""

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_backend.trading_days import trading_days
from storesense_contracts.layout import OpeningHours

BERLIN = ZoneInfo("Europe/Berlin")
WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)  # a Friday


def hours(opens: str, closes: str, days: list[str] | None = None) -> OpeningHours:
    return OpeningHours.model_validate({"days": days or WEEK, "opens": opens, "closes": closes})


def test_a_day_ends_three_hours_after_closing_by_the_stores_clock() -> None:
    (day,) = trading_days([hours("08:00", "20:00")], BERLIN, from_at=NOON, to_at=NOON + timedelta(minutes=1))
    assert day.starts_at == datetime(2026, 11, 19, 22, tzinfo=UTC)
    assert day.ends_at == datetime(2026, 11, 20, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given_hours", "count", "why"),
    [
        ([], 0, "no hours are known"),
        ([hours("00:00", "24:00")], 0, "the store never closes"),
        ([hours("06:00", "05:00")], 0, "an hour's pause is no night"),
        ([hours("08:00", "12:00"), hours("13:00", "20:00")], 1, "a pause at noon cuts no day"),
        ([hours("20:00", "04:00")], 1, "a bar's day runs over midnight"),
        ([hours("08:00", "20:00", ["mon", "sat"])], 1, "closed days belong to the next night's day"),
    ],
)
def test_what_a_night_is(given_hours: list[OpeningHours], count: int, why: str) -> None:
    days = trading_days(given_hours, BERLIN, from_at=NOON, to_at=NOON + timedelta(minutes=1))
    assert len(days) == count, why


def test_the_change_of_clocks_moves_the_night() -> None:
    sunday = datetime(2026, 10, 25, 12, tzinfo=UTC)
    (day,) = trading_days([hours("08:00", "20:00")], BERLIN, from_at=sunday, to_at=sunday + timedelta(minutes=1))
    assert day.ends_at - day.starts_at == timedelta(hours=25)


@given(st.integers(0, 23), st.integers(1, 20), st.integers(0, 400))
def test_days_follow_each_other_without_gap_and_hold_the_span(opens_h: int, open_for_h: int, day_no: int) -> None:
    closes_h = (opens_h + open_for_h) % 24
    begin = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day_no)
    each = hours(f"{opens_h:02}:00", f"{closes_h:02}:00")
    days = trading_days([each], BERLIN, from_at=begin, to_at=begin + timedelta(days=3))
    assert days[0].starts_at <= begin
    assert days[-1].ends_at >= begin + timedelta(days=3)
    assert all(one.ends_at == other.starts_at for one, other in itertools.pairwise(days))
    assert all(day.starts_at.minute % 15 == 0 for day in days)
