"""The outbox: what is to be told, written in the transaction that decided it: neither exists without the other."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, get_args

from storesense_backend.database import Connection
from storesense_contracts.sql import load_queries

Event = Literal[
    "opened",
    "worsened",
    "acknowledged",
    "in_hand",
    "snoozed",
    "dismissed",
    "escalated",
    "reminded",
    "resolved",
    "withdrawn",
]
"""What happened to an alert."""
EVENTS: tuple[Event, ...] = get_args(Event)
CHANNEL = "storesense_notifications"

_SQL = load_queries("storesense_backend", "sql/outbox.sql")


async def enqueue(connection: Connection, alert_id: int, event: Event, now: datetime, *, occurrence: int = 0) -> None:
    """Note that an event of an alert is to be told; the caller's transaction holds it together with the change itself.

    Harmless to repeat: an alert, event and occurrence are told once.

    Args:
        connection: in the transaction that changes the alert.
        alert_id: whose event it is.
        event: what happened.
        now: when it was decided.
        occurrence: tells one from the next of an event that may come again, such as the count of reminders.
    """
    await enqueue_many(connection, [(alert_id, event, occurrence)], now)


async def enqueue_many(connection: Connection, told: Sequence[tuple[int, Event, int]], now: datetime) -> None:
    """Note several (alert, event, occurrence); see ``enqueue``."""
    if not told:
        return
    values = {
        "alert_ids": [alert_id for alert_id, _, _ in told],
        "events": [event for _, event, _ in told],
        "occurrences": [occurrence for _, _, occurrence in told],
        "now": now,
    }
    await connection.execute(_SQL["enqueue"], values)
    await connection.execute(_SQL["wake"])
