"""People and channels as the API keeps and tells them, the test of a channel, and the delivery log."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb

from storesense_backend.database import Connection
from storesense_backend.errors import ConflictError, InvalidError, NotFoundError
from storesense_backend.notify.sealing import endpoint_hash, secrets_of
from storesense_backend.notify.signing import new_secret
from storesense_backend.notify.vault import Vault
from storesense_contracts.sql import load_queries

_SQL = load_queries("storesense_backend", "sql/channels.sql")
OLD_SECRET_SIGNS = timedelta(days=1)
"""How long a former secret signs beside the new one."""


async def list_people(connection: Connection, store_id: str) -> list[dict[str, Any]]:
    """Return the people of a store."""
    return await (await connection.execute(_SQL["people"], {"store_id": store_id})).fetchall()


async def put_person(
    connection: Connection, store_id: str, person: Mapping[str, Any], *, person_id: int | None = None
) -> dict[str, Any]:
    """Add somebody, or change them.

    Raises:
        ConflictError: the name is taken.
        NotFoundError: there is nobody of that id.
    """
    values = dict(person) | {"store_id": store_id, "person_id": person_id}
    values |= {"shifts": Jsonb(person["shifts"]), "quiet_hours": Jsonb(person["quiet_hours"])}
    statement = _SQL["add_person" if person_id is None else "put_person"]
    taken = ConflictError(f"somebody of the store is called {person['name']!r} already", code="name_taken")
    try:
        row = await (await connection.execute(statement, values)).fetchone()
    except UniqueViolation as exc:
        raise taken from exc
    if row is None and person_id is None:
        raise taken
    if row is None:
        raise NotFoundError(f"store {store_id!r} has no person {person_id}", code="no_such_person")
    return row


async def delete_person(connection: Connection, store_id: str, person_id: int) -> None:
    """Remove somebody, with their channels. Raises NotFoundError."""
    values = {"store_id": store_id, "person_id": person_id}
    if await (await connection.execute(_SQL["delete_person"], values)).fetchone() is None:
        raise NotFoundError(f"store {store_id!r} has no person {person_id}", code="no_such_person")


async def list_channels(
    connection: Connection, store_id: str, now: datetime, *, channel_id: int | None = None
) -> list[dict[str, Any]]:
    """Return the channels of a store, or one, without their secrets."""
    values = {"store_id": store_id, "channel_id": channel_id, "now": now}
    return await (await connection.execute(_SQL["channels"], values)).fetchall()


def shown_address(url: str) -> str:
    """Return what of an address is no secret: scheme and, of HTTP, the host."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or '…'}/…" if parts.scheme in ("http", "https") else f"{parts.scheme}://…"


def new_secrets(kind: str, secrets: Mapping[str, str]) -> dict[str, Any]:
    """Return a new channel's secrets; a webhook gets one to sign with."""
    made: dict[str, Any] = dict(secrets)
    if kind == "webhook":
        made["signing"] = [{"secret": new_secret(), "until": None}]
    return made


async def add_channel(
    connection: Connection,
    store_id: str,
    channel: Mapping[str, Any],
    *,
    secrets: Mapping[str, Any],
    vault: Vault,
    shown: str | None,
    actor: str,
    now: datetime,
) -> int:
    """Add a channel, its secrets sealed, and return its id.

    Raises:
        ConflictError: the name is taken.
        InvalidError: the store has no such person.
        VaultError: the secrets cannot be sealed.
    """
    values = dict(channel) | {"store_id": store_id, "actor": actor, "now": now}
    values |= {"config": Jsonb({"shown": shown}), "sealed": vault.seal(secrets) if secrets else None}
    values |= {"endpoint_hash": endpoint_hash(secrets["endpoint"]) if "endpoint" in secrets else None}
    await _check_person(connection, store_id, channel["person_id"])
    row = await (await connection.execute(_SQL["add_channel"], values)).fetchone()
    if row is None:
        raise ConflictError(f"a channel of the store is called {channel['name']!r} already", code="name_taken")
    return int(row["channel_id"])


async def put_channel(
    connection: Connection,
    store_id: str,
    channel_id: int,
    channel: Mapping[str, Any],
    *,
    secrets: Mapping[str, Any] | None,
    vault: Vault,
    shown: str | None,
) -> None:
    """Change a channel; secrets that are not given stay as they are. Raises NotFoundError, InvalidError, VaultError."""
    values = dict(channel) | {"store_id": store_id, "channel_id": channel_id, "sealed": None}
    values |= {"config": None if shown is None else Jsonb({"shown": shown})}
    await _check_person(connection, store_id, channel["person_id"])
    try:
        async with connection.transaction():
            row = await _locked(connection, store_id, channel_id)
            if secrets is not None:
                values["sealed"] = vault.seal(_former(row, vault, secrets) | dict(secrets))
            await connection.execute(_SQL["put_channel"], values)
    except UniqueViolation as exc:
        raise ConflictError(f"a channel of the store is called {channel['name']!r} already", code="name_taken") from exc


async def _locked(connection: Connection, store_id: str, channel_id: int) -> dict[str, Any]:
    values = {"store_id": store_id, "channel_id": channel_id}
    row = await (await connection.execute(_SQL["lock_channel"], values)).fetchone()
    if row is None:
        raise no_such_channel(store_id, channel_id)
    return row


