"""The store that ``bench live`` and ``bench page`` watch: its layout, a backend on it, a writer of queue samples."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from storesense_backend import accounts, registry
from storesense_backend.accounts import SessionLimits
from storesense_backend.database import connected
from storesense_backend.roles import Role
from storesense_backend.tokens import new_api_key, new_session_token
from storesense_contracts.layout import StoreLayout
from storesense_simulators.bench_world import BenchError
from storesense_simulators.embedded.ports import LOOPBACK, free_port
from storesense_simulators.embedded.process import Child, ChildSpec
from storesense_simulators.health_probe import healthy_at

STORE_ID = "bench-store"
_FILL = 400
"""Queues told at once to fill the sockets of whoever takes nothing: about 40 kB an update."""


def bench_layout() -> StoreLayout:
    """A store with an entrance, a queue and a slot."""
    return StoreLayout.model_validate(
        {
            "id": STORE_ID,
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
            (STORE_ID,),
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
                (STORE_ID, _FILL),
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
