"""Numbers are told at shared instants: all who watch a store take the same bytes in one pass, past the server's layers.

What a delivery costs is then one write to a socket. A stream that takes nothing is left to its own task, which waits
for it; alerts and snapshots are always told by that task, so that an update never overtakes the snapshot it changes.
"""

import asyncio
import math
from collections.abc import Callable
from typing import Protocol

from storesense_backend.live.subscription import Subscription

_AT_ONCE = 200
"""Streams told without letting others of the process have their turn, some milliseconds of work."""


class Outlet(Protocol):
    """Where the body of one chunked answer goes, past ASGI."""

    @property
    def is_blocked(self) -> bool:
        """Whether the other side takes nothing at present, or has gone."""

    def write(self, chunk: bytes) -> None:
        """Send a whole chunk, its frame included."""

    def abort(self) -> None:
        """End the connection at once, whatever still waits to be taken."""


class Listener:
    """One stream with an outlet.

    Attributes:
        subscription: what the stream is to be told.
        is_busy: its task is sending, so that nobody else may.
        is_stalled: the outlet was blocked when numbers were due; the task tells them as soon as it can.
    """

    __slots__ = ("is_busy", "is_stalled", "outlet", "subscription")

    def __init__(self, subscription: Subscription, outlet: Outlet) -> None:
        self.subscription = subscription
        self.outlet = outlet
        self.is_busy = True
        self.is_stalled = False


class Turns:
    """Tells listeners their numbers, at most so many times a second.

    Args:
        rate_per_s: turns a second; they lie at multiples of its inverse of the loop's clock.
        on_told: told after each pass how many updates went out.
    """

    def __init__(self, rate_per_s: float, on_told: Callable[[int], None]) -> None:
        self._rate_per_s = rate_per_s
        self._on_told = on_told
        self._due: dict[Listener, None] = {}
        self._blocked: set[Listener] = set()
        self._is_planned = False

    @property
    def blocked(self) -> int:
        """How many listeners took nothing when numbers were due, and have not taken any since."""
        return len(self._blocked)

    def add(self, listener: Listener) -> None:
        """Give a listener the next turn."""
        self._due[listener] = None
        if not self._is_planned:
            self._is_planned = True
            loop = asyncio.get_running_loop()
            loop.call_at(next_turn_s(loop.time(), self._rate_per_s), self._pass)

    def drop(self, listener: Listener) -> None:
        """Forget a listener."""
        self._due.pop(listener, None)
        self._blocked.discard(listener)

    def freed(self, listener: Listener) -> None:
        """Take note that a listener has taken what its task sent."""
        self._blocked.discard(listener)

    def _pass(self) -> None:
        due, self._due, self._is_planned = list(self._due), {}, False
        self._tell(due, 0)

    def _tell(self, due: list[Listener], start: int) -> None:
        told = sum(map(self._told, due[start : start + _AT_ONCE]))
        self._on_told(told)
        if start + _AT_ONCE < len(due):
            asyncio.get_running_loop().call_soon(self._tell, due, start + _AT_ONCE)

    def _told(self, listener: Listener) -> bool:
        subscription = listener.subscription
        if listener.is_busy or subscription.is_urgent or subscription.is_closed:
            return False  # its task has something to say first, and then asks for a turn again
        if listener.outlet.is_blocked:
            listener.is_stalled = True
            self._blocked.add(listener)
            subscription.hurry()
            return False
        update = subscription.take_update()
        if update is None:
            return False
        listener.outlet.write(update.chunk())
        return True


def next_turn_s(now_s: float, rate_per_s: float) -> float:
    """Return the next instant at which numbers are told; the same for all, so that all are told the same."""
    return (math.floor(now_s * rate_per_s) + 1.0) / rate_per_s
