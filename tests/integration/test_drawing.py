"""Drawings over a real database: versions with authors, refused mistakes, old ones taken back, passes to pictures."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from fixtures.backend_world import DEVICES, STORE, layout, new_world, running_backend
from storesense_backend import registry
from storesense_backend.roles import Role
from storesense_contracts.drawing import CameraView
from storesense_contracts.setup_pass import decode_pass, split_pass

PATH = f"/api/v1/stores/{STORE}/drawing"
VIEW = {
    "camera": "cam-1",
    "lines": [{"line": "entrance", "image": [[0.1, 0.5], [0.9, 0.5]], "in_side": "left"}],
}


@pytest.fixture
async def world(database_url):
    async with new_world(database_url) as world:
        await register(world)
        yield world


@pytest.fixture
async def backend(world):
    async with running_backend(world.url) as (_, http):
        http.headers.update(await world.key(Role.MANAGER, "installer"))
        yield http


async def register(world, **changes):
    views = [CameraView.model_validate(VIEW)]
    await registry.put_store(world.connection, layout(**changes), devices=DEVICES, cameras=views, rules=None)


async def held(http):
    answer = await http.get(PATH)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def save(http, drawing, based_on, note=None):
    return await http.put(PATH, json={"based_on": based_on, "note": note, "drawing": drawing})


async def with_a_line(http):
    now = await held(http)
    line = {"id": "aisle", "name": "Aisle", "floor_m": [[1, 1], [3, 1]], "in_side": "left", "is_entrance": False}
    now["drawing"]["lines"].append(line)
    now["drawing"]["cameras"][0]["lines"].append(
        {"line": "aisle", "image": [[0.2, 0.2], [0.6, 0.2]], "in_side": "right"}
    )
    return now["drawing"], now["version"]


async def test_a_saved_drawing_is_a_version_and_what_the_store_shows(world, backend):
    first = await held(backend)
    assert (first["source"], first["drawing"]["cameras"][0]["camera"]) == ("registration", "cam-1")
    drawing, version = await with_a_line(backend)
    put = await save(backend, drawing, version, "a line across the aisle")
    assert put.status_code == 200, put.text
    assert (put.json()["version"], put.json()["entered_by"]) == (version + 1, "key:installer")
    store = (await backend.get(f"/api/v1/stores/{STORE}")).json()
    assert "aisle" in [line["id"] for line in store["layout"]["lines"]]
    newest, *_ = (await backend.get(f"{PATH}/history")).json()["versions"]
    assert (newest["version"], newest["is_in_force"], newest["note"]) == (version + 1, True, "a line across the aisle")
    # The same again is no new version.
    assert (await save(backend, drawing, version + 1)).json()["version"] == version + 1


async def test_registering_the_same_site_again_keeps_what_was_drawn_and_a_new_one_wins(world, backend):
    drawing, version = await with_a_line(backend)
    await save(backend, drawing, version)
    await register(world)
    assert (await held(backend))["version"] == version + 1
    store = (await backend.get(f"/api/v1/stores/{STORE}")).json()
    assert "aisle" in [line["id"] for line in store["layout"]["lines"]]
    changed = layout().model_dump(mode="json")["zones"]
    changed[0]["floor_m"] = [[0, 0], [2, 0], [2, 2]]
    await register(world, zones=changed)
    now = await held(backend)
    assert (now["version"], now["source"]) == (version + 2, "registration")
    assert "aisle" not in [line["id"] for line in now["drawing"]["lines"]]


async def test_an_old_version_is_taken_back_as_a_new_one(backend):
    drawing, version = await with_a_line(backend)
    await save(backend, drawing, version)
    back = await backend.post(f"{PATH}/take-back", json={"version": version, "based_on": version + 1})
    assert back.status_code == 200, back.text
    assert (back.json()["version"], back.json()["note"]) == (version + 2, f"version {version} taken back")
    assert "aisle" not in [line["id"] for line in back.json()["drawing"]["lines"]]
    missing = await backend.post(f"{PATH}/take-back", json={"version": 99, "based_on": version + 2})
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "no_such_drawing")


async def test_two_people_do_not_overwrite_each_other(backend):
    drawing, version = await with_a_line(backend)
    await save(backend, drawing, version)
    drawing["lines"][-1]["name"] = "Another"
    late = await save(backend, drawing, version)
    assert (late.status_code, late.json()["error"]["code"]) == (409, "drawing_changed")
    assert "key:installer saved version" in late.json()["error"]["message"]


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        (lambda d: d["lines"][-1].update(floor_m=[[1, 1], [1, 1]]), "lines.2.floor_m", "same place"),
        (lambda d: d["lines"][-1].update(floor_m=[[1, 1], [90, 1]]), "lines.2.floor_m.1", "floor plan"),
        (lambda d: d["cameras"][0].update(camera="nobody"), "cameras.0.camera", "no camera"),
        (lambda d: d["queues"].clear(), "rules", "change the rule first"),
        (lambda d: d["lines"][0].update(name=""), "drawing.lines[0].name", "at least 1 character"),
    ],
)
async def test_what_cannot_work_is_refused_with_its_place(backend, change, field, says):
    drawing, version = await with_a_line(backend)
    change(drawing)
    refused = await save(backend, drawing, version)
    assert refused.status_code == 422, refused.text
    error = refused.json()["error"]
    assert (error["field"], says in error["message"]) == (field, True), error
    assert (await held(backend))["version"] == version


async def test_what_was_so_before_hinders_nobody(world, backend):
    """A simulated camera measures what lies on the floor without being matched to it."""
    await world.connection.execute(
        "UPDATE drawing_versions SET drawing = jsonb_set(drawing, '{cameras,0,lines}', '[{\"line\": \"inner\"}]')"
    )
    drawing, version = await with_a_line(backend)
    assert (await save(backend, drawing, version)).status_code == 200
    drawing["cameras"][0]["zones"].append({"zone": "zone-a"})
    refused = await save(backend, drawing, version + 1)
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, "cameras.0.zones.0")


async def test_only_managers_draw(world, backend):
    drawing, version = await with_a_line(backend)
    backend.headers.update(await world.key(Role.STAFF, "staff"))
    assert (await save(backend, drawing, version)).status_code == 403
    assert (await backend.post(f"{PATH}/pass", json={"camera": "cam-1"})).status_code == 403
    assert (await backend.get(PATH)).status_code == 200


async def told(world, **changes):
    row = {"measured_at": datetime.now(UTC) - timedelta(seconds=1), "state": "ok"} | changes
    await world.commit("health_readings", "drawing", [row], device_id="cam-1")


async def test_a_camera_says_which_version_it_works_by(world, backend):
    (before,) = (await backend.get(f"{PATH}/devices")).json()["devices"]
    assert (before["version"], before["is_in_force"], before["setup_url"]) == (None, False, None)
    version = (await held(backend))["version"]
    await told(world, drawing_version=version, setup_url="http://10.0.0.5:8461/")
    (after,) = (await backend.get(f"{PATH}/devices")).json()["devices"]
    assert (after["version"], after["is_in_force"], after["setup_url"]) == (version, True, "http://10.0.0.5:8461/")


async def test_a_pass_opens_the_announced_box_alone_and_is_signed_by_a_key_that_is_told(world, backend):
    none = await backend.post(f"{PATH}/pass", json={"camera": "cam-1"})
    assert (none.status_code, none.json()["error"]["code"]) == (409, "no_setup_page")
    await told(world, setup_url="http://10.0.0.5:8461/")
    given = (await backend.post(f"{PATH}/pass", json={"camera": "cam-1"})).json()
    payload, signature = split_pass(given["setup_pass"])
    setup_pass = decode_pass(payload)
    assert (setup_pass.setup_url, setup_pass.return_url) == (given["setup_url"], "http://stores.test/")
    assert (setup_pass.store_id, setup_pass.camera, setup_pass.user_name) == (STORE, "cam-1", "key:installer")
    (row,) = await world.rows("SELECT public_key FROM setup_keys")
    Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(row["public_key"] + "=")).verify(signature, payload)
    assert json.loads(payload)["expires_s"] <= datetime.now(UTC).timestamp() + 60


RYE = {
    "slot": "slot-2",
    "name": "Slot 2",
    "section": "aisle-3",
    "at_m": [4, 2],
    "size_m": [0.5, 0.4],
    "device": "shelf-1",
    "holds": {
        "product": {"sku": "oat-1l", "name": "Oat milk 1 l", "unit_weight_g": 1030},
        "capacity_units": 8,
        "reorder_point_units": 2,
    },
}


async def shown(http):
    store = (await http.get(f"/api/v1/stores/{STORE}")).json()
    return {slot["id"]: slot for slot in store["layout"]["slots"]}


async def planned(http):
    planogram = (await http.get(f"/api/v1/stores/{STORE}/planogram")).json()
    return planogram["version"], sorted(entry["slot_id"] for entry in planogram["slots"])


async def test_a_drawn_slot_is_in_the_layout_and_the_planogram_until_it_is_taken_away(world, backend):
    first = await held(backend)
    before, slots = await planned(backend)
    assert slots == ["slot-1"]
    drawing = first["drawing"]
    drawing["slots"].append(RYE)
    saved = await save(backend, drawing, first["version"])
    assert saved.status_code == 200, saved.text
    assert (await shown(backend))["slot-2"]["device"] == "shelf-1"
    assert await planned(backend) == (before + 1, ["slot-1", "slot-2"])
    # A restart with the same site file undoes nothing of it, and enters no further planogram.
    await register(world)
    assert sorted(await shown(backend)) == ["slot-1", "slot-2"]
    assert await planned(backend) == (before + 1, ["slot-1", "slot-2"])
    for slot in drawing["slots"]:
        slot["is_removed"] = slot["slot"] == "slot-1"
    gone = await save(backend, drawing, first["version"] + 1)
    assert gone.status_code == 200, gone.text
    assert sorted(await shown(backend)) == ["slot-2"]
    assert (await planned(backend))[1] == ["slot-2"]
    await register(world)
    assert sorted(await shown(backend)) == ["slot-2"]


async def test_taking_an_old_version_back_brings_slots_back_and_takes_new_ones_away(world, backend):
    first = await held(backend)
    drawing = first["drawing"]
    drawing["slots"] = [drawing["slots"][0] | {"is_removed": True}, RYE]
    saved = await save(backend, drawing, first["version"])
    assert saved.status_code == 200, saved.text
    assert sorted(await shown(backend)) == ["slot-2"]
    back = {"version": first["version"], "based_on": first["version"] + 1}
    taken = await backend.post(f"{PATH}/take-back", json=back)
    assert taken.status_code == 200, taken.text
    (slot,) = (await shown(backend)).values()
    assert (slot["id"], slot["name"], slot["capacity_units"]) == ("slot-1", "Slot 1", 14)
    assert (await planned(backend))[1] == ["slot-1"]


async def test_a_shared_plate_comes_back_with_products_that_lie_nowhere_else(world, backend):
    rice = {"sku": "rice-1kg", "name": "Rice 1 kg", "unit_weight_g": 1005, "capacity_units": 6}
    shared = layout().model_dump(mode="json")["slots"]
    rye = {"sku": "rye", "name": "Rye", "unit_weight_g": 500}
    other = shared[0] | {"id": "slot-2", "name": "Slot 2", "product": rye}
    await register(world, slots=[shared[0] | {"also": [rice]}, other])
    first = await held(backend)
    gone = first["drawing"] | {
        "slots": [each | {"is_removed": each["slot"] == "slot-1"} for each in first["drawing"]["slots"]]
    }
    saved = await save(backend, gone, first["version"])
    assert saved.status_code == 200, saved.text
    back = {"version": first["version"], "based_on": first["version"] + 1}
    taken = await backend.post(f"{PATH}/take-back", json=back)
    assert taken.status_code == 200, taken.text
    slot = (await shown(backend))["slot-1"]
    assert (slot["product"]["sku"], [each["sku"] for each in slot["also"]]) == ("oat-1l", ["rice-1kg"])
    entry, _ = (await backend.get(f"/api/v1/stores/{STORE}/planogram")).json()["slots"]
    assert [(each["sku"], each["capacity_units"]) for each in entry["also"]] == [("rice-1kg", 6)]


async def test_a_slot_that_cannot_be_is_refused_at_its_place(backend):
    first = await held(backend)
    unknown = first["drawing"] | {"slots": [*first["drawing"]["slots"], RYE | {"device": "cam-1"}]}
    refused = await save(backend, unknown, first["version"])
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, "slots.1.device")


async def test_shelves_say_which_planogram_they_work_by_and_what_they_cannot_weigh(world, backend):
    (before,) = (await backend.get(f"{PATH}/devices")).json()["shelves"]
    assert (before["device_id"], before["version"], before["is_in_force"]) == ("shelf-1", None, False)
    version, _ = await planned(backend)
    row = {"measured_at": datetime.now(UTC), "state": "degraded", "reason": "no cell", "planogram_version": version}
    await world.commit("health_readings", "planogram", [row], device_id="shelf-1")
    (after,) = (await backend.get(f"{PATH}/devices")).json()["shelves"]
    assert (after["version"], after["is_in_force"], after["reason"]) == (version, True, "no cell")
