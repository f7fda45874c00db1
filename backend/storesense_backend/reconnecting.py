"""Work on a connection of its own that is begun anew whenever the connection is lost, and how it is going."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

import psycopg

from storesense_contracts.backoff import Backoff
from storesense_contracts.clock import Clock
from storesense_contracts.database import DatabaseError

_LOG = logging.getLogger(__name__)
_RETRY = Backoff(base_s=0.2, limit_s=10.0)
_LASTING_S = 60.0
"""Who worked for so long before it failed has got over what failed before."""


def _nothing() -> None:
    pass


class Reconnecting:
    """Begins some work again and again until it is cancelled.

    Args:
        name: what works, for the log, such as "the alert engine".
        clock: tells how long it worked.
        quiet_s: after so many seconds without ``alive`` it counts as failing.
        on_lost: called when a connection was lost.
        on_failed: called when the work itself failed.
        wait: waits between two tries.
        chance: returns a random number in 0..1.
    """

    def __init__(
        self,
        name: str,
        clock: Clock,
        *,
        quiet_s: float = 15.0,
        on_lost: Callable[[], object] = _nothing,
        on_failed: Callable[[], object] = _nothing,
        wait: Callable[[float], Awaitable[object]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._name = name
        self._clock = clock
        self._quiet_s = quiet_s
        self._on_lost = on_lost
        self._on_failed = on_failed
        self._wait = wait
        self._chance = chance
        self._alive_s = clock.monotonic_s()
        self._problem: str | None = None

    def alive(self) -> None:
        """Take note that some of the work was done."""
        self._alive_s = self._clock.monotonic_s()
        self._problem = None

    @property
    def health(self) -> dict[str, object]:
        """Tell how it is: ``status`` is ``ok`` or ``failing``, ``problem`` says why."""
        quiet_s = self._clock.monotonic_s() - self._alive_s
        is_well = self._problem is None and quiet_s < self._quiet_s
        return {
            "status": "ok" if is_well else "failing",
            "problem": self._problem or (None if is_well else f"nothing was done for {quiet_s:.0f} s"),
        }

    async def run(self, work: Callable[[], Awaitable[None]], *, forget: Callable[[], None] = _nothing) -> None:
        """Work until cancelled.

        Args:
            work: connects and works for as long as it can.
            forget: called whenever the work is over, also by cancellation: what was read is read anew.
        """
        failures = 0
        while True:
            began_s = self._clock.monotonic_s()
            try:
                await work()
            except (psycopg.Error, DatabaseError, OSError) as exc:
                self._problem = _told(exc)
                self._on_lost()
                _LOG.warning("%s lost its database and tries again: %s", self._name, exc)
            except Exception as exc:  # noqa: BLE001 -- the supervisor: it logs and goes on
                self._problem = _told(exc)
                self._on_failed()
                _LOG.exception("%s failed and begins anew", self._name)
            finally:
                forget()
            failures = 1 if self._clock.monotonic_s() - began_s > _LASTING_S else failures + 1
            await self._wait(_RETRY.wait_s(failures, self._chance()))


def _told(exc: Exception) -> str:
    return f"{type(exc).__name__}: {exc}"
