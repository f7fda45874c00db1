"""The live stream through a real server: snapshot, updates, alerts, reconnects, slow clients, lost databases."""

import asyncio
import json
import socket
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx
import psutil

from fixtures.backend_world import DEVICES, STORE, layout, running_backend, sign_in
from storesense_backend import accounts, alert_records, registry
from storesense_backend.alerts.life.actions import Acknowledge
from storesense_backend.alerts.life.alert import Actor
from storesense_backend.api.alert_models import Alert
from storesense_backend.api.app import build_app
from storesense_backend.api.live_models import Snapshot
from storesense_backend.listening import Server, listen_on
from storesense_backend.live import reader
from storesense_backend.roles import Role
from storesense_contracts.clock import ManualClock

BASE = f"/api/v1/stores/{STORE}"


@asynccontextmanager
async def serving(world, **settings):
    """The backend behind a real server on a free port; yields its context and a client with an admin's key."""
    async with running_backend(world.url, **settings) as (context, _):
        listener = listen_on("127.0.0.1", 0, setting="the port")
        server = Server(build_app(context), before_end=context.feed.close, graceful_s=1)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            async with httpx.AsyncClient(base_url=address, headers=await world.key(Role.ADMIN), timeout=60) as http:
                yield context, http
        finally:
            server.end()
            await task
            listener.close()


class Events:
    """Reads server-sent events one by one."""

    def __init__(self, answer):
        self._lines = answer.aiter_lines()
        self.comments = 0
        self.retry = None

    async def next(self):
        fields = {}
        async with asyncio.timeout(60):
            async for line in self._lines:
                if not line and "data" in fields:
                    return fields["event"], json.loads(fields["data"])
                if line.startswith(":"):
                    self.comments += 1
                elif line.startswith("retry: "):
                    self.retry = int(line.removeprefix("retry: "))
                elif line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
        return None

    async def until(self, name):
        while True:
            event = await self.next()
            assert event is not None, "the stream ended"
            if event[0] == name:
                return event[1]


@asynccontextmanager
async def watching(http, path=f"{BASE}/stream", **options):
    async with http.stream("GET", path, **options) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Events(answer)


async def test_a_stream_begins_with_all_and_goes_on_with_changes(world):
    now = datetime.now(UTC)
    await world.queue(3, now - timedelta(minutes=5))
    async with serving(world) as (_, http), watching(http) as events:
        name, snapshot = await events.next()
        assert (name, events.retry) == ("snapshot", 2000)
        found = Snapshot.model_validate(snapshot)
        assert [(q.queue_id, q.length, q.longest_wait_s) for q in found.queues] == [("tills", 3, 60.0)]
        assert found.queues[0].next_wait is not None
        assert found.queues[0].next_wait.low_s < found.queues[0].next_wait.mean_s < found.queues[0].next_wait.high_s
        assert [line.line_id for line in found.footfall] == ["entrance", "inner"]
        assert [device.device_id for device in found.devices] == ["cam-1", "lanes-1", "shelf-1"]
        await world.queue(7, now)
        update = await events.until("update")
        assert set(update) == {"store_id", "at", "day_started_at", "queues"}
        assert [(q["queue_id"], q["length"]) for q in update["queues"]] == [("tills", 7)]


async def test_every_family_of_readings_arrives(world):
    now = datetime.now(UTC)
    # By a clock that stands: what was counted is of this day, whatever the hour.
    async with serving(world, clock=ManualClock(now)) as (_, http), watching(http) as events:
        await events.next()
        await world.stock(7, now)
        shared = [{"sku": "rice", "units": 4, "confidence": 0.9}, {"sku": "beans", "units": 3, "confidence": 0.8}]
        row = {"measured_at": now, "weight_mg": 850_000, "is_stable": True, "units": 4, "confidence": 0.9}
        await world.commit("shelf_weights", "plate", [row | {"products": json.dumps(shared)}], device_id="shelf-1")
        await world.commit("lane_states", "lane-1", [{"measured_at": now, "is_open": True, "is_staffed": True}])
        zone = {"measured_at": now, "period_ms": 1000, "occupancy": 3, "entry_count": 0, "exit_count": 0}
        zone |= {"presence_ms": 0, "visit_count": 0, "visit_dwell_ms": 0, "stop_count": 0}
        await world.commit("zone_visits", "zone-a", [zone])
        await world.commit("environment_readings", "chiller", [{"measured_at": now, "temperature_c": 4.5}])
        await world.commit(
            "footfall_counts", "entrance", [{"measured_at": now, "period_ms": 1000, "in_count": 2, "out_count": 1}] * 2
        )
        seen = {}
        while set(seen) < {"slots", "lanes", "zones", "environment", "footfall"}:
            update = await events.until("update")
            seen |= {key: items for key, items in update.items() if isinstance(items, list)}
        snapshot = Snapshot.model_validate((await http.get(f"{BASE}/live")).json())
        slots = {slot.slot_id: slot for slot in snapshot.slots}
        assert (slots["slot-1"].units, slots["slot-1"].weight_g, slots["slot-1"].products) == (7, 7210.0, None)
        assert [product.model_dump() for product in slots["plate"].products] == shared
        assert snapshot.lanes[0].is_open
        assert snapshot.zones[0].occupancy == 3
        assert snapshot.environment[0].temperature_c == 4.5
        assert snapshot.environment[0].noise_dba is None
        assert (snapshot.footfall[0].in_count, snapshot.footfall[0].out_count) == (4, 2)
        assert seen["footfall"] == [json.loads(snapshot.footfall[0].model_dump_json())]


