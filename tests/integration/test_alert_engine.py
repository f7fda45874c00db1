"""The alert engine on a real database: opening, proof, restarts, crashes between writes, standby, acknowledgement."""

import asyncio
import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from fixtures.backend_world import QUEUE_RULE, STOCK_RULE, STORE, layout, new_world
from fixtures.waiting import until
from storesense_backend import alert_records, registry, rule_records
from storesense_backend.alerts import follower as following
from storesense_backend.alerts import ledger
from storesense_backend.alerts.follower import AlertFollower
from storesense_backend.alerts.leases import LeaseLostError, Leases
from storesense_backend.alerts.life.actions import Acknowledge
from storesense_backend.alerts.life.alert import Actor
from storesense_backend.alerts.metrics import AlertMetrics
from storesense_backend.database import connected
from storesense_backend.errors import ConflictError
from storesense_backend.settings import AlertsSettings
from storesense_contracts.clock import ManualClock
from storesense_contracts.rules import RULE

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
async def world(database_url):
    async with new_world(database_url) as world:
        await world.commit("lane_states", "lane-1", [{"measured_at": START, "is_open": True, "is_staffed": True}])
        yield world


@pytest.fixture
def clock():
    return ManualClock(START)


class Steps:
    """An engine that takes its steps when told to, on a connection that a test can break."""

    def __init__(self, follower, connection, clock, metrics):
        self.follower = follower
        self.connection = connection
        self.clock = clock
        self.metrics = metrics

    async def go(self, seconds=0.0):
        self.clock.advance(seconds)
        while await self.follower.step(self.connection):
            pass


@asynccontextmanager
async def engine(world, clock, **settings):
    metrics = AlertMetrics()
    follower = AlertFollower(conninfo=world.url, clock=clock, settings=AlertsSettings(**settings), metrics=metrics)
    async with connected(world.url, application_name="engine under test") as connection:
        # Whoever was there before is gone for longer than a lease lasts.
        await connection.execute("UPDATE store_leases SET expires_at = '-infinity'")
        await follower.begin(connection)
        yield Steps(follower, connection, clock, metrics)


async def alerts(world):
    return await world.rows("SELECT * FROM alerts ORDER BY alert_id")


async def events(world):
    return [row["kind"] for row in await world.rows("SELECT kind FROM alert_events ORDER BY alert_event_id")]


async def cursor(world):
    return (await world.rows("SELECT (cursors ->> '0')::bigint AS batch_no FROM store_leases"))[0]["batch_no"]


async def long_queue(world, steps, seconds=20):
    for _ in range(0, seconds + 1, 5):
        await world.queue(6, steps.clock.now(), delay_s=0)
        await steps.go(5)


async def test_a_long_queue_from_opening_to_proof(world, clock):
    async with engine(world, clock) as steps:
        await long_queue(world, steps)
        (alert,) = await alerts(world)
        assert (alert["state"], alert["kind"], alert["subject_id"], alert["section_id"]) == (
            "open",
            "queue_too_long",
            "tills",
            "front",
        )
        assert alert["cause_at"] == START
        assert alert["details"]["length"] == 6
        await world.queue(1, clock.now(), delay_s=0)
        await steps.go(10)
        assert (await alerts(world))[0]["state"] == "open"
        await world.queue(1, clock.now(), delay_s=0)
        await steps.go(10)
        (alert,) = await alerts(world)
        assert alert["state"] == "resolved"
        assert alert["proof"]["length"] == 1
        assert await events(world) == ["opened", "resolved"]


async def test_an_empty_slot_until_its_weight_rises(world, clock):
    async with engine(world, clock) as steps:
        for units in (2, 2, 0):
            await world.stock(units, clock.now(), delay_s=0)
            await steps.go(10)
        (alert,) = await alerts(world)
        told = alert_records.told(alert)
        assert told["title"] == "Oat milk 1 l is out of stock"
        assert told["action"] == "Bring 14 × Oat milk 1 l to Slot 1 (Aisle 3)"
        assert alert["severity"] == "critical"
        for _ in range(2):
            await world.stock(14, clock.now(), delay_s=0)
            await steps.go(5)
        (alert,) = await alerts(world)
        assert alert["state"] == "resolved"
        assert alert["proof"]["units"] == 14
        assert alert["proof"]["weight_g"] == 14_420.0
        assert alert["proof"]["outcome"] == "full"
        assert alert["proof"]["units_brought"] == 14
        assert alert["proof"]["time_to_shelf_s"] == 30.0
        assert await events(world) == ["opened", "worsened", "resolved"]


