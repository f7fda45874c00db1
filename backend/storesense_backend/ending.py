"""Ending tasks for certain."""

import asyncio
from typing import Any

AGAIN_S = 6.0
"""Longer than whoever is told to end takes to leave in order."""


async def ended(*tasks: asyncio.Task[Any], again_s: float = AGAIN_S) -> None:
    """Cancel tasks and wait until all are over; whoever goes on is told again.

    A pool that gives a task its connection just when that is cancelled loses what it was told (psycopg issues 1345 and
    1401), and so the task goes on as if nothing had been said.

    Args:
        tasks: what is to end; those that are over already are none the worse.
        again_s: a task that has not ended after so many seconds is told again.

    Raises:
        Exception: what a task failed with, the first of them.
    """
    going = set(tasks)
    while going:
        for task in going:
            task.cancel()
        _, going = await asyncio.wait(going, timeout=again_s)
    for task in tasks:
        if not task.cancelled() and (failure := task.exception()) is not None:
            raise failure
