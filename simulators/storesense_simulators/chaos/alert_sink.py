"""A webhook's receiver that counts what it got by key, and knows when something is under way."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from storesense_backend.notify.signing import KEY_HEADER


class AlertSink:
    """Takes everything, a little slowly, so that kills find messages that were taken and not answered yet.

    Args:
        chance: for the time that an answer takes.
        sender_of: names the process behind a port, each of which dies once.
        slowest_s: the longest time that an answer takes, in seconds.

    Attributes:
        taken: by key, how often it came.
        repeats: how often a key came again though a process had sent it, by that process.
        kills: how many kills there were; whoever kills counts it up.
    """

    def __init__(
        self, chance: random.Random, *, sender_of: Callable[[int], int | None], slowest_s: float = 0.1
    ) -> None:
        self._chance = chance
        self._sender_of = sender_of
        self._slowest_s = slowest_s
        self.taken: Counter[str] = Counter()
        self.repeats: Counter[tuple[int | None, str]] = Counter()
        self._last_sender: dict[str, int | None] = {}
        self.kills = 0
        self._came = asyncio.Event()
        self.app = Starlette(routes=[Route("/hook", self._take, methods=["POST"])])

    async def _take(self, request: Request) -> Response:
        await request.body()
        key = request.headers.get(KEY_HEADER, "")
        if self.taken[key]:
            self.repeats[self._last_sender[key], key] += 1
        self._last_sender[key] = None if request.client is None else self._sender_of(request.client.port)
        self.taken[key] += 1
        self._came.set()
        await asyncio.sleep(self._chance.uniform(0.0, self._slowest_s))
        return Response(status_code=204)

    async def wait(self, timeout_s: float) -> bool:
        """Wait until the next message has come and is not answered yet; False if none did."""
        self._came.clear()
        try:
            async with asyncio.timeout(timeout_s):
                await self._came.wait()
        except TimeoutError:
            return False
        return True
