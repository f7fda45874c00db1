"""A TCP proxy on loopback that breaks connections as it is told."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from types import TracebackType
from typing import Self

from storesense_simulators.chaos.plan import Fault
from storesense_simulators.embedded.ports import LOOPBACK

_CHUNK_BYTES = 65_536
_DELAY_S = 0.4
_RESET_LINGER = struct.pack("ii", 1, 0)


class _Pipe:
    """One proxied connection."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.writers = (client, server)
        self.is_dead = False

    def reset(self) -> None:
        """Cut both sides off with a reset, as a machine does that knows nothing of the connection."""
        for writer in self.writers:
            sock = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                if sock is not None:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_LINGER)
            writer.transport.abort()

    def close(self) -> None:
        """Close both sides in good order."""
        for writer in self.writers:
            writer.close()


class FaultProxy:
    """Listens on loopback and passes to a target, or does one of the faults; an async context manager.

    Args:
        name: what logs call it.
        target: tells host and port to pass to, asked anew for every connection.
    """

    def __init__(self, name: str, target: Callable[[], tuple[str, int]]) -> None:
        self.name = name
        self._target = target
        self._fault = Fault.PASS
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._pipes: set[_Pipe] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def __aenter__(self) -> Self:
        """Listen."""
        await self._listen()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close everything."""
        self._stop_listening()
        for pipe in list(self._pipes):
            pipe.reset()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def apply(self, fault: Fault) -> None:
        """Do ``fault`` from now on; PASS ends it, but connections that HALF_OPEN left dead stay so."""
        self._fault = fault
        if fault is Fault.BLACKHOLE:
            self._flowing.clear()
        else:
            self._flowing.set()
        if fault is Fault.HALF_OPEN:
            for pipe in self._pipes:
                pipe.is_dead = True
        if fault is Fault.REFUSE:
            self._stop_listening()
            for pipe in list(self._pipes):
                pipe.close()
        if fault is Fault.RESET:
            for pipe in list(self._pipes):
                pipe.reset()
        if fault is not Fault.REFUSE and self._server is None:
            await self._listen()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, LOOPBACK, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        with contextlib.suppress(asyncio.CancelledError):  # asyncio's server would log it as a mistake
            await self._pass_on(reader, writer)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._fault is Fault.RESET:
            _Pipe(writer, writer).reset()
            return
        await self._flowing.wait()
        try:
            server_reader, server_writer = await asyncio.open_connection(*self._target())
        except OSError:
            writer.transport.abort()
            return
        pipe = _Pipe(writer, server_writer)
        self._pipes.add(pipe)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(pipe, reader, server_writer), name=f"{self.name} up")
                group.create_task(self._pump(pipe, server_reader, writer), name=f"{self.name} down")
        finally:
            self._pipes.discard(pipe)
            pipe.close()

    async def _pump(self, pipe: _Pipe, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK_BYTES):
                if pipe.is_dead:
                    continue
                await self._flowing.wait()
                if self._fault is Fault.DELAY:
                    await asyncio.sleep(_DELAY_S)
                if not pipe.is_dead:
                    writer.write(data)
                    await writer.drain()
        if pipe.is_dead:
            # One end has noticed; the other hears nothing, as it would not through a dead link either.
            for each in pipe.writers:
                if each is not writer:
                    each.close()
        else:
            pipe.close()