async def test_alerts_arrive_whole_with_every_change(world):
    async with serving(world) as (_, http), watching(http) as events:
        await events.next()
        alert_id = await world.insert_alert()
        opened = Alert.model_validate(await events.until("alert"))
        assert (opened.alert_id, opened.state, opened.title) == (alert_id, "open", "the tills: 6 waiting")
        answer = await http.post(f"{BASE}/alerts/{alert_id}/acknowledge")
        assert (await events.until("alert")) == answer.json()
        await world.rows(
            "UPDATE alerts SET state = 'resolved', resolved_at = now(), proof = '{\"length\": 1}' "
            "RETURNING pg_notify('storesense_alerts', store_id || ':' || alert_id)"
        )
        assert (await events.until("alert"))["proof"] == {"length": 1}
        assert [alert["state"] for alert in (await http.get(f"{BASE}/live")).json()["alerts"]] == ["resolved"]


async def test_alerts_without_a_notice_are_found_all_the_same(world):
    async with serving(world, live_refresh_s=0.05) as (_, http), watching(http) as events:
        await events.next()
        alert_id = await world.insert_alert()
        await world.connection.execute("UPDATE alerts SET severity = 'critical'")
        seen = await events.until("alert")
        while seen["severity"] != "critical":
            seen = await events.until("alert")
        assert seen["alert_id"] == alert_id


async def test_devices_that_come_and_go(world):
    async with serving(world) as (_, http), watching(http) as events:
        await events.next()
        await world.rows(
            "UPDATE devices SET state = 'online' WHERE device_id = 'cam-1' "
            "RETURNING pg_notify('storesense_devices', store_id || '/' || device_id)"
        )
        update = await events.until("update")
        assert [(d["device_id"], d["state"]) for d in update["devices"]] == [("cam-1", "online")]


async def test_a_device_that_is_no_longer_there_sends_a_new_snapshot(world):
    async with serving(world) as (_, http), watching(http) as events:
        await events.next()
        await registry.put_store(world.connection, layout(), devices=DEVICES[:1], rules=[])
        snapshot = await events.until("snapshot")
        assert [device["device_id"] for device in snapshot["devices"]] == ["cam-1"]


async def test_a_changed_layout_sends_a_new_snapshot(world):
    async with serving(world) as (_, http), watching(http) as events:
        assert (await events.next())[1]["layout_version"] == 1
        lines = [{"id": "back", "name": "Back door"}]
        changed = layout(lines=lines)
        await registry.put_store(world.connection, changed, devices=DEVICES, rules=[])
        snapshot = await events.until("snapshot")
        assert snapshot["layout_version"] == 2
        assert [line["line_id"] for line in snapshot["footfall"]] == ["back"]


async def test_other_stores_are_not_heard(world):
    await world.register("paris-1")
    async with serving(world) as (_, http), watching(http) as events:
        await events.next()
        await world.queue(9, datetime.now(UTC), store_id="paris-1")
        await world.queue(2, datetime.now(UTC))
        update = await events.until("update")
        assert update["store_id"] == STORE
        assert [q["length"] for q in update["queues"]] == [2]


