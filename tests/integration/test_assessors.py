"""What is asked for now and then, on a real database with readings as the gateway commits them."""

from datetime import UTC, datetime, timedelta

import pytest
from psycopg.types.multirange import Multirange
from psycopg.types.range import Range

from fixtures.backend_world import STORE, layout, new_world
from storesense_backend import registry
from storesense_backend.alerts.assessors.people import Attendance, Contradictions
from storesense_backend.alerts.assessors.silence import Gaps
from storesense_backend.alerts.ledger import read_stores
from storesense_contracts.rules import RULE

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
RULES = [
    {"kind": "zone_unattended", "id": "alone", "lanes": ["lane-1"]},
    {"kind": "sensors_contradict", "id": "pair", "min_people": 40},
    {"kind": "data_gap", "id": "gap"},
]


@pytest.fixture
async def world(database_url):
    async with new_world(database_url) as world:
        await registry.put_store(
            world.connection,
            layout(zones=[{"id": "zone-a", "name": "Zone A"}, {"id": "zone-b", "name": "Zone B"}]),
            devices=[("cam-1", "camera"), ("cam-2", "camera"), ("lanes-1", "lane")],
            rules=[RULE.validate_python(rule) for rule in RULES],
        )
        yield world


async def observed(world, assessor, now=NOW):
    stores = await read_stores(world.connection, [STORE])
    return {
        key: measure
        for key, (measure,) in (await assessor.observe(world.connection, list(stores.values()), now)).items()
    }


def at(seconds):
    return NOW + timedelta(seconds=seconds)


async def test_shoppers_without_staff_are_told_by_the_last_minute_of_each_zone(world):
    rows = await world.rows(
        "SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'zone_dwells'"
    )
    counts = {row["name"] for row in rows if row["name"].startswith(("dwell_le_", "visit_", "unknown_"))}

    async def minute(zone_id, began_s, people, staff, **more):
        row = dict.fromkeys(counts, 0) | {"measured_at": at(began_s), "period_ms": 60_000}
        row |= {"people_ms": people * 60_000, "staff_ms": staff * 60_000}
        await world.commit("zone_dwells", zone_id, [row], **more)

    async def told(now=NOW):
        return {key[2]: measure.value for key, measure in (await observed(world, Attendance(), now)).items()}

    assert await told() == {}, "nothing was measured, so nothing is said"
    await minute("zone-a", -170, 5, 0)
    await minute("zone-a", -110, 3, 0)
    await minute("zone-b", -110, 4, 1)
    assert await told() == {"zone-a": 3.0, "zone-b": 0.0}, "the newest minute counts; somebody of the staff is in b"
    (measure,) = [m for key, m in (await observed(world, Attendance())).items() if key[2] == "zone-a"]
    assert measure.measured_at == at(-50), "it was true when the minute ended"
    await world.commit("lane_states", "lane-1", [{"measured_at": at(-900), "is_open": True, "is_staffed": True}])
    assert await told() == {"zone-a": 0.0, "zone-b": 0.0}, "a cashier sits at the lane that the rule names"
    await world.commit("lane_states", "lane-1", [{"measured_at": at(-30), "is_open": False, "is_staffed": False}])
    assert (await told())["zone-a"] == 3.0, "the cashier has left"
    assert await told(at(600)) == {}, "a camera that fell silent says nothing of the present"


async def test_two_counts_of_the_same_people_that_differ_are_named_with_their_numbers(world):
    async def count(device_id, measured_s, people, line_id="entrance"):
        row = {"measured_at": at(measured_s), "period_ms": 60_000, "in_count": people, "out_count": 0}
        await world.commit("footfall_counts", line_id, [row], device_id=device_id)

    await count("cam-1", -1_800, 30)
    await count("cam-2", -1_800, 20)
    found = await observed(world, Contradictions())
    assert found[STORE, "pair", "line.entrance"].value == 0.0, "30 and 20 are too few to tell"
    await count("cam-1", -900, 70)
    await count("cam-2", -900, 30)
    await count("cam-2", -4_000, 1_000)
    found = await observed(world, Contradictions())
    pair = found[STORE, "pair", "line.entrance"]
    assert pair.value == pytest.approx(0.5), "100 against 50 of the last hour"
    named = [(pair.facts[f"{which}_name"], pair.facts[f"{which}_count"]) for which in ("first", "second")]
    assert named == [("cam-1", 100), ("cam-2", 50)]
    assert (STORE, "pair", "line.inner") not in found, "one device alone contradicts nobody"


async def test_more_people_in_zones_than_came_in_contradict_the_doors_and_fewer_do_not(world):
    async def told():
        return (await observed(world, Contradictions())).get((STORE, "pair", "doors.zones"))

    row = {"measured_at": at(-600), "period_ms": 60_000, "in_count": 60, "out_count": 10}
    await world.commit("footfall_counts", "entrance", [row])
    assert await told() is None, "no zone was measured"

    async def people(zone_id, minute_s, persons):
        row = {"measured_at": at(minute_s), "period_ms": 60_000, "presence_ms": persons * 60_000}
        row |= dict.fromkeys(
            ("occupancy", "entry_count", "exit_count", "visit_count", "visit_dwell_ms", "stop_count"), 0
        )
        await world.commit("zone_visits", zone_id, [row])

    await people("zone-a", -300, 20)
    await people("zone-b", -300, 10)
    assert (await told()).value == 0.0, "30 of 50 are in zones, and zones need not cover the store"
    await people("zone-a", -240, 120)
    await people("zone-b", -240, 50)
    pair = await told()
    assert pair.facts["first_count"] == 100, "30 and 170 in the mean of the minutes, all zones together"
    assert (pair.facts["second_count"], pair.value) == (50, pytest.approx(0.5))


async def test_missing_messages_are_counted_below_the_newest_of_each_boot_and_not_when_declared(world):
    async def boot(device_id, boot_id, *ranges, age_s=60):
        await world.rows(
            """
            INSERT INTO device_boots (store_id, device_id, boot_id, committed, first_received_at, last_received_at)
            VALUES (%(store)s, %(device)s, %(boot)s, %(committed)s, %(at)s, %(at)s) RETURNING 1
            """,
            store=STORE,
            device=device_id,
            boot=boot_id,
            committed=Multirange([Range(*each) for each in ranges]),
            at=at(-age_s),
        )

    async def told():
        return {key[2]: measure.value for key, measure in (await observed(world, Gaps())).items()}

    await boot("cam-1", "whole", (0, 100))
    assert await told() == {"cam-1": 0}
    await boot("cam-1", "holes", (0, 10), (13, 20), (25, 26))
    await boot("cam-2", "old", (0, 10), (5_000, 5_001), age_s=100_000)
    assert await told() == {"cam-1": 8}, "3 and 5 are missing; what stopped more than a day ago is told no more"
    await world.rows("UPDATE device_boots SET committed = committed + '{[10,13),[20,25)}' RETURNING 1")
    assert (await told())["cam-1"] == 0, "sent again, or declared dropped, they are there"
