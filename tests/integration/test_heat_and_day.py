"""Heat of long times as a sum of kept hours, and a local day by the minute, over a real database."""

import zlib
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from fixtures.backend_world import STORE, running_backend
from storesense_backend.api import measurement_models
from storesense_backend.api.day import StoreDay
from storesense_backend.database import new_pool, opened
from storesense_backend.floor_heat import GridFrame, merge_presence
from storesense_backend.heat_upkeep import HeatUpkeep
from storesense_backend.metrics import BackendMetrics
from storesense_backend.roles import Role
from storesense_contracts.clock import ManualClock

NOW = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)  # 13:00 in Berlin
BASE = f"/api/v1/stores/{STORE}"
PLACE = {"origin_x_m": 0.0, "origin_y_m": 0.0, "cell_size_m": 0.5, "rows": 12, "columns": 20, "period_ms": 60_000}


@pytest.fixture
async def backend(world):
    async with running_backend(world.url, clock=ManualClock(NOW)) as (_, http):
        http.headers.update(await world.key(Role.VIEWER))
        yield http


async def get(http, path, **params):
    answer = await http.get(f"{BASE}/{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def grid(at, presence_ds, **more):
    packed = zlib.compress(np.full((12, 20), presence_ds, dtype="<u2").tobytes())
    return PLACE | {"measured_at": at, "presence_ds": packed} | more


async def total(http, **span):
    found = measurement_models.Heatmap.model_validate(await get(http, "heatmap", watched="true", **span))
    return sum(found.presence_s), max(found.watched_s or [])


async def test_a_long_time_is_added_up_once_and_again_where_grids_come_late(world, backend):
    span = {"from": (NOW - timedelta(hours=10)).isoformat(), "to": NOW.isoformat()}
    for hours in (1, 2, 2.2, 9):
        await world.commit("heatmap_grids", "ground", [grid(NOW - timedelta(hours=hours), 10)])
    assert await total(backend, **span) == (pytest.approx(4 * 240), 240.0)
    kept = await world.rows("SELECT hour_at, grid_count FROM floor_heat_hours ORDER BY hour_at")
    assert [row["grid_count"] for row in kept] == [1, 1, 1, 1]
    await world.commit("heatmap_grids", "ground", [grid(NOW - timedelta(hours=9), 30)], device_id="cam-2")
    assert (await total(backend, **span))[0] == pytest.approx(7 * 240), "what came late is in it"
    await world.connection.execute("DELETE FROM heatmap_grids")
    assert (await total(backend, **span))[0] == pytest.approx(7 * 240), "hours outlast their grids"
    await world.connection.execute("UPDATE floor_heat_hours SET presence_cs = 'broken'")
    assert (await total(backend, **span))[0] == 0.0, "a kept hour that cannot be read is not believed"


async def test_heat_that_nobody_asked_for_is_kept_before_its_grids_are_dropped(world, backend):
    for hours, presence_ds in ((1, 10), (30, 20), (80, 30), (24 * 20, 40)):
        await world.commit("heatmap_grids", "ground", [grid(NOW - timedelta(hours=hours), presence_ds)])
    span = {"from": (NOW - timedelta(days=30)).isoformat(), "to": NOW.isoformat()}
    raw_s = 240 * (1 + 2 + 3 + 4)
    async with opened(new_pool(world.url, size=1, statement_timeout_s=30)) as pool:
        upkeep = HeatUpkeep(pool, BackendMetrics())
        kept = [await upkeep.look(NOW) for _ in range(25)]
        assert sum(kept) == 4
        assert kept[0] == 2, "the last two days at once"
        assert kept[1:].index(1) == 0, "then day by day, to the oldest grid"
        await world.commit("heatmap_grids", "ground", [grid(NOW - timedelta(days=20), 50)], device_id="cam-2")
        assert [await upkeep.look(NOW) for _ in range(3)] == [1, 0, 0], "and at once where grids came late"
        late = HeatUpkeep(pool, BackendMetrics())
        await world.commit("heatmap_grids", "ground", [grid(NOW - timedelta(days=20), 60)], device_id="cam-3")
        assert sum([await late.look(NOW) for _ in range(25)]) == 1, "and anew, where they came while no backend ran"
    await world.connection.execute("DELETE FROM heatmap_grids")
    assert (await total(backend, **span))[0] == pytest.approx(raw_s + 240 * (5 + 6))


async def test_kept_hours_and_the_grids_themselves_say_the_same(world, backend):
    rows = [grid(NOW - timedelta(hours=n * 7, minutes=n), n, origin_x_m=0.1 * n) for n in range(1, 21)]
    await world.commit("heatmap_grids", "ground", rows)
    span = {"from": (NOW - timedelta(days=7)).isoformat(), "to": NOW.isoformat(), "watched": "true"}
    made, kept = await get(backend, "heatmap", **span), await get(backend, "heatmap", **span)
    places = [
        (GridFrame((row["origin_x_m"], 0.0), 0.5, 20, 12), np.full((12, 20), n)) for n, row in enumerate(rows, start=1)
    ]
    frame = GridFrame((0.0, 0.0), made["cell_size_m"], made["columns"], made["rows"])
    raw_s = merge_presence(places, frame).ravel()
    for found in (made, kept):
        assert found["presence_s"] == pytest.approx(raw_s, abs=0.11)  # 20 hours, each rounded to a hundredth
        assert sum(found["presence_s"]) == pytest.approx(raw_s.sum(), rel=0.001)
    assert made["watched_s"] == pytest.approx(kept["watched_s"], abs=1.01)


async def test_short_times_and_the_edges_of_long_ones_are_exact(world, backend):
    for minutes in (5, 65, 300, 301):
        await world.commit("heatmap_grids", "ground", [grid(NOW - timedelta(minutes=minutes), 10)])
    for minutes, count in ((6, 1), (60, 1), (300, 3), (300.5, 3), (301, 4)):
        span = {"from": (NOW - timedelta(minutes=minutes)).isoformat()}
        assert (await total(backend, **span))[0] == pytest.approx(count * 240), minutes
    assert (await get(backend, "heatmap"))["watched_s"] is None


async def test_a_day_by_the_minute(world, backend):
    midnight = datetime(2026, 11, 19, 23, tzinfo=UTC)  # of the 20th in Berlin
    at = midnight + timedelta(hours=9, minutes=30)
    zone = {"period_ms": 30_000, "occupancy": 2, "entry_count": 0, "exit_count": 0, "presence_ms": 45_000}
    zone |= {"visit_count": 0, "visit_dwell_ms": 0, "stop_count": 0}
    await world.commit("zone_visits", "zone-a", [zone | {"measured_at": at + timedelta(seconds=s)} for s in (0, 30)])
    await world.queue(3, at)
    await world.queue(5, at + timedelta(seconds=20))
    crossing = {"measured_at": at, "period_ms": 1_000, "in_count": 2, "out_count": 1}
    await world.commit("footfall_counts", "entrance", [crossing])
    await world.commit("lane_states", "lane-1", [{"measured_at": at, "is_open": True, "is_staffed": False}])
    await world.stock(4, at)
    await world.insert_alert(state="resolved", opened_at=at)
    await world.insert_alert(opened_at=midnight - timedelta(days=2), subject_id="other")
    found = StoreDay.model_validate(await get(backend, "day"))
    assert (found.date.isoformat(), found.from_at, found.to) == ("2026-11-20", midnight, midnight + timedelta(days=1))
    assert found.until == NOW.replace(second=0)
    (zone_a,), (tills,), (lane,), (slot,) = found.zones, found.queues, found.lanes, found.slots
    minute = 9 * 60 + 30
    assert len(zone_a.people) == 13 * 60
    assert [zone_a.people[minute + n] for n in (-1, 0, 1)] == [None, 1.5, None]
    assert (tills.length[minute], tills.longest_wait_s[minute]) == (5, 100.0)
    assert (lane.state[minute - 1], lane.state[minute + 10], lane.state[minute + 11]) == (None, 1, None)
    assert [slot.units[minute // 15 + n] for n in (-1, 0, 4, 5)] == [None, 4, 4, None]
    entrance = next(line for line in found.lines if line.line_id == "entrance")
    assert (entrance.in_count[minute], entrance.out_count[minute]) == (2, 1)
    hour = found.hours[9]
    assert (hour.expected_minutes, hour.measured_minutes) == (180, 3)
    assert [alert.subject_id for alert in found.alerts] == ["tills", "other"]
    assert found.alerts[0].title == "the tills: 6 waiting"
    assert found.alerts[0].words["zh-CN"].action == "再开一个收银台"


async def test_other_dates(backend):
    ahead = StoreDay.model_validate(await get(backend, "day", date="2026-12-24"))
    assert (ahead.until, ahead.hours, ahead.zones[0].people) == (ahead.from_at, [], [])
    past = StoreDay.model_validate(await get(backend, "day", date="2026-10-25"))
    assert past.to - past.from_at == timedelta(hours=25), "the clock went back"
    for wrong in ("1999-12-31", "soon", "2200-01-01"):
        assert (await backend.get(f"{BASE}/day", params={"date": wrong})).status_code == 422


async def test_devices_say_what_they_measure(world, backend):
    await world.queue(1, NOW)
    await world.stock(3, NOW)
    devices = {each["device_id"]: each["measures"] for each in (await get(backend, "devices"))["devices"]}
    assert devices == {
        "cam-1": [{"stream": "queue", "subject_id": "tills"}],
        "shelf-1": [{"stream": "shelf", "subject_id": "slot-1"}],
        "lanes-1": [],
    }
