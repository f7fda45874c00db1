"""All KPIs of a store that can be told: those that are summed, and those that something learnt is needed for."""

from datetime import datetime
from typing import Any

from storesense_backend.database import Connection
from storesense_backend.depletion.records import Depletion
from storesense_backend.kpis import Kpi, kpis
from storesense_backend.ranges import TimeSpan
from storesense_contracts.layout import StoreLayout


async def store_kpis(
    connection: Connection,
    *,
    store: dict[str, Any],
    layout: StoreLayout,
    depletion: Depletion,
    span: TimeSpan,
    now: datetime,
) -> list[Kpi]:
    """Compute the KPIs of a span that are available, in the catalogue's order.

    Args:
        connection: to the database.
        store: the store's row.
        layout: read from it.
        depletion: what is learnt of its products' demand.
        span: what is asked for.
        now: the present.
    """
    found = await kpis(connection, layout=layout, span=span, now=now)
    stock_out = next(kpi for kpi in found if kpi.name == "stock_out_minutes")
    lost = None
    if stock_out.value is not None:
        lost = await depletion.lost_units(
            connection, layout, store["layout_version"], now, from_at=span.from_at, to_at=span.to_at
        )
    found.insert(found.index(stock_out) + 1, Kpi("lost_sales", lost, stock_out.completeness))
    return found
