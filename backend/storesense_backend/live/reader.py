"""What the live feed reads from the database."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from storesense_backend.alert_records import alerts_by_id, current_alerts
from storesense_backend.database import Connection
from storesense_backend.device_commands import recent_commands
from storesense_backend.flow import queues_lately
from storesense_backend.live.state import LATEST_FAMILIES, RESOLVED_SHOWN, StoreState
from storesense_backend.registry import get_store
from storesense_contracts.layout import StoreLayout
from storesense_contracts.sql import load_queries

__all__ = ["alerts_by_id", "current_alerts"]

_SQL = load_queries("storesense_backend", "sql/live.sql")

COUNT_HORIZON = timedelta(hours=50)
"""No local day that is still going on began earlier; a bound that keeps old partitions out of the queries."""
LATEST_HORIZON = timedelta(hours=24)
MAX_ROWS = 20_000
_MAX_DEVICES = 20_000


async def heads(connection: Connection) -> dict[int, int]:
    """Return the newest batch of each partition."""
    rows = await (await connection.execute(_SQL["heads"])).fetchall()
    return {row["partition_no"]: row["head"] for row in rows}


async def load_state(connection: Connection, store_id: str, now: datetime) -> tuple[StoreState, dict[int, int]]:
    """Read a store's state as of one moment, and the newest batches that it holds.

    Raises:
        NotFoundError: there is no such store.
    """
    async with connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        reached = await heads(connection)
        row = await get_store(connection, store_id)
        state = StoreState(StoreLayout.model_validate(row["layout"]), row["layout_version"], now)
        day = {"store_id": store_id, "starts_at": state.day.starts_at, "ends_at": state.day.ends_at}
        for line in await (await connection.execute(_SQL["footfall_since"], day)).fetchall():
            state.count(line["line_id"], line["measured_at"], line["in_count"], line["out_count"])
        for family in LATEST_FAMILIES:
            values = {"store_id": store_id, "since": now - LATEST_HORIZON}
            for item in await (await connection.execute(_SQL[f"latest_{family}"], values)).fetchall():
                state.put_latest(family, item)
        state.put_services(await queues_lately(connection, layout=state.layout, now=now))
        state.put_devices((await devices(connection, [store_id], now)).get(store_id, []))
        state.put_alerts(await current_alerts(connection, store_ids=[store_id], resolved_since=now - RESOLVED_SHOWN))
    return state, reached


async def new_rows(
    connection: Connection, *, after: int, upto: int, store_ids: Iterable[str], now: datetime
) -> dict[str, list[dict[str, Any]]] | None:
    """Read what batches above ``after`` up to ``upto`` brought to some stores, by family; None if it is too much."""
    found: dict[str, list[dict[str, Any]]] = {}
    values: Mapping[str, object] = {
        "after": after,
        "upto": upto,
        "store_ids": list(store_ids),
        "limit": MAX_ROWS + 1,
    }
    for family in ("footfall", *LATEST_FAMILIES):
        horizon = COUNT_HORIZON if family == "footfall" else LATEST_HORIZON
        cursor = await connection.execute(_SQL[f"new_{family}"], {**values, "since": now - horizon})
        found[family] = await cursor.fetchall()
        if len(found[family]) > MAX_ROWS:
            return None
    return found


async def devices(connection: Connection, store_ids: Iterable[str], now: datetime) -> dict[str, list[dict[str, Any]]]:
    """Return the devices of some stores with what was asked of them lately, by store."""
    wanted = list(store_ids)
    values = {"store_ids": wanted, "limit": _MAX_DEVICES}
    recent = await recent_commands(connection, wanted, now)
    found: dict[str, list[dict[str, Any]]] = {}
    for row in await (await connection.execute(_SQL["devices_of_stores"], values)).fetchall():
        store_id = row.pop("store_id")
        row["recent_commands"] = recent.get((store_id, row["device_id"]), [])
        found.setdefault(store_id, []).append(row)
    return found


async def layout_versions(connection: Connection, store_ids: Iterable[str]) -> dict[str, int]:
    """Return the layout version of those stores that exist."""
    cursor = await connection.execute(_SQL["layout_versions"], {"store_ids": list(store_ids)})
    return {row["store_id"]: row["layout_version"] for row in await cursor.fetchall()}
