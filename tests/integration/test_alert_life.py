"""The life of alerts on a real database: actions once in effect, two people at once, reminders, reports."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from fixtures.backend_world import QUEUE_RULE, STORE, running_backend
from storesense_backend.alerts.follower import AlertFollower
from storesense_backend.alerts.life import records
from storesense_backend.alerts.metrics import AlertMetrics
from storesense_backend.database import connected
from storesense_backend.roles import Role
from storesense_backend.settings import AlertsSettings
from storesense_contracts.clock import ManualClock

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BASE = f"/api/v1/stores/{STORE}"
URGENT = QUEUE_RULE | {"escalation": {"remind_every_s": 60, "escalate_after_s": 150, "escalate_to": "manager"}}


@pytest.fixture
def clock():
    return ManualClock(NOW)


@pytest.fixture
async def http(world, clock):
    async with running_backend(world.url, clock=clock) as (_context, http):
        yield http


@pytest.fixture
async def staff(world):
    return {name: await world.key(Role.STAFF, name) for name in ("ann", "bob")}


@asynccontextmanager
async def engine(world, clock):
    follower = AlertFollower(conninfo=world.url, clock=clock, settings=AlertsSettings(), metrics=AlertMetrics())
    async with connected(world.url, application_name="engine under test") as connection:
        await connection.execute("UPDATE store_leases SET expires_at = '-infinity'")
        await follower.begin(connection)

        async def go(seconds=0.0):
            clock.advance(seconds)
            while await follower.step(connection):
                pass

        yield go


async def long_queue(world, clock, go):
    for _ in range(5):
        await world.queue(6, clock.now(), delay_s=0)
        await go(5)
    return (await world.rows("SELECT alert_id, opened_at FROM alerts"))[0]


async def history(world):
    return [
        (row["kind"], row["actor"])
        for row in await world.rows(
            "SELECT kind, actor FROM alert_events WHERE kind <> 'updated' ORDER BY alert_event_id"
        )
    ]


async def outbox(world):
    rows = await world.rows("SELECT event, occurrence FROM notifications ORDER BY notification_id")
    return [(row["event"], row["occurrence"]) for row in rows]


async def test_a_life_from_opening_to_a_report_card(world, clock, http, staff):
    ann, bob = staff["ann"], staff["bob"]
    alert_id = await world.insert_alert(opened_at=NOW - timedelta(seconds=40))
    url = f"{BASE}/alerts/{alert_id}"
    assert (await http.get(url, headers=ann)).json()["allowed"] == ["acknowledge", "take", "dismiss", "snooze", "note"]
    assert (await http.post(f"{url}/acknowledge", headers=ann)).json()["acknowledged_by"] == "key:ann"
    assert (await http.post(f"{url}/take", headers=bob)).json()["state"] == "in_hand"
    refused = await http.post(f"{url}/take", headers=ann)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "alert_taken")
    assert (await http.post(f"{url}/release", headers=ann)).status_code == 403
    taken = await http.post(f"{url}/take", headers=ann, json={"is_takeover": True})
    assert taken.json()["taken_by"] == "key:ann"
    assert (await http.post(f"{url}/resolve", headers=ann)).json()["error"]["code"] == "needs_proof"
    assert (await http.post(f"{url}/snooze", headers=ann, json={"reason": "x"})).status_code == 422
    snoozed = await http.post(f"{url}/snooze", headers=ann, json={"for_s": 600, "reason": "a lane opens soon"})
    assert snoozed.json()["snoozed_until"] == "2026-11-20T12:10:00Z"
    assert (await http.post(f"{url}/wake", headers=ann)).json()["snoozed_until"] is None
    refused = await http.post(f"{url}/dismiss", headers=ann, json={"reason": "other"})
    assert refused.json()["error"]["field"] == "note"
    clock.advance(20)
    gone = await http.post(f"{url}/dismiss", headers=ann, json={"reason": "not_useful", "note": "one family"})
    assert (gone.json()["state"], gone.json()["dismiss_reason"]) == ("dismissed", "not_useful")
    assert (await http.post(f"{url}/acknowledge", headers=bob)).json()["error"]["code"] == "alert_dismissed"
    assert (await http.post(f"{url}/note", headers=bob, json={"text": "they were eight"})).status_code == 200
    whole = (await http.get(url, headers=ann)).json()
    assert whole["allowed"] == ["note"]
    assert [(each["kind"], each["actor"]) for each in whole["events"]] == [
        ("acknowledged", "key:ann"),
        ("taken", "key:bob"),
        ("taken", "key:ann"),
        ("snoozed", "key:ann"),
        ("woken", "key:ann"),
        ("dismissed", "key:ann"),
        ("noted", "key:bob"),
    ]
    assert whole["events"][2]["details"] == {"taken_from": "key:bob"}
    assert await outbox(world) == [
        ("acknowledged", 0),
        ("in_hand", 0),
        ("in_hand", 1),
        ("snoozed", 0),
        ("dismissed", 0),
    ]
    manager = await world.key(Role.MANAGER)
    clock.advance(1)
    told = (await http.get(f"{BASE}/alerts/report", headers=manager)).json()
    whole_line = told["all"]
    assert (whole_line["alerts"], whole_line["wrong"], whole_line["precision"]) == (1, 1, 0.0)
    assert whole_line["acknowledge_s"] == {"mean": 40.0, "median": 40.0, "p90": 40.0}
    assert whole_line["dismissed"] == {"wrong": 0, "not_useful": 1, "otherwise": 0}
    assert told["rules"][0]["rule_id"] == "long-queue"
    assert {each["name"]: each["taken"] for each in told["people"]} == {"key:ann": 1, "key:bob": 1}
    assert told["load"]["alerts_per_hour_and_person"] == pytest.approx(1 / 168)
    kpis = (await http.get(f"{BASE}/kpis", headers=manager)).json()["kpis"]
    assert next(each["value"] for each in kpis if each["name"] == "alert_response_time") == 40.0


async def test_an_action_sent_again_is_done_once(world, http, staff):
    one, other = await world.insert_alert(), await world.insert_alert(subject_id="other")
    ann = staff["ann"] | {"Idempotency-Key": "phone-7/0001"}
    answers = await asyncio.gather(
        *(http.post(f"{BASE}/alerts/{one}/note", headers=ann, json={"text": "on my way"}) for _ in range(4))
    )
    assert [answer.status_code for answer in answers] == [200] * 4
    assert await history(world) == [("noted", "key:ann")]
    for refused in (
        await http.post(f"{BASE}/alerts/{one}/take", headers=ann),
        await http.post(f"{BASE}/alerts/{other}/note", headers=ann, json={"text": "on my way"}),
    ):
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "key_reused")
    same_key = staff["bob"] | {"Idempotency-Key": "phone-7/0001"}
    assert (await http.post(f"{BASE}/alerts/{one}/take", headers=same_key)).status_code == 200, "another's key"


async def test_of_two_people_at_once_one_has_it(world, http, staff):
    alert_id = await world.insert_alert()
    answers = await asyncio.gather(
        *(http.post(f"{BASE}/alerts/{alert_id}/take", headers=staff[name]) for name in ("ann", "bob") * 3)
    )
    (row,) = await world.rows("SELECT taken_by FROM alerts")
    by = {"key:ann": 0, "key:bob": 1}[row["taken_by"]]
    assert [answer.status_code for answer in answers] == [200 if place % 2 == by else 409 for place in range(6)]
    assert [kind for kind, _ in await history(world)] == ["taken"]


async def test_reminders_and_escalation_go_out_once_over_restarts(world, clock):
    await world.register(rules=[URGENT])
    async with engine(world, clock) as go:
        opened_at = (await long_queue(world, clock, go))["opened_at"]
        assert await outbox(world) == [("opened", 0)]
        await go((opened_at - clock.now()).total_seconds() + 61)
        await go(0)
        assert await outbox(world) == [("opened", 0), ("reminded", 1)]
    clock.advance(110)
    async with engine(world, clock) as go, engine(world, clock) as other:
        await asyncio.gather(go(), other())
        await go(2)
        assert await outbox(world) == [("opened", 0), ("reminded", 1), ("escalated", 0), ("reminded", 2)]
        (row,) = await world.rows("SELECT * FROM alerts")
        assert row["escalated_to"] == "manager"
        assert row["remind_due_at"] == opened_at + timedelta(seconds=180)


async def test_one_role_after_the_other_hears_of_what_nobody_answers(world, clock, http, staff):
    chain = {"escalate_after_s": 60, "escalate_to": "manager", "then": [{"after_s": 120, "to": "admin"}]}
    await world.register(rules=[QUEUE_RULE | {"escalation": chain}])
    async with engine(world, clock) as go:
        alert = await long_queue(world, clock, go)
        url = f"{BASE}/alerts/{alert['alert_id']}"
        told = (await http.get(url, headers=staff["ann"])).json()
        assert told["escalate_due_to"] == "manager"
        await go((alert["opened_at"] - clock.now()).total_seconds() + 60)
        told = (await http.get(url, headers=staff["ann"])).json()
        assert (told["escalated_to"], told["escalate_due_to"]) == ("manager", "admin")
        await go(121)
        told = (await http.get(url, headers=staff["ann"])).json()
        assert (told["escalated_to"], told["escalate_due_to"], told["escalate_due_at"]) == ("admin", None, None)
        await go(3_600)
    steps = [each["details"] for each in told["events"] if each["kind"] == "escalated"]
    assert [(each["step"], each["to"]) for each in steps] == [(1, "manager"), (2, "admin")]
    assert await outbox(world) == [("opened", 0), ("escalated", 0), ("escalated", 1)]


async def test_what_gets_worse_is_told_as_the_same_alert_once(world, clock):
    await world.register(rules=[QUEUE_RULE | {"critical_at_length": 9}])
    async with engine(world, clock) as go:
        alert = await long_queue(world, clock, go)
        for length in (8, 9, 12, 9):
            await world.queue(length, clock.now(), delay_s=0)
            await go(5)
        (row,) = await world.rows("SELECT alert_id, severity, state, details FROM alerts")
        assert (row["alert_id"], row["severity"], row["state"]) == (alert["alert_id"], "critical", "open")
        assert row["details"]["length"] == 12
    assert await outbox(world) == [("opened", 0), ("worsened", 2)]
    kinds = [row["kind"] for row in await world.rows("SELECT kind FROM alert_events ORDER BY alert_event_id")]
    assert kinds == ["opened", "updated", "worsened", "updated"]


async def test_a_reminder_is_nobodys_when_its_transaction_is_undone(world, clock):
    await world.register(rules=[URGENT])
    async with engine(world, clock) as go:
        await long_queue(world, clock, go)
    later = clock.now() + timedelta(seconds=61)
    async with world.connection.transaction(force_rollback=True):
        assert len(await records.pass_time_in(world.connection, [STORE], later)) == 1
    assert await outbox(world) == [("opened", 0)]
    assert len(await records.pass_time_in(world.connection, [STORE], later)) == 1
    assert await records.pass_time_in(world.connection, [STORE], later) == []


async def test_a_dismissed_cause_rests_until_it_comes_anew(world, clock, http, staff):
    async with engine(world, clock) as go:
        alert_id = (await long_queue(world, clock, go))["alert_id"]
        url = f"{BASE}/alerts/{alert_id}/dismiss"
        assert (await http.post(url, headers=staff["ann"], json={"reason": "wrong"})).status_code == 200
        await long_queue(world, clock, go)
        assert len(await world.rows("SELECT FROM alerts")) == 1
        for _ in range(5):
            await world.queue(0, clock.now(), delay_s=0)
            await go(5)
        await long_queue(world, clock, go)
        assert [row["state"] for row in await world.rows("SELECT state FROM alerts ORDER BY alert_id")] == [
            "dismissed",
            "open",
        ]


async def test_a_report_opens_once_and_is_closed_by_hand(world, clock, http, staff):
    ann, bob = staff["ann"], staff["bob"]
    spill = {"what": "spill", "place_kind": "slot", "place_id": "slot-1", "note": "milk"}
    first = await http.post(f"{BASE}/reports", headers=ann | {"Idempotency-Key": "1"}, json=spill)
    alert = first.json()
    assert (first.status_code, alert["kind"], alert["section_id"]) == (200, "staff_report", "aisle-3")
    assert (alert["title"], alert["severity"]) == ("Slot 1: something is spilt", "warning")
    for headers in (ann | {"Idempotency-Key": "1"}, bob):
        again = await http.post(f"{BASE}/reports", headers=headers, json=spill)
        assert (again.status_code, again.json()["alert_id"]) == (200, alert["alert_id"])
    assert await history(world) == [("opened", "key:ann"), ("reported_again", "key:bob")]
    for _ in range(2):
        clock.advance(1)
        assert (await http.post(f"{BASE}/reports", headers=bob, json={"what": "complaint"})).status_code == 200
    nowhere = spill | {"place_id": "slot-9"}
    assert (await http.post(f"{BASE}/reports", headers=bob, json=nowhere)).json()["error"]["field"] == "place_id"
    async with engine(world, clock) as go:
        await go(1)
        (row,) = await world.rows("SELECT count(*) AS standing FROM alerts WHERE NOT is_over")
        assert row["standing"] == 3, "the engine, which knows no rule of theirs, leaves reports alone"
        await go(601)
        assert ("reminded", 1) in await outbox(world)
    done = await http.post(f"{BASE}/alerts/{alert['alert_id']}/resolve", headers=bob, json={"note": "wiped"})
    assert (done.json()["state"], done.json()["proof"]) == ("resolved", {"note": "wiped", "resolved_by": "key:bob"})
    reopened = await http.post(f"{BASE}/reports", headers=ann | {"Idempotency-Key": "2"}, json=spill)
    assert reopened.json()["alert_id"] > alert["alert_id"]


async def test_a_viewer_looks_and_does_nothing(world, http):
    viewer = await world.key(Role.VIEWER)
    alert_id = await world.insert_alert()
    assert (await http.get(f"{BASE}/alerts/{alert_id}", headers=viewer)).json()["allowed"] == []
    assert (await http.post(f"{BASE}/alerts/{alert_id}/take", headers=viewer)).status_code == 403
    assert (await http.post(f"{BASE}/reports", headers=viewer, json={"what": "spill"})).status_code == 403
    assert (await http.get(f"{BASE}/alerts/{alert_id + 1}", headers=viewer)).json()["error"]["code"] == "no_such_alert"
