"""``storesense bench live``: what telling a thousand watchers of one store costs, and what a frozen one costs the rest.

A real backend process on the embedded PostgreSQL, watched over loopback by a process of plain sockets, while this one
commits readings of one queue the way a gateway does. A delivery is one event that reached one watcher. The figure for a
core is deliveries over the processor seconds of the whole backend process, so that it does not depend on what else the
machine does; the delays do, for watchers and writer share it.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, cast

import psutil
import psycopg

from storesense_backend import accounts, registry
from storesense_backend.accounts import SessionLimits
from storesense_backend.database import connected
from storesense_backend.roles import Role
from storesense_backend.tokens import new_api_key, new_session_token
from storesense_contracts.layout import StoreLayout
from storesense_contracts.migrate import migrate
from storesense_simulators.bench_world import BenchError, say
from storesense_simulators.demo_services import healthy_at
from storesense_simulators.embedded.ports import LOOPBACK, free_port
from storesense_simulators.embedded.postgres import EmbeddedPostgres
from storesense_simulators.embedded.process import Child, ChildSpec

_STORE = "bench-store"
_WARM_UP_S = 2.0
_FROZEN = (0, 1, 1, 0)
_FILL = 400
"""Queues told at once to fill the sockets of whoever takes nothing: about 40 kB an update."""
_LEAST_FILLS, _MOST_FILLS, _FILL_PAUSE_S = 8, 100, 0.3


@dataclass(frozen=True, slots=True)
class LivePlan:
    """What is measured.

    Attributes:
        clients: watchers.
        seconds: of counting, each of the four times.
        commits_per_s: batches that are committed; watchers are told four times a second at most.
    """

    clients: int = 1000
    seconds: float = 10.0
    commits_per_s: float = 10.0


@dataclass(frozen=True, slots=True)
class _Round:
    deliveries_per_s_per_core: float
    p50_ms: float
    p99_ms: float
    blocked: float  # streams that were, when counting began and when it ended


def bench_layout() -> StoreLayout:
    """A store with an entrance, a queue and a slot."""
    return StoreLayout.model_validate(
        {
            "id": _STORE,
            "name": "Bench Store",
            "time_zone": "Europe/Berlin",
            "floor": {"size_m": [20, 12]},
            "sections": [{"id": "front", "name": "Checkout"}],
            "lines": [{"id": "door", "name": "Door", "is_entrance": True}],
            "lanes": [{"id": "lane-1", "name": "Lane 1"}],
            "queues": [{"id": "tills", "name": "Tills", "section": "front", "lanes": ["lane-1"]}],
        }
    )


@contextmanager
def backend_process(work_dir: Path, database_url: str, **settings: str) -> Iterator[tuple[Child, int]]:
    """Run the backend by the command that production runs; gives the child and its port."""
    port = free_port()
    spec = ChildSpec(
        name="backend",
        argv=(sys.executable, "-m", "storesense_contracts.cli", "backend", "run"),
        log_path=work_dir / "backend.log",
        env={
            "STORESENSE_DATABASE_URL": database_url,
            "STORESENSE_BACKEND_HOST": LOOPBACK,
            "STORESENSE_BACKEND_PORT": str(port),
            **settings,
        },
        drop_env_prefixes=("STORESENSE_", "PG"),
        ready_deadline_s=60.0,
        stop_deadline_s=15.0,
    )
    child = Child(spec, ready=healthy_at(port))
    try:
        child.start()
        yield child, port
    finally:
        child.stop()


async def prepare_store(database_url: str, layout: StoreLayout) -> str:
    """Register the store and return a key that may look at it."""
    key = new_api_key()
    async with connected(database_url, application_name="storesense bench") as connection:
        await registry.put_store(connection, layout, devices=[("cam-1", "camera")], rules=[])
        await accounts.add_key(connection, name="bench", key=key, role=Role.STAFF, expires_at=None)
    return key


async def begin_session(database_url: str) -> str:
    """Make somebody who may look and sign them in; returns the session's token, as the page's cookie has it."""
    token, now = new_session_token(), datetime.now(UTC)
    async with connected(database_url, application_name="storesense bench") as connection:
        await accounts.add_user(connection, user_name="bench", password_hash="none", role=Role.STAFF)  # noqa: S106
        user = await accounts.find_user(connection, "bench")
        if user is None:
            raise BenchError(reason="the user of the bench is not there")
        limits = SessionLimits(idle=timedelta(hours=1), longest=timedelta(hours=1))
        await accounts.begin_session(connection, token=token, user_id=user["user_id"], now=now, limits=limits)
    return token


def _first(row: tuple[Any, ...] | None) -> Any:
    if row is None:
        raise BenchError(reason="the database returned no row where one was written")
    return row[0]


class QueueWriter:
    """Commits samples of the store's queue as a gateway does: rows, the batch's number, a notice.

    Args:
        database_url: where.
        base_s: subtracted from the present to give ``longest_wait_s``, by which a delivery tells when it was committed.
    """

    def __init__(self, database_url: str, base_s: float) -> None:
        self._connection = psycopg.connect(database_url, autocommit=True)
        self._base_s = base_s
        self._seq = 0
        row = self._connection.execute(
            "INSERT INTO series (store_id, device_id, stream, subject_id) VALUES (%s, 'cam-1', 'queue', 'tills')"
            " ON CONFLICT (store_id, stream, subject_id, device_id) DO UPDATE SET stream = excluded.stream"
            " RETURNING series_id",
            (_STORE,),
        ).fetchone()
        self._series_id = _first(row)
        self._connection.execute("INSERT INTO partitions (partition_no, head) VALUES (0, 0) ON CONFLICT DO NOTHING")

    def commit(self, length: int) -> None:
        """Commit one sample, dated now."""
        self._seq += 1
        with self._connection.transaction():
            head = self._connection.execute(
                "UPDATE partitions SET head = head + 1 WHERE partition_no = 0 RETURNING head"
            ).fetchone()
            wait_ms = int((time.time() - self._base_s) * 1000)
            self._connection.execute(
                "INSERT INTO queue_samples (measured_at, received_at, length, longest_wait_ms, series_id, boot_no, seq,"
                " idx, batch_no) VALUES (now(), now(), %s, %s, %s, 1, %s, 0, %s)",
                (length, wait_ms, self._series_id, self._seq, _first(head)),
            )
            self._connection.execute("SELECT pg_notify('storesense_batches', %s)", (f"0:{_first(head)}",))

    def fill(self) -> None:
        """Commit a sample of each of many queues, of which all watchers are told at once."""
        with self._connection.transaction():
            self._connection.execute(
                "INSERT INTO series (store_id, device_id, stream, subject_id)"
                " SELECT %s, 'cam-1', 'queue', 'filling-' || n FROM generate_series(1, %s) n"
                " ON CONFLICT (store_id, stream, subject_id, device_id) DO NOTHING",
                (_STORE, _FILL),
            )
            self._seq += 1
            head = self._connection.execute(
                "UPDATE partitions SET head = head + 1 WHERE partition_no = 0 RETURNING head"
            ).fetchone()
            self._connection.execute(
                "INSERT INTO queue_samples (measured_at, received_at, length, longest_wait_ms, series_id, boot_no, seq,"
                " idx, batch_no) SELECT now(), now(), 1, 0, series_id, 1, %s, 0, %s FROM series"
                " WHERE subject_id LIKE 'filling-%%'",
                (self._seq, _first(head)),
            )
            self._connection.execute("SELECT pg_notify('storesense_batches', %s)", (f"0:{_first(head)}",))

    def close(self) -> None:
        """Leave the database."""
        self._connection.close()


def _blocked(port: int) -> int:
    """Return how many streams the backend says to be blocked."""
    with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/metrics", timeout=30) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith("storesense_backend_streams_blocked "):
                return int(float(line.split()[1]))
    raise BenchError(reason="the backend does not say how many streams are blocked")


def _block(writer: QueueWriter, port: int, frozen: int) -> None:
    """Tell so much that whoever takes nothing is blocked; with none frozen, as much as one usually needs."""
    for count in range(1, _MOST_FILLS + 1):
        writer.fill()
        time.sleep(_FILL_PAUSE_S)
        if count >= _LEAST_FILLS and _blocked(port) >= frozen:
            return
    raise BenchError(reason="the frozen watcher was not blocked, however much it was told")


def _round(plan: LivePlan, backend: psutil.Process, writer: QueueWriter, order: dict[str, Any]) -> _Round:
    watchers = subprocess.Popen(
        [sys.executable, "-m", "storesense_simulators.live_clients"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    told, heard = cast("IO[str]", watchers.stdin), cast("IO[str]", watchers.stdout)

    def tell(line: str) -> None:
        told.write(line + "\n")
        told.flush()

    try:
        tell(json.dumps(order))
        if heard.readline().strip() != "ready":
            raise BenchError(reason="the watchers did not all get a snapshot; the backend's log says why")
        _block(writer, order["port"], order["frozen"])
        _write(plan, writer, _WARM_UP_S)
        blocked_before = _blocked(order["port"])
        tell("begin")
        before, began_s = backend.cpu_times(), time.monotonic()
        _write(plan, writer, plan.seconds)
        after, took_s = backend.cpu_times(), time.monotonic() - began_s
        blocked = min(blocked_before, _blocked(order["port"]))
        tell("end")
        counted = json.loads(heard.readline())
    finally:
        told.close()
        watchers.wait(30)
        heard.close()
    cpu_s = after.user + after.system - before.user - before.system
    if not counted["deliveries"] or counted["p99_ms"] is None:
        raise BenchError(reason="nothing was delivered")
    say(f"bench: {counted['deliveries']} deliveries in {took_s:.1f} s for {cpu_s:.2f} s of processor time")
    return _Round(counted["deliveries"] / cpu_s, counted["p50_ms"], counted["p99_ms"], blocked)


def _mean(rounds: list[_Round]) -> _Round:
    return _Round(*(statistics.fmean(values) for values in zip(*map(astuple, rounds), strict=True)))


def _write(plan: LivePlan, writer: QueueWriter, seconds: float) -> None:
    began_s = time.monotonic()
    number = 0
    while time.monotonic() - began_s < seconds:
        number += 1
        writer.commit(number % 9)
        time.sleep(max(0.0, began_s + number / plan.commits_per_s - time.monotonic()))


def run_bench_live(plan: LivePlan, *, as_json: bool) -> int:
    """Measure, and print; with ``as_json`` one JSON object as the last line of standard output."""
    with tempfile.TemporaryDirectory(prefix="storesense-bench-") as folder:
        work_dir = Path(folder)
        work_dir.chmod(0o711)
        with EmbeddedPostgres(work_dir / "postgres") as postgres:
            url = postgres.url().get_secret_value()
            migrate(url)
            key = asyncio.run(prepare_store(url, bench_layout()))
            base_s = float(int(time.time()))
            writer = QueueWriter(url, base_s)
            limit = {
                "STORESENSE_BACKEND_MAX_STREAMS": str(plan.clients + 10),
                # Not cut off while it is counted beside: that would end what is measured.
                "STORESENSE_BACKEND_STREAM_SEND_TIMEOUT_S": "600",
            }
            with backend_process(work_dir, url, **limit) as (child, port):
                backend = psutil.Process(child.pid)
                order = {"port": port, "key": key, "store_id": _STORE, "clients": plan.clients, "base_s": base_s}
                say(f"bench: {plan.clients} watchers")
                rounds: dict[int, list[_Round]] = {0: [], 1: []}
                # Beside and alone in turns, each as often early as late: what the machine does else meets both alike.
                for number, frozen in enumerate(_FROZEN, start=1):
                    say(f"bench: {number} of {len(_FROZEN)}, {'beside one that takes nothing' if frozen else 'alone'}")
                    rounds[frozen].append(_round(plan, backend, writer, order | {"frozen": frozen}))
                alone, beside = _mean(rounds[0]), _mean(rounds[1])
            writer.close()
    figures = {
        "clients": plan.clients,
        "deliveries_per_s_per_core": round(alone.deliveries_per_s_per_core),
        "p50_ms": round(alone.p50_ms, 1),
        "p99_ms": round(alone.p99_ms, 1),
        "p99_ms_with_frozen_client": round(beside.p99_ms, 1),
        "p99_ratio_with_frozen_client": round(beside.p99_ms / alone.p99_ms, 3),
        "frozen_clients_blocked": min(int(found.blocked) for found in rounds[1]),
    }
    text = json.dumps(figures) if as_json else "\n".join(f"{name}: {value}" for name, value in figures.items())
    sys.stdout.write(text + "\n")
    return 0
