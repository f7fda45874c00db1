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
    """Return the newest audit of each line and direction in which anybody was tallied; else the newest of all.

    Args:
        rows: audits, the newest first.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        for each in msgspec.json.decode(row["accuracy"], type=list[LineAccuracy]):
            tallied = each.tallied_count
            key = (each.line_id, each.direction.value)
            # An hour in which nobody left says nothing against what an older one found of those who did.
            if key in found and (found[key]["error"] is not None or not tallied):
                continue
            found[key] = msgspec.to_builtins(each) | {
                "audited_at": row["measured_at"],
                "audit_s": None if row["audit_ms"] is None else row["audit_ms"] / 1000,
                "error": (each.counted_count - tallied) / tallied if tallied else None,
            }
    return [found[key] for key in sorted(found)]


def error_band(counts: dict[str, int], audits: list[dict[str, Any]]) -> tuple[float, float] | None:
    """Return between which numbers the people truly lie who came in over some lines, by the newest audits.

    Lines are audited apart, so their errors are independent and their half-widths are added as squares. None where a
    line that counted anybody was never audited, or an audit leaves its error open.

    Args:
        counts: people counted in, by line.
        audits: as from ``newest_audits``.
    """
    known = {each["line_id"]: each for each in audits if each["direction"] == "in"}
    total, below, above = 0.0, 0.0, 0.0
    for line_id, counted in counts.items():
        if not counted:
            continue
        audit = known.get(line_id)
        if audit is None or audit["error"] is None or audit["error_low"] <= -1.0 or audit["error"] <= -1.0:
            return None
        middle = counted / (1.0 + audit["error"])
        total += middle
        below += (middle - counted / (1.0 + audit["error_high"])) ** 2
        above += (counted / (1.0 + audit["error_low"]) - middle) ** 2
    return None if total == 0.0 else (total - below**0.5, total + above**0.5)


async def audited_lines(connection: Connection, *, store_id: str, to_at: datetime) -> list[dict[str, Any]]:
    """Return the newest audit of each line and direction before an instant."""
    cursor = await connection.execute(_SQL["audits"], {"store_id": store_id, "to_at": to_at})
    return newest_audits(await cursor.fetchall())


async def quality(connection: Connection, *, store_id: str, span: TimeSpan, now: datetime) -> dict[str, Any]:
    """Tell the faults within a span and the newest audit of each line before its end."""
    cut = TimeSpan(span.from_at, min(span.to_at, now))
    values = {"store_id": store_id, "since": span.from_at - _SILENCE, "to_at": cut.to_at}
    conditions = await (await connection.execute(_SQL["conditions"], values)).fetchall()
    return {
        "from": span.from_at,
        "to": span.to_at,
        "faults": faults_of(conditions, cut),
        "lines": await audited_lines(connection, store_id=store_id, to_at=cut.to_at),
    }
