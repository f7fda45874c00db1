"""Does what a device is asked to do: each command once at most, none after it has expired, and answers each.

An id is on disk before anything is done, and what was done is on disk before the id is noted as over. So after a crash
in between a command is told as failed, and is not tried again; a restart that was begun was done, as the next start
proves.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from storesense_contracts.device_commands import CommandArguments, CommandKind, argument_problem, decode_command
from storesense_contracts.errors import StoresenseError
from storesense_contracts.ids import CommandId
from storesense_contracts.messages import PayloadError
from storesense_contracts.readings import CommandResult, CommandState
from storesense_contracts.topics import Stream
from storesense_edge.outbox_errors import OutboxError

if TYPE_CHECKING:
    from datetime import datetime

    from storesense_contracts.clock import Clock
    from storesense_contracts.device_commands import DeviceCommand
    from storesense_contracts.readings import AnyReading

_logger = logging.getLogger(__name__)

_MOST_WAITING = 32
_CLOCK_WAIT_S = 30.0
_LOOK_S = 0.2
_DETAIL_CHARS = 300

Handler = Callable[[CommandArguments], Awaitable[str]]
"""Does one kind of command and returns what to say of it; raises CommandRefusedError or another StoresenseError."""


class CommandRefusedError(StoresenseError):
    """The device will not do what it is asked to; nothing has changed."""

    code = "command_refused"


class RestartRequestedError(StoresenseError):
    """The device's agent is to begin anew; raised out of the runner, and answered by the next start."""

    code = "restart_requested"


class Memory(Protocol):
    """Which commands were begun, kept over restarts."""

    async def begin(self, command_id: CommandId, kind: str) -> bool:
        """Note that a command is begun; False if it was before. Raises OutboxError."""
        ...

    async def end(self, command_id: CommandId) -> None:
        """Note that a command is over. Raises OutboxError."""
        ...

    async def open(self) -> Sequence[tuple[CommandId, str]]:
        """Return those begun and not over. Raises OutboxError."""
        ...


class Answering(Protocol):
    """What the runner asks of the device's link."""

    @property
    def commands(self) -> Memory:
        """Which commands were begun."""
        ...

    @property
    def clock_offset_ms(self) -> int | None:
        """How far the gateway's clock is ahead of ours; None while that is not known."""
        ...

    def record(self, stream: Stream, reading: AnyReading) -> None:
        """Take a reading."""
        ...

    async def flush(self) -> None:
        """Wait until all that was recorded is on disk. Raises OutboxError."""
        ...


