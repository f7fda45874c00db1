"""Users, their sessions, and the keys of machines, in the database."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from storesense_backend.database import Connection
from storesense_backend.roles import Principal, Role
from storesense_backend.tokens import digest
from storesense_contracts.sql import load_queries

_SQL = load_queries("storesense_backend", "sql/accounts.sql")
_EXTEND_STEPS = 50


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long a session lives unused, and at most."""

    idle: timedelta
    longest: timedelta


async def find_user(connection: Connection, user_name: str) -> dict[str, Any] | None:
    """Return a user's row (user_id, user_name, password_hash, role, disabled_at), or None."""
    cursor = await connection.execute(_SQL["user_by_name"], {"user_name": user_name})
    return await cursor.fetchone()


async def upgrade_hash(connection: Connection, *, user_id: int, old_hash: str, password_hash: str) -> None:
    """Replace a password's hash by a stronger one of the same password."""
    await connection.execute(
        _SQL["upgrade_hash"], {"user_id": user_id, "old_hash": old_hash, "password_hash": password_hash}
    )


async def begin_session(
    connection: Connection, *, token: str, user_id: int, now: datetime, limits: SessionLimits
) -> None:
    """Keep a new session's digest, and forget sessions that are over."""
    await connection.execute(_SQL["end_expired_sessions"], {"now": now})
    await connection.execute(
        _SQL["add_session"],
        {
            "token_sha256": digest(token),
            "user_id": user_id,
            "now": now,
            "expires_at": now + min(limits.idle, limits.longest),
        },
    )


async def session_principal(
    connection: Connection, *, token: str, now: datetime, limits: SessionLimits
) -> Principal | None:
    """Return who a session token stands for, extending the session; None if it is over or unknown."""
    token_sha256 = digest(token)
    cursor = await connection.execute(_SQL["session_user"], {"token_sha256": token_sha256, "now": now})
    row = await cursor.fetchone()
    if row is None:
        return None
    expires_at = min(now + limits.idle, row["created_at"] + limits.longest)
    if expires_at - row["expires_at"] > limits.idle / _EXTEND_STEPS:
        await connection.execute(_SQL["extend_session"], {"token_sha256": token_sha256, "expires_at": expires_at})
    return Principal(name=row["user_name"], role=Role(row["role"]), via="session")


async def end_session(connection: Connection, token: str) -> None:
    """Forget a session."""
    await connection.execute(_SQL["end_session"], {"token_sha256": digest(token)})


async def key_principal(connection: Connection, *, key: str, now: datetime) -> Principal | None:
    """Return which machine an API key stands for; None if it is revoked, over or unknown."""
    cursor = await connection.execute(_SQL["key_by_digest"], {"key_sha256": digest(key), "now": now})
    row = await cursor.fetchone()
    return None if row is None else Principal(name=row["name"], role=Role(row["role"]), via="key")


async def add_user(connection: Connection, *, user_name: str, password_hash: str, role: Role) -> bool:
    """Add a user; False if the name is taken."""
    values = {"user_name": user_name, "password_hash": password_hash, "role": role.value}
    return await (await connection.execute(_SQL["add_user"], values)).fetchone() is not None


async def set_password(connection: Connection, *, user_name: str, password_hash: str) -> bool:
    """Change a user's password and end their sessions; False if there is no such user."""
    values = {"user_name": user_name, "password_hash": password_hash}
    return await (await connection.execute(_SQL["set_password"], values)).fetchone() is not None


async def list_users(connection: Connection) -> list[dict[str, Any]]:
    """Return all users (user_name, role, created_at, disabled_at)."""
    return await (await connection.execute(_SQL["users"])).fetchall()


async def add_key(connection: Connection, *, name: str, key: str, role: Role, expires_at: datetime | None) -> bool:
    """Keep a new key's digest; False if the name is taken."""
    values = {"name": name, "key_sha256": digest(key), "role": role.value, "expires_at": expires_at}
    return await (await connection.execute(_SQL["add_key"], values)).fetchone() is not None


async def list_keys(connection: Connection) -> list[dict[str, Any]]:
    """Return all keys (name, role, created_at, expires_at, revoked_at)."""
    return await (await connection.execute(_SQL["keys"])).fetchall()


async def revoke_key(connection: Connection, *, name: str, now: datetime) -> bool:
    """Revoke a key; False if there is none of that name."""
    return await (await connection.execute(_SQL["revoke_key"], {"name": name, "now": now})).fetchone() is not None
