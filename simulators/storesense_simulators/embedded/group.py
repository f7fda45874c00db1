"""Several services that start in order, run together, and stop in the opposite order whatever happens."""

import asyncio
import logging
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self, TypeVar

from storesense_simulators.embedded.errors import ServiceError
from storesense_simulators.embedded.lifetime import Lifetime

_logger = logging.getLogger(__name__)

_S = TypeVar("_S", bound=Lifetime)

_WATCH_STEP_S = 0.2


class ServiceGroup:
    """Starts services one after another and stops them in reverse.

    ``async with`` gives the same end to every story: a start that fails half-way, Ctrl-C and SIGTERM (as the
    cancellation that the caller turns them into), an error in the body. Each service has its own deadline
    to stop in, after which it is killed.
    """

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._services: list[Lifetime] = []

    async def __aenter__(self) -> Self:
        await self._stack.__aenter__()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._services.clear()  # from here on an end is no surprise
        await self._stack.__aexit__(exc_type, exc, traceback)

    async def start(self, service: _S) -> _S:
        """Start ``service``, wait until it is ready, and return it. Raises what its own ``start`` raises."""
        await self._stack.enter_async_context(service)
        self._services.append(service)
        return service

    async def first_failure(self) -> ServiceError:
        """Wait until a service of the group ends by itself, and return the error that tells how.

        One that was stopped or killed through its object does not count.
        """
        while True:
            for service in self._services:
                failure = service.failure()
                if failure is not None:
                    _logger.error("a service is gone: %s", failure)
                    return failure
            await asyncio.sleep(_WATCH_STEP_S)
