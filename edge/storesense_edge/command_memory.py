"""Which commands the device has begun, on disk beside its messages, so that each is done once at most."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from storesense_contracts.ids import CommandId
from storesense_contracts.sql import load_queries

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from storesense_edge.outbox_writer import OutboxWriter

_KEPT = 5_000


class CommandMemory:
    """Ids of commands in the outbox's file, written by the outbox's thread.

    Args:
        writer: of the outbox.
    """

    def __init__(self, writer: OutboxWriter) -> None:
        self._writer = writer
        self._queries = load_queries("storesense_edge", "sql/outbox.sql")

    async def begin(self, command_id: CommandId, kind: str) -> bool:
        """Note on disk that a command is begun; False if it was begun before, in this boot or an earlier one.

        Raises:
            OutboxError: the disk does not take it, so that nobody would know of it after a restart.
        """

        def work(db: sqlite3.Connection) -> bool:
            is_new = db.execute(self._queries["take_command"], (command_id, kind)).rowcount == 1
            db.execute(self._queries["forget_commands"], (_KEPT,))
            return is_new

        return await asyncio.wrap_future(self._writer.ask(work))

    async def end(self, command_id: CommandId) -> None:
        """Note that a command is over and was answered. Raises OutboxError."""

        def work(db: sqlite3.Connection) -> None:
            db.execute(self._queries["end_command"], (command_id,))

        await asyncio.wrap_future(self._writer.ask(work))

    async def open(self) -> Sequence[tuple[CommandId, str]]:
        """Return id and kind of those that were begun and not ended, the oldest first. Raises OutboxError."""

        def work(db: sqlite3.Connection) -> list[tuple[CommandId, str]]:
            return [(CommandId(command_id), kind) for command_id, kind in db.execute(self._queries["open_commands"])]

        return await asyncio.wrap_future(self._writer.ask(work))
