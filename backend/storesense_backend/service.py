"""The backend as a running service."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from storesense_backend.accounts import SessionLimits
from storesense_backend.api.app import build_app
from storesense_backend.api.context import Context
from storesense_backend.chain.board import ChainBoard
from storesense_backend.database import check_schema, new_pool, opened
from storesense_backend.depletion.records import Depletion
from storesense_backend.drawing.signer import PassSigner, keep_key_shown
from storesense_backend.ending import ended
from storesense_backend.forecasts.records import Forecasts
from storesense_backend.heat_upkeep import keep_heat
from storesense_backend.listening import Server, address_of, listen_on
from storesense_backend.live.feed import LiveFeed
from storesense_backend.metrics import BackendMetrics
from storesense_backend.notify.sealing import seal_plain
from storesense_backend.notify.vault import Vault
from storesense_backend.passwords import Passwords
from storesense_backend.planogram.upkeep import keep_planograms
from storesense_backend.settings import BackendSettings
from storesense_backend.staffing.records import Staffing
from storesense_backend.throttle import SignInThrottle
from storesense_contracts.clock import Clock

_LOG = logging.getLogger(__name__)


@asynccontextmanager
async def build_backend(
    settings: BackendSettings, *, conninfo: str, clock: Clock, vault: Vault, passwords: Passwords | None = None
) -> AsyncIterator[Context]:
    """Put the backend together around its database; the live feed runs as long as this lasts.

    Args:
        settings: of the backend.
        conninfo: libpq connection string.
        clock: the present.
        vault: seals the channels' secrets.
        passwords: instead of those with the usual cost.

    Raises:
        DatabaseError: it cannot be reached, or its schema is not this release's.
        VaultError: an earlier release kept channels' secrets plain, and they cannot be sealed.
    """
    await check_schema(conninfo)
    metrics = BackendMetrics()
    pool = new_pool(conninfo, size=settings.pool_size, statement_timeout_s=settings.statement_timeout_s)
    async with opened(pool):
        feed = LiveFeed(conninfo=conninfo, pool=pool, clock=clock, settings=settings, metrics=metrics)
        depletion = Depletion()
        context = Context(
            settings=settings,
            clock=clock,
            pool=pool,
            feed=feed,
            metrics=metrics,
            passwords=passwords or Passwords(concurrency=settings.sign_in_concurrency),
            throttle=SignInThrottle(secret=secrets.token_bytes(32)),
            session_limits=SessionLimits(
                idle=timedelta(hours=settings.session_idle_hours), longest=timedelta(days=settings.session_max_days)
            ),
            depletion=depletion,
            staffing=Staffing(),
            forecasts=Forecasts(),
            chain=ChainBoard(pool=pool, clock=clock, depletion=depletion),
            vault=vault,
            signer=PassSigner(),
        )
        await context.passwords.prepare()
        async with pool.connection() as connection:
            await seal_plain(connection, vault)
        following = asyncio.create_task(feed.run(), name="live feed")
        planning = asyncio.create_task(keep_planograms(pool, clock), name="planograms")
        showing = asyncio.create_task(keep_key_shown(pool, context.signer), name="setup key")
        warming = asyncio.create_task(keep_heat(pool, clock, metrics), name="heat")
        comparing = asyncio.create_task(context.chain.run(), name="chain")
        try:
            yield context
        finally:
            feed.close()
            await ended(following, planning, showing, warming, comparing)


async def run_backend(settings: BackendSettings, *, conninfo: str, clock: Clock, vault: Vault) -> None:
    """Serve until told to stop.

    Raises:
        PortTakenError: the port is not free.
        DatabaseError, VaultError: see ``build_backend``.
    """
    listener = listen_on(settings.host, settings.port, setting="STORESENSE_BACKEND_PORT")
    try:
        async with build_backend(settings, conninfo=conninfo, clock=clock, vault=vault) as context:
            server = Server(build_app(context), before_end=context.feed.close)
            _LOG.info("the backend listens at %s", address_of(listener))
            await server.serve(sockets=[listener])
    finally:
        listener.close()
