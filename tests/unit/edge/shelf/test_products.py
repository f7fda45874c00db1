"""What is known of a product's weight narrows with every weighing, and never to nothing."""

import math

import pytest

from storesense_edge.shelf.errors import SlotSpecError
from storesense_edge.shelf.products import ProductWeight

OATS = ProductWeight("oats", 500.0, 6.0)


def test_units_together_spread_by_their_own_and_by_the_doubt_of_their_mean() -> None:
    assert OATS.spread_g(4) == pytest.approx(math.hypot(3.0 * 2, 2.5 * 4))


def test_weighings_move_the_mean_and_narrow_its_doubt() -> None:
    learned = OATS
    for _ in range(12):
        learned = learned.after(506.0, 1, 0.5)
    assert learned.unit_weight_g == pytest.approx(505.4, abs=0.2)
    assert learned.mean_sigma_g < 1.0
    assert learned.unit_tolerance_g == OATS.unit_tolerance_g


def test_several_units_teach_more_than_one() -> None:
    assert OATS.after(2024.0, 4).mean_sigma_g < OATS.after(506.0, 1).mean_sigma_g


def test_the_doubt_never_ends_because_deliveries_differ() -> None:
    learned = OATS
    for _ in range(2000):
        learned = learned.after(500.0, 1)
    assert learned.mean_sigma_g == pytest.approx(3.0 / math.sqrt(60), rel=0.01)


@pytest.mark.parametrize("doubt_g", [-1.0, float("nan"), float("inf")])
def test_a_doubt_that_is_none_is_refused(doubt_g: float) -> None:
    with pytest.raises(SlotSpecError, match="mean_doubt_g"):
        ProductWeight("oats", 500.0, 6.0, doubt_g)
