"""Taking up planograms whose time has come, as long as the backend runs."""

import asyncio
import logging

import psycopg
from psycopg_pool import PoolTimeout
from pydantic import ValidationError

from storesense_backend.database import Pool
from storesense_backend.planogram.records import take_up_due
from storesense_contracts.clock import Clock

_LOG = logging.getLogger(__name__)
_EVERY_S = 5.0


async def keep_planograms(pool: Pool, clock: Clock, *, every_s: float = _EVERY_S) -> None:
    """Take up what is due, for ever; while the database is away, it waits."""
    while True:
        try:
            async with pool.connection() as connection:
                for store_id in await take_up_due(connection, clock.now()):
                    _LOG.info("%s has a new planogram", store_id, extra={"store_id": store_id})
        except (psycopg.Error, PoolTimeout, ValidationError) as exc:
            _LOG.warning("planograms that are due wait: %s: %s", type(exc).__name__, exc)
        await asyncio.sleep(every_s)
