"""Lives of alerts in the database: read with a lock, written back with their history, in one transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from storesense_backend.alerts.life.actions import Action, act
from storesense_backend.alerts.life.alert import Actor, Details, Happened, Life, State, patience_of
from storesense_backend.alerts.life.timing import pass_time
from storesense_backend.database import Connection
from storesense_backend.errors import ConflictError, NotFoundError
from storesense_backend.notify import Event, enqueue
from storesense_contracts.sql import load_queries

_SQL = load_queries("storesense_backend", "sql/life.sql")

ENGINE = "alert engine"
"""The actor of what nobody did."""

_MOST_AT_ONCE = 200
_MOST_EVENTS = 1_000
_TOLD: dict[str, Event] = {
    "opened": "opened",
    "acknowledged": "acknowledged",
    "taken": "in_hand",
    "dismissed": "dismissed",
    "snoozed": "snoozed",
    "resolved": "resolved",
    "escalated": "escalated",
    "reminded": "reminded",
}
_COLUMNS = frozenset(each.name for each in fields(Life)) - {"patience"}


def _life(row: dict[str, Any]) -> Life:
    values = {name: value for name, value in row.items() if name in _COLUMNS}
    return Life(**values | {"state": State(row["state"]), "patience": patience_of(row["escalation"])})


async def _row(connection: Connection, query: str, *, store_id: str, alert_id: int) -> dict[str, Any]:
    row = await (await connection.execute(_SQL[query], {"store_id": store_id, "alert_id": alert_id})).fetchone()
    if row is None:
        raise NotFoundError(f"store {store_id!r} has no alert {alert_id}", code="no_such_alert")
    return row


async def _save(connection: Connection, row: dict[str, Any], life: Life) -> None:
    values = {name: getattr(life, name) for name in _COLUMNS}
    proof = None if life.proof is None else Jsonb(life.proof)
    await connection.execute(
        _SQL["save_life"], values | {"state": life.state.value, "proof": proof, "alert_id": row["alert_id"]}
    )


async def note(
    connection: Connection,
    alert_id: int,
    happened: Happened,
    *,
    actor: str,
    now: datetime,
    action_key: str | None = None,
) -> None:
    """Write into an alert's history, and note that people are to be told; the caller has locked the alert's row."""
    named = {"alert_id": alert_id, "kind": happened.kind}
    occurrence = happened.occurrence
    if happened.kind in _TOLD and not occurrence:
        earlier = await (await connection.execute(_SQL["count_events"], named)).fetchone()
        assert earlier is not None  # noqa: S101 -- a count is always one row
        occurrence = earlier["earlier"]
    details = Jsonb(happened.details) if happened.details else None
    values = named | {"now": now, "actor": actor, "details": details, "action_key": action_key}
    await connection.execute(_SQL["add_event"], values)
    if happened.kind in _TOLD:
        await enqueue(connection, alert_id, _TOLD[happened.kind], now, occurrence=occurrence)


async def notice(connection: Connection, store_id: str, alert_id: int) -> None:
    """Tell whoever watches that an alert changed."""
    await connection.execute(_SQL["notify_alert"], {"store_id": store_id, "alert_id": alert_id})


async def done_before(
    connection: Connection, *, actor: str, action_key: str | None, kinds: Iterable[str]
) -> dict[str, Any] | None:
    """Return the alert that an action with this key was done to; None if it was not done yet.

    From here to the end of the transaction nobody else does it.

    Raises:
        ConflictError: the key was given to something else.
    """
    if action_key is None:
        return None
    named = {"actor": actor, "action_key": action_key}
    await connection.execute(_SQL["serialise_key"], named)
    row = await (await connection.execute(_SQL["done_before"], named)).fetchone()
    if row is not None and row["kind"] not in kinds:
        raise key_reused(action_key)
    return row


def key_reused(action_key: str) -> ConflictError:
    """Make the error of a key that was given to two actions."""
    return ConflictError(
        f"Idempotency-Key {action_key!r} was given to another action; use a new one for each", code="key_reused"
    )


async def do(
    connection: Connection,
    *,
    store_id: str,
    alert_id: int,
    action: Action,
    actor: Actor,
    now: datetime,
    action_key: str | None = None,
) -> Life:
    """Do something with an alert, once however often it is sent with the same key.

    Args:
        connection: to the database.
        store_id: the store.
        alert_id: the alert.
        action: what to do.
        actor: who does it.
        now: the present.
        action_key: the client's name of this action.

    Returns:
        The alert's life afterwards.

    Raises:
        NotFoundError: the store has no such alert.
        ApiError: ``actions.act`` says no.
    """
    async with connection.transaction():
        done = await done_before(connection, actor=actor.name, action_key=action_key, kinds={action.event})
        row = await _row(connection, "lock_alert", store_id=store_id, alert_id=alert_id)
        before = _life(row)
        if done is not None:
            if done["alert_id"] != alert_id:
                raise key_reused(str(action_key))
            return before
        after, happened = act(before, action, actor, now)
        if happened is not None:
            await _save(connection, row, after)
            await note(connection, alert_id, happened, actor=actor.name, now=now, action_key=action_key)
            await notice(connection, store_id, alert_id)
    return after


async def life_of(connection: Connection, *, store_id: str, alert_id: int) -> Life:
    """Return an alert's life.

    Raises:
        NotFoundError: the store has no such alert.
    """
    return _life(await _row(connection, "alert", store_id=store_id, alert_id=alert_id))


async def timeline(connection: Connection, alert_id: int) -> list[dict[str, Any]]:
    """Return an alert's history, oldest first, a thousand entries at most."""
    return await (await connection.execute(_SQL["timeline"], {"alert_id": alert_id, "most": _MOST_EVENTS})).fetchall()


