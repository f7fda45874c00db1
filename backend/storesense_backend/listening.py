"""Where a service listens: the port is taken before anything else starts, so that a taken one is a clear error."""

import asyncio
import errno
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp

from storesense_backend.errors import PortTakenError
from storesense_backend.http_protocol import BoundedHttpProtocol


def listen_on(host: str, port: int, *, setting: str) -> socket.socket:
    """Take a TCP port; ``setting`` names it in the error.

    Raises:
        PortTakenError: somebody has it, or the address is not ours.
    """
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as exc:
        raise PortTakenError(host=host, port=port, reason=f"no such address ({exc.strerror})", setting=setting) from exc
    listener = socket.socket(family, kind, proto)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(socket.SOMAXCONN)
    except OSError as exc:
        listener.close()
        taken = exc.errno == errno.EADDRINUSE
        reason = "another program has that port" if taken else os.strerror(exc.errno or 0)
        raise PortTakenError(host=host, port=port, reason=reason, setting=setting) from exc
    listener.setblocking(False)
    return listener


def address_of(listener: socket.socket) -> str:
    """Return the URL a listening socket is reached at."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Server(uvicorn.Server):
    """Serves one application on a socket that was taken before, and ends cleanly when it is told to.

    The first SIGTERM or SIGINT ends it, a second one at once. ``before_end`` is called before open requests are waited
    for, so that those without an end can be ended.
    """

    def __init__(self, app: ASGIApp, *, before_end: Callable[[], None] | None = None, graceful_s: int = 5) -> None:
        super().__init__(
            uvicorn.Config(
                cast(Any, app),  # uvicorn spells out every kind of ASGI message
                http=BoundedHttpProtocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=graceful_s,
                proxy_headers=True,
                forwarded_allow_ips="127.0.0.1",
            )
        )
        self._before_end = before_end

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Turn signals into an orderly end; uvicorn's own way would raise them again before we have cleaned up."""
        loop = asyncio.get_running_loop()
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.end)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    def end(self) -> None:
        """Begin to end; called again, end at once."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what has no end of its own, then connections."""
        if self._before_end is not None:
            self._before_end()
        await super().shutdown(sockets)
