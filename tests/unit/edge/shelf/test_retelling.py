"""What was told wrongly is told anew once what followed says so, and only then."""

from typing import Any

import pytest

from storesense_contracts.readings import ShelfEventKind
from storesense_edge.shelf.calibration import Calibration
from storesense_edge.shelf.events import ShelfEvent
from storesense_edge.shelf.movement import WeightStep
from storesense_edge.shelf.products import ProductWeight
from storesense_edge.shelf.retelling import Correction
from storesense_edge.shelf.slot import SlotSpec
from storesense_edge.shelf.slot_stock import SlotStock

GRAMS = Calibration(0.0, 100.0)
SHARED = SlotSpec(GRAMS, 100.0, 2.0, 10, sku="rice", also=(ProductWeight("beans", 150.0, 3.0, capacity_units=10),))
SWEETS = SlotSpec(GRAMS, 104.5, 2.0, 24, sku="sweets", strangers=(ProductWeight("biscuit", 205.5, 3.0),))


def lived(spec: SlotSpec, counted: tuple[int, ...], deltas_g: list[float]) -> tuple[list[ShelfEvent], list[Correction]]:
    """Let steps happen to a slot of which it is known what lies there; gives what was told, and told anew."""
    stock = SlotStock(spec)
    level_g = sum(n * each.unit_weight_g for n, each in zip(counted, spec.products, strict=True))
    stock.stock(0.0, level_g, 0.3)
    stock.counted(counted)
    told, anew = [], []
    for place, delta_g in enumerate(deltas_g, start=1):
        at_s, before_g = 60.0 * place, level_g
        level_g += delta_g
        event = stock.step(WeightStep(at_s, at_s + 1, before_g, level_g, 0.3, swinging=False, after_gap=False), 0.05)
        assert event is not None
        told.append(event)
        stock.stock(at_s + 1, level_g, 0.3)
        anew += stock.take_corrections()
    return told, anew


def said(event: ShelfEvent | None) -> Any:
    return event and (event.kind, event.sku, event.units)


def test_a_pick_of_one_product_is_told_anew_as_one_of_another() -> None:
    # 300 g are two of beans or three of rice; a third one of beans cannot leave where two of three had left.
    told, anew = lived(SHARED, (4, 3), [-300.0, -150.0, -150.0, -150.0])
    assert said(told[0]) == (ShelfEventKind.PICK, "beans", 2)
    assert told[0].ambiguous
    assert [each.sku for each in told[0].alternatives] == ["rice"]
    [only] = anew
    assert (only.no, only.correction_no, said(only.told)) == (1, 1, said(told[0]))
    assert said(only.event) == (ShelfEventKind.PICK, "rice", 3)
    assert only.event is not None
    assert only.event.confidence > 0.9
    assert only.event.at_s == told[0].at_s


def test_something_misplaced_was_a_put_back() -> None:
    # More sweets leave than there were without the two that had been taken for a biscuit.
    told, anew = lived(SWEETS, (3,), [205.8, -104.5, -104.5, -104.3, -104.5])
    assert said(told[0]) == (ShelfEventKind.MISPLACED, "biscuit", 1)
    assert [(said(each.told), said(each.event)) for each in anew] == [
        ((ShelfEventKind.MISPLACED, "biscuit", 1), (ShelfEventKind.PUT_BACK, "sweets", 2))
    ]


@pytest.mark.parametrize(
    ("spec", "counted", "deltas_g"),
    [
        pytest.param(SHARED, (4, 3), [-300.0, -100.0], id="both answers still stand"),
        pytest.param(SHARED, (6, 3), [-150.0, -100.0, -100.0, 100.0], id="nothing was in doubt"),
        pytest.param(SWEETS, (10,), [208.8, -104.4, -104.5, -104.6], id="what was told is what it was"),
    ],
)
def test_nothing_is_told_anew_without_a_reason(spec: SlotSpec, counted: tuple[int, ...], deltas_g: list[float]) -> None:
    _, anew = lived(spec, counted, deltas_g)
    assert anew == []


def test_every_event_has_a_number_of_its_own() -> None:
    told, _ = lived(SHARED, (6, 3), [-150.0, -100.0, -100.0, 100.0])
    assert [each.no for each in told] == [1, 2, 3, 4]


def test_the_half_of_a_thing_on_two_slots_is_no_unit_of_either() -> None:
    stock = SlotStock(SWEETS)
    stock.stock(0.0, 10 * 104.5, 0.3)
    event = stock.step(WeightStep(60, 61, 1045, 1254, 0.3, swinging=False, after_gap=False), 0.05)
    assert event is not None
    stock.laid_across(event.no)
    held = stock.stock(61, 1254, 0.3)
    assert held is not None
    assert (held.units, held.guest_g) == ((10,), pytest.approx(209, abs=0.1))


def test_a_count_decides_what_had_been_in_doubt() -> None:
    stock = SlotStock(SHARED)
    stock.stock(0.0, 850, 0.3)
    stock.counted((4, 3))
    told = stock.step(WeightStep(60, 61, 850, 550, 0.3, swinging=False, after_gap=False), 0.05)
    assert said(told) == (ShelfEventKind.PICK, "beans", 2)
    assert stock.counted_at_rest((1, 3), 90, 550, 0.3)
    [only] = stock.take_corrections()
    assert said(only.event) == (ShelfEventKind.PICK, "rice", 3)


def test_a_count_that_the_weight_cannot_be_is_doubted_and_believed_if_it_is_certain() -> None:
    stock = SlotStock(SWEETS)
    stock.stock(0.0, 1045, 0.3)
    assert not stock.counted_at_rest((8,), 10, 1045, 0.3)
    assert stock.stock(11, 1045, 0.3).units == (10,)  # type: ignore[union-attr]
    assert stock.counted_at_rest((8,), 20, 1045, 0.3, is_certain=True)
    held = stock.stock(21, 1045, 0.3)
    assert held is not None
    assert (held.units, held.confidence > 0.99) == ((8,), True), "the zero was off by two units"
    assert stock.weight_g(1045) == pytest.approx(8 * 104.5, abs=8)


def test_a_zero_empties_the_slot_and_tells_nothing_before_it_anew() -> None:
    stock = SlotStock(SHARED)
    stock.stock(0.0, 850, 0.3)
    stock.counted((4, 3))
    told = stock.step(WeightStep(60, 61, 850, 550, 0.3, swinging=False, after_gap=False), 0.05)
    assert said(told) == (ShelfEventKind.PICK, "beans", 2)
    stock.zeroed(90, 550)
    assert stock.weight_g(550) == pytest.approx(0)
    held = stock.stock(91, 550, 0.3)
    assert held is not None
    assert (held.units, held.confidence > 0.99) == ((0, 0), True)
    # What would have decided the doubt says nothing of what was told before the zero, and events count on.
    came = stock.step(WeightStep(120, 121, 550, 650, 0.3, swinging=False, after_gap=False), 0.05)
    assert came is not None
    assert (said(came), came.no) == ((ShelfEventKind.PUT_BACK, "rice", 1), 2)
    assert stock.take_corrections() == ()
