"""People, channels, their test and the delivery log through the API; what is secret is never told."""

import asyncio
from contextlib import suppress

import pytest
from psycopg.types.json import Jsonb

from fixtures.backend_world import STORE, new_world, running_backend
from storesense_backend.notify.metrics import NotifyMetrics
from storesense_backend.notify.sealing import seal_anew, seal_plain
from storesense_backend.notify.senders.webhook import WebhookSender
from storesense_backend.notify.vault import Vault, VaultError
from storesense_backend.notify.worker import DeliveryWorker
from storesense_backend.roles import Role
from storesense_backend.settings import NotifySettings
from storesense_contracts.clock import SystemClock
from storesense_simulators.alert_sink import AlertSink

BASE = f"/api/v1/stores/{STORE}"
HOOK = {"name": "erp", "kind": "webhook", "url": "https://hooks.example.org/secret-path?token=hidden"}


@pytest.fixture
def vault(tmp_path):
    return Vault(tmp_path / "channels.key")


@pytest.fixture
async def place(cleared_database_url, vault):
    async with new_world(cleared_database_url) as world, running_backend(world.url, vault=vault) as (_, http):
        keys = {role: await world.key(role) for role in Role}
        yield world, http, keys


async def test_people_and_channels_from_adding_to_removing(place, vault):
    world, http, keys = place
    manager, admin = keys[Role.MANAGER], keys[Role.ADMIN]
    body = {
        "name": "Ada",
        "sections": ["front"],
        "shifts": [{"days": ["mon"], "from_local": "08:00"}],
        "language": "zh-CN",
    }
    made = await http.post(f"{BASE}/people", json=body, headers=manager)
    assert made.status_code == 201
    person = made.json()
    assert person["shifts"] == [{"days": ["mon"], "from_local": "08:00", "until_local": "24:00"}]
    again = await http.post(f"{BASE}/people", json=body, headers=manager)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "name_taken")
    wrong = await http.post(f"{BASE}/people", json=body | {"name": "B", "sections": ["attic"]}, headers=manager)
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (422, "sections[0]")
    changed = await http.put(f"{BASE}/people/{person['person_id']}", json=body | {"role": "manager"}, headers=manager)
    assert changed.json()["role"] == "manager"

    refused = await http.post(f"{BASE}/channels", json=HOOK, headers=manager)
    assert refused.status_code == 403
    made = await http.post(f"{BASE}/channels", json=HOOK | {"person_id": person["person_id"]}, headers=admin)
    channel, secret = made.json()["channel"], made.json()["secret"]
    assert (channel["leads_to"], channel["person_id"]) == ("https://hooks.example.org/…", person["person_id"])
    assert secret.startswith("ssw_")
    path = f"{BASE}/channels/{channel['channel_id']}"
    renewed = (await http.post(f"{path}/secret", headers=admin)).json()["secret"]
    changes = {"name": "erp", "kind": "webhook", "min_severity": "critical", "person_id": person["person_id"]}
    changed = await http.put(path, json=changes, headers=admin)
    assert changed.json()["min_severity"] == "critical"
    listed = await http.get(f"{BASE}/channels", headers=manager)
    for hidden in ("hidden", "secret-path", secret, renewed):
        assert hidden not in listed.text + changed.text
    (row,) = await world.rows("SELECT secrets, sealed, to_jsonb(channels)::text AS text FROM channels")
    assert row["secrets"] == {}
    for hidden in ("hidden", "secret-path", secret, renewed):
        assert hidden not in row["text"], "the database shows no more than the API"
    secrets = vault.open(row["sealed"])
    assert secrets["url"] == HOOK["url"], "left out, the address stays"
    assert [each["secret"] for each in secrets["signing"]] == [renewed, secret]
    assert (await http.delete(f"{BASE}/people/{person['person_id']}", headers=manager)).status_code == 204
    assert (await http.get(f"{BASE}/channels", headers=manager)).json() == {"channels": []}
    assert (await http.delete(path, headers=manager)).json()["error"]["code"] == "no_such_channel"


REFUSED = [
    (HOOK | {"url": "ftp://example.org/"}, "url"),
    (HOOK | {"url": "https://user:word@example.org/"}, "url"),
    (HOOK | {"url": "https://[bad/"}, "url"),
    (HOOK | {"url": None}, "url"),
    ({"name": "chat", "kind": "apprise", "url": "nonsense://x"}, "url"),
    ({"name": "chat", "kind": "apprise", "url": "file:///etc/passwd"}, "url"),
    ({"name": "screens", "kind": "mqtt", "url": "mqtt://elsewhere"}, "url"),
    (HOOK | {"person_id": 999}, "person_id"),
    (HOOK | {"events": ["exploded"]}, "events[0]"),
]


async def test_a_channel_that_could_never_work_is_refused(place):
    _, http, keys = place
    for body, field in REFUSED:
        refused = await http.post(f"{BASE}/channels", json=body, headers=keys[Role.ADMIN])
        assert (refused.status_code, refused.json()["error"].get("field")) == (422, field), body


