"""``storesense bench outage``: the database gone for hours, in short; what holds what, and whether all of it arrives.

Many edge devices record so many hours of readings into real outboxes, a hundred times faster than the clock, while the
database is stopped. The gateway's memory is watched; MQTT's flow control has to keep the messages at the broker, the
send window at the edge, and the disk of one device with a small outbox fills by policy. Then the database returns,
everything drains beside live load, and every message is looked for in the tables.
"""

import asyncio
import http.client
import time
import zlib
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import SecretStr

from storesense_contracts.clock import SystemClock
from storesense_contracts.ids import DeviceId, StoreId
from storesense_contracts.readings import FootfallReading, HeatmapReading
from storesense_contracts.settings import BrokerSettings
from storesense_contracts.topics import Stream
from storesense_edge.link import DeviceLink
from storesense_edge.settings import LinkSettings
from storesense_gateway.settings import GatewaySettings
from storesense_simulators.bench_world import BenchError, BenchWorld, LoadProcess, percentile, rss_mb, say, tell
from storesense_simulators.chaos.audit import audit, find
from storesense_simulators.chaos.plan import Fault
from storesense_simulators.chaos.proxy import FaultProxy
from storesense_simulators.chaos.recording_outbox import RecordingOutbox, SentFile, load_sent
from storesense_simulators.embedded.ports import LOOPBACK, free_port
from storesense_simulators.embedded.process import Child
from storesense_simulators.gateway_child import gateway_child
from storesense_simulators.load_order import LoadOrder, LoadResult

_AWAY = "away-store"
_LIVE = "live-store"
_READINGS_A_MESSAGE = 5
_MESSAGE_EVERY_S = 5.0
_HEATMAP_EVERY = 12
_COMPRESSION = 100.0
_SMALL_OUTBOX_BYTES_AN_HOUR = 480_000
_GRID_BYTES = 2_000
_WARM_S = (3.0, 8.0)
_SAMPLE_S = 0.1
_LONGEST_S = 1_800.0
_LIVE_MESSAGES_PER_S = 20.0
_LIVE_DEVICES = 2


@dataclass(frozen=True, slots=True)
class OutagePlan:
    """What is done.

    Attributes:
        hours: how long the database is away, by the readings' time.
        devices: how many there are.
    """

    hours: float
    devices: int = 40

    @property
    def messages_a_device(self) -> int:
        """How many messages of counts each device records in that time."""
        return max(1, round(self.hours * 3_600 / _MESSAGE_EVERY_S))

    @property
    def lasts_s(self) -> float:
        """How long it takes here."""
        return self.hours * 3_600 / _COMPRESSION

    @property
    def warm_s(self) -> float:
        """How long the same goes on before, with the database."""
        least_s, most_s = _WARM_S
        return max(least_s, min(most_s, self.lasts_s))


def run_bench_outage(
    plan: OutagePlan, *, database_url: str | None, broker_kind: str, prints_json: bool, keep_dir: Path | None
) -> int:
    """Measure and print; 0 if nothing was lost or doubled, and the memory grew by no more than a tenth.

    Raises:
        BenchError: the gateway ended, or the backlog did not drain.
    """
    devices = [(_AWAY, f"device-{place}") for place in range(plan.devices)]
    devices += [(_LIVE, f"device-{place}") for place in range(_LIVE_DEVICES)]
    with BenchWorld(devices, database_url=database_url, broker_kind=broker_kind, keep_dir=keep_dir) as world:
        result = asyncio.run(_Outage(world, plan).run())
    tell(result, prints_json=prints_json)
    return 0 if result["lost"] == result["duplicates"] == 0 and result["rss_growth_ratio"] <= 1.1 else 1


