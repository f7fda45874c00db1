"""HTTP/1.1 with a bound on what stands before a request's body, and on how long that may take to come.

uvicorn's parser keeps a header of any length, joined anew with each packet, before anything of ours sees the request:
without the bound, anybody who reaches the port can fill the memory and keep the event loop busy without signing in.
"""

import asyncio
import json

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

MAX_HEAD_BYTES = 32_768
"""Request line and headers together. A packet may bring the end of one and a whole body, so that the bound is soft."""
HEAD_TIMEOUT_S = 15.0
_MAX_PACKET_BYTES = 262_144  # what asyncio reads at once

OUTLET = "storesense.outlet"
"""Name of the extension in a request's scope by which a long chunked answer is written past ASGI."""


class ChunkOutlet:
    """Writes chunks of an answer that has begun; its owner sees to it that nothing else is being sent.

    Args:
        transport: of the connection.
        flow: what the connection knows of the other side's willingness.
    """

    __slots__ = ("_flow", "_transport")

    def __init__(self, transport: asyncio.Transport, flow: FlowControl) -> None:
        self._transport = transport
        self._flow = flow

    @property
    def is_blocked(self) -> bool:
        """Whether the other side takes nothing at present, or has gone."""
        return self._flow.write_paused or self._transport.is_closing()

    def write(self, chunk: bytes) -> None:
        """Send a whole chunk, its frame included."""
        self._transport.write(chunk)

    def abort(self) -> None:
        """End the connection at once; an orderly close would wait for ever for the other side to take the rest."""
        self._transport.abort()


class BoundedHttpProtocol(HttpToolsProtocol):
    """Refuses heads that are too long (431) or too slow (408) and closes their connections."""

    _is_in_head = True
    _head_bytes = 0
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._forget_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what comes before the body, and parse it."""
        if self._is_in_head:
            self._await_head()
            self._head_bytes += len(data)
        super().data_received(data)
        if self._is_in_head and self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._refuse_long_head()

    def on_headers_complete(self) -> None:
        """Hand the request over, unless its headers are too long even for one packet."""
        is_too_long = sum(len(name) + len(value) + 4 for name, value in self.headers) + len(self.url) > MAX_HEAD_BYTES
        self._is_in_head = False
        self._head_bytes = 0
        self._forget_timer()
        if is_too_long:
            self._refuse_long_head()
            return
        self.scope["extensions"] = {OUTLET: {"outlet": ChunkOutlet(self.transport, self.flow)}}
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body, unless its request was refused."""
        if not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Begin to count anew; the next request's head is timed from its first byte."""
        self._is_in_head = True
        self._head_bytes = 0
        if not self.transport.is_closing():
            super().on_message_complete()

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_TIMEOUT_S, self._give_up)

    def _forget_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self._refuse("408 Request Timeout", "head_too_slow", f"its head took longer than {HEAD_TIMEOUT_S:g} s")

    def _refuse_long_head(self) -> None:
        reason = f"its address and headers take more than {MAX_HEAD_BYTES} bytes"
        self._refuse("431 Request Header Fields Too Large", "head_too_large", reason)

    def _refuse(self, status: str, code: str, reason: str) -> None:
        self._forget_timer()
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete:  # else it would stand amid another request's answer
            body = json.dumps({"error": {"code": code, "message": f"the request cannot be taken: {reason}"}})
            self.transport.write(
                f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
                f"X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n{body}".encode()
            )
        self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP in the one shape of every error."""
        self._refuse("400 Bad Request", "bad_request", msg.rstrip(".").lower())
