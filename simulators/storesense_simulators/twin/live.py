"""The twin in step with a clock: its readings leave through the same device links as a real device's."""

import asyncio
import dataclasses
import logging
from dataclasses import dataclass
from datetime import datetime

from storesense_contracts.clock import Clock, from_epoch_us, to_epoch_us
from storesense_contracts.topics import Stream
from storesense_edge.health import reading_of
from storesense_simulators.twin.control import Control, ScheduleControl, WatchfulControl
from storesense_simulators.twin.device_links import DeviceLinks
from storesense_simulators.twin.emitted import Emitted
from storesense_simulators.twin.engine import Twin
from storesense_simulators.twin.faults import plan_faults
from storesense_simulators.twin.live_config import LiveConfig
from storesense_simulators.twin.live_time import LiveTime
from storesense_simulators.twin.movement import STEP_MS
from storesense_simulators.twin.opening import Opening, opened
from storesense_simulators.twin.readings_depth import HEALTH_MS, ReadingSensors
from storesense_simulators.twin.shop import Shop
from storesense_simulators.twin.truth import TruthCounters

_logger = logging.getLogger(__name__)

_CLOCK_TOLERANCE_MS = 5_000
_PLANNED_MS = 86_400_000
_PAUSE_S = 0.1
_STEPS_AT_ONCE = 40


@dataclass(frozen=True, slots=True)
class LiveResult:
    """What a run came to.

    Attributes:
        readings: how many were recorded.
        messages_acked: how many messages the database has, by commit ack.
        messages_pending: how many it does not have yet; they stay on disk for the next run.
        visitors: people who came, without staff.
        truth: what truly happened, by kind.
        wall_s: how long the run took.
    """

    readings: int
    messages_acked: int
    messages_pending: int
    visitors: int
    truth: dict[str, int]
    wall_s: float


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """How a store is run live.

    Attributes:
        seed: the root of all chance.
        speed: how many times faster than the clock.
        opening: how it opens before a visitor's eyes. With one, staff open and close lanes by the lines they see;
            without, they keep to the schedule.
    """

    seed: int
    speed: float = 1.0
    opening: Opening | None = None


class LiveStore:
    """One store in step with a clock.

    It opens empty, and when the run ends everybody inside is let out and counted at the door.

    Args:
        shop: the store.
        links: its devices; open while it runs.
        clock: what it keeps step with, and what readings are dated by.
        options: how.
        config: what its devices are told while it runs; by the store's own file if left out.
    """

    def __init__(
        self,
        shop: Shop,
        links: DeviceLinks,
        *,
        clock: Clock,
        options: LiveOptions,
        config: LiveConfig | None = None,
    ) -> None:
        self._shop = shop if options.opening is None else opened(shop, options.opening, seed=options.seed)
        self._links = links
        self._clock = clock
        self._options = options
        self._config = config
        self._config_due_ms = 0
        self.truth = TruthCounters()

    async def run(self, *, stop: asyncio.Event, duration_s: float | None = None, drain_s: float = 5.0) -> LiveResult:
        """Run until ``stop`` is set or ``duration_s`` has passed, then wait up to ``drain_s`` for commit acks."""
        began_s = self._clock.monotonic_s()
        began_ms = _epoch_ms(self._clock) // 1_000 * 1_000
        twin = self._twin(from_epoch_us(began_ms * 1_000))
        faults = plan_faults(self._shop, seed=self._options.seed, lasts_ms=_PLANNED_MS)
        sensors = ReadingSensors(self._shop, twin, seed=self._options.seed, started_ms=began_ms, faults=faults)
        time = LiveTime(clock_ms=began_ms, store_ms=began_ms, speed=self._options.speed)
        while not stop.is_set() and (duration_s is None or self._clock.monotonic_s() - began_s < duration_s):
            self._take_up(sensors, time)
            if self._catch_up(twin, sensors, time):
                await _pause(stop, _PAUSE_S)
            else:
                await asyncio.sleep(0)
        last = twin.close()
        self.truth.add(last)
        self._send([*sensors.observe(last, is_last=True), *sensors.finish()], time)
        await self._links.drained(drain_s)
        stats = self._links.stats
        return LiveResult(
            readings=sum(s.recorded for s in stats),
            messages_acked=sum(s.acked for s in stats),
            messages_pending=sum(s.pending for s in stats),
            visitors=twin.visitors,
            truth=self.truth.as_dict(),
            wall_s=round(self._clock.monotonic_s() - began_s, 3),
        )

    def _twin(self, began_at: datetime) -> Twin:
        opening = self._options.opening
        control: Control = ScheduleControl() if opening is None else WatchfulControl(self._shop)
        return Twin(self._shop, seed=self._options.seed, began_at=began_at, control=control, opening=opening)

    def _take_up(self, sensors: ReadingSensors, time: LiveTime) -> None:
        """Let the devices work by what they were told since, and say by what they do: at once and every minute."""
        if self._config is None:
            return
        told = self._config.take()
        for taken in told:
            if taken.shapes is not None:
                self._send(sensors.redraw(taken.device_id, taken.shapes), time)
            if taken.slots is not None:
                sensors.lay_out(taken.device_id, taken.slots)
            for slot_id, count in taken.counts:
                self._send(sensors.counted(slot_id, count), time)
        conditions = {taken.device_id: taken.health for taken in told}
        if sensors.now_ms >= self._config_due_ms:
            self._config_due_ms = sensors.now_ms + HEALTH_MS
            conditions = self._config.conditions
        now_at = from_epoch_us(sensors.now_ms * 1_000)
        self._send(
            [Emitted(name, Stream.HEALTH, reading_of(health, now_at)) for name, health in conditions.items()], time
        )

    def _catch_up(self, twin: Twin, sensors: ReadingSensors, time: LiveTime) -> bool:
        """Let the store's time come nearer to where it should be; return whether it is there."""
        clock_ms = _epoch_ms(self._clock)
        lag_ms = clock_ms - time.clock_ms(sensors.now_ms)
        if abs(lag_ms) > _CLOCK_TOLERANCE_MS:
            # The machine slept, its clock was set, or it is too slow: readings go on at the present, the shop where it
            # was.
            _logger.warning("the clock moved away from the simulated store; going on at the present time")
            sensors.rebase(clock_ms)
            time.anchor(clock_ms=sensors.now_ms, store_ms=sensors.now_ms)
        due_ms = time.store_ms(clock_ms)
        for _ in range(_STEPS_AT_ONCE):
            if sensors.now_ms + STEP_MS > due_ms:
                return True
            events = twin.step()
            self.truth.add(events)
            self._send(sensors.observe(events), time)
        return False

    def _send(self, emitted: list[Emitted], time: LiveTime) -> None:
        for one in emitted:
            for reading in time.dated(one.reading):
                self._links.record(dataclasses.replace(one, reading=reading))


async def _pause(stop: asyncio.Event, duration_s: float) -> None:
    try:
        async with asyncio.timeout(duration_s):
            await stop.wait()
    except TimeoutError:
        return


def _epoch_ms(clock: Clock) -> int:
    return to_epoch_us(clock.now()) // 1_000
