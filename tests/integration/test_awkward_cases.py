"""The awkward cases by name: each through the real link, the real gateway, a real broker and a real database."""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fixtures.shop import ONE_EACH, Shop, counted
from fixtures.stand_in_gateway import broker_settings
from storesense_contracts import topics
from storesense_contracts.clock import SystemClock
from storesense_contracts.ids import DeviceId, StoreId
from storesense_contracts.messages import CommitAck, encode_message, encode_readings, encode_struct
from storesense_contracts.topics import Delivery, DownStream, Stream
from storesense_edge.link import DeviceLink
from storesense_edge.mqtt_client import Publication
from storesense_edge.outbox import Outbox
from storesense_gateway.metrics import GatewayMetrics
from storesense_gateway.mqtt import MqttLink
from storesense_gateway.patience import PatientConnection
from storesense_gateway.port import StoreUnavailableError
from storesense_gateway.store import PostgresStore
from storesense_simulators.chaos.plan import Fault
from storesense_simulators.chaos.proxy import FaultProxy
from storesense_simulators.embedded.broker import EmbeddedBroker


@pytest.fixture
def shop(mqtt_broker: EmbeddedBroker, database_url: str, tmp_path: Path) -> Shop:
    return Shop(mqtt_broker, database_url, tmp_path)


async def test_a_restart_in_the_middle_of_a_minute_counts_both_parts_of_it(shop: Shop) -> None:
    with shop.gateway():
        for in_count in (2, 3):  # the same line, the same instant: two boots' deltas of one minute
            async with shop.link() as link:
                link.record(Stream.FOOTFALL, counted(in_count))
                assert await link.drained(60)
    assert [row[3:] for row in shop.rows()] == [(0, 2), (0, 3)]
    assert len({row[2] for row in shop.rows()}) == 2


async def test_a_lost_ack_brings_the_message_again_and_stores_it_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost: list[CommitAck] = []
    tell = MqttLink.tell_committed

    def lose_the_first(self: MqttLink, boot: Any, ack: CommitAck) -> bool:
        if not lost:
            lost.append(ack)
            return True
        return tell(self, boot, ack)

    monkeypatch.setattr(MqttLink, "tell_committed", lose_the_first)
    with shop.gateway():
        async with shop.link() as link:
            link.record(Stream.FOOTFALL, counted(1))
            assert await link.drained(60)
            assert link.stats.resent >= 1
    assert lost
    assert len(shop.rows()) == 1


async def test_an_ack_for_an_earlier_boot_deletes_that_boots_messages_and_no_others(shop: Shop) -> None:
    async with shop.link() as first:
        for count in range(3):
            first.record(Stream.FOOTFALL, counted(count))
    shop.broker.stop()  # or the backlog might be under way before the ack is heard
    async with shop.link() as second:
        second.record(Stream.FOOTFALL, counted(7))
        await second.flush()
        assert second._sender is not None
        ack = CommitAck(boot_id=first.boot_id, ranges=((0, 1),), received_at=datetime.now(UTC))
        topic = topics.down(StoreId("store-1"), DeviceId("device-1"), DownStream.ACK)
        second._sender.on_message(topic, encode_struct(ack))
        stranger = CommitAck(boot_id="0" * 32, ranges=((0, 9),), received_at=datetime.now(UTC))  # type: ignore[arg-type]
        second._sender.on_message(topic, encode_struct(stranger))
        shop.broker.start()
        with shop.gateway():
            assert await second.drained(60)
    assert {row[2:] for row in shop.rows()} == {(first.boot_id, 2, 2), (second.boot_id, 0, 7)}
    assert len(shop.rows()) == 2


async def test_a_device_flashed_again_begins_anew_under_its_old_name(shop: Shop) -> None:
    with shop.gateway():
        for no in range(2):  # an outbox of its own each time: nothing is left of the first
            async with shop.link(f"flashed-{no}.db") as link:
                link.record(Stream.FOOTFALL, counted(no))
                assert await link.drained(60)
    assert [row[3:] for row in shop.rows()] == [(0, 0), (0, 1)]


