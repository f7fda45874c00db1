"""Adding up the heat of whole hours as long as the backend runs, so that it is there before somebody asks for it.

Each pass looks at the last two days of every store, at older hours to which grids have come since the pass before (a
device was offline for days), and at one day more, which goes back from pass to pass to the oldest grid that is still
there and then begins anew. So what came late is in the kept hours at the next pass, also what came while no backend
ran within some hours, and no hour's grids are dropped before it is kept.
"""

import asyncio
import logging
from datetime import datetime, timedelta

import psycopg
from psycopg_pool import PoolTimeout
from pydantic import ValidationError

from storesense_backend import registry
from storesense_backend.database import Pool
from storesense_backend.errors import NotFoundError
from storesense_backend.heat_hours import (
    LOOKED_AT,
    first_grid_at,
    keep_hours,
    late_hours,
    newest_batches,
    stores_with_heat,
)
from storesense_backend.metrics import BackendMetrics
from storesense_backend.ranges import TimeSpan, floor_to
from storesense_contracts.clock import Clock
from storesense_contracts.layout import StoreLayout

_LOG = logging.getLogger(__name__)
_EVERY_S = 300.0
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


class HeatUpkeep:
    """Knows how far back the older days of each store have been looked at.

    Args:
        pool: of connections; one is taken for a store's day and given back.
        metrics: where grids that cannot be read are counted.
    """

    def __init__(self, pool: Pool, metrics: BackendMetrics) -> None:
        self._pool = pool
        self._metrics = metrics
        self._reached: dict[str, datetime] = {}
        self._seen: dict[int, int] = {}

    async def look(self, now: datetime) -> int:
        """Look at every store once; return how many hours were added up."""
        async with self._pool.connection() as connection:
            store_ids = await stores_with_heat(connection)
            newest = await newest_batches(connection)
            late = await late_hours(
                connection, after=self._seen, upto=newest, before_at=floor_to(now, _HOUR) - LOOKED_AT
            )
        count = 0
        for store_id in store_ids:
            try:
                count += await self._look_at(store_id, now)
                for hour_at in late.get(store_id, ()):
                    count += await self._keep(store_id, TimeSpan(hour_at, hour_at + _HOUR))
            except (NotFoundError, ValidationError) as exc:
                _LOG.warning("%s keeps no heat: %s", store_id, exc, extra={"store_id": store_id})
        self._seen = newest
        return count

    async def _look_at(self, store_id: str, now: datetime) -> int:
        end_at = floor_to(now, _HOUR)
        recent_at = end_at - LOOKED_AT
        count = await self._keep(store_id, TimeSpan(recent_at, end_at))
        async with self._pool.connection() as connection:
            first_at = await first_grid_at(connection, store_id)
        to_at = min(self._reached.get(store_id, recent_at), recent_at)
        if first_at is None or first_at >= to_at:
            self._reached.pop(store_id, None)  # from the beginning, next time
            return count
        from_at = max(to_at - _DAY, floor_to(first_at, _HOUR))
        count += await self._keep(store_id, TimeSpan(from_at, to_at))
        self._reached[store_id] = from_at
        return count

    async def _keep(self, store_id: str, span: TimeSpan) -> int:
        async with self._pool.connection() as connection:
            layout = StoreLayout.model_validate((await registry.get_store(connection, store_id))["layout"])
            return len(await keep_hours(connection, layout=layout, span=span, metrics=self._metrics))


async def keep_heat(pool: Pool, clock: Clock, metrics: BackendMetrics, *, every_s: float = _EVERY_S) -> None:
    """Look again and again, for ever; while the database is away, it waits."""
    upkeep = HeatUpkeep(pool, metrics)
    while True:
        await asyncio.sleep(every_s)  # first of all a backend that has just begun answers
        try:
            count = await upkeep.look(clock.now())
        except (psycopg.Error, PoolTimeout) as exc:
            _LOG.warning("heat waits to be added up: %s: %s", type(exc).__name__, exc)
        else:
            _LOG.debug("added up heat of %d hours", count)
