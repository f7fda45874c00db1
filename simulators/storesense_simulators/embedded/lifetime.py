"""One lifetime for blocking services, as a context manager for plain and for asynchronous code."""

import asyncio
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from storesense_simulators.embedded.errors import ServiceError


class Lifetime(ABC):
    """Something that is started, used and stopped, by calls that block.

    ``with`` runs them here, ``async with`` runs them in a thread. When an asynchronous start is cancelled, it
    is called off and undone before the cancellation goes on, so that no process stays behind.
    """

    @abstractmethod
    def start(self) -> None:
        """Start, and return when ready; undo everything if that fails."""

    @abstractmethod
    def stop(self) -> None:
        """Stop, and return when nothing runs any more; harmless if nothing does."""

    @abstractmethod
    def failure(self) -> ServiceError | None:
        """Return the error that tells how it ended although nobody asked it to; None while all is well."""

    @abstractmethod
    def abandon(self) -> None:
        """Make a ``start`` that is under way in another thread give up soon."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        starting = asyncio.ensure_future(asyncio.to_thread(self.start))
        try:
            await asyncio.shield(starting)
        except asyncio.CancelledError:
            self.abandon()
            await asyncio.wait([starting])
            if not starting.cancelled():
                starting.exception()  # it was called off: its own error no longer matters
            await asyncio.to_thread(self.stop)
            raise
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        stopping = asyncio.ensure_future(asyncio.to_thread(self.stop))
        try:
            await asyncio.shield(stopping)
        except asyncio.CancelledError:
            await asyncio.wait([stopping])  # a stop is bounded by its own deadline: let it finish
            raise
