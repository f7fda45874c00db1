"""Commands on the edge: each once, none late, and every end told."""

import asyncio
from collections.abc import Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from storesense_contracts.device_commands import CommandArguments, CommandKind, DeviceCommand, encode_command
from storesense_contracts.errors import StoresenseError
from storesense_contracts.ids import CommandId, new_command_id
from storesense_contracts.readings import AnyReading, CommandResult
from storesense_contracts.topics import Stream
from storesense_edge.command_runner import CommandRefusedError, CommandRunner, RestartRequestedError
from storesense_edge.outbox_errors import OutboxWriteError

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


class Clock:
    def __init__(self, now: datetime = AT) -> None:
        self.now_at = now
        self.seconds = 0.0

    def now(self) -> datetime:
        return self.now_at

    def monotonic_s(self) -> float:
        self.seconds += 10.0  # each look at it costs some, so that no wait is for ever
        return self.seconds


class Link:
    """A link and its memory on "disk", which outlives it."""

    def __init__(self, disk: dict[str, list[Any]], offset_ms: int | None = 0) -> None:
        self.commands = self
        self.clock_offset_ms = offset_ms
        self.disk = disk
        self.told: list[tuple[str, str, str | None]] = []
        self.is_broken = False
        self.changed = asyncio.Event()

    def record(self, stream: Stream, reading: AnyReading) -> None:
        assert stream is Stream.RESULT
        assert isinstance(reading, CommandResult)
        self.told.append((reading.command_id, reading.state.value, reading.detail))
        self.changed.set()

    async def flush(self) -> None:
        await asyncio.sleep(0)

    async def begin(self, command_id: CommandId, kind: str) -> bool:
        if self.is_broken:
            self.changed.set()
            raise OutboxWriteError(path=Path("x"), cause="is full", remedy="make room")
        if command_id in self.disk:
            self.changed.set()
            return False
        self.disk[command_id] = [kind, False]
        return True

    async def end(self, command_id: CommandId) -> None:
        self.disk[command_id][1] = True
        self.changed.set()

    async def open(self) -> Sequence[tuple[CommandId, str]]:
        return [(CommandId(each), kind) for each, (kind, is_over) in self.disk.items() if not is_over]

    def states(self) -> list[str]:
        return [state for _, state, _ in self.told]


def command(kind: str = "identify", *, valid_s: float = 60, **arguments: Any) -> DeviceCommand:
    return DeviceCommand(
        command_id=new_command_id(),
        kind=kind,
        issued_at=AT - timedelta(seconds=1),
        expires_at=AT + timedelta(seconds=valid_s),
        arguments=CommandArguments(**arguments),
    )


async def done(_arguments: CommandArguments) -> str:
    return "it is so"


def runner(clock: Clock | None = None, **handlers: Any) -> CommandRunner:
    return CommandRunner("s/d", {CommandKind(name): each for name, each in handlers.items()}, clock or Clock())


@asynccontextmanager
async def running(runner: CommandRunner, link: Link) -> Any:
    task = asyncio.create_task(runner.run(link))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def settled(link: Link, count: int) -> None:
    async with asyncio.timeout(5):
        while len(link.told) < count or any(not is_over for _, is_over in link.disk.values()):
            link.changed.clear()
            await link.changed.wait()


async def test_a_command_is_taken_and_done_and_a_repeat_is_nothing() -> None:
    link = Link({})
    mine, asked = runner(identify=done), command()
    async with running(mine, link):
        mine.hear(encode_command(asked))
        mine.hear(encode_command(asked))
        last = command()
        mine.hear(encode_command(last))
        await settled(link, 4)
    first, second = asked.command_id, last.command_id
    assert link.told == [
        (first, "taken", None),
        (first, "done", "it is so"),
        (second, "taken", None),
        (second, "done", "it is so"),
    ]


async def test_an_id_is_done_once_even_across_a_restart() -> None:
    disk: dict[str, list[Any]] = {}
    asked = command()
    for expected in (["taken", "done"], []):
        link = Link(disk)
        mine = runner(identify=done)
        async with running(mine, link):
            mine.hear(encode_command(asked))
            async with asyncio.timeout(5):
                await link.changed.wait()
            await settled(link, len(expected))
        assert link.states() == expected


