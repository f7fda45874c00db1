"""Sees, from outside, when messages written after an instant have been committed for every device."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import psycopg

from storesense_contracts.spans import Span, contains, parse_multirange
from storesense_contracts.sql import load_queries
from storesense_simulators.chaos.recording_outbox import SentLine
from storesense_simulators.chaos.world import World

_QUERIES = load_queries("storesense_simulators", "chaos/chaos.sql")
_LOOK_EVERY_S = 0.05
_CONNECT_TIMEOUT_S = 2
_KEPT_LINES = 4_000

Boot = tuple[str, str, str]


class SentTail:
    """Follows the agents' files of sent messages as they grow."""

    def __init__(self) -> None:
        self._offsets: dict[Path, int] = {}
        self._lines: dict[tuple[str, str], list[SentLine]] = {}

    def read(self, paths: Sequence[Path]) -> None:
        """Read what was added."""
        for path in paths:
            with path.open("rb") as file:
                file.seek(self._offsets.get(path, 0))
                text = file.read()
            whole = text.rfind(b"\n") + 1
            self._offsets[path] = self._offsets.get(path, 0) + whole
            for line in text[:whole].splitlines():
                sent = msgspec.json.decode(line, type=SentLine)
                lines = self._lines.setdefault((sent.store_id, sent.device_id), [])
                lines.append(sent)
                del lines[:-_KEPT_LINES]

    def written_after(self, store_id: str, device_id: str, instant_s: float) -> list[SentLine]:
        """Return a device's messages that got on disk after an instant of the monotonic clock."""
        lines = self._lines.get((store_id, device_id), [])
        return [line for line in lines if line.written_s > instant_s]


class Watch:
    """Asks files and ledger, past every proxy.

    Args:
        world: what is watched.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._tail = SentTail()
        self._connection: psycopg.AsyncConnection | None = None

    async def close(self) -> None:
        """Let the database go."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def recovered(self, since_s: float, timeout_s: float) -> float | None:
        """Wait until every device has had a message committed that it wrote after ``since_s``.

        Args:
            since_s: an instant of the monotonic clock.
            timeout_s: how long to wait.

        Returns:
            Seconds from ``since_s``; None when the time ran out, or a part ended by itself.
        """
        waiting = {(device.store_id, device.device_id) for device in self._world.devices}
        while time.monotonic() - since_s < timeout_s:
            self._tail.read(self._world.sent_files())
            ledger = await self._ledger()
            seen_s = time.monotonic()
            waiting = {device for device in waiting if not self._has_committed(device, since_s, ledger)}
            if not waiting:
                return seen_s - since_s
            if self._world.failures():
                return None
            await asyncio.sleep(_LOOK_EVERY_S)
        return None

    def _has_committed(self, device: tuple[str, str], since_s: float, ledger: dict[Boot, list[Span]]) -> bool:
        return any(
            contains(ledger.get((*device, line.boot_id), ()), line.seq)
            for line in self._tail.written_after(*device, since_s)
        )

    async def _ledger(self) -> dict[Boot, list[Span]]:
        try:
            if self._connection is None or self._connection.closed:
                self._connection = await psycopg.AsyncConnection.connect(
                    self._world.database_url, autocommit=True, connect_timeout=_CONNECT_TIMEOUT_S
                )
            cursor = await self._connection.execute(_QUERIES["newest_boots"], {"store_ids": self._world.store_ids})
            rows = await cursor.fetchall()
        except (psycopg.OperationalError, RuntimeError):
            await self.close()
            return {}
        return {(store, device, boot): parse_multirange(committed) for store, device, boot, committed in rows}
