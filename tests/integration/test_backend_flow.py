"""Dwell, ways between zones, parties, queues with their lanes and occupancy, over a real database."""

from datetime import UTC, datetime, timedelta

import pytest

from fixtures.backend_world import DEVICES, STORE, layout, new_world, running_backend
from storesense_backend import flow as flow_figures
from storesense_backend import registry
from storesense_backend.api import flow
from storesense_backend.kpis import kpis
from storesense_backend.occupancy import door_occupancy
from storesense_backend.ranges import TimeSpan
from storesense_backend.roles import Role
from storesense_contracts.clock import ManualClock
from storesense_contracts.readings import DWELL_EDGES_S

NOW = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)  # a Friday, 13:00 in Berlin
BASE = f"/api/v1/stores/{STORE}"
HOURS = [{"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "opens": "08:00", "closes": "20:00"}]
WITHIN = [f"{edge_s}s" for edge_s in DWELL_EDGES_S]


@pytest.fixture
async def backend(world):
    async with running_backend(world.url, clock=ManualClock(NOW)) as (_, http):
        http.headers.update(await world.key(Role.VIEWER))
        yield http


async def get(http, path, **params):
    answer = await http.get(f"{BASE}/{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def dwells(at, counts, **more):
    """A row of zone_dwells of visits by step."""
    row = {"measured_at": at, "period_ms": 60_000, "visit_count": sum(counts), "unknown_count": 0}
    row |= {f"dwell_le_{name}": sum(counts[: place + 1]) for place, name in enumerate(WITHIN)}
    return row | {"people_ms": 0, "staff_ms": 0} | more


async def test_dwell_adds_up_over_minutes_and_quarters(world, backend):
    zone = {"period_ms": 60_000, "occupancy": 0, "entry_count": 4, "exit_count": 3, "presence_ms": 1, "stop_count": 1}
    zone |= {"visit_count": 3, "visit_dwell_ms": 60_000}
    for minutes in (5, 50, 200):
        at = NOW - timedelta(minutes=minutes)
        await world.commit("zone_visits", "zone-a", [zone | {"measured_at": at}])
        counts = [2, 0, 0, 1] + [0] * 13
        await world.commit("zone_dwells", "zone-a", [dwells(at, counts, people_ms=9_000, staff_ms=3_000)])
    await world.commit("zone_dwells", "zone-a", [dwells(NOW - timedelta(minutes=5), [0] * 17, unknown_count=2)])
    hour = flow.Dwell.model_validate(await get(backend, "dwell")).zones[0]
    assert (hour.entries, hour.visits, hour.stops, hour.passes, hour.unknown) == (8, 6, 2, 4, 2)
    assert hour.counts == [4, 0, 0, 2] + [0] * 13
    assert (hour.mean_s, hour.staff_share, hour.people_s) == (20.0, pytest.approx(1 / 3), 18.0)
    assert 0 < hour.median_s <= 5 < hour.p90_s <= 20
    day = flow.Dwell.model_validate(await get(backend, "dwell", **{"from": (NOW - timedelta(days=1)).isoformat()}))
    assert day.zones[0].counts == [6, 0, 0, 3] + [0] * 13
    assert len(day.edges_s) + 1 == len(day.zones[0].counts)


async def test_a_zone_of_which_nothing_is_known_has_no_made_up_figures(backend):
    (zone,) = flow.Dwell.model_validate(await get(backend, "dwell")).zones
    assert (zone.visits, zone.mean_s, zone.median_s, zone.staff_share) == (0, None, None, None)


async def test_ways_are_summed_over_cameras_and_quarters(world, backend):
    for minutes, camera, people in ((20, "cam-1", 7), (40, "cam-1", 5), (20, "cam-2", 6)):
        row = {"measured_at": NOW - timedelta(minutes=minutes), "span_ms": 900_000, "people_count": people}
        way = {"from_zone_id": "zone-a", "to_zone_id": "zone-b"}
        await world.commit("zone_transitions", camera, [row | way], device_id=camera)
        await world.commit("zone_transitions", camera, [row | {"from_zone_id": "", "to_zone_id": ""}], device_id=camera)
    found = flow.Transitions.model_validate(await get(backend, "transitions"))
    assert [(way.from_zone_id, way.to_zone_id, way.people) for way in found.ways] == [("zone-a", "zone-b", 18)]
    assert (found.suppressed, found.fewest_told) == (18, 5)


async def test_a_zone_for_staff_only_is_in_no_figure_of_customers(world, backend):
    zones = [{"id": "zone-a", "name": "Zone A"}, {"id": "back", "name": "Stock room", "staff_only": True}]
    await registry.put_store(world.connection, layout(zones=zones), devices=DEVICES, rules=[])
    visits = {"period_ms": 60_000, "occupancy": 9, "entry_count": 9, "exit_count": 9, "presence_ms": 540_000}
    visits |= {"visit_count": 9, "visit_dwell_ms": 900_000, "stop_count": 9}
    for minute in range(1, 6):
        at = NOW.replace(second=0) - timedelta(minutes=minute)
        await world.commit("zone_visits", "back", [visits | {"measured_at": at}])
        own = visits | {"measured_at": at, "occupancy": 1, "presence_ms": 60_000, "visit_dwell_ms": 90_000}
        await world.commit("zone_visits", "zone-a", [own | {"stop_count": 3}])
        await world.commit("zone_dwells", "back", [dwells(at, [9] + [0] * 16, people_ms=9_000, staff_ms=9_000)])
        await world.commit("zone_dwells", "zone-a", [dwells(at, [9] + [0] * 16, people_ms=9_000)])
        for way in (("zone-a", "back"), ("back", "zone-a"), ("zone-a", "zone-a")):
            told = dict(zip(("from_zone_id", "to_zone_id"), way, strict=True))
            row = {"measured_at": at, "span_ms": 900_000, "people_count": 7}
            await world.commit("zone_transitions", "cam-1", [row | told])
    ways = (await get(backend, "transitions"))["ways"]
    assert {(way["from_zone_id"], way["to_zone_id"]) for way in ways} == {("zone-a", "zone-a")}
    assert [zone["zone_id"] for zone in (await get(backend, "dwell"))["zones"]] == ["zone-a"]
    assert [zone["zone_id"] for zone in (await get(backend, "day"))["zones"]] == ["zone-a"]
    kpis = {kpi["name"]: kpi["value"] for kpi in (await get(backend, "kpis"))["kpis"]}
    assert (kpis["mean_dwell"], kpis["engagement"], kpis["staff_share"]) == (10.0, pytest.approx(1 / 3), 0.0)
    expected = (await get(backend, "completeness"))["summary"]
    assert "back" not in str(expected)


async def test_parties_stand_beside_heads(world, backend):
    at = NOW - timedelta(minutes=5)
    await world.commit(
        "footfall_counts", "entrance", [{"measured_at": at, "period_ms": 1, "in_count": 12, "out_count": 8}]
    )
    row = {
        "measured_at": at,
        "period_ms": 60_000,
        "in_count": 5,
        "out_count": 4,
        "staff_in_count": 1,
        "staff_out_count": 2,
    }
    await world.commit("line_parties", "entrance", [row])
    entrance, inner = flow.Parties.model_validate(await get(backend, "parties")).lines
    assert (entrance.in_people, entrance.in_parties, entrance.in_staff, entrance.is_entrance) == (12, 5, 1, True)
    assert entrance.people_per_party == pytest.approx(2.4)
    assert entrance.staff_share == pytest.approx(3 / 20), "staff who come and who go"
    assert (inner.in_people, inner.people_per_party, inner.staff_share) == (0, None, None)
    kpis = {kpi["name"]: kpi["value"] for kpi in (await get(backend, "kpis"))["kpis"]}
    assert (kpis["visitors"], kpis["buying_units"]) == (12.0, 5.0)


async def test_a_queue_tells_what_its_tills_did_and_how_long_the_next_one_waits(world, backend):
    for minute in range(1, 11):
        at = NOW - timedelta(minutes=minute)
        await world.commit("lane_states", "lane-1", [{"measured_at": at, "is_open": True, "is_staffed": minute <= 5}])
        work = {"measured_at": at, "period_ms": 60_000, "queue_id": "tills", "till_count": 1, "busy_ms": 24_000}
        await world.commit("lane_services", "lane-1", [work | {"served_count": 1}])
        visit = {"measured_at": at, "wait_ms": 30_000, "service_ms": 24_000}
        await world.commit("queue_visits", "tills", [visit | {"outcome": "served"}])
    for outcome in ("abandoned", "unknown", "unknown"):
        gone = {"measured_at": NOW, "wait_ms": 9_000, "service_ms": 0, "outcome": outcome}
        await world.commit("queue_visits", "tills", [gone])
    await world.queue(2, NOW - timedelta(seconds=5))
    (queue,) = flow.Queues.model_validate(await get(backend, "queues")).queues
    assert (queue.kind, queue.length, queue.tills_open) == ("staffed", 2, 1)
    assert (queue.served, queue.abandoned, queue.unknown) == (10, 1, 2)
    assert queue.abandonment == pytest.approx(1 / 11), "who was lost sight of is on neither side"
    assert (queue.wait_mean_s, queue.service_mean_s) == (30.0, 24.0)
    (lane,) = queue.lanes
    assert (lane.tills, lane.busy_s, lane.served) == (1, 240.0, 10)
    assert lane.manned_s == pytest.approx(300, abs=35), "while it was staffed"
    assert lane.idle_s == pytest.approx(lane.manned_s - 240.0)
    assert queue.next_wait is not None
    assert queue.next_wait.low_s < queue.next_wait.mean_s < queue.next_wait.high_s
    service_s = (10 * 24 + 3 * 60) / 13
    left_s = service_s * (1 + 0.3**2) / 2  # services differ by 0.3 of their mean at least
    assert queue.next_wait.mean_s == pytest.approx(left_s + 2 * service_s + 3 * 2.5, rel=0.01), "with three walks"
    kpis = {kpi["name"]: kpi["value"] for kpi in (await get(backend, "kpis"))["kpis"]}
    assert kpis["abandonment"] == pytest.approx(1 / 11)


async def test_a_queue_of_which_nothing_is_known_says_so(backend):
    (queue,) = flow.Queues.model_validate(await get(backend, "queues")).queues
    assert (queue.length, queue.next_wait, queue.tills_open, queue.abandonment) == (None, None, None, None)
    assert queue.lanes[0].idle_s is None


async def test_occupancy_is_reconciled_at_closing_and_stands_in_the_kpi(world, backend):
    assert (await get(backend, "occupancy"))["basis"] == "none", "without opening hours nobody knows when it is empty"
    await registry.put_store(world.connection, layout(opening_hours=HOURS), devices=[], rules=[])
    rows = []
    for day in (1, 2):
        morning_at = NOW.replace(hour=9, minute=0, second=0) - timedelta(days=day)
        rows += [{"measured_at": morning_at, "in_count": 50, "out_count": 0}]
        rows += [{"measured_at": morning_at + timedelta(hours=8), "in_count": 0, "out_count": 48}]
    rows += [{"measured_at": NOW - timedelta(minutes=40), "in_count": 20, "out_count": 0}]
    await world.commit("footfall_counts", "entrance", [row | {"period_ms": 1_000} for row in rows])
    span = {"from": (NOW - timedelta(days=3)).isoformat()}
    found = flow.Occupancy.model_validate(await get(backend, "occupancy", **span))
    assert (found.basis, found.step_s) == ("doors", 900)
    assert [(day.is_reconciled, day.drift) for day in found.days] == [(True, 2), (True, 2), (False, None)]
    assert found.days[0].drift_ratio == pytest.approx(2 / 98)
    assert found.now is not None
    assert found.now.people == pytest.approx(20.0)
    assert found.now.low < 20.0 < found.now.high
    ends = [point for point in found.points if point.at.hour == 17]
    assert [point.people for point in ends] == pytest.approx([0.0, 0.0]), "all have left at closing"
    kpi = next(kpi for kpi in (await get(backend, "kpis"))["kpis"] if kpi["name"] == "occupancy")
    assert kpi["value"] == pytest.approx(20.0)
    assert kpi["low"] < 20.0 < kpi["high"]


async def test_visitors_have_the_band_that_an_audit_found(world, backend):
    at = NOW - timedelta(minutes=5)
    await world.commit(
        "footfall_counts", "entrance", [{"measured_at": at, "period_ms": 1, "in_count": 95, "out_count": 0}]
    )
    kpi = next(kpi for kpi in (await get(backend, "kpis"))["kpis"] if kpi["name"] == "visitors")
    assert (kpi["low"], kpi["high"]) == (None, None)
    accuracy = (
        '[{"line_id": "entrance", "direction": "in", "tallied_count": 100, "counted_count": 95, "missed_count": 5, '
        '"extra_count": 0, "error_low": -0.1, "error_high": 0.0}]'
    )
    audit = {"measured_at": NOW - timedelta(hours=5), "state": "ok", "accuracy": accuracy, "audit_ms": 3_600_000}
    await world.commit("health_readings", "audit", [audit])
    kpi = next(kpi for kpi in (await get(backend, "kpis"))["kpis"] if kpi["name"] == "visitors")
    assert (kpi["value"], kpi["low"], kpi["high"]) == (95.0, pytest.approx(95.0), pytest.approx(95 / 0.9))


@pytest.mark.parametrize("path", ["dwell", "transitions", "parties", "queues", "occupancy"])
async def test_spans_that_make_no_sense_are_refused(backend, path):
    answer = await backend.get(f"{BASE}/{path}", params={"from": NOW.isoformat(), "to": NOW.isoformat()})
    assert answer.status_code == 422
    assert answer.json()["error"]["field"] == "from"
    answer = await backend.get(f"/api/v1/stores/nowhere/{path}")
    assert answer.json()["error"]["code"] == "no_such_store"


async def test_timescaledb_answers_the_same_queries(timescale_url):
    async with new_world(timescale_url) as world:
        at = NOW - timedelta(minutes=5)
        await world.commit("zone_dwells", "zone-a", [dwells(at, [2, 1] + [0] * 15, people_ms=10, staff_ms=5)])
        way = {"measured_at": at, "span_ms": 900_000, "people_count": 7, "from_zone_id": "a", "to_zone_id": "b"}
        await world.commit("zone_transitions", "cam-1", [way])
        row = {
            "measured_at": at,
            "period_ms": 1,
            "in_count": 5,
            "out_count": 4,
            "staff_in_count": 0,
            "staff_out_count": 0,
        }
        await world.commit("line_parties", "entrance", [row])
        work = {"measured_at": at, "period_ms": 60_000, "queue_id": "tills", "till_count": 2, "busy_ms": 9_000}
        await world.commit("lane_services", "lane-1", [work | {"served_count": 1}])
        await world.queue(1, NOW - timedelta(seconds=5))
        store, span = layout(opening_hours=HOURS), TimeSpan(NOW - timedelta(hours=6), NOW)
        ask = {"layout": store, "span": span, "now": NOW}
        assert (await flow_figures.dwell(world.connection, **ask))["zones"][0]["counts"][:2] == [2, 1]
        assert (await flow_figures.transitions(world.connection, layout=store, span=span))["ways"][0]["people"] == 7
        assert (await flow_figures.parties(world.connection, **ask))["lines"][0]["in_parties"] == 5
        assert (await flow_figures.queues(world.connection, **ask))["queues"][0]["lanes"][0]["busy_s"] == 9.0
        assert await door_occupancy(world.connection, **ask) is not None
        names = [kpi.name for kpi in await kpis(world.connection, **ask)]
        assert {"buying_units", "staff_share", "occupancy"} <= set(names)