async def pass_time_in(connection: Connection, store_ids: Sequence[str], now: datetime) -> list[tuple[int, Happened]]:
    """Send the reminders and escalations that are due in some stores; what a stopped engine left undone, too.

    Each is written in the transaction that moves its due instant on, so that it happens once, whoever does it.

    Returns:
        What happened, by alert.
    """
    done: list[tuple[int, Happened]] = []
    values = {"store_ids": list(store_ids), "now": now, "most": _MOST_AT_ONCE}
    async with connection.transaction():
        for row in await (await connection.execute(_SQL["lock_due_alerts"], values)).fetchall():
            life, happened = pass_time(_life(row), now)
            await _save(connection, row, life)
            for each in happened:
                await note(connection, row["alert_id"], each, actor=ENGINE, now=now)
                done.append((row["alert_id"], each))
            if happened:
                await notice(connection, row["store_id"], row["alert_id"])
    return done


async def ended_by_hand(
    connection: Connection, store_ids: Sequence[str], kinds: Sequence[str], since: datetime
) -> list[tuple[str, str, str, datetime]]:
    """Return the causes (store, rule, subject) whose alerts staff declared resolved, and when."""
    values = {"store_ids": list(store_ids), "kinds": list(kinds), "since": since}
    rows = await (await connection.execute(_SQL["ended_by_hand"], values)).fetchall()
    return [(row["store_id"], row["rule_id"], row["subject_id"], row["resolved_at"]) for row in rows]


async def open_report(connection: Connection, values: dict[str, Any], details: Details) -> tuple[int, bool]:
    """Open an alert that a person reported, or find the one that stands; return its id and whether it is new."""
    named = values | {"details": Jsonb(details), "escalation": Jsonb(values["escalation"])}
    row = await (await connection.execute(_SQL["open_report"], named)).fetchone()
    if row is not None:
        return row["alert_id"], True
    row = await (await connection.execute(_SQL["standing_report"], named)).fetchone()
    if row is None:
        raise ConflictError("the report that stood there ended at this moment; report it again", code="try_again")
    return row["alert_id"], False
