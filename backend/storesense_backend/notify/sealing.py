"""Which channels' secrets are sealed: those of an earlier release are, at a start, and all are anew with a new key."""

import hashlib
import logging
from typing import Any

from psycopg.types.json import Jsonb

from storesense_backend.database import Connection
from storesense_backend.notify.vault import Vault, VaultError
from storesense_contracts.sql import load_queries

_LOG = logging.getLogger(__name__)
_SQL = load_queries("storesense_backend", "sql/sealing.sql")


def secrets_of(row: dict[str, Any], vault: Vault) -> dict[str, Any]:
    """Return the secrets of a channel's row with ``sealed`` and ``secrets``. Raises VaultError."""
    if row["sealed"] is None:
        return dict(row["secrets"])
    return vault.open(row["sealed"])


def endpoint_hash(endpoint: str) -> bytes:
    """Return what a browser's address for Web Push is found by."""
    return hashlib.sha256(endpoint.encode()).digest()


async def seal_plain(connection: Connection, vault: Vault) -> int:
    """Seal what an earlier release wrote plain; return how many channels.

    What stands there plain goes; the database's own files lose it with the next VACUUM, and backups keep it.

    Raises:
        VaultError: the key cannot be read or made.
    """
    async with connection.transaction():
        rows = await (await connection.execute(_SQL["plain"])).fetchall()
        for row in rows:
            await _put(connection, row["channel_id"], vault.seal(row["secrets"]))
    if rows:
        _LOG.info("sealed the secrets of %d channels that an earlier release kept plain", len(rows))
    return len(rows)


async def seal_anew(connection: Connection, vault: Vault) -> tuple[int, int]:
    """Give the vault a new key and seal all channels with it; the one before stays in the file, and older ones go.

    What a service seals with the former key at this moment can be opened still, and is sealed anew the next time.

    Returns:
        How many channels were sealed anew, and how many could not be opened and were left as they are.

    Raises:
        VaultError: the file cannot be read or written.
    """
    vault.add_key()
    done = lost = 0
    async with connection.transaction():
        for row in await (await connection.execute(_SQL["all"])).fetchall():
            try:
                secrets = secrets_of(row, vault)
            except VaultError:
                lost += 1
                continue
            await _put(connection, row["channel_id"], vault.seal(secrets))
            done += 1
    if not lost:
        vault.keep_newest(2)
    return done, lost


async def _put(connection: Connection, channel_id: int, sealed: str) -> None:
    values = {"channel_id": channel_id, "sealed": sealed, "nothing": Jsonb({})}
    await connection.execute(_SQL["put"], values)
