"""Stock is carried by steps and checked by the total."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_edge.shelf.belief import StockBelief
from storesense_edge.shelf.errors import ShelfError
from storesense_edge.shelf.explain import explain
from storesense_edge.shelf.products import ProductWeight

JAM = ProductWeight("jam", 340.0, 7.0)
TEA = ProductWeight("tea", 125.0, 3.0)


def after(start_g: float, steps_g: list[float], *, zero_g: float = 0.0, sigma_g: float = 2.0) -> tuple[int, float]:
    belief = StockBelief([JAM], 40)
    weight_g = start_g
    belief.stock(weight_g, sigma_g)
    for step_g in steps_g:
        weight_g += step_g
        belief.step(explain(step_g, 0.3, [JAM], [TEA], most_units=40), step_g)
        belief.stock(weight_g, sigma_g)
    stock = belief.stock(weight_g + zero_g, sigma_g)
    return stock.units[0], stock.confidence


@pytest.mark.parametrize(
    ("steps_g", "units"),
    [
        pytest.param([], 10, id="as found"),
        pytest.param([-340.0, -681.0, 341.0], 8, id="picks and a put-back"),
        pytest.param([-3400.0], 0, id="emptied"),
        pytest.param([125.0, -340.0], 9, id="tea among the jam counts as no jam"),
        pytest.param([-210.0], 10, id="something unknown left"),
    ],
)
def test_steps_move_the_stock(steps_g: list[float], units: int) -> None:
    found, confidence = after(3400.0, steps_g)
    assert found == units
    assert confidence > 0.9


def test_a_zero_that_wandered_by_half_a_unit_does_not_move_a_stock_that_no_step_moved() -> None:
    assert after(3400.0, [-340.0], zero_g=-150.0, sigma_g=60.0)[0] == 9


def test_a_total_that_contradicts_the_steps_wins() -> None:
    # Three units went while nobody looked, such as during a power cut.
    units, confidence = after(3400.0, [], zero_g=-1020.0)
    assert units == 7
    assert confidence > 0.9


def test_products_that_share_a_plate_are_counted_apart() -> None:
    belief = StockBelief([JAM, TEA], 20)
    start = belief.stock(3 * 340 + 4 * 125, 0.8)
    assert start.units == (3, 4)
    belief.step(explain(-250.5, 0.3, [JAM, TEA], most_units=20), -250.5)
    assert belief.stock(3 * 340 + 2 * 125, 0.8).units == (3, 2)
    belief.step(explain(-340.0, 0.3, [JAM, TEA], most_units=20), -340.0)
    assert belief.stock(2 * 340 + 2 * 125, 0.8).units == (2, 2)


@given(st.lists(st.floats(-4000, 4000).filter(lambda g: abs(g) > 1), max_size=12), st.floats(0, 4000))
def test_no_history_breaks_it(steps_g: list[float], start_g: float) -> None:
    belief = StockBelief([JAM], 40)
    belief.stock(start_g, 1.0)
    weight_g = start_g
    for step_g in steps_g:
        weight_g += step_g
        belief.step(explain(step_g, 0.3, [JAM], [TEA], most_units=40), step_g)
        stock = belief.stock(weight_g, 1.0)
        assert 0 <= stock.units[0] <= 60
        assert 0 <= stock.confidence <= 1


def test_a_shared_plate_that_was_counted_is_known_at_once() -> None:
    # 24 * 536 + 30 * 214 g is also 36 * 536 - 12 g: weight alone cannot know.
    products = [ProductWeight("milk", 536.0, 6.4), ProductWeight("cream", 214.0, 2.6)]
    weight_g = 24 * 536.0 + 30 * 214.0
    belief = StockBelief(products, 60)
    assert belief.stock(weight_g, 2.0).confidence < 0.5
    belief.counted((24, 30))
    stock = belief.stock(weight_g, 2.0)
    assert stock.units == (24, 30)
    assert stock.confidence > 0.9


@pytest.mark.parametrize("units", [(), (1,), (1, -2), (1, 2, 3)])
def test_a_count_that_does_not_fit_the_products_is_refused(units: tuple[int, ...]) -> None:
    with pytest.raises(ShelfError, match="each of 2 products"):
        StockBelief([ProductWeight("milk", 536.0), ProductWeight("cream", 214.0)], 60).counted(units)
