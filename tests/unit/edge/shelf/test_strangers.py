"""Where people leave other products, they are expected; staff at work tell nothing of that."""

import pytest

from storesense_edge.shelf.explain import STRANGER_ARRIVES, Explanation, Origin
from storesense_edge.shelf.products import ProductWeight
from storesense_edge.shelf.strangers import StrangerShare

TIN = ProductWeight("tin", 325.0, 6.0)


def found(origin: Origin, units: int = 1) -> list[Explanation]:
    return [Explanation(origin, TIN, units, 1.0)]


def test_the_share_follows_what_comes() -> None:
    share = StrangerShare()
    assert share.share == pytest.approx(STRANGER_ARRIVES)
    for _ in range(20):
        share.learn(found(Origin.STRANGER))
    assert share.share == pytest.approx(0.6)
    for _ in range(1000):
        share.learn(found(Origin.OWN))
    assert share.share == pytest.approx(0.01, abs=0.005)


def test_many_at_once_teach_nothing() -> None:
    share = StrangerShare()
    for _ in range(50):
        share.learn(found(Origin.OWN, 6))
    assert share.share == pytest.approx(STRANGER_ARRIVES)


def test_what_comes_back_teaches_nothing_of_what_comes_alone() -> None:
    share = StrangerShare()
    for _ in range(50):
        share.learn([Explanation(Origin.OWN, TIN, 1, 1.0, returned=1.0)])
    assert share.share == pytest.approx(STRANGER_ARRIVES)