async def test_what_was_begun_when_the_agent_died_has_failed_and_a_restart_was_done() -> None:
    disk: dict[str, list[Any]] = {"a" * 32: ["zero_slot", False], "b" * 32: ["restart_agent", False]}
    link = Link(disk)
    async with running(runner(), link):
        await settled(link, 2)
    assert link.states() == ["failed", "done"]


async def test_a_restart_leaves_the_runner_and_the_next_start_answers() -> None:
    async def restart(_arguments: CommandArguments) -> str:
        raise RestartRequestedError("now")

    disk: dict[str, list[Any]] = {}
    link, mine = Link(disk), runner(restart_agent=restart)
    mine.hear(encode_command(command("restart_agent")))
    with pytest.raises(RestartRequestedError):
        await mine.run(link)
    assert link.states() == ["taken"]
    again = Link(disk)
    async with running(runner(restart_agent=restart), again):
        await settled(again, 1)
    assert again.states() == ["done"]


@pytest.mark.parametrize(
    ("valid_s", "offset_ms", "state"),
    [
        pytest.param(60, 0, "done", id="in time"),
        pytest.param(60, 61_000, "expired", id="too late by the gateway's clock, whatever ours says"),
        pytest.param(-0.5, -2_000, "done", id="in time by the gateway's clock; ours is ahead"),
        pytest.param(0, 0, "expired", id="at the end itself"),
        pytest.param(60, None, "refused", id="nobody knows how wrong the clock is"),
    ],
)
async def test_nothing_is_done_late(
    monkeypatch: pytest.MonkeyPatch, valid_s: float, offset_ms: int | None, state: str
) -> None:
    monkeypatch.setattr("storesense_edge.command_runner._LOOK_S", 0.0)
    link, mine = Link({}, offset_ms), runner(identify=done)
    async with running(mine, link):
        mine.hear(encode_command(command(valid_s=valid_s)))
        await settled(link, 2 if state == "done" else 1)
    assert link.states()[-1] == state
    assert ("taken" in link.states()) == (state == "done")


def failing(error: Exception) -> Any:
    async def handle(_arguments: CommandArguments) -> str:
        raise error

    return handle


@pytest.mark.parametrize(
    ("asked", "state", "hint"),
    [
        (command("open_doors"), "refused", "understands identify, zero_slot, and not open_doors"),
        (command("learn_view"), "refused", "and not learn_view"),
        (command("zero_slot"), "refused", "needs slot_id"),
        (command("zero_slot", slot_id="a"), "refused", "not empty"),
        (command(), "failed", "no light"),
    ],
    ids=lambda each: each.kind if isinstance(each, DeviceCommand) else None,
)
async def test_what_cannot_be_done_is_told_with_its_reason(asked: DeviceCommand, state: str, hint: str) -> None:
    link = Link({})
    mine = runner(zero_slot=failing(CommandRefusedError("not empty")), identify=failing(StoresenseError("no light")))
    async with running(mine, link):
        mine.hear(encode_command(asked))
        async with asyncio.timeout(5):
            while link.states()[-1:] != [state]:
                link.changed.clear()
                await link.changed.wait()
    assert hint in (link.told[-1][2] or "")


async def test_a_mistake_in_a_handler_stops_neither_the_device_nor_the_next_command() -> None:
    link = Link({})
    mine = runner(identify=failing(ZeroDivisionError()), report_now=done)
    async with running(mine, link):
        mine.hear(encode_command(command()))
        mine.hear(encode_command(command("report_now", valid_s=30)))
        await settled(link, 4)
    assert link.states() == ["taken", "failed", "taken", "done"]


async def test_whoever_cannot_remember_does_not_begin() -> None:
    link, mine = Link({}), runner(identify=done)
    link.is_broken = True
    asked = command()
    async with running(mine, link):
        mine.hear(encode_command(asked))
        async with asyncio.timeout(5):
            await link.changed.wait()
        assert link.told == []
        link.is_broken = False
        mine.hear(encode_command(asked))
        await settled(link, 2)
    assert link.states() == ["taken", "done"]


async def test_garbage_and_floods_are_left_out() -> None:
    link, mine = Link({}), runner(identify=done)
    mine.hear(b"\xff")
    mine.hear(b'{"v":1}')
    for _ in range(100):
        mine.hear(encode_command(command()))
    async with running(mine, link):
        await settled(link, 64)
        last = command()
        mine.hear(encode_command(last))
        await settled(link, 66)
    assert len(link.disk) == 33
    assert last.command_id in link.disk
