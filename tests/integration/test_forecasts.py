"""Forecasts and anomalies over a real database: learnt from counts, asked over HTTP, kept and told to rules."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from fixtures.backend_world import DEVICES, STORE, layout, new_world, running_backend
from storesense_backend import registry
from storesense_backend.alerts.assessors.protocol import StoreView
from storesense_backend.forecasts.assessor import KpiAnomalies
from storesense_backend.roles import Role
from storesense_contracts.clock import ManualClock
from storesense_contracts.rules import RULE

NOW = datetime(2026, 11, 20, 15, 10, tzinfo=UTC)  # a Friday, ten past four in Berlin
RULES = [RULE.validate_python({"id": "odd", "kind": "kpi_anomaly"})]


@pytest.fixture
async def world(database_url):
    async with new_world(database_url) as world:
        await registry.put_store(world.connection, layout(), devices=DEVICES, rules=RULES)
        yield world


async def count_days(world, *, days, last_hours=1.0):
    """A hundred people an hour from eight to eight in Berlin, and a share of them in the last three hours.

    They come in one minute of each quarter of an hour; the other minutes say that nobody came.
    """
    chance = np.random.default_rng(3)
    since = (NOW - timedelta(days=days)).replace(hour=7, minute=0)
    quarters = int((NOW.replace(minute=0) - since).total_seconds() // 900)
    people = {}
    for quarter in range(quarters):
        at = since + timedelta(minutes=15 * quarter)
        rate = 25.0 if 7 <= at.hour < 19 else 0.0
        if at >= NOW.replace(minute=0) - timedelta(hours=3):
            rate *= last_hours
        people[at] = int(chance.poisson(rate))
    series = await world._series(STORE, "cam-1", "footfall", "entrance")
    batch_no = await world.commit("footfall_counts", "entrance", [])
    await world.connection.execute(
        """INSERT INTO footfall_counts
               (series_id, boot_no, seq, idx, batch_no, measured_at, received_at, period_ms, in_count, out_count)
           SELECT %s, 1, 1000000 + n, 0, %s, at + minute * interval '1 minute',
               at + minute * interval '1 minute', 60000, CASE WHEN minute = 0 THEN people ELSE 0 END, 0
           FROM unnest(%s::timestamptz[], %s::integer[]) WITH ORDINALITY AS t(at, people, n),
               generate_series(0, 14) AS minute""",
        (series, batch_no, list(people), list(people.values())),
    )


async def get(world, *paths):
    headers = await world.key(Role.VIEWER, f"viewer of {paths[0]}")
    async with running_backend(world.url, clock=ManualClock(NOW)) as (_, http):
        return [await http.get(f"/api/v1/stores/{STORE}/{path}", headers=headers) for path in paths]


async def test_today_and_tomorrow_are_foretold_with_bands(world):
    await count_days(world, days=40)
    (answer,) = await get(world, "forecast?kpi=visitors")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["days_measured"] == 41
    assert [day["date"] for day in told["days"]] == ["2026-11-20", "2026-11-21"]
    tomorrow = {hour["hour"]: hour for hour in told["days"][1]["hours"]}
    assert tomorrow[12]["median"] == pytest.approx(100, rel=0.12)
    assert tomorrow[12]["at"] == "2026-11-21T11:00:00Z"
    assert 70 < tomorrow[12]["low"] < 97
    assert 103 < tomorrow[12]["high"] < 140
    assert tomorrow[3]["median"] == 0
    today = {hour["hour"]: hour["measured"] for hour in told["days"][0]["hours"]}
    assert 60 < today[10] < 140, "what came stands beside what was foretold"
    assert today[16] is None, "this hour is not over"
    answer, none = await get(world, "forecast?date=2026-11-18&days=1", "forecast?date=2020-01-01&days=31")
    (past,) = answer.json()["days"]
    assert past["date"] == "2026-11-18"
    assert all(hour["measured"] is not None for hour in past["hours"])
    assert none.json()["days"][0]["hours"] == [], "too long ago"


async def test_a_half_counted_afternoon_is_an_anomaly_told_and_kept_once(world):
    await count_days(world, days=40, last_hours=0.5)
    view, assessor = StoreView(layout(), 1, tuple(RULES), ("cam-1",), {}), KpiAnomalies()
    found = await assessor.observe(world.connection, [view], NOW)
    await KpiAnomalies().observe(world.connection, [view], NOW + timedelta(seconds=60))
    (measure,) = found[STORE, "kpi", "visitors"]
    assert measure.value > 4
    assert measure.facts["value"] == pytest.approx(50, abs=20)
    assert measure.facts["explanation"].startswith("15:00–16:00: ")
    assert "for a Friday" in measure.facts["explanation"]
    assert "周五" in measure.facts["explanation_zh"]
    answers = await get(world, "anomalies", "anomalies?kpi=wait_mean")
    (kept,), others = (answer.json()["anomalies"] for answer in answers)
    assert others == []
    assert (kept["kpi"], kept["hour_at"]) == ("visitors", "2026-11-20T14:00:00Z")
    assert kept["test"] in {"halved", "level"}
    assert kept["expected"] == pytest.approx(100, rel=0.12)


async def test_an_ordinary_afternoon_is_none(world):
    await count_days(world, days=40)
    view = StoreView(layout(), 1, tuple(RULES), ("cam-1",), {})
    found = await KpiAnomalies().observe(world.connection, [view], NOW)
    assert found[STORE, "kpi", "visitors"][0].value < 4
    (answer,) = await get(world, "anomalies")
    assert answer.json()["anomalies"] == []


async def test_a_store_without_a_past_and_a_kpi_that_is_not_foretold(world):
    answer, refused = await get(world, "forecast", "forecast?kpi=weather")
    told = answer.json()
    assert (told["days_measured"], [day["hours"] for day in told["days"]]) == (0, [[], []])
    view = StoreView(layout(), 1, tuple(RULES), ("cam-1",), {})
    assert await KpiAnomalies().observe(world.connection, [view], NOW) == {}
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, "kpi")
