"""What a simulated device does when it is asked to: what every device can, by the same code as a real one's.

It has no cell to zero, no picture to learn and no agent of its own to restart, so it does not say that it could.
"""

import msgspec

from storesense_contracts.clock import Clock
from storesense_contracts.readings import HealthReading
from storesense_contracts.topics import Stream, user_name
from storesense_edge.command_handlers import common_handlers
from storesense_edge.command_runner import CommandRunner
from storesense_edge.link import DeviceLink


class SimulatedCommands:
    """One device's commands.

    Args:
        link: the device's, not yet open.
        clock: tells the time.
    """

    def __init__(self, link: DeviceLink, clock: Clock) -> None:
        self._link = link
        self._clock = clock
        self._told: dict[str, HealthReading] = {}
        name = user_name(link.store_id, link.device_id)
        self._runner = CommandRunner(name, common_handlers(name, report=self._report), clock)
        link.on_command = self._runner.hear

    async def run(self) -> None:
        """Do commands until cancelled."""
        await self._runner.run(self._link)

    def told(self, reading: HealthReading) -> HealthReading:
        """Note what is told of a component, and add what the device understands where it speaks of the device."""
        if reading.component_id == self._link.device_id:
            stats = self._link.stats
            reading = msgspec.structs.replace(
                reading,
                outbox_messages=stats.pending,
                outbox_bytes=stats.outbox_bytes,
                clock_offset_ms=stats.clock_offset_ms,
                commands=self._runner.kinds,
            )
        known = self._told.get(reading.component_id)
        if known is None or known.measured_at <= reading.measured_at:
            self._told[reading.component_id] = reading
        return reading

    def _report(self) -> int:
        for reading in list(self._told.values()):
            fresh = msgspec.structs.replace(reading, measured_at=self._clock.now())
            self._link.record(Stream.HEALTH, self.told(fresh))
        return len(self._told)
