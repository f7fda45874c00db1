"""Many watchers of one store's live stream in a process of their own, over plain sockets.

Reads its order as one JSON line on standard input, says ``ready`` when every watcher has its snapshot, counts from the
line ``begin`` to the line ``end``, and prints what it counted. What a delivery says of its own time of commit stands in
``longest_wait_s``, as the bench writes it there; looking for it in the bytes costs less than reading JSON each time.
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


async def _watch(order: dict[str, object]) -> None:
    loop = asyncio.get_running_loop()
    port, clients, frozen = (int(str(order[name])) for name in ("port", "clients", "frozen"))
    request = (
        f"GET /api/v1/stores/{order['store_id']}/stream HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Authorization: Bearer {order['key']}\r\nAccept: text/event-stream\r\n\r\n"
    ).encode()
    counts = _Counts(float(str(order["base_s"])))
    ready = asyncio.Semaphore(0)
    transports = []
    for number in range(clients + frozen):
        connection = socket.socket()
        connection.setblocking(False)
        if number >= clients:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _FROZEN_BUFFER)
        await loop.sock_connect(connection, ("127.0.0.1", port))
        transport, _ = await loop.create_connection(
            lambda: _Watcher(request, ready.release, counts.news), sock=connection
        )
        transports.append(transport)
        # Signing in asks the database; as with real browsers, not all come in the same instant.
        if number % _AT_ONCE == _AT_ONCE - 1 or number == clients + frozen - 1:
            for _ in range(number % _AT_ONCE + 1):
                await asyncio.wait_for(ready.acquire(), 60)
    for transport in transports[clients:]:
        transport.pause_reading()  # takes nothing any more, and does not go away
    _say("ready")
    await loop.run_in_executor(None, sys.stdin.readline)
    counts.is_counting = True
    await loop.run_in_executor(None, sys.stdin.readline)
    counts.is_counting = False
    latencies = sorted(counts.latencies_ms)
    p99 = latencies[int(len(latencies) * 0.99)] if latencies else None
    p50 = latencies[len(latencies) // 2] if latencies else None
    _say(json.dumps({"deliveries": counts.deliveries, "p50_ms": p50, "p99_ms": p99}))
    for transport in transports:
        transport.abort()


if __name__ == "__main__":
    asyncio.run(_watch(json.loads(sys.stdin.readline())))
