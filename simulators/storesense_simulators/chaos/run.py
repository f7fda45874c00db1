"""A chaos run: the plan carried out, everything drained, every message counted."""

import asyncio
import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from storesense_contracts.errors import StoresenseError
from storesense_simulators.chaos.audit import Audit, audit, find
from storesense_simulators.chaos.commands import Asker, CommandAudit, audit_commands, find_commands
from storesense_simulators.chaos.done_file import load_done
from storesense_simulators.chaos.plan import (
    Cut,
    Fault,
    FillDisk,
    JumpClock,
    Kill,
    Part,
    Step,
    Trouble,
    make_plan,
)
from storesense_simulators.chaos.recording_outbox import load_sent
from storesense_simulators.chaos.watch import Watch
from storesense_simulators.chaos.world import World

_logger = logging.getLogger(__name__)

_GIVE_UP_S = 180.0
_FIRST_S = 60.0
_DRAIN_S = 180.0
_ANSWERS_S = 90.0


class ChaosStuckError(StoresenseError):
    """Something did not come back in time; its data may still be where it should be, but nobody can wait for it."""

    code = "chaos_stuck"

    def __init__(self, *, what: str, waited_s: float, folder: Path) -> None:
        self.what = what
        super().__init__(f"{what} within {waited_s:g} s; look at the logs in {folder}, which is kept.")


@dataclass(frozen=True, slots=True)
class Timed:
    """How long one thing took to be over."""

    step_no: int
    what: str
    recovery_s: float


