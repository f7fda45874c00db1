"""The store's own time beside a clock: in step with it, or some times faster, with readings dated in the present.

As with a recording that is replayed at a speed, a hurried store hurries in everything: what lasted a minute there is
told as a sixth of one at a speed of 6. Heat alone keeps the seconds of the store, whose grids are packed already.
"""

from collections.abc import Iterator

import msgspec

from storesense_contracts.clock import from_epoch_us, to_epoch_us
from storesense_contracts.readings import (
    AnyReading,
    FootfallReading,
    HeatmapReading,
    QueueSample,
    QueueVisit,
    ZoneReading,
)

_MINUTE_MS = 60_000
_DURATIONS = ("presence_ms", "visit_dwell_ms", "longest_wait_ms", "wait_ms", "service_ms")


class LiveTime:
    """Where the store's time stands against a clock, both in milliseconds since 1970.

    Args:
        clock_ms: the clock's instant,
        store_ms: and the store's that belongs to it.
        speed: how many times faster the store's time goes; 1 or more.
    """

    def __init__(self, *, clock_ms: int, store_ms: int, speed: float) -> None:
        self.speed = speed
        self._clock_ms = clock_ms
        self._store_ms = store_ms

    def anchor(self, *, clock_ms: int, store_ms: int) -> None:
        """Go on from a new pair of instants, after a sleep of the machine or a set clock."""
        self._clock_ms, self._store_ms = clock_ms, store_ms

    def store_ms(self, clock_ms: int) -> int:
        """Return how far the store's time should be."""
        return self._store_ms + int((clock_ms - self._clock_ms) * self.speed)

    def clock_ms(self, store_ms: int) -> int:
        """Return when, by the clock, the store's time was there; the same instants for the same times."""
        if self.speed == 1:
            return self._clock_ms + store_ms - self._store_ms
        return self._clock_ms + int((store_ms - self._store_ms) / self.speed)

    def dated(self, reading: AnyReading) -> Iterator[AnyReading]:
        """Yield a reading of the store's time as one of the clock's; two where it would straddle a whole minute."""
        began_ms = to_epoch_us(reading.measured_at) // 1_000
        at_ms = self.clock_ms(began_ms)
        changes: dict[str, object] = {"measured_at": from_epoch_us(at_ms * 1_000)}
        if self.speed != 1 and isinstance(reading, (ZoneReading, QueueSample, QueueVisit)):
            changes |= {
                name: round(getattr(reading, name) / self.speed) for name in _DURATIONS if hasattr(reading, name)
            }
        if not isinstance(reading, (FootfallReading, ZoneReading, HeatmapReading)):
            yield msgspec.structs.replace(reading, **changes)
            return
        ends_ms = max(at_ms + 1, self.clock_ms(began_ms + reading.period_ms))
        minute_ms = at_ms - at_ms % _MINUTE_MS + _MINUTE_MS
        if ends_ms > minute_ms:
            # What was counted falls into the later part; the earlier one says that nothing was left out.
            if not isinstance(reading, HeatmapReading):
                yield _quiet(reading, at_ms, minute_ms - at_ms)
            at_ms = minute_ms
        changes |= {"measured_at": from_epoch_us(at_ms * 1_000), "period_ms": ends_ms - at_ms}
        yield msgspec.structs.replace(reading, **changes)


def _quiet(reading: FootfallReading | ZoneReading, at_ms: int, period_ms: int) -> AnyReading:
    at = from_epoch_us(at_ms * 1_000)
    if isinstance(reading, FootfallReading):
        return FootfallReading(measured_at=at, period_ms=period_ms, line_id=reading.line_id, in_count=0, out_count=0)
    return ZoneReading(measured_at=at, period_ms=period_ms, zone_id=reading.zone_id, occupancy=reading.occupancy)
