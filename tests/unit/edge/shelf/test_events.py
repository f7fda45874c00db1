from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_contracts.readings import ShelfEventKind
from storesense_edge.shelf.calibration import Calibration
from storesense_edge.shelf.events import ShelfEvent, event_of, touch_of
from storesense_edge.shelf.movement import Movement, WeightStep
from storesense_edge.shelf.products import ProductWeight
from storesense_edge.shelf.slot import SlotSpec
from storesense_edge.shelf.slot_stock import SlotStock

SPEC = SlotSpec(Calibration(0, 400, 3.0), unit_weight_g=250.0, unit_tolerance_g=10.0, capacity_units=12)


def step(delta_g: float, sigma_g: float = 1.0) -> WeightStep:
    return WeightStep(10.0, 11.0, 1000.0, 1000.0 + delta_g, sigma_g, swinging=False, after_gap=False)


@pytest.mark.parametrize(
    ("delta_g", "kind", "units"),
    [
        pytest.param(-250.0, ShelfEventKind.PICK, 1, id="one taken"),
        pytest.param(-742.0, ShelfEventKind.PICK, 3, id="three taken, a little light"),
        pytest.param(252.0, ShelfEventKind.PUT_BACK, 1, id="one put back"),
        pytest.param(500.0, ShelfEventKind.PUT_BACK, 2, id="two put back, below a quarter of 12"),
        pytest.param(750.0, ShelfEventKind.RESTOCK, 3, id="a quarter at once"),
        pytest.param(3000.0, ShelfEventKind.RESTOCK, 12, id="filled up"),
    ],
)
def test_whole_units_are_named(delta_g: float, kind: ShelfEventKind, units: int) -> None:
    event = event_of(step(delta_g), SPEC)
    assert event is not None
    assert (event.kind, event.units, event.at_s, event.delta_g) == (kind, units, 10.0, delta_g)
    assert event.confidence > 0.9
    assert not event.ambiguous


@pytest.mark.parametrize("delta_g", [-120.0, 125.0, -370.0, 30.0, -60.0])
def test_what_is_no_whole_number_of_units_is_foreign(delta_g: float) -> None:
    event = event_of(step(delta_g), SPEC)
    assert event is not None
    assert (event.kind, event.units, event.sku) == (ShelfEventKind.FOREIGN, 1, None)


def test_a_step_that_is_no_number_is_no_event() -> None:
    assert event_of(step(float("inf")), SPEC) is None


def test_a_slot_without_a_product_has_no_events() -> None:
    assert event_of(step(-250.0), SlotSpec(SPEC.calibration)) is None


def test_a_noisy_step_is_called_ambiguous_and_tells_the_other_answer() -> None:
    event = event_of(step(-640.0, sigma_g=90.0), SPEC)
    assert event is not None
    assert event.ambiguous
    # Two and three units miss it by 140 and 110 g; two at a time are commoner.
    assert event.units == 2
    assert [(other.kind, other.units) for other in event.alternatives] == [(ShelfEventKind.PICK, 3)]
    assert event.confidence + event.alternatives[0].probability == pytest.approx(1.0, abs=0.05)


YOGHURT = ProductWeight("yoghurt", 150.0, 4.0)
JAM = ProductWeight("jam", 340.0, 6.0)
TWIN = ProductWeight("jam-other-brand", 341.0, 6.0)


def test_another_products_weight_is_misplaced_with_its_name() -> None:
    event = event_of(step(341.0), replace(SPEC, strangers=(YOGHURT, JAM)))
    assert event is not None
    assert (event.kind, event.sku, event.units, event.ambiguous) == (ShelfEventKind.MISPLACED, "jam", 1, False)


def test_products_that_weigh_alike_are_ranked_and_called_ambiguous() -> None:
    event = event_of(step(340.5), replace(SPEC, strangers=(YOGHURT, JAM, TWIN)))
    assert event is not None
    assert event.kind is ShelfEventKind.MISPLACED
    assert event.ambiguous
    assert {event.sku, event.alternatives[0].sku} == {"jam", "jam-other-brand"}
    assert event.confidence >= event.alternatives[0].probability


def test_mixed_products_on_a_plate_are_told_apart_by_weight() -> None:
    mixed = replace(SPEC, also=(YOGHURT,))
    events = [event_of(step(delta_g), mixed) for delta_g in (-150.0, -250.0)]
    assert [(e.kind, e.sku) for e in events if e] == [(ShelfEventKind.PICK, "yoghurt"), (ShelfEventKind.PICK, "own")]


def name_all(spec: SlotSpec, steps: Sequence[tuple[float, float]], units: int = 3) -> list[ShelfEvent]:
    stock = SlotStock(spec)
    stock.counted([units])
    named = [
        stock.step(WeightStep(at_s, at_s + 1, 5000, 5000 + delta_g, 1.0, swinging=False, after_gap=False), 0.1)
        for at_s, delta_g in steps
    ]
    return [event for event in named if event is not None]


