"""What becomes of readings between a device's sensors and the outside: held back, lost, or stamped wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from storesense_contracts.readings import AnyReading, HealthReading
from storesense_simulators.twin.shop import FaultKind

if TYPE_CHECKING:
    from storesense_simulators.twin.emitted import Emitted
    from storesense_simulators.twin.faults import FaultSchedule


class Delivery:
    """Applies cut networks, cut power and wrong clocks to readings.

    A device keeps what it measures while its network is cut and sends it afterwards, in order, as its outbox does.
    What a device without power would have measured does not exist. A wrong clock stamps readings wrong from then on.

    Args:
        faults: what goes wrong when.
    """

    def __init__(self, faults: FaultSchedule) -> None:
        self._faults = faults
        self._held: dict[str, list[Emitted]] = {}

    def deliver(self, emitted: list[Emitted], t_ms: int, *, is_last: bool = False) -> list[Emitted]:
        """Return what leaves the devices now.

        Args:
            emitted: what was measured now.
            t_ms: milliseconds since the run began.
            is_last: the run ends: what is held back goes out too.
        """
        if not self._faults.faults:
            return emitted
        out: list[Emitted] = []
        for device_id in sorted(self._held):
            if is_last or self._faults.at(FaultKind.NETWORK_CUT, device_id, t_ms) is None:
                out += self._held.pop(device_id)
        for item in emitted:
            if self._faults.at(FaultKind.POWER_CUT, item.device_id, t_ms) is not None:
                continue
            clock = self._faults.at(FaultKind.CLOCK_WRONG, item.device_id, t_ms)
            sent = item if clock is None else _stamped(item, clock.amount)
            if not is_last and self._faults.at(FaultKind.NETWORK_CUT, item.device_id, t_ms) is not None:
                self._held.setdefault(item.device_id, []).append(sent)
            else:
                out.append(sent)
        return out


def _stamped(emitted: Emitted, ahead_s: float) -> Emitted:
    """The same reading by a clock that is ahead; a whole number of minutes keeps intervals within theirs."""
    ahead = timedelta(minutes=round(ahead_s / 60)) if abs(ahead_s) >= 30 else timedelta(0)
    reading: AnyReading = msgspec.structs.replace(emitted.reading, measured_at=emitted.reading.measured_at + ahead)
    if isinstance(reading, HealthReading):
        reading = msgspec.structs.replace(reading, clock_offset_ms=-round(ahead.total_seconds() * 1000))
    return type(emitted)(emitted.device_id, emitted.stream, reading)