async def leave_backlog(shop: Shop) -> str:
    async with shop.link("original.db") as link:
        for count in range(3):
            link.record(Stream.FOOTFALL, counted(count))
        await link.flush()
        boot_id = link.boot_id
    shutil.copy(shop.folder / "original.db", shop.folder / "clone.db")
    return boot_id


async def test_a_disk_cloned_into_two_devices_of_two_names_keeps_them_apart(shop: Shop) -> None:
    boot_id = await leave_backlog(shop)
    with shop.gateway():
        for outbox, device in (("original.db", "device-1"), ("clone.db", "device-2")):
            async with shop.link(outbox, device=device) as link:
                link.record(Stream.FOOTFALL, counted(100))
                assert await link.drained(60)
    backlog = [(row[1], row[3]) for row in shop.rows() if row[2] == boot_id]
    # The same boot and numbers under another name are another device's: nobody can tell whose they really are.
    assert backlog == [(device, seq) for device in ("device-1", "device-2") for seq in range(3)]
    assert [row[1] for row in shop.rows() if row[4] == 100] == ["device-1", "device-2"]


async def test_a_disk_cloned_into_two_machines_of_one_name_stores_the_backlog_once_and_what_follows_of_both(
    shop: Shop,
) -> None:
    boot_id = await leave_backlog(shop)
    with shop.gateway():
        for count, outbox in enumerate(("original.db", "clone.db")):
            async with shop.link(outbox) as link:
                link.record(Stream.FOOTFALL, counted(100 + count))
                assert await link.drained(60)
    assert [row[3] for row in shop.rows() if row[2] == boot_id] == [0, 1, 2]
    # A process start is a boot of its own, so what each machine measures from then on cannot meet the other's.
    assert [row[4] for row in shop.rows() if row[2] != boot_id] == [100, 101]


async def test_a_memory_cloned_into_two_machines_is_told_by_the_first_ack_for_what_the_other_sent(shop: Shop) -> None:
    with shop.gateway():
        async with shop.link() as link:
            link.record(Stream.FOOTFALL, counted(1))
            assert await link.drained(60)
            assert link.stats.problem is None
            # The copy has the same boot and goes on at the same number, with another reading, at another instant.
            async with shop.link("copy.db", device="device-2") as account:
                assert account._sender is not None
                clone = encode_message(
                    boot_id=link.boot_id,
                    seq=1,
                    sent_at=datetime.now(UTC),
                    readings_json=encode_readings([counted(2)]),
                )
                topic = topics.up(StoreId("store-1"), DeviceId("device-1"), Stream.FOOTFALL)
                for _ in range(500):
                    if account._sender._connection.publish(Publication(topic, clone, Delivery(1, retain=False))):
                        break
                    await asyncio.sleep(0.01)
                async with asyncio.timeout(60):
                    while link.stats.problem is None:  # noqa: ASYNC110 -- nothing tells of it but the condition
                        await asyncio.sleep(0.01)
            assert "memory was copied" in str(link.stats.problem)
    assert [row[3:] for row in shop.rows()] == [(0, 1), (1, 2)]


async def test_a_partition_moving_between_gateways_loses_and_doubles_nothing_in_flight(shop: Shop) -> None:
    stores = ("store-1", "store-2")

    @contextmanager
    def gateways(order: tuple[str, str]) -> Iterator[None]:
        with (
            shop.gateway(partition_no=0, store_ids=(order[0],)),
            shop.gateway(partition_no=1, store_ids=(order[1],)),
        ):
            yield

    async with shop.link("1.db", store=stores[0]) as one, shop.link("2.db", store=stores[1]) as two:
        number = 0
        for order in (stores, stores[::-1], stores):
            with gateways((order[0], order[1])):
                for _ in range(40):
                    for link in (one, two):
                        link.record(Stream.FOOTFALL, counted(number))
                    number += 1
                    await asyncio.sleep(0.01)
            # both gateways are gone with messages in flight, and come back with the lists swapped
        with gateways(stores):
            assert await one.drained(60)
            assert await two.drained(60)
    assert [row[4] for row in shop.rows() if row[0] == stores[0]] == list(range(number))
    assert [row[4] for row in shop.rows() if row[0] == stores[1]] == list(range(number))


