"""Commands to devices in the backend: who may ask for what, what bounds it, and what becomes of answers."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from fixtures.backend_world import STORE, World, new_world, running_backend, sign_in
from storesense_backend.device_commands import MOST_A_MINUTE
from storesense_backend.roles import Role

PATH = f"/api/v1/stores/{STORE}/devices/cam-1/commands"
ALL = "identify learn_view report_now restart_agent set_log_level"


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with new_world(database_url) as world:
        row = {"measured_at": datetime.now(UTC), "state": "ok", "commands": ALL}
        await world.commit("health_readings", "outbox", [row])
        yield world


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with running_backend(world.url) as (_, http):
        await world.add_user("mira", Role.MANAGER)
        assert (await sign_in(http, "mira")).status_code == 200
        yield http


async def ask(http: httpx.AsyncClient, kind: str = "identify", path: str = PATH, **more: Any) -> httpx.Response:
    return await http.post(path, json={"kind": kind} | more)


async def answer(world: World, command_id: str, state: str, *, device_id: str = "cam-1", **more: Any) -> None:
    row = {"measured_at": datetime.now(UTC), "command_id": command_id, "state": state} | more
    await world.commit("command_results", "identify", [row], device_id=device_id)


async def test_a_command_is_kept_with_who_asked_why_and_what_became_of_it(
    world: World, http: httpx.AsyncClient
) -> None:
    answered = await ask(http, "restart_agent", reason=" stuck since noon ", valid_s=60)
    assert answered.status_code == 201
    command = answered.json()
    assert (command["issued_by"], command["reason"], command["state"]) == ("mira", "stuck since noon", "waiting")
    issued, expires = (datetime.fromisoformat(command[name]) for name in ("issued_at", "expires_at"))
    assert expires - issued == timedelta(seconds=60)
    await answer(world, command["command_id"], "taken")
    assert (await listed(http))[0]["state"] == "taken"
    await answer(world, command["command_id"], "done", detail="began anew")
    await answer(world, command["command_id"], "failed", detail="an end that comes after the end")
    (ended,) = await listed(http)
    assert (ended["state"], ended["detail"]) == ("done", "began anew")
    assert ended["issued_at"] <= ended["taken_at"] <= ended["over_at"]
    everywhere = (await http.get(f"/api/v1/stores/{STORE}/commands")).json()["commands"]
    assert everywhere == [ended]
    now = (await http.get(f"/api/v1/stores/{STORE}/live")).json()
    (device,) = (each for each in now["devices"] if each["device_id"] == "cam-1")
    assert [each["command_id"] for each in device["recent_commands"]] == [command["command_id"]]


async def listed(http: httpx.AsyncClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await http.get(PATH)).json()["commands"]
    return found


async def test_a_device_answers_for_itself_alone(world: World, http: httpx.AsyncClient) -> None:
    command_id = (await ask(http)).json()["command_id"]
    await answer(world, command_id, "done", device_id="shelf-1")
    assert (await listed(http))[0]["state"] == "waiting"


async def test_what_nobody_took_in_time_is_expired_and_makes_room(world: World, http: httpx.AsyncClient) -> None:
    assert (await ask(http)).status_code == 201
    again = await ask(http)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "still_open")
    passed = (
        "UPDATE device_commands SET issued_at = issued_at - interval '1 h', expires_at = issued_at - interval '1 s'"
    )
    await world.connection.execute(passed)
    assert (await listed(http))[0]["state"] == "expired"
    assert (await ask(http)).status_code == 201


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        pytest.param({"kind": "restart_agent"}, 422, "invalid", id="an interruption without a reason"),
        pytest.param({"kind": "restart_agent", "reason": "  "}, 422, "invalid", id="a reason of blanks"),
        pytest.param({"kind": "identify", "reason": "x\x07y"}, 422, "invalid", id="a bell in the reason"),
        pytest.param({"kind": "run_shell"}, 422, "invalid", id="no such kind"),
        pytest.param({"kind": "identify", "arguments": {"slot_id": "a"}}, 422, "bad_arguments", id="not its argument"),
        pytest.param({"kind": "zero_slot", "reason": "empty"}, 422, "bad_arguments", id="no slot named"),
        pytest.param(
            {"kind": "zero_slot", "reason": "empty", "arguments": {"slot_id": "a"}},
            409,
            "not_understood",
            id="no shelf",
        ),
        pytest.param(
            {"kind": "set_log_level", "arguments": {"level": "debug", "for_s": 86_400}}, 422, "invalid", id="for a day"
        ),
        pytest.param({"kind": "identify", "valid_s": 90_000}, 422, "invalid", id="valid for more than a day"),
        pytest.param({"kind": "identify", "store_id": "other"}, 422, "invalid", id="a key that is none"),
    ],
)
async def test_what_cannot_be_asked_is_refused(
    http: httpx.AsyncClient, body: dict[str, Any], status: int, code: str
) -> None:
    refused = await http.post(PATH, json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (status, code)
    assert await listed(http) == []


@pytest.mark.parametrize("role", [Role.VIEWER, Role.STAFF])
async def test_only_managers_ask(world: World, role: Role) -> None:
    async with running_backend(world.url) as (_, http):
        key = await world.key(role)
        assert (await http.post(PATH, json={"kind": "identify"}, headers=key)).status_code == 403
        assert (await http.get(PATH, headers=key)).json() == {"commands": []}
        assert (await http.post(PATH, json={"kind": "identify"})).status_code == 401


async def test_another_sites_page_cannot_ask(http: httpx.AsyncClient) -> None:
    forged = await http.post(PATH, json={"kind": "identify"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert (forged.status_code, forged.json()["error"]["code"]) == (403, "cross_site")


async def test_devices_are_asked_in_their_own_store(world: World, http: httpx.AsyncClient) -> None:
    await world.register("store-2")
    await world.connection.execute("DELETE FROM devices WHERE store_id = 'store-2'")
    for path, code in (
        ("/api/v1/stores/store-2/devices/cam-1/commands", "no_such_device"),
        ("/api/v1/stores/nowhere/devices/cam-1/commands", "no_such_store"),
    ):
        refused = await ask(http, path=path)
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, code)


async def test_a_flood_is_bounded(world: World, http: httpx.AsyncClient) -> None:
    for _ in range(MOST_A_MINUTE):
        command_id = (await ask(http)).json()["command_id"]
        await answer(world, command_id, "done")
    refused = await ask(http)
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many_commands")
    assert refused.headers["Retry-After"] == "60"


async def test_the_page_learns_what_a_device_understands(http: httpx.AsyncClient) -> None:
    devices = (await http.get(f"/api/v1/stores/{STORE}/devices")).json()["devices"]
    assert {each["device_id"]: each["commands"] for each in devices}["cam-1"] == ALL.split()
    assert {each["device_id"]: each["commands"] for each in devices}["shelf-1"] == []
