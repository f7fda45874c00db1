"""Staffing advice over a real database: learnt from readings, asked over HTTP, kept and told to rules."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from fixtures.backend_world import DEVICES, STORE, layout, new_world, running_backend
from storesense_backend import registry
from storesense_backend.alerts.assessors.protocol import StoreView
from storesense_backend.roles import Role
from storesense_backend.staffing.assessor import StaffingAssessor
from storesense_contracts.clock import ManualClock
from storesense_contracts.rules import RULE

NOW = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)
PATH = f"/api/v1/stores/{STORE}/staffing"
RULES = [
    RULE.validate_python({"id": "open", "kind": "lanes_to_open", "horizon_min": 15}),
    RULE.validate_python({"id": "wait", "kind": "predicted_wait", "open_at_wait_s": 300, "resolve_at_wait_s": 60}),
]


def four_lanes():
    lanes = [{"id": f"lane-{n}", "name": f"Lane {n}"} for n in range(1, 5)]
    queue = {"id": "tills", "name": "the tills", "section": "front", "lanes": [lane["id"] for lane in lanes]}
    return layout(lanes=lanes, queues=[queue])


@pytest.fixture
async def world(database_url):
    async with new_world(database_url) as world:
        await registry.put_store(world.connection, four_lanes(), devices=DEVICES, rules=RULES)
        yield world


async def live_days(world, *, days=2, upto=NOW):
    """Two people a minute come in from eight on, one of them queues 15 minutes later; two lanes are open."""
    chance = np.random.default_rng(5)
    entered, visits, lanes = [], [], []
    for day in range(days, -1, -1):
        opens_at = (upto - timedelta(days=day)).replace(hour=8, minute=0, second=0)
        minutes = min(600, int((upto - opens_at).total_seconds() // 60))
        lanes.append({"measured_at": opens_at, "is_open": True, "is_staffed": True})
        for minute in range(minutes):
            at = opens_at + timedelta(minutes=minute)
            count = int(chance.poisson(2.0))
            entered.append({"measured_at": at, "period_ms": 60_000, "in_count": count, "out_count": 0})
            for _ in range(int(chance.binomial(count, 0.5))):
                ended_at = at + timedelta(minutes=16, seconds=int(chance.integers(60)))
                if ended_at < upto:
                    visits.append(
                        {"measured_at": ended_at, "outcome": "served", "wait_ms": 30_000, "service_ms": 90_000}
                    )
        lanes.append({"measured_at": opens_at + timedelta(hours=11), "is_open": False, "is_staffed": False})
    visits.sort(key=lambda visit: visit["measured_at"])
    states = [state for state in lanes if state["measured_at"] < upto]
    await world.commit("footfall_counts", "entrance", entered)
    await world.commit("queue_visits", "tills", visits)
    for lane_id in ("lane-1", "lane-2"):
        await world.commit("lane_states", lane_id, states, device_id="lanes-1")


async def stand(world, length, *, lanes, at=NOW):
    """So many wait, and so many lanes are open."""
    for n in range(1, 5):
        state = {"measured_at": at - timedelta(seconds=30), "is_open": n <= lanes, "is_staffed": n <= lanes}
        await world.commit("lane_states", f"lane-{n}", [state], device_id="lanes-1")
    sample = {"measured_at": at - timedelta(seconds=5), "length": length, "longest_wait_ms": 1_000}
    await world.commit("queue_samples", "tills", [sample])


async def ask(world, now=NOW):
    async with running_backend(world.url, clock=ManualClock(now)) as (_, http):
        answer = await http.get(PATH, headers=await world.key(Role.VIEWER, f"viewer-{now.timestamp()}"))
        assert answer.status_code == 200, answer.text
        return answer.json()


async def test_a_long_line_asks_for_more_lanes_than_an_empty_one(world):
    await live_days(world)
    await stand(world, 0, lanes=2)
    quiet = await ask(world)
    await stand(world, 14, lanes=2, at=NOW + timedelta(seconds=60))
    busy = await ask(world, NOW + timedelta(seconds=60))
    assert (quiet["is_known"], quiet["learnt_days"], quiet["lanes_open"]) == (True, 3, 2)
    assert quiet["arrivals_15"]["mean"] == pytest.approx(15, rel=0.3), "one a minute reaches the tills"
    assert quiet["arrivals_15"]["low"] < quiet["arrivals_15"]["mean"] < quiet["arrivals_15"]["high"]
    assert busy["people"] == 16, "fourteen who wait, two who are served"
    assert busy["lanes"] > quiet["lanes"]
    now = busy["outlooks"][1]
    assert now["wait"]["mean_s"] < now["wait_unchanged"]["mean_s"]
    assert now["wait"]["p10_s"] <= now["wait"]["p90_s"]


async def test_a_lane_that_serves_its_last_counts_as_closing(world):
    await live_days(world)
    await stand(world, 0, lanes=2)
    state = {"measured_at": NOW - timedelta(seconds=20), "is_open": False, "is_staffed": True}
    await world.commit("lane_states", "lane-2", [state], device_id="lanes-1")
    told = await ask(world)
    assert (told["lanes_open"], told["people"]) == (1, 1), "one is still served where nobody may join"


async def test_a_store_that_has_no_past_is_not_advised(world):
    told = await ask(world)
    assert (told["is_known"], told["outlooks"], told["arrivals_15"], told["history"]) == (False, [], None, [])
    assert told["kept"] == {"minutes": 0, "enough_share": None, "mean_open": None, "mean_needed": None}


async def test_a_past_that_comes_in_later_is_learnt_within_a_minute(world):
    clock = ManualClock(NOW)
    async with running_backend(world.url, clock=clock) as (_, http):
        headers = await world.key(Role.VIEWER, "early")
        assert (await http.get(PATH, headers=headers)).json()["is_known"] is False
        await live_days(world)
        clock.advance(30)
        assert (await http.get(PATH, headers=headers)).json()["is_known"] is False
        clock.advance(31)
        told = (await http.get(PATH, headers=headers)).json()
    assert (told["is_known"], told["learnt_days"]) == (True, 3)


async def test_rules_are_told_and_the_advice_is_kept_once_a_minute(world):
    await live_days(world)
    await stand(world, 14, lanes=2)
    assessor, view = StaffingAssessor(), StoreView(four_lanes(), 1, tuple(RULES), ("cam-1",), {})
    found = {}
    for seconds in (0, 20, 40, 60):
        found = await assessor.observe(world.connection, [view], NOW + timedelta(seconds=seconds))
    assert set(found) == {
        (STORE, family, f"tills+{minutes}")
        for family in ("predicted_wait", "lanes_to_open", "lanes_to_close")
        for minutes in (0, 15, 30)
    }
    now = found[STORE, "lanes_to_open", "tills+0"][0]
    assert now.value >= 1
    assert now.facts["lanes_needed"] == now.facts["lanes_open"] + now.value
    assert found[STORE, "lanes_to_close", "tills+0"][0].value == 0
    assert found[STORE, "predicted_wait", "tills+15"][0].facts["high_s"] > 0
    told = await ask(world, NOW + timedelta(seconds=61))
    assert [row["lanes_open"] for row in told["history"]] == [2, 2], "at 0 and at 60 s"
    assert told["kept"]["minutes"] == 2
    assert told["kept"]["enough_share"] == 0.0
    assert told["kept"]["mean_needed"] > told["kept"]["mean_open"]


async def test_history_is_kept_of_stores_without_a_rule_about_lanes(world):
    await live_days(world)
    await stand(world, 14, lanes=2)
    assessor, view = StaffingAssessor(), StoreView(four_lanes(), 1, (), ("cam-1",), {})
    assert assessor.wants(view)
    assert await assessor.observe(world.connection, [view], NOW) == {}, "nobody asked to be told"
    told = await ask(world, NOW + timedelta(seconds=1))
    assert [row["lanes_open"] for row in told["history"]] == [2]
    assert not assessor.wants(StoreView(layout(lanes=[], queues=[]), 1, tuple(RULES), ("cam-1",), {}))


async def ask_past(world, *, hours=1.0, now=NOW):
    async with running_backend(world.url, clock=ManualClock(now)) as (_, http):
        headers = await world.key(Role.VIEWER, f"past-{hours}-{now.timestamp()}")
        since = (now - timedelta(hours=hours)).isoformat()
        answer = await http.get(f"{PATH}/history", headers=headers, params={"from": since})
        assert answer.status_code == 200, answer.text
        return answer.json()


async def live_hour(world):
    """Two of four lanes are open, a third opens at minute 21; three are advised from minute 15 on; one sensor rests."""
    start = NOW - timedelta(minutes=60)
    for n in range(1, 5):
        states = [
            {"measured_at": start + timedelta(minutes=m, seconds=5), "is_open": is_open, "is_staffed": is_open}
            for m in range(60)
            if not (n == 4 and m >= 50)
            for is_open in [n <= 2 or (n == 3 and m >= 21)]
        ]
        await world.commit("lane_states", f"lane-{n}", states, device_id="lanes-1")
    samples = [{"measured_at": start + timedelta(minutes=m), "length": 3, "longest_wait_ms": 20_000} for m in range(60)]
    await world.commit("queue_samples", "tills", samples)
    visits = [
        {
            "measured_at": start + timedelta(minutes=m, seconds=30),
            "outcome": "served",
            "wait_ms": 200_000 if 5 <= m < 21 else 50_000,
            "service_ms": 60_000,
        }
        for m in range(60)
    ]
    await world.commit("queue_visits", "tills", visits)
    for m in range(60):
        lanes = 3 if m >= 21 else 2
        told = 4 if m < 53 else 3
        await world.advise(start + timedelta(minutes=m, seconds=20), lanes, 3 if m >= 15 else 2, told=told)


async def test_the_past_tells_lanes_against_needed_and_what_came_of_each_call(world):
    await live_hour(world)
    told = await ask_past(world)
    assert (told["step_s"], told["level_step_s"], told["lanes_total"], told["wait_target_s"]) == (60, 900, 4, 120)
    steps = {step["at"]: step for step in told["steps"]}
    assert len(steps) == 61, "each minute from the one in which the span begins"
    assert steps["2026-11-20T11:10:00Z"]["lanes_open"] == 2
    assert steps["2026-11-20T11:10:00Z"]["lanes_now"] == 2
    assert steps["2026-11-20T11:22:00Z"]["lanes_open"] == 3
    assert steps["2026-11-20T11:17:00Z"]["lanes_now"] == 3
    assert (steps["2026-11-20T11:17:00Z"]["wait_15_s"], steps["2026-11-20T11:17:00Z"]["wait_unchanged_15_s"]) == (
        60,
        120,
    )
    assert steps["2026-11-20T11:56:00Z"]["lanes_open"] is None, "a lane that is silent is not a closed one"
    assert steps["2026-11-20T11:05:00Z"]["arrivals_15_low"] == 6
    # A visit a minute ended; each began four minutes and ten seconds earlier or less.
    assert steps["2026-11-20T11:12:00Z"]["joined_15"] == pytest.approx(15, abs=3)
    assert steps["2026-11-20T11:45:00Z"]["joined_15"] is None, "who joined lately is still waiting"
    (call,) = told["calls"]
    assert (call["is_for_more"], call["lanes_open"], call["lanes_advised"], call["lanes_after"]) == (True, 2, 3, 3)
    assert (call["outcome"], call["advised_at"], call["done_at"]) == (
        "followed",
        "2026-11-20T11:15:50Z",
        "2026-11-20T11:21:35Z",
    )
    assert (call["wait_s"], call["wait_unchanged_s"]) == (60, 120), "as told in the minute that called"
    assert [move["lane_id"] for move in call["moves"]] == ["lane-3"]
    assert call["wait_before_s"] > 120 > call["wait_after_s"]
    assert (told["calls_followed"], told["calls_ended"]) == (1, 1)
    levels = {level["at"]: level for level in told["levels"]}
    assert levels["2026-11-20T11:30:00Z"]["within_target"] == 1.0
    assert levels["2026-11-20T11:00:00Z"]["within_target"] < 0.5


async def test_long_pasts_come_in_coarser_steps(world):
    await live_hour(world)
    week = await ask_past(world, hours=7 * 24)
    assert (week["step_s"], len(week["steps"])) == (900, 7 * 96 + 1)
    quarter = next(step for step in week["steps"] if step["at"] == "2026-11-20T11:30:00Z")
    assert (quarter["lanes_open"], quarter["lanes_now"], quarter["joined_15"]) == (3, 3, None)
    month = await ask_past(world, hours=30 * 24)
    assert (month["step_s"], month["level_step_s"]) == (3_600, 3_600)
    assert month["calls_followed"] == 1
    async with running_backend(world.url, clock=ManualClock(NOW)) as (_, http):
        params = {"from": (NOW - timedelta(days=32)).isoformat()}
        answer = await http.get(f"{PATH}/history", headers=await world.key(Role.VIEWER, "far"), params=params)
        assert answer.status_code == 422


async def test_a_store_without_tills_has_a_past_without_lanes(world):
    await registry.put_store(world.connection, layout(lanes=[], queues=[]), devices=DEVICES, rules=[])
    told = await ask_past(world)
    assert (told["lanes_total"], told["calls"], told["calls_ended"]) == (0, [], 0)
    assert {step["lanes_open"] for step in told["steps"]} == {None}
    assert {level["served"] for level in told["levels"]} == {None}