async def test_each_product_of_a_shared_plate_has_its_own_alert(world, clock):
    rice = {
        "sku": "rice-1kg",
        "name": "Rice 1 kg",
        "unit_weight_g": 1005,
        "capacity_units": 6,
        "reorder_point_units": 2,
    }
    slots = [layout().model_dump(mode="json")["slots"][0] | {"also": [rice]}]
    rules = [RULE.validate_python(STOCK_RULE)]
    devices = [("shelf-1", "shelf")]
    await registry.put_store(world.connection, layout(slots=slots), devices=devices, rules=rules)

    async def weigh(oats, rice):
        products = [
            {"sku": "oat-1l", "units": oats, "confidence": 0.97},
            {"sku": "rice-1kg", "units": rice, "confidence": 0.96},
        ]
        row = {
            "measured_at": clock.now(),
            "weight_mg": oats * 1_030_000 + rice * 1_005_000,
            "is_stable": True,
            "units": oats,
            "confidence": 0.97,
            "products": json.dumps(products),
        }
        await world.commit("shelf_weights", "slot-1", [row], device_id="shelf-1", delay_s=0)

    async with engine(world, clock) as steps:
        for _ in range(2):
            await weigh(10, 1)
            await steps.go(10)
        (alert,) = await alerts(world)
        assert alert["subject_id"] == "slot-1/rice-1kg"
        told = alert_records.told(alert)
        assert (told["title"], told["action"]) == (
            "Rice 1 kg runs low: 1 left",
            "Bring 5 × Rice 1 kg to Slot 1 (Aisle 3)",
        )
        for _ in range(2):
            await weigh(14, 1)
            await steps.go(5)
        (alert,) = await alerts(world)
        assert alert["state"] == "open", "oat milk is no rice"
        for _ in range(2):
            await weigh(8, 6)
            await steps.go(5)
        (alert,) = await alerts(world)
        assert (alert["state"], alert["proof"]["outcome"], alert["proof"]["units_brought"]) == ("resolved", "full", 5)


async def test_sparse_samples_open_by_the_passing_of_time(world, clock):
    async with engine(world, clock) as steps:
        await world.queue(9, clock.now(), delay_s=0)
        await steps.go(20)
        assert await alerts(world) == []
        await steps.go(1)
        assert len(await alerts(world)) == 1


async def test_late_readings_never_open(world, clock):
    async with engine(world, clock) as steps:
        for _ in range(40):
            await world.queue(9, clock.now() - timedelta(seconds=70), delay_s=70)
            await steps.go(2)
        assert await alerts(world) == []
        assert steps.metrics.registry.get_sample_value("storesense_alerts_late_observations_total") == 40


async def test_history_before_the_first_start_raises_nothing_but_the_present_counts(world, clock):
    for back_s in range(3_600, 60, -10):
        await world.queue(9, START - timedelta(seconds=back_s), delay_s=0)
    async with engine(world, clock) as steps:
        await steps.go(30)
        assert await alerts(world) == []
    await world.connection.execute("UPDATE store_leases SET cursors = '{}'")
    await world.connection.execute("DELETE FROM rule_states")
    await world.queue(9, clock.now() - timedelta(seconds=3), delay_s=0)
    async with engine(world, clock) as steps:
        await steps.go(19)
        (alert,) = await alerts(world)
        assert alert["cause_at"] == START + timedelta(seconds=27)


async def test_a_partition_that_appears_later_is_read_from_its_beginning(world, clock):
    async with engine(world, clock) as steps:
        await steps.go()
        for _ in range(5):
            await world.queue(6, clock.now(), delay_s=0, partition_no=3)
            clock.advance(5)
        await steps.go()
        assert len(await alerts(world)) == 1
        assert len((await world.rows("SELECT cursors FROM store_leases"))[0]["cursors"]) == 2


