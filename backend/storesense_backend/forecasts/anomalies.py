"""Tests of hours that are not as expected, each for one way in which sensors and shops go wrong.

``halved`` and ``doubled`` weigh a shift by a factor of two over three hours against none (a logarithm of likelihoods
under Student's t, so that one wild hour proves nothing), at once and again an hour later, when the hour after tells
whether the shift ended as abruptly as it began: crowds come and go gradually. ``stuck`` asks how improbable it is
that counts repeat, ``silent`` how far a zero is below what was expected. ``level`` tells of any shift over three
hours.

Statistics become scores by limits that are learnt for each series from its own past: 4 is what a series reaches as
often as its share of the false alarms allows.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from storesense_backend.forecasts.days import Flags, Floats, shifted
from storesense_backend.forecasts.residuals import OFFSET, Residuals

SCORE_AT_LIMIT = 4.0
_FREEDOM = 3.0
_CARRIED = 0.45
"""Share of the last hours' miss that goes on into the next."""
_CARRIED_BOTH = 0.6
"""The same between the hours before and after."""
_DAY = 24
_MONTH_DAYS = 30.4
_FEWEST_DAYS = 30

TOGETHER_A_MONTH = 0.5
"""Days in a month of a series on which any of the tests may exceed its limit; half of what may be, as the past repeats
itself only roughly."""
_MOST_RAISED = 1.5


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much a test may cry wolf.

    Attributes:
        a_month: days in a month of a series on which it may exceed its limit.
        least: the limit is never below.
        most: nor above.
    """

    a_month: float
    least: float
    most: float


FAULT_TESTS: Mapping[str, Allowance] = {
    "halved": Allowance(0.05, 3.0, 12.0),
    "doubled": Allowance(0.05, 3.0, 12.0),
    "was_halved": Allowance(0.20, 3.0, 12.0),
    "was_doubled": Allowance(0.20, 3.0, 12.0),
    "silent": Allowance(0.10, 3.0, 5.0),
    "stuck": Allowance(0.20, 5.0, 9.0),
}
KPI_TESTS: Mapping[str, Allowance] = {
    "halved": Allowance(0.05, 3.0, 12.0),
    "doubled": Allowance(0.05, 3.0, 12.0),
    "silent": Allowance(0.10, 3.0, 9.0),
    "level": Allowance(0.20, 5.0, 12.0),
}
"""For figures that may rightly repeat, such as a length or a share, and that are told hour by hour."""


def statistics_of(residuals: Residuals) -> dict[str, Floats]:
    """Return each test's statistic, of shape (hours, series); it grows with the evidence."""
    miss, spread, known = residuals.miss, residuals.spread, residuals.is_known
    counts, expected = np.nan_to_num(residuals.counts), np.nan_to_num(residuals.expected)
    half = np.log((expected / 2.0 + OFFSET) / (expected + OFFSET))
    double = np.log((2.0 * expected + OFFSET) / (expected + OFFSET))
    held, precision = np.clip(miss, -0.6, 0.6), 1.0 / spread**2
    before_three = _CARRIED * _before(held, precision, 3)
    around = _CARRIED_BOTH * (_before(held, precision, 4) + held) / 2.0
    one = (miss - _CARRIED * _before(held, precision, 1)) / spread
    chance = (
        0.4 / np.maximum(spread * (expected + OFFSET), 0.4) * (1.0 + one**2 / _FREEDOM) ** (-(_FREEDOM + 1.0) / 2.0)
    )
    repeats = (residuals.counts == shifted(residuals.counts, 1, np.nan)) & (counts > 0)
    surprise = np.where(repeats, -np.log(np.minimum(1.0, chance + 1e-6)), 0.0)
    level = sum(np.clip(shifted(miss, ago) - before_three, -6.0 * spread, 6.0 * spread) / spread for ago in range(3))
    found = {
        "halved": _likelier(miss, spread, half, before_three, 0),
        "doubled": _likelier(miss, spread, double, before_three, 0),
        "was_halved": _likelier(miss, spread, half, around, 1),
        "was_doubled": _likelier(miss, spread, double, around, 1),
        "silent": np.where(counts == 0, -one, 0.0),
        "stuck": surprise + np.where(repeats, shifted(surprise, 1), 0.0),
        "level": np.abs(level) / np.sqrt(3.0),
    }
    return {name: np.where(known, values, 0.0) for name, values in found.items()}


