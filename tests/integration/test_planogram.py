"""Planograms over a real database: versions that keep history's meaning, through API and commands."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from fixtures.backend_world import STORE, layout, running_backend
from storesense_backend import registry
from storesense_backend.planogram.records import take_up_due
from storesense_backend.roles import Role
from storesense_contracts.cli import main
from storesense_contracts.clock import ManualClock

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PATH = f"/api/v1/stores/{STORE}/planogram"
HEAD = "slot,sku,product,facings,capacity_units,unit_weight_g,unit_weight_tolerance_g,minimum_units,reorder_point_units"
RYE = f"{HEAD}\nslot-1,rye,Rye bread,2,8,500,15,1,2\n"
CSV = {"Content-Type": "text/csv"}


@pytest.fixture
async def backend(world):
    async with running_backend(world.url, clock=ManualClock(NOW)) as (_, http):
        http.headers.update(await world.key(Role.MANAGER, "planner"))
        yield http


async def sku_at(http, at=None):
    answer = await http.get(PATH, params={} if at is None else {"at": at.isoformat()})
    assert answer.status_code == 200, answer.text
    return answer.json()["slots"][0]["product"]["sku"]


async def test_registration_is_the_first_version_and_holds_for_all_the_past(backend):
    first = (await backend.get(PATH, params={"at": "2020-01-01T00:00:00Z"})).json()
    assert (first["version"], first["source"], first["slots"][0]["product"]["sku"]) == (1, "registration", "oat-1l")
    assert first["valid_from"] == "1970-01-01T00:00:00Z"


async def test_a_new_product_holds_from_its_date_and_leaves_the_past_alone(world, backend):
    put = await backend.put(PATH, content=RYE, headers=CSV)
    assert put.status_code == 200, put.text
    assert (put.json()["version"], put.json()["entered_by"]) == (2, "key:planner")
    assert await sku_at(backend) == "rye"
    assert await sku_at(backend, NOW - timedelta(days=30)) == "oat-1l"
    store = (await backend.get(f"/api/v1/stores/{STORE}")).json()
    slot = store["layout"]["slots"][0]
    assert (slot["product"]["sku"], slot["capacity_units"], slot["minimum_units"], slot["facings"]) == ("rye", 8, 1, 2)
    assert (slot["section"], store["layout_version"]) == ("aisle-3", 2)
    history = (await backend.get(f"{PATH}/history", params={"slot_id": "slot-1"})).json()
    assert [(each["version"], each["is_in_force"]) for each in history["versions"]] == [(2, True), (1, False)]
    assert [(each["sku"], each["valid_to"]) for each in history["products"]] == [
        ("rye", None),
        ("oat-1l", "2026-11-20T12:00:00Z"),
    ]
    # The same again is no new version, so that a nightly import leaves no trail of nothing.
    assert (await backend.put(PATH, content=RYE, headers=CSV)).json()["version"] == 2


async def test_a_later_date_is_taken_up_when_it_comes(world, backend):
    tomorrow = NOW + timedelta(days=1)
    put = await backend.put(PATH, content=RYE, headers=CSV, params={"valid_from": tomorrow.isoformat()})
    assert put.status_code == 200, put.text
    assert await sku_at(backend) == "oat-1l"
    assert await sku_at(backend, tomorrow) == "rye"
    assert await take_up_due(world.connection, NOW) == []
    assert await take_up_due(world.connection, tomorrow) == [STORE]
    assert await take_up_due(world.connection, tomorrow) == []
    rows = await world.rows("SELECT layout -> 'slots' -> 0 -> 'product' ->> 'sku' AS sku FROM stores")
    assert rows == [{"sku": "rye"}]


async def test_a_correction_of_the_past_ends_where_the_next_version_begins(world, backend):
    await backend.put(PATH, content=RYE, headers=CSV)
    spelt = RYE.replace("rye", "spelt")
    past = NOW - timedelta(days=7)
    assert (await backend.put(PATH, content=spelt, headers=CSV, params={"valid_from": past.isoformat()})).is_success
    assert [await sku_at(backend, at) for at in (past - timedelta(days=1), past, NOW)] == ["oat-1l", "spelt", "rye"]
    rows = await world.rows("SELECT sku, valid_from, valid_to FROM slot_products ORDER BY valid_from")
    assert [row["sku"] for row in rows] == ["oat-1l", "spelt", "rye"]
    assert [row["valid_to"] for row in rows] == [past, NOW, None]


async def test_registering_again_keeps_what_was_planned_since(world, backend):
    await backend.put(PATH, content=RYE, headers=CSV)
    await world.register()
    assert await sku_at(backend) == "rye"
    assert (await backend.get(f"/api/v1/stores/{STORE}")).json()["layout"]["slots"][0]["product"]["sku"] == "rye"
    changed = layout().model_dump(mode="json")
    changed["slots"][0]["capacity_units"] = 20
    await registry.put_store(world.connection, type(layout()).model_validate(changed), devices=[], rules=[])
    rows = await world.rows("SELECT version, source FROM planogram_versions ORDER BY version")
    assert [row["source"] for row in rows] == ["registration", "api", "registration"]
    store = (await backend.get(f"/api/v1/stores/{STORE}")).json()
    assert store["layout"]["slots"][0]["capacity_units"] == 20


async def test_json_and_csv_say_the_same(backend):
    csv = await backend.get(PATH, headers={"Accept": "text/csv"})
    assert csv.headers["content-type"].startswith("text/csv")
    assert csv.text.splitlines()[1] == "slot-1,oat-1l,Oat milk 1 l,1,14,1030,,0,3"
    body = {"slots": (await backend.get(PATH)).json()["slots"]}
    body["slots"][0]["minimum_units"] = 2
    put = await backend.put(PATH, json=body)
    assert put.status_code == 200, put.text
    assert put.json()["slots"] == body["slots"]


@pytest.mark.parametrize(
    ("sent", "code", "field", "said"),
    [
        ({"content": RYE + RYE.splitlines()[1], "headers": CSV}, "bad_planogram", "line 3 slot", "holds rye (line 2)"),
        ({"content": RYE.replace(",500,", ",0,"), "headers": CSV}, "bad_planogram", "line 2 unit_weight_g", "above 0"),
        ({"content": RYE.replace(",8,", ",-8,"), "headers": CSV}, "bad_planogram", "line 2 capacity_units", "1 up"),
        ({"content": b"\xff\xfe", "headers": CSV}, "invalid", None, "not UTF-8"),
        ({"content": b"{", "headers": {}}, "invalid", None, "JSON"),
        ({"json": {"slots": []}}, "bad_planogram", None, "nothing is said of slot-1"),
        ({"json": {"slots": [{"slot_id": "slot-1"}]}}, "invalid", "slots.0.product", "required"),
    ],
)
async def test_a_mistake_is_refused_and_changes_nothing(world, backend, sent, code, field, said):
    answer = await backend.put(PATH, **sent)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error.get("field")) == (422, code, field), error
    assert said in error["message"]
    assert await world.rows("SELECT version FROM planogram_versions") == [{"version": 1}]


async def test_only_managers_change_it(world, backend):
    staff = await world.key(Role.STAFF, "hands")
    assert (await backend.put(PATH, content=RYE, headers=CSV | staff)).status_code == 403
    assert (await backend.get(PATH, headers=staff)).status_code == 200
    assert (await backend.get("/api/v1/stores/nowhere/planogram")).json()["error"]["code"] == "no_such_store"
    assert (await backend.get(PATH, params={"version": 9})).json()["error"]["code"] == "no_such_planogram"


async def test_the_commands_import_and_export(world, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("STORESENSE_DATABASE_URL", world.url)
    file = tmp_path / "planogram.csv"

    async def run(*argv):
        code = await asyncio.to_thread(main, ["backend", "planogram", *argv])
        return code, capsys.readouterr()

    code, told = await run("export", "--store", STORE, str(file), "--json")
    assert (code, json.loads(told.out)) == (0, {"store_id": STORE, "version": 1, "slots": 1})
    file.write_text(file.read_text().replace("oat-1l", "oat-xl"))
    code, told = await run("import", "--store", STORE, str(file), "--json")
    assert (code, json.loads(told.out)["version"]) == (0, 2)
    file.write_text(file.read_text().replace(",14,", ",-14,"))
    code, told = await run("import", "--store", STORE, str(file))
    assert code == 2
    assert "line 2, column capacity_units" in told.err
    code, told = await run("import", "--store", STORE, str(tmp_path / "none.csv"))
    assert code == 2
    assert "cannot be read" in told.err
