"""What the worker reads and writes: from notifications to deliveries, claims, and what became of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from psycopg.types.json import Jsonb

from storesense_backend.alerts.life.alert import patience_of
from storesense_backend.database import Connection
from storesense_backend.notify.routing import CALLS, Told, channel_of, person_of, route
from storesense_backend.notify.wording import key_of
from storesense_backend.roles import Role
from storesense_contracts.sql import load_queries

SQL = load_queries("storesense_backend", "sql/notify.sql")


@dataclass(frozen=True, slots=True)
class Work:
    """A channel with deliveries that wait.

    Attributes:
        ready: how many may go now.
        first_id: the first of them.
        next_due_at: when the next of the others may.
    """

    channel_id: int
    kind: str
    ready: int
    first_id: int | None
    next_due_at: datetime | None


async def expand(connection: Connection, now: datetime, *, limit: int = 500) -> int:
    """Turn notifications into deliveries, once, in one transaction; return how many notifications."""
    async with connection.transaction():
        fresh = await (
            await connection.execute(SQL["fresh"], {"now": now, "limit": limit, "calls": sorted(CALLS)})
        ).fetchall()
        if not fresh:
            return 0
        store_ids = sorted({row["store_id"] for row in fresh})
        cursor = await connection.execute(SQL["addressees"], {"store_ids": store_ids})
        stores = {row["store_id"]: row for row in await cursor.fetchall()}
        rows = _deliveries(fresh, stores, now)
        if rows:
            await connection.execute(SQL["add_deliveries"], {"rows": Jsonb(rows), "now": now})
        ids = [row["notification_id"] for row in fresh]
        await connection.execute(SQL["expanded"], {"now": now, "notification_ids": ids})
    return len(fresh)


def _deliveries(
    fresh: Sequence[dict[str, Any]], stores: dict[str, dict[str, Any]], now: datetime
) -> list[dict[str, Any]]:
    known = {
        store_id: (
            ZoneInfo(row["time_zone"]),
            [person_of(each) for each in row["people"]],
            [channel_of(each) for each in row["channels"]],
        )
        for store_id, row in stores.items()
    }
    told_now: dict[int, set[int]] = {}
    rows: list[dict[str, Any]] = []
    for row in fresh:
        zone, people, channels = known[row["store_id"]]
        already = told_now.setdefault(row["alert_id"], set(row["told_channels"]))
        told = Told(
            event=row["event"],
            section_id=row["section_id"],
            severity=row["severity"],
            is_over=row["is_over"],
            is_held=row["is_held"],
            escalated_to=_escalated_to(row),
            told_channels=frozenset(already),
        )
        for routed in route(told, people, channels, now.astimezone(zone)):
            if routed.skipped is None and row["event"] in CALLS:
                already.add(routed.channel_id)
            rows.append(
                {
                    "store_id": row["store_id"],
                    "notification_id": row["notification_id"],
                    "channel_id": routed.channel_id,
                    "alert_id": row["alert_id"],
                    "event": row["event"],
                    "key": key_of(row["alert_id"], row["event"], row["occurrence"]),
                    "reason": routed.skipped,
                }
            )
    return rows


def _escalated_to(row: dict[str, Any]) -> tuple[Role, ...]:
    steps = patience_of(row["escalation"]).steps[: row["escalation_step"]]
    return tuple(Role(step.role) for step in steps)


async def find_work(connection: Connection, now: datetime) -> list[Work]:
    """Return the channels with deliveries that wait."""
    return [Work(**row) for row in await (await connection.execute(SQL["work"], {"now": now})).fetchall()]


class Claims:
    """Deliveries that this worker has taken; one that dies loses them after ``lasts``."""

    def __init__(self, holder: str, lasts: timedelta) -> None:
        self._holder = holder
        self._lasts = lasts

    async def take(
        self, connection: Connection, statement: str, work: Work, now: datetime, *, limit: int = 1
    ) -> list[dict[str, Any]]:
        """Claim by one of ``claim``, ``claim_digest``, ``claim_parcel``; return rows in order."""
        values = {
            "holder": self._holder,
            "lasts": self._lasts,
            "channel_id": work.channel_id,
            "first_id": work.first_id,
            "limit": limit,
            "now": now,
        }
        rows = await (await connection.execute(SQL[statement], values)).fetchall()
        return sorted(rows, key=lambda row: row["delivery_id"])

    async def sent(self, connection: Connection, delivery_ids: Sequence[int], now: datetime) -> None:
        """Note that they arrived."""
        await connection.execute(SQL["sent"], {"delivery_ids": list(delivery_ids), "now": now})

    async def failed(
        self, connection: Connection, delivery_ids: Sequence[int], due_at: datetime, reason: str | None
    ) -> None:
        """Note that they are to go again, and when."""
        values = {"delivery_ids": list(delivery_ids), "due_at": due_at, "reason": reason, "holder": self._holder}
        await connection.execute(SQL["failed"], values)

    async def ended(
        self, connection: Connection, delivery_ids: Sequence[int], state: str, reason: str, now: datetime
    ) -> None:
        """Note that they do not go any more: ``dead`` or ``skipped``."""
        values = {"delivery_ids": list(delivery_ids), "state": state, "reason": reason, "now": now}
        await connection.execute(SQL["ended"], values | {"holder": self._holder})

    async def give_back(self, connection: Connection) -> None:
        """Let go of all, so that another worker need not wait."""
        await connection.execute(SQL["give_back"], {"holder": self._holder})


async def read_ways(connection: Connection, channel_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Read channels with their secrets."""
    cursor = await connection.execute(SQL["ways"], {"channel_ids": list(channel_ids)})
    return {row["channel_id"]: row for row in await cursor.fetchall()}


async def read_notices(connection: Connection, notification_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Read notifications with their alerts."""
    cursor = await connection.execute(SQL["notices"], {"notification_ids": list(notification_ids)})
    return {row["notification_id"]: row for row in await cursor.fetchall()}


async def read_standing(connection: Connection, store_id: str, section_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Read the alerts that stand in some sections, the newest first."""
    values = {"store_id": store_id, "section_ids": list(section_ids)}
    return await (await connection.execute(SQL["standing"], values)).fetchall()
