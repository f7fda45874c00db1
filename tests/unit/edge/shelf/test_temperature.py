"""A slope is learned where there is one, and never used where there is none."""

import math
import random

import pytest

from storesense_edge.shelf.temperature import TemperatureCompensation


def learn(
    g_per_c: float, *, days: int, drift_g_per_h: float = 0.0, noise_g: float = 0.2, wild_share: float = 0.0
) -> TemperatureCompensation:
    compensation = TemperatureCompensation()
    rng = random.Random(5)  # noqa: S311 - noise, no secret
    for minute in range(0, days * 1440, 5):
        at_s = 60.0 * minute
        temperature_c = 20 + 2 * math.sin(2 * math.pi * at_s / 86_400)
        level_g = 3000 + g_per_c * temperature_c + drift_g_per_h * at_s / 3600 + rng.gauss(0, noise_g)
        if rng.random() < wild_share:
            level_g += rng.choice([-300, 300])
        compensation.push(at_s, level_g, temperature_c, at_s)
    return compensation


@pytest.mark.parametrize("g_per_c", [-3.0, 1.0, 8.0])
def test_drift_with_temperature_is_cut_to_a_third_on_days_not_fitted(g_per_c: float) -> None:
    compensation = learn(g_per_c, days=5)
    assert compensation.proven
    left_g_per_c = g_per_c - (compensation.offset_g(25.0) - compensation.offset_g(24.0))
    assert abs(left_g_per_c) < abs(g_per_c) / 3


def test_neither_steady_drift_nor_wild_levels_bend_the_slope() -> None:
    assert learn(2.0, days=6, drift_g_per_h=0.4).g_per_c == pytest.approx(2.0, abs=0.3)
    assert learn(2.0, days=6, wild_share=0.02).learned_g_per_c == pytest.approx(2.0, abs=0.6)


def test_a_cell_that_does_not_depend_on_temperature_is_left_alone() -> None:
    compensation = learn(0.0, days=5)
    assert compensation.g_per_c == 0.0
    assert compensation.offset_g(30.0) == 0.0


def test_nothing_is_learned_while_the_shelf_is_touched_or_the_sensor_is_silent() -> None:
    compensation = TemperatureCompensation()
    for minute in range(0, 3 * 1440, 5):
        temperature_c = 20 + 2 * math.sin(2 * math.pi * minute / 1440)
        compensation.push(60.0 * minute, 3000 + 5 * temperature_c, temperature_c, untouched_s=30.0)
        compensation.push(60.0 * minute + 1, 3000.0, math.nan, untouched_s=1e6)
    assert compensation.learned_g_per_c == 0.0
    assert compensation.offset_g(math.nan) == 0.0
