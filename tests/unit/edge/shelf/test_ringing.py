"""Where a ringing plate will rest, told before it does; a hand is no swing."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storesense_edge.shelf.ringing import resting_of
from storesense_edge.shelf.steps import StepDetector

SIGMA_G = 0.3


def ringing(
    load_g: float, first_g: float, swing_hz: float, damping: float, *, hz: float = 10.0, count: int = 9, seed: int = 1
) -> list[float]:
    rng = random.Random(seed)  # noqa: S311 - noise, no secret
    rate = 2 * math.pi * swing_hz
    return [
        load_g + first_g * math.exp(-damping * rate * n / hz) * math.cos(rate * n / hz + 0.4) + rng.gauss(0.0, SIGMA_G)
        for n in range(count)
    ]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("swing_hz", "damping"),
    [(6.0, 0.1), (4.3, 0.1), (5.4, 0.12), (7.7, 0.12), (3.0, 0.05), (2.2, 0.03)],
)
def test_the_load_is_what_the_swing_goes_about(swing_hz: float, damping: float, seed: int) -> None:
    shape = resting_of(ringing(812.0, 70.0, swing_hz, damping, seed=seed), SIGMA_G)
    assert shape is not None
    assert shape.mean_g == pytest.approx(812.0, abs=4 * SIGMA_G)


@pytest.mark.parametrize(
    ("values_g", "why"),
    [
        ([10.0 * n for n in range(9)], "what rises steadily rests nowhere"),
        ([100 * math.exp(-0.1 * n) for n in range(9)], "what sinks slowly has not come to rest"),
        ([(-1.2) ** n for n in range(9)], "a swing that grows is driven"),
        ([5.0] * 9, "a frozen cell says nothing"),
        ([0.0] * 5 + [50.0] * 4, "a step is no swing"),
    ],
)
def test_what_is_no_swing(values_g: list[float], why: str) -> None:
    assert resting_of(values_g, SIGMA_G) is None, why


def test_a_trembling_hand_is_no_swing() -> None:
    rng = random.Random(5)  # noqa: S311 - noise, no secret
    taken_for_one = 0
    for _ in range(500):
        tremble = [0.0]
        for _ in range(20):
            tremble.append(0.4 * tremble[-1] + rng.gauss(0.0, 8.0))
        taken_for_one += resting_of([500.0 + each for each in tremble[-9:]], SIGMA_G) is not None
    assert taken_for_one <= 2


@given(st.lists(st.floats(-1e6, 1e6), min_size=8, max_size=30), st.floats(1e-3, 100.0))
@settings(max_examples=200, deadline=None)
def test_any_samples_give_a_number_or_nothing(values_g: list[float], sigma_g: float) -> None:
    shape = resting_of(values_g, sigma_g)
    assert shape is None or math.isfinite(shape.mean_g)


@pytest.mark.parametrize("hz", [10.0, 20.0, 80.0])
def test_two_hands_a_second_apart_are_two_steps(hz: float) -> None:
    """Something is put on and rings; a unit is taken before it rests. A unit weighs 812 g, the thing two of them."""
    rng = random.Random(3)  # noqa: S311 - noise, no secret
    detector = StepDetector(spread_g=1.0, floor_g=1e-3, unit_weight_g=812.0, unit_sigma_g=4.0)
    moves = [(20.0, 1624.0), (21.3, -812.0)]
    steps = []
    for n in range(round(30 * hz)):
        at_s = n / hz
        weight_g = rng.gauss(0.0, SIGMA_G)
        for moved_s, delta_g in moves:
            if at_s >= moved_s:
                rate = 2 * math.pi * 4.4
                swing_g = -0.1 * delta_g * math.exp(-0.1 * rate * (at_s - moved_s)) * math.cos(rate * (at_s - moved_s))
                weight_g += delta_g + swing_g
        step = detector.push(at_s, weight_g)
        if step is not None:
            steps.append(round(step.delta_g / 812.0, 1))
    assert steps == [2.0, -1.0]
