"""Blocking sources on a thread, their findings on the event loop, and a bounded number under way between them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from storesense_edge.camera_readings import Measured
    from storesense_edge.health import Health

_BATCHES_UNDER_WAY = 16


class Stop:
    """A request to end, and the only way in which a source may wait."""

    def __init__(self) -> None:
        self._event = threading.Event()

    @property
    def is_set(self) -> bool:
        """Whether the source shall end now."""
        return self._event.is_set()

    def set(self) -> None:
        """Ask the source to end."""
        self._event.set()

    def wait(self, duration_s: float) -> bool:
        """Wait; returns True at once when the source shall end."""
        return self._event.wait(duration_s)


Finding: TypeAlias = "Measured | Health"
"""What a source finds: a reading with its stream, or how it is doing itself."""

Produce = Callable[[Stop], Iterator[Sequence[Finding]]]
"""Yields findings as they come, blocking in between; after the stop is set, it yields what is left and ends."""


async def run_source(produce: Produce, take: Callable[[Finding], None], *, name: str) -> None:
    """Run a blocking source on a thread of its own until it ends or this task is cancelled.

    The thread waits when the event loop falls behind, so nothing piles up between them.

    Args:
        produce: the source.
        take: called on the event loop with each finding.
        name: the thread's name.

    Raises:
        Exception: whatever the source raised.
    """
    loop = asyncio.get_running_loop()
    stop = Stop()
    room = threading.Semaphore(_BATCHES_UNDER_WAY)
    ended: asyncio.Future[None] = loop.create_future()

    def deliver(batch: Sequence[Finding]) -> None:
        room.release()
        for finding in batch:
            take(finding)

    def finish(error: BaseException | None) -> None:
        if error is None:
            ended.set_result(None)
        else:
            ended.set_exception(error)

    def run() -> None:
        error: BaseException | None = None
        try:
            for batch in produce(stop):
                if batch:
                    room.acquire()
                    loop.call_soon_threadsafe(deliver, batch)
        except Exception as exc:  # noqa: BLE001 -- handed on to the task, which is supervised
            error = exc
        loop.call_soon_threadsafe(finish, error)

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    try:
        await asyncio.shield(ended)
    except asyncio.CancelledError:
        stop.set()
        await ended
        raise
    finally:
        await asyncio.to_thread(thread.join)
