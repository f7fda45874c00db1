"""Commands that the demo runs to their end, and several things at a time."""

import asyncio
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from storesense_simulators.embedded.errors import ChildEndedError, ChildNotReadyError
from storesense_simulators.embedded.process import Child

_COMMAND_DEADLINE_S = 60.0
_LOOK_EVERY_S = 0.05


async def together(*tasks: Coroutine[Any, Any, Any]) -> None:
    """Run all; when one fails the others are called off, and its error is raised by itself."""
    try:
        async with asyncio.TaskGroup() as group:
            for task in tasks:
                group.create_task(task)
    except BaseExceptionGroup as several:
        first: BaseException = several
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from several


async def run_command(command: Child, *, line: str | None = None) -> None:
    """Run a command to its end.

    Raises:
        ChildEndedError: it failed.
        ChildNotReadyError: it took longer than a minute.
    """
    async with command:
        if line is not None:
            with suppress(BrokenPipeError):  # it ended already, and says why in its log
                command.write_line(line)
        deadline_s = time.monotonic() + _COMMAND_DEADLINE_S
        while command.is_running:
            if time.monotonic() > deadline_s:
                raise ChildNotReadyError(
                    name=command.name,
                    deadline_s=_COMMAND_DEADLINE_S,
                    log_path=command.spec.log_path,
                    log_tail=command.log_tail(),
                )
            await asyncio.sleep(_LOOK_EVERY_S)
        failure: ChildEndedError | None = command.failure()
    if failure is not None and failure.returncode != 0:
        raise failure
