"""A planogram from the API's table to a scale on the edge and back: over the real broker, database and gateway."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fixtures.backend_world import World, new_world, running_backend
from fixtures.serial_scale import Scale
from fixtures.shop import Shop
from fixtures.small_site import site_dict, write_credentials, write_site
from fixtures.stand_in_gateway import FAST
from storesense_backend import registry
from storesense_backend.planogram.entry import PlanogramEntry
from storesense_backend.planogram.records import add_planogram
from storesense_backend.roles import Role
from storesense_contracts.clock import SystemClock
from storesense_contracts.layout import StoreLayout
from storesense_contracts.settings import BrokerSettings
from storesense_contracts.site import load_site
from storesense_edge.agent import SiteAgent
from storesense_edge.composition import build_agent
from storesense_edge.credentials import load_credentials
from storesense_edge.settings import EdgeSettings
from storesense_gateway.planograms import PlanogramTeller
from storesense_simulators.embedded.broker import EmbeddedBroker

DEVICE = "store-1/device-2"
WAIT_S = 60.0


@pytest.fixture
def scale() -> Iterator[Scale]:
    with Scale() as scale:
        yield scale


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with new_world(database_url) as world:
        yield world


def devices(scale: Scale) -> list[dict[str, Any]]:
    source = {"kind": "serial", "device": scale.device, "resolution_g": 0.1}
    return [{"kind": "shelf", "id": "device-2", "slots": [{"slot": "s1", "source": source}]}]


@asynccontextmanager
async def agent(shop: Shop, scale: Scale) -> AsyncIterator[SiteAgent]:
    agent = build_agent(
        load_site(write_site(shop.folder, devices(scale))),
        EdgeSettings(link=FAST, health_s=1.0),
        broker=BrokerSettings(host=shop.broker.host, port=shop.broker.port),
        passwords=load_credentials(write_credentials(shop.folder, shop.broker, DEVICE)),
        state_dir=shop.folder / "state",
        clock=SystemClock(),
    )
    stop = asyncio.Event()
    task = asyncio.create_task(agent.run(stop))
    try:
        yield agent
    finally:
        stop.set()
        await task


@contextmanager
def gateway(shop: Shop) -> Iterator[None]:
    with shop.gateway() as gateway, PlanogramTeller(shop.database_url, gateway.link).running():
        yield


async def until(condition: Any) -> Any:
    async with asyncio.timeout(WAIT_S):
        while True:
            if found := await condition():
                return found
            await asyncio.sleep(0.05)


def planned(sku: str, unit_weight_g: float) -> list[PlanogramEntry]:
    return [PlanogramEntry("s1", sku, sku.title(), 1, 12, unit_weight_g, None, 0, 4)]


async def test_a_new_planogram_reaches_the_scale_and_the_old_goods_are_no_picks(
    world: World, mqtt_broker: EmbeddedBroker, tmp_path: Path, scale: Scale
) -> None:
    shop = Shop(mqtt_broker, world.url, tmp_path)
    layout = StoreLayout.model_validate(site_dict(devices(scale))["store"])
    await registry.put_store(world.connection, layout, devices=[("device-2", "shelf")], rules=[])
    async with running_backend(world.url) as (_, http):
        http.headers.update(await world.key(Role.VIEWER, "looker"))

        async def version() -> int | None:
            answer = (await http.get("/api/v1/stores/store-1/planogram/devices")).json()["devices"]
            return next((each["version"] for each in answer if each["is_in_force"]), None)

        async def events() -> list[tuple[str, str, int]]:
            await asyncio.sleep(0)
            query = "SELECT event, sku, units FROM shelf_events ORDER BY measured_at"
            return await asyncio.to_thread(shop.query, query)

        async def units() -> list[Any]:
            query = "SELECT units FROM shelf_weights WHERE is_stable ORDER BY measured_at DESC LIMIT 1"
            return await asyncio.to_thread(shop.query, query)

        async def is_weighed() -> bool:
            return await units() == [(4,)]

        with gateway(shop):
            async with agent(shop, scale):
                await until(is_weighed)
                assert await until(version) == 1
                now = datetime.now(UTC)
                added = await add_planogram(
                    world.connection,
                    "store-1",
                    planned("honey", 700.0),
                    valid_from=None,
                    now=now,
                    entered_by="test",
                    source="api",
                )
                assert added.version == 2

                async def is_second() -> bool:
                    return await version() == 2

                await until(is_second)
                assert await events() == []
                scale.weight_g = 0.0

                async def one() -> bool:
                    return len(await events()) == 1

                async def two() -> bool:
                    return len(await events()) == 2

                await until(one)
                scale.weight_g = 2_800.0
                await until(two)
                assert await events() == [("misplaced", "milk-1l", 4), ("restock", "honey", 4)]
        assert (tmp_path / "state/store-1/device-2.planogram.json").exists()
    # Without broker and gateway it starts again by what it was told.
    again = build_agent(
        load_site(write_site(tmp_path, devices(scale))),
        EdgeSettings(link=FAST),
        broker=BrokerSettings(port=1),
        passwords=load_credentials(write_credentials(tmp_path, mqtt_broker, DEVICE)),
        state_dir=tmp_path / "state",
        clock=SystemClock(),
    )
    planogram = again.devices[0].planogram
    assert planogram is not None
    assert planogram.load().planogram_version == 2
    assert planogram.plan_of("s1").slot.product.sku == "honey"


async def test_a_device_that_connects_later_is_told_what_was_retained(
    world: World, mqtt_broker: EmbeddedBroker, tmp_path: Path, scale: Scale
) -> None:
    shop = Shop(mqtt_broker, world.url, tmp_path)
    layout = StoreLayout.model_validate(site_dict(devices(scale))["store"])
    await registry.put_store(world.connection, layout, devices=[("device-2", "shelf")], rules=[])
    await world.connection.execute(
        "INSERT INTO series (store_id, device_id, stream, subject_id) VALUES ('store-1', 'device-2', 'shelf', 's1')"
    )
    with shop.gateway() as gateway:
        teller = PlanogramTeller(shop.database_url, gateway.link)

        async def is_told() -> int:
            with psycopg.connect(shop.database_url, autocommit=True) as connection:
                return await asyncio.to_thread(teller.look, connection)

        assert await until(is_told) == 1
        assert await is_told() == 0, "what has been told is not told again"
    # The gateway is gone; the broker remembers.
    async with agent(shop, scale) as running:

        async def is_known() -> bool:
            planogram = running.devices[0].planogram
            await asyncio.sleep(0)
            return planogram is not None and planogram.version == 1

        await until(is_known)
