import random

import pytest

from storesense_edge.shelf.products import ProductWeight
from storesense_edge.shelf.unit_weight import UnitWeightLearner

CEREAL = ProductWeight("cereal", 500.0, 10.0)


def test_clean_picks_teach_the_batchs_weight() -> None:
    learner = UnitWeightLearner(CEREAL)
    rng = random.Random(1)  # noqa: S311
    for _ in range(30):
        learner.learn(508.0 + rng.gauss(0, 5), 1, 0.99)
    assert learner.product.unit_weight_g == pytest.approx(508, abs=3)
    assert learner.change is None


@pytest.mark.parametrize(
    ("size_g", "units", "confidence"),
    [
        pytest.param(508.0, 1, 0.6, id="ambiguous"),
        pytest.param(5080.0, 10, 0.99, id="many at once"),
        pytest.param(430.0, 1, 0.99, id="far off"),
    ],
)
def test_doubtful_picks_teach_nothing(size_g: float, units: int, confidence: float) -> None:
    learner = UnitWeightLearner(CEREAL)
    for _ in range(20):
        learner.learn(size_g, units, confidence)
    assert learner.product.unit_weight_g == 500.0


def test_a_smaller_packet_is_noticed_after_six_that_agree() -> None:
    learner = UnitWeightLearner(CEREAL)
    changes = [learner.learn_unexplained(size_g) for size_g in (452, 449, 450, 451, 448, 450)]
    assert changes[:5] == [None] * 5
    assert changes[5] is not None
    assert changes[5].before_g == 500.0
    assert learner.product.unit_weight_g == pytest.approx(450, abs=1)
    assert learner.product.unit_tolerance_g == pytest.approx(9.0, abs=0.1)


@pytest.mark.parametrize(
    "sizes_g",
    [
        pytest.param([452, 390, 450, 333, 448, 470], id="they do not agree"),
        pytest.param([120.0] * 12, id="far from a unit"),
        pytest.param([450.0] * 5, id="too few"),
    ],
)
def test_no_new_packaging_without_proof(sizes_g: list[float]) -> None:
    learner = UnitWeightLearner(CEREAL)
    assert all(learner.learn_unexplained(size_g) is None for size_g in sizes_g)
    assert learner.product.unit_weight_g == 500.0
