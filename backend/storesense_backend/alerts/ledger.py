"""The alert engine's side of the database: what it reads, and what it writes in one transaction."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString

import msgspec
from psycopg.types.json import Jsonb
from pydantic import ValidationError

from storesense_backend.alerts.engine import CauseKey, Decisions, SubjectKey
from storesense_backend.alerts.values import (
    AlertChange,
    CauseState,
    ChangeKind,
    LossObservation,
    Observation,
    QueueObservation,
    StockObservation,
    decode_state,
    encode_state,
)
from storesense_backend.alerts.watches import Watch, watches_of
from storesense_backend.database import Connection
from storesense_contracts.layout import StoreLayout
from storesense_contracts.rules import RULE
from storesense_contracts.sql import load_queries

_LOG = logging.getLogger(__name__)

_SQL = load_queries("storesense_backend", "sql/engine.sql")
_ALERTS_SQL = load_queries("storesense_backend", "sql/alerts.sql")

FOLLOWER = "alerts"
PARTITION_BITS = 40
"""Batch numbers of partition p begin at p * 2^40."""

_LOSSES = {"lately": timedelta(minutes=5)}
"""A device whose last declared loss is older than this is back under its limit."""

Observations = dict[SubjectKey, list[Observation]]


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition's newest batch, and the newest one that was judged (None if none ever was)."""

    partition_no: int
    head: int
    cursor: int | None


async def try_lease(connection: Connection, lease_key: int) -> bool:
    """Take the lease if no other session has it; it lasts as long as the connection."""
    row = await (await connection.execute(_SQL["try_lease"], {"lease_key": lease_key})).fetchone()
    return row is not None and bool(row["is_ours"])


async def partitions(connection: Connection) -> list[Partition]:
    """Return where all partitions stand."""
    rows = await (await connection.execute(_SQL["heads_and_cursors"], {"follower": FOLLOWER})).fetchall()
    return [Partition(**row) for row in rows]


async def has_followed(connection: Connection) -> bool:
    """Tell whether an engine ever judged anything in this database."""
    row = await (await connection.execute(_SQL["has_followed"], {"follower": FOLLOWER})).fetchone()
    return row is not None and bool(row["has_followed"])


async def save_cursor(connection: Connection, partition_no: int, batch_no: int, now: datetime) -> None:
    """Say that a partition is judged up to a batch."""
    values = {"follower": FOLLOWER, "partition_no": partition_no, "batch_no": batch_no, "now": now}
    await connection.execute(_SQL["save_cursor"], values)


async def new_observations(
    connection: Connection, *, after: int, upto: int, since: datetime, into: Observations
) -> int:
    """Read what the batches above ``after`` up to ``upto`` brought, if measured after ``since``; return the count."""
    values = {"after": after, "upto": upto, "since": since}
    names = ("new_queue_samples", "new_shelf_weights", "new_losses")
    return await _read(connection, names, values | _LOSSES, into)


async def newest_observations(connection: Connection, *, since: datetime, into: Observations) -> int:
    """Read the newest observation of each series that is younger than ``since``; return the count."""
    names = ("newest_queue_samples", "newest_shelf_weights", "newest_losses")
    return await _read(connection, names, {"since": since} | _LOSSES, into)


async def _read(connection: Connection, names: tuple[str, str, str], values: dict[str, Any], into: Observations) -> int:
    queue_samples: LiteralString = _SQL[names[0]]
    shelf_weights: LiteralString = _SQL[names[1]]
    losses: LiteralString = _SQL[names[2]]
    count = 0
    for row in await (await connection.execute(queue_samples, values)).fetchall():
        key: SubjectKey = (row.pop("store_id"), "queue", row.pop("subject_id"))
        into.setdefault(key, []).append(QueueObservation(**row))
        count += 1
    for row in await (await connection.execute(shelf_weights, values)).fetchall():
        key = (row.pop("store_id"), "slot", row.pop("subject_id"))
        into.setdefault(key, []).append(StockObservation(**row))
        count += 1
    for row in await (await connection.execute(losses, values)).fetchall():
        key = (row.pop("store_id"), "device", row.pop("subject_id"))
        into.setdefault(key, []).append(LossObservation(**row))
        count += 1
    return count


async def registry_marks(connection: Connection) -> dict[str, tuple[object, ...]]:
    """Return a mark for each store that changes when its layout or rules do."""
    rows = await (await connection.execute(_SQL["registry_marks"])).fetchall()
    return {row.pop("store_id"): tuple(row.values()) for row in rows}


