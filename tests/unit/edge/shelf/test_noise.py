import random

import pytest

from storesense_edge.shelf.noise import NoiseTracker


def test_white_noise_is_measured_and_drift_does_not_widen_it() -> None:
    rng = random.Random(3)  # noqa: S311 - noise, no secret
    noise = NoiseTracker(floor_g=0.0)
    for place in range(4000):
        noise.push(rng.gauss(0.02 * place, 1.5))
    assert noise.sigma_g == pytest.approx(1.5, rel=0.1)


def test_knocks_count_little() -> None:
    rng = random.Random(3)  # noqa: S311 - noise, no secret
    noise = NoiseTracker(floor_g=0.0)
    for place in range(4000):
        noise.push(rng.gauss(0, 1) + (500 if place % 200 == 199 else 0))
    assert noise.sigma_g < 1.3


def test_wander_is_what_averaging_leaves() -> None:
    rng = random.Random(3)  # noqa: S311 - noise, no secret
    noise = NoiseTracker(floor_g=0.0)
    level_g = 0.0
    for _ in range(2000):
        level_g += rng.gauss(0, 2)
        noise.push_window(level_g)
    assert noise.wander_g == pytest.approx(2, rel=0.1)


def test_an_interruption_is_no_difference() -> None:
    noise = NoiseTracker(floor_g=0.1)
    for weight_g in (0.0, 0.0, 0.0):
        noise.push(weight_g)
    noise.interrupt()
    noise.push(5000.0)
    assert noise.sigma_g == 0.1


def test_a_step_in_the_first_stretch_does_not_widen_the_seed() -> None:
    rng = random.Random(3)  # noqa: S311 - noise, no secret
    noise = NoiseTracker(floor_g=0.0)
    noise.seed([rng.gauss(0, 1) + (900 if place >= 20 else 0) for place in range(40)])
    assert noise.sigma_g == pytest.approx(1, rel=0.4)
