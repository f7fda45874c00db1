"""Hundreds of slots at once get the same answers as one after the other by the textbook's loops."""

from math import exp, inf, lgamma, log, log1p

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storesense_backend.depletion.forecast import (
    Demand,
    expected_units,
    fit_demand,
    fit_demands,
    forecast_depletion,
    forecast_depletions,
)
from storesense_backend.depletion.level import Level, fit_level, fit_levels
from storesense_backend.depletion.tail import chance_of_at_least, chances_of_at_least, count_quantiles


def textbook_level(units, exposure):
    """The level by its definition: one slot, one pace, one day after the other."""
    told = [(count, hours) for count, hours in zip(units, exposure, strict=True) if hours > 0][-120:]
    if not told:
        return 0.0, 1.0
    usual = (sum(count for count, _ in told) + 0.5) / sum(hours for _, hours in told)
    scores, levels, withins = [], [], []
    for half_life_d in (2.0, 4.0, 7.0, 14.0, 28.0, 56.0, 112.0):
        keep, seen, over, score = 0.5 ** (1 / half_life_d), 1.0, 1.0 / usual, 0.0
        for count, hours in told:
            mean = seen / over * hours
            variance = 4.0 * (mean + mean * mean / seen)
            size = mean * mean / (variance - mean)
            score = 0.97 * score + lgamma(count + size) - lgamma(size)
            score += size * log(size / (size + mean)) + count * log(mean / (size + mean))
            seen = keep * seen + count + (1 - keep)
            over = keep * over + hours + (1 - keep) / usual
        scores.append(score)
        levels.append(seen / over)
        withins.append(2.0 / seen)
    weights = [exp(score - max(scores)) for score in scores]
    weights = [weight / sum(weights) for weight in weights]
    level = sum(weight * each for weight, each in zip(weights, levels, strict=True))
    within = sum(weight * each for weight, each in zip(weights, withins, strict=True))
    between = sum(weight * (each - level) ** 2 for weight, each in zip(weights, levels, strict=True)) / level**2
    return level, within + between + 0.03


EDGES_H = np.concatenate([[0.0], np.arange(1, 337) - 13.4 % 1.0])


def textbook_chance(units, mean, variance):
    """One minus the sum of a negative binomial's terms."""
    size, excess = mean * mean / (variance - mean), variance / mean - 1
    logs = [lgamma(n + size) - lgamma(size) - lgamma(n + 1) - size * log1p(excess) - n * log1p(1 / excess)
            for n in range(units)]  # fmt: skip
    return 1 - sum(map(exp, logs))


def year(seed, days=91):
    rng = np.random.default_rng(seed)
    units = rng.poisson(rng.gamma(2.0, 0.4), days * 24).astype(float)
    return units, int(rng.integers(168)), rng.random(days * 24) < 0.9


@given(st.integers(0, 10**6), st.integers(1, 130))
@settings(max_examples=20, deadline=None)
def test_levels_are_those_of_the_textbook(seed: int, days: int) -> None:
    rng = np.random.default_rng(seed)
    units = rng.poisson(rng.gamma(2.0, 3.0, (5, 1)), (5, days)).astype(float)
    exposure = rng.gamma(4.0, 5.0, (5, days)) * (rng.random((5, days)) < 0.8)
    for row, found in enumerate(fit_levels(units, exposure)):
        level, cv2 = textbook_level(units[row], exposure[row])
        assert found.units_per_profile_h == pytest.approx(level, rel=1e-9)
        assert found.cv2 == pytest.approx(cv2, rel=1e-9)
        assert found == fit_level(units[row], exposure[row])


@given(st.lists(st.tuples(st.integers(1, 300), st.floats(0.01, 300), st.floats(1.01, 8)), min_size=1, max_size=20))
@settings(max_examples=30, deadline=None)
def test_chances_are_those_of_the_textbook_whatever_is_asked_beside_them(asked: list[tuple[int, float, float]]) -> None:
    units, mean, spread = (np.array(column) for column in zip(*asked, strict=True))
    found = chances_of_at_least(units, mean=mean, variance=mean * spread)
    for (n, expected, dispersion), chance in zip(asked, found, strict=True):
        assert chance == pytest.approx(max(0.0, textbook_chance(n, expected, expected * dispersion)), abs=1e-9)
        assert chance == pytest.approx(chance_of_at_least(n, mean=expected, variance=expected * dispersion), abs=1e-12)


@given(st.floats(0.05, 200), st.floats(1.01, 8), st.floats(0.01, 0.99))
@settings(max_examples=30, deadline=None)
def test_a_quantile_is_the_last_count_that_is_likely_enough(mean: float, spread: float, share: float) -> None:
    (units,) = count_quantiles((share,), mean=mean, variance=mean * spread)
    if units:
        assert chance_of_at_least(units, mean=mean, variance=mean * spread) > 1 - share - 1e-9
    assert chance_of_at_least(units + 1, mean=mean, variance=mean * spread) <= 1 - share + 1e-9


def test_slots_together_get_the_demands_that_they_get_alone() -> None:
    slots = [year(seed, days) for seed, days in enumerate((91, 91, 30, 3, 1))]
    pooled = np.arange(168.0)
    together = fit_demands(slots, pooled_units=pooled)
    for (units, first, stocked), found in zip(slots, together, strict=True):
        alone = fit_demand(units, first_hour_of_week=first, pooled_units=pooled, had_stock=stocked)
        assert found.level.units_per_profile_h == pytest.approx(alone.level.units_per_profile_h, rel=1e-12)
        assert found.level.cv2 == pytest.approx(alone.level.cv2, rel=1e-12)
        assert (found.profile == alone.profile).all()


def test_forecasts_together_are_those_of_a_bisection_of_each() -> None:
    rng = np.random.default_rng(5)
    asked = [
        (
            Demand(rng.dirichlet(np.ones(168)) * 168, Level(float(rng.gamma(2.0, 0.5)), 0.05)),
            int(rng.choice([0, 1, 3, 12, 40, 400])),
            float(rng.choice([0.0, 0.5, 1.0, 3.0])),
        )
        for _ in range(60)
    ]
    together = forecast_depletions(asked, hour_of_week=13.4)
    for (demand, units, ratio), found in zip(asked, together, strict=True):
        assert found == forecast_depletion(demand, hour_of_week=13.4, units=units, traffic_ratio=ratio)
        mean = expected_units(demand, hour_of_week=13.4, horizon_h=336) * ratio
        for share, hours in zip(found.shares, found.hours, strict=True):

            def chance(after_h: float, mean: np.ndarray = mean, demand: Demand = demand, units: int = units) -> float:
                expected = float(np.interp(after_h, EDGES_H, mean))
                return chance_of_at_least(units, mean=expected, variance=demand.level.variance(expected))

            if units == 0:
                assert hours == 0.0
            elif hours == inf:
                assert chance(336.0) < share
            else:
                assert chance(hours) >= share
                assert hours <= 0.011 or chance(hours - 0.0103) < share