class _Outage:
    def __init__(self, world: BenchWorld, plan: OutagePlan) -> None:
        self._world = world
        self._plan = plan
        self._http_port = free_port()
        self._sent = world.dir / "sent"
        self._sent.mkdir()

    async def run(self) -> dict[str, float]:
        known = conninfo_to_dict(self._world.database_url)
        address = str(known.get("host") or LOOPBACK), int(known.get("port") or 5_432)
        async with AsyncExitStack() as stack:
            proxy = await stack.enter_async_context(FaultProxy("gateway-database", lambda: address))
            gateway = self._gateway(proxy.port)
            await asyncio.to_thread(gateway.start)
            stack.push_async_callback(asyncio.to_thread, gateway.stop)
            links = [await stack.enter_async_context(self._link(place)) for place in range(self._plan.devices)]
            return await self._measure(gateway, proxy, links)

    async def _measure(self, gateway: Child, proxy: FaultProxy, links: Sequence[DeviceLink]) -> dict[str, float]:
        warm_s = self._plan.warm_s
        say(f"bench: {len(links)} devices, {warm_s:g} s with the database")
        live = asyncio.create_task(asyncio.to_thread(self._live, warm_s))
        warm = round(warm_s * _COMPRESSION / _MESSAGE_EVERY_S)
        sampler = asyncio.create_task(_sampled(gateway))
        await self._record(links, warm, timedelta(hours=self._plan.hours), warm_s)
        before = await live
        rss_before_mb = max(await _ended(sampler))
        if not all(await asyncio.gather(*(link.drained(_LONGEST_S) for link in links))):
            raise BenchError(reason="the devices' first messages were not stored; the gateway's log tells why")

        say(f"bench: the database goes away for {self._plan.lasts_s:.0f} s, {self._plan.hours:g} h of readings")
        await self._take_database_away(proxy)
        received = await asyncio.to_thread(self._received)
        sampler = asyncio.create_task(_sampled(gateway))
        await self._record(links, self._plan.messages_a_device, timedelta(), self._plan.lasts_s)
        await asyncio.gather(*(link.flush() for link in links))
        held = sum(link.stats.pending for link in links)
        received = await asyncio.to_thread(self._received) - received

        say(f"bench: the database returns; {held} messages wait at the edge")
        with LoadProcess(self._live_order(_LONGEST_S)) as load:
            begun_s = time.monotonic()
            await self._bring_database_back(proxy)
            load.go()
            drained = await asyncio.gather(*(link.drained(_LONGEST_S) for link in links))
            drained_s = time.monotonic() - begun_s
            load.stop()
            during = await asyncio.to_thread(load.result)
        rss_max_mb = max(await _ended(sampler))
        if not all(drained):
            raise BenchError(reason=f"the backlog did not drain within {_LONGEST_S:.0f} s; the gateway's log tells why")
        return self._result(before, during) | {
            "rss_before_mb": round(rss_before_mb, 1),
            "rss_max_mb": round(rss_max_mb, 1),
            "rss_growth_ratio": round(rss_max_mb / rss_before_mb, 3),
            "held_messages": held,
            "drained_s": round(drained_s, 1),
            "received_while_away": received,
            "receive_maximum": GatewaySettings().receive_maximum,
            "hours": self._plan.hours,
            "devices": self._plan.devices,
        }

    def _result(self, before: LoadResult, during: LoadResult) -> dict[str, float]:
        counted = audit(load_sent(sorted(self._sent.iterdir())), find(self._world.database_url, [_AWAY]))
        live_lost = before.sent + during.sent - before.acked - during.acked
        return {
            "lost": counted.lost + counted.ledger_errors + live_lost,
            "duplicates": counted.duplicates,
            "sent_messages": counted.sent,
            "stored_messages": counted.stored,
            "dropped_messages": counted.dropped,
            "live_p99_ms_before": round(percentile(before.latencies_ms, 0.99), 1),
            "live_p99_ms_during": round(percentile(during.latencies_ms, 0.99), 1),
        }

    # ---- parts

    def _gateway(self, database_port: int) -> Child:
        return gateway_child(
            broker_port=self._world.broker.port,
            broker_password=self._world.gateway_password,
            database_url=make_conninfo(self._world.database_url, host=LOOPBACK, port=str(database_port)),
            http_port=self._http_port,
            log_path=self._world.dir / "gateway.log",
        )

    def _link(self, place: int) -> DeviceLink:
        store_id, device_id, password = self._world.devices(_AWAY)[place]
        limit = max(100_000, int(_SMALL_OUTBOX_BYTES_AN_HOUR * self._plan.hours)) if place == 0 else 512_000_000
        sent = SentFile(self._sent / f"{device_id}.jsonl", store_id=store_id, device_id=device_id)
        return DeviceLink(
            store_id=StoreId(store_id),
            device_id=DeviceId(device_id),
            broker=BrokerSettings(
                host=LOOPBACK,
                port=self._world.broker.port,
                user_name=f"{store_id}/{device_id}",
                password=SecretStr(password),
            ),
            outbox_path=self._world.dir / "outboxes" / f"{device_id}.db",
            clock=SystemClock(),
            settings=LinkSettings(batch_max_readings=_READINGS_A_MESSAGE, outbox_max_bytes=limit),
            outbox_type=partial(RecordingOutbox, sent=sent),
        )

    async def _record(self, links: Sequence[DeviceLink], messages: int, ago: timedelta, lasts_s: float) -> None:
        """Let every device record so many messages over ``lasts_s``, with instants that end ``ago``."""
        begun_s, begin_at = time.monotonic(), datetime.now(UTC) - ago - timedelta(seconds=messages * _MESSAGE_EVERY_S)
        for number in range(messages):
            at = (begin_at + timedelta(seconds=number * _MESSAGE_EVERY_S)).replace(microsecond=0)
            for place, link in enumerate(links):
                for line in range(_READINGS_A_MESSAGE):
                    link.record(Stream.FOOTFALL, _count_of(at, line))
                if place == 0 and number % _HEATMAP_EVERY == 0:
                    link.record(Stream.HEATMAP, _heat(at, number))
                if place % 10 == 9:
                    await asyncio.sleep(0)
            await asyncio.sleep(max(0.0, begun_s + lasts_s * (number + 1) / messages - time.monotonic()))

    async def _take_database_away(self, proxy: FaultProxy) -> None:
        if self._world.postgres is not None:
            await asyncio.to_thread(self._world.postgres.stop)
        else:
            await proxy.apply(Fault.REFUSE)

    async def _bring_database_back(self, proxy: FaultProxy) -> None:
        if self._world.postgres is not None:
            await asyncio.to_thread(self._world.postgres.start)
        else:
            await proxy.apply(Fault.PASS)

    def _received(self) -> int:
        connection = http.client.HTTPConnection(LOOPBACK, self._http_port, timeout=10)
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
        connection.close()
        name = "storesense_gateway_received_messages_total "
        return int(float(next(line for line in lines if line.startswith(name)).removeprefix(name)))

    def _live_order(self, duration_s: float) -> LoadOrder:
        return LoadOrder(
            host=LOOPBACK,
            port=self._world.broker.port,
            devices=self._world.devices(_LIVE),
            messages=int(min(duration_s, 900.0) * _LIVE_MESSAGES_PER_S) + 1,
            batch_size=_READINGS_A_MESSAGE,
            duration_s=duration_s,
            rate=_LIVE_MESSAGES_PER_S,
        )

    def _live(self, duration_s: float) -> LoadResult:
        with LoadProcess(self._live_order(duration_s)) as load:
            load.go()
            return load.result()


async def _sampled(gateway: Child) -> list[float]:
    """Note the gateway's memory, MB, until cancelled."""
    found: list[float] = []
    try:
        while True:
            found.append(rss_mb(gateway.pid))
            await asyncio.sleep(_SAMPLE_S)
    except asyncio.CancelledError:
        return found


async def _ended(sampler: "asyncio.Task[list[float]]") -> list[float]:
    sampler.cancel()
    return await sampler


def _count_of(at: datetime, line: int) -> FootfallReading:
    return FootfallReading(measured_at=at, period_ms=1_000, line_id=f"line-{line}", in_count=1, out_count=0)


def _heat(at: datetime, number: int) -> HeatmapReading:
    """A grid of ``_GRID_BYTES``, stored without compressing, so that its size is known."""
    grid = zlib.compress(bytes((number + place) % 256 for place in range(_GRID_BYTES)), 0)
    return HeatmapReading(
        measured_at=at,
        period_ms=1_000,
        floor_id="ground",
        origin_xy_m=(0.0, 0.0),
        cell_size_m=0.5,
        columns=_GRID_BYTES // 2,
        rows=1,
        presence_ds=grid,
    )