async def test_a_restart_continues_where_it_stopped(world, clock):
    async with engine(world, clock) as steps:
        await long_queue(world, steps, seconds=10)
        assert await alerts(world) == []
    await world.queue(6, clock.now(), delay_s=0)
    clock.advance(5)
    async with engine(world, clock) as steps:
        await steps.go()
        assert await alerts(world) == []
        await world.queue(6, clock.now(), delay_s=0)
        await steps.go()
        (alert,) = await alerts(world)
        assert alert["cause_at"] == START


async def test_a_backlog_of_what_came_and_went_wakes_nobody(world, clock):
    async with engine(world, clock) as steps:
        await steps.go()
    for _ in range(60):
        await world.queue(9, clock.now(), delay_s=0)
        clock.advance(5)
    for _ in range(12):
        await world.queue(0, clock.now(), delay_s=0)
        clock.advance(5)
    async with engine(world, clock, batches_per_step=7) as steps:
        await steps.go()
        assert await alerts(world) == []
        head = (await world.rows("SELECT head FROM partitions"))[0]["head"]
        assert await cursor(world) == head


class BrokenOffError(Exception):
    """The engine dies here."""


@pytest.mark.parametrize("where", ["write", "_write_changes", "_note"])
async def test_an_engine_killed_between_its_writes_leaves_nothing_half(world, clock, monkeypatch, where):
    async with engine(world, clock) as steps:
        await long_queue(world, steps, seconds=15)
        before = await cursor(world)
        await world.queue(6, clock.now(), delay_s=0)
        whole = getattr(ledger, where)

        async def dies(connection, *given, **named):
            written = await whole(connection, *given, **named)
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
            return written

        monkeypatch.setattr(ledger, where, dies)
        with pytest.raises(psycopg.OperationalError):
            await steps.go()
        monkeypatch.setattr(ledger, where, whole)
        assert await alerts(world) == []
        assert await events(world) == []
        assert await cursor(world) == before
    async with engine(world, clock) as steps:
        await steps.go()
        assert len(await alerts(world)) == 1
        assert await events(world) == ["opened"]
        await steps.go()
        assert len(await alerts(world)) == 1


async def test_memory_follows_the_database_when_a_step_fails(world, clock, monkeypatch):
    async with engine(world, clock) as steps:
        await long_queue(world, steps, seconds=15)
        await world.queue(6, clock.now(), delay_s=0)
        whole = ledger.write

        async def fails(*_given, **_named):
            raise BrokenOffError

        monkeypatch.setattr(ledger, "write", fails)
        with pytest.raises(BrokenOffError):
            await steps.go()
        assert await alerts(world) == []
        monkeypatch.setattr(ledger, "write", whole)
        await steps.go()
        assert len(await alerts(world)) == 1


async def test_an_edited_rule_is_taken_up(world, clock):
    async with engine(world, clock) as steps:
        await world.queue(4, clock.now(), delay_s=0)
        await steps.go(25)
        assert await alerts(world) == []
        stricter = RULE.validate_python(QUEUE_RULE | {"open_at_length": 4})
        await rule_records.put_rule(world.connection, layout(), stricter, edited_by="ann", now=clock.now())
        await steps.follower._wait_for_news(steps.connection)
        await steps.go()
        (alert,) = await alerts(world)
        assert alert["details"]["threshold"] == 4


async def test_a_withdrawn_rule_ends_its_alerts_without_proof(world, clock):
    async with engine(world, clock) as steps:
        await long_queue(world, steps)
        await world.register(rules=[STOCK_RULE])
        await steps.follower._wait_for_news(steps.connection)
        (alert,) = await alerts(world)
        assert alert["state"] == "resolved"
        assert alert["proof"] is None
        assert await events(world) == ["opened", "withdrawn"]
        assert await world.rows("SELECT * FROM rule_states WHERE rule_id = 'long-queue'") == []


