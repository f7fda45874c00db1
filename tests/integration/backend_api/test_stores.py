"""Stores, their devices and rules over the API, and the first view of a page."""

from datetime import timedelta

import pytest

from fixtures.backend_api import BASE, NOW, assert_error, get
from fixtures.backend_world import DEVICES, QUEUE_RULE, STOCK_RULE, STORE, layout
from storesense_backend.api import models
from storesense_backend.api.opening import Opening
from storesense_backend.roles import Role


async def test_stores(world, backend):
    await world.insert_alert()
    await world.connection.execute("UPDATE devices SET state = 'online' WHERE device_id = 'cam-1'")
    assert (await get(backend, "/api/v1/stores"))["stores"] == [
        {
            "store_id": STORE,
            "name": "Berlin Mitte",
            "time_zone": "Europe/Berlin",
            "open_alerts": 1,
            "devices_online": 1,
            "devices_total": 3,
        }
    ]
    found = models.Store.model_validate(await get(backend, BASE))
    assert found.layout == layout()
    assert found.layout_version == 1


async def test_putting_a_store_registers_it_and_bumps_the_version_only_with_a_change(backend):
    body = {
        "layout": layout("paris-1").model_dump(mode="json"),
        "devices": [{"device_id": device_id, "kind": kind} for device_id, kind in DEVICES],
        "rules": [QUEUE_RULE, STOCK_RULE],
    }
    for _ in range(2):
        answer = await backend.put("/api/v1/stores/paris-1", json=body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["layout_version"] == 1
    body["layout"]["name"] = "Paris"
    body["devices"] = body["devices"][:1]
    body["rules"] = body["rules"][:1]
    assert (await backend.put("/api/v1/stores/paris-1", json=body)).json()["layout_version"] == 2
    assert (await get(backend, "/api/v1/stores/paris-1"))["name"] == "Paris"
    assert [d["device_id"] for d in (await get(backend, "/api/v1/stores/paris-1/devices"))["devices"]] == ["cam-1"]
    assert [r["rule"]["id"] for r in (await get(backend, "/api/v1/stores/paris-1/rules"))["rules"]] == ["long-queue"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"rules": [QUEUE_RULE | {"queues": ["nowhere"]}]}, "rules[0].queues[0]"),
        ({"rules": [QUEUE_RULE, QUEUE_RULE]}, "rules[1].id"),
        ({"rules": [QUEUE_RULE | {"resolve_at_length": 9}]}, "rules[0].queue_too_long"),
        ({"devices": [{"device_id": "a/b", "kind": "camera"}]}, "devices[0].device_id"),
        ({"devices": [{"device_id": "a", "kind": "camera"}] * 2}, "devices"),
        ({"colour": "red"}, "colour"),
        ({"layout": layout("other").model_dump(mode="json")}, "layout.id"),
        ({"layout": layout().model_dump(mode="json") | {"time_zone": "Mars/Olympus"}}, "layout.time_zone"),
    ],
)
async def test_a_store_with_a_mistake_is_refused_with_its_place(backend, change, field):
    body = {"layout": layout().model_dump(mode="json"), "devices": [], "rules": []} | change
    assert_error(await backend.put(BASE, json=body), 422, "invalid", field)
    assert len((await get(backend, f"{BASE}/devices"))["devices"]) == 3


async def test_devices_with_their_newest_health(world, backend):
    for minutes, state, reason in ((50, "ok", None), (5, "failed", "no frames for 30 s")):
        row = {"measured_at": NOW - timedelta(minutes=minutes), "state": state, "reason": reason, "frames_per_s": 9.5}
        await world.commit("health_readings", "camera", [row])
    devices = models.Devices.model_validate(await get(backend, f"{BASE}/devices")).devices
    assert [d.device_id for d in devices] == ["cam-1", "lanes-1", "shelf-1"]
    (health,) = devices[0].health
    assert (health.component_id, health.state, health.reason) == ("camera", "failed", "no frames for 30 s")
    assert devices[1].health == []


async def test_a_device_that_nobody_registered_is_shown_as_such(world, backend):
    await world.connection.execute(
        "INSERT INTO devices (store_id, device_id, first_seen_at, state) VALUES (%s, 'stray', now(), 'online')",
        (STORE,),
    )
    stray = (await get(backend, f"{BASE}/devices"))["devices"][-1]
    assert (stray["device_id"], stray["kind"], stray["registered_at"]) == ("stray", None, None)
    await world.register()
    assert (await get(backend, f"{BASE}/devices"))["devices"][-1]["device_id"] == "stray"


async def test_rules_can_be_changed(world, backend):
    answer = await backend.put(f"{BASE}/rules/long-queue", json=QUEUE_RULE | {"open_at_length": 8})
    entry = models.RuleEntry.model_validate(answer.json())
    assert (entry.version, entry.rule.open_at_length) == (2, 8)
    assert len((await get(backend, f"{BASE}/rules"))["rules"]) == 2
    assert_error(await backend.put(f"{BASE}/rules/other", json=QUEUE_RULE), 422, "invalid", "id")
    assert_error(
        await backend.put(f"{BASE}/rules/long-queue", json=QUEUE_RULE | {"queues": ["x"]}), 422, "invalid", "queues[0]"
    )
    assert_error(await backend.put("/api/v1/stores/none/rules/long-queue", json=QUEUE_RULE), 404, "no_such_store")


async def test_a_first_view_is_answered_at_once(world, backend):
    found = Opening.model_validate(await get(backend, "/api/v1/opening"))
    assert found.store is not None
    assert found.live is not None
    assert (found.store.store_id, found.live.store_id, len(found.stores)) == (STORE, STORE, 1)
    assert found.store == models.Store.model_validate(await get(backend, BASE))
    await world.register("berlin-2")
    several = Opening.model_validate(await get(backend, "/api/v1/opening"))
    assert (several.store, several.live, len(several.stores)) == (None, None, 2)
    assert several.session.user.role is Role.ADMIN
    named = Opening.model_validate(await get(backend, "/api/v1/opening", store_id="berlin-2"))
    assert named.store is not None
    assert named.store.store_id == "berlin-2"
    assert Opening.model_validate(await get(backend, "/api/v1/opening", store_id="nowhere")).store is None
    assert_error(await backend.get("/api/v1/opening", params={"store_id": "no id"}), 422, "invalid", "store_id")
    assert_error(await backend.get("/api/v1/opening", headers={"Authorization": "Bearer x"}), 401, "not_signed_in")


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/live",
        "/stream",
        "/devices",
        "/rules",
        "/alerts",
        "/kpis",
        "/completeness",
        "/heatmap",
        "/footfall",
        "/readings/zone_visits",
    ],
)
async def test_a_store_that_is_not_there(backend, path):
    assert_error(await backend.get(f"/api/v1/stores/nowhere{path}"), 404, "no_such_store")
    assert_error(await backend.get(f"/api/v1/stores/no%20id{path}"), 422, "invalid", "store_id")
