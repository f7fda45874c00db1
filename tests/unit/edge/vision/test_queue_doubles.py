import numpy as np
import pytest

from storesense_edge.vision.presence import Sightings
from storesense_edge.vision.queue_doubles import EMPTY_S, Doubles

# People are 1 high. Customers are served at (0, 0); their cashier sits at (-1, 0), the next lane's at (0.7, 0).
OWN, NEXT, TILL = (-1.0, 0.0), (0.7, 0.0), (0.1, 0.0)
Place = tuple[float, float]


def doubles() -> Doubles:
    return Doubles(np.array([[0.0, 0.0]]), np.array([OWN, NEXT, (9.0, 0.0)]), reach=0.45)


def watch(subject: Doubles, pictures: list[tuple[Place, ...]], *, begin_s: float = 0.0) -> float:
    """Show pictures at ten a second; return when the next is due."""
    for number, places in enumerate(pictures):
        subject.step(
            Sightings(
                ids=np.arange(len(places), dtype=np.int64),
                points_xy=np.array(places, dtype=np.float64).reshape(-1, 2),
                scales=np.ones(len(places)),
                speeds=np.zeros(len(places)),
                sure=np.ones(len(places), dtype=np.bool_),
                present_ids=frozenset(range(len(places))),
                at_s=begin_s + number / 10,
            )
        )
    return begin_s + len(pictures) / 10


@pytest.mark.parametrize(
    ("pictures", "is_cashier"),
    [
        pytest.param([(OWN,), (TILL,)] * 20, True, id="the cashier, now here and now there"),
        pytest.param([(NEXT,), (TILL,), ()] * 20, True, id="the next lane's cashier"),
        pytest.param([(NEXT, OWN), (TILL, OWN)] * 20, True, id="though the till's own is seen all the time"),
        pytest.param([(OWN, TILL), (OWN,), (TILL,)] * 20, False, id="two, each missed at times"),
        pytest.param([(OWN,)] * 50 + [(TILL,)] * 50, False, id="a customer who hides the cashier all the time"),
        pytest.param([(TILL,)] * 50, False, id="nothing is known of the cashier"),
        pytest.param([(OWN,), (TILL,)] * 2, False, id="too few pictures to tell"),
    ],
)
def test_who_is_never_seen_beside_a_cashier_is_that_cashier(
    pictures: list[tuple[Place, ...]], is_cashier: bool
) -> None:
    subject = doubles()
    watch(subject, pictures)
    assert subject.is_cashier(0) is is_cashier


def test_a_customer_who_comes_after_a_false_one_is_known_at_once() -> None:
    subject = doubles()
    at_s = watch(subject, [(OWN,), (TILL,)] * 40)
    assert subject.is_cashier(0)
    watch(subject, [(OWN, TILL)] * 30, begin_s=at_s)
    assert not subject.is_cashier(0)


def test_whoever_comes_to_a_till_that_was_empty_is_counted_anew() -> None:
    subject = doubles()
    at_s = watch(subject, [(OWN,), (TILL,)] * 40)
    at_s = watch(subject, [(OWN,)] * round(EMPTY_S * 10 + 1), begin_s=at_s)
    watch(subject, [(TILL,)] * 10, begin_s=at_s)
    assert not subject.is_cashier(0)


def test_without_cashiers_nobody_is_one() -> None:
    subject = Doubles(np.array([[0.0, 0.0]]), np.empty((0, 2)), reach=0.45)
    watch(subject, [(TILL,)] * 50)
    assert not subject.is_cashier(0)
