"""Every answer of the API for stores that have next to nothing: no device, no line, or a device that never spoke."""

from datetime import UTC, datetime, timedelta
from typing import Any

from fixtures.backend_world import layout, new_world, running_backend
from storesense_backend import registry
from storesense_backend.roles import Role
from storesense_contracts.clock import ManualClock

NOW = datetime(2026, 11, 20, 15, 10, tzinfo=UTC)
BARE: dict[str, Any] = {part: [] for part in ("lines", "zones", "lanes", "queues", "slots", "environment_sensors")}
STORES: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "nothing": (BARE, []),
    "a-silent-device": (BARE, [("door", "camera")]),
    "a-layout-that-nobody-measures": ({}, []),
}
# Other ids that a path names are asked for as 1, of which there is none.
FAMILY = "footfall_counts"
# What is not answered with figures, and with what instead.
EXPECTED = {
    "/api/v1/dead-letters/1": 404,
    "/api/v1/stores/{store_id}/alerts/1": 404,
    "/api/v1/stores/{store_id}/rules/1/versions": 404,
    "/api/v1/stores/{store_id}/push/key": 503,  # no delivery worker is set up for Web Push
}


def paths_of(spec: dict[str, Any]) -> list[tuple[str, dict[str, str]]]:
    """Every path that can be asked for, with its query; the live stream never ends and is left out."""
    found = []
    for path, ways in spec["paths"].items():
        if "get" not in ways or path.endswith("/stream"):
            continue
        query, asked = {}, path
        for parameter in ways["get"].get("parameters", []):
            name = parameter["name"]
            if parameter["in"] == "path" and name != "store_id":
                asked = asked.replace("{" + name + "}", FAMILY if name == "family" else "1")
            elif name == "from":
                query[name] = (NOW - timedelta(hours=12)).isoformat()
            elif name == "to":
                query[name] = NOW.isoformat()
        found.append((asked, query))
    return found


async def test_every_path_answers_for_stores_that_have_next_to_nothing(database_url: str) -> None:
    async with new_world(database_url) as world:
        for store_id, (changes, devices) in STORES.items():
            await registry.put_store(world.connection, layout(store_id, **changes), devices=devices, rules=[])
        headers = await world.key(Role.ADMIN, "reader")
        async with running_backend(world.url, clock=ManualClock(NOW)) as (_, http):
            paths = paths_of((await http.get("/api/v1/openapi.json", headers=headers)).json())
            assert len(paths) > 40, "the paths were found"
            for store_id in STORES:
                answers = {
                    path: await http.get(path.replace("{store_id}", store_id), params=query, headers=headers)
                    for path, query in paths
                }
                refused = {path: answer.status_code for path, answer in answers.items() if answer.status_code != 200}
                assert refused == EXPECTED, (store_id, {path: answers[path].text[:200] for path in refused})
