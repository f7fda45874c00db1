"""How good the alerts are, by what staff did with them: precision, response, and how many a person has to bear."""

from datetime import timedelta
from typing import Any

from storesense_backend.database import Connection
from storesense_backend.ranges import TimeSpan
from storesense_backend.shares import share_bounds
from storesense_contracts.sql import load_queries

_SQL = load_queries("storesense_backend", "sql/report_card.sql")
_ACTS = ("acknowledged", "taken", "resolved", "dismissed", "snoozed", "reported")


def precision(right: int, wrong: int) -> dict[str, float | None]:
    """Return the share of right ones among those that staff judged, with Wilson's 95 % interval; None of none."""
    count = right + wrong
    if count == 0:
        return {"precision": None, "precision_low": None, "precision_high": None}
    low, high = share_bounds(right, count)
    return {"precision": right / count, "precision_low": low, "precision_high": high}


async def card(connection: Connection, store_id: str, span: TimeSpan) -> list[dict[str, Any]]:
    """Return the counts and times of all alerts of a span, first of all together, then by rule."""
    values = {"store_id": store_id, "from_at": span.from_at, "to_at": span.to_at}
    return await (await connection.execute(_SQL["card"], values)).fetchall()


async def report_card(connection: Connection, store_id: str, span: TimeSpan) -> dict[str, Any]:
    """Return a store's report card, as told in the reference of the API."""
    values = {"store_id": store_id, "from_at": span.from_at, "to_at": span.to_at}
    whole, *rules = await card(connection, store_id, span)
    busiest = await (await connection.execute(_SQL["busiest"], values)).fetchone()
    acted = {row.pop("name"): row for row in await (await connection.execute(_SQL["acted"], values)).fetchall()}
    told = {row.pop("name"): row for row in await (await connection.execute(_SQL["told"], values)).fetchall()}
    hours = span.duration / timedelta(hours=1)
    # Who is on no list of people and acted has looked at the page, where all alerts are.
    borne = [told[name]["alerts"] if name in told else whole["alerts"] for name in acted.keys() | told.keys()]
    return {
        "from": span.from_at,
        "to": span.to_at,
        "all": _line(whole),
        "rules": [{"rule_id": row["rule_id"], "kind": row["kind"]} | _line(row) for row in rules],
        "load": {
            "alerts_per_hour": whole["alerts"] / hours,
            "alerts_per_hour_and_person": sum(borne) / len(borne) / hours if borne else None,
            "busiest_hour": busiest,
        },
        "people": [
            {
                "name": name,
                "alerts_told": told[name]["alerts"] if name in told else None,
                "messages": told[name]["messages"] if name in told else None,
            }
            | {act: acted[name][act] if name in acted else 0 for act in _ACTS}
            for name in sorted(acted.keys() | told.keys())
        ],
    }


def _line(row: dict[str, Any]) -> dict[str, Any]:
    acknowledge_s, resolve_s = row["acknowledge_s"] or (None, None), row["resolve_s"] or (None, None)
    return (
        {key: row[key] for key in ("alerts", "right", "wrong", "unknown")}
        | precision(row["right"], row["wrong"])
        | {
            "acknowledged": row["acknowledged"],
            "acknowledge_s": {
                "mean": row["mean_acknowledge_s"],
                "median": acknowledge_s[0],
                "p90": acknowledge_s[1],
            },
            "resolved_by_proof": row["resolved_by_proof"],
            "resolved_by_hand": row["resolved_by_hand"],
            "resolve_s": {"median": resolve_s[0], "p90": resolve_s[1]},
            "dismissed": {
                "wrong": row["dismissed_wrong"],
                "not_useful": row["dismissed_not_useful"],
                "otherwise": row["dismissed_otherwise"],
            },
            "escalated": row["escalated"],
            "reminders": row["reminders"],
            "standing": row["standing"],
        }
    )
