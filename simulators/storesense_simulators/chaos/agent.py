"""One edge agent as a process of its own: deterministic readings through the real link, breakable by its parent.

Run by ``world.py`` as ``python -m storesense_simulators.chaos.agent JSON``; never imported by it. Standard input takes
one JSON object a line: ``{"disk": "full" | "free"}``, ``{"clock_offset_s": …}``, ``{"drain_s": …}``. The last makes it
measure no more, wait until the database has everything, print one JSON object and end.
"""

import asyncio
import json
import logging
import resource
import sys
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec

from storesense_contracts.device_commands import CommandKind
from storesense_contracts.ids import DeviceId, StoreId
from storesense_contracts.readings import (
    AnyReading,
    FootfallReading,
    QueueSample,
    ShelfCorrection,
    ShelfEvent,
    ShelfEventKind,
    ShelfWeight,
    ZoneReading,
)
from storesense_contracts.settings import BrokerSettings, load_settings
from storesense_contracts.topics import Stream
from storesense_edge.command_runner import CommandRunner
from storesense_edge.link import DeviceLink
from storesense_edge.settings import LinkSettings
from storesense_simulators.chaos.done_file import DoneFile
from storesense_simulators.chaos.recording_outbox import RecordingOutbox, SentFile

_FULL_DISK_BYTES = 4_096
"""No file may be written beyond this: less than one page of SQLite's log with its header."""


class AgentOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What one agent process is to do.

    Attributes:
        store_id: its store.
        device_id: its device.
        outbox: the outbox's path.
        sent: the file for this start's lines of ``sent.jsonl``.
        done: the file for what this start does when it is told to.
        readings_per_s: how much it measures.
        outbox_max_bytes: how much its outbox keeps.
        clock_offset_s: how wrong its clock is at the start.
    """

    store_id: str
    device_id: str
    outbox: str
    sent: str
    done: str
    readings_per_s: int
    outbox_max_bytes: int
    clock_offset_s: float = 0.0


class OffsetClock:
    """The machine's clock with an error that can be set; durations are right."""

    def __init__(self, offset_s: float) -> None:
        self.offset_s = offset_s

    def now(self) -> datetime:
        """Return what the wrong clock shows."""
        return datetime.now(UTC) + timedelta(seconds=self.offset_s)

    def monotonic_s(self) -> float:
        """Return the monotonic clock, in seconds."""
        return time.monotonic()


def reading_of(count: int, now_at: datetime) -> tuple[Stream, AnyReading]:
    """Return the reading number ``count`` of an agent: a function of that number and the instant alone."""
    kind, number = count % 6, count % 1_000_000
    if kind == 0:
        return Stream.FOOTFALL, FootfallReading(
            measured_at=now_at.replace(microsecond=0), period_ms=1, line_id="door", in_count=number, out_count=0
        )
    if kind == 1:
        return Stream.QUEUE, QueueSample(measured_at=now_at, queue_id="tills", length=number % 10_000)
    if kind == 2:
        return Stream.SHELF, ShelfWeight(measured_at=now_at, slot_id="slot-1", weight_mg=number, is_stable=True)
    if kind == 3:
        return Stream.SHELF, ShelfEvent(
            measured_at=now_at,
            slot_id="slot-1",
            event=ShelfEventKind.PICK,
            units=1,
            delta_mg=-number,
            confidence=1.0,
            event_no=number,
        )
    if kind == 4:
        return Stream.SHELF, _correction(number, now_at)
    return Stream.ZONE, ZoneReading(
        measured_at=now_at.replace(microsecond=0), period_ms=1, zone_id="floor", occupancy=1, entry_count=number
    )


def _correction(number: int, now_at: datetime) -> ShelfCorrection:
    """Return what withdraws the event before, and every other time puts another in its place."""
    told = ShelfCorrection(
        measured_at=now_at,
        slot_id="slot-1",
        event_no=number - 1,
        correction_no=1,
        told_event=ShelfEventKind.PICK,
        told_units=1,
        told_delta_mg=1 - number,
        confidence=1.0,
    )
    if number % 12 == 4:
        return told
    return msgspec.structs.replace(told, event=ShelfEventKind.PICK, units=2, delta_mg=1 - number)


async def run(order: AgentOrder) -> dict[str, object]:
    """Measure until told to drain; return what came of it."""
    clock = OffsetClock(order.clock_offset_s)
    lines = await _standard_input()
    sent = SentFile(Path(order.sent), store_id=order.store_id, device_id=order.device_id)
    link = DeviceLink(
        store_id=StoreId(order.store_id),
        device_id=DeviceId(order.device_id),
        broker=load_settings(BrokerSettings),
        outbox_path=Path(order.outbox),
        clock=clock,
        settings=LinkSettings(outbox_max_bytes=order.outbox_max_bytes),
        outbox_type=partial(RecordingOutbox, sent=sent),
    )
    runner = CommandRunner(order.device_id, {CommandKind.ZERO_SLOT: DoneFile(Path(order.done)).do}, clock)
    link.on_command = runner.hear
    async with link:
        measuring = asyncio.create_task(_measure(link, clock, order.readings_per_s), name="measure")
        obeying = asyncio.create_task(runner.run(link), name="commands")
        try:
            drain_s = await _obey(lines, clock)
        finally:
            measuring.cancel()
            obeying.cancel()
        drained = await link.drained(drain_s)
        stats = link.stats
        return {"drained": drained, "pending": stats.pending, "problem": stats.problem, "recorded": stats.recorded}


async def _measure(link: DeviceLink, clock: OffsetClock, readings_per_s: int) -> None:
    began_s, count = time.monotonic(), 0
    while True:
        due = int((time.monotonic() - began_s) * readings_per_s)
        while count < due:
            link.record(*reading_of(count, clock.now()))
            count += 1
        await asyncio.sleep(0.02)


async def _obey(lines: asyncio.StreamReader, clock: OffsetClock) -> float:
    """Do what the parent says until it says to drain; return how long that may take."""
    while line := await lines.readline():
        wish = json.loads(line)
        if "disk" in wish:
            _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
            soft = _FULL_DISK_BYTES if wish["disk"] == "full" else hard
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        if "clock_offset_s" in wish:
            clock.offset_s = float(wish["clock_offset_s"])
        if "drain_s" in wish:
            return float(wish["drain_s"])
    return 0.0


async def _standard_input() -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


def main() -> int:
    """Run one agent."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    result = asyncio.run(run(msgspec.json.decode(sys.argv[1], type=AgentOrder)))
    sys.stdout.write(json.dumps(result) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
