"""Two alert engines as processes of their own: one is killed, and the other decides within seconds."""

import asyncio
import time
from datetime import UTC, datetime

import pytest

from fixtures.backend_world import QUEUE_RULE, new_world
from fixtures.waiting import until
from storesense_simulators.bench_alert import service_child

LEASE_S = 2.0
MARGIN_S = 45.0
"""For a machine that is busy; on an idle one it is a second."""


@pytest.fixture
async def world(database_url):
    async with new_world(database_url) as world:
        await world.register(rules=[QUEUE_RULE | {"open_after_s": 0, "min_quality": 0}])
        yield world


@pytest.mark.timeout(180)
async def test_when_the_leading_engine_is_killed_the_other_one_decides(world, service_dir):
    settings = {"lease_s": str(LEASE_S)}
    children = [
        service_child("alerts", world.url, log_path=service_dir / f"engine-{number}.log", settings=settings)
        for number in range(2)
    ]

    async def holder():
        return next((row["holder"] for row in await world.rows("SELECT holder FROM store_leases")), None)

    async def engines():
        rows = await world.rows("SELECT holder FROM alert_engines WHERE expires_at > clock_timestamp()")
        return len(rows) == 2

    async def opened():
        return await world.rows("SELECT opened_at FROM alerts")

    leader, other = children
    try:
        await asyncio.to_thread(leader.start)
        first = await until(holder)
        await asyncio.to_thread(other.start)
        await until(engines)
        assert await holder() == first, "a store is not taken from an engine that lives"
        await asyncio.to_thread(leader.kill)
        killed_s = time.monotonic()
        await world.queue(9, datetime.now(UTC), delay_s=0)
        (alert,) = await until(opened)
        took_s = time.monotonic() - killed_s
        assert await holder() not in (None, first)
        assert took_s < LEASE_S + MARGIN_S
        assert alert["opened_at"].tzinfo is not None
        events = await world.rows("SELECT event FROM notifications")
        assert [row["event"] for row in events] == ["opened"]
    finally:
        for child in children:
            await asyncio.to_thread(child.kill)
