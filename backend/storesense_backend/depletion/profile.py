"""Demand by hour of the week: each product's own habit, leant on the habit of all products where it is unknown."""

import numpy as np
from numpy.typing import NDArray

HOURS_A_WEEK = 168

_HALF_LIFE_WEEKS = 26.0
_POOLED_UNITS = 50.0
_SMOOTHING = (0.25, 0.5, 0.25)


def weekly_units(units: NDArray[np.float64], *, first_hour_of_week: int) -> NDArray[np.float64]:
    """Return how many units went in each hour of the week, later weeks weighing more.

    Args:
        units: shape (hours,), units taken in each whole hour of local time, the latest last.
        first_hour_of_week: the hour of the week (0 is Monday's first) of ``units[0]``.

    Returns:
        Shape (168,), discounted units, smoothed over neighbouring hours because a single week says little of an hour.
    """
    hours = np.arange(len(units))
    age_weeks = (len(units) - 1 - hours) // HOURS_A_WEEK
    weights = 0.5 ** (age_weeks / _HALF_LIFE_WEEKS)
    hour_of_week = (first_hour_of_week + hours) % HOURS_A_WEEK
    sums = np.bincount(hour_of_week, weights=weights * units, minlength=HOURS_A_WEEK).astype(np.float64)
    before, here, after = _SMOOTHING
    smooth: NDArray[np.float64] = before * np.roll(sums, 1) + here * sums + after * np.roll(sums, -1)
    return smooth


def weekly_profile(units: NDArray[np.float64], pooled_units: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """Return relative demand by hour of the week, with mean 1.

    Args:
        units: shape (168,), from ``weekly_units``.
        pooled_units: the same over many products. A product with few sales gets nearly their profile, one with
            hundreds nearly its own. Without it, every hour counts the same until the product's own sales say more.

    Returns:
        Shape (168,); 0 in hours in which nothing ever sells.
    """
    pooled = np.ones(HOURS_A_WEEK) if pooled_units is None or pooled_units.sum() <= 0 else pooled_units
    leant = units + _POOLED_UNITS * pooled / pooled.sum()
    profile: NDArray[np.float64] = leant / leant.sum() * HOURS_A_WEEK
    return profile
