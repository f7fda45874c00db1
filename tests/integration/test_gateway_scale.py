"""Gateways with a partition of the stores each, one of them killed; and one whose database goes away under load."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, LiteralString

import psutil
import psycopg
import pytest
from pydantic import SecretStr

from storesense_contracts.clock import SystemClock
from storesense_contracts.ids import DeviceId, StoreId
from storesense_contracts.readings import FootfallReading
from storesense_contracts.settings import BrokerSettings
from storesense_contracts.topics import Stream
from storesense_edge.link import DeviceLink
from storesense_edge.settings import LinkSettings
from storesense_simulators.bench_world import BenchWorld, LoadProcess
from storesense_simulators.embedded.ports import LOOPBACK
from storesense_simulators.embedded.process import Child
from storesense_simulators.load_order import LoadOrder

STORES = ("store-a", "store-b")
ROUNDS = 30
READINGS_A_ROUND = 40
DRAIN_S = 60.0
OUTAGE_S = 10.0


def query(url: str, text: LiteralString) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(text).fetchall()


def world_of(service_dir: Path, devices: Sequence[tuple[str, str]]) -> BenchWorld:
    return BenchWorld(devices, database_url=None, broker_kind="embedded", keep_dir=service_dir / "world")


def link_of(world: BenchWorld, store_id: str, device_id: str, password: str) -> DeviceLink:
    return DeviceLink(
        store_id=StoreId(store_id),
        device_id=DeviceId(device_id),
        broker=BrokerSettings(
            host=LOOPBACK, port=world.broker.port, user_name=f"{store_id}/{device_id}", password=SecretStr(password)
        ),
        outbox_path=world.dir / "outboxes" / f"{store_id}-{device_id}.db",
        clock=SystemClock(),
        settings=LinkSettings(batch_max_readings=5, resend_base_s=1.0, resend_limit_s=2.0),
    )


async def send_through_a_kill(world: BenchWorld, doomed: Child) -> list[int]:
    """Let every device record its rounds; kill a gateway after a third, start it again after two thirds."""
    devices = [device for store in STORES for device in world.devices(store)]
    async with AsyncExitStack() as stack:
        links = [await stack.enter_async_context(link_of(world, *device)) for device in devices]
        for number in range(ROUNDS):
            if number == ROUNDS // 3:
                await asyncio.to_thread(doomed.kill)
            if number == 2 * ROUNDS // 3:
                await asyncio.to_thread(doomed.start)
            for link in links:
                for _ in range(READINGS_A_ROUND):
                    link.record(
                        Stream.FOOTFALL,
                        FootfallReading(
                            measured_at=datetime.now(UTC), period_ms=1, line_id="door", in_count=1, out_count=0
                        ),
                    )
                await link.flush()
        drained = await asyncio.gather(*(link.drained(DRAIN_S) for link in links))
        assert all(drained), [str(link.stats) for link in links]
        return [link.stats.recorded for link in links]


def test_two_gateways_share_the_stores_and_one_is_killed(service_dir: Path) -> None:
    devices = [(store, f"device-{place}") for store in STORES for place in (1, 2)]
    with world_of(service_dir, devices) as world, ExitStack() as stack:
        gateways = [
            stack.enter_context(world.gateway(partition_no=str(number), store_ids=store))
            for number, store in enumerate(STORES)
        ]
        recorded = asyncio.run(send_through_a_kill(world, gateways[1]))
        assert recorded == [ROUNDS * READINGS_A_ROUND] * len(devices)
        stored = query(
            world.database_url,
            "SELECT store_id, batch_no >> 40, count(*), count(DISTINCT (boot_no, seq, idx)) FROM footfall_counts "
            "JOIN series USING (series_id) GROUP BY 1, 2 ORDER BY 1, 2",
        )
        each = 2 * ROUNDS * READINGS_A_ROUND
        assert stored == [("store-a", 0, each, each), ("store-b", 1, each, each)]
        torn = query(
            world.database_url,
            "SELECT boot_no FROM device_boots WHERE committed <> int8multirange(range_merge(committed))",
        )
        assert torn == [], "a boot whose ledger has holes"


@pytest.mark.parametrize(
    ("batch_size", "settings"),
    [
        pytest.param(25, {}, id="messages bounded by their number"),
        pytest.param(400, {"inbox_max_bytes": "1048576", "batch_max_bytes": "262144"}, id="messages bounded by bytes"),
    ],
)
def test_memory_stays_flat_while_the_database_is_away(
    service_dir: Path, batch_size: int, settings: dict[str, str]
) -> None:
    devices = [("store-a", f"device-{place}") for place in range(4)]
    with world_of(service_dir, devices) as world, world.gateway(**settings) as gateway:
        assert world.postgres is not None
        process = psutil.Process(gateway.pid)
        order = LoadOrder(
            host=LOOPBACK,
            port=world.broker.port,
            devices=world.devices("store-a"),
            messages=200_000 // batch_size,
            batch_size=batch_size,
            duration_s=OUTAGE_S + 10.0,
            window=500,
            drain_s=60.0,
            rate=40_000 / batch_size,
        )
        with LoadProcess(order) as load:
            load.go()
            wait_until(lambda: count(world) > 50_000)
            before = process.memory_info().rss
            world.postgres.stop()
            away = [process.memory_info().rss for _ in pauses(OUTAGE_S)]
            world.postgres.start()
            result = load.result()
        assert result.acked == result.sent
        assert count(world) == result.acked * batch_size
        assert max(away) < 1.1 * before, f"{before / 1e6:.1f} MB before, {max(away) / 1e6:.1f} MB while it was away"


def count(world: BenchWorld) -> int:
    return int(query(world.database_url, "SELECT count(*) FROM footfall_counts")[0][0])


def pauses(duration_s: float) -> Iterator[None]:
    pause = threading.Event()
    for _ in range(round(duration_s / 0.25)):
        pause.wait(0.25)
        yield


def wait_until(true: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(600):
        if true():
            return
        pause.wait(0.1)
    pytest.fail("waited a minute in vain")