def _before(held: Floats, precision: Floats, hours: int) -> Floats:
    """Return the mean miss of the three hours that begin so many hours ago, going back, newer ones counting more."""
    above, below = np.zeros_like(held), np.full_like(held, 1e-9)
    for ago, share in ((hours, 1.0), (hours + 1, 0.7), (hours + 2, 0.5)):
        weight = share * shifted(precision, ago)
        above += weight * shifted(held, ago)
        below += weight
    return np.asarray(above / below)


def _likelier(miss: Floats, spread: Floats, shift: Floats, carried: Floats, lag: int) -> Floats:
    """Return by how much three hours are likelier shifted than not, in logarithms."""

    def unlikely(values: Floats) -> Floats:
        return np.asarray((_FREEDOM + 1.0) / 2.0 * np.log1p(values**2 / _FREEDOM))

    total = np.zeros_like(miss)
    for ago in range(lag, lag + 3):
        left, scale = shifted(miss, ago) - carried, shifted(spread, ago, 1.0)
        total += unlikely(left / scale) - unlikely((left - shifted(shift, ago)) / scale)
    return total


def learn_limits(
    statistics: Mapping[str, Floats], learnt_from: slice, tests: Mapping[str, Allowance]
) -> dict[str, Floats]:
    """Return each test's limit for each series, of shape (series,), from the highest values of past days.

    Args:
        statistics: see :func:`statistics_of`.
        learnt_from: the hours to learn from.
        tests: those to learn.
    """
    limits = {}
    for name, test in tests.items():
        daily = _daily(statistics[name][learnt_from])
        if len(daily) < _FEWEST_DAYS:
            limits[name] = np.full(daily.shape[1], (test.least + test.most) / 2.0)
        else:
            limits[name] = np.clip(_reached(daily, test.a_month), test.least, test.most)
    # Each kept to its share, the tests together may still be over theirs: then all are raised alike.
    daily = _daily(scores_of(statistics, limits)[0][learnt_from]) / SCORE_AT_LIMIT
    if len(daily) >= _FEWEST_DAYS:
        raised = np.clip(_reached(daily, TOGETHER_A_MONTH), 1.0, _MOST_RAISED)
        limits = {name: limit * raised for name, limit in limits.items()}
    return limits


def _daily(hourly: Floats) -> Floats:
    """Return the highest value of each whole day, shape (days, series)."""
    whole = hourly[: len(hourly) // _DAY * _DAY]
    return np.asarray(whole.reshape(-1, _DAY, hourly.shape[1]).max(axis=1, initial=0.0))


def _reached(daily: Floats, a_month: float) -> Floats:
    """Return the value that so many days a month exceed, shape (series,)."""
    return np.asarray(-np.sort(-daily, axis=0)[min(len(daily) - 1, round(len(daily) / _MONTH_DAYS * a_month))])


def scores_of(
    statistics: Mapping[str, Floats], limits: Mapping[str, Floats]
) -> tuple[Floats, "np.ndarray[tuple[int, ...], np.dtype[np.str_]]"]:
    """Return the score of each hour and series, and the name of the test that gives it."""
    names = np.array(list(limits))
    ratios = np.stack([np.maximum(statistics[name], 0.0) / limits[name] for name in names])
    best = ratios.argmax(axis=0)
    return SCORE_AT_LIMIT * np.take_along_axis(ratios, best[None], 0)[0], names[best]


def are_alarms(scores: Floats) -> Flags:
    """Tell which scores are at or over the limit."""
    return np.asarray(scores > SCORE_AT_LIMIT)
