from datetime import UTC, datetime, timedelta

import pytest

from storesense_contracts.layout import Product, Slot
from storesense_contracts.readings import ShelfAlternative, ShelfEvent, ShelfEventKind, ShelfWeight
from storesense_contracts.topics import Stream
from storesense_edge.shelf.events import Alternative
from storesense_edge.shelf.events import ShelfEvent as SeenEvent
from storesense_edge.shelf.movement import Phase
from storesense_edge.shelf.pipeline import ObservationReason, ShelfObservation
from storesense_edge.shelf_readings import shelf_readings

SEEN_AT = datetime(2023, 10, 15, 12, 0, tzinfo=UTC)
SHIFT = timedelta(days=900)
SLOT = Slot(
    id="s1",
    name="Milk",
    section="front",
    product=Product(sku="milk-1l", name="Milk", unit_weight_g=1030),
    capacity_units=24,
    reorder_point_units=6,
)


def seen(phase: Phase = Phase.RESTING, event: SeenEvent | None = None) -> ShelfObservation:
    return ShelfObservation(
        measured_at=SEEN_AT,
        reason=ObservationReason.SETTLED,
        phase=phase,
        weight_g=5150.1234,
        sigma_g=3.0,
        units=5,
        confidence=0.98,
        event=event,
        step_at=SEEN_AT - timedelta(seconds=2),
    )


@pytest.mark.parametrize(
    ("phase", "is_stable"),
    [(Phase.RESTING, True), (Phase.SWINGING, True), (Phase.MOVING, False), (Phase.STARTING, False)],
)
def test_a_weight_is_in_milligrams_in_the_present_and_stable_when_it_rests(phase: Phase, is_stable: bool) -> None:
    assert shelf_readings(SLOT.id, seen(phase), lambda at: at + SHIFT) == [
        (
            Stream.SHELF,
            ShelfWeight(
                measured_at=SEEN_AT + SHIFT,
                slot_id="s1",
                weight_mg=5_150_123,
                is_stable=is_stable,
                units=5,
                confidence=0.98,
            ),
        )
    ]


def test_an_event_carries_the_product_and_the_moment_of_its_step() -> None:
    event = SeenEvent(
        ShelfEventKind.PICK,
        0.0,
        2,
        -2060.5,
        0.73,
        ambiguous=True,
        sku="milk-1l",
        alternatives=(Alternative(ShelfEventKind.PICK, "milk-1l", 3, 0.2),),
    )
    assert shelf_readings(SLOT.id, seen(event=event), lambda at: at + SHIFT)[1] == (
        Stream.SHELF,
        ShelfEvent(
            measured_at=SEEN_AT + SHIFT - timedelta(seconds=2),
            slot_id="s1",
            event=ShelfEventKind.PICK,
            units=2,
            delta_mg=-2_060_500,
            confidence=0.73,
            sku="milk-1l",
            is_ambiguous=True,
            alternatives=(ShelfAlternative(event=ShelfEventKind.PICK, units=3, confidence=0.2, sku="milk-1l"),),
        ),
    )
