"""A plate of two products on the wire: planned, counted by hand, told wrongly, and told anew."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fixtures.backend_world import STORE, World, running_backend
from fixtures.edge_box import new_agent, register, running, telling_gateway
from fixtures.serial_scale import Scale
from fixtures.shop import Shop
from fixtures.waiting import until
from storesense_backend.roles import Role
from storesense_contracts.clock import ManualClock
from storesense_simulators.embedded.broker import EmbeddedBroker

PLATE = {
    "slots": [
        {
            "slot_id": "s1",
            "product": {"sku": "rice", "name": "Rice", "unit_weight_g": 100, "unit_weight_tolerance_g": 2},
            "capacity_units": 12,
            "reorder_point_units": 4,
            "also": [
                {
                    "sku": "beans",
                    "name": "Beans",
                    "unit_weight_g": 150,
                    "unit_weight_tolerance_g": 3,
                    "capacity_units": 10,
                    "reorder_point_units": 2,
                }
            ],
        }
    ]
}
NOW = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)


@pytest.mark.timeout(240)
async def test_a_plate_of_two_products_is_counted_once_and_a_wrong_pick_is_told_anew(
    world: World, mqtt_broker: EmbeddedBroker, tmp_path: Path, scale: Scale
) -> None:
    scale.weight_g = 4 * 100 + 3 * 150
    shop = Shop(mqtt_broker, world.url, tmp_path)
    await register(world, scale)
    base = "/api/v1/stores/store-1"
    async with running_backend(world.url) as (_, http):
        http.headers.update(await world.key(Role.MANAGER, "planner"))
        put = await http.put(f"{base}/planogram", json=PLATE)
        assert put.status_code == 200, put.text
        assert [each["sku"] for each in put.json()["slots"][0]["also"]] == ["beans"]

        async def readings(family: str) -> list[dict[str, Any]]:
            answer = await http.get(f"{base}/readings/{family}", params={"limit": 1000})
            assert answer.status_code == 200, answer.text
            return answer.json()["readings"]

        async def held() -> dict[str, int]:
            weights = [row for row in await readings("shelf_weights") if row["is_stable"]]
            products = weights[-1]["products"] if weights else None
            return {each["sku"]: each["units"] for each in products or () if each["confidence"] > 0.95}

        async def is_planned() -> bool:
            rows = (await http.get(f"{base}/planogram/devices")).json()["devices"]
            return [row["version"] for row in rows if row["is_in_force"]] == [2]

        async def counted() -> Any:
            newest = (await http.get(f"{base}/counts")).json()["counts"][0]
            return newest if newest["state"] != "waiting" else None

        with telling_gateway(shop):
            async with running(new_agent(tmp_path, mqtt_broker, scale)):
                await until(is_planned)

                async def is_weighed() -> bool:
                    weights = await readings("shelf_weights")
                    return any(row["products"] for row in weights if row["is_stable"])

                await until(is_weighed)
                refused = await http.post(f"{base}/slots/s1/counts", json={"products": [{"sku": "rice", "units": 4}]})
                assert (refused.status_code, "beans" in refused.text) == (422, True), "of each product a number"
                count = {"products": [{"sku": "beans", "units": 3}, {"sku": "rice", "units": 4}]}
                posted = await http.post(f"{base}/slots/s1/counts", json=count)
                assert posted.status_code == 201, posted.text
                newest = await until(counted)
                assert (newest["state"], newest["counted_by"]) == ("taken", "key:planner")
                assert [(each["sku"], each["units"]) for each in newest["products"]] == [("rice", 4), ("beans", 3)]

                async def is_known() -> bool:
                    return await held() == {"rice": 4, "beans": 3}

                await until(is_known)
                # Three of rice leave, which two of beans would weigh as well; a second one of beans decides it.
                for delta_g, number in ((300.0, 1), (150.0, 2), (150.0, 3)):
                    scale.weight_g -= delta_g

                    async def is_told(number: int = number) -> bool:
                        return len(await readings("shelf_events")) == number

                    await until(is_told)

                async def is_told_anew() -> bool:
                    return any(row["correction_no"] for row in await readings("shelf_events"))

                await until(is_told_anew)
                await until(is_known_after(held, {"rice": 1, "beans": 1}))
                story = await readings("shelf_events")
                accuracy = (await http.get(f"{base}/counts")).json()["accuracy"]
    assert [(row["event"], row["sku"], row["units"]) for row in story] == [
        ("pick", "rice", 3),
        ("pick", "beans", 1),
        ("pick", "beans", 1),
    ]
    assert (story[0]["told_event"], story[0]["told_sku"], story[0]["told_units"]) == ("pick", "beans", 2)
    assert accuracy["counts"] == 2
    told = await asyncio.to_thread(
        shop.query, "SELECT sku, units, is_withdrawn FROM shelf_events ORDER BY measured_at, units"
    )
    assert told[:3] == [("beans", -2, True), ("beans", 2, None), ("rice", 3, False)]


def is_known_after(held: Any, units: dict[str, int]) -> Any:
    async def is_so() -> bool:
        return await held() == units

    return is_so


async def test_every_sum_is_that_of_the_corrected_story_whichever_comes_first(world: World) -> None:
    at = NOW - timedelta(minutes=20)
    told = {
        "measured_at": at, "event": "pick", "units": 2, "delta_mg": -200_000, "confidence": 0.6, "sku": "oat-1l",
        "event_no": 7,
    }  # fmt: skip
    withdrawn = told | {"units": -2, "delta_mg": 200_000, "correction_no": 1, "is_withdrawn": True}
    instead = told | {
        "event": "misplaced", "units": 1, "confidence": 0.97, "sku": "jam", "correction_no": 1, "is_withdrawn": False,
    }  # fmt: skip
    plain = {"measured_at": at + timedelta(minutes=1), "event": "pick", "units": 1, "delta_mg": -1, "confidence": 0.9}
    for row in (withdrawn, instead, plain, told):
        await world.commit("shelf_events", "slot-1", [row], device_id="shelf-1")
    sums = await (
        await world.connection.execute(
            "SELECT event, sum(units)::int AS units FROM shelf_events_15m GROUP BY event HAVING sum(units) <> 0"
        )
    ).fetchall()
    assert {row["event"]: row["units"] for row in sums} == {"pick": 1, "misplaced": 1}
    async with running_backend(world.url, clock=ManualClock(NOW)) as (_, http):
        http.headers.update(await world.key(Role.VIEWER))
        answer = await http.get(f"/api/v1/stores/{STORE}/readings/shelf_events")
        assert answer.status_code == 200, answer.text
        story = answer.json()["readings"]
    assert [(row["event"], row["units"], row["told_event"], row["correction_no"]) for row in story] == [
        ("misplaced", 1, "pick", 1),
        ("pick", 1, None, 0),
    ]
