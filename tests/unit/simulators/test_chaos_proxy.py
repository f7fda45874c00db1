"""The fault proxy does to a connection what it says."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from storesense_simulators.chaos.plan import Fault
from storesense_simulators.chaos.proxy import FaultProxy

WAIT_S = 5.0
LITTLE_S = 0.05


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(100):
            writer.write(data)
    writer.close()


@pytest.fixture
async def proxy() -> AsyncIterator[FaultProxy]:
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with FaultProxy("echo", lambda: ("127.0.0.1", port)) as proxy:
        yield proxy
    server.close()


class Caller:
    """A client that says something and hears it again."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def hears(self, wait_s: float = WAIT_S) -> bytes:
        self.writer.write(b"x")
        async with asyncio.timeout(wait_s):
            return await self.reader.read(1)


Call = Callable[[], Awaitable[Caller]]


@pytest.fixture
async def call(proxy: FaultProxy) -> AsyncIterator[Call]:
    callers: list[Caller] = []

    async def connect() -> Caller:
        callers.append(Caller(*await asyncio.open_connection("127.0.0.1", proxy.port)))
        return callers[-1]

    yield connect
    for caller in callers:
        caller.writer.close()
        with contextlib.suppress(OSError):
            await caller.writer.wait_closed()


async def test_a_healthy_proxy_passes_both_ways(call: Call) -> None:
    assert await (await call()).hears() == b"x"


async def test_refusing_ends_connections_and_lets_no_new_one_in_until_it_ends(proxy: FaultProxy, call: Call) -> None:
    caller = await call()
    assert await caller.hears() == b"x"
    await proxy.apply(Fault.REFUSE)
    assert await caller.reader.read(1) == b""
    with pytest.raises(OSError, match="Connect call failed"):
        await call()
    await proxy.apply(Fault.PASS)
    assert await (await call()).hears() == b"x"


async def test_a_reset_is_one(proxy: FaultProxy, call: Call) -> None:
    caller = await call()
    assert await caller.hears() == b"x"
    await proxy.apply(Fault.RESET)
    with pytest.raises(ConnectionResetError):
        await caller.reader.read(1)


async def test_a_black_hole_keeps_everything_until_it_ends(proxy: FaultProxy, call: Call) -> None:
    caller = await call()
    assert await caller.hears() == b"x"
    await proxy.apply(Fault.BLACKHOLE)
    with pytest.raises(TimeoutError):
        await caller.hears(LITTLE_S)
    await proxy.apply(Fault.PASS)
    async with asyncio.timeout(WAIT_S):
        assert await caller.reader.read(1) == b"x"


async def test_a_delay_is_late_and_complete(proxy: FaultProxy, call: Call) -> None:
    caller = await call()
    await proxy.apply(Fault.DELAY)
    with pytest.raises(TimeoutError):
        await caller.hears(LITTLE_S)
    async with asyncio.timeout(WAIT_S):
        assert await caller.reader.read(1) == b"x"


async def test_what_is_half_open_stays_dead_while_new_connections_work(proxy: FaultProxy, call: Call) -> None:
    caller = await call()
    assert await caller.hears() == b"x"
    await proxy.apply(Fault.HALF_OPEN)
    assert await (await call()).hears() == b"x"
    await proxy.apply(Fault.PASS)
    with pytest.raises(TimeoutError):
        await caller.hears(LITTLE_S)
