"""Keeping services up: one that ends by itself is started again, later each time, and given up in the end."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from storesense_simulators.embedded.errors import ServiceError
from storesense_simulators.embedded.lifetime import Lifetime

_LOOK_EVERY_S = 0.2
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0
_STEADY_S = 60.0
_MOST_RESTARTS = 8


def pause_s(restarts: int) -> float:
    """Return how long to wait before restart number ``restarts`` (from 1): doubling from half a second to ten."""
    return min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** (restarts - 1))


async def keep_up(
    name: str,
    service: Lifetime,
    *,
    tell: Callable[[str], None],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    monotonic_s: Callable[[], float] = time.monotonic,
) -> None:
    """Start ``service`` again whenever it ends by itself, until cancelled.

    Args:
        name: what to call it.
        service: started already; whoever started it also stops it.
        tell: takes a sentence about each end and each new start.
        sleep: waits for so many seconds.
        monotonic_s: tells seconds that never run backwards.

    Raises:
        ServiceError: it ended, or did not start, eight times without a minute of steady work in between.
    """
    restarts, started_s = 0, monotonic_s()
    while True:
        failure = service.failure()
        if failure is None:
            await sleep(_LOOK_EVERY_S)
            continue
        if monotonic_s() - started_s >= _STEADY_S:
            restarts = 0
        restarts += 1
        if restarts > _MOST_RESTARTS:
            raise failure
        tell(f"{failure}")
        tell(f"{name} is started again in {pause_s(restarts):g} s")
        await sleep(pause_s(restarts))
        started_s = monotonic_s()
        try:
            await service.__aenter__()  # its end is with whoever started it first
        except ServiceError as exc:
            if restarts >= _MOST_RESTARTS:
                raise
            tell(f"{name} did not start: {exc}")
        else:
            tell(f"{name} is back after {monotonic_s() - started_s:.1f} s")
