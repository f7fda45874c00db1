"""A slot changes its product while goods lie on it: what leaves is told by its own name, and no pick is made up."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from storesense_contracts.readings import ShelfEventKind
from storesense_edge.shelf.calibration import Calibration
from storesense_edge.shelf.pipeline import ShelfObservation, ShelfPipeline
from storesense_edge.shelf.slot import SlotSpec
from storesense_edge.shelf.source import LoadCellSample

if TYPE_CHECKING:
    from storesense_edge.shelf.events import ShelfEvent

GRAMS = Calibration(0.0, 1.0, repeatability_g=1.0, resolution_counts=0.01)
OATS = SlotSpec(GRAMS, unit_weight_g=250.0, capacity_units=12, heartbeat_s=30.0, sku="oats")
JAM = SlotSpec(GRAMS, unit_weight_g=340.0, capacity_units=8, heartbeat_s=30.0, sku="jam")
MUESLI = SlotSpec(GRAMS, unit_weight_g=250.0, capacity_units=12, heartbeat_s=30.0, sku="muesli")
MakeSamples = Callable[..., list[LoadCellSample]]
Told = list[tuple[ShelfEventKind, str | None, int]]


def told(
    make_samples: MakeSamples, new: SlotSpec, plateaus: list[tuple[float, float]], at: int, old: SlotSpec = OATS
) -> tuple[Told, ShelfObservation, list[ShelfObservation]]:
    """Events after the change, which comes after the first ``at`` samples; the last observation; all of them."""
    pipeline = ShelfPipeline(old)
    seen: list[ShelfObservation] = []
    for index, sample in enumerate(make_samples(plateaus)):
        if index == at:
            pipeline.replan(new)
            seen.clear()
        one = pipeline.step(sample)
        if one is not None:
            seen.append(one)
    events: list[ShelfEvent] = [one.event for one in seen if one.event is not None]
    return [(event.kind, event.sku, event.units) for event in events], seen[-1], seen


def test_the_change_itself_tells_nothing(make_samples: MakeSamples) -> None:
    events, last, seen = told(make_samples, JAM, [(60, 1500)], at=200)
    assert events == []
    assert last.units == 0
    assert last.stock is not None
    assert last.stock.guest_g == pytest.approx(1500, abs=5)
    assert all(one.step is None for one in seen)


def test_old_goods_leave_by_their_own_name_and_new_ones_are_counted(make_samples: MakeSamples) -> None:
    plateaus = [(20, 1500), (10, 1000), (10, 0), (10, 1360), (10, 1020)]
    events, last, _ = told(make_samples, JAM, plateaus, at=150)
    assert events == [
        (ShelfEventKind.MISPLACED, "oats", 2),
        (ShelfEventKind.MISPLACED, "oats", 4),
        (ShelfEventKind.RESTOCK, "jam", 4),
        (ShelfEventKind.PICK, "jam", 1),
    ]
    assert (last.units, last.weight_g) == (3, pytest.approx(1020, abs=5))
    assert last.stock is not None
    assert last.stock.guest_g == 0


def test_new_goods_beside_the_old_are_sold_while_the_old_still_lie_there(make_samples: MakeSamples) -> None:
    events, last, _ = told(make_samples, JAM, [(20, 1000), (10, 1680), (10, 1340), (10, 340)], at=150)
    assert events == [
        (ShelfEventKind.RESTOCK, "jam", 2),
        (ShelfEventKind.PICK, "jam", 1),
        (ShelfEventKind.MISPLACED, "oats", 4),
    ]
    assert last.units == 1


def test_goods_that_weigh_alike_are_the_old_ones_until_none_of_those_is_left(make_samples: MakeSamples) -> None:
    events, last, _ = told(make_samples, MUESLI, [(20, 500), (10, 250), (10, 0), (10, 1500), (10, 1250)], at=150)
    assert events == [
        (ShelfEventKind.MISPLACED, "oats", 1),
        (ShelfEventKind.MISPLACED, "oats", 1),
        (ShelfEventKind.RESTOCK, "muesli", 6),
        (ShelfEventKind.PICK, "muesli", 1),
    ]
    assert last.units == 5


def test_an_empty_slot_just_has_another_product(make_samples: MakeSamples) -> None:
    events, last, _ = told(make_samples, JAM, [(20, 0), (10, 1360), (10, 1020)], at=150)
    assert events == [(ShelfEventKind.RESTOCK, "jam", 4), (ShelfEventKind.PICK, "jam", 1)]
    assert last.units == 3


def test_a_change_while_a_hand_is_there_loses_nothing(make_samples: MakeSamples) -> None:
    events, last, _ = told(make_samples, JAM, [(20, 1500), (2, 1400), (10, 0), (10, 680)], at=205)
    assert (ShelfEventKind.PICK, "jam", 1) not in events
    assert not [kind for kind, _, _ in events if kind in (ShelfEventKind.PICK, ShelfEventKind.BULK_REMOVAL)]
    assert last.units == 2


def test_another_capacity_keeps_units_and_what_picks_have_taught(make_samples: MakeSamples) -> None:
    heavier = [(15, 12 * 253.0 - n * 253.0) for n in range(9)]
    pipeline = ShelfPipeline(OATS)
    for sample in make_samples(heavier):
        pipeline.step(sample)
    learned_g = pipeline.holdings.unit_weights_g["oats"]
    assert learned_g == pytest.approx(252, abs=1)
    larger = SlotSpec(GRAMS, unit_weight_g=250.0, capacity_units=24, heartbeat_s=30.0, sku="oats")
    pipeline.replan(larger)
    assert pipeline.holdings.unit_weights_g["oats"] == learned_g
    assert pipeline.holdings.spec.capacity_units == 24
    assert pipeline.holdings.spec.unit_weight_g == learned_g


def test_another_unit_weight_of_the_same_product_is_counted_anew(make_samples: MakeSamples) -> None:
    corrected = SlotSpec(GRAMS, unit_weight_g=300.0, capacity_units=12, heartbeat_s=30.0, sku="oats")
    events, last, _ = told(make_samples, corrected, [(20, 1500), (60, 1500)], at=150)
    assert (events, last.units) == ([], 5)


def test_a_slot_that_has_not_rested_yet_takes_a_change_too(make_samples: MakeSamples) -> None:
    events, last, _ = told(make_samples, JAM, [(20, 680)], at=3)
    assert (events, last.units) == ([], 2)
