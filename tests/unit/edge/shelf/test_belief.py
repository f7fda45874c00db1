"""Stock is carried by steps and checked by the total; what happened before decides what a step was."""

from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storesense_edge.shelf.belief import StockBelief
from storesense_edge.shelf.errors import ShelfError
from storesense_edge.shelf.explain import Explanation, Origin
from storesense_edge.shelf.products import ProductWeight
from storesense_edge.shelf.worlds import Change

JAM = ProductWeight("jam", 340.0, 7.0)
TEA = ProductWeight("tea", 125.0, 3.0)


NUMBERS = count(1)


def take(belief: StockBelief, delta_g: float, at_s: float | None = None, sigma_g: float = 0.3) -> Explanation:
    """Let a step happen, a minute after the one before unless told otherwise; gives what it most likely was."""
    return belief.step(Change(60.0 * next(NUMBERS) if at_s is None else at_s, delta_g, sigma_g, sigma_g))[0]


def after(start_g: float, steps_g: list[float], *, zero_g: float = 0.0, sigma_g: float = 2.0) -> tuple[int, float]:
    belief = StockBelief([JAM], 40, [TEA])
    weight_g = start_g
    belief.stock(weight_g, sigma_g)
    for step_g in steps_g:
        weight_g += step_g
        take(belief, step_g)
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
        pytest.param([-100.0], 10, id="something unknown left"),
        pytest.param([-214.0], 9, id="a jam went as a tea came, or the whole would weigh too little"),
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
    take(belief, -250.5)
    assert belief.stock(3 * 340 + 2 * 125, 0.8).units == (3, 2)
    take(belief, -340.0)
    assert belief.stock(2 * 340 + 2 * 125, 0.8).units == (2, 2)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-4000, 4000).filter(lambda g: abs(g) > 1), max_size=12), st.floats(0, 4000))
def test_no_history_breaks_it(steps_g: list[float], start_g: float) -> None:
    belief = StockBelief([JAM], 40, [TEA])
    belief.stock(start_g, 1.0)
    weight_g = start_g
    for step_g in steps_g:
        weight_g += step_g
        take(belief, step_g)
        stock = belief.stock(weight_g, 1.0)
        # Twelve arrivals of 4 kg on top of 4 kg are no more than 153 jars.
        assert 0 <= stock.units[0] <= 160
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


def test_another_product_near_two_units_is_told_apart_once_picks_have_taught_the_unit_weight() -> None:
    # 204.5 g is 4.5 g less than two chocolates: within half a percent of doubt, but not within what picks leave of it.
    chocolate, biscuit = ProductWeight("chocolate", 104.5, 1.25), ProductWeight("biscuit", 204.5, 2.4)
    origins = []
    for picks in (0, 30):
        belief = StockBelief([chocolate], 120, [biscuit])
        belief.counted([60])
        for place in range(picks):
            take(belief, -104.5 + (0.6 if place % 2 else -0.6))
        origins.append(take(belief, 204.5).origin)
    assert origins[1] is Origin.STRANGER
    assert belief.stock(30 * 104.5 + 204.5, 0.5).units == (30,)


def test_later_picks_decide_what_a_doubtful_arrival_was() -> None:
    jam, honey = ProductWeight("jam", 342.0, 4.1), ProductWeight("honey", 335.5, 4.0)
    belief = StockBelief([jam], 40, [honey])
    belief.counted([20])
    weight_g = 20 * 342.0 + 336.5
    told = take(belief, 336.5)
    for place in range(12):
        take(belief, -342.0 + (1.0 if place % 2 else -1.0))
        weight_g -= 342.0
    assert told.probability < 0.98
    assert belief.stock(weight_g, 0.5).units == (8,)
    assert take(belief, -336.5).origin is Origin.GUEST


def test_what_comes_back_at_the_same_weight_is_a_return() -> None:
    belief = StockBelief([JAM], 40, [TEA])
    belief.counted([20])
    take(belief, -346.3, at_s=100.0)
    back = take(belief, 346.2, at_s=112.0)
    assert (back.origin, back.units) == (Origin.OWN, 1)
    assert back.returned > 0.9
    new = take(belief, 338.0, at_s=130.0)
    assert (new.origin, new.units) == (Origin.OWN, 1)
    assert new.returned < 0.1


def test_what_came_last_leaves_first_so_a_heavy_unit_is_no_stranger_when_it_leaves() -> None:
    # Three standard deviations above its own mean, and just what tins weigh that somebody may have left.
    jam, tin = ProductWeight("jam", 340.0, 5.0), ProductWeight("tin", 347.5, 5.0)
    belief = StockBelief([jam], 40, [tin])
    belief.counted([10])
    came = take(belief, 345.2, at_s=10.0)
    left = take(belief, -345.2, at_s=400.0)
    assert (came.origin is Origin.OWN) == (left.origin is Origin.OWN)


def test_while_a_slot_is_filled_many_units_are_likelier_than_something_strange() -> None:
    # Ten units of 116 g weigh like other things that the store sells.
    soup = ProductWeight("soup", 116.0, 1.4)
    others = [ProductWeight(f"other-{n}", 1154.0 + 2 * n, 14.0) for n in range(8)]
    answers = []
    for before_g in (0.0, 6 * 116.0):
        belief = StockBelief([soup], 60, others, capacity_units=30)
        belief.counted([5])
        if before_g:
            take(belief, before_g, at_s=0.0)
        answers.append(take(belief, 1160.5, at_s=6.0))
    assert answers[1].origin is Origin.OWN
    assert answers[1].units == 10
    assert answers[0].origin is not Origin.OWN


