"""From a slot's signal chain to readings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from storesense_contracts.readings import (
    ProductUnits,
    ShelfAlternative,
    ShelfCorrection,
    ShelfEvent,
    ShelfWeight,
)
from storesense_contracts.topics import Stream
from storesense_edge.shelf.movement import Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from storesense_edge.camera_readings import Measured
    from storesense_edge.shelf.events import ShelfEvent as FoundEvent
    from storesense_edge.shelf.pipeline import ShelfObservation
    from storesense_edge.shelf.plate_stock import Stock
    from storesense_edge.shelf.retelling import Correction

_MAX_MG = 10_000_000_000
_MAX_UNITS = 1_000_000
_WITHDRAWN_CONFIDENCE = 0.95
"""An event is withdrawn once what was told of it is at most 5 % likely."""


def shelf_readings(
    slot_id: str, seen: ShelfObservation, to_present: Callable[[datetime], datetime], skus: Sequence[str] = ()
) -> list[Measured]:
    """Return the weight that was observed, and the event that it ended with.

    Args:
        slot_id: the slot.
        seen: what its chain observed.
        to_present: maps a recording's instants to the present.
        skus: the products that share the plate, the slot's own first; none where it has one.
    """
    weight = ShelfWeight(
        measured_at=to_present(seen.measured_at),
        slot_id=slot_id,
        weight_mg=_mg(seen.weight_g),
        is_stable=seen.phase in (Phase.RESTING, Phase.SWINGING),
        units=None if seen.units is None else min(_MAX_UNITS, seen.units),
        confidence=None if seen.confidence is None else min(1.0, max(0.0, seen.confidence)),
        guest_mg=_mg(seen.stock.guest_g) if seen.stock is not None and seen.stock.guest_g else None,
        calibration_due=seen.calibration_due,
        products=_products(seen.stock, skus),
    )
    measured: list[Measured] = [(Stream.SHELF, weight)]
    if seen.event is not None:
        event = event_reading(slot_id, seen.event, to_present(seen.step_at or seen.measured_at))
        measured.append((Stream.SHELF, event))
    return measured


def event_reading(
    slot_id: str, found: FoundEvent, measured_at: datetime, *, straddles: str | None = None
) -> ShelfEvent:
    """Return what a slot's chain found, as it is sent; ``straddles`` is the other slot of a thing that lies on two."""
    return ShelfEvent(
        measured_at=measured_at,
        slot_id=slot_id,
        event=found.kind,
        units=min(_MAX_UNITS, found.units),
        delta_mg=_mg(found.delta_g),
        confidence=min(1.0, max(0.0, found.confidence)),
        sku=found.sku,
        is_ambiguous=found.ambiguous,
        alternatives=tuple(
            ShelfAlternative(
                event=other.kind,
                units=min(_MAX_UNITS, other.units),
                confidence=min(1.0, max(0.0, other.probability)),
                sku=other.sku,
            )
            for other in found.alternatives
        ),
        burst_units=None if found.burst_units is None else min(_MAX_UNITS, found.burst_units),
        straddles=straddles,
        event_no=found.no or None,
    )


def correction_reading(slot_id: str, found: Correction, measured_at: datetime) -> ShelfCorrection:
    """Return that an event was told wrongly, and what it was; ``measured_at`` is the event's, as it was sent."""
    told, event = found.told, found.event
    before = event_reading(slot_id, told, measured_at)
    now = before if event is None else event_reading(slot_id, event, measured_at)
    correction = ShelfCorrection(
        measured_at=measured_at,
        slot_id=slot_id,
        event_no=found.no,
        correction_no=found.correction_no,
        told_event=before.event,
        told_units=before.units,
        told_delta_mg=before.delta_mg,
        told_sku=before.sku,
        confidence=_WITHDRAWN_CONFIDENCE,
    )
    if event is None:
        return correction
    return msgspec.structs.replace(
        correction,
        event=now.event,
        units=now.units,
        delta_mg=now.delta_mg,
        confidence=now.confidence,
        sku=now.sku,
        is_ambiguous=now.is_ambiguous,
        alternatives=now.alternatives,
    )


def _products(stock: Stock | None, skus: Sequence[str]) -> tuple[ProductUnits, ...]:
    if stock is None or len(stock.units) != len(skus) or len(skus) < 2:
        return ()
    return tuple(
        ProductUnits(sku=sku, units=min(_MAX_UNITS, units), confidence=min(1.0, max(0.0, sure)))
        for sku, units, sure in zip(skus, stock.units, stock.sure_of, strict=True)
    )


def _mg(weight_g: float) -> int:
    return max(-_MAX_MG, min(_MAX_MG, round(weight_g * 1000)))
