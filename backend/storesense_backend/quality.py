"""How right a store's figures are: which a failing camera touched and when, and what audits of its lines found."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from storesense_backend.database import Connection
from storesense_backend.ranges import TimeSpan
from storesense_contracts.readings import LineAccuracy
from storesense_contracts.sql import load_queries

_SQL = load_queries("storesense_backend", "sql/quality.sql")
_SILENCE = timedelta(minutes=5)
"""A device tells its condition every minute; what it told last is believed for so long."""


def faults_of(rows: list[dict[str, Any]], span: TimeSpan) -> list[dict[str, Any]]:
    """Put each component's conditions together to faults with a beginning and an end.

    Args:
        rows: conditions in order of device, component and time, each with the instant of the next one.
        span: faults are cut to it.
    """
    faults: list[dict[str, Any]] = []
    last: dict[str, Any] | None = None
    for row in rows:
        until = min(row["until"] or span.to_at, row["measured_at"] + _SILENCE, span.to_at)
        key = (row["device_id"], row["subject_id"], row["cause"])
        if row["cause"] is None or until <= span.from_at:
            last = None
            continue
        if (
            last is not None
            and (last["device_id"], last["component_id"], last["cause"]) == key
            and row["measured_at"] <= last["to"]
        ):
            last |= {"to": until, "reason": row["reason"], "displacement_px": row["displacement_px"]}
            continue
        last = {
            "device_id": row["device_id"],
            "component_id": row["subject_id"],
            "cause": row["cause"],
            "state": row["state"],
            "from": max(row["measured_at"], span.from_at),
            "to": until,
            "reason": row["reason"],
            "displacement_px": row["displacement_px"],
            "affected": row["affected"] or [],
        }
        faults.append(last)
    return faults


def newest_audits(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the newest audit of each line and direction.

    Args:
        rows: audits, the newest first.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        for each in msgspec.json.decode(row["accuracy"], type=list[LineAccuracy]):
            tallied = each.tallied_count
            found.setdefault(
                (each.line_id, each.direction.value),
                msgspec.to_builtins(each)
                | {
                    "audited_at": row["measured_at"],
                    "audit_s": None if row["audit_ms"] is None else row["audit_ms"] / 1000,
                    "error": (each.counted_count - tallied) / tallied if tallied else None,
                },
            )
    return [found[key] for key in sorted(found)]


async def quality(connection: Connection, *, store_id: str, span: TimeSpan, now: datetime) -> dict[str, Any]:
    """Tell the faults within a span and the newest audit of each line before its end."""
    cut = TimeSpan(span.from_at, min(span.to_at, now))
    values = {"store_id": store_id, "since": span.from_at - _SILENCE, "to_at": cut.to_at}
    conditions = await (await connection.execute(_SQL["conditions"], values)).fetchall()
    audits = await (await connection.execute(_SQL["audits"], values)).fetchall()
    return {
        "from": span.from_at,
        "to": span.to_at,
        "faults": faults_of(conditions, cut),
        "lines": newest_audits(audits),
    }