@dataclass(slots=True)
class Times:
    """Recovery times, each kind apart; see docs/reference/chaos.md for what they are counted from."""

    kills: list[Timed] = field(default_factory=list)
    cuts: list[Timed] = field(default_factory=list)
    half_open: list[Timed] = field(default_factory=list)
    full_disks: list[Timed] = field(default_factory=list)
    overlapping: list[Timed] = field(default_factory=list)
    salvos: list[Timed] = field(default_factory=list)

    def max_s(self, kind: str) -> float | None:
        """Return the longest of a kind; None if there was none."""
        times: list[Timed] = getattr(self, kind)
        return round(max(each.recovery_s for each in times), 3) if times else None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to."""

    audit: Audit
    commands: CommandAudit
    times: Times
    kills: Counter[Part]
    troubles: Counter[str]
    drain_s: float
    undrained: int


async def carry_out(world: World, *, kills: int, seed: int, folder: Path, tell: Callable[[int, str], None]) -> Outcome:
    """Do the plan's steps on a running world, drain it and count.

    Args:
        world: started.
        kills: how many.
        seed: of the plan.
        folder: where ``plan.jsonl``, ``steps.jsonl`` and ``sent.jsonl`` go.
        tell: is told the number of the kills done and what is under way.

    Raises:
        ChaosStuckError: a part did not recover, or the backlog did not drain, within minutes.
        ServiceError: a part could not be started again.
    """
    plan = make_plan(kills=kills, seed=seed, shape=world.shape)
    (folder / "plan.jsonl").write_bytes(b"".join(msgspec.json.encode(step) + b"\n" for step in plan))
    storm = _Storm(world, Asker(world, seed), folder, tell)
    try:
        await storm.begin()
        for step_no, step in enumerate(plan):
            await storm.take(step_no, step)
        tell(kills, "waiting for answers")
        await storm.ask_no_more()
        began_s = time.monotonic()
        tell(kills, "draining")
        undrained = await storm.drain()
        drain_s = time.monotonic() - began_s
    finally:
        await storm.close()
    tell(kills, "counting")
    sent = await asyncio.to_thread(load_sent, world.sent_files())
    (folder / "sent.jsonl").write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in sent))
    found = await asyncio.to_thread(find, world.database_url, world.store_ids)
    asked = await asyncio.to_thread(find_commands, world.database_url, world.store_ids)
    return Outcome(
        audit=audit(sent, found),
        commands=audit_commands(asked, load_done(world.done_files())),
        times=storm.times,
        kills=Counter(kill.part for step in plan for kill in step.kills),
        troubles=Counter(_name(step.trouble) for step in plan if step.trouble is not None),
        drain_s=drain_s,
        undrained=undrained,
    )


class _Storm:
    def __init__(self, world: World, asker: Asker, folder: Path, tell: Callable[[int, str], None]) -> None:
        self._world = world
        self._asker = asker
        self._folder = folder
        self._tell = tell
        self._watch = Watch(world)
        self._kills = 0
        self.times = Times()

    async def close(self) -> None:
        await self._asker.close()
        await self._watch.close()

    async def begin(self) -> None:
        """Wait until every device's messages are committed for the first time."""
        self._tell(0, "starting")
        if await self._watch.recovered(time.monotonic(), _FIRST_S) is None:
            raise ChaosStuckError(
                what="Not every device had a first message stored", waited_s=_FIRST_S, folder=self._folder
            )
        self._asker.start()

    async def ask_no_more(self) -> None:
        """Wait until what was asked for is answered, or has expired."""
        await self._asker.stop()
        await self._asker.answered(_ANSWERS_S)

    async def take(self, step_no: int, step: Step) -> None:
        await asyncio.sleep(step.after_s)
        self._no_surprise()
        what = " + ".join(map(_name, step.kills))
        if step.trouble is not None:
            what += f" in {_name(step.trouble)}" if what else _name(step.trouble)
        self._tell(self._kills, what)
        if step.trouble is None:
            times = self.times.salvos if len(step.kills) > 1 else self.times.kills
            await self._settled(step_no, what, await self._strike(step.kills), times)
            return
        half_open = isinstance(step.trouble, Cut) and step.trouble.fault is Fault.HALF_OPEN
        began_s = time.monotonic()
        await self._begin_trouble(step.trouble)
        if step.kills:
            await self._strike(step.kills)
            half_open = False
        if not half_open:  # what is half open is not mended: the ends have to notice
            await asyncio.sleep(max(0.0, began_s + step.trouble.for_s - time.monotonic()))
        await self._end_trouble(step.trouble)
        since_s = began_s if half_open else time.monotonic()
        await self._settled(step_no, what, since_s, self._times_of(step))

    def _times_of(self, step: Step) -> list[Timed]:
        if step.kills:
            return self.times.overlapping
        if isinstance(step.trouble, Cut):
            return self.times.half_open if step.trouble.fault is Fault.HALF_OPEN else self.times.cuts
        return self.times.full_disks if isinstance(step.trouble, FillDisk) else self.times.cuts

    async def _strike(self, kills: Sequence[Kill]) -> float:
        """Kill all of them at their times and start them again; return the instant of the last restart."""
        by_part: dict[tuple[Part, int], list[Kill]] = {}
        for kill in kills:
            by_part.setdefault((kill.part, kill.which), []).append(kill)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._kill_each(chain), name=f"kill {part.value}-{which}")
                for (part, which), chain in by_part.items()
            ]
        return max(task.result() for task in tasks)

    async def _kill_each(self, chain: Sequence[Kill]) -> float:
        since_s = 0.0
        for kill in chain:
            await asyncio.sleep(kill.after_s)
            since_s = await self._kill(kill)
        return since_s

    async def _kill(self, kill: Kill) -> float:
        """Kill and start again; return the instant of the restart."""
        await self._world.kill_part(kill.part, kill.which)
        await asyncio.sleep(kill.down_s)
        since_s = time.monotonic()
        await self._world.start_part(kill.part, kill.which)
        self._kills += 1
        return since_s

    async def _begin_trouble(self, trouble: Trouble) -> None:
        world = self._world
        if isinstance(trouble, Cut):
            await world.proxies[trouble.wire, trouble.which].apply(trouble.fault)
        elif isinstance(trouble, FillDisk):
            world.tell_edge(trouble.which, {"disk": "full"})
        else:
            world.clock_offsets_s[trouble.which] = trouble.offset_s
            world.tell_edge(trouble.which, {"clock_offset_s": trouble.offset_s})

    async def _end_trouble(self, trouble: Trouble) -> None:
        world = self._world
        if isinstance(trouble, Cut):
            await world.proxies[trouble.wire, trouble.which].apply(Fault.PASS)
        elif isinstance(trouble, FillDisk):
            world.tell_edge(trouble.which, {"disk": "free"})
        else:
            world.clock_offsets_s[trouble.which] = 0.0
            world.tell_edge(trouble.which, {"clock_offset_s": 0.0})

    async def _settled(self, step_no: int, what: str, since_s: float, times: list[Timed]) -> None:
        recovery_s = await self._watch.recovered(since_s, _GIVE_UP_S)
        if recovery_s is None:
            self._no_surprise()
            raise ChaosStuckError(
                what=f"After step {step_no} ({what}) not every device's messages were stored again",
                waited_s=_GIVE_UP_S,
                folder=self._folder,
            )
        times.append(Timed(step_no, what, recovery_s))
        with (self._folder / "steps.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step_no": step_no, "what": what, "recovery_s": round(recovery_s, 3)}) + "\n")

    def _no_surprise(self) -> None:
        """A part that ends by itself is a bug of that part. Raises ChaosStuckError."""
        for failure in self._world.failures():
            raise ChaosStuckError(
                what=f"A part ended by itself ({failure}) and was not back", waited_s=0, folder=self._folder
            )

    async def drain(self) -> int:
        """Let every agent finish; return how many messages did not make it."""
        for which in range(self._world.shape.edges):
            self._world.tell_edge(which, {"drain_s": _DRAIN_S})
        left = await asyncio.gather(
            *(asyncio.to_thread(self._wait_for_edge, no) for no in range(len(self._world.edges)))
        )
        return sum(left)

    def _wait_for_edge(self, which: int) -> int:
        edge = self._world.edges[which]
        if edge is None:
            return 0
        try:
            edge.wait(_DRAIN_S + 30.0)
        except TimeoutError as exc:
            raise ChaosStuckError(
                what=f"{edge.name} did not end", waited_s=_DRAIN_S + 30.0, folder=self._folder
            ) from exc
        last = edge.log_tail(lines=1)
        if not last.startswith('{"drained"'):
            _logger.error("%s did not say what it left behind, but: %s", edge.name, last)
            return 1
        return int(json.loads(last)["pending"])


def _name(thing: Kill | Trouble | None) -> str:
    if isinstance(thing, Kill):
        return f"kill {thing.part.value}-{thing.which}"
    if isinstance(thing, Cut):
        return f"{thing.fault.value} {thing.wire.value}-{thing.which}"
    if isinstance(thing, FillDisk):
        return f"full disk edge-{thing.which}"
    if isinstance(thing, JumpClock):
        return f"clock {thing.offset_s:+g} s edge-{thing.which}"
    return ""
