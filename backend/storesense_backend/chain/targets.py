"""What stores want of their KPIs, in the database."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from storesense_backend.database import Connection
from storesense_backend.errors import InvalidError
from storesense_contracts.kpis import BY_NAME, Better
from storesense_contracts.sql import load_queries

_SQL = load_queries("storesense_backend", "sql/chain.sql")


async def targets_of(connection: Connection, store_id: str) -> list[dict[str, Any]]:
    """Return a store's targets: ``kpi``, ``target``, ``set_at``, ``set_by``."""
    rows = await (await connection.execute(_SQL["targets"], {"store_id": store_id})).fetchall()
    return [{key: value for key, value in row.items() if key != "store_id"} for row in rows]


async def put_targets(
    connection: Connection, store_id: str, targets: Mapping[str, float], *, now: datetime, actor: str
) -> None:
    """Set a store's targets; KPIs that are not listed have none any longer.

    Raises:
        InvalidError: a KPI is not in the catalogue, or has no good side.
    """
    for name, target in targets.items():
        kpi = BY_NAME.get(name)
        if kpi is None:
            raise InvalidError(f"there is no KPI {name!r}; GET /api/v1/kpis lists them", field="targets")
        if kpi.better is Better.NEITHER:
            raise InvalidError(f"{name} has no good side, so it can have no target", field=f"targets.{name}")
        if target < 0 or (kpi.unit.value == "share" and target > 1):
            raise InvalidError(
                "a target is 0 or more, of a share 1 at most, in the KPI's unit", field=f"targets.{name}"
            )
    values = {
        "store_id": store_id,
        "kpis": list(targets),
        "targets": list(targets.values()),
        "now": now,
        "actor": actor,
    }
    async with connection.transaction():
        await connection.execute(_SQL["put_targets"], values)
        await connection.execute(_SQL["forget_other_targets"], values)
