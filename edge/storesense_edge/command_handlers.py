"""What a device does for each kind of command, as far as it can."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import TYPE_CHECKING

from storesense_contracts.device_commands import CommandKind
from storesense_edge.command_runner import CommandRefusedError, RestartRequestedError
from storesense_edge.identify_light import LightError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from storesense_contracts.device_commands import CommandArguments
    from storesense_edge.command_runner import Handler
    from storesense_edge.identify_light import IdentifyLight

_logger = logging.getLogger(__name__)


def identify(name: str, light: IdentifyLight | None, *, host: Callable[[], str] = socket.gethostname) -> Handler:
    """Make what says which machine a device runs on, and blinks its light if it has one.

    Args:
        name: of the device, for the log.
        light: of the machine.
        host: tells the machine's name.
    """

    async def handle(_arguments: CommandArguments) -> str:
        _logger.warning("%s: somebody asks which machine this is: %s.", name, host())
        if light is None:
            return f"It runs on {host()}, which has no light to blink (STORESENSE_EDGE_IDENTIFY_LIGHT)."
        try:
            await light.blink()
        except LightError as exc:
            return f"It runs on {host()}. {exc}"
        return f"It runs on {host()}, whose light has blinked."

    return handle


def report_now(report: Callable[[], int]) -> Handler:
    """Make what tells the condition of all components; ``report`` does and returns how many there are."""

    async def handle(_arguments: CommandArguments) -> str:
        count = report()
        return f"Told the condition of {count} component{'' if count == 1 else 's'}."

    return handle


def restart_agent() -> Handler:
    """Make what lets the device's agent begin anew."""

    async def handle(_arguments: CommandArguments) -> str:
        raise RestartRequestedError("The agent begins anew.")

    return handle


def zero_slot(slots: Mapping[str, Callable[[], Awaitable[str]]]) -> Handler:
    """Make what takes a slot's present weight for zero.

    Args:
        slots: by id, what does that.
    """

    async def handle(arguments: CommandArguments) -> str:
        zero = slots.get(arguments.slot_id or "")
        if zero is None:
            raise CommandRefusedError(f"This device weighs {', '.join(sorted(slots))}, and not {arguments.slot_id}.")
        return await zero()

    return handle


class LogLevels:
    """Lets the program log more or less for a while. There is one log a process, whichever device is asked.

    Args:
        logger: whose level is changed.
    """

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._usual: int | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def handle(self, arguments: CommandArguments) -> str:
        """Set the level, and have it set back after ``for_s``."""
        level, for_s = (arguments.level or "info").upper(), arguments.for_s or 0
        if self._timer is None:
            self._usual = self._logger.level
        else:
            self._timer.cancel()
        self._logger.setLevel(level)
        self._timer = asyncio.get_running_loop().call_later(for_s, self.restore)
        return f"Everything of this machine logs at {arguments.level} for {for_s} s."

    def restore(self) -> None:
        """Log as before."""
        if self._timer is None:
            return
        self._timer.cancel()
        self._timer = None
        self._logger.setLevel(self._usual or logging.NOTSET)


LOG_LEVELS = LogLevels(logging.getLogger("storesense_edge"))
"""Of this process."""


def common_handlers(
    name: str, *, report: Callable[[], int], light: IdentifyLight | None = None
) -> dict[CommandKind, Handler]:
    """Return what every device can do.

    Args:
        name: of the device, for the log.
        report: tells the condition of all its components and returns how many there are.
        light: of the machine.
    """
    return {
        CommandKind.IDENTIFY: identify(name, light),
        CommandKind.REPORT_NOW: report_now(report),
        CommandKind.SET_LOG_LEVEL: LOG_LEVELS.handle,
    }
