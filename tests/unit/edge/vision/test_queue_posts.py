import numpy as np
import pytest

from storesense_edge.vision.presence import Sightings
from storesense_edge.vision.queue_posts import Posts


def look(*places: tuple[float, float]) -> Sightings:
    people = len(places)
    return Sightings(
        ids=np.arange(people),
        points_xy=np.array(places, dtype=np.float64).reshape(-1, 2),
        scales=np.full(people, 1.7),
        speeds=np.zeros(people),
        sure=np.ones(people, dtype=np.bool_),
        present_ids=frozenset(range(people)),
        at_s=0.0,
    )


def watch(posts: Posts, seconds: float, *places: tuple[float, float]) -> None:
    for _ in range(round(seconds * 10)):
        posts.step(look(*places), 0.1)


def test_nobody_is_served_where_no_cashier_is() -> None:
    posts = Posts(np.array([(0.0, 0.0), (5.0, 0.0)]))
    assert posts.may_serve(1), "nothing is known yet"
    watch(posts, 10, (0.3, 0.2))
    assert posts.may_serve(0)
    assert not posts.may_serve(1)


@pytest.mark.parametrize(
    ("away_s", "serves"),
    [
        pytest.param(15, True, id="hidden for a while"),
        pytest.param(30, False, id="gone"),
    ],
)
def test_a_cashier_may_be_hidden_for_some_time(away_s: float, serves: bool) -> None:
    posts = Posts(np.array([(0.0, 0.0)]))
    watch(posts, 10, (0.0, 0.0))
    watch(posts, away_s)
    assert posts.may_serve(0) is serves


def test_passing_a_cashiers_place_opens_no_till() -> None:
    posts = Posts(np.array([(0.0, 0.0), (5.0, 0.0)]))
    watch(posts, 10, (0.0, 0.0))
    watch(posts, 1, (0.0, 0.0), (5.0, 0.1))
    assert not posts.may_serve(1)


def test_a_till_whose_cashier_is_out_of_view_may_serve() -> None:
    posts = Posts(np.array([(0.0, 0.0), (np.nan, np.nan)]))
    watch(posts, 10, (0.0, 0.0))
    assert posts.may_serve(1)
    assert Posts(np.empty((0, 2))).may_serve(0)
