import numpy as np
import pytest

from storesense_edge.vision.presence import Sightings
from storesense_edge.vision.queue_customer import Customer, QueueSettings, QueueShape
from storesense_edge.vision.queue_doubles import EMPTY_S, Doubles
from storesense_edge.vision.queue_places import Places
from storesense_edge.vision.queue_posts import Posts
from storesense_edge.vision.queue_tills import Tills

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
        pytest.param(
            [(OWN, TILL)] * 200 + [(OWN, NEXT)] * 5, False, id="somebody passes the next lane's, which is empty"
        ),
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


@pytest.mark.parametrize(
    ("since_s", "ends_s"),
    [
        pytest.param(0.0, [pytest.approx(19.9)], id="there was a customer before the cashier seemed to be there"),
        pytest.param(32.0, [], id="it was the cashier all the time"),
    ],
)
def test_a_cashier_found_at_the_till_ends_the_service_before(since_s: float, ends_s: list[object]) -> None:
    subject, settings = doubles(), QueueSettings()
    at_s = watch(subject, [(OWN, TILL)] * 200)
    at_s = watch(subject, [(OWN,)] * round(EMPTY_S * 10 + 1), begin_s=at_s)
    at_s = watch(subject, [(OWN,), (TILL,)] * 40, begin_s=at_s)
    shape = QueueShape(np.array([(1.0, -1.0), (9.0, -1.0), (9.0, 1.0), (1.0, 1.0)]), subject.tills_xy, 0.45, 1, 2.0)
    tills = Tills(shape, settings, Places(settings), Posts(np.empty((0, 2))), subject)
    customer = Customer(1, 1, since_s, at_s, at_s, slow=True)
    customer.till, customer.at_till_since_s, customer.at_till_last_s = 0, since_s, at_s
    assert [left.end_s for left in tills.end([customer], at_s)] == ends_s
    assert not customer.is_serving
