"""A slot on a past day: what is taken and refilled, and what its cell tells of that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storesense_contracts.readings import ShelfEvent, ShelfEventKind, ShelfWeight
from storesense_simulators.twin.interval_sensors import MINUTE_MS, instant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from storesense_simulators.twin.chance import Dice
    from storesense_simulators.twin.shop import Place
    from storesense_simulators.twin.shop_people import StaffPlan

_WEIGHTS_EVERY_MIN = 60
_CONFIDENCE = 0.97
_WALK_MS = 120_000
"""To the stock room and back, beside finding the goods."""


def slot_changes(
    place: Place, taken: Sequence[tuple[int, int]], minutes: int, staff: StaffPlan, dice: Dice
) -> list[tuple[int, int]]:
    """Return when a slot's units change and by how much: what customers do, and staff who refill what has run low.

    Args:
        place: the slot, full when the day begins.
        taken: when customers want to take units (below 0) or put them back, in order; milliseconds since its beginning.
        minutes: how long the day is.
        staff: how long it takes them to notice and to fetch.
        dice: their chance.
    """
    units, refill_ms = place.capacity_units, None
    changes: list[tuple[int, int]] = []
    for t_ms, change in taken:
        if refill_ms is not None and refill_ms <= t_ms:
            changes.append((refill_ms, place.capacity_units - units))
            units, refill_ms = place.capacity_units, None
        moved = max(-units, min(place.capacity_units - units, change))
        if moved:
            changes.append((t_ms, moved))
        units += moved
        if refill_ms is None and units <= place.reorder_point_units:
            refill_ms = t_ms + dice.ms_of(staff.notice_s) + dice.ms_of(staff.fetch_s) + _WALK_MS
    if refill_ms is not None and refill_ms < minutes * MINUTE_MS:
        changes.append((refill_ms, place.capacity_units - units))
    return changes


def slot_readings(
    place: Place, changes: list[tuple[int, int]], began_ms: int, minutes: int
) -> Iterator[ShelfWeight | ShelfEvent]:
    """Yield what happened at a slot, and its weight at the end of each minute with a change and each whole hour."""
    units = place.capacity_units
    levels: dict[int, int] = {}
    for t_ms, moved in changes:
        units += moved
        levels[min(minutes - 1, t_ms // MINUTE_MS + 1)] = units
        kind = ShelfEventKind.PICK if moved < 0 else ShelfEventKind.PUT_BACK
        if moved > 0 and units == place.capacity_units and moved > 1:
            kind = ShelfEventKind.RESTOCK
        yield ShelfEvent(
            measured_at=instant(began_ms + t_ms),
            slot_id=place.slot_id,
            event=kind,
            units=abs(moved),
            delta_mg=round(moved * place.unit_weight_g * 1_000),
            confidence=_CONFIDENCE,
            sku=place.sku,
        )
    units = place.capacity_units
    for minute in sorted(levels.keys() | set(range(0, minutes, _WEIGHTS_EVERY_MIN))):
        units = levels.get(minute, units)
        yield ShelfWeight(
            measured_at=instant(began_ms + minute * MINUTE_MS),
            slot_id=place.slot_id,
            weight_mg=round(units * place.unit_weight_g * 1_000),
            is_stable=True,
            units=units,
            confidence=_CONFIDENCE,
        )
