import numpy as np
import pytest

from storesense_edge.vision.queue_free_tills import FreeTills
from storesense_edge.vision.queue_posts import Posts

NOBODY_KNOWN = Posts(np.empty((0, 2)))


def test_a_till_whose_cashier_cannot_be_seen_is_free_once_it_has_served() -> None:
    free = FreeTills(2)
    free.look(set(), NOBODY_KNOWN, 10.0)
    assert free.for_s(10.0) == 0.0
    free.freed_s[1] = 12.0
    free.look(set(), NOBODY_KNOWN, 12.0)
    assert free.for_s(20.0) == 8.0


def test_a_till_that_is_held_or_was_passed_meanwhile_is_not_free_for_as_long() -> None:
    free = FreeTills(1, freed_s={0: 12.0})
    free.look(set(), NOBODY_KNOWN, 12.0)
    free.look({0}, NOBODY_KNOWN, 14.0)
    assert free.for_s(14.0) == 0.0
    free.passed_s[0] = 17.0
    free.look(set(), NOBODY_KNOWN, 18.0)
    assert free.for_s(18.0) == 1.0


@pytest.mark.parametrize(
    ("stood_s", "now_s", "free_s"),
    [
        pytest.param((14.0, 15.0, 16.0, 17.0), 18.0, 1.0, id="not free while somebody stands in its customer's place"),
        pytest.param((14.0, 15.0, 18.0, 19.0), 20.0, 8.0, id="whoever passes there leaves it free"),
    ],
)
def test_a_till_is_free_but_for_whoever_stands_there(stood_s: tuple[float, ...], now_s: float, free_s: float) -> None:
    free = FreeTills(1, freed_s={0: 12.0})
    free.look(set(), NOBODY_KNOWN, 12.0)
    for at_s in stood_s:
        free.stand(0, at_s)
    free.look(set(), NOBODY_KNOWN, now_s)
    assert free.for_s(now_s) == free_s
