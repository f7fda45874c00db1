"""How far each hour is from what its forecast and everything else that was counted in that hour lead to expect.

What all series share, a holiday, a festival or rain, is no anomaly of one of them: a regression foretells a series'
miss of its day-ahead forecast from the other series' misses in the same hour and from its own of some hours ago, not
from its last three hours, which a fault may have spoilt. All on the scale of logarithms.
"""

from dataclasses import dataclass

import numpy as np

from storesense_backend.forecasts.days import Calendar, Floats, shifted

OFFSET = 3.0
"""Added to counts before the logarithm: about what chance does to a few."""

_MOST = 1.5
_NEIGHBOUR_MOST = 0.5
_OWN_HOURS = ((4, 0.25), (5, 0.22), (6, 0.18), (7, 0.15), (8, 0.12), (9, 0.08))
_HALF_LIFE_DAYS = 120.0
_PENALTY = 2.0
_FIRST_SPREAD = 0.35
_LEAST_SPREAD = 0.03
_OF_MEAN = 1.2533
"""Standard deviation over mean absolute deviation, of a normal law."""


@dataclass(frozen=True, slots=True)
class Residuals:
    """Hours in a row; all have shape (hours, series).

    Attributes:
        counts: what came, NaN where nothing was measured.
        expected: given the forecast and all else of the hour; NaN where nothing is foretold.
        miss: logarithm of came over expected, both with ``OFFSET``; 0 where unknown.
        spread: its usual standard deviation at that hour of the week.
    """

    counts: Floats
    expected: Floats
    miss: Floats
    spread: Floats

    @property
    def is_known(self) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
        """Where there is both a count and an expectation."""
        return ~np.isnan(self.counts) & ~np.isnan(self.expected)


def residuals_of(counts: Floats, median: Floats, calendar: Calendar) -> Residuals:
    """Compare each hour with what was to be expected of it, learning day by day.

    Args:
        counts: shape (days, slots, series), NaN where nothing was measured.
        median: day-ahead forecasts of the same.
        calendar: of the same days.
    """
    days, slots, series = counts.shape
    known = ~np.isnan(counts) & ~np.isnan(median)
    raw = np.where(known, np.log((np.nan_to_num(counts) + OFFSET) / (np.nan_to_num(median) + OFFSET)), 0.0)
    size = np.where(known & (np.nan_to_num(median) >= 0.5), np.sqrt(np.nan_to_num(median) + 1.0), 0.0)
    told = _foretold(np.clip(raw, -_MOST, _MOST), size)
    miss = np.where(known, raw - told, 0.0)
    spread = _spread(miss, known, calendar)
    expected = np.maximum((np.nan_to_num(median) + OFFSET) * np.exp(told) - OFFSET, 0.0)
    flat = (days * slots, series)
    return Residuals(
        counts.reshape(flat),
        np.where(np.isnan(median), np.nan, expected).reshape(flat),
        miss.reshape(flat),
        spread.reshape(flat),
    )


def _foretold(raw: Floats, size: Floats) -> Floats:
    days, slots, series = raw.shape
    whole = (size * raw).sum(axis=2, keepdims=True)
    common = (whole - size * raw) / np.maximum(size.sum(axis=2, keepdims=True) - size, 1e-9)
    before = shifted(common.reshape(-1, series), 1).reshape(raw.shape)
    own = np.zeros((days * slots, series))
    for hours, share in _OWN_HOURS:
        own += share * shifted(raw.reshape(-1, series), hours)
    own = own.reshape(raw.shape)
    centre = common.mean(axis=2, keepdims=True)
    neighbours = centre + np.clip(raw - centre, -_NEIGHBOUR_MOST, _NEIGHBOUR_MOST)
    many = series + 3
    squares, products = np.zeros((series, many, many)), np.zeros((series, many))
    weights, ridge, fade = np.zeros((series, many)), _PENALTY * np.eye(many), 0.5 ** (1.0 / _HALF_LIFE_DAYS)
    told, each = np.zeros_like(raw), np.arange(series)
    for day in range(days):
        rows = np.zeros((series, slots, many))
        rows[:, :, :series] = neighbours[day][None]
        rows[each, :, each] = 0.0
        rows[:, :, series], rows[:, :, series + 1], rows[:, :, series + 2] = common[day].T, own[day].T, before[day].T
        told[day] = np.einsum("ksp,kp->sk", rows, weights)
        left = np.abs(raw[day] - told[day]).T
        weighed = rows * (size[day].T / np.maximum(left / 0.3, 1.0) / 30.0)[..., None]
        squares = squares * fade + np.matmul(weighed.transpose(0, 2, 1), rows)
        products = products * fade + np.einsum("ksp,sk->kp", weighed, raw[day])
        weights = np.linalg.solve(squares + ridge, products[..., None])[..., 0]
    return told


def _spread(miss: Floats, known: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]", calendar: Calendar) -> Floats:
    """Return the usual size of misses, by hour of the week and lately by hour of the day, outliers held back."""
    _days, slots, series = miss.shape
    weekly, daily = np.full((7, slots, series), _FIRST_SPREAD), np.full((slots, series), _FIRST_SPREAD)
    weekly_fade, daily_fade = 0.5 ** (1.0 / 6.0), 0.5 ** (1.0 / 25.0)
    weekdays, result = calendar.weekdays, np.zeros_like(miss)
    for day, weekday in enumerate(weekdays):
        result[day] = _OF_MEAN * np.sqrt(0.5 * weekly[weekday] ** 2 + 0.5 * daily**2)
        seen = np.minimum(np.abs(miss[day]), 3.0 * result[day])
        weekly[weekday] = np.where(
            known[day], weekly_fade * weekly[weekday] + (1 - weekly_fade) * seen, weekly[weekday]
        )
        daily = np.where(known[day], daily_fade * daily + (1 - daily_fade) * seen, daily)
    return np.maximum(result, _LEAST_SPREAD)
