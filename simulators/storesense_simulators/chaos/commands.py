"""Commands in the midst of the storm: asked for in the database, done by agents, counted from what they noted.

Each names a slot of its own, ``zero_slot`` of ``slot-ID``, by which an agent notes what it does. So it can be told
whether a device did something twice, whether a deed's answer is missing, and whether an answer tells of a deed that
never was.
"""

import asyncio
import json
import logging
import random
import secrets
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import psycopg

from storesense_contracts.sql import load_queries
from storesense_simulators.chaos.world import World

_QUERIES = load_queries("storesense_simulators", "chaos/chaos.sql")
_LOGGER = logging.getLogger(__name__)
_EVERY_S = 0.5
_VALID_S = 45
_LOOK_EVERY_S = 0.2
_CONNECT_TIMEOUT_S = 2


def slot_of(command_id: str) -> str:
    """Return the slot that a command names."""
    return f"slot-{command_id}"


class Asked(NamedTuple):
    """A command as the database has it in the end."""

    command_id: str
    outcome: str | None


@dataclass(frozen=True, slots=True)
class CommandAudit:
    """What came of the commands.

    Attributes:
        asked: commands.
        outcomes: how many of them ended how; ``open`` where no end was told.
        done: those that a device did.
        twice: deeds beyond the first of the same command, and those that nobody asked for.
        unanswered: those that a device did and whose end the database does not know.
        untrue: those said to be done that nobody did, or refused or expired that somebody did.
    """

    asked: int
    outcomes: dict[str, int]
    done: int
    twice: int
    unanswered: int
    untrue: int


def audit_commands(asked: Iterable[Asked], done: Counter[str]) -> CommandAudit:
    """Hold what devices did against what the database says of it.

    A device that dies in the midst of a deed says at its next start that it failed, done or not.
    """
    outcomes: Counter[str] = Counter()
    unanswered = untrue = deeds = 0
    left = done.copy()
    for command in asked:
        is_done = left.pop(slot_of(command.command_id), 0) > 0
        deeds += is_done
        outcomes[command.outcome or "open"] += 1
        unanswered += is_done and command.outcome is None
        untrue += command.outcome == "done" and not is_done
        untrue += is_done and command.outcome in ("refused", "expired")
    return CommandAudit(
        asked=outcomes.total(),
        outcomes=dict(sorted(outcomes.items())),
        done=deeds,
        twice=sum(times - 1 for times in done.values()) + len(left),
        unanswered=unanswered,
        untrue=untrue,
    )


def find_commands(database_url: str, store_ids: Sequence[str]) -> list[Asked]:
    """Read the commands of a run. Raises psycopg.Error."""
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(_QUERIES["commands"], {"store_ids": list(store_ids)}).fetchall()
    return [Asked(*row) for row in rows]


class Asker:
    """Asks agents with room on their disk for something, all the time, past every proxy.

    One whose outbox overflows may drop an answer and say so, which the audit of messages counts.

    Args:
        world: whose agents.
        seed: which agent is asked.
    """

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._chance = random.Random(f"storesense chaos commands {seed}")  # noqa: S311 -- which agent, no secret
        self._devices = world.devices_with_room
        self._connection: psycopg.AsyncConnection | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to ask."""
        self._task = asyncio.create_task(self._ask(), name="chaos commands")

    async def stop(self) -> None:
        """Ask no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def close(self) -> None:
        """Ask no more, and let the database go."""
        await self.stop()
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def answered(self, timeout_s: float) -> bool:
        """Wait until every command has an end, or has expired unheard; False if the time ran out."""
        give_up_s = time.monotonic() + timeout_s
        while time.monotonic() < give_up_s:
            if await self._run("open_commands", {"store_ids": self._world.store_ids}) == 0:
                return True
            await asyncio.sleep(_LOOK_EVERY_S)
        _LOGGER.warning("commands are still without an answer after %g s", timeout_s)
        return False

    async def _ask(self) -> None:
        while True:
            device = self._chance.choice(self._devices)
            command_id = secrets.token_hex(16)
            values = {
                "command_id": command_id,
                "store_id": device.store_id,
                "device_id": device.device_id,
                "arguments": json.dumps({"slot_id": slot_of(command_id)}),
                "valid_s": _VALID_S,
            }
            await self._run("ask_command", values)
            await asyncio.sleep(_EVERY_S)

    async def _run(self, query: str, values: dict[str, object]) -> int | None:
        """Run a query and return its number; None where the database does not answer."""
        try:
            if self._connection is None or self._connection.closed:
                self._connection = await psycopg.AsyncConnection.connect(
                    self._world.database_url, autocommit=True, connect_timeout=_CONNECT_TIMEOUT_S
                )
            row = await (await self._connection.execute(_QUERIES[query], values)).fetchone()
        except (psycopg.OperationalError, RuntimeError):
            if self._connection is not None:
                await self._connection.close()
                self._connection = None
            return None
        return None if row is None else int(row[0])