async def test_a_store_that_cannot_be_read_keeps_its_watches_and_alerts(world, clock):
    async with engine(world, clock) as steps:
        await long_queue(world, steps)
        await world.connection.execute(
            'UPDATE stores SET layout = \'{"from": "the future"}\', layout_version = layout_version + 1'
        )
        await steps.follower._reload(steps.connection)
        assert steps.follower.health["unreadable_stores"] == [STORE]
        for _ in range(5):
            await world.queue(0, clock.now(), delay_s=0)
            await steps.go(5)
        assert (await alerts(world))[0]["state"] == "resolved"


async def test_acknowledging_and_resolving_at_once_end_resolved_with_both_told(world, clock):
    async with engine(world, clock) as steps:
        await long_queue(world, steps)
        (alert,) = await alerts(world)
        for _ in range(3):
            await world.queue(0, clock.now(), delay_s=0)
            clock.advance(10)
        async with connected(world.url, application_name="staff") as other:
            acknowledged, _ = await asyncio.gather(
                alert_records.act(
                    other,
                    store_id=STORE,
                    alert_id=alert["alert_id"],
                    action=Acknowledge(),
                    actor=Actor("ann"),
                    now=clock.now(),
                ),
                steps.go(),
                return_exceptions=True,
            )
        (alert,) = await alerts(world)
        assert alert["state"] == "resolved"
        if isinstance(acknowledged, ConflictError):
            assert alert["acknowledged_by"] is None
            assert await events(world) == ["opened", "resolved"]
        else:
            assert alert["acknowledged_by"] == "ann"
            assert await events(world) == ["opened", "acknowledged", "resolved"]


