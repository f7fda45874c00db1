"""What became of messages, written in one transaction: sent, to go again, given up, or left out."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from storesense_backend.database import Connection
from storesense_backend.notify import records
from storesense_backend.notify.parcels import Ready
from storesense_backend.notify.senders.port import SendError
from storesense_backend.settings import NotifySettings
from storesense_contracts.backoff import Backoff


@dataclass(frozen=True, slots=True)
class Outcome:
    """A message that was tried; ``error`` is None where the channel took it."""

    ready: Ready
    error: SendError | None
    took_s: float


class Ledger:
    """Writes what became of the deliveries that one worker claimed.

    Args:
        claims: of the worker.
        settings: how often and for how long is tried.
    """

    def __init__(self, claims: records.Claims, settings: NotifySettings) -> None:
        self._claims = claims
        self._settings = settings
        self._retry = Backoff(base_s=settings.retry_base_s, limit_s=settings.retry_limit_s)

    async def write(self, connection: Connection, outcomes: Sequence[Outcome], now: datetime) -> None:
        """Write all of them, or none."""
        async with connection.transaction():
            sent = [each for outcome in outcomes if outcome.error is None for each in outcome.ready.delivery_ids]
            if sent:
                await self._claims.sent(connection, sent, now)
            for outcome in outcomes:
                await self._write_other(connection, outcome, now)

    async def _write_other(self, connection: Connection, outcome: Outcome, now: datetime) -> None:
        ready, error = outcome.ready, outcome.error
        if ready.skipped:
            await self._claims.ended(connection, ready.skipped, "skipped", ready.skip_reason, now)
        if error is None:
            return
        if self.is_dead(ready, error, now):
            await self._claims.ended(connection, ready.delivery_ids, "dead", error.reason, now)
            if error.is_gone:
                await connection.execute(records.SQL["switch_off"], {"channel_id": ready.way.channel_id})
        else:
            wait_s = self._retry.wait_s(ready.attempts, random.random())  # noqa: S311 -- jitter is no secret
            await self._claims.failed(connection, ready.delivery_ids, now + timedelta(seconds=wait_s), error.reason)

    def is_dead(self, ready: Ready, error: SendError, now: datetime) -> bool:
        """Tell whether a message that failed is given up."""
        is_old = now - ready.created_at > timedelta(hours=self._settings.max_age_h)
        return error.is_final or ready.attempts >= self._settings.attempts or is_old
