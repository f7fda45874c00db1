"""Alerts as the API and the live stream tell them, and what people do with them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from storesense_backend.alerts.life import records
from storesense_backend.alerts.life.actions import Action, allowed
from storesense_backend.alerts.life.alert import Actor
from storesense_backend.alerts.wording import action, title
from storesense_backend.alerts.words import DEFAULT_LANGUAGE, WORDS
from storesense_backend.database import Connection
from storesense_backend.roles import Role
from storesense_contracts.sql import load_queries

_SQL = load_queries("storesense_backend", "sql/alerts.sql")

MAX_CURRENT_ALERTS = 1_000
_OTHER_LANGUAGES = tuple(language for language in WORDS if language != DEFAULT_LANGUAGE)


def told(row: dict[str, Any]) -> dict[str, Any]:
    """Make of an alert's row what people read: the same with title and action, in the other languages too."""
    kind, details = row["kind"], row["details"]
    messages = row.get("messages")
    shown = {key: value for key, value in row.items() if key != "messages"}
    return shown | {
        "title": title(kind, details, messages=messages),
        "action": action(kind, details, messages=messages),
        "words": {
            language: {
                "title": title(kind, details, language, messages),
                "action": action(kind, details, language, messages),
            }
            for language in _OTHER_LANGUAGES
        },
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


async def act(
    connection: Connection,
    *,
    store_id: str,
    alert_id: int,
    action: Action,
    actor: Actor,
    now: datetime,
    action_key: str | None = None,
) -> dict[str, Any]:
    """Do something with an alert and return it as it is then; harmless if that is done already.

    Raises:
        NotFoundError: the store has no such alert.
        ApiError: it does not go with the alert's state, or with who asks (``alerts.life.actions``).
    """
    await records.do(
        connection,
        store_id=store_id,
        alert_id=alert_id,
        action=action,
        actor=actor,
        now=now,
        action_key=action_key,
    )
    return (await alerts_by_id(connection, [alert_id]))[0]


async def whole_alert(connection: Connection, *, store_id: str, alert_id: int, actor: Actor) -> dict[str, Any]:
    """Return an alert with its history, and what ``actor`` may do with it.

    Raises:
        NotFoundError: the store has no such alert.
    """
    async with connection.transaction():
        life = await records.life_of(connection, store_id=store_id, alert_id=alert_id)
        found = (await alerts_by_id(connection, [alert_id]))[0]
        events = await records.timeline(connection, alert_id)
    may = allowed(life, actor) if actor.role.covers(Role.STAFF) else []
    step = life.next_step
    due = {
        "remind_due_at": life.remind_due_at,
        "escalate_due_at": life.escalate_due_at,
        "escalate_due_to": None if step is None or life.is_over else step.role,
    }
    return found | due | {"allowed": may, "events": events}
