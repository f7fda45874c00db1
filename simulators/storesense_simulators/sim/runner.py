"""The simulated store in real time: its readings leave through the same device links as a real device's."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec
from pydantic import SecretStr

from storesense_contracts.clock import Clock, to_epoch_us
from storesense_contracts.ids import DeviceId, StoreId
from storesense_contracts.readings import HealthReading
from storesense_contracts.settings import BrokerSettings
from storesense_contracts.site import SiteFile
from storesense_contracts.topics import user_name
from storesense_edge.link import DeviceLink
from storesense_edge.settings import LinkSettings
from storesense_simulators.sim.errors import SimulationError
from storesense_simulators.sim.plan import plan_of
from storesense_simulators.sim.sensors import Emitted, Sensors
from storesense_simulators.sim.store import TICK_MS, SimulatedStore

_logger = logging.getLogger(__name__)

_PAUSE_S = TICK_MS / 1_000
_CLOCK_TOLERANCE_MS = 5_000


class MissingPasswordError(SimulationError):
    """A simulated device has no password to sign in to the broker with."""

    code = "missing_password"

    def __init__(self, *, device: str) -> None:
        self.device = device
        super().__init__(
            f"the credentials file has no password for {device!r}; "
            "make one with: storesense broker setup, or add it to the file"
        )


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run came to.

    Attributes:
        readings: how many were recorded.
        messages_acked: how many messages the database has, by commit ack.
        messages_pending: how many it does not have yet; they stay on disk for the next run.
        truth: what truly happened, by kind.
        wall_s: how long the run took.
    """

    readings: int
    messages_acked: int
    messages_pending: int
    truth: dict[str, int]
    wall_s: float


class LiveSimulation:
    """One simulated store, in step with a real clock.

    Args:
        site: the store and its devices; those whose source is simulated are run.
        state_dir: folder of the outboxes.
        seed: the root of every random number.
        broker: the broker's address; user name and password come from ``passwords``.
        passwords: by user name, ``store/device``.
        clock: the time that readings carry.
        link_settings: how the devices batch and send.

    Raises:
        SimulationError: there is nothing to simulate, or a password is missing.
    """

    def __init__(
        self,
        site: SiteFile,
        *,
        state_dir: Path,
        seed: int,
        broker: BrokerSettings,
        passwords: Mapping[str, SecretStr],
        clock: Clock,
        link_settings: LinkSettings | None = None,
    ) -> None:
        self._clock = clock
        self.store = SimulatedStore(plan_of(site), seed=seed)
        self._seed = seed
        self._links = {
            device: _link(
                StoreId(site.store.id),
                DeviceId(device),
                state_dir=state_dir,
                broker=broker,
                passwords=passwords,
                clock=clock,
                settings=link_settings or LinkSettings(),
            )
            for device in self.store.plan.device_ids
        }

    async def run(self, *, stop: asyncio.Event, duration_s: float | None = None, drain_s: float = 5.0) -> RunResult:
        """Simulate until ``stop`` is set or ``duration_s`` has passed, then wait up to ``drain_s`` for commit acks."""
        started_s = self._clock.monotonic_s()
        async with AsyncExitStack() as stack:
            for link in self._links.values():
                await stack.enter_async_context(link)
            await self._simulate(stop, duration_s)
            await asyncio.gather(*(link.drained(drain_s) for link in self._links.values()))
            stats = [link.stats for link in self._links.values()]
        return RunResult(
            readings=sum(s.recorded for s in stats),
            messages_acked=sum(s.acked for s in stats),
            messages_pending=sum(s.pending for s in stats),
            truth=self.store.truth.as_dict(),
            wall_s=round(self._clock.monotonic_s() - started_s, 3),
        )

    async def _simulate(self, stop: asyncio.Event, duration_s: float | None) -> None:
        began_s = self._clock.monotonic_s()
        sensors = Sensors(self.store, seed=self._seed, started_ms=_epoch_ms(self._clock) // 1_000 * 1_000)
        while not stop.is_set() and (duration_s is None or self._clock.monotonic_s() - began_s < duration_s):
            self._catch_up(sensors)
            await _pause(stop, _PAUSE_S)
        for emitted in sensors.finish(self.store.close()):
            self._send(emitted)

    def _catch_up(self, sensors: Sensors) -> None:
        """Let the store's time come to the clock's."""
        now_ms = _epoch_ms(self._clock)
        if abs(now_ms - sensors.now_ms) > _CLOCK_TOLERANCE_MS:
            # The machine slept or its clock was set: readings go on at the new time, the shop where it was.
            _logger.warning("the clock moved away from the simulated store; going on at the present time")
            sensors.rebase(now_ms)
        while sensors.now_ms + TICK_MS <= now_ms:
            for emitted in sensors.observe(self.store.tick()):
                self._send(emitted)

    def _send(self, emitted: Emitted) -> None:
        link, reading = self._links[emitted.device_id], emitted.reading
        if isinstance(reading, HealthReading):
            stats = link.stats
            reading = msgspec.structs.replace(reading, outbox_messages=stats.pending, outbox_bytes=stats.outbox_bytes)
        link.record(emitted.stream, reading)


def _link(
    store: StoreId,
    device: DeviceId,
    *,
    state_dir: Path,
    broker: BrokerSettings,
    passwords: Mapping[str, SecretStr],
    clock: Clock,
    settings: LinkSettings,
) -> DeviceLink:
    name = user_name(store, device)
    if name not in passwords:
        raise MissingPasswordError(device=name)
    return DeviceLink(
        store_id=store,
        device_id=device,
        broker=broker.model_copy(update={"user_name": name, "password": passwords[name], "password_file": None}),
        outbox_path=state_dir / store / device / "outbox.sqlite",
        clock=clock,
        settings=settings,
    )


async def _pause(stop: asyncio.Event, duration_s: float) -> None:
    try:
        async with asyncio.timeout(duration_s):
            await stop.wait()
    except TimeoutError:
        return


def _epoch_ms(clock: Clock) -> int:
    return to_epoch_us(clock.now()) // 1_000
