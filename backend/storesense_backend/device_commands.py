"""Commands to devices in the database: asked for, bounded, listed. A gateway sends them, and stores the answers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from psycopg.types.json import Jsonb

from storesense_backend import registry
from storesense_backend.database import Connection
from storesense_backend.errors import ConflictError, InvalidError, NotFoundError, TooManyAttemptsError
from storesense_contracts.device_commands import KIND_RULES, CommandArguments, CommandKind, argument_problem
from storesense_contracts.ids import new_command_id
from storesense_contracts.sql import load_queries

_SQL = load_queries("storesense_backend", "sql/device_commands.sql")

MOST_A_MINUTE = 10
"""Commands to one device in a minute."""
MOST_A_MINUTE_OF_STORE = 60
RECENT = timedelta(minutes=10)
"""For how long after its last change a command stands in the live stream."""
_HEALTH_HORIZON = timedelta(days=7)
_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks of a device.

    Attributes:
        kind: what.
        arguments: what the kind wants to know.
        valid_s: seconds after which it is void.
        reason: why.
    """

    kind: CommandKind
    arguments: CommandArguments
    valid_s: int
    reason: str | None


async def add_command(
    connection: Connection, store_id: str, device_id: str, wish: Wish, *, issued_by: str, now: datetime
) -> dict[str, Any]:
    """Ask for a command; a gateway sends it within a second if the device is connected.

    Args:
        connection: to the database, outside of a transaction.
        store_id: the store.
        device_id: the device.
        wish: what is asked of it.
        issued_by: who asks.
        now: the present.

    Returns:
        The command, as ``list_commands`` gives it.

    Raises:
        NotFoundError: there is no such store or device.
        InvalidError: arguments that the kind does not take, or no reason where one is needed.
        ConflictError: the device does not understand the kind, or has the same command before it.
        TooManyAttemptsError: too many commands in a minute.
    """
    problem = argument_problem(wish.kind, wish.arguments)
    if problem is not None:
        raise InvalidError(problem, code="bad_arguments", field="arguments")
    if KIND_RULES[wish.kind].is_disruptive and wish.reason is None:
        raise InvalidError(f"{wish.kind.value} changes or interrupts measuring; say why", field="reason")
    await registry.get_store(connection, store_id)
    values: dict[str, Any] = {"store_id": store_id, "device_id": device_id, "kind": wish.kind.value, "now": now}
    values |= {"since": now - _HEALTH_HORIZON, "minute_ago": now - _MINUTE, "day_ago": now - _DAY}
    async with connection.transaction():
        device = await (await connection.execute(_SQL["lock_device"], values)).fetchone()
        if device is None:
            raise NotFoundError(f"there is no device {device_id!r} in this store", code="no_such_device")
        if wish.kind.value not in (device["kinds"] or ()):
            understood = ", ".join(device["kinds"] or ()) or "no commands"
            raise ConflictError(
                f"{device_id} does not understand {wish.kind.value}; it says that it understands {understood}",
                code="not_understood",
            )
        await _check_bounds(connection, values | {"slot_id": wish.arguments.slot_id}, device_id)
        values |= {
            "command_id": new_command_id(),
            "arguments": Jsonb(msgspec.to_builtins(wish.arguments)),
            "issued_by": issued_by,
            "reason": wish.reason,
            "expires_at": now + timedelta(seconds=wish.valid_s),
        }
        await connection.execute(_SQL["add"], values)
        await connection.execute(_SQL["notify"], values)
    return (await list_commands(connection, store_id, device_id=device_id, now=now, limit=1))[0]


async def list_commands(
    connection: Connection,
    store_id: str,
    *,
    now: datetime,
    limit: int,
    device_id: str | None = None,
) -> list[dict[str, Any]]:
    """Return commands to a store's devices, or to one of them, the newest first."""
    values = {"store_id": store_id, "device_id": device_id, "now": now, "limit": limit}
    return await (await connection.execute(_SQL["list"], values)).fetchall()


async def recent_commands(
    connection: Connection, store_ids: Iterable[str], now: datetime
) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Return what changed lately, the newest first, by store and device."""
    values = {"store_ids": list(store_ids), "now": now, "since": now - RECENT}
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in await (await connection.execute(_SQL["recent"], values)).fetchall():
        found.setdefault((row.pop("store_id"), row["device_id"]), []).append(row)
    return found


async def _check_bounds(connection: Connection, values: dict[str, Any], device_id: str) -> None:
    lately = await (await connection.execute(_SQL["lately"], values)).fetchone()
    assert lately is not None  # noqa: S101 -- a statement that counts returns a row
    if lately["is_open"]:
        raise ConflictError(
            f"{device_id} has the same command before it; wait until it is over or has expired", code="still_open"
        )
    if lately["of_device"] >= MOST_A_MINUTE or lately["of_store"] >= MOST_A_MINUTE_OF_STORE:
        raise TooManyAttemptsError(
            "too many commands in a minute; wait a little", code="too_many_commands", headers={"Retry-After": "60"}
        )
