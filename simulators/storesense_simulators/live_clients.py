"""Many watchers of one store's live stream in a process of their own, over plain sockets.

Reads its order as one JSON line on standard input and says ``ready`` when every watcher has its snapshot. Then it
takes a word a line: ``freeze`` adds a watcher that takes nothing after its snapshot (answered by ``frozen``),
``release`` ends it (``released``), ``begin`` and ``end`` bound what is counted (``end`` is answered by the figures).
The end of its input ends it. What a delivery says of its own time of commit stands in ``longest_wait_s``, as the bench
writes it there; looking for it in the bytes costs less than reading JSON each time.
"""

import asyncio
import json
import re
import socket
import sys
import time
from array import array
from collections.abc import Callable
from typing import cast

_SENT_AT = re.compile(rb'"longest_wait_s":([0-9.]+)')
_EVENT = b"\nevent: "
_BODY = b"event: snapshot"
_AT_ONCE = 10
_FROZEN_BUFFER = 4096
"""Bytes that the system may take for one that takes nothing; with the usual ones a run would not fill them."""
_FROZEN_SEGMENT = 536
"""Bytes a packet of that connection: by it the sender's system sizes the buffer of its own, megabytes on loopback."""


class _Watcher(asyncio.Protocol):
    def __init__(self, request: bytes, on_snapshot: Callable[[], None], on_news: Callable[[int, bytes], None]) -> None:
        self._request = request
        self._on_snapshot = on_snapshot
        self._on_news = on_news
        self._has_snapshot = False
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        cast("asyncio.Transport", transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        """Count events once the snapshot is there."""
        if self._has_snapshot:
            self._on_news(data.count(_EVENT), data)
            return
        self._head += data
        if not self._head.startswith(b"HTTP/1.1 200"):
            sys.stderr.write(self._head.decode(errors="replace") + "\n")
        if _BODY in self._head:
            self._has_snapshot = True
            self._head = b""
            self._on_snapshot()


class _Counts:
    def __init__(self, base_s: float) -> None:
        self._base_s = base_s
        self.is_counting = False
        self.deliveries = 0
        self.latencies_ms = array("f")

    def begin(self) -> None:
        self.deliveries, self.latencies_ms = 0, array("f")
        self.is_counting = True

    def end(self) -> dict[str, float | None]:
        self.is_counting = False
        latencies = sorted(self.latencies_ms)
        p99 = latencies[int(len(latencies) * 0.99)] if latencies else None
        p50 = latencies[len(latencies) // 2] if latencies else None
        return {"deliveries": self.deliveries, "p50_ms": p50, "p99_ms": p99}

    def news(self, events: int, data: bytes) -> None:
        if not self.is_counting or not events:
            return
        self.deliveries += events
        found = _SENT_AT.search(data)
        if found:
            self.latencies_ms.append((time.time() - self._base_s - float(found[1])) * 1000.0)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class _Crowd:
    def __init__(self, order: dict[str, object]) -> None:
        self._port = int(str(order["port"]))
        self._request = (
            f"GET /api/v1/stores/{order['store_id']}/stream HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n"
            f"Authorization: Bearer {order['key']}\r\nAccept: text/event-stream\r\n\r\n"
        ).encode()
        self.counts = _Counts(float(str(order["base_s"])))
        self._ready = asyncio.Semaphore(0)
        self._transports: list[asyncio.Transport] = []
        self._frozen: asyncio.Transport | None = None

    async def gather(self, clients: int) -> None:
        """Let watchers come, a few at a time: signing in asks the database, and browsers do not come in one instant."""
        for first in range(0, clients, _AT_ONCE):
            some = range(first, min(first + _AT_ONCE, clients))
            self._transports += [await self._connect(socket.socket()) for _ in some]
            for _ in some:
                await asyncio.wait_for(self._ready.acquire(), 60)

    async def _connect(self, connection: socket.socket) -> asyncio.Transport:
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(connection, ("127.0.0.1", self._port))
        transport, _ = await loop.create_connection(
            lambda: _Watcher(self._request, self._ready.release, self.counts.news), sock=connection
        )
        return transport

    async def freeze(self) -> None:
        """Let one come that takes its snapshot, then nothing any more, and does not go away."""
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _FROZEN_BUFFER)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _FROZEN_SEGMENT)
        self._frozen = await self._connect(connection)
        await asyncio.wait_for(self._ready.acquire(), 60)
        self._frozen.pause_reading()

    def release(self) -> None:
        """Let the frozen one go."""
        if self._frozen is not None:
            self._frozen.abort()
            self._frozen = None

    def leave(self) -> None:
        """Let all go."""
        self.release()
        for transport in self._transports:
            transport.abort()


async def _watch(order: dict[str, object]) -> None:
    loop = asyncio.get_running_loop()
    crowd = _Crowd(order)
    await crowd.gather(int(str(order["clients"])))
    _say("ready")
    while word := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
        if word == "freeze":
            await crowd.freeze()
            _say("frozen")
        elif word == "release":
            crowd.release()
            _say("released")
        elif word == "begin":
            crowd.counts.begin()
        elif word == "end":
            _say(json.dumps(crowd.counts.end()))
    crowd.leave()


if __name__ == "__main__":
    asyncio.run(_watch(json.loads(sys.stdin.readline())))