class CommandRunner:
    """Takes commands as they come and does them one after the other.

    Args:
        name: of the device, for the log.
        handlers: by kind, what the device can do.
        clock: tells the time.
    """

    def __init__(self, name: str, handlers: Mapping[CommandKind, Handler], clock: Clock) -> None:
        self._name = name
        self._handlers = dict(handlers)
        self._clock = clock
        self._waiting: asyncio.Queue[DeviceCommand] = asyncio.Queue(_MOST_WAITING)

    @property
    def kinds(self) -> tuple[str, ...]:
        """What the device understands, for its health."""
        return tuple(sorted(kind.value for kind in self._handlers))

    def hear(self, payload: bytes) -> None:
        """Take a command off the wire, on the event loop. One too many is left to the gateway, which sends it again."""
        try:
            self._waiting.put_nowait(decode_command(payload))
        except PayloadError as exc:
            _logger.warning("%s: a command cannot be read and is ignored: %s", self._name, exc)
        except asyncio.QueueFull:
            _logger.warning("%s: too many commands wait; one is left for later.", self._name)

    async def run(self, link: Answering) -> None:
        """Answer what an earlier start left open, then do commands for ever.

        Raises:
            RestartRequestedError: the agent is to begin anew.
        """
        await self._close_earlier(link)
        while True:
            command = await self._waiting.get()
            try:
                await self._do(link, command)
            except OutboxError as exc:
                # Whoever cannot remember an id must not begin: the gateway asks again until the command expires.
                _logger.error("%s: command %s is left undone: %s", self._name, command.command_id, exc)  # noqa: TRY400

    async def _close_earlier(self, link: Answering) -> None:
        try:
            for command_id, kind in await link.commands.open():
                if kind == CommandKind.RESTART_AGENT:
                    state, detail = CommandState.DONE, "The agent began anew."
                else:
                    state, detail = CommandState.FAILED, "The agent ended before this was done; ask again if need be."
                await self._end(link, command_id, kind, state, detail)
        except OutboxError as exc:
            _logger.error("%s: earlier commands stay open: %s", self._name, exc)  # noqa: TRY400

    async def _do(self, link: Answering, command: DeviceCommand) -> None:
        now_at = await self._gateways_now(link)
        command_id, kind = CommandId(command.command_id), command.kind
        if not await link.commands.begin(command_id, kind):
            return
        if now_at is None:
            await self._end(
                link, command_id, kind, CommandState.REFUSED, "The device does not know yet how wrong its clock is."
            )
            return
        if now_at >= command.expires_at:
            late_s = (now_at - command.expires_at).total_seconds()
            await self._end(link, command_id, kind, CommandState.EXPIRED, f"It came {late_s:.0f} s too late.")
            return
        handler = self._handlers.get(CommandKind(kind)) if kind in set(CommandKind) else None
        if handler is None:
            understood = ", ".join(self.kinds) or "no commands"
            await self._end(
                link, command_id, kind, CommandState.REFUSED, f"This device understands {understood}, and not {kind}."
            )
            return
        problem = argument_problem(CommandKind(kind), command.arguments)
        if problem is not None:
            await self._end(link, command_id, kind, CommandState.REFUSED, f"{problem}.")
            return
        _logger.info("%s: does %s (%s).", self._name, kind, command_id)
        self._tell(link, command_id, kind, CommandState.TAKEN, None)
        await link.flush()
        state, detail = await self._handled(handler, command.arguments)
        await self._end(link, command_id, kind, state, detail)

    async def _handled(self, handler: Handler, arguments: CommandArguments) -> tuple[CommandState, str]:
        try:
            return CommandState.DONE, await handler(arguments)
        except CommandRefusedError as exc:
            return CommandState.REFUSED, str(exc)
        except RestartRequestedError:
            raise
        except StoresenseError as exc:
            return CommandState.FAILED, str(exc)
        except Exception as exc:  # the supervisor of handlers: one that fails stops neither the device nor the next
            _logger.exception("%s: a command failed by a mistake in the program.", self._name)
            return CommandState.FAILED, f"A mistake in the program ({type(exc).__name__}); see the agent's log."

    async def _gateways_now(self, link: Answering) -> datetime | None:
        """The present by the gateway's clock; None if that is not known in time."""
        give_up_s = self._clock.monotonic_s() + _CLOCK_WAIT_S
        while (offset_ms := link.clock_offset_ms) is None:
            if self._clock.monotonic_s() >= give_up_s:
                return None
            await asyncio.sleep(_LOOK_S)
        return self._clock.now() + timedelta(milliseconds=offset_ms)

    async def _end(self, link: Answering, command_id: CommandId, kind: str, state: CommandState, detail: str) -> None:
        self._tell(link, command_id, kind, state, detail)
        await link.flush()
        await link.commands.end(command_id)

    def _tell(self, link: Answering, command_id: CommandId, kind: str, state: CommandState, detail: str | None) -> None:
        if detail is not None and len(detail) > _DETAIL_CHARS:
            detail = detail[: _DETAIL_CHARS - 1] + "…"
        reading = CommandResult(
            measured_at=self._clock.now(), command_id=command_id, kind=kind, state=state, detail=detail
        )
        link.record(Stream.RESULT, reading)
        _logger.log(
            logging.INFO if state in (CommandState.TAKEN, CommandState.DONE) else logging.WARNING,
            "%s: command %s (%s) is %s. %s",
            self._name,
            command_id,
            kind,
            state.value,
            detail or "",
        )
