"""The delivery worker on a real database: at least once, in order, contained, and never twice by a wrong key."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from psycopg.types.json import Jsonb

from fixtures.backend_world import STORE, new_world, no_vault
from storesense_backend.database import connected
from storesense_backend.notify import enqueue
from storesense_backend.notify.metrics import NotifyMetrics
from storesense_backend.notify.senders.port import SendError
from storesense_backend.notify.worker import DeliveryWorker
from storesense_backend.settings import NotifySettings
from storesense_contracts.clock import ManualClock

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class FakeSender:
    """Takes parcels, or fails or hangs as told."""

    def __init__(self):
        self.parcels = []
        self.errors = []
        self.hangs = set()

    async def send(self, way, parcel):
        if way.config.get("hangs"):
            await asyncio.Event().wait()
        if self.errors:
            raise self.errors.pop(0)
        self.parcels.append(parcel)

    async def close(self):
        pass

    @property
    def keys(self):
        return [parcel.key for parcel in self.parcels]


@pytest.fixture
def clock():
    return ManualClock(START)


@pytest.fixture
async def world(cleared_database_url):
    async with new_world(cleared_database_url) as world:
        yield world


@asynccontextmanager
async def working(world, clock, sender=None, **settings):
    sender = sender or FakeSender()
    worker = DeliveryWorker(
        conninfo=world.url,
        clock=clock,
        settings=NotifySettings(**settings),
        senders=dict.fromkeys(("webhook", "apprise", "web_push", "mqtt"), sender),
        metrics=NotifyMetrics(),
        vault=no_vault(),
    )
    async with connected(world.url, application_name="worker under test") as connection:

        async def go(seconds=0.0):
            clock.advance(seconds)
            for _ in range(30):
                turn = await worker.step(connection)
                if not turn.ready:
                    break
                await worker.settle()
            await worker.step(connection)

        yield SimpleNamespace(worker=worker, connection=connection, sender=sender, go=go)


async def add_person(world, name, **values):
    row = {"sections": [], "shifts": Jsonb([]), "quiet_hours": Jsonb([])} | values
    rows = await world.rows(
        """
        INSERT INTO people (store_id, name, role, language, sections, shifts, quiet_hours)
        VALUES (%(store)s, %(name)s, 'staff', 'en', %(sections)s, %(shifts)s, %(quiet_hours)s) RETURNING person_id
        """,
        store=STORE,
        name=name,
        **row,
    )
    return rows[0]["person_id"]


async def add_channel(world, name="hook", kind="webhook", person_id=None, **config):
    rows = await world.rows(
        """
        INSERT INTO channels (store_id, person_id, name, kind, config, language, created_at, created_by)
        VALUES (%(store)s, %(person)s, %(name)s, %(kind)s, %(config)s, 'en', now(), 'test') RETURNING channel_id
        """,
        store=STORE,
        person=person_id,
        name=name,
        kind=kind,
        config=Jsonb(config),
    )
    return rows[0]["channel_id"]


async def happen(world, clock, event="opened", alert_id=None, **more):
    if alert_id is None:
        alert_id = await world.insert_alert(subject_id=more.pop("subject_id", "tills"), opened_at=clock.now())
    await enqueue(world.connection, alert_id, event, clock.now(), **more)
    return alert_id


async def deliveries(world, *names):
    rows = await world.rows("SELECT * FROM deliveries ORDER BY delivery_id")
    return [tuple(row[name] for name in names) if len(names) > 1 else row[names[0]] for row in rows]


async def test_an_event_is_told_once_however_often_it_was_noted(world, clock):
    await add_channel(world)
    alert_id = await happen(world, clock)
    await happen(world, clock, alert_id=alert_id)
    async with working(world, clock) as work:
        await work.go()
        await work.go(60)
        (parcel,) = work.sender.parcels
    assert parcel.key == f"{alert_id}:opened:0"
    assert parcel.payload["alert"]["title"] == parcel.text.title
    assert "6" in parcel.text.title
    assert parcel.payload["event"] == "opened"
    assert await deliveries(world, "state", "attempts") == [("sent", 1)]


async def test_what_failed_goes_again_with_the_same_key_until_it_is_given_up(world, clock):
    await add_channel(world)
    alert_id = await happen(world, clock)
    sender = FakeSender()
    sender.errors = [SendError("answered 503")] * 3
    async with working(world, clock, sender, attempts=5, breaker_failures=100) as work:
        await work.go()
        assert await deliveries(world, "state", "attempts", "reason") == [("waiting", 1, "answered 503")]
        for _ in range(4):
            await work.go(300)
        assert sender.keys == [f"{alert_id}:opened:0"]
        assert await deliveries(world, "state", "attempts") == [("sent", 4)]
        await happen(world, clock, "resolved", alert_id)
        sender.errors = [SendError("answered 503")] * 99
        for _ in range(8):
            await work.go(300)
    assert (await deliveries(world, "state", "attempts", "reason"))[1] == ("dead", 5, "answered 503")


async def test_a_final_refusal_is_not_tried_again_and_a_channel_that_is_gone_is_switched_off(world, clock):
    await add_channel(world)
    await happen(world, clock)
    sender = FakeSender()
    sender.errors = [SendError("answered 410", is_final=True, is_gone=True)]
    async with working(world, clock, sender) as work:
        await work.go()
    assert await deliveries(world, "state", "attempts") == [("dead", 1)]
    assert [row["is_enabled"] for row in await world.rows("SELECT is_enabled FROM channels")] == [False]


async def test_of_one_alert_the_end_is_not_told_before_the_beginning(world, clock):
    await add_channel(world)
    alert_id = await happen(world, clock)
    await happen(world, clock, "resolved", alert_id)
    sender = FakeSender()
    sender.errors = [SendError("answered 500")]
    async with working(world, clock, sender) as work:
        await work.go()
        assert sender.keys == []
        await work.go(10)
    assert sender.keys == [f"{alert_id}:opened:0", f"{alert_id}:resolved:0"]


async def test_a_worker_that_dies_while_sending_is_repeated_by_another_with_the_same_key(world, clock):
    await add_channel(world, hangs=True)
    alert_id = await happen(world, clock)
    async with working(world, clock) as dying:
        turn = await dying.worker.step(dying.connection)
        assert len(turn.ready) == 1
        for task in list(dying.worker._sending):
            task.cancel()
    await world.rows("UPDATE channels SET config = '{}' RETURNING 1")
    async with working(world, clock) as other:
        await other.go(5)
        assert other.sender.keys == []
        await world.rows("UPDATE deliveries SET claimed_until = clock_timestamp() RETURNING 1")
        await other.go(5)
        assert other.sender.keys == [f"{alert_id}:opened:0"]
    assert await deliveries(world, "state", "attempts") == [("sent", 2)]


@pytest.mark.parametrize("kind", ["webhook", "apprise"])
async def test_nothing_is_sent_before_what_was_sent_stands_in_the_database(world, clock, kind):
    await add_channel(world, "one", kind)
    for place in range(4):
        await happen(world, clock, subject_id=f"queue-{place}")
    unwritten = []

    class Asking(FakeSender):
        async def send(self, way, parcel):
            await super().send(way, parcel)
            rows = await world.rows("SELECT key FROM deliveries WHERE state = 'sent'")
            unwritten.append(set(self.keys) - {row["key"] for row in rows})

    async with working(world, clock, Asking()) as work:
        await work.go()
    assert [len(each) for each in unwritten] == [1, 1, 1, 1], "a death at any of them repeats that one alone"


async def test_two_workers_share_and_send_nothing_twice(world, clock):
    await add_channel(world)
    for place in range(40):
        await happen(world, clock, subject_id=f"queue-{place}")
    sender = FakeSender()
    async with working(world, clock, sender) as one, working(world, clock, sender) as two:
        await asyncio.gather(one.go(), two.go())
        await asyncio.gather(one.go(), two.go())
    assert len(sender.keys) == 40
    assert len(set(sender.keys)) == 40


async def test_a_channel_that_hangs_holds_up_nobody_and_is_left_alone(world, clock):
    await add_channel(world, "hangs", hangs=True)
    await add_channel(world, "works")
    async with working(world, clock, send_timeout_s=0.1, breaker_failures=2, concurrency=1) as work:
        for place in range(3):
            await happen(world, clock, subject_id=f"queue-{place}")
        turn = await work.worker.step(work.connection)
        assert len(turn.ready) == 1, "one machine after the other"
        turn = await work.worker.step(work.connection)
        assert (len(turn.ready), turn.wait_s) == (0, pytest.approx(0.5))
        clock.advance(0.51)
        turn = await work.worker.step(work.connection)
        assert len(turn.ready) == 1, "the one that hangs keeps it waiting no longer"
        await asyncio.sleep(0)
        assert len(work.sender.keys) == 1
        await work.go()
        assert len(work.sender.keys) == 3
        assert work.worker.health["broken_channels"] == 1
        attempts = sum(await deliveries(world, "attempts"))
        await work.go(5)
        assert sum(await deliveries(world, "attempts")) == attempts


async def test_a_thousand_alerts_reach_a_person_as_a_few_messages_and_none_is_missing(world, clock):
    person = await add_person(world, "Ada")
    await add_channel(world, "phone", "apprise", person)
    await add_channel(world, "hook")
    ids = await world.rows(
        """
        INSERT INTO alerts (
            store_id, rule_id, kind, subject_id, section_id, severity, state, cause_at, opened_at, details
        )
        SELECT %(store)s, 'r', 'queue_too_long', 'q' || n, 'front', 'warning', 'open', now(), now(), '{"length": 6}'
        FROM generate_series(1, 1000) n RETURNING alert_id
        """,
        store=STORE,
    )
    for row in ids:
        await enqueue(world.connection, row["alert_id"], "opened", clock.now())
    sender = FakeSender()
    async with working(world, clock, sender, machine_burst=50, people_burst=3) as work:
        for _ in range(10):
            await work.go(10)
    told = [notice.key for parcel in sender.parcels for notice in parcel.notices]
    assert sorted(told) == sorted(2 * [f"{row['alert_id']}:opened:0" for row in ids])
    assert len(sender.parcels) < 80
    assert set(await deliveries(world, "state")) == {"sent"}
    digest = next(parcel for parcel in sender.parcels if len(parcel.notices) > 1)
    assert digest.key.startswith("digest:")
    assert digest.payload["event"] == "digest"
    assert len(digest.payload["notifications"]) == len(digest.notices)
    assert digest.text.title.endswith("Berlin Mitte")


async def test_a_digest_that_failed_goes_again_whole_and_with_its_key(world, clock):
    await add_channel(world)
    for place in range(10):
        await happen(world, clock, subject_id=f"queue-{place}")
    seen = []
    sender = FakeSender()

    async def send(way, parcel):
        seen.append((parcel.key, [notice.key for notice in parcel.notices]))
        if len(seen) == 1:
            raise SendError("answered 500")

    sender.send = send
    async with working(world, clock, sender, machine_burst=1, machine_per_s=0.1) as work:
        await work.go()
        await happen(world, clock, subject_id="queue-later")
        for _ in range(4):
            await work.go(60)
    assert seen[0] == seen[1]
    assert len(seen[0][1]) == 10
    assert len(seen[2][1]) == 1


async def test_people_hear_by_shift_quiet_hours_and_what_they_were_told_of(world, clock):
    day = [{"days": ["fri"], "from_local": "08:00", "until_local": "16:00"}]
    working_now = await add_person(world, "Ada", shifts=Jsonb(day), sections=["front"])
    quiet = await add_person(world, "Bea", quiet_hours=Jsonb(day))
    away = await add_person(
        world, "Cy", shifts=Jsonb([{"days": ["sat"], "from_local": "08:00", "until_local": "16:00"}])
    )
    for name, person in (("ada", working_now), ("bea", quiet), ("cy", away)):
        await add_channel(world, name, "apprise", person)
    alert_id = await happen(world, clock)
    async with working(world, clock) as work:
        await work.go()
        assert len(work.sender.parcels) == 1
        assert await deliveries(world, "state", "reason") == [("sent", None), ("skipped", "quiet hours")]
        await world.rows("UPDATE alerts SET state = 'resolved', resolved_at = now() RETURNING 1")
        await happen(world, clock, "resolved", alert_id)
        await work.go(5)
        assert [parcel.text.title[:5] for parcel in work.sender.parcels][1] == "Done:"
        assert len(work.sender.parcels) == 2
        late = await happen(world, clock, subject_id="other")
        await world.rows("UPDATE alerts SET state = 'resolved', resolved_at = now() RETURNING 1")
        await work.go(5)
    assert len(work.sender.parcels) == 2
    assert dict(await deliveries(world, "alert_id", "reason"))[late].startswith("the alert")


async def test_the_log_is_forgotten_after_its_days(world, clock):
    await add_channel(world)
    await happen(world, clock)
    async with working(world, clock) as work:
        await work.go()
        clock.jump(START + timedelta(days=91))
        await work.go(700)
    assert await deliveries(world, "state") == []
