"""A line from the API to a running camera and its counts back: over the real broker, database and gateway."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from fixtures.backend_world import new_world, running_backend
from fixtures.edge_box import running
from fixtures.shop import Shop
from fixtures.small_site import camera, write_credentials, write_site, write_walks
from fixtures.stand_in_gateway import FAST
from fixtures.waiting import until
from storesense_backend import registry
from storesense_backend.roles import Role
from storesense_contracts.clock import SystemClock
from storesense_contracts.drawing import views_of
from storesense_contracts.settings import BrokerSettings
from storesense_contracts.site import load_site
from storesense_edge.composition import build_agent
from storesense_edge.credentials import load_credentials
from storesense_edge.settings import EdgeSettings
from storesense_gateway.drawings import DrawingTeller
from storesense_simulators.embedded.broker import EmbeddedBroker

PATH = "/api/v1/stores/store-1/drawing"


async def test_a_drawn_line_counts_without_a_restart(
    database_url: str, mqtt_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    shop = Shop(mqtt_broker, database_url, tmp_path)
    walks = camera(write_walks(tmp_path / "walks.txt"), speed=10.0, loop=True)
    site = load_site(write_site(tmp_path, [walks]))
    agent = build_agent(
        site,
        EdgeSettings(link=FAST, health_s=1.0, report_s=0.1),
        broker=BrokerSettings(host=shop.broker.host, port=shop.broker.port),
        passwords=load_credentials(write_credentials(tmp_path, shop.broker, "store-1/device-1")),
        state_dir=tmp_path / "state",
        clock=SystemClock(),
    )
    async with new_world(database_url) as world, running_backend(database_url) as (_, http):
        views = views_of(site)
        await registry.put_store(
            world.connection, site.store, devices=[("device-1", "camera")], cameras=views, rules=[]
        )
        http.headers.update(await world.key(Role.MANAGER, "installer"))

        async def works_by() -> int | None:
            (device,) = (await http.get(f"{PATH}/devices")).json()["devices"]
            return device["version"] if device["is_in_force"] else None

        async def counted() -> int:
            query = (
                "SELECT coalesce(sum(in_count), 0) FROM footfall_counts JOIN series USING (series_id) "
                "WHERE subject_id = 'left-third'"
            )
            return int((await asyncio.to_thread(shop.query, query))[0][0])

        async with AsyncExitStack() as stack:
            gateway = stack.enter_context(shop.gateway())
            stack.enter_context(DrawingTeller(database_url, gateway.link, store_ids=["store-1"]).running())
            await stack.enter_async_context(running(agent))
            assert await until(works_by) == 1
            assert await counted() == 0
            held = (await http.get(PATH)).json()
            drawing = held["drawing"]
            drawing["lines"].append({"id": "left-third", "name": "Left third"})
            drawing["cameras"][0]["lines"].append(
                {"line": "left-third", "image": [[0.3, 0.0], [0.3, 1.0]], "in_side": "left"}
            )
            saved = await http.put(PATH, json={"based_on": held["version"], "drawing": drawing})
            assert saved.status_code == 200, saved.text
            await until(works_by)
            assert await until(counted) >= 1
