"""Two halves of one item are one event, and nothing else waits."""

from storesense_contracts.readings import ShelfEventKind
from storesense_edge.shelf.calibration import Calibration
from storesense_edge.shelf.events import ShelfEvent, event_of
from storesense_edge.shelf.movement import WeightStep
from storesense_edge.shelf.neighbours import NeighbourJoiner
from storesense_edge.shelf.products import ProductWeight
from storesense_edge.shelf.slot import SlotSpec

GRAMS = Calibration(0.0, 400.0, 1.0)
JUICE = SlotSpec(GRAMS, unit_weight_g=1040.0, unit_tolerance_g=10.0, sku="juice")
TEA = SlotSpec(GRAMS, unit_weight_g=150.0, unit_tolerance_g=3.0, sku="tea", strangers=(ProductWeight("rice", 1000.0),))
NONE: frozenset[str] = frozenset()


def joiner() -> NeighbourJoiner:
    return NeighbourJoiner({"juice": JUICE, "tea": TEA}, {"juice": ["tea"], "tea": ["juice"]})


def seen(spec: SlotSpec, at_s: float, delta_g: float) -> ShelfEvent:
    event = event_of(WeightStep(at_s, at_s + 0.4, 3000, 3000 + delta_g, 0.2, swinging=False, after_gap=False), spec)
    assert event is not None
    return event


def test_a_bottle_on_both_slots_is_one_event_on_the_one_that_bears_more() -> None:
    pair = joiner()
    assert pair.offer("tea", seen(TEA, 10.0, 411.0), 10.5, frozenset({"juice"})) == []
    (told,) = pair.offer("juice", seen(JUICE, 10.1, 629.5), 10.8, NONE)
    assert (told.slot_id, told.straddles) == ("juice", "tea")
    assert (told.event.kind, told.event.sku, told.event.units) == (ShelfEventKind.PUT_BACK, "juice", 1)
    assert told.event.delta_g == 1040.5
    assert pair.due(20.0) == []


def test_another_products_item_on_both_is_misplaced_once() -> None:
    pair = joiner()
    assert pair.offer("juice", seen(JUICE, 10.0, 390.0), 10.5, frozenset({"tea"})) == []
    (told,) = pair.offer("tea", seen(TEA, 10.2, 610.0), 10.8, NONE)
    assert (told.event.kind, told.event.sku) == (ShelfEventKind.MISPLACED, "rice")


def test_an_ordinary_event_never_waits() -> None:
    (told,) = joiner().offer("juice", seen(JUICE, 10.0, -1040.0), 10.4, frozenset({"tea"}))
    assert told.event.kind is ShelfEventKind.PICK
    assert told.straddles is None


def test_an_odd_event_waits_only_beside_a_touched_slot_and_not_for_long() -> None:
    pair = joiner()
    odd = seen(JUICE, 10.0, 77.0)
    assert [told.event for told in pair.offer("juice", odd, 10.4, NONE)] == [odd]
    assert pair.offer("juice", odd, 10.4, frozenset({"tea"})) == []
    assert pair.due(11.0) == []
    assert [told.event for told in pair.due(12.6)] == [odd]


def test_two_picks_at_the_same_instant_stay_two() -> None:
    pair = joiner()
    first = pair.offer("juice", seen(JUICE, 10.0, -1040.0), 10.4, frozenset({"tea"}))
    second = pair.offer("tea", seen(TEA, 10.1, -150.0), 10.5, NONE)
    assert [told.slot_id for told in first + second] == ["juice", "tea"]