def _former(row: dict[str, Any], vault: Vault, secrets: Mapping[str, Any]) -> dict[str, Any]:
    # A webhook keeps the secret that it signs with; of the others, what is given is all there is.
    return secrets_of(row, vault) if row["kind"] == "webhook" or not secrets else {}


async def _check_person(connection: Connection, store_id: str, person_id: int | None) -> None:
    if person_id is None:
        return
    if all(person["person_id"] != person_id for person in await list_people(connection, store_id)):
        raise InvalidError(f"store {store_id!r} has no person {person_id}", field="person_id")


def no_such_channel(store_id: str, channel_id: int) -> NotFoundError:
    """Say that there is none."""
    return NotFoundError(f"store {store_id!r} has no channel {channel_id}", code="no_such_channel")


async def delete_channel(connection: Connection, store_id: str, channel_id: int) -> None:
    """Remove a channel with its log. Raises NotFoundError."""
    values = {"store_id": store_id, "channel_id": channel_id}
    if await (await connection.execute(_SQL["delete_channel"], values)).fetchone() is None:
        raise no_such_channel(store_id, channel_id)


async def change_secret(
    connection: Connection, store_id: str, channel_id: int, now: datetime, *, vault: Vault
) -> tuple[str, datetime]:
    """Give a webhook a new secret; the former one signs beside it for a day.

    Returns:
        The new secret, and until when the former one signs.

    Raises:
        NotFoundError: there is no such channel.
        InvalidError: it is no webhook.
        VaultError: its secrets cannot be opened or sealed.
    """
    async with connection.transaction():
        row = await _locked(connection, store_id, channel_id)
        if row["kind"] != "webhook":
            raise InvalidError("only webhooks are signed with a secret", code="invalid")
        made, until = new_secret(), now + OLD_SECRET_SIGNS
        secrets = secrets_of(row, vault)
        former = secrets["signing"][0] | {"until": until.isoformat()}
        sealed = vault.seal(secrets | {"signing": [{"secret": made, "until": None}, former]})
        await connection.execute(_SQL["put_secrets"], {"channel_id": channel_id, "sealed": sealed})
    return made, until


async def add_trial(connection: Connection, store_id: str, channel_id: int, now: datetime) -> int:
    """Have a test sent; return the id of its delivery. Raises NotFoundError."""
    async with connection.transaction():
        values = {"store_id": store_id, "channel_id": channel_id, "now": now}
        row = await (await connection.execute(_SQL["add_trial"], values)).fetchone()
        if row is None:
            raise no_such_channel(store_id, channel_id)
        await connection.execute(_SQL["name_trial"], row)
        await connection.execute(_SQL["wake"])
    return int(row["delivery_id"])


async def list_deliveries(
    connection: Connection,
    store_id: str,
    *,
    delivery_id: int | None = None,
    state: str | None = None,
    channel_id: int | None = None,
    alert_id: int | None = None,
    after: int | None = None,
    limit: int = 100,
) -> list[dict[str, Any]]:
    """Return the log of a store, newest first, below the id ``after``."""
    values = {
        "store_id": store_id,
        "delivery_id": delivery_id,
        "state": state,
        "channel_id": channel_id,
        "alert_id": alert_id,
        "after": after,
        "limit": limit,
    }
    return await (await connection.execute(_SQL["deliveries"], values)).fetchall()


async def push_key(connection: Connection) -> str | None:
    """Return the public key that browsers subscribe with; None while no worker has told one."""
    row = await (await connection.execute(_SQL["push_key"])).fetchone()
    return None if row is None else str(row["public_key"])


async def subscribe(
    connection: Connection,
    store_id: str,
    user_name: str,
    *,
    subscription: Mapping[str, str],
    name: str,
    vault: Vault,
    now: datetime,
) -> int:
    """Add a browser of somebody who is signed in, or renew its keys; return the channel.

    ``subscription`` is its ``endpoint``, ``p256dh`` and ``auth``.

    Raises:
        ConflictError: nobody of the store's people has this user name, or the name is taken.
    """
    named = {"store_id": store_id, "user_name": user_name}
    person = await (await connection.execute(_SQL["person_of_user"], named)).fetchone()
    if person is None:
        raise ConflictError(
            f"nobody of the store's people has the user name {user_name!r}; a manager adds them",
            code="not_among_people",
        )
    endpoint = subscription["endpoint"]
    channel = {
        "person_id": person["person_id"],
        "name": name,
        "kind": "web_push",
        "language": person["language"],
        "sections": [],
        "events": [],
        "min_severity": "info",
        "is_enabled": True,
    }
    values = {"store_id": store_id, "endpoint_hash": endpoint_hash(endpoint), "person_id": person["person_id"]}
    known = await (await connection.execute(_SQL["subscription"], values)).fetchone()
    if known is not None:
        channel_id = int(known["channel_id"])
        await put_channel(connection, store_id, channel_id, channel, secrets=subscription, vault=vault, shown=None)
        return channel_id
    shown = shown_address(endpoint)
    return await add_channel(
        connection, store_id, channel, secrets=subscription, vault=vault, shown=shown, actor=user_name, now=now
    )