async def test_a_reconnect_gets_what_was_missed_in_a_snapshot(world):
    async with serving(world) as (_, http):
        async with watching(http) as events:
            await events.next()
        await world.queue(8, datetime.now(UTC))
        await until_length(http, 8)
        async with watching(http, headers={"Last-Event-ID": "1"}) as events:
            name, snapshot = await events.next()
            assert name == "snapshot"
            assert snapshot["queues"][0]["length"] == 8


async def until_length(http, length):
    async with asyncio.timeout(60):
        while [q["length"] for q in (await http.get(f"{BASE}/live")).json()["queues"]] != [length]:  # noqa: ASYNC110 -- the server's state
            await asyncio.sleep(0.02)


async def test_readings_are_counted_once_whenever_a_store_is_first_asked_for(world):
    now = datetime.now(UTC)

    async def committing():
        for _ in range(60):
            row = {"measured_at": now, "period_ms": 1000, "in_count": 1, "out_count": 0}
            await world.commit("footfall_counts", "entrance", [row])

    async with serving(world, clock=ManualClock(now)) as (_, http):
        writing = asyncio.create_task(committing())
        async with watching(http) as events:
            _, snapshot = await events.next()
            count = snapshot["footfall"][0]["in_count"]
            await writing
            while count < 60:
                update = await events.until("update")
                count = update["footfall"][0]["in_count"]
            assert count == 60
        assert (await http.get(f"{BASE}/live")).json()["footfall"][0]["in_count"] == 60


async def test_updates_are_bounded_in_number_and_end_with_the_newest(world):
    async with serving(world, stream_updates_per_s=4.0) as (_, http), watching(http) as events:
        await events.next()
        began = asyncio.get_running_loop().time()
        for n in range(120):
            await world.queue(n, datetime.now(UTC))
        updates = 0
        length = None
        while length != 119:
            length = (await events.until("update"))["queues"][0]["length"]
            updates += 1
        took_s = asyncio.get_running_loop().time() - began
        assert updates <= 4 * took_s + 2


async def test_a_frozen_client_neither_slows_others_nor_stays(world):
    async with serving(world, stream_send_timeout_s=0.5, stream_updates_per_s=50) as (context, http):
        key = http.headers["authorization"]
        frozen = socket.socket()
        frozen.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        frozen.connect((http.base_url.host, http.base_url.port))
        frozen.sendall(f"GET {BASE}/stream HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\n\r\n".encode())
        try:
            async with watching(http) as events:
                await events.next()
                async with asyncio.timeout(90):
                    n = 0
                    while cut(context) == 0:
                        n += 1
                        await many_queues(world, n)
                        update = await events.until("update")
                        assert update["queues"]
                    # What it left untaken must not hold its connection open.
                    while frozen.getsockname() in accepted():  # noqa: ASYNC110 -- the server's state
                        await asyncio.sleep(0.01)
            assert context.metrics.registry.get_sample_value("storesense_backend_streams_blocked") == 0
        finally:
            frozen.close()


def accepted():
    """The other ends of this process's TCP connections."""
    return [tuple(found.raddr) for found in psutil.Process().net_connections("tcp4")]


def cut(context):
    return context.metrics.registry.get_sample_value("storesense_backend_streams_cut_total")


async def many_queues(world, length):
    """A batch with news of 400 queues, about 40 kB on the stream."""
    series = await world.rows("SELECT count(*) AS n FROM series")
    if series[0]["n"] < 400:
        await world.connection.execute(
            "INSERT INTO series (store_id, device_id, stream, subject_id) "
            "SELECT %s, 'cam-1', 'queue', 'queue-' || n FROM generate_series(1, 400) n",
            (STORE,),
        )
    async with world.connection.transaction():
        batch_no = await world._next_batch(0)
        await world.connection.execute(
            "INSERT INTO queue_samples (measured_at, received_at, series_id, boot_no, seq, idx, batch_no, length, "
            "longest_wait_ms) SELECT now(), now(), series_id, 1, 1, 1, %s, %s, 0 FROM series WHERE stream = 'queue'",
            (batch_no, length),
        )
        await world.connection.execute("SELECT pg_notify('storesense_batches', '0:1')")


async def test_more_news_than_can_be_taken_at_once_is_read_anew(world, monkeypatch):
    monkeypatch.setattr(reader, "MAX_ROWS", 50)
    async with serving(world) as (_, http), watching(http) as events:
        await events.next()
        await many_queues(world, 5)
        snapshot = await events.until("snapshot")
        assert len(snapshot["queues"]) == 400
        await world.queue(2, datetime.now(UTC))
        update = await events.until("update")
        assert [q["length"] for q in update["queues"]] == [2]


