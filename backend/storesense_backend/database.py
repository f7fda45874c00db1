"""The backend's connections to the database, and the check that they lead to a schema it knows."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from storesense_backend.errors import SchemaMissingError
from storesense_contracts.database import unreachable
from storesense_contracts.migrate import status

Connection = psycopg.AsyncConnection[DictRow]
Pool = AsyncConnectionPool[Connection]

_CONNECT_TIMEOUT_S = 5

CUSTOM_PLANS = "plan_cache_mode=force_custom_plan"
"""A server setting: plan each question for its own values. A plan for any values does not know which step, span and
series are asked for, and over rollups takes up to three times as long."""


async def check_schema(conninfo: str) -> None:
    """Make sure that the database is there and its schema is this release's.

    Raises:
        DatabaseError: it cannot be reached, or has the schema of a later release.
        SchemaMissingError: its schema is missing or older.
    """
    report = await asyncio.to_thread(status, with_timeout(conninfo))
    if report.pending:
        raise SchemaMissingError(version=report.version, pending=report.pending)


def with_timeout(conninfo: str) -> str:
    """Return the connection string with a bound on connecting, where it has none."""
    given = psycopg.conninfo.conninfo_to_dict(conninfo)
    return psycopg.conninfo.make_conninfo(conninfo, connect_timeout=given.get("connect_timeout", _CONNECT_TIMEOUT_S))


def session_options(statement_timeout_s: float) -> str:
    """Return the server options of a service's connections: instants in UTC, and a time limit for each statement."""
    return f"-c timezone=UTC -c statement_timeout={int(statement_timeout_s * 1000)}"


def new_pool(conninfo: str, *, size: int, statement_timeout_s: float) -> Pool:
    """Make the backend's pool, still closed."""
    return AsyncConnectionPool(
        with_timeout(conninfo),
        connection_class=psycopg.AsyncConnection[DictRow],
        kwargs={
            "autocommit": True,
            "row_factory": dict_row,
            "application_name": "storesense backend",
            "options": f"{session_options(statement_timeout_s)} -c {CUSTOM_PLANS}",
        },
        min_size=min(2, size),
        max_size=size,
        timeout=5.0,
        max_waiting=200,
        check=AsyncConnectionPool.check_connection,
        open=False,
        name="backend",
    )


@asynccontextmanager
async def opened(pool: Pool) -> AsyncIterator[Pool]:
    """Open a pool and close it in the end.

    Raises:
        DatabaseError: no connection could be made.
    """
    try:
        await pool.open(wait=True, timeout=10.0)
    except PoolTimeout as exc:
        await pool.close()
        raise unreachable(exc) from exc
    try:
        yield pool
    finally:
        await pool.close(timeout=5.0)


@asynccontextmanager
async def connected(
    conninfo: str, *, application_name: str, statement_timeout_s: float = 30.0
) -> AsyncIterator[Connection]:
    """Give one connection of its own.

    Raises:
        DatabaseError: it could not be made.
    """
    try:
        connection: Connection = await psycopg.AsyncConnection.connect(
            with_timeout(conninfo),
            autocommit=True,
            row_factory=dict_row,
            application_name=application_name,
            options=session_options(statement_timeout_s),
        )
    except psycopg.OperationalError as exc:
        raise unreachable(exc) from exc
    async with connection:
        yield connection
