"""The edge agent of a site: every device that is not simulated, each with its link, none able to stop the others."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from storesense_contracts import topics
from storesense_contracts.clock import from_epoch_us
from storesense_contracts.device_commands import CommandKind
from storesense_contracts.errors import StoresenseError
from storesense_contracts.readings import HealthReading, HealthState
from storesense_contracts.topics import Stream
from storesense_edge.batcher import UnfitReadingError
from storesense_edge.command_handlers import common_handlers, restart_agent
from storesense_edge.command_runner import CommandRunner, RestartRequestedError
from storesense_edge.health import Health, HealthBoard, reading_of
from storesense_edge.outbox_errors import OutboxLockedError, OutboxWriteError, OutboxWriterStoppedError
from storesense_edge.source_thread import run_source
from storesense_edge.trajectories import TrajectoryError, TrajectoryFile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from storesense_contracts.clock import Clock
    from storesense_contracts.readings import AnyReading
    from storesense_edge.command_runner import Handler
    from storesense_edge.drawing import DeviceDrawing
    from storesense_edge.link import DeviceLink, LinkStats
    from storesense_edge.planogram import DevicePlanogram
    from storesense_edge.setup_page import SetupPage
    from storesense_edge.source_thread import Finding, Produce
    from storesense_edge.trajectories import Audit

_logger = logging.getLogger(__name__)

OUTBOX = "outbox"
"""The component id of a device's outbox in its health readings."""

AUDIT = "audit"
"""The component id of accuracy audits in a camera's health readings."""

_RESTART_S = 10.0
_LOOK_S = 1.0
_LAST_DRAIN_S = 2.0


@dataclass(frozen=True, slots=True)
class Source:
    """One source of a device: a camera, or one load cell."""

    component_id: str
    produce: Produce


class DeviceAgent:
    """One device: its sources on threads, its condition, its link.

    Args:
        device_id: the device.
        sources: what it measures with.
        new_link: makes the link that its readings go by, not yet open, given ``on_config``.
        clock: tells the time.
        health_s: seconds between readings of its condition.
        audits: where accuracy audits wait to be sent, None for a device that has none.
        planogram: what its slots hold, None for a device without slots.
        drawing: what its camera measures, None for a device without one.
    """

    def __init__(
        self,
        device_id: str,
        sources: list[Source],
        new_link: Callable[..., DeviceLink],
        *,
        clock: Clock,
        health_s: float,
        audits: TrajectoryFile | None = None,
        planogram: DevicePlanogram | None = None,
        drawing: DeviceDrawing | None = None,
    ) -> None:
        self.device_id = device_id
        self._audits = audits
        self.planogram = planogram
        self.drawing = drawing
        self._goes_by = planogram or drawing
        self._config: bytes | None = None
        self._config_came = asyncio.Event()
        self._on_config = None if self._goes_by is None else self._take_config
        self.link = new_link(on_config=self._on_config)
        self._new_link = new_link
        self._name = topics.user_name(self.link.store_id, self.link.device_id)
        self._sources = sources
        self._clock = clock
        self._health_s = health_s
        self._board = HealthBoard()
        self._started_s = clock.monotonic_s()
        self._commands = self._new_runner({})

    def understand(self, handlers: Mapping[CommandKind, Handler]) -> None:
        """Do these commands too; without them it does what every device can. To be called before it runs."""
        self._commands = self._new_runner(handlers)

    def _new_runner(self, handlers: Mapping[CommandKind, Handler]) -> CommandRunner:
        common = common_handlers(self._name, report=self._report_now) | {CommandKind.RESTART_AGENT: restart_agent()}
        return CommandRunner(self._name, common | dict(handlers), self._clock)

    async def run(self) -> None:
        """Measure until cancelled, with a link and a boot of its own; then everything measured is on disk.

        Raises:
            OutboxError: the device's outbox cannot be opened, or is not written any more.
        """
        while True:
            try:
                await self._run_boot()
            except* RestartRequestedError:
                _logger.warning("%s begins anew, as somebody asked.", self._name)

    async def _run_boot(self) -> None:
        self.link = self._new_link(on_config=self._on_config)
        self.link.on_command = self._commands.hear
        kept = None if self._goes_by is None else await asyncio.to_thread(self._goes_by.load)
        async with self.link:
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._tell_condition(), name=f"health {self._name}")
                    group.create_task(self._commands.run(self.link), name=f"commands {self._name}")
                    if self._goes_by is not None and kept is not None:
                        self._take(kept)
                        group.create_task(self._follow(self._goes_by), name=f"configuration {self._name}")
                    for source in self._sources:
                        name = f"{source.component_id} of {self._name}"
                        group.create_task(self._supervise(source), name=name)
            finally:
                # The last readings of an orderly end need not wait for the next start.
                if self.link.stats.connected:
                    await self.link.drained(_LAST_DRAIN_S)

    def _take_config(self, payload: bytes) -> None:
        self._config = payload
        self._config_came.set()

    async def _follow(self, goes_by: DevicePlanogram | DeviceDrawing) -> None:
        """Take up what the gateway says, for ever; of several that wait the newest alone."""
        while True:
            await self._config_came.wait()
            self._config_came.clear()
            payload, self._config = self._config, None
            if payload is not None:
                self._take(await asyncio.to_thread(goes_by.take, payload))

    async def _supervise(self, source: Source) -> None:
        """Run a source; what goes wrong with it becomes its condition and stops nothing else."""
        try:
            await run_source(source.produce, self._take, name=f"{self._name} {source.component_id}")
        except StoresenseError as exc:
            _logger.error("%s: %s stopped: %s", self._name, source.component_id, exc)  # noqa: TRY400 -- says it all
            self._take(Health(source.component_id, HealthState.FAILED, str(exc)))
        except Exception as exc:  # the supervisor of sources: one that fails stops no other
            _logger.exception("%s: %s stopped by a mistake in the program.", self._name, source.component_id)
            reason = f"stopped by a mistake in the program ({type(exc).__name__}); see the agent's log"
            self._take(Health(source.component_id, HealthState.FAILED, reason))

    def _take(self, finding: Finding) -> None:
        if not isinstance(finding, Health):
            self._record(*finding)
            return
        reading = self._board.update(finding, self._clock.now())
        if reading is not None:
            if finding.state is not HealthState.OK:
                _logger.warning("%s: %s is %s: %s", self._name, finding.component_id, finding.state, finding.reason)
            self._record(Stream.HEALTH, reading)

    def _record(self, stream: Stream, reading: AnyReading) -> None:
        try:
            self.link.record(stream, reading)
        except UnfitReadingError:
            _logger.exception("%s: a reading was left out.", self._name)

    async def _send_audits(self) -> None:
        if self._audits is None:
            return
        try:
            # Whether the camera gives pictures or not, a day is a day.
            await asyncio.to_thread(self._audits.forget, self._clock.now())
            found = await asyncio.to_thread(self._audits.take_audits)
        except TrajectoryError as exc:
            _logger.warning("%s: %s", self._name, exc)
            return
        for audit in found:
            self._record(Stream.HEALTH, audit_reading(audit))

    async def _tell_condition(self) -> None:
        """Tell the outbox's condition when it changes, and everything every so often."""
        told: Health | None = None
        due_s = self._clock.monotonic_s()
        while True:
            now_s = self._clock.monotonic_s()
            outbox = outbox_health(self.link.stats, self.link.set_aside)
            if now_s >= due_s:
                due_s = now_s + self._health_s
                self._report_now()
                await self._send_audits()
            elif outbox != told:
                self._tell_outbox(outbox)
            told = outbox
            await asyncio.sleep(min(_LOOK_S, self._health_s))

    def _report_now(self) -> int:
        """Tell the condition of every component; returns how many there are."""
        readings = self._board.readings(self._clock.now())
        for reading in readings:
            self._record(Stream.HEALTH, reading)
        self._tell_outbox(outbox_health(self.link.stats, self.link.set_aside))
        return len(readings) + 1

    def _tell_outbox(self, outbox: Health) -> None:
        stats = self.link.stats
        reading = reading_of(
            outbox,
            self._clock.now(),
            outbox_messages=stats.pending,
            outbox_bytes=stats.outbox_bytes,
            uptime_s=int(self._clock.monotonic_s() - self._started_s),
            clock_offset_ms=stats.clock_offset_ms,
            commands=self._commands.kinds,
        )
        self._record(Stream.HEALTH, reading)


