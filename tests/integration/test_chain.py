"""The chain's overview over a real database: rank, figures made in the background, targets."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from fixtures.backend_world import STORE, layout, running_backend
from storesense_backend.chain.board import spans
from storesense_backend.ranges import TimeSpan
from storesense_backend.roles import Role
from storesense_contracts.clock import ManualClock

NOW = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)
PATH = "/api/v1/chain"
TARGETS = f"/api/v1/stores/{STORE}/targets"


async def chain(http, headers, *, days=1):
    answer = await http.get(PATH, headers=headers, params={"days": days})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def with_figures(http, headers, *, since=""):
    """Ask until every store has figures made after ``since``; they are made without being waited for."""
    async with asyncio.timeout(60):
        while True:
            answer = await chain(http, headers)
            if all(store["figures"] and store["figures"]["made_at"] > since for store in answer["stores"]):
                return answer


def kpi_of(store, name):
    return next(kpi for kpi in store["figures"]["kpis"] if kpi["name"] == name)


async def visitors(world, at, counts):
    """One reading a minute from ``at`` on."""
    readings = [
        {"measured_at": at + timedelta(minutes=n), "period_ms": 60_000, "in_count": count, "out_count": 0}
        for n, count in enumerate(counts)
    ]
    await world.commit("footfall_counts", "entrance", readings)


def test_a_span_is_compared_with_the_same_days_of_the_week_by_the_clock_on_the_wall():
    berlin = layout()
    # On 25 October 2026 clocks in Berlin go back: the week before, midnight is an hour earlier in UTC.
    now = datetime(2026, 10, 28, 11, 0, tzinfo=UTC)
    span, before = spans(1, berlin, now)
    assert span == TimeSpan(datetime(2026, 10, 27, 23, 0, tzinfo=UTC), now)
    assert before == TimeSpan(datetime(2026, 10, 20, 22, 0, tzinfo=UTC), datetime(2026, 10, 21, 10, 0, tzinfo=UTC))
    span, before = spans(8, berlin, now)
    assert span.from_at == datetime(2026, 10, 20, 22, 0, tzinfo=UTC)
    assert before.to_at == datetime(2026, 10, 14, 10, 0, tzinfo=UTC), "8 days reach two weeks back, else they overlap"


async def test_the_neediest_store_comes_first_with_its_reasons(world):
    await world.register("aachen")
    await world.insert_alert(opened_at=NOW)
    async with running_backend(world.url, clock=ManualClock(NOW)) as (_, http):
        headers = await world.key(Role.VIEWER)
        found = await chain(http, headers)
        assert [store["store_id"] for store in found["stores"]] == [STORE, "aachen"]
        first = found["stores"][0]
        assert first["warning_alerts"] == 1
        assert first["figures"] is None, "an answer does not wait for figures"
        assert first["reasons"][0] == {"kind": "warning_alerts", "points": 30, "count": 1, "kpi": None}
        assert first["attention"] == sum(reason["points"] for reason in first["reasons"])
        assert first["devices_never_seen"] == first["devices_total"] == 3
        await world.rows("UPDATE alerts SET snoozed_until = %(at)s RETURNING 1", at=NOW + timedelta(hours=1))
        assert (await chain(http, headers))["stores"][1]["warning_alerts"] == 0, "what is snoozed calls for nothing now"


async def test_figures_stand_beside_their_past_and_their_target(world):
    today = datetime(2026, 11, 19, 23, 0, tzinfo=UTC)  # midnight in Berlin
    await visitors(world, today - timedelta(days=7), [1, 2, 3])
    await visitors(world, today - timedelta(days=7) + timedelta(hours=20), [50])  # later than now is today
    await visitors(world, today, [2, 4, 6])
    async with running_backend(world.url, clock=ManualClock(NOW)) as (_, http):
        manager = await world.key(Role.MANAGER)
        put = await http.put(TARGETS, headers=manager, json={"targets": {"visitors": 20, "wait_mean": 60}})
        assert [(each["kpi"], each["target"]) for each in put.json()["targets"]] == [
            ("visitors", 20),
            ("wait_mean", 60),
        ]
        (store,) = (await with_figures(http, manager))["stores"]
        found = kpi_of(store, "visitors")
        assert (found["value"], found["previous"], found["target"], found["is_on_target"]) == (12, 6, 20, False)
        assert 0 < found["completeness"] < 0.01
        kinds = {(reason["kind"], reason["kpi"]) for reason in store["reasons"]}
        assert {("off_target", "visitors"), ("incomplete", "on_shelf_availability")} & kinds >= {
            ("off_target", "visitors")
        }
        assert kpi_of(store, "wait_mean")["is_on_target"] is None, "nobody was served: that misses nothing"
        kpis = (
            await http.get(
                f"/api/v1/stores/{STORE}/kpis",
                headers=manager,
                params={"from": store["figures"]["from"], "to": store["figures"]["to"]},
            )
        ).json()["kpis"]
        told = {each["name"]: (each["value"], each["completeness"]) for each in store["figures"]["kpis"]}
        assert told == {each["name"]: (each["value"], each["completeness"]) for each in kpis}, "one truth"


async def store_day(world, day, visitor_count):
    """Keep one local day of the store, of which only visitors are known."""
    columns = await world.rows(
        """
        SELECT string_agg(quote_ident(column_name), ', ') AS names, string_agg('0', ', ') AS zeros
        FROM information_schema.columns
        WHERE table_name = 'store_days' AND is_nullable = 'NO'
            AND column_name NOT IN ('store_id', 'local_date', 'starts_at', 'visitor_count', 'line_reading_count')
        """
    )
    await world.connection.execute(
        f"INSERT INTO store_days (store_id, local_date, starts_at, visitor_count, line_reading_count, "  # noqa: S608
        f"{columns[0]['names']}) VALUES (%s, %s, %s, %s, 9, {columns[0]['zeros']})",
        (STORE, day, f"{day}T00:00:00Z", visitor_count),
    )


async def test_trends_of_lanes_and_devices_say_of_a_day_what_the_kpi_says(world):
    await store_day(world, "2026-11-20", 40)
    await world.register_at(datetime(2026, 11, 18, 9, 0, 20, tzinfo=UTC))
    for begin, minutes in (
        (datetime(2026, 11, 18, 8, 30, tzinfo=UTC), 200),
        (datetime(2026, 11, 19, 22, tzinfo=UTC), 90),
    ):
        readings = [{"measured_at": begin + timedelta(minutes=n), "state": "ok"} for n in range(minutes)]
        await world.commit("health_readings", "agent", readings)
    for minute, lanes_open, advised in ((0, 1, 3), (1, 2, 3), (60, 4, 2)):
        await world.advise(datetime(2026, 11, 19, 22, 30, tzinfo=UTC) + timedelta(minutes=minute), lanes_open, advised)
    quarter = NOW.replace(second=0)  # the trend ends with the last whole quarter, which is now
    async with running_backend(world.url, clock=ManualClock(NOW)) as (_, http):
        headers = await world.key(Role.VIEWER)
        (store,) = (await with_figures(http, headers))["stores"]
        trend = {name: kpi_of(store, name)["trend"] for name in ("device_uptime", "lanes_open_against_needed")}
        midnight = datetime(2026, 11, 17, 23, tzinfo=UTC)  # in Berlin
        for place in (-3, -2, -1):
            from_at = midnight + timedelta(days=place + 3)
            span = {"from": from_at.isoformat(), "to": min(from_at + timedelta(days=1), quarter).isoformat()}
            kpis = (await http.get(f"/api/v1/stores/{STORE}/kpis", headers=headers, params=span)).json()["kpis"]
            for name, values in trend.items():
                assert values[place] == next(kpi["value"] for kpi in kpis if kpi["name"] == name), (name, place)
        assert trend["lanes_open_against_needed"] == [None] * 12 + [-1.5, 2.0]
        assert trend["device_uptime"][:11] == [None] * 11, "no device was registered"
        assert 0 < trend["device_uptime"][-3] < trend["device_uptime"][-3] + trend["device_uptime"][-2] < 1


async def test_the_trend_has_a_null_where_a_day_was_not_measured(world):
    for day, count in (("2026-11-17", 40), ("2026-11-19", 44)):
        await store_day(world, day, count)
    async with running_backend(world.url, clock=ManualClock(NOW)) as (_, http):
        (store,) = (await with_figures(http, await world.key(Role.VIEWER)))["stores"]
        assert store["figures"]["trend_dates"][-3:] == ["2026-11-17", "2026-11-18", "2026-11-19"]
        assert kpi_of(store, "visitors")["trend"] == [None] * 11 + [40, None, 44]
        assert kpi_of(store, "wait_mean")["trend"] == [None] * 14, "a wait of nobody is no wait of 0 s"
        assert kpi_of(store, "restock_time")["trend"] is None


async def test_figures_are_made_anew_after_a_minute_and_not_before(world):
    clock = ManualClock(NOW)
    async with running_backend(world.url, clock=clock) as (_, http):
        headers = await world.key(Role.VIEWER)
        first = (await with_figures(http, headers))["stores"][0]["figures"]["made_at"]
        clock.advance(30)
        assert (await with_figures(http, headers))["stores"][0]["figures"]["made_at"] == first
        clock.advance(31)
        await with_figures(http, headers, since=first)


@pytest.mark.parametrize(
    ("targets", "field", "reason"),
    [
        ({"nonsense": 1}, "targets", "there is no such KPI"),
        ({"occupancy": 10}, "targets.occupancy", "it has no good side"),
        ({"abandonment": 1.5}, "targets.abandonment", "a share is 1 at most"),
        ({"wait_mean": -1}, "targets.wait_mean", "a wait is not negative"),
        ({"wait_mean": "soon"}, "targets.wait_mean", "a target is a number"),
    ],
)
async def test_a_target_that_makes_no_sense_is_refused_and_changes_nothing(world, targets, field, reason):
    async with running_backend(world.url, clock=ManualClock(NOW)) as (_, http):
        manager = await world.key(Role.MANAGER)
        kept = (await http.put(TARGETS, headers=manager, json={"targets": {"visitors": 5}})).json()
        refused = await http.put(TARGETS, headers=manager, json={"targets": targets})
        assert refused.status_code == 422, reason
        assert refused.json()["error"]["field"] == field, reason
        assert (await http.get(TARGETS, headers=manager)).json() == kept
        viewer = await http.put(TARGETS, headers=await world.key(Role.STAFF), json={"targets": {}})
        assert viewer.status_code == 403
