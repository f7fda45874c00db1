"""Alerts as the API and the live stream tell them, and their acknowledgement."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from storesense_backend.alerts.wording import action, title
from storesense_backend.database import Connection
from storesense_backend.errors import ConflictError, NotFoundError
from storesense_contracts.sql import load_queries

_SQL = load_queries("storesense_backend", "sql/alerts.sql")

MAX_CURRENT_ALERTS = 1_000


def told(row: dict[str, Any]) -> dict[str, Any]:
    """Make of an alert's row what people read: the same with title and action."""
    kind, details = row["kind"], row["details"]
    messages = row.get("messages")
    shown = {key: value for key, value in row.items() if key != "messages"}
    return shown | {
        "title": title(kind, details, messages=messages),
        "action": action(kind, details, messages=messages),
    }


async def list_alerts(
    connection: Connection, *, store_id: str, states: Sequence[str] | None, after: int | None, limit: int
) -> list[dict[str, Any]]:
    """Return a store's alerts, newest first, below the id ``after``."""
    values = {"store_id": store_id, "states": states, "after": after, "limit": limit}
    return [told(row) for row in await (await connection.execute(_SQL["alerts"], values)).fetchall()]


async def alerts_by_id(connection: Connection, alert_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Return those alerts of ``alert_ids`` that exist."""
    cursor = await connection.execute(_SQL["alerts_by_id"], {"alert_ids": list(alert_ids)})
    return [told(row) for row in await cursor.fetchall()]


async def current_alerts(
    connection: Connection, *, store_ids: Sequence[str], resolved_since: datetime
) -> list[dict[str, Any]]:
    """Return what is not over in some stores, and what was resolved after ``resolved_since``, newest first."""
    values = {"store_ids": list(store_ids), "resolved_since": resolved_since, "limit": MAX_CURRENT_ALERTS}
    return [told(row) for row in await (await connection.execute(_SQL["current_alerts"], values)).fetchall()]


async def acknowledge(
    connection: Connection, *, store_id: str, alert_id: int, actor: str, now: datetime
) -> dict[str, Any]:
    """Say that somebody takes care of an alert; harmless if somebody does already.

    Raises:
        NotFoundError: the store has no such alert.
        ConflictError: it is over.
    """
    named = {"store_id": store_id, "alert_id": alert_id, "now": now, "actor": actor}
    async with connection.transaction():
        changed = await (await connection.execute(_SQL["acknowledge"], named)).fetchone()
        if changed is not None:
            await connection.execute(_SQL["add_event"], named | {"kind": "acknowledged", "details": None})
            await connection.execute(_SQL["notify_alert"], named)
        found = await alerts_by_id(connection, [alert_id])
    if not found or found[0]["store_id"] != store_id:
        raise NotFoundError(f"store {store_id!r} has no alert {alert_id}", code="no_such_alert")
    if found[0]["state"] == "resolved":
        raise ConflictError(f"alert {alert_id} is over already", code="alert_resolved")
    return found[0]
