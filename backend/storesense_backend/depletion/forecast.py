"""From demand to the time at which so many units are gone, with an interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite

import numpy as np
from numpy.typing import NDArray

from storesense_backend.depletion.level import Level, fit_levels
from storesense_backend.depletion.profile import HOURS_A_WEEK, weekly_profile, weekly_units
from storesense_backend.depletion.tail import chances_of_at_least
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
    return fit_demands([(units_by_hour, first_hour_of_week, had_stock)], pooled_units=pooled_units)[0]


def fit_demands(
    slots: Sequence[tuple[NDArray[np.float64], int, NDArray[np.bool_] | None]],
    *,
    pooled_units: NDArray[np.float64] | None = None,
) -> list[Demand]:
    """Learn the demand of many slots at once.

    Args:
        slots: of each ``units_by_hour``, ``first_hour_of_week`` and ``had_stock``, as for ``fit_demand``; the latest
            hours are the same of all.
        pooled_units: as for ``fit_demand``.

    Raises:
        DemandError: as for ``fit_demand``.
    """
    profiles: list[NDArray[np.float64]] = []
    days = max((len(units) // _HOURS_A_DAY for units, _, _ in slots), default=0)
    units_by_day, exposure_by_day = np.zeros((len(slots), days)), np.zeros((len(slots), days))
    for place, (units_by_hour, first_hour_of_week, had_stock) in enumerate(slots):
        profile, units, exposure = _profiled(units_by_hour, first_hour_of_week, had_stock, pooled_units)
        profiles.append(profile)
        known = len(units) // _HOURS_A_DAY
        if known:
            latest = len(units) - known * _HOURS_A_DAY
            units_by_day[place, -known:] = units[latest:].reshape(known, _HOURS_A_DAY).sum(axis=1)
            exposure_by_day[place, -known:] = exposure[latest:].reshape(known, _HOURS_A_DAY).sum(axis=1)
    levels = fit_levels(units_by_day, exposure_by_day)
    return [Demand(profile, level) for profile, level in zip(profiles, levels, strict=True)]


def _profiled(
    units_by_hour: NDArray[np.float64],
    first_hour_of_week: int,
    had_stock: NDArray[np.bool_] | None,
    pooled_units: NDArray[np.float64] | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """A slot's profile, its units by hour, and the profile's sum over hours with stock, each checked."""
    units = np.asarray(units_by_hour, dtype=np.float64)
    stocked = np.ones(len(units), dtype=np.bool_) if had_stock is None else had_stock
    if units.ndim != 1 or stocked.shape != units.shape or not np.isfinite(units).all():
        raise DemandError("units_by_hour and had_stock must be one finite number and one truth value an hour")
    units = np.maximum(units, 0.0)  # more came back in an hour than went: nothing was sold in it
    profile = weekly_profile(weekly_units(units, first_hour_of_week=first_hour_of_week), pooled_units)
    hours = first_hour_of_week + np.arange(len(units))
    return profile, units, profile[hours % HOURS_A_WEEK] * stocked


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
    asked = [(demand, units, traffic_ratio)]
    return forecast_depletions(asked, hour_of_week=hour_of_week, shares=shares, horizon_h=horizon_h)[0]


def forecast_depletions(
    asked: Sequence[tuple[Demand, int, float]],
    *,
    hour_of_week: float,
    shares: tuple[float, ...] = (0.1, 0.5, 0.9),
    horizon_h: int = 336,
) -> list[DepletionForecast]:
    """Return when so many units more will have been taken, of many slots at once.

    Args:
        asked: of each the demand, the units and the traffic ratio, as for ``forecast_depletion``.
        hour_of_week: as there, the same for all; so are the others.
        shares: see there.
        horizon_h: see there.

    Raises:
        DemandError: as for ``forecast_depletion``.
    """
    if (
        not isfinite(hour_of_week)
        or horizon_h < 1
        or any(not (0 <= units <= MAX_UNITS and 0 <= ratio < inf) for _, units, ratio in asked)
    ):
        raise DemandError(f"a forecast needs 0 to {MAX_UNITS} units, a finite time and ratio, and a horizon")
    if not shares or any(not 0 < share < 1 for share in shares) or list(shares) != sorted(set(shares)):
        raise DemandError("the shares must ascend between 0 and 1")
    hours = np.zeros((len(asked), len(shares)))
    some = [place for place, (_, units, _) in enumerate(asked) if units > 0]
    if some:
        means = [
            expected_units(demand, hour_of_week=hour_of_week, horizon_h=horizon_h) * ratio
            for demand, _, ratio in (asked[place] for place in some)
        ]
        questions = _Questions(
            edges_h=_edges_h(hour_of_week, horizon_h),
            mean=np.repeat(np.array(means), len(shares), axis=0),
            units=np.repeat(np.array([asked[place][1] for place in some]), len(shares)),
            levels=[asked[place][0].level for place in some for _ in shares],
        )
        hours[some] = questions.first_times_h(np.tile(shares, len(some)), horizon_h).reshape(len(some), -1)
    return [
        DepletionForecast(units, shares, tuple(row.tolist())) for (_, units, _), row in zip(asked, hours, strict=True)
    ]


class _Questions:
    """When a number of counts reach their units; one row a question.

    Args:
        edges_h: shape (hours + 1,), from ``_edges_h``.
        mean: shape (n, hours + 1), units expected until each of them.
        units: shape (n,), each 1 or more.
        levels: n levels.
    """

    def __init__(
        self,
        *,
        edges_h: NDArray[np.float64],
        mean: NDArray[np.float64],
        units: NDArray[np.int64],
        levels: Sequence[Level],
    ) -> None:
        self._edges_h = edges_h
        self._mean = mean
        self._units = units
        self._dispersion = np.array([level.dispersion for level in levels])
        self._cv2 = np.array([level.cv2 for level in levels])

    def first_times_h(self, shares: NDArray[np.float64], horizon_h: int) -> NDArray[np.float64]:
        """Return the first time at which each chance is its share, to a hundredth of an hour; inf beyond the end."""
        low_h, high_h = np.zeros(len(shares)), np.full(len(shares), float(horizon_h))
        is_beyond = self._chances(high_h) < shares
        width_h = float(horizon_h)
        while width_h > _RESOLUTION_H:
            middle_h = (low_h + high_h) / 2
            is_reached = self._chances(middle_h) >= shares
            high_h = np.where(is_reached, middle_h, high_h)
            low_h = np.where(is_reached, low_h, middle_h)
            width_h /= 2
        return np.where(is_beyond, inf, high_h)

    def _chances(self, after_h: NDArray[np.float64]) -> NDArray[np.float64]:
        """The probability that all units are gone so many hours from now."""
        place = np.clip(np.searchsorted(self._edges_h, after_h, side="right") - 1, 0, len(self._edges_h) - 2)
        rows = np.arange(len(after_h))
        begin_h, end_h = self._edges_h[place], self._edges_h[place + 1]
        begin, end = self._mean[rows, place], self._mean[rows, place + 1]
        expected = begin + (end - begin) * (after_h - begin_h) / (end_h - begin_h)
        # Beyond the last whole hour nothing more is expected.
        expected = np.where(after_h >= self._edges_h[-1], self._mean[:, -1], expected)
        variance = self._dispersion * expected + self._cv2 * expected**2
        return chances_of_at_least(self._units, mean=expected, variance=variance)


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
