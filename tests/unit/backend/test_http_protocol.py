"""The bounds on a request's head, over real sockets: too long, too slow, no HTTP, and everything else untouched."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from storesense_backend import http_protocol
from storesense_backend.api.middleware import BodyLimit
from storesense_backend.http_protocol import MAX_HEAD_BYTES
from storesense_backend.listening import Server, listen_on

GET = b"GET / HTTP/1.1\r\nHost: here\r\n"


async def app(scope, receive, send):
    """Tells how long the body is."""
    length, more = 0, True
    while more:
        message = await receive()
        length += len(message.get("body", b""))
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"8")]})
    await send({"type": "http.response.body", "body": b"%8d" % length})


@asynccontextmanager
async def connection(asgi=app):
    listener = listen_on("127.0.0.1", 0, setting="the port")
    server = Server(asgi, graceful_s=1)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    try:
        yield reader, writer
    finally:
        writer.close()
        server.end()
        await task
        listener.close()


async def answer(reader):
    async with asyncio.timeout(10):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(int(line[15:]) for line in head.lower().splitlines() if line.startswith("content-length:"))
        return int(head.split()[1]), await reader.readexactly(length)


def code_of(body):
    return json.loads(body)["error"]["code"]


async def send_until_cut(writer, piece, *, times):
    """Send until the other side has had enough; return how many bytes it took."""
    for number in range(times):
        try:
            writer.write(piece)
            await writer.drain()
        except ConnectionError:
            return number * len(piece)
    return times * len(piece)


@pytest.mark.parametrize(
    "beginning",
    [
        pytest.param(GET + b"X-Long: ", id="one header without an end"),
        pytest.param(b"GET /", id="an address without an end"),
    ],
)
async def test_a_head_without_an_end_is_cut_off(beginning):
    async with connection() as (_, writer):
        writer.write(beginning)
        assert await send_until_cut(writer, b"a" * 65_536, times=1_000) < 16_000_000


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(GET + b"X: " + b"a" * MAX_HEAD_BYTES + b"\r\n\r\n", id="one long header"),
        pytest.param(GET + b"X: a\r\n" * 10_000 + b"\r\n", id="many headers"),
        pytest.param(b"GET /" + b"a" * MAX_HEAD_BYTES + b" HTTP/1.1\r\nHost: here\r\n\r\n", id="a long address"),
    ],
)
async def test_a_head_that_is_too_long_is_told_so(head):
    async with connection() as (reader, writer):
        writer.write(head)
        status, body = await answer(reader)
        assert (status, code_of(body)) == (431, "head_too_large")
        assert await reader.read() == b""


async def test_a_head_that_never_comes_is_waited_for_only_so_long(monkeypatch):
    monkeypatch.setattr(http_protocol, "HEAD_TIMEOUT_S", 0.05)
    async with connection() as (reader, writer):
        writer.write(GET)
        status, body = await answer(reader)
        assert (status, code_of(body)) == (408, "head_too_slow")
        assert await reader.read() == b""


async def test_what_is_no_http_is_answered_in_the_one_shape():
    async with connection() as (reader, writer):
        writer.write(b"garbage\r\n\r\n")
        status, body = await answer(reader)
        assert (status, code_of(body)) == (400, "bad_request")


async def test_long_bodies_and_further_requests_are_not_counted_as_heads():
    async with connection() as (reader, writer):
        for _ in range(3):
            writer.write(b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 500000\r\n\r\n" + b"a" * 500_000)
            assert await answer(reader) == (200, b"  500000")
        writer.write((GET + b"X: " + b"a" * 20_000 + b"\r\n\r\n") * 4)
        for _ in range(4):
            assert await answer(reader) == (200, b"       0")


async def test_who_sends_too_large_a_body_still_reads_why():
    async with connection(BodyLimit(app, layout_bytes=100)) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 5000000\r\n\r\n")
        assert await send_until_cut(writer, b"a" * 100_000, times=50) == 5_000_000
        status, body = await answer(reader)
        assert (status, code_of(body)) == (413, "body_too_large")