def test_more_than_fits_is_hardly_believed() -> None:
    # 21 * 642 g is 53 * 254.4 g; a shelf for 36 holds no 62.
    milk, cream = ProductWeight("milk", 642.0, 7.7), ProductWeight("cream", 254.0, 3.0)
    belief = StockBelief([milk, cream], 72, capacity_units=36)
    belief.counted([3, 9])
    came = take(belief, 13_470.0)
    assert came.product is not None
    assert (came.product.sku, came.units) == ("milk", 21)


def test_a_hand_that_pauses_tells_one_movement_in_two_parts() -> None:
    belief = StockBelief([JAM], 40, [TEA])
    belief.counted([10])
    first = take(belief, -520.0, at_s=50.0)
    rest = take(belief, -500.0, at_s=51.5)
    assert first.origin is Origin.UNKNOWN
    assert (rest.origin, rest.units) == (Origin.OWN, -3)
    assert belief.stock(7 * 340.0, 0.5).units == (7,)


def test_a_slot_where_people_leave_things_expects_them() -> None:
    # 331 g may be a light jar of jam or a heavy tin.
    jam, tin = ProductWeight("jam", 340.0, 6.0), ProductWeight("tin", 325.0, 6.0)
    belief = StockBelief([jam], 40, [tin])
    belief.counted([10])
    shares = []
    for _ in range(2):
        found = belief.step(Change(1e6, 332.0, 0.3, 0.3))
        shares.append(sum(each.probability for each in found if each.origin is Origin.STRANGER))
        for _ in range(30):
            take(belief, 325.0)
            take(belief, -325.0)
        belief.restart_clock()
    assert shares[1] > 2 * shares[0]


@pytest.mark.parametrize(
    ("delta_g", "units"),
    [
        pytest.param(9 * 340.0 - 125.0, 12, id="one guest was tidied away and nine units put on"),
        pytest.param(-340.0 - 125.0 - 61.0, 2, id="both guests were tidied away and one unit taken"),
        pytest.param(-125.0 - 61.0, 3, id="both guests alone"),
    ],
)
def test_what_was_too_quick_for_a_rest_in_between_is_taken_apart(delta_g: float, units: int) -> None:
    belief = StockBelief([JAM], 40, [TEA])
    belief.counted([3])
    take(belief, 125.0)
    take(belief, 61.0)
    take(belief, delta_g)
    assert belief.stock(3 * 340.0 + 125.0 + 61.0 + delta_g, 0.5).units == (units,)


def test_what_lies_behind_for_long_is_not_thought_to_lie_in_front() -> None:
    """One comes back and stays while others leave: that it stayed must not make it a guest."""
    belief = StockBelief([JAM], 40, [ProductWeight("honey", 338.0, 7.0)])
    weight_g = 20 * 340.0
    belief.stock(weight_g, 1.0)
    for delta_g in (-338.0, 338.0, *(340.0 - 680.0 + off for off in (1.5, -2.0, 2.5, -1.0, 3.0, 0.5, -2.5, 2.0))):
        weight_g += delta_g
        take(belief, delta_g)
    found = belief.stock(weight_g, 1.0)
    assert found.units == (12,)
    assert found.guest_g == 0.0
    assert found.confidence > 0.9


def test_whoever_fills_one_product_of_a_plate_goes_on_with_it() -> None:
    # Six teas weigh what two jams weigh, and a little more.
    tea = ProductWeight("tea", 114.0, 2.0)
    belief = StockBelief([JAM, tea], 40)
    belief.counted([4, 2])
    for n in range(3):
        take(belief, 342.0 if n else 456.0, at_s=100.0 + 3 * n)
    assert belief.stock(4 * 340.0 + 12 * 114.0, 3.0).units == (4, 12)


def test_a_rest_of_a_moment_was_the_hand_that_goes_on() -> None:
    """A hand that fills up presses on the plate: its short rest was six grams too heavy."""
    sweets = ProductWeight("sweets", 104.5, 1.26)
    belief = StockBelief([sweets], 120, [ProductWeight("tin", 1143.0, 12.0), JAM, TEA], 60)
    belief.stock(8 * 104.5, 1.0)
    belief.step(Change(100.0, 24 * 104.5, 1.0, 0.3, departed_s=97.0), 103.0)
    belief.step(Change(106.0, 6 * 104.5 + 6.0, 2.0, 0.3, departed_s=103.2), 107.5)
    told = belief.step(Change(114.0, 22 * 104.5 - 12.0, 2.0, 1.6, departed_s=107.7), 122.0)[0]
    assert (told.origin, told.units) == (Origin.OWN, 22)
    assert belief.stock(60 * 104.5 - 6.0, 1.0).units == (60,)


def test_each_product_of_a_plate_moves_in_its_own_numbers() -> None:
    """Few of the first fit, many of the second: all of these came in one go."""
    crate, can = ProductWeight("crate", 1560.0, 18.0), ProductWeight("can", 267.0, 3.2, capacity_units=36)
    belief = StockBelief([crate, can], 24, [JAM], 12)
    belief.counted([4, 8])
    told = take(belief, 28 * 267.0 + 2.0)
    assert (told.origin, told.units) == (Origin.OWN, 28)
    assert belief.stock(4 * 1560.0 + 36 * 267.0, 3.0).units == (4, 36)
