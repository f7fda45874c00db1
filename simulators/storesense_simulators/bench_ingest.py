"""``storesense bench ingest``: from the broker to committed rows, beside COPY and beside the obvious script.

Three phases with the same gateway, broker and database: as fast as it goes, then half of that rate for the latency from
publication to commit ack, then the two yardsticks on their own. Each device waits for commit acks, and the rows in the
database must be the readings that were acknowledged, to the last one.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from storesense_contracts import topics
from storesense_contracts.sql import load_queries
from storesense_gateway.families import FAMILIES
from storesense_simulators.bench_naive import TABLE as NAIVE_TABLE
from storesense_simulators.bench_world import (
    BenchError,
    BenchWorld,
    LoadProcess,
    cpu_s,
    percentile,
    rss_mb,
    say,
    tell,
)
from storesense_simulators.embedded.ports import LOOPBACK
from storesense_simulators.load_order import LoadOrder, LoadResult, TwinLoad
from storesense_simulators.load_twin import TwinTraces

_QUERIES = load_queries("storesense_simulators", "bench.sql")
_STORE = "bench-store"
_DEVICES = 8
_WINDOW = 256
_MAX_MESSAGES_PER_S = 15_000
_MAX_READINGS_PER_S = 120_000
_COPY_ROWS = 400_000
_COPY_CHUNK_BYTES = 1_048_576
_NAIVE_S = 5.0
_NAIVE_MESSAGES_PER_S = 2_000
_TABLE = "footfall_counts"
_COLUMNS = "measured_at, received_at, series_id, boot_no, seq, idx, batch_no, period_ms, in_count, out_count"


def run_bench_ingest(
    *,
    duration_s: float,
    batch_size: int,
    database_url: str | None,
    broker_kind: str,
    prints_json: bool,
    keep_dir: Path | None,
) -> int:
    """Measure and print.

    Raises:
        BenchError: rows and acknowledged readings differ, or nothing was acknowledged.
    """
    devices = [(_STORE, f"device-{place}") for place in range(_DEVICES)]
    with BenchWorld(devices, database_url=database_url, broker_kind=broker_kind, keep_dir=keep_dir) as world:
        figures = _measure_gateway(world, duration_s, batch_size)
        say("bench: COPY of the same rows")
        copy_rate = _measure_copy(world)
        say("bench: the obvious script")
        naive_rate = _measure_naive(world, min(_NAIVE_S, duration_s), batch_size)
    rate = figures["readings_per_s"]
    tell(
        {
            "load": "footfall",
            "readings_per_s": round(rate),
            "messages_per_s": round(rate / batch_size),
            "copy_rows_per_s": round(copy_rate),
            "naive_readings_per_s": round(naive_rate),
            "ratio_to_copy": round(rate / copy_rate, 3),
            "ratio_to_naive": round(rate / naive_rate, 1),
            "commit_latency_p50_ms": figures["p50_ms"],
            "commit_latency_p99_ms": figures["p99_ms"],
            "gateway_cpu_s_per_million": figures["cpu_s_per_million"],
            "gateway_rss_mb": figures["rss_mb"],
        },
        prints_json=prints_json,
    )
    return 0


def _measure_gateway(world: BenchWorld, duration_s: float, batch_size: int) -> dict[str, float]:
    with world.gateway() as gateway:
        most = min(_MAX_MESSAGES_PER_S, _MAX_READINGS_PER_S // batch_size)
        say(f"bench: {duration_s:g} s at full load, {batch_size} readings a message")
        warm = _order(world, messages=200, batch_size=batch_size, duration_s=duration_s)
        full = _order(world, messages=int(duration_s * most), batch_size=batch_size, duration_s=duration_s)
        acked = 0
        with LoadProcess(warm) as load:
            acked += _run(load).acked
        with LoadProcess(full) as load:
            begun_cpu_s = cpu_s(gateway.pid)
            result = _run(load)
            used_s = cpu_s(gateway.pid) - begun_cpu_s
        acked += result.acked
        rate = result.acked / result.elapsed_s
        memory_mb = rss_mb(gateway.pid)
        _tell_load(result)
        half_s = max(2.0, duration_s / 2)
        say(f"bench: {half_s:g} s at half load, {rate / 2:.0f} messages/s")
        half = _order(
            world, messages=int(half_s * rate / 2), batch_size=batch_size, duration_s=half_s + 2.0, rate=rate / 2
        )
        with LoadProcess(half) as load:
            paced = _run(load)
        acked += paced.acked
        _tell_load(paced)
    rows = world.query_one(_QUERIES["count_ingested"])
    if rows != acked * batch_size:
        raise BenchError(
            reason=f"{acked * batch_size} readings were acknowledged and {rows} are stored; this must not happen"
        )
    return {
        "readings_per_s": rate * batch_size,
        "p50_ms": round(percentile(paced.latencies_ms, 0.50), 1),
        "p99_ms": round(percentile(paced.latencies_ms, 0.99), 1),
        "cpu_s_per_million": round(used_s / (result.acked * batch_size) * 1e6, 2),
        "rss_mb": round(memory_mb, 1),
    }


def run_bench_twin(
    *,
    stores: int,
    duration_s: float,
    batch_size: int,
    database_url: str | None,
    broker_kind: str,
    prints_json: bool,
    keep_dir: Path | None,
) -> int:
    """Measure the gateway with whole stores of the twin, every kind of reading, and print.

    There are no yardsticks beside it: both write footfall alone.

    Raises:
        BenchError: rows and acknowledged readings differ, or nothing was acknowledged.
    """
    twin = TwinLoad()
    ids = TwinTraces(twin, batch_size=batch_size).device_ids
    names = [f"store-{number:03}" for number in range(1, stores + 1)]
    with (
        BenchWorld(
            [(name, device_id) for name in names for device_id in ids],
            database_url=database_url,
            broker_kind=broker_kind,
            keep_dir=keep_dir,
        ) as world,
        world.gateway() as gateway,
    ):
        say(f"bench: {duration_s:g} s at full load, {stores} stores of {len(ids)} devices")
        order = LoadOrder(
            host=LOOPBACK,
            port=world.broker.port,
            devices=[device for name in names for device in world.devices(name)],
            messages=int(duration_s * min(_MAX_MESSAGES_PER_S, _MAX_READINGS_PER_S // batch_size)),
            batch_size=batch_size,
            duration_s=duration_s,
            window=max(1, _WINDOW * _DEVICES // (stores * len(ids))),
            twin=twin,
        )
        with LoadProcess(order) as load:
            begun_cpu_s = cpu_s(gateway.pid)
            result = _run(load)
            used_s = cpu_s(gateway.pid) - begun_cpu_s
        _tell_load(result)
        memory_mb = rss_mb(gateway.pid)
        tables = sorted({family.table for family in FAMILIES.values()})
        rows = sum(
            world.query_one(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))) for table in tables
        )
    if rows != result.readings:
        raise BenchError(
            reason=f"{result.readings} readings were acknowledged and {rows} are stored; this must not happen"
        )
    tell(
        {
            "load": "twin",
            "store": twin.store,
            "stores": stores,
            "devices": stores * len(ids),
            "readings_per_s": round(result.readings / result.elapsed_s),
            "messages_per_s": round(result.acked / result.elapsed_s),
            "readings_per_message": round(result.readings / result.acked, 2),
            "commit_latency_p50_ms": round(percentile(result.latencies_ms, 0.50), 1),
            "commit_latency_p99_ms": round(percentile(result.latencies_ms, 0.99), 1),
            "gateway_cpu_s_per_million": round(used_s / result.readings * 1e6, 2),
            "gateway_rss_mb": round(memory_mb, 1),
        },
        prints_json=prints_json,
    )
    return 0


def _order(
    world: BenchWorld, *, messages: int, batch_size: int, duration_s: float, rate: float | None = None
) -> LoadOrder:
    return LoadOrder(
        host=LOOPBACK,
        port=world.broker.port,
        devices=world.devices(_STORE),
        messages=messages,
        batch_size=batch_size,
        duration_s=duration_s,
        window=_WINDOW,
        rate=rate,
    )


def _run(load: LoadProcess) -> LoadResult:
    load.go()
    result = load.result()
    if result.acked != result.sent:
        raise BenchError(
            reason=f"of {result.sent} messages {result.acked} were acknowledged; the gateway's log tells why"
        )
    return result


def _tell_load(result: LoadResult) -> None:
    say(
        f"bench: {result.acked} messages in {result.elapsed_s:.1f} s, all acknowledged; the load generator used "
        f"{result.cpu_s:.1f} s of processor{' and ran out of messages' if result.ran_out else ''}"
    )


def _measure_copy(world: BenchWorld) -> float:
    """COPY rows that the gateway stored, in PostgreSQL's binary form, into a table of the same columns and indexes."""
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        _make_table(connection, "bench_copy")
        chunks: list[bytes] = []
        with connection.cursor().copy(
            sql.SQL("COPY (SELECT {} FROM {} LIMIT {}) TO STDOUT (FORMAT BINARY)").format(
                sql.SQL(_COLUMNS), sql.Identifier(_TABLE), sql.Literal(_COPY_ROWS)
            )
        ) as copy:
            chunks.extend(bytes(chunk) for chunk in copy)
        whole = b"".join(chunks)
        begun_s = time.monotonic()
        cursor = connection.cursor()
        with cursor.copy(sql.SQL("COPY bench_copy ({}) FROM STDIN (FORMAT BINARY)").format(sql.SQL(_COLUMNS))) as copy:
            for first in range(0, len(whole), _COPY_CHUNK_BYTES):
                copy.write(whole[first : first + _COPY_CHUNK_BYTES])
        elapsed_s = time.monotonic() - begun_s
        return cursor.rowcount / elapsed_s


