"""Dead letters as the API tells them, and the request to replay one, which a gateway fulfils."""

from datetime import datetime
from typing import Any

from storesense_backend.database import Connection
from storesense_backend.errors import NotFoundError
from storesense_contracts.sql import load_queries

_SQL = load_queries("storesense_backend", "sql/dead_letters.sql")
_SHOWN_HEX_BYTES = 4_096
_FILTERS = ("after", "stage", "store_id", "device_id", "from_at", "to_at", "replayed")


async def list_letters(connection: Connection, *, limit: int, **filters: Any) -> list[dict[str, Any]]:
    """Return dead letters, newest first, with the beginning of each payload.

    Args:
        connection: to the database.
        limit: how many at most.
        filters: ``after`` (an id), ``stage``, ``store_id``, ``device_id``, ``from_at``, ``to_at``, ``replayed``; what
            is missing or None filters nothing.
    """
    values = {name: filters.get(name) for name in _FILTERS} | {"limit": limit}
    return await (await connection.execute(_SQL["list"], values)).fetchall()


async def get_letter(connection: Connection, dead_letter_id: int) -> dict[str, Any]:
    """Return one dead letter with its whole payload, as text if it is any, else in hex.

    Raises:
        NotFoundError: there is none by this id.
    """
    row = await (await connection.execute(_SQL["one"], {"dead_letter_id": dead_letter_id})).fetchone()
    if row is None:
        raise NotFoundError(f"there is no dead letter {dead_letter_id}", code="no_such_dead_letter")
    payload = bytes(row.pop("payload"))
    try:
        told = {"payload_text": payload.decode(), "payload_hex": None}
    except UnicodeDecodeError:
        told = {"payload_text": None, "payload_hex": payload[:_SHOWN_HEX_BYTES].hex()}
    return row | told


async def request_replay(
    connection: Connection, dead_letter_id: int, *, actor: str, now: datetime, shift_ms: int
) -> dict[str, Any]:
    """Ask the gateways to store a dead letter after all; harmless if it was. Raises NotFoundError."""
    values = {"dead_letter_id": dead_letter_id, "actor": actor, "now": now, "shift_ms": shift_ms}
    await connection.execute(_SQL["request_replay"], values)
    return await get_letter(connection, dead_letter_id)