def test_a_foreign_thing_that_leaves_again_is_known() -> None:
    came, left = name_all(SPEC, [(0, 113.0), (300, -113.5)])
    assert (came.kind, left.kind) == (ShelfEventKind.FOREIGN, ShelfEventKind.FOREIGN)
    assert left.confidence > 0.95


def test_many_units_within_seconds_are_a_bulk_removal_once() -> None:
    events = name_all(SPEC, [(0, -500), (2, -500), (4, -500), (6, -250), (60, -250)], 8)
    kinds = [event.kind for event in events]
    pick, bulk = ShelfEventKind.PICK, ShelfEventKind.BULK_REMOVAL
    assert kinds == [pick, pick, bulk, pick, pick]
    assert events[2].burst_units == 6
    # What left is the sum over all events, bulk or not.
    assert sum(event.units for event in events) == 8


def test_who_takes_of_two_products_takes_neither_in_bulk() -> None:
    mixed = replace(SPEC, also=(YOGHURT,))
    stock = SlotStock(mixed)
    stock.counted([8, 8])
    events = [
        stock.step(WeightStep(at_s, at_s + 1, 5000, 5000 + delta_g, 1.0, swinging=False, after_gap=False), 0.1)
        for at_s, delta_g in ((0, -500.0), (3, -450.0))
    ]
    assert [(each.kind, each.units) for each in events if each] == [(ShelfEventKind.PICK, 2), (ShelfEventKind.PICK, 3)]


def test_the_same_units_over_a_minute_are_picks() -> None:
    events = name_all(SPEC, [(20.0 * place, -250.0) for place in range(8)], 8)
    assert {event.kind for event in events} == {ShelfEventKind.PICK}


def test_handfuls_add_up_to_a_restock() -> None:
    events = name_all(SPEC, [(0, 500), (4, 500), (8, 500)])
    assert [event.kind for event in events] == [ShelfEventKind.PUT_BACK, ShelfEventKind.RESTOCK, ShelfEventKind.RESTOCK]


@pytest.mark.parametrize(
    ("movement", "kind"),
    [
        pytest.param(Movement(0, 3, 900, -5, False, 0.3), ShelfEventKind.LEAN, id="pressed down and let go"),
        pytest.param(Movement(0, 3, 60, -200, True, 0.3), ShelfEventKind.PARTIAL_LIFT, id="lifted and set back"),
        pytest.param(Movement(0, 0.2, 200, -200, True, 0.3), None, id="a knock"),
        pytest.param(Movement(0, 3, 20, -30, True, 0.3), None, id="less than a third of a unit"),
    ],
)
def test_a_touch_that_changes_nothing_is_told_as_such(movement: Movement, kind: ShelfEventKind | None) -> None:
    event = touch_of(movement, SPEC)
    assert (event.kind if event else None) is kind
    if event is not None:
        assert event.units == 0
        assert event.confidence >= 0.5


@given(delta_g=st.floats(-5000, 5000).filter(lambda delta_g: abs(delta_g) > 0.01), sigma_g=st.floats(0.01, 200))
def test_probabilities_of_all_answers_never_exceed_one(delta_g: float, sigma_g: float) -> None:
    event = event_of(step(delta_g, sigma_g), replace(SPEC, strangers=(YOGHURT, JAM)))
    assert event is not None
    every = event.confidence + sum(other.probability for other in event.alternatives)
    assert 0 < every <= 1 + 1e-9
    ranked = [other.probability for other in event.alternatives]
    assert ranked == sorted(ranked, reverse=True)


def test_many_strangers_of_which_none_is_likely_are_together_likelier_than_the_slots_own() -> None:
    # 1.5 % under one unit: each of twelve brands is a tenth as likely as the slot's own, and one of them more so.
    spec = replace(SPEC, unit_tolerance_g=2.4, strangers=tuple(ProductWeight(f"b{n}", 244.0, 3.0) for n in range(12)))
    event = event_of(step(244.9, 0.3), spec)
    assert event is not None
    assert event.kind is ShelfEventKind.MISPLACED
    assert event.ambiguous
    own = [other for other in event.alternatives if other.kind is ShelfEventKind.PUT_BACK]
    assert own[0].probability > event.confidence


def test_a_return_within_seconds_of_a_restock_is_a_put_back() -> None:
    events = name_all(SPEC, [(0, -253.4), (6, 500), (9, 502), (13, 253.4)])
    assert [event.kind for event in events] == [
        ShelfEventKind.PICK,
        ShelfEventKind.PUT_BACK,
        ShelfEventKind.RESTOCK,
        ShelfEventKind.PUT_BACK,
    ]


def test_a_pick_ends_a_restock() -> None:
    events = name_all(SPEC, [(0, 1000), (5, -250), (9, 500)])
    kinds = [event.kind for event in events]
    assert kinds == [ShelfEventKind.RESTOCK, ShelfEventKind.PICK, ShelfEventKind.PUT_BACK]
