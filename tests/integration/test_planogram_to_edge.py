"""A planogram from the API's table to a scale on the edge and back: over the real broker, database and gateway."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from fixtures.backend_world import World, running_backend
from fixtures.edge_box import new_agent, register, running, telling_gateway
from fixtures.serial_scale import Scale
from fixtures.shop import Shop
from fixtures.waiting import until
from storesense_backend.planogram.entry import PlanogramEntry
from storesense_backend.planogram.records import add_planogram
from storesense_backend.roles import Role
from storesense_gateway.planograms import PlanogramTeller
from storesense_simulators.embedded.broker import EmbeddedBroker


def planned(sku: str, unit_weight_g: float) -> list[PlanogramEntry]:
    return [PlanogramEntry("s1", sku, sku.title(), 1, 12, unit_weight_g, None, 0, 4)]


async def test_a_new_planogram_reaches_the_scale_and_the_old_goods_are_no_picks(
    world: World, mqtt_broker: EmbeddedBroker, tmp_path: Path, scale: Scale
) -> None:
    shop = Shop(mqtt_broker, world.url, tmp_path)
    await register(world, scale)
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

        with telling_gateway(shop):
            async with running(new_agent(tmp_path, mqtt_broker, scale)):
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
    again = new_agent(tmp_path, mqtt_broker, scale, port=1)
    planogram = again.devices[0].planogram
    assert planogram is not None
    assert planogram.load().planogram_version == 2
    assert planogram.plan_of("s1").slot.product.sku == "honey"


async def test_a_device_that_connects_later_is_told_what_was_retained(
    world: World, mqtt_broker: EmbeddedBroker, tmp_path: Path, scale: Scale
) -> None:
    shop = Shop(mqtt_broker, world.url, tmp_path)
    await register(world, scale)
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
    async with running(new_agent(tmp_path, mqtt_broker, scale)) as agent:

        async def is_known() -> bool:
            planogram = agent.devices[0].planogram
            await asyncio.sleep(0)
            return planogram is not None and planogram.version == 1

        await until(is_known)
