"""Rows become hours, half-measured ones are left out, and an odd hour is told in words."""

from datetime import date, timedelta

import numpy as np
import pytest

from storesense_backend.forecasts.days import Calendar
from storesense_backend.forecasts.explaining import Finding, explain
from storesense_backend.forecasts.store_hours import learn_hours

FIRST = date(2024, 1, 1)
DAYS = 60
LAST = FIRST + timedelta(days=DAYS - 2)
CALENDAR = Calendar(FIRST, (None,) * DAYS)


def rows(*, last: float | None = None, minutes: int = 120, days: int = DAYS - 1) -> list[dict[str, object]]:
    """Two doors, 80 people an hour from 8 to 20, always 96 % on the shelf; the last day is special at 14 o'clock."""
    chance = np.random.default_rng(1)
    found: list[dict[str, object]] = []
    for day in range(DAYS - 1 - days, DAYS - 1):
        for hour in range(24):
            people = float(chance.poisson(80 if 8 <= hour < 20 else 0))
            here = {"day": FIRST + timedelta(days=day), "hour": hour, "minutes": 120}
            if day == DAYS - 2 and hour == 14:
                here["minutes"] = minutes
                people = people if last is None else last
            found.append(here | {"kpi": "visitors", "value": people})
            found.append(here | {"kpi": "on_shelf_availability", "value": 0.96})
    return found


SERIES = {"visitors": 2, "on_shelf_availability": 2, "queue_length": 0}


def test_an_hour_at_a_quarter_is_told_and_an_ordinary_one_is_not() -> None:
    odd = learn_hours(rows(last=8.0), CALENDAR, SERIES, (LAST, 15)).judged(LAST, 14)
    even = learn_hours(rows(), CALENDAR, SERIES, (LAST, 15)).judged(LAST, 14)
    (visitors, availability) = odd
    assert (visitors["kpi"], visitors["value"]) == ("visitors", 8.0)
    assert visitors["expected"] == pytest.approx(80, rel=0.1)
    assert visitors["score"] > 3 * even[0]["score"]
    assert availability["score"] < 2
    assert availability["expected"] == pytest.approx(0.96, abs=0.01)
    assert even[0]["score"] < 4


def test_half_measured_hours_and_those_to_come_are_left_out() -> None:
    assert learn_hours(rows(minutes=60), CALENDAR, SERIES, (LAST, 15)).judged(LAST, 14) == []
    assert learn_hours(rows(), CALENDAR, SERIES, (LAST, 14)).judged(LAST, 14) == []
    assert learn_hours(rows(days=20), CALENDAR, SERIES, (LAST, 15)).judged(LAST, 14) == [], "too little to go by"


def test_tomorrow_is_foretold_on_the_scale_of_the_kpi() -> None:
    hours = learn_hours(rows(), CALENDAR, SERIES, (LAST, 15))
    assert hours.kpis == ("visitors", "on_shelf_availability")
    noon = hours.forecast("on_shelf_availability", LAST + timedelta(days=1))[12]
    assert 0.9 < noon["low"] <= noon["median"] <= noon["high"] <= 1.0
    assert hours.forecast("queue_length", LAST) == []
    assert hours.forecast("visitors", LAST + timedelta(days=2)) == []


def test_explanations_in_both_languages() -> None:
    told = explain(Finding("visitors", 1, 14, 212.0, 95.0, 60.0, 140.0))
    assert told["en"] == (
        "Visitors 14:00–15:00: 212, usual 95 (60 to 140) for a Tuesday. Nothing else measured here is unusual then"
    )
    assert told["zh-CN"] == "客流量 14:00–15:00：212，周二通常为 95（60 至 140）。同一时段其他指标正常"
    told = explain(Finding("on_shelf_availability", 6, 23, 0.5, 0.9, 0.8, 1.0, "Christmas Day", ["wait_mean"]))
    assert "50 %, usual 90 % (80 to 100) for Christmas Day" in told["en"]
    assert "23:00–00:00" in told["en"]
    assert told["zh-CN"].endswith("同时异常：平均等候")


def test_a_store_that_measures_none_of_the_kpis_has_no_forecast_and_no_finding() -> None:
    hours = learn_hours([], CALENDAR, dict.fromkeys(SERIES, 0), (LAST, 15))
    assert (hours.kpis, hours.days_measured) == ((), 0)
    assert hours.forecast("visitors", LAST) == []
    assert hours.judged(LAST, 14) == []


def test_nothing_is_foretold_of_a_store_that_has_told_nothing_yet() -> None:
    hours = learn_hours([], CALENDAR, SERIES, (LAST, 15))
    assert (hours.kpis, hours.days_measured) == (("visitors", "on_shelf_availability"), 0)
    assert hours.forecast("visitors", LAST) == []
