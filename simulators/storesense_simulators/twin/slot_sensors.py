"""The load cells of a simulated store, each asked when it has something to tell and no more often."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from storesense_contracts.readings import HealthReading, HealthState
from storesense_contracts.site import ShelfDevice
from storesense_contracts.topics import Stream
from storesense_edge.shelf_counting import COUNTS
from storesense_simulators.twin.chance import stream
from storesense_simulators.twin.emitted import Emitted
from storesense_simulators.twin.interval_sensors import REPORT_MS, instant
from storesense_simulators.twin.shelf_sensor import SlotSensor
from storesense_simulators.twin.shop import FaultKind

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence

    from storesense_contracts.device_config import ConfigCount, ConfigSlot
    from storesense_simulators.twin.faults import Fault, FaultSchedule
    from storesense_simulators.twin.shop import Shop
    from storesense_simulators.twin.stocks import Stock

_LEANING = (FaultKind.CELL_BUMPED, FaultKind.CELL_LEANED_ON)


class SlotSensors:
    """The load cells of the store's shelves.

    Args:
        shop: the store.
        stocks: what lies on each slot, at the start.
        faults: what goes wrong.
        seed: the root of the cells' own chance.
        now_ms: the present, milliseconds since 1970, as in every method here.
    """

    def __init__(
        self, shop: Shop, stocks: Mapping[str, Stock], faults: FaultSchedule, *, seed: int, now_ms: int
    ) -> None:
        told = {s.slot for d in shop.site.devices if isinstance(d, ShelfDevice) for s in d.slots}
        places = {place.slot_id: place for place in shop.places}
        self._faults = faults
        self._slots = {
            cell.slot_id: SlotSensor(
                places[cell.slot_id],
                cell,
                mass_mg=stocks[cell.slot_id].mass_mg,
                chance=stream(seed, f"cell/{cell.slot_id}"),
                now_ms=now_ms,
            )
            for cell in shop.cells
            if cell.slot_id in told
        }
        self._heap = [(now_ms, slot_id) for slot_id in sorted(self._slots)]
        """When each is due; an entry that is earlier than its slot is due is out of date."""

    def lay_out(self, device_id: str, slots: Sequence[ConfigSlot], now_ms: int) -> None:
        """Let a shelf hold what a planogram says; it is laid out anew at once, as many units as there were."""
        for planned in slots:
            slot = self._slots.get(planned.slot_id)
            if slot is not None and slot.device_id == device_id:
                slot.lay_out(planned.product, planned.capacity_units, now_ms)
                self._push(slot)

    def counted(self, slot_id: str, count: ConfigCount, now_ms: int) -> list[Emitted]:
        """Set what somebody counted in a slot against what its shelf believes; return what the shelf says of it."""
        slot = self._slots.get(slot_id)
        if slot is None:
            return []
        told = HealthReading(
            measured_at=instant(now_ms), component_id=COUNTS, state=HealthState.OK, counted=slot.counted(count)
        )
        return [Emitted(slot.device_id, Stream.HEALTH, told)]

    def touch(self, slot_id: str, mass_mg: int, now_ms: int) -> None:
        """Put another load on a slot."""
        slot = self._slots.get(slot_id)
        if slot is not None:
            slot.touch(mass_mg, now_ms)
            self._push(slot)

    def lean(self, current: list[Fault], now_ms: int) -> None:
        """Let the faults that hold now press on the slots that they are about, and on no other."""
        for slot_id, slot in self._slots.items():
            leaning_g = sum(f.amount for f in current if f.target == slot_id and f.kind in _LEANING)
            before_ms = slot.due_ms
            slot.lean(leaning_g, now_ms)
            if slot.due_ms != before_ms:
                self._push(slot)

    def restart(self, device_id: str, now_ms: int) -> None:
        """Let a shelf begin anew after a power cut."""
        for slot in self._slots.values():
            if slot.device_id == device_id:
                slot.restart(now_ms)
                self._push(slot)

    def shift(self, by_ms: int) -> None:
        """Move everything that is due to another time."""
        for slot in self._slots.values():
            slot.shift(by_ms)
        self._heap = [(slot.due_ms, slot_id) for slot_id, slot in sorted(self._slots.items())]
        heapq.heapify(self._heap)

    def is_due(self, now_ms: int) -> bool:
        """Whether any slot may have something to tell."""
        return bool(self._heap) and self._heap[0][0] <= now_ms

    def weights(self, now_ms: int, t_ms: int, dark: Container[str]) -> Iterator[Emitted]:
        """Yield what the slots that are due tell, ``t_ms`` after the run began; devices in ``dark`` tell nothing."""
        heap = self._heap
        while heap and heap[0][0] <= now_ms:
            due_ms, slot_id = heapq.heappop(heap)
            slot = self._slots[slot_id]
            if due_ms < slot.due_ms:
                continue  # touched since: another entry of the heap is the one that counts
            if slot.device_id in dark:
                slot.due_ms = now_ms + REPORT_MS
            else:
                for reading in slot.report(now_ms, self._drifts(slot_id, t_ms)):
                    yield Emitted(slot.device_id, Stream.SHELF, reading)
            self._push(slot)

    def _push(self, slot: SlotSensor) -> None:
        heapq.heappush(self._heap, (slot.due_ms, slot.slot_id))

    def _drifts(self, slot_id: str, t_ms: int) -> tuple[tuple[Fault, int], ...]:
        if not self._faults.faults:
            return ()
        drifts = self._faults.of(slot_id, FaultKind.CELL_DRIFTING)
        return tuple((f, min(t_ms, f.ends_ms) - f.begins_ms) for f in drifts if t_ms > f.begins_ms)
