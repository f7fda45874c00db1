import numpy as np
import pytest

from storesense_edge.vision.queue_customer import QueueShape
from storesense_edge.vision.queue_ground import Ground

# People are 2 high; a till at (0, 0) whose area begins 3 to the right of it, and one within the area, at (9, 0).
BESIDE, WITHIN = (0.0, 0.0), (9.0, 0.0)
RING = np.array([(3.0, -2.0), (12.0, -2.0), (12.0, 2.0), (3.0, 2.0)])


def ground(*tills: tuple[float, float], cashiers: tuple[tuple[float, float], ...] = ()) -> Ground:
    shape = QueueShape(RING, np.array(tills), 0.45, 1, 2.0, cashiers_xy=np.array(cashiers).reshape(-1, 2))
    return Ground(shape, margin=0.3)


@pytest.mark.parametrize(
    ("x", "heights"),
    [
        pytest.param(5.0, 1.0, id="behind the line's head"),
        pytest.param(3.0, 0.0, id="at its head"),
        pytest.param(1.0, -1.0, id="between it and the till"),
    ],
)
def test_how_far_somebody_is_from_the_head_of_the_line(x: float, heights: float) -> None:
    assert ground(BESIDE).off_head(np.array([x, 0.0]), 2.0) == pytest.approx(heights)


def test_of_an_area_with_a_till_in_it_all_is_the_line() -> None:
    assert ground(WITHIN).off_head(np.array([3.0, 0.0]), 2.0) == -np.inf


def test_the_way_from_the_head_to_a_till() -> None:
    both = ground(BESIDE, WITHIN)
    assert (both.way(0, 2.0), both.way(1, 2.0)) == (1.5, 0.0), "of a till in the area nobody knows how long it is"


def test_who_is_nearer_to_a_cashiers_place_is_no_customer() -> None:
    place, till_heights = np.array([0.0, 0.4]), 0.2
    assert ground(BESIDE, cashiers=((0.0, 2.0),)).is_customers_place(place, 2.0, till_heights) is True
    assert ground(BESIDE, cashiers=((0.0, 0.6),)).is_customers_place(place, 2.0, till_heights) is False
    assert ground(BESIDE).is_customers_place(place, 2.0, till_heights) is None