def audit_reading(audit: Audit) -> HealthReading:
    """Build the reading of an accuracy audit: numbers, dated when the tally began."""
    return HealthReading(
        measured_at=from_epoch_us(audit.from_ms * 1000),
        component_id=AUDIT,
        state=HealthState.OK,
        accuracy=audit.accuracy,
        audit_ms=audit.to_ms - audit.from_ms,
    )


def outbox_health(stats: LinkStats, set_aside: Path | None) -> Health:
    """Say how a device's outbox and link are doing."""
    reasons = [] if stats.problem is None else [stats.problem]
    if set_aside is not None:
        reasons.append(f"The outbox was damaged and is kept as {set_aside.name}; check the disk.")
    if stats.dropped:
        # Without the number, which would make each dropped message a new condition.
        reasons.append("Messages were dropped because the outbox was full or they were too old.")
    state = HealthState.DEGRADED if reasons else HealthState.OK
    return Health(OUTBOX, state, " ".join(reasons) or None)


class SiteAgent:
    """All devices of a site that are not simulated.

    Args:
        devices: the devices.
        setup: serves the setup page; None where none is served.
    """

    def __init__(self, devices: list[DeviceAgent], setup: SetupPage | None = None) -> None:
        self.devices = devices
        self.setup = setup

    async def run(self, stop: asyncio.Event) -> None:
        """Measure until ``stop`` is set; then everything measured is on disk.

        Raises:
            OutboxLockedError: another agent runs with the same state folder.
            OutboxWriterStoppedError: a device can keep nothing any more, by a mistake in the program. All end in order,
                so that the service manager starts the process anew.
        """
        try:
            async with asyncio.TaskGroup() as group:
                if self.setup is not None:
                    group.create_task(self.setup.run(stop), name="setup page")
                tasks = [group.create_task(_keep_up(d), name=f"device {d.device_id}") for d in self.devices]
                await stop.wait()
                for task in tasks:
                    task.cancel()
        except* (OutboxLockedError, OutboxWriterStoppedError) as ended:
            raise ended.exceptions[0] from None

    @property
    def stats(self) -> list[LinkStats]:
        """How each device's link is doing."""
        return [device.link.stats for device in self.devices]


async def _keep_up(device: DeviceAgent) -> None:
    """Run a device; where its disk refuses even to begin, try again."""
    while True:
        try:
            await device.run()
        except OutboxWriteError as exc:
            _logger.error("%s cannot begin and tries again: %s", device.device_id, exc)  # noqa: TRY400
            await asyncio.sleep(_RESTART_S)
        else:
            return
