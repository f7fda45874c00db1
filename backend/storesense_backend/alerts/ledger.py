"""What the engine writes in one transaction, and what it reads back of its own: states, alerts, rules and layouts."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from psycopg.types.json import Jsonb
from pydantic import ValidationError

from storesense_backend.alerts.assessors.protocol import StoreView
from storesense_backend.alerts.engine import Decisions
from storesense_backend.alerts.kinds.catalogue import PULSES, with_implied
from storesense_backend.alerts.values import (
    AlertChange,
    CauseKey,
    CauseState,
    ChangeKind,
    decode_state,
    encode_state,
)
from storesense_backend.alerts.watches import Watch
from storesense_backend.database import Connection
from storesense_backend.notify.outbox import enqueue_many
from storesense_contracts.layout import StoreLayout
from storesense_contracts.rules import RULE
from storesense_contracts.sql import load_queries

_LOG = logging.getLogger(__name__)

_SQL = load_queries("storesense_backend", "sql/engine.sql")

_STATEMENTS = {
    ChangeKind.OPENED: "open_alerts",
    ChangeKind.UPDATED: "update_alerts",
    ChangeKind.WORSENED: "update_alerts",
    ChangeKind.RESOLVED: "resolve_alerts",
}


@dataclass(frozen=True, slots=True)
class Written:
    """A change that the database took: one of an alert that stands, or of one that is new."""

    alert_id: int
    watch: Watch
    change: AlertChange


async def registry_marks(connection: Connection) -> dict[str, tuple[object, ...]]:
    """Return a mark for each store that changes when its layout, rules, devices or who measures what do."""
    rows = await (await connection.execute(_SQL["registry_marks"])).fetchall()
    return {row.pop("store_id"): tuple(row.values()) for row in rows}


async def read_stores(connection: Connection, store_ids: Iterable[str]) -> dict[str, StoreView | str]:
    """Read some stores with their rules; where layout or rules cannot be read, why not."""
    cursor = await connection.execute(_SQL["registry"], {"store_ids": list(store_ids)})
    found: dict[str, StoreView | str] = {}
    for row in await cursor.fetchall():
        try:
            layout = StoreLayout.model_validate(row["layout"])
            rules = with_implied(RULE.validate_python(spec) for spec in row["rules"])
        except ValidationError as exc:
            found[row["store_id"]] = str(exc)
            continue
        served: dict[tuple[str, str], set[str]] = {}
        for each in row["served"]:
            served.setdefault((each["stream"], each["subject_id"]), set()).add(each["device_id"])
        found[row["store_id"]] = StoreView(
            layout=layout,
            layout_version=row["layout_version"],
            rules=tuple(rules),
            device_ids=tuple(row["device_ids"]),
            served_by={key: frozenset(devices) for key, devices in served.items()},
        )
    return found


async def read_states(connection: Connection, store_ids: Sequence[str]) -> dict[CauseKey, CauseState]:
    """Read what is remembered of all causes of some stores, made to agree with the alerts that stand.

    An alert that staff ended holds its cause: nobody is told of it again while it lasts. Only a moment, such as a bulk
    removal, that staff declared done is news when it comes again.
    """
    values = {"store_ids": list(store_ids), "pulses": PULSES}
    states: dict[CauseKey, CauseState] = {}
    for row in await (await connection.execute(_SQL["states"], values)).fetchall():
        try:
            states[_key(row)] = decode_state(row["state"])
        except msgspec.MsgspecError as exc:
            _LOG.warning("what was remembered of %s cannot be read and is forgotten: %s", "/".join(_key(row)), exc)
    standing = {_key(row): row for row in await (await connection.execute(_SQL["standing"], values)).fetchall()}
    for key, state in states.items():
        if state.is_open and key not in standing:
            states[key] = CauseState(last=state.last)
    for key, row in standing.items():
        if not row["is_over"] and not states.get(key, CauseState()).is_open:
            states[key] = CauseState(is_open=True, cause_at=row["cause_at"])
    return states


def _key(row: dict[str, Any]) -> CauseKey:
    return (row["store_id"], row["rule_id"], row["subject_id"])


def _cause(key: CauseKey) -> dict[str, Any]:
    return {"store_id": key[0], "rule_id": key[1], "subject_id": key[2]}


async def write(connection: Connection, decisions: Decisions) -> list[Written]:
    """Write changed states and alerts; the caller's transaction holds them together with the cursors.

    Returns:
        The changes that were taken, for whoever tells people of them in the same transaction.
    """
    await _save_states(connection, decisions.saves)
    written: list[Written] = []
    for kind in (ChangeKind.RESOLVED, ChangeKind.OPENED, ChangeKind.UPDATED, ChangeKind.WORSENED):
        some = [(watch, change) for watch, change in decisions.changes if change.kind is kind]
        if some:
            written += await _write_changes(connection, kind, some)
    if decisions.silences:
        pairs = [
            _cause(key) | {"by_rule_id": by and by[1], "by_subject_id": by and by[2]}
            for key, by in decisions.silences.items()
        ]
        await connection.execute(_SQL["silence_alerts"], {"pairs": Jsonb(pairs)})
    if decisions.blinds:
        marks = [_cause(key) | {"is_blind": is_blind} for key, is_blind in decisions.blinds.items()]
        await connection.execute(_SQL["blind_alerts"], {"marks": Jsonb(marks)})
    return written


async def _save_states(connection: Connection, saves: dict[CauseKey, CauseState | None]) -> None:
    kept = {key: state for key, state in saves.items() if state is not None}
    gone = [key for key, state in saves.items() if state is None]
    if kept:
        values = _columns(list(kept)) | {"states": [encode_state(state).decode() for state in kept.values()]}
        await connection.execute(_SQL["save_states"], values)
    if gone:
        await connection.execute(_SQL["delete_states"], _columns(gone))


def _columns(keys: Sequence[CauseKey]) -> dict[str, Any]:
    return {
        "store_ids": [key[0] for key in keys],
        "rule_ids": [key[1] for key in keys],
        "subject_ids": [key[2] for key in keys],
    }


async def _write_changes(
    connection: Connection, kind: ChangeKind, changes: Sequence[tuple[Watch, AlertChange]]
) -> list[Written]:
    rows = [
        _cause(watch.key)
        | {
            "kind": watch.kind.name,
            "section_id": watch.section_id,
            "severity": change.severity,
            "cause_at": change.cause_at.isoformat(),
            "at": change.at.isoformat(),
            "details": change.details,
            "proof": change.proof,
            "is_late": change.is_late,
            "messages": {name: words.model_dump() for name, words in watch.rule.messages.items()} or None,
            "escalation": None if watch.rule.escalation is None else watch.rule.escalation.model_dump(),
            "is_blind": watch.kind.name == "blind",
        }
        for watch, change in changes
    ]
    found = await (await connection.execute(_SQL[_STATEMENTS[kind]], {"rows": Jsonb(rows)})).fetchall()
    by_key = {watch.key: (watch, change) for watch, change in changes}
    written = [Written(row["alert_id"], *by_key[_key(row)]) for row in found]
    await _note(
        connection,
        [
            {
                "alert_id": each.alert_id,
                "store_id": each.watch.store_id,
                "at": each.change.at.isoformat(),
                "kind": kind.value,
                "details": each.change.proof if kind is ChangeKind.RESOLVED else each.change.details,
            }
            for each in written
        ],
    )
    return written


async def withdraw(connection: Connection, keys: Iterable[CauseKey], now: datetime) -> int:
    """End the alerts of causes that no rule watches any more, without proof; return how many stood."""
    listed = list(keys)
    rows = [_cause(key) | {"at": now.isoformat(), "proof": None} for key in listed]
    found = await (await connection.execute(_SQL["resolve_alerts"], {"rows": Jsonb(rows)})).fetchall()
    reason = {"reason": "the rule, or what it watches, is no longer there"}
    notes = [
        {
            "alert_id": row["alert_id"],
            "store_id": row["store_id"],
            "at": now.isoformat(),
            "kind": "withdrawn",
            "details": reason,
        }
        for row in found
    ]
    await _note(connection, notes)
    await enqueue_many(connection, [(row["alert_id"], "withdrawn", 0) for row in found], now)
    await connection.execute(_SQL["delete_states"], _columns(listed))
    return len(found)


async def _note(connection: Connection, notes: list[dict[str, Any]]) -> None:
    if notes:
        await connection.execute(_SQL["note_events"], {"notes": Jsonb(notes)})