async def read_watches(connection: Connection, store_ids: Iterable[str]) -> dict[str, list[Watch] | str]:
    """Read the watches of some stores; where layout or rules cannot be read, why not."""
    cursor = await connection.execute(_SQL["registry"], {"store_ids": list(store_ids)})
    found: dict[str, list[Watch] | str] = {}
    for row in await cursor.fetchall():
        try:
            layout = StoreLayout.model_validate(row["layout"])
            rules = [RULE.validate_python(spec) for spec in row["rules"]]
            found[row["store_id"]] = watches_of(layout, rules, row["device_ids"])
        except ValidationError as exc:
            found[row["store_id"]] = str(exc)
    return found


async def read_states(connection: Connection) -> dict[CauseKey, CauseState]:
    """Read what is remembered of all causes, made to agree with the alerts that stand."""
    states: dict[CauseKey, CauseState] = {}
    for row in await (await connection.execute(_SQL["states"])).fetchall():
        try:
            states[_key(row)] = decode_state(row["state"])
        except msgspec.MsgspecError as exc:
            _LOG.warning("what was remembered of %s cannot be read and is forgotten: %s", "/".join(_key(row)), exc)
    standing = {_key(row): row for row in await (await connection.execute(_SQL["unresolved_causes"])).fetchall()}
    for key, state in states.items():
        if state.is_open and key not in standing:
            states[key] = CauseState(last=state.last)
    for key, row in standing.items():
        if not states.get(key, CauseState()).is_open:
            states[key] = CauseState(is_open=True, cause_at=row["cause_at"])
    return states


def _key(row: dict[str, Any]) -> CauseKey:
    return (row["store_id"], row["rule_id"], row["subject_id"])


def _cause(key: CauseKey) -> dict[str, Any]:
    return {"store_id": key[0], "rule_id": key[1], "subject_id": key[2]}


async def write(connection: Connection, decisions: Decisions) -> None:
    """Write changed states and alerts; the caller's transaction holds them together with the cursor."""
    if decisions.states:
        async with connection.cursor() as cursor:
            await cursor.executemany(
                _SQL["save_state"],
                [_cause(key) | {"state": encode_state(state).decode()} for key, state in decisions.states.items()],
            )
    for watch, change in decisions.changes:
        await _write_change(connection, watch, change)


async def _write_change(connection: Connection, watch: Watch, change: AlertChange) -> None:
    values = _cause(watch.key) | {
        "kind": watch.kind,
        "section_id": watch.section_id,
        "severity": change.severity,
        "cause_at": change.cause_at,
        "now": change.at,
        "details": Jsonb(change.details),
        "proof": Jsonb(change.proof),
    }
    statement = {
        ChangeKind.OPENED: _SQL["open_alert"],
        ChangeKind.UPDATED: _SQL["update_alert"],
        ChangeKind.RESOLVED: _SQL["resolve_alert"],
    }[change.kind]
    row = await (await connection.execute(statement, values)).fetchone()
    if row is not None:
        told = change.proof if change.kind is ChangeKind.RESOLVED else change.details
        await _note(connection, watch.store_id, row["alert_id"], change.kind.value, change.at, Jsonb(told))


async def withdraw(connection: Connection, keys: Iterable[CauseKey], now: datetime) -> int:
    """End the alerts of causes that no rule watches any more, without proof; return how many stood."""
    count = 0
    for key in keys:
        values = _cause(key) | {"now": now, "proof": None}
        row = await (await connection.execute(_SQL["resolve_alert"], values)).fetchone()
        if row is not None:
            count += 1
            reason = Jsonb({"reason": "the rule, or what it watches, is no longer there"})
            await _note(connection, key[0], row["alert_id"], "withdrawn", now, reason)
        await connection.execute(_SQL["delete_state"], _cause(key))
    return count


async def _note(connection: Connection, store_id: str, alert_id: int, kind: str, now: datetime, details: Jsonb) -> None:
    values = {
        "alert_id": alert_id,
        "store_id": store_id,
        "now": now,
        "kind": kind,
        "actor": "alert engine",
        "details": details,
    }
    await connection.execute(_ALERTS_SQL["add_event"], values)
    await connection.execute(_ALERTS_SQL["notify_alert"], values)


def horizon(now: datetime, late_s: float, stale_s: float) -> datetime:
    """Return the instant before which nothing measured can matter to a decision any more."""
    return now - timedelta(seconds=late_s + stale_s + 600.0)
