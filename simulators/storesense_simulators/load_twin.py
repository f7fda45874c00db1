"""The twin at reading depth as load: some minutes of a shipped store, used again for many stores and again in time.

A store is simulated once, its readings are put into messages a device, and every store of the load publishes the same
messages from its own devices. When a device has sent all of them it begins anew, dated on; the last pass ends before
the present.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from storesense_contracts.clock import to_epoch_us
from storesense_simulators.twin.demand import open_shares
from storesense_simulators.twin.engine import Twin
from storesense_simulators.twin.load_shop import load_shop
from storesense_simulators.twin.readings_depth import ReadingSensors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storesense_contracts.readings import AnyReading
    from storesense_contracts.topics import Stream
    from storesense_simulators.load_order import TwinLoad

WARM_UP_MS = 600_000
"""Until there are people everywhere in the store."""


class TwinTraces:
    """The messages of every device of one store, without ids.

    Args:
        load: which store.
        batch_size: readings in a message at most.
    """

    def __init__(self, load: TwinLoad, *, batch_size: int) -> None:
        shop = load_shop(load.store)
        monday = datetime(2026, 3, 2, tzinfo=UTC)
        hours = [
            (shop.demand.visitors_per_h[weekday][hour], -(24 * weekday + hour))
            for weekday in range(7)
            for hour, share in enumerate(open_shares(shop.hours, weekday))
            if share > 0
        ]
        self._began_at = monday + timedelta(hours=-max(hours)[1])
        self._lasts_ms = load.minutes * 60_000
        twin = Twin(shop, seed=load.seed, began_at=self._began_at - timedelta(milliseconds=WARM_UP_MS))
        started_ms = to_epoch_us(twin.began_at) // 1_000
        sensors = ReadingSensors(shop, twin, seed=load.seed, started_ms=started_ms)
        batches: dict[tuple[str, Stream], list[AnyReading]] = {}
        self._messages: dict[str, list[tuple[Stream, list[AnyReading]]]] = {d.id: [] for d in shop.site.devices}
        for events in twin.run_until(WARM_UP_MS + self._lasts_ms):
            for one in sensors.observe(events):
                if one.reading.measured_at < self._began_at:
                    continue
                batch = batches.setdefault((one.device_id, one.stream), [])
                batch.append(one.reading)
                if len(batch) == batch_size:
                    self._messages[one.device_id].append((one.stream, batch))
                    del batches[one.device_id, one.stream]
        for (device_id, stream), batch in batches.items():
            self._messages[device_id].append((stream, batch))

    @property
    def device_ids(self) -> list[str]:
        """The store's devices, all of which have something to say."""
        return [device_id for device_id, messages in self._messages.items() if messages]

    def messages(self, device_id: str, count: int, *, until_at: datetime) -> Iterator[tuple[Stream, list[AnyReading]]]:
        """Yield ``count`` messages of a device, dated so that all of them are before ``until_at``.

        Args:
            device_id: one of ``device_ids``.
            count: how many.
            until_at: an aware instant.
        """
        known = self._messages[device_id]
        passes = max(1, math.ceil(count / len(known)))
        step = timedelta(milliseconds=self._lasts_ms)
        # Whole minutes, since no interval may straddle one.
        first_at = until_at.replace(second=0, microsecond=0) - step * passes
        for number in range(count):
            turn, place = divmod(number, len(known))
            stream, readings = known[place]
            by = first_at + step * turn - self._began_at
            yield stream, [msgspec.structs.replace(r, measured_at=r.measured_at + by) for r in readings]