@pytest.mark.parametrize("engine_first", [True, False])
async def test_whoever_locks_first_the_other_sees_it(world, clock, engine_first):
    alert_id = await world.insert_alert()
    resolve = "UPDATE alerts SET state = 'resolved', resolved_at = now(), proof = '{}' WHERE alert_id = %s"
    async with (
        connected(world.url, application_name="engine") as one,
        connected(world.url, application_name="staff") as other,
    ):
        take = alert_records.act(
            other, store_id=STORE, alert_id=alert_id, action=Acknowledge(), actor=Actor("ann"), now=START
        )
        if not engine_first:
            assert (await take)["state"] == "acknowledged"
            await one.execute(resolve, (alert_id,))
            assert (await alerts(world))[0]["acknowledged_by"] == "ann"
            return
        async with one.transaction():
            await one.execute(resolve, (alert_id,))
            waiting = asyncio.create_task(take)
            while not await world.rows("SELECT FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110 -- the server's state
                await asyncio.sleep(0)
        with pytest.raises(ConflictError):
            await waiting
        assert await events(world) == []


async def test_acknowledging_twice_is_told_once(world, clock):
    alert_id = await world.insert_alert()
    for actor in ("ann", "bob"):
        found = await alert_records.act(
            world.connection, store_id=STORE, alert_id=alert_id, action=Acknowledge(), actor=Actor(actor), now=START
        )
        assert found["acknowledged_by"] == "ann"
    assert await events(world) == ["acknowledged"]


async def test_an_acknowledged_alert_still_resolves_and_no_second_opens(world, clock):
    async with engine(world, clock) as steps:
        await long_queue(world, steps)
        (alert,) = await alerts(world)
        await alert_records.act(
            world.connection,
            store_id=STORE,
            alert_id=alert["alert_id"],
            action=Acknowledge(),
            actor=Actor("ann"),
            now=clock.now(),
        )
        await long_queue(world, steps, seconds=60)
        assert len(await alerts(world)) == 1
        for _ in range(4):
            await world.queue(0, clock.now(), delay_s=0)
            await steps.go(5)
        (alert,) = await alerts(world)
        assert (alert["state"], alert["acknowledged_by"]) == ("resolved", "ann")


async def test_an_alert_that_stands_already_is_adopted(world, clock):
    await world.insert_alert(opened_at=START)
    async with engine(world, clock) as steps:
        await long_queue(world, steps, seconds=40)
        assert len(await alerts(world)) == 1
        for _ in range(4):
            await world.queue(0, clock.now(), delay_s=0)
            await steps.go(5)
        assert (await alerts(world))[0]["state"] == "resolved"


async def test_a_memory_that_cannot_be_read_is_begun_anew(world, clock):
    async with engine(world, clock) as steps:
        await long_queue(world, steps)
    await world.connection.execute('UPDATE rule_states SET state = \'{"last": "from the future"}\'')
    async with engine(world, clock) as steps:
        for _ in range(4):
            await world.queue(0, clock.now(), delay_s=0)
            await steps.go(5)
        (alert,) = await alerts(world)
        assert alert["state"] == "resolved"


async def test_two_stores_do_not_mix(world, clock):
    await world.register("paris-1")
    async with engine(world, clock) as steps:
        for _ in range(5):
            await world.queue(6, clock.now(), delay_s=0, store_id="paris-1")
            await world.queue(0, clock.now(), delay_s=0)
            await steps.go(5)
        assert [row["store_id"] for row in await alerts(world)] == ["paris-1"]


def running(world, **settings):
    metrics = AlertMetrics()
    quick = {"tick_s": 0.05, "reload_s": 0.2, "settle_s": 0.1}
    return AlertFollower(
        conninfo=world.url, clock=NowClock(), settings=AlertsSettings(**(quick | settings)), metrics=metrics
    )


class NowClock:
    """The machine's clock."""

    def now(self):
        return datetime.now(UTC)

    def monotonic_s(self):
        return asyncio.get_running_loop().time()


@asynccontextmanager
async def in_background(follower):
    task = asyncio.create_task(follower.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_the_running_engine_wakes_by_notice(world):
    rule = QUEUE_RULE | {"open_after_s": 0.0, "resolve_after_s": 0.0}
    await world.register(rules=[rule])
    follower = running(world, tick_s=5.0)
    async with in_background(follower):
        await until(lambda: value(follower.health["role"] == "leading"))
        began = NowClock().now()
        await world.queue(7, began, delay_s=0)
        await until(lambda: has_alert(world, "open"))
        await world.queue(0, NowClock().now(), delay_s=0)
        await until(lambda: has_alert(world, "resolved"))
        (alert,) = await alerts(world)
        assert alert["opened_at"] - began < timedelta(seconds=4), "it waited for its tick"


async def value(is_so):
    return is_so


async def has_alert(world, state):
    return [row["state"] for row in await alerts(world)] == [state]


async def test_a_second_engine_stands_by_and_takes_over(world):
    first, second = running(world), running(world)
    async with in_background(first) as task:
        await until(lambda: value(first.health["role"] == "leading"))
        async with in_background(second):
            await until(lambda: has_sessions(world, 2))
            assert second.health["role"] == "standby"
            assert second.health["status"] == "ok"
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await until(lambda: value(second.health["role"] == "leading"))


async def has_sessions(world, count):
    rows = await world.rows(
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'storesense alerts' AND datname = current_database()"
    )
    return len(rows) == count


async def test_an_engine_whose_session_is_lost_comes_back(world):
    follower = running(world)
    async with in_background(follower):
        await until(lambda: value(follower.health["role"] == "leading"))
        lost = await world.rows(
            "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'storesense alerts' AND datname = current_database()"
        )
        assert len(lost) == 1
        await until(lambda: value(follower.health["role"] == "standby" or follower.health["problem"]))
        await until(lambda: value(follower.health["role"] == "leading" and follower.health["status"] == "ok"))


async def test_a_fault_in_the_engine_is_logged_and_it_begins_anew(world, monkeypatch, caplog):
    follower = running(world)
    whole, calls = following.heads, []

    async def fails_once(connection):
        calls.append(1)
        if len(calls) == 3:
            raise KeyError("a fault of ours")
        return await whole(connection)

    monkeypatch.setattr(following, "heads", fails_once)
    async with in_background(follower):
        await until(lambda: value(len(calls) > 5 and follower.health["role"] == "leading"))
        assert follower.health["status"] == "ok"
    assert "a fault of ours" in caplog.text


async def test_an_engine_that_slept_through_its_lease_writes_nothing(world, clock):
    async with engine(world, clock) as asleep:
        await long_queue(world, asleep, seconds=15)
        await world.queue(6, clock.now(), delay_s=0)
        async with engine(world, clock) as other:
            await other.go()
            assert len(await alerts(world)) == 1
            await asleep.go()
            assert asleep.follower.health["stores"] == 0
            assert len(await alerts(world)) == 1
            assert await events(world) == ["opened"]


async def test_two_engines_share_the_stores_and_one_takes_over_within_seconds(world):
    for number in range(2, 7):
        await world.register(f"store-{number}")
    first, second = running(world, lease_s=1.5), running(world, lease_s=1.5)
    async with in_background(first):
        await until(lambda: value(first.health["stores"] == 6))
        async with in_background(second) as task:
            await until(lambda: value((first.health["stores"], second.health["stores"]) == (3, 3)))
            held = set(second._leases.store_ids)
            # It dies without a word: nothing is given back.
            second._leases.leave = never
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert {row["store_id"] for row in await world.rows("SELECT store_id FROM store_leases")} >= held
            began = NowClock().monotonic_s()
            await until(lambda: value(first.health["stores"] == 6))
            assert NowClock().monotonic_s() - began < 60.0
            store_id = min(held)
            for length in (6, 6):
                await world.queue(length, NowClock().now() - timedelta(seconds=25), delay_s=0, store_id=store_id)
                await world.queue(length, NowClock().now(), delay_s=0, store_id=store_id)
            await until(lambda: has_alert(world, "open"))
            assert [row["store_id"] for row in await alerts(world)] == [store_id]


async def never(_connection):
    return None


async def test_a_lease_that_was_taken_saves_no_cursor(world):
    one, other = Leases(60.0), Leases(60.0)
    assert await one.tend(world.connection) == ([STORE], [])
    await world.connection.execute("UPDATE store_leases SET expires_at = '-infinity'")
    await world.connection.execute("DELETE FROM alert_engines")
    assert await other.tend(world.connection) == ([STORE], [])
    with pytest.raises(LeaseLostError):
        await one.save(world.connection, [STORE], {STORE: {0: 7}})
    assert await one.tend(world.connection) == ([], [STORE])
    await other.save(world.connection, [STORE], {STORE: {0: 8}})
    assert await cursor(world) == 8


def test_the_layout_of_these_tests_has_what_its_rules_name():
    assert {queue.id for queue in layout().queues} == {"tills"}


async def test_lost_data_opens_an_alert_that_closes_when_the_outbox_is_under_its_limit_again(world, clock):
    async def tell(lost=0):
        if lost:
            await world.connection.execute(
                "INSERT INTO declared_gaps SELECT boot_no, int8range(0, %s), 'overflow', %s FROM device_boots",
                (lost, clock.now()),
            )
        health = {"measured_at": clock.now(), "state": "ok", "outbox_messages": 1, "outbox_bytes": 70}
        await world.commit("health_readings", "outbox", [health])

    await world.connection.execute(
        "INSERT INTO device_boots (store_id, device_id, boot_id, first_received_at, last_received_at) "
        "VALUES (%s, 'cam-1', 'b', now(), now())",
        (STORE,),
    )
    async with engine(world, clock) as steps:
        await tell()
        await steps.go(3)
        assert await alerts(world) == []
        await tell(lost=40)
        await steps.go(3)
        (alert,) = await alerts(world)
        assert (alert["kind"], alert["subject_id"], alert["state"]) == ("data_lost", "cam-1", "open")
        assert (alert["details"]["lost_messages"], alert["section_id"]) == (40, "front")
        assert alert_records.told(alert)["title"] == "cam-1: 40 messages lost"
        for _ in range(4):
            await tell()
            await steps.go(60)
        assert [alert["state"] for alert in await alerts(world)] == ["open"], "it was but minutes ago"
        for _ in range(4):
            await tell()
            await steps.go(60)
        (alert,) = await alerts(world)
        assert (alert["state"], alert["proof"]["lost_messages"]) == ("resolved", 0)


async def test_a_device_is_watched_as_soon_as_it_is_registered(world, clock):
    async with engine(world, clock) as steps:
        before = steps.follower.health["watches"]
        await world.connection.execute(
            "INSERT INTO devices (store_id, device_id, registered_at) VALUES (%s, 'cam-9', now())", (STORE,)
        )
        await steps.follower._reload(steps.connection)
        assert steps.follower.health["watches"] == before + 4