def _measure_naive(world: BenchWorld, duration_s: float, batch_size: int) -> float:
    with psycopg.connect(world.database_url, autocommit=True) as connection:
        _make_table(connection, NAIVE_TABLE)
    script = subprocess.Popen(
        [sys.executable, "-m", "storesense_simulators.bench_naive"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        if script.stdin is None or script.stdout is None:
            raise BenchError(reason="the naive script has no pipes")
        order: dict[str, Any] = {
            "database_url": world.database_url,
            "port": world.broker.port,
            "password": world.gateway_password,
            "filter": topics.up_filter(),
        }
        script.stdin.write(json.dumps(order) + "\n")
        script.stdin.flush()
        if script.stdout.readline() != "ready\n":
            raise BenchError(reason="the naive script did not start; what it wrote stands above")
        load_order = LoadOrder(
            host=LOOPBACK,
            port=world.broker.port,
            devices=world.devices(_STORE),
            messages=int(duration_s * _NAIVE_MESSAGES_PER_S),
            batch_size=batch_size,
            duration_s=duration_s,
            window=_WINDOW,
            rate=_NAIVE_MESSAGES_PER_S,
            drain_s=0.0,
            counts_commits=False,
        )
        with LoadProcess(load_order) as load:
            begun_s = time.monotonic()
            load.go()
            load.result()
            rows = world.query_one(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(NAIVE_TABLE)))
            elapsed_s = time.monotonic() - begun_s
    finally:
        script.kill()
        script.wait()
        for pipe in (script.stdin, script.stdout):
            if pipe is not None:
                pipe.close()
    if not rows:
        raise BenchError(reason="the naive script stored nothing; what it wrote stands above")
    return float(rows) / elapsed_s


def _make_table(connection: psycopg.Connection, name: str) -> None:
    """Make a plain table with the columns and indexes of the real one."""
    table = sql.Identifier(name)
    connection.execute(sql.SQL("CREATE TABLE {} (LIKE {})").format(table, sql.Identifier(_TABLE)))
    connection.execute(sql.SQL("CREATE INDEX ON {} (batch_no)").format(table))
    connection.execute(sql.SQL("CREATE INDEX ON {} (series_id, measured_at DESC)").format(table))
