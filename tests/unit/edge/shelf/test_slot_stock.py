"""Drift is tuned away, a loss never is; and a slot says when it wants to be tared."""

import pytest

from storesense_contracts.readings import ShelfEventKind
from storesense_edge.shelf.calibration import Calibration
from storesense_edge.shelf.movement import WeightStep
from storesense_edge.shelf.products import ProductWeight
from storesense_edge.shelf.slot import SlotSpec
from storesense_edge.shelf.slot_stock import SlotStock

SPEC = SlotSpec(Calibration(0.0, 400.0, 1.0), unit_weight_g=200.0, unit_tolerance_g=4.0, capacity_units=20)


def rest(stock: SlotStock, hours: float, level_g: float, g_per_h: float, begin_s: float = 0.0) -> float:
    """Leave the slot alone for some hours while its level moves; gives the last level."""
    for place in range(int(hours * 360)):
        at_s = begin_s + 10.0 * place
        now_g = level_g + g_per_h * (at_s - begin_s) / 3600
        stock.look(at_s, now_g, 1.0, at_s - begin_s, float("nan"))
    return level_g + g_per_h * hours


def test_slow_drift_is_taken_off() -> None:
    stock = SlotStock(SPEC)
    level_g = rest(stock, 8, 2000.0, 0.8)
    assert stock.weight_g(level_g) == pytest.approx(2000, abs=0.5)
    assert stock.calibration_due is None


def test_a_leak_stays_in_the_weight_and_lowers_the_stock() -> None:
    stock = SlotStock(SPEC)
    level_g = rest(stock, 24, 2000.0, -30.0)
    # 720 g leaked in a day: no more than a quarter of a unit may hide behind drift.
    assert stock.weight_g(level_g) <= 2000 - 720 + 50 + 1
    found = stock.stock(24 * 3600.0, level_g, 1.0)
    assert found is not None
    assert found.units in {(6,), (7,)}


@pytest.mark.parametrize("g_per_h", [-1.9, -0.5])
def test_even_a_leak_as_slow_as_drift_hides_a_quarter_of_a_unit_at_most_and_is_told(g_per_h: float) -> None:
    stock = SlotStock(SPEC)
    level_g = rest(stock, 160, 2000.0, g_per_h)
    assert 2000 - stock.weight_g(level_g) >= -160 * g_per_h - 50 - 1
    assert stock.calibration_due is not None
    assert "drifted" in stock.calibration_due


def test_an_empty_slot_takes_its_zero_anew() -> None:
    stock = SlotStock(SPEC)
    rest(stock, 2, 14.0, 0.0)
    assert stock.weight_g(14.0) == pytest.approx(0, abs=0.1)


def test_a_new_packaging_is_noticed_and_counted_by() -> None:
    stock = SlotStock(SPEC)
    stock.stock(0.0, 4000.0, 1.0)
    level_g = 4000.0
    kinds = []
    for place in range(10):
        step = WeightStep(100.0 * place, 100.0 * place + 1, level_g, level_g - 170.0, 0.3, False, False)
        level_g -= 170.0
        event = stock.step(step, 0.1)
        assert event is not None
        kinds.append(event.kind)
    assert stock.packaging_change is not None
    assert stock.packaging_change.after_g == pytest.approx(170, abs=1)
    assert kinds == [ShelfEventKind.FOREIGN] * 6 + [ShelfEventKind.PICK] * 4


@pytest.mark.parametrize(
    ("known", "weight_g", "expected", "is_sure"),
    [
        pytest.param((4, 3), 850.0, (4, 3), True, id="the weight is that of what lay there"),
        pytest.param((1, 5), 850.0, (1, 5), True, id="whatever the first product alone would say"),
        pytest.param((4, 3), 550.0, None, False, id="something was moved meanwhile"),
        pytest.param(None, 850.0, None, False, id="nothing is known"),
    ],
)
def test_what_lay_on_a_shared_plate_is_believed_as_far_as_the_weight_allows(
    known: tuple[int, int] | None, weight_g: float, expected: tuple[int, int] | None, is_sure: bool
) -> None:
    beans = ProductWeight("beans", 150.0, 3.0, capacity_units=10)
    stock = SlotStock(SlotSpec(Calibration(0.0, 100.0), 100.0, 2.0, 10, sku="rice", also=(beans,)))
    if known is not None:
        stock.remember(known)
    found = stock.stock(0.0, weight_g, 0.3)
    assert found is not None
    assert found.units[0] * 100 + found.units[1] * 150 == weight_g
    assert (found.confidence > 0.9) is is_sure
    assert expected in (None, found.units)
