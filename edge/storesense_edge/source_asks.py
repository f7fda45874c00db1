"""What the event loop asks of a source's thread: answered there, or withdrawn when it takes too long."""

from __future__ import annotations

import asyncio
import queue
from concurrent.futures import Future

from storesense_contracts.errors import StoresenseError


class NoAnswerError(StoresenseError):
    """The source did not get to it in time."""

    code = "no_answer"


class SourceAsks:
    """Questions to one source; the loop asks and the source's thread takes them up between two of its samples."""

    def __init__(self) -> None:
        self._asked: queue.SimpleQueue[Future[str]] = queue.SimpleQueue()

    async def ask(self, within_s: float, otherwise: str) -> str:
        """Wait for what the source says.

        Args:
            within_s: how long; then the question is withdrawn.
            otherwise: what to say if nothing came.

        Raises:
            NoAnswerError: nothing came in time.
            StoresenseError: what the source refuses with.
        """
        future: Future[str] = Future()
        self._asked.put(future)
        try:
            async with asyncio.timeout(within_s):
                return await asyncio.wrap_future(future)
        except TimeoutError as exc:
            raise NoAnswerError(otherwise) from exc

    def take(self) -> Future[str] | None:
        """Return the oldest question that still stands, None if there is none; called by the source's thread."""
        while True:
            try:
                future = self._asked.get_nowait()
            except queue.Empty:
                return None
            if not future.cancelled():
                return future


def answer(future: Future[str], said: str | StoresenseError) -> None:
    """Answer a question, unless it has been withdrawn."""
    if not future.set_running_or_notify_cancel():
        return
    if isinstance(said, StoresenseError):
        future.set_exception(said)
    else:
        future.set_result(said)
