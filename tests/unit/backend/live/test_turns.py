"""Numbers told at shared instants, past the server's layers."""

import asyncio
import json
import re

import pytest

from storesense_backend.live.subscription import Offer, Subscription
from storesense_backend.live.turns import Listener, Turns, next_turn_s

_RATE_PER_S = 200.0


class _Outlet:
    def __init__(self) -> None:
        self.is_blocked = False
        self.written: list[bytes] = []

    def write(self, chunk: bytes) -> None:
        self.written.append(chunk)

    def abort(self) -> None:
        self.is_blocked = True

    def lengths(self) -> list[int]:
        found = []
        for chunk in self.written:
            size, rest = chunk.split(b"\r\n", 1)
            text = rest.removesuffix(b"\r\n")
            assert len(text) == int(size, 16)
            found.append(json.loads(re.findall(rb"data: (.*)\n\n", text)[0])["queues"][0]["length"])
        return found


class _World:
    def __init__(self, listeners: int) -> None:
        self.told: asyncio.Queue[int] = asyncio.Queue()
        self.turns = Turns(_RATE_PER_S, self.told.put_nowait)
        self.outlets = [_Outlet() for _ in range(listeners)]
        self.listeners = [Listener(Subscription("s"), outlet) for outlet in self.outlets]
        self.number = 0
        for listener in self.listeners:
            listener.is_busy = False
            listener.subscription.on_numbers = lambda each=listener: self.turns.add(each)

    def offer(self, length: int) -> None:
        self.number += 1
        offer = Offer({"store_id": "s"}, {"queues": {"q": {"queue_id": "q", "length": length}}}, self.number)
        for listener in self.listeners:
            listener.subscription.offer_changes(offer)

    async def turn(self, parts: int = 1) -> int:
        """Wait for one pass over those who are due; returns how many were told."""
        async with asyncio.timeout(20):
            return sum([await self.told.get() for _ in range(parts)])


async def test_all_are_told_the_same_bytes_once_and_merged() -> None:
    world = _World(450)  # more than are told without a pause
    world.offer(1)
    world.offer(2)
    assert await world.turn(parts=3) == 450
    chunks = {id(outlet.written[0]) for outlet in world.outlets}
    assert len(chunks) == 1
    assert [outlet.lengths() for outlet in world.outlets] == [[2]] * 450
    world.offer(3)
    assert await world.turn(parts=3) == 450
    assert world.outlets[-1].lengths() == [2, 3]


async def test_a_blocked_one_is_left_to_its_task_and_the_others_are_told() -> None:
    world = _World(3)
    blocked = world.listeners[1]
    world.outlets[1].is_blocked = True
    world.offer(1)
    await world.turn()
    assert [len(outlet.written) for outlet in world.outlets] == [1, 0, 1]
    assert blocked.is_stalled
    assert blocked.subscription.is_urgent
    assert await blocked.subscription.wait(0.0, urgent_only=True)
    assert [event.name for event in blocked.subscription.take()] == ["update"]
    assert world.turns.blocked == 1
    world.turns.freed(blocked)
    assert world.turns.blocked == 0


async def test_who_left_while_blocked_is_not_among_the_blocked() -> None:
    world = _World(2)
    world.outlets[0].is_blocked = True
    world.offer(1)
    await world.turn()
    assert world.turns.blocked == 1
    world.turns.drop(world.listeners[0])
    assert world.turns.blocked == 0


async def test_an_update_never_overtakes_a_snapshot() -> None:
    world = _World(1)
    listener = world.listeners[0]
    listener.subscription.offer_snapshot({"store_id": "s"})
    world.offer(1)
    await world.turn()
    assert world.outlets[0].written == []
    assert [event.name for event in listener.subscription.take()] == ["snapshot", "update"]


async def test_nothing_is_written_while_its_task_sends() -> None:
    world = _World(1)
    listener = world.listeners[0]
    listener.is_busy = True
    world.offer(1)
    await world.turn()
    assert world.outlets[0].written == []
    listener.is_busy = False
    world.turns.add(listener)
    await world.turn()
    assert world.outlets[0].lengths() == [1]


async def test_who_left_is_told_nothing() -> None:
    world = _World(2)
    world.offer(1)
    world.turns.drop(world.listeners[0])
    world.listeners[1].subscription.close()
    assert await world.turn() == 0
    assert [outlet.written for outlet in world.outlets] == [[], []]


@pytest.mark.parametrize(("now_s", "turn_s"), [(10.0, 10.25), (10.1, 10.25), (10.25, 10.5)])
def test_turns_lie_at_multiples(now_s: float, turn_s: float) -> None:
    assert next_turn_s(now_s, 4.0) == turn_s
