"""Rules through the API: their history, what is refused and why, and trying one on the past."""

from datetime import UTC, datetime, timedelta

import pytest

from fixtures.backend_world import QUEUE_RULE, STORE, running_backend
from storesense_backend.roles import Role
from storesense_contracts.clock import ManualClock

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BASE = f"/api/v1/stores/{STORE}/rules"


@pytest.fixture
async def backend(world):
    async with running_backend(world.url, clock=ManualClock(NOW)) as (_context, http):
        http.headers.update(await world.key(Role.MANAGER))
        yield http


async def test_a_rule_keeps_its_history_beyond_its_end(backend):
    for length in (6, 7):
        assert (
            await backend.put(f"{BASE}/long-queue", json=QUEUE_RULE | {"open_at_length": length})
        ).status_code == 200
    assert (await backend.delete(f"{BASE}/long-queue")).status_code == 204
    assert (await backend.delete(f"{BASE}/long-queue")).json()["error"]["code"] == "no_such_rule"
    again = await backend.put(f"{BASE}/long-queue", json=QUEUE_RULE)
    assert again.json()["version"] == 5
    told = (await backend.get(f"{BASE}/long-queue/versions")).json()["versions"]
    lengths = [each["rule"] and each["rule"]["open_at_length"] for each in told]
    assert lengths == [5, None, 7, 6, 5]
    assert [each["edited_by"] for each in told] == ["key:manager-key"] * 4 + ["registration"]
    listed = (await backend.get(BASE)).json()
    assert {rule["kind"] for rule in listed["implied"]} >= {"device_offline", "blind"}
    assert {rule["kind"] for rule in listed["suggested"]} == {"wait_too_long", "slot_empty"}


@pytest.mark.parametrize(
    ("rule", "field", "why"),
    [
        ({"kind": "low_stock", "slots": ["nowhere"]}, "slots[0]", "there is no slot 'nowhere'"),
        ({"kind": "low_stock", "section": "attic"}, "section", "there is no section"),
        ({"kind": "bulk_removal", "open_at_units": 15}, "open_at_units", "never fire"),
        ({"kind": "environment_limit", "quantity": "humidity_pct", "at_most": 100}, "at_most", "never fire"),
        (
            {"kind": "environment_limit", "quantity": "humidity_pct", "at_most": -5, "hysteresis": 0},
            "at_most",
            "fire always",
        ),
        ({"kind": "low_stock", "min_quality": 1.0}, "min_quality", "blind always"),
    ],
)
async def test_a_rule_that_makes_no_sense_is_refused_with_the_reason(backend, rule, field, why):
    answer = await backend.put(f"{BASE}/odd", json={"id": "odd"} | rule)
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["field"] == field
    assert why in error["message"]


async def test_a_rule_is_tried_on_the_past(world, backend):
    began = NOW - timedelta(minutes=40)
    for at_s in range(0, 1_800, 10):
        length = 8 if 300 <= at_s < 600 or 900 <= at_s < 960 else 1
        await world.queue(length, began + timedelta(seconds=at_s))
    await world.rows(
        """
        INSERT INTO alerts (store_id, rule_id, kind, subject_id, section_id, severity, state, cause_at, opened_at,
            details, acknowledged_at, resolved_at)
        VALUES (%(store)s, 'old', 'wait_too_long', 'tills', 'front', 'warning', 'resolved', %(at)s, %(at)s, '{}',
            %(at)s, %(at)s::timestamptz + interval '2 minutes')
        RETURNING alert_id
        """,
        store=STORE,
        at=began + timedelta(seconds=330),
    )
    asked = {"rule": QUEUE_RULE, "from": began.isoformat(), "to": NOW.isoformat()}
    found = (await backend.post(f"{BASE}/replay", json=asked)).json()
    (summed,) = found["rules"]
    assert (found["readings"], summed["firings"], summed["open_at_end"]) == (180, 2, 0)
    assert summed["by_staff"] == {"right": 1, "wrong": 0, "unknown": 1, "precision": 1.0}
    first, second = found["firings"]
    assert datetime.fromisoformat(first["cause_at"]) == began + timedelta(seconds=300)
    assert 280 < first["lasted_s"] < 330
    assert first["proof"]["length"] == 1
    # The second is damped: it had come already.
    assert second["lasted_s"] > 60
    stricter = QUEUE_RULE | {"open_at_length": 9}
    found = (await backend.post(f"{BASE}/replay", json=asked | {"rule": stricter})).json()
    assert found["rules"][0]["firings"] == 0
    assert await world.rows("SELECT * FROM rules WHERE spec ->> 'open_at_length' = '9'") == []