async def test_without_a_key_nothing_is_stored_and_the_log_tells_why(place, vault, caplog):
    world, http, keys = place
    vault.path.write_text("no key")
    vault.path.chmod(0o600)
    refused = await http.post(f"{BASE}/channels", json=HOOK, headers=keys[Role.ADMIN])
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "unavailable")
    assert str(vault.path) not in refused.text
    assert str(vault.path) in caplog.text
    assert "secret-path" not in caplog.text
    assert await world.rows("SELECT 1 FROM channels") == []


async def test_plain_secrets_of_an_earlier_release_are_sealed_at_the_start_and_a_key_can_be_changed(place, vault):
    world, http, keys = place
    await http.post(f"{BASE}/channels", json=HOOK, headers=keys[Role.ADMIN])
    plain = {"endpoint": "https://push.example.org/x", "p256dh": "B" * 87, "auth": "A" * 22}
    await world.rows(
        """
        INSERT INTO channels (store_id, name, kind, secrets, language, created_at, created_by)
        VALUES (%(store)s, 'old', 'web_push', %(secrets)s, 'en', now(), 'before') RETURNING 1
        """,
        store=STORE,
        secrets=Jsonb(plain),
    )
    assert await seal_plain(world.connection, vault) == 1
    assert await seal_plain(world.connection, vault) == 0
    before = {row["name"]: row["sealed"] for row in await world.rows("SELECT name, sealed FROM channels")}
    assert vault.open(before["old"]) == plain
    former = vault.path.read_text().split()
    assert await seal_anew(world.connection, Vault(vault.path)) == (2, 0)
    assert vault.path.read_text().split()[1:] == former
    assert await seal_anew(world.connection, Vault(vault.path)) == (2, 0)
    assert not set(vault.path.read_text().split()) & set(former), "the key before the former one is gone"
    after = {row["name"]: row["sealed"] for row in await world.rows("SELECT name, sealed FROM channels")}
    assert vault.open(after["old"]) == plain
    assert vault.open(after["erp"])["url"] == HOOK["url"]
    with pytest.raises(VaultError):
        vault.open(before["old"])


async def test_the_test_button_tells_what_came_of_it(place, vault):
    world, http, keys = place
    with AlertSink() as sink:
        body = {"name": "sink", "kind": "webhook", "url": sink.url}
        made = (await http.post(f"{BASE}/channels", json=body, headers=keys[Role.ADMIN])).json()
        sink.signing = [made["secret"]]
        worker = DeliveryWorker(
            conninfo=world.url,
            clock=SystemClock(),
            settings=NotifySettings(),
            senders={"webhook": WebhookSender(hosts=(), now=SystemClock().now, timeout_s=5)},
            metrics=NotifyMetrics(),
            vault=vault,
        )
        running = asyncio.create_task(worker.run())
        try:
            path = f"{BASE}/channels/{made['channel']['channel_id']}/test"
            done = (await http.post(path, headers=keys[Role.MANAGER])).json()
            assert (done["state"], done["attempts"], done["event"]) == ("sent", 1, "test")
            assert sink.counts == {done["key"]: 1}
            sink.signing = ["another"]
            failed = (await http.post(path, headers=keys[Role.MANAGER])).json()
            assert (failed["state"], failed["reason"]) == ("dead", "answered 401")
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
        log = (await http.get(f"{BASE}/deliveries", params={"limit": 1}, headers=keys[Role.MANAGER])).json()
        assert [each["state"] for each in log["deliveries"]] == ["dead"]
        rest = await http.get(f"{BASE}/deliveries", params={"after": log["next"]}, headers=keys[Role.MANAGER])
        assert [each["state"] for each in rest.json()["deliveries"]] == ["sent"]


async def test_a_browser_subscribes_for_whoever_is_signed_in(place):
    world, http, keys = place
    staff = keys[Role.STAFF]
    assert (await http.get(f"{BASE}/push/key", headers=staff)).status_code == 503
    await world.rows("INSERT INTO push_keys VALUES ('BPublic', now()) RETURNING 1")
    assert (await http.get(f"{BASE}/push/key", headers=staff)).json() == {"public_key": "BPublic"}
    body = {
        "endpoint": "https://fcm.googleapis.com/fcm/send/hidden",
        "keys": {"p256dh": "B" * 87, "auth": "A" * 22},
        "name": "Ada's phone",
    }
    refused = await http.post(f"{BASE}/push/subscriptions", json=body, headers=staff)
    assert refused.json()["error"]["code"] == "not_among_people"
    person = {"name": "Ada", "user_name": f"{Role.STAFF}-key"}
    await http.post(f"{BASE}/people", json=person, headers=keys[Role.MANAGER])
    first = await http.post(f"{BASE}/push/subscriptions", json=body, headers=staff)
    second = await http.post(f"{BASE}/push/subscriptions", json=body, headers=staff)
    assert first.status_code == 201
    assert first.json() == second.json()
    listed = await http.get(f"{BASE}/channels", headers=keys[Role.MANAGER])
    assert "hidden" not in listed.text
    assert [each["kind"] for each in listed.json()["channels"]] == ["web_push"]
