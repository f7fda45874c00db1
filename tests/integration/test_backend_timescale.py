"""The backend's queries and the alert engine on TimescaleDB, by the same names."""

import zlib
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from fixtures.backend_world import STORE, layout, new_world
from storesense_backend import alert_records, registry
from storesense_backend.alerts.follower import AlertFollower
from storesense_backend.alerts.metrics import AlertMetrics
from storesense_backend.depletion.records import Depletion
from storesense_backend.heat_hours import floor_heat
from storesense_backend.kpis import kpis
from storesense_backend.live import reader
from storesense_backend.measurements import Family, Step, footfall_points, readings_page
from storesense_backend.metrics import BackendMetrics
from storesense_backend.planogram.records import planogram_at
from storesense_backend.ranges import TimeSpan, decode_cursor
from storesense_backend.settings import AlertsSettings
from storesense_contracts.clock import ManualClock


@pytest.fixture
async def world(timescale_url):
    async with new_world(timescale_url) as world:
        yield world


async def test_every_query_of_the_api(world):
    now = datetime.now(UTC)
    span = TimeSpan(now - timedelta(hours=1), now + timedelta(seconds=1))
    count = {"measured_at": now - timedelta(minutes=20), "period_ms": 1000, "in_count": 2, "out_count": 1}
    await world.commit("footfall_counts", "entrance", [count])
    await world.queue(4, now - timedelta(minutes=2))
    await world.stock(7, now - timedelta(minutes=2))
    grid = {"measured_at": now, "period_ms": 60_000, "origin_x_m": 0.0, "origin_y_m": 0.0, "cell_size_m": 1.0}
    grid |= {"columns": 1, "rows": 1, "presence_ds": zlib.compress(np.array([40], dtype="<u2").tobytes())}
    await world.commit("heatmap_grids", "ground", [grid])

    state, reached = await reader.load_state(world.connection, STORE, now)
    snapshot = state.snapshot(now)
    assert (snapshot["queues"][0]["length"], snapshot["slots"][0]["units"]) == (4, 7)
    rows = await reader.new_rows(world.connection, after=0, upto=reached[0], store_ids=[STORE], now=now)
    assert {family: len(found) for family, found in rows.items() if found} == {"footfall": 1, "queues": 1, "slots": 1}
    assert STORE in await reader.devices(world.connection, [STORE], now)
    for step in Step:
        (point,) = await footfall_points(world.connection, store_id=STORE, span=span, step=step)
        assert point["in_count"] == 2
    for family in Family:
        page = await readings_page(
            world.connection, family, span, store_id=STORE, subject_id=None, after=decode_cursor(None), limit=10
        )
        assert page[1] is None
    heat = await floor_heat(world.connection, layout=layout(), span=span, now=now, metrics=BackendMetrics())
    assert heat.presence_s.sum() == pytest.approx(4.0)
    found = {kpi.name: kpi.value for kpi in await kpis(world.connection, layout=layout(), span=span, now=now)}
    assert (found["visitors"], found["queue_length"], found["on_shelf_availability"]) == (2.0, 4.0, 1.0)
    (slot,) = (await Depletion().of(world.connection, layout(), 1, now))["slots"]
    assert (slot["units"], slot["is_demand_known"]) == (7, False), "weighed for minutes, and not yet for a day"
    planned = await planogram_at(world.connection, STORE, now)
    assert [entry.sku for entry in planned.entries] == ["oat-1l"]
    assert len(await registry.list_devices(world.connection, STORE, now)) == 3
    assert (await registry.list_stores(world.connection))[0]["devices_total"] == 3


async def test_an_alert_from_opening_to_proof(world):
    clock = ManualClock(datetime.now(UTC))
    follower = AlertFollower(conninfo=world.url, clock=clock, settings=AlertsSettings(), metrics=AlertMetrics())
    await follower.begin(world.connection)
    for length in (6, 6, 6, 6, 6, 0, 0, 0, 0):
        await world.queue(length, clock.now(), delay_s=0)
        await follower.step(world.connection)
        clock.advance(5)
    (alert,) = await alert_records.list_alerts(world.connection, store_id=STORE, states=None, after=None, limit=9)
    assert (alert["state"], alert["proof"]["length"]) == ("resolved", 0)