async def test_a_lost_database_connection_is_made_again_and_nothing_is_missed(world):
    async with serving(world) as (context, http), watching(http) as events:
        await events.next()
        async with asyncio.timeout(60):
            while not context.feed.is_listening:  # noqa: ASYNC110 -- another task's state
                await asyncio.sleep(0.01)
        await world.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name LIKE 'storesense %%'"
        )
        await world.queue(9, datetime.now(UTC))
        while True:
            _, data = await events.next()
            if [q["length"] for q in data.get("queues", ())] == [9]:
                break
        await world.queue(10, datetime.now(UTC))
        assert (await events.until("update"))["queues"][0]["length"] == 10


async def test_quiet_streams_send_comments(world):
    async with serving(world, stream_heartbeat_s=0.05, stream_updates_per_s=50) as (_, http), watching(http) as events:
        await events.next()
        while not events.comments:
            async with asyncio.timeout(60):
                line = await anext(events._lines)
                events.comments += line.startswith(":")


async def test_a_stream_ends_with_its_session(world):
    await world.add_user("ann", Role.STAFF)
    async with serving(world, stream_heartbeat_s=0.05, stream_updates_per_s=50) as (_, http):
        del http.headers["authorization"]
        assert (await sign_in(http, "ann")).status_code == 200
        async with watching(http) as events:
            await events.next()
            await accounts.set_password(world.connection, user_name="ann", password_hash="$argon2id$other")
            assert await events.next() is None


async def test_streams_end_when_the_service_does(world):
    async with serving(world) as (context, http), watching(http) as events:
        await events.next()
        context.feed.close()
        assert await events.next() is None
        assert (await http.get(f"{BASE}/stream")).json()["error"]["code"] == "ending"


async def test_streams_are_limited_in_number(world):
    async with serving(world, max_streams=1) as (_, http), watching(http) as events:
        await events.next()
        answer = await http.get(f"{BASE}/stream")
        assert answer.status_code == 503
        assert answer.json()["error"]["code"] == "too_many_streams"


async def test_unwatched_stores_make_room_and_watched_ones_do_not(world):
    await world.register("paris-1")
    async with serving(world, live_stores=1) as (context, http):
        for store_id in (STORE, "paris-1", STORE):
            assert (await http.get(f"/api/v1/stores/{store_id}/live")).status_code == 200
            assert list(context.feed._stores) == [store_id]
        async with watching(http) as events:
            await events.next()
            answer = await http.get("/api/v1/stores/paris-1/live")
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "too_many_stores")


async def test_a_store_that_nobody_watches_is_forgotten(world):
    clock = ManualClock(datetime.now(UTC))
    async with serving(world, clock=clock, live_idle_s=60) as (context, http):
        assert (await http.get(f"{BASE}/live")).status_code == 200
        clock.advance(61)
        await context.feed.look()
        assert context.feed._stores == {}


async def test_midnight_in_the_store_begins_a_new_day(world):
    clock = ManualClock(datetime(2026, 11, 20, 22, 59, 30, tzinfo=UTC))
    count = {"period_ms": 1000, "in_count": 5, "out_count": 0}
    await world.commit("footfall_counts", "entrance", [count | {"measured_at": clock.now() - timedelta(hours=3)}])
    async with serving(world, clock=clock, stream_updates_per_s=50) as (_, http), watching(http) as events:
        _, snapshot = await events.next()
        assert snapshot["day_started_at"] == "2026-11-19T23:00:00Z"
        assert snapshot["footfall"][0]["in_count"] == 5
        clock.advance(31)
        update = await events.until("update")
        assert update["day_started_at"] == "2026-11-20T23:00:00Z"
        assert {line["line_id"]: line["in_count"] for line in update["footfall"]} == {"entrance": 0, "inner": 0}


async def test_acknowledging_reaches_every_watcher(world):
    alert_id = await world.insert_alert()
    async with serving(world) as (_, http), watching(http) as one, watching(http) as other:
        for events in (one, other):
            assert (await events.next())[1]["alerts"][0]["state"] == "open"
        await alert_records.act(
            world.connection,
            store_id=STORE,
            alert_id=alert_id,
            action=Acknowledge(),
            actor=Actor("ann"),
            now=datetime.now(UTC),
        )
        for events in (one, other):
            assert (await events.until("alert"))["acknowledged_by"] == "ann"
