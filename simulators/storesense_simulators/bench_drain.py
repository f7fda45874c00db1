"""``storesense bench drain``: a store's backlog goes through the edge's outbox and link while another store is live.

The backlog is made first, with no broker to send it to: the readings of so many hours, as the store's devices would
have written them into their outboxes. Then the live store is measured alone, and again while the backlog drains.
"""

import asyncio
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import SecretStr

from storesense_contracts.clock import SystemClock
from storesense_contracts.ids import DeviceId, StoreId
from storesense_contracts.readings import FootfallReading, ZoneReading
from storesense_contracts.settings import BrokerSettings
from storesense_contracts.sql import load_queries
from storesense_contracts.topics import Stream
from storesense_edge.link import DeviceLink
from storesense_edge.settings import LinkSettings
from storesense_simulators.bench_world import BenchError, BenchWorld, LoadProcess, percentile, say, tell
from storesense_simulators.embedded.ports import LOOPBACK, free_port
from storesense_simulators.load_order import LoadOrder, LoadResult

_QUERIES = load_queries("storesense_simulators", "bench.sql")
_AWAY = "away-store"
_LIVE = "live-store"
_DEVICES = 4
_READINGS_A_DAY = 50_000
_READINGS_A_MESSAGE = 2
_LIVE_MESSAGES_PER_S = 50.0
_LIVE_BATCH = 2
_BEFORE_S = 10.0
_LONGEST_S = 3_600.0
_RECORD_CHUNK = 500


def run_bench_drain(
    *, hours: float, database_url: str | None, broker_kind: str, prints_json: bool, keep_dir: Path | None
) -> int:
    """Measure and print.

    Raises:
        BenchError: rows and acknowledged readings differ, or the backlog did not drain.
    """
    devices = [(store, f"device-{place}") for store in (_AWAY, _LIVE) for place in range(_DEVICES)]
    with BenchWorld(devices, database_url=database_url, broker_kind=broker_kind, keep_dir=keep_dir) as world:
        recorded, messages = asyncio.run(_make_backlog(world, hours))
        say(f"bench: {recorded} readings in {messages} messages lie in the outboxes of {_DEVICES} devices")
        with world.gateway():
            before = _measure_live(world)
            during, drain_s = asyncio.run(_drain(world))
        stored = world.query_one(_QUERIES["count_drained"])
        expected = recorded + (before.acked + during.acked) * _LIVE_BATCH
        if stored != expected:
            raise BenchError(
                reason=f"{expected} readings were acknowledged and {stored} are stored; this must not happen"
            )
    say(f"bench: drained in {drain_s:.1f} s, {recorded / drain_s:.0f} readings/s")
    tell(
        {
            "drain_x_realtime": round(hours * 3_600 / drain_s, 1),
            "live_p99_ms_before": round(percentile(before.latencies_ms, 0.99), 1),
            "live_p99_ms_during": round(percentile(during.latencies_ms, 0.99), 1),
        },
        prints_json=prints_json,
    )
    return 0


async def _make_backlog(world: BenchWorld, hours: float) -> tuple[int, int]:
    """Fill the outboxes; return how many readings and messages they hold."""
    share = round(_READINGS_A_DAY * hours / 24 / _DEVICES)
    share = max(_READINGS_A_MESSAGE, share - share % _READINGS_A_MESSAGE)
    step = timedelta(hours=hours) / share
    messages = 0
    for place in range(_DEVICES):
        begin_at = datetime.now(UTC) - timedelta(hours=hours)
        async with _link(world, place, port=free_port()) as link:
            for number in range(share):
                at = (begin_at + step * number).replace(microsecond=0)
                if place % 2:
                    link.record(
                        Stream.ZONE,
                        ZoneReading(
                            measured_at=at, period_ms=1_000, zone_id=f"zone-{number % 5}", occupancy=number % 9
                        ),
                    )
                else:
                    link.record(
                        Stream.FOOTFALL,
                        FootfallReading(
                            measured_at=at, period_ms=1_000, line_id="door", in_count=number % 3, out_count=number % 2
                        ),
                    )
                if number % _RECORD_CHUNK == 0:
                    await link.flush()
            await link.flush()
            await asyncio.sleep(0)
            messages += link.stats.pending
            if link.stats.problem and not link.stats.pending:
                raise BenchError(reason=f"the outbox did not take the backlog: {link.stats.problem}")
    return share * _DEVICES, messages


async def _drain(world: BenchWorld) -> tuple[LoadResult, float]:
    """Drain the outboxes beside live load; return the live load's result and how long the drain took."""
    with LoadProcess(_live_order(world, _LONGEST_S)) as load:
        say("bench: the backlog drains")
        async with AsyncExitStack() as stack:
            load.go()
            begun_s = time.monotonic()
            links = [
                await stack.enter_async_context(_link(world, place, port=world.broker.port))
                for place in range(_DEVICES)
            ]
            drained = await asyncio.gather(*(link.drained(_LONGEST_S) for link in links))
            drain_s = time.monotonic() - begun_s
        load.stop()
        result = await asyncio.to_thread(load.result)
    if not all(drained):
        raise BenchError(reason=f"the backlog did not drain within {_LONGEST_S:.0f} s; the gateway's log tells why")
    return _complete(result), drain_s


def _measure_live(world: BenchWorld) -> LoadResult:
    say(f"bench: {_BEFORE_S:g} s of live load alone")
    with LoadProcess(_live_order(world, 1.0)) as load:
        load.go()
        warm = _complete(load.result())
    with LoadProcess(_live_order(world, _BEFORE_S)) as load:
        load.go()
        result = _complete(load.result())
    return LoadResult(
        sent=result.sent + warm.sent,
        acked=result.acked + warm.acked,
        readings=result.readings + warm.readings,
        elapsed_s=result.elapsed_s,
        latencies_ms=result.latencies_ms,
        ran_out=result.ran_out,
        cpu_s=result.cpu_s,
    )


def _complete(result: LoadResult) -> LoadResult:
    if result.acked != result.sent:
        raise BenchError(reason=f"of {result.sent} live messages only {result.acked} were acknowledged")
    return result


def _live_order(world: BenchWorld, duration_s: float) -> LoadOrder:
    return LoadOrder(
        host=LOOPBACK,
        port=world.broker.port,
        devices=world.devices(_LIVE),
        messages=int(min(duration_s, 600.0) * _LIVE_MESSAGES_PER_S) + 1,
        batch_size=_LIVE_BATCH,
        duration_s=duration_s,
        rate=_LIVE_MESSAGES_PER_S,
    )


def _link(world: BenchWorld, place: int, *, port: int) -> DeviceLink:
    store_id, device_id, password = world.devices(_AWAY)[place]
    return DeviceLink(
        store_id=StoreId(store_id),
        device_id=DeviceId(device_id),
        broker=BrokerSettings(
            host=LOOPBACK, port=port, user_name=f"{store_id}/{device_id}", password=SecretStr(password)
        ),
        outbox_path=world.dir / "outboxes" / f"{device_id}.db",
        clock=SystemClock(),
        settings=LinkSettings(batch_max_readings=_READINGS_A_MESSAGE),
    )
