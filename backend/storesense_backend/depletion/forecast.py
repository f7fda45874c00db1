"""From demand to the time at which so many units are gone, with an interval."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isfinite

import numpy as np
from numpy.typing import NDArray

from storesense_backend.depletion.level import Level, fit_level
from storesense_backend.depletion.profile import HOURS_A_WEEK, weekly_profile, weekly_units
from storesense_backend.depletion.tail import chance_of_at_least
from storesense_contracts.errors import StoresenseError

MAX_UNITS = 5_000
_HOURS_A_DAY = 24
_RESOLUTION_H = 0.01


class DemandError(StoresenseError):
    """A forecast was asked for something that has none."""

    code = "bad_demand"


@dataclass(frozen=True, slots=True)
class Demand:
    """What is known of one slot's demand.

    Attributes:
        profile: shape (168,), relative demand by hour of the week, mean 1.
        level: how brisk demand is now.
    """

    profile: NDArray[np.float64]
    level: Level


@dataclass(frozen=True, slots=True)
class DepletionForecast:
    """When ``units`` will be gone: hours from now at each share of probability, ``inf`` beyond the horizon."""

    units: int
    shares: tuple[float, ...]
    hours: tuple[float, ...]


def fit_demand(
    units_by_hour: NDArray[np.float64],
    *,
    first_hour_of_week: int,
    pooled_units: NDArray[np.float64] | None = None,
    had_stock: NDArray[np.bool_] | None = None,
) -> Demand:
    """Learn a slot's demand from what was taken of it.

    Args:
        units_by_hour: shape (hours,), picks less put-backs in each whole hour of local time, the latest hour last.
        first_hour_of_week: the hour of the week (0 is Monday's first) of ``units_by_hour[0]``.
        pooled_units: shape (168,), the ``weekly_units`` of many products of the store.
        had_stock: shape (hours,), False where the slot was empty and so could sell nothing.

    Raises:
        DemandError: the arrays do not fit together or hold something that is no count.
    """
    units = np.asarray(units_by_hour, dtype=np.float64)
    stocked = np.ones(len(units), dtype=np.bool_) if had_stock is None else had_stock
    if units.ndim != 1 or stocked.shape != units.shape or not np.isfinite(units).all():
        raise DemandError("units_by_hour and had_stock must be one finite number and one truth value an hour")
    units = np.maximum(units, 0.0)  # more came back in an hour than went: nothing was sold in it
    profile = weekly_profile(weekly_units(units, first_hour_of_week=first_hour_of_week), pooled_units)
    hours = first_hour_of_week + np.arange(len(units))
    exposure = profile[hours % HOURS_A_WEEK] * stocked
    whole = len(units) - len(units) % _HOURS_A_DAY
    by_day = (units[len(units) - whole :].reshape(-1, _HOURS_A_DAY), exposure[len(units) - whole :])
    level = fit_level(by_day[0].sum(axis=1), by_day[1].reshape(-1, _HOURS_A_DAY).sum(axis=1))
    return Demand(profile, level)


def forecast_depletion(
    demand: Demand,
    *,
    hour_of_week: float,
    units: int,
    shares: tuple[float, ...] = (0.1, 0.5, 0.9),
    horizon_h: int = 336,
    traffic_ratio: float = 1.0,
) -> DepletionForecast:
    """Return when ``units`` more will have been taken.

    Args:
        demand: from ``fit_demand``.
        hour_of_week: now, in local hours since Monday began; fractions count.
        units: how many, for instance what is left, or what is left above the reorder point.
        shares: the probabilities wanted, ascending, each between 0 and 1.
        horizon_h: how far to look.
        traffic_ratio: today's footfall past the shelf over what is usual; 1 where nobody counts.

    Raises:
        DemandError: there are too many units, the shares do not ascend, or a number is not finite.
    """
    if not 0 <= units <= MAX_UNITS or not (isfinite(hour_of_week) and 0 <= traffic_ratio < inf) or horizon_h < 1:
        raise DemandError(f"a forecast needs 0 to {MAX_UNITS} units, a finite time and ratio, and a horizon")
    if not shares or any(not 0 < share < 1 for share in shares) or list(shares) != sorted(set(shares)):
        raise DemandError("the shares must ascend between 0 and 1")
    if units == 0:
        return DepletionForecast(0, shares, tuple(0.0 for _ in shares))
    edges_h = _edges_h(hour_of_week, horizon_h)
    mean = expected_units(demand, hour_of_week=hour_of_week, horizon_h=horizon_h) * traffic_ratio

    def chance(after_h: float) -> float:
        """Return the probability that all units are gone ``after_h`` hours from now."""
        expected = float(np.interp(after_h, edges_h, mean))
        return chance_of_at_least(units, mean=expected, variance=demand.level.variance(expected))

    return DepletionForecast(units, shares, tuple(_first_time_h(share, horizon_h, chance) for share in shares))


def expected_units(demand: Demand, *, hour_of_week: float, horizon_h: int) -> NDArray[np.float64]:
    """Return the units expected from now to each whole hour of the clock, shape (horizon_h + 1,), beginning with 0."""
    edges_h = _edges_h(hour_of_week, horizon_h)
    hours = (int(hour_of_week // 1) + np.arange(horizon_h)) % HOURS_A_WEEK
    each = demand.level.units_per_profile_h * demand.profile[hours] * np.diff(edges_h)
    return np.concatenate([[0.0], np.cumsum(each)])


def _edges_h(hour_of_week: float, horizon_h: int) -> NDArray[np.float64]:
    """Return now and the ``horizon_h`` whole hours of the clock that follow, in hours from now."""
    edges = np.arange(horizon_h + 1, dtype=np.float64) - hour_of_week % 1.0
    edges[0] = 0.0
    return edges


def _first_time_h(share: float, horizon_h: int, chance: Callable[[float], float]) -> float:
    low_h, high_h = 0.0, float(horizon_h)
    if chance(high_h) < share:
        return inf
    while high_h - low_h > _RESOLUTION_H:
        middle_h = (low_h + high_h) / 2
        low_h, high_h = (low_h, middle_h) if chance(middle_h) >= share else (middle_h, high_h)
    return high_h