@pytest.mark.parametrize("broker", ["mqtt_broker", "mosquitto_broker"])
async def test_a_gateway_whose_list_of_stores_changed_ends_its_old_subscription(
    broker: str, request: pytest.FixtureRequest, database_url: str, tmp_path: Path
) -> None:
    shop = Shop(request.getfixturevalue(broker), database_url, tmp_path)
    stores = ("store-1", "store-2")

    async def send(number: int) -> None:
        async with shop.link("1.db", store=stores[0]) as one, shop.link("2.db", store=stores[1]) as two:
            for link in (one, two):
                link.record(Stream.FOOTFALL, counted(number))
            assert await one.drained(60)
            assert await two.drained(60)

    def received(metrics: GatewayMetrics) -> float:
        return metrics.registry.get_sample_value("storesense_gateway_messages_total", {"outcome": "stored"}) or 0.0

    def ended(metrics: GatewayMetrics) -> float:
        return metrics.registry.get_sample_value("storesense_gateway_stale_subscriptions_total") or 0.0

    with shop.gateway(partition_no=0, store_ids=stores):
        await send(0)
    # store-2 has moved; the session of partition 0 still has its filter, until it brings something
    moved = GatewayMetrics(), GatewayMetrics()
    with (
        shop.gateway(partition_no=0, store_ids=stores[:1], metrics=moved[0]),
        shop.gateway(partition_no=1, store_ids=stores[1:], metrics=moved[1]),
    ):
        await send(1)
        for _ in range(1_000):  # until the first gateway has had store-2's message too
            if ended(moved[0]):
                break
            await asyncio.sleep(0.01)
        assert [ended(each) for each in moved] == [1, 0]
    later = GatewayMetrics(), GatewayMetrics()
    with (
        shop.gateway(partition_no=0, store_ids=stores[:1], metrics=later[0]),
        shop.gateway(partition_no=1, store_ids=stores[1:], metrics=later[1]),
    ):
        for number in (2, 3):
            await send(number)
        if broker == "mosquitto_broker":  # the embedded one brings back what was unsubscribed; it is ended again then
            assert [received(each) for each in later] == [2, 2], "each has its own store and no other"
            assert [ended(each) for each in later] == [0, 0]
    assert [(row[0], row[4]) for row in shop.rows()] == [(store, number) for store in stores for number in range(4)]


async def test_a_database_link_that_is_half_open_is_given_up(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PatientConnection, "answer_timeout_s", 0.5)
    known = psycopg.conninfo.conninfo_to_dict(database_url)
    async with FaultProxy("database", lambda: (str(known["host"]), int(str(known["port"])))) as proxy:
        through = psycopg.conninfo.make_conninfo(database_url, port=str(proxy.port))
        store = PostgresStore(through, partition_no=0)
        await asyncio.to_thread(store.check)
        await proxy.apply(Fault.HALF_OPEN)
        async with asyncio.timeout(60):
            with pytest.raises(StoreUnavailableError, match="no answer within"):
                await asyncio.to_thread(store.check)
            await asyncio.to_thread(store.check)
        store.close()


async def test_a_clock_that_jumps_past_the_age_limit_expires_nothing(shop: Shop) -> None:
    clock = _SettableClock()
    async with DeviceLink(
        store_id=StoreId("store-1"),
        device_id=DeviceId("device-1"),
        broker=broker_settings(shop.broker, "store-1/device-1"),
        outbox_path=shop.folder / "outbox.db",
        clock=clock,
        settings=ONE_EACH,
    ) as link:
        for offset_days in (-60, 0, 9, 0):  # a clock that was two months slow, set right, then set wrong and right
            clock.offset = timedelta(days=offset_days)
            link.record(Stream.FOOTFALL, counted(1))
            await link.flush()
        assert link.stats.dropped == 0
    outbox = Outbox(shop.folder / "outbox.db")
    opened = outbox.open("f" * 32, datetime.now(UTC))  # type: ignore[arg-type]
    outbox.close()
    assert opened.totals.messages == 4


class _SettableClock(SystemClock):
    offset = timedelta()

    def now(self) -> datetime:
        return super().now() + self.offset
