"""Depletion over a real database: from shelf events and weights to hours until empty, and what it cost."""

from datetime import UTC, datetime, timedelta

import pytest

from fixtures.backend_world import STORE, running_backend
from storesense_backend.roles import Role
from storesense_contracts.clock import ManualClock

NOW = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)
PATH = f"/api/v1/stores/{STORE}/depletion"


async def sell(world, *, weeks=3, per_hour=2, upto=NOW):
    """A pick of so many units in each hour of day, a put-back of one each evening, and a weight each quarter."""
    base = {"delay_s": 0.2, "device_id": "shelf-1"}
    first = (upto - timedelta(weeks=weeks)).replace(minute=0, second=0)
    hours = [first + timedelta(hours=n) for n in range(int((upto - first) / timedelta(hours=1)))]
    event = {"delta_mg": 0, "confidence": 0.9}
    picks = [event | {"measured_at": at, "event": "pick", "units": per_hour} for at in hours if 7 <= at.hour < 19]
    back = [event | {"measured_at": at, "event": "put_back", "units": 1} for at in hours if at.hour == 18]
    await world.commit("shelf_events", "slot-1", picks + back, **base)
    weight = {"weight_mg": 9_000_000, "is_stable": True, "units": 9, "confidence": 0.97}
    await world.commit("shelf_weights", "slot-1", [weight | {"measured_at": at} for at in hours], **base)


async def ask(world, now=NOW):
    async with running_backend(world.url, clock=ManualClock(now)) as (_, http):
        answer = await http.get(PATH, headers=await world.key(Role.VIEWER, f"viewer-{now.timestamp()}"))
        assert answer.status_code == 200, answer.text
        return answer.json()["slots"][0]


async def test_hours_until_empty_follow_from_what_was_taken(world):
    await sell(world)
    await world.stock(9, NOW - timedelta(minutes=5))
    slot = await ask(world)
    assert (slot["units"], slot["is_demand_known"], slot["sku"]) == (9, True, "oat-1l")
    assert slot["to_reorder_h"]["p50"] == pytest.approx(3, abs=1), "six units above the reorder point, two an hour"
    assert slot["to_empty_h"]["p10"] < slot["to_empty_h"]["p50"] < slot["to_empty_h"]["p90"]
    assert slot["lost_7d"] == {"empty_min": 0.0, "passers": 0, "units": 0.0, "units_low": 0, "units_high": 0}


async def test_sales_that_come_in_later_are_learnt_within_a_minute(world):
    clock = ManualClock(NOW)
    async with running_backend(world.url, clock=clock) as (_, http):
        headers = await world.key(Role.VIEWER, "early")
        assert (await http.get(PATH, headers=headers)).json()["slots"][0]["is_demand_known"] is False
        await sell(world)
        clock.advance(61)
        assert (await http.get(PATH, headers=headers)).json()["slots"][0]["is_demand_known"] is True


async def test_what_an_empty_slot_cost_is_told(world):
    await sell(world, upto=NOW - timedelta(hours=2))
    weight = {"weight_mg": 0, "is_stable": True, "units": 0, "confidence": 0.99}
    minutes = [NOW.replace(second=0) - timedelta(minutes=n) for n in range(1, 61)]
    rows = [weight | {"measured_at": at} for at in minutes]
    await world.commit("shelf_weights", "slot-1", rows, device_id="shelf-1")
    slot = await ask(world)
    assert slot["units"] == 0
    assert slot["to_empty_h"] == {"p10": 0.0, "p50": 0.0, "p90": 0.0}
    assert slot["lost_today"]["empty_min"] == 60.0
    assert slot["lost_today"]["units"] == pytest.approx(2, abs=0.5), "an hour of two an hour"
    assert slot["lost_today"] == slot["lost_7d"]


async def test_another_product_begins_anew(world):
    await sell(world)
    await world.stock(9, NOW - timedelta(minutes=5))
    await world.connection.execute(
        """
        INSERT INTO planogram_versions SELECT store_id, 2, %s, now(), 'x', 'api' FROM planogram_versions
        """,
        (NOW - timedelta(minutes=30),),
    )
    await world.connection.execute(
        "INSERT INTO planogram_slots VALUES (%s, 2, 'slot-1', 'rye', 'Rye', 1, 14, 500, NULL, 0, 3)", (STORE,)
    )
    slot = await ask(world)
    assert (slot["is_demand_known"], slot["to_empty_h"]) == (False, None), "oat milk's sales say nothing of rye bread"


async def test_a_store_without_readings_knows_nothing_and_says_so(world):
    slot = await ask(world)
    assert (slot["units"], slot["to_reorder_h"], slot["to_empty_h"], slot["is_demand_known"]) == (
        None,
        None,
        None,
        False,
    )


async def test_an_answer_is_kept_for_seconds_and_then_made_anew(world):
    await sell(world, weeks=1)
    clock = ManualClock(NOW)
    async with running_backend(world.url, clock=clock) as (_, http):
        http.headers.update(await world.key(Role.VIEWER))
        await world.stock(9, NOW - timedelta(minutes=5))
        first = (await http.get(PATH)).json()
        await world.stock(4, NOW - timedelta(minutes=1))
        assert (await http.get(PATH)).json() == first
        clock.advance(20)
        assert (await http.get(PATH)).json()["slots"][0]["units"] == 4


async def test_lost_sales_are_a_kpi_of_any_span(world):
    await sell(world, upto=NOW - timedelta(hours=2))
    weight = {"weight_mg": 0, "is_stable": True, "units": 0, "confidence": 0.99}
    minutes = [NOW.replace(second=0) - timedelta(minutes=n) for n in range(1, 61)]
    await world.commit("shelf_weights", "slot-1", [weight | {"measured_at": at} for at in minutes], device_id="shelf-1")
    async with running_backend(world.url, clock=ManualClock(NOW)) as (_, http):
        http.headers.update(await world.key(Role.VIEWER))

        async def lost(**span):
            told = (await http.get(f"/api/v1/stores/{STORE}/kpis", params=span)).json()["kpis"]
            kpis = {kpi["name"]: kpi for kpi in told}
            assert list(kpis).index("lost_sales") == list(kpis).index("stock_out_minutes") + 1
            return kpis["lost_sales"]["value"], kpis["stock_out_minutes"]["value"]

        depletion = (await http.get(PATH)).json()["slots"][0]
        hour = {"from": (NOW.replace(second=0) - timedelta(hours=1)).isoformat(), "to": NOW.isoformat()}
        units, minutes_empty = await lost(**hour)
        assert minutes_empty == 60.0
        assert units == pytest.approx(depletion["lost_7d"]["units"], abs=0.01)
        half = {"from": (NOW.replace(second=0) - timedelta(minutes=30)).isoformat(), "to": NOW.isoformat()}
        assert (await lost(**half))[0] == pytest.approx(units / 2, rel=0.1)
        before = {
            "from": (NOW - timedelta(hours=30)).isoformat(),
            "to": (NOW - timedelta(hours=28)).isoformat(),
        }
        assert (await lost(**before))[0] == 0.0, "it was never empty then"


async def test_lost_sales_are_unknown_while_demand_is(world):
    await world.stock(0, NOW - timedelta(minutes=5))
    async with running_backend(world.url, clock=ManualClock(NOW)) as (_, http):
        told = (await http.get(f"/api/v1/stores/{STORE}/kpis", headers=await world.key(Role.VIEWER))).json()["kpis"]
    assert next(kpi["value"] for kpi in told if kpi["name"] == "lost_sales") is None
