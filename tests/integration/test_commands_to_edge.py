"""Commands from the API to a scale on the edge and back: over the real broker, database, gateway and agent."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from fixtures.backend_world import World, running_backend
from fixtures.edge_box import DEVICE, STORE, new_agent, register, running
from fixtures.serial_scale import Scale
from fixtures.shop import Shop
from fixtures.waiting import until
from storesense_backend.roles import Role
from storesense_contracts.device_commands import CommandArguments, DeviceCommand, encode_command
from storesense_contracts.ids import DeviceId, StoreId
from storesense_gateway.device_commands import CommandRelay
from storesense_gateway.metrics import GatewayMetrics
from storesense_gateway.service import Gateway
from storesense_simulators.embedded.broker import EmbeddedBroker

PATH = f"/api/v1/stores/{STORE}/devices/{DEVICE}/commands"


@contextmanager
def relaying_gateway(shop: Shop) -> Iterator[Gateway]:
    metrics = GatewayMetrics()
    with (
        shop.gateway(metrics=metrics) as gateway,
        CommandRelay(shop.database_url, gateway.link, metrics=metrics).running(),
    ):
        yield gateway


async def ask(http: httpx.AsyncClient, kind: str, **more: Any) -> str:
    answered = await http.post(PATH, json={"kind": kind, "reason": "a test"} | more)
    assert answered.status_code == 201, answered.text
    return str(answered.json()["command_id"])


async def ended(http: httpx.AsyncClient, command_id: str) -> tuple[str, str]:
    """Wait for the end of a command; return what it is and what the device says of it."""

    async def over() -> Any:
        commands = (await http.get(PATH)).json()["commands"]
        (mine,) = (each for each in commands if each["command_id"] == command_id)
        return mine if mine["over_at"] is not None else None

    found = await until(over)
    return found["state"], found["detail"]


async def test_commands_reach_a_device_are_done_once_and_wait_for_one_that_is_away(
    world: World, mqtt_broker: EmbeddedBroker, tmp_path: Path, scale: Scale
) -> None:
    shop = Shop(mqtt_broker, world.url, tmp_path)
    await register(world, scale)
    scale.weight_g = 120.0
    async with running_backend(world.url) as (_, http):
        http.headers.update(await world.key(Role.MANAGER, "mira"))

        async def understands() -> bool:
            found = (await http.get(f"/api/v1/stores/{STORE}/devices")).json()["devices"]
            return any("zero_slot" in each["commands"] and each["state"] == "online" for each in found)

        async def is_away() -> bool:
            found = (await http.get(f"/api/v1/stores/{STORE}/devices")).json()["devices"]
            return all(each["state"] == "offline" for each in found)

        async def shown_g() -> list[float]:
            rows = await world.rows(
                "SELECT weight_mg FROM shelf_weights WHERE is_stable ORDER BY measured_at DESC LIMIT 1"
            )
            return [row["weight_mg"] / 1000 for row in rows]

        async def is_120() -> bool:
            return any(abs(weight_g - 120) < 3 for weight_g in await shown_g())

        async def is_zero() -> bool:
            return any(abs(weight_g) < 3 for weight_g in await shown_g())

        with relaying_gateway(shop) as gateway:
            async with running(new_agent(tmp_path, mqtt_broker, scale)):
                await until(understands)
                await until(is_120)
                first = await ask(http, "zero_slot", arguments={"slot_id": "s1"})
                state, detail = await ended(http, first)
                assert (state, detail[:38]) == ("done", "Slot s1 is zero where it showed 120 g.")
                await until(is_zero)
                assert (tmp_path / "state" / STORE / f"{DEVICE}.s1.zero.json").exists()

                # As a gateway does that was killed after sending and before noting: the same id comes again.
                (known,) = await world.rows("SELECT issued_at, expires_at FROM device_commands")
                again = DeviceCommand(
                    command_id=first, kind="zero_slot", arguments=CommandArguments(slot_id="s1"), **known
                )
                assert gateway.link.tell_command(StoreId(STORE), DeviceId(DEVICE), encode_command(again), valid_s=60)
                state, detail = await ended(http, await ask(http, "identify"))
                assert (state, detail[:11]) == ("done", "It runs on ")
                results = await world.rows("SELECT state FROM command_results WHERE command_id = %(id)s", id=first)
                assert sorted(row["state"] for row in results) == ["done", "taken"]

                scale.weight_g = 5_000.0

                async def is_loaded() -> bool:
                    return any(weight_g > 4_000 for weight_g in await shown_g())

                await until(is_loaded)
                state, detail = await ended(http, await ask(http, "zero_slot", arguments={"slot_id": "s1"}))
                assert state == "refused"
                assert "an empty one at most 200 g" in detail

                boots = await world.rows("SELECT boot_id FROM device_boots")
                assert await ended(http, await ask(http, "restart_agent")) == ("done", "The agent began anew.")
                assert len(await world.rows("SELECT boot_id FROM device_boots")) == len(boots) + 1
            await until(is_away)
            waiting = await ask(http, "report_now")
            async with running(new_agent(tmp_path, mqtt_broker, scale)):
                state, detail = await ended(http, waiting)
                assert (state, detail[:18]) == ("done", "Told the condition")
