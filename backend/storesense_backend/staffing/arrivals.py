"""When people who came in by the entrance reach the tills: learnt from counts alone, and foretold from who is inside.

No camera follows anybody from door to till. What is known are people in and people joining a queue, by minute. The
*delay kernel* ``g`` says how many join a queue ``a`` minutes after one person came in; its sum is the share who pay.
Arrivals at the tills are then a sum over those who came in, each spread by the kernel, and those who will come in, by
the store's usual week times the level of today.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

KERNEL_MIN = 90
"""Minutes after coming in beyond which nobody is expected at the tills any more."""

_EM_STEPS = 60
_FIRST_GUESS_HALF_MIN = 15.0
_SMOOTH = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16.0
_LEVEL_PRIOR_MIN = 45.0
"""Today's level leans on the usual week as if so many of its minutes had been seen already."""
_LEVEL_HALF_LIFE_MIN = 40.0


@dataclass(frozen=True, slots=True)
class DayCounts:
    """What a past day's sensors counted, minute by minute of the store's open time.

    Attributes:
        week_minute: minute of the local week at which the day's first minute begins, 0 on a Monday at midnight.
        entered: shape (minutes,), people in at the entrances.
        joined: shape (minutes,), people who joined any queue.
    """

    week_minute: int
    entered: Floats
    joined: Floats


def spread(entered: Floats, kernel: Floats) -> Floats:
    """Return shape (minutes,), people expected at the tills from those who came in so far.

    Args:
        entered: shape (minutes,), people in.
        kernel: shape (delays,), see the module.
    """
    return np.convolve(entered, kernel)[: len(entered)]


def fit_kernel(days: Sequence[DayCounts], *, steps: int = _EM_STEPS) -> Floats:
    """Return the delay kernel of past days, shape ``(KERNEL_MIN,)``.

    Expectation maximisation of a Poisson model that is linear in the kernel, smoothed after each step (the EMS method
    of Silverman, Jones, Wilson and Nychka, 1990); stopping early keeps it smooth as well. The first minutes of a day,
    whose people may have come in before it, count like the others: a day begins with an empty store.

    Args:
        days: to learn from.
        steps: of the iteration.
    """
    people_in = sum(float(day.entered.sum()) for day in days)
    people_joined = sum(float(day.joined.sum()) for day in days)
    if people_in <= 0 or people_joined <= 0:
        return np.zeros(KERNEL_MIN)
    kernel = 0.5 ** (np.arange(KERNEL_MIN) / _FIRST_GUESS_HALF_MIN)
    kernel *= people_joined / people_in / kernel.sum()
    exposure = np.zeros(KERNEL_MIN)
    for day in days:
        sums = np.concatenate(([0.0], np.cumsum(day.entered)))
        exposure += sums[np.maximum(0, len(day.entered) - np.arange(KERNEL_MIN))]
    exposure = np.maximum(exposure, 1e-9)
    for _ in range(steps):
        gained = np.zeros(KERNEL_MIN)
        for day in days:
            expected = np.maximum(spread(day.entered, kernel), 1e-6)
            gained += _correlate(day.joined / expected, day.entered)
        kernel = _smoothed(kernel * gained / exposure)
    return kernel


def _correlate(ratio: Floats, entered: Floats) -> Floats:
    """Return for each delay the sum over minutes of ``ratio`` times who came in that much earlier."""
    minutes = len(ratio)
    full = np.correlate(np.concatenate((ratio, np.zeros(KERNEL_MIN))), entered, mode="full")
    zero = minutes - 1
    return full[zero : zero + KERNEL_MIN]


def _smoothed(kernel: Floats) -> Floats:
    padded = np.concatenate((kernel[1::-1], kernel, np.zeros(2)))
    return np.convolve(padded, _SMOOTH, mode="valid")


@dataclass(frozen=True, slots=True)
class UsualWeek:
    """People in by minute of the local week.

    Attributes:
        by_quarter: shape (672,), people in a minute, for each quarter of an hour of the week.
    """

    by_quarter: Floats

    def rate(self, week_minutes: NDArray[np.int64]) -> Floats:
        """Return people in a minute, for minutes of the week, which wrap around."""
        return self.by_quarter[(week_minutes % 10_080) // 15]


def fit_week(days: Sequence[DayCounts]) -> UsualWeek:
    """Return the usual week; a weekday without a day of its own takes the mean of all.

    Quarters of an hour are smoothed over their neighbours, an hour in all, within what was seen.
    """
    totals, minutes = np.zeros(672), np.zeros(672)
    for day in days:
        quarters = ((day.week_minute + np.arange(len(day.entered))) % 10_080) // 15
        np.add.at(totals, quarters, day.entered)
        np.add.at(minutes, quarters, 1.0)
    day_totals, day_minutes = totals.reshape(7, 96).sum(axis=0), minutes.reshape(7, 96).sum(axis=0)
    for weekday in range(7):
        part = slice(96 * weekday, 96 * weekday + 96)
        if minutes[part].sum() == 0:
            totals[part], minutes[part] = day_totals, day_minutes
    window = np.array([0.5, 1.0, 1.0, 1.0, 0.5])
    seen = np.convolve(minutes, window, mode="same")
    smooth = np.convolve(totals, window, mode="same") / np.maximum(seen, 1e-9)
    return UsualWeek(np.where(minutes > 0, smooth, 0.0))


@dataclass(frozen=True, slots=True)
class ArrivalForecast:
    """People who will join a queue, minute by minute from now.

    Attributes:
        mean: shape (minutes,).
        variance: shape (minutes,) of the sum up to and with each minute.
    """

    mean: Floats
    variance: Floats

    def total(self, minutes: int) -> tuple[float, float, float]:
        """Return mean, 10 % and 90 % quantile of how many come within so many minutes, by a gamma-Poisson law."""
        mean = float(self.mean[:minutes].sum())
        return (mean, *count_interval(mean, float(self.variance[minutes - 1])))


def count_interval(mean: float, variance: float) -> tuple[float, float]:
    """Return the 10 % and 90 % quantile of a count: Poisson, or negative binomial where it varies more."""
    top = int(mean + 8.0 * np.sqrt(max(variance, mean, 1.0))) + 10
    counts = np.arange(top)
    if mean <= 0:
        return 0.0, 0.0
    over = max(variance / mean - 1.0, 1e-6)
    shape = mean / over
    steps = np.log((shape + counts[:-1]) / counts[1:] * (over / (1.0 + over)))
    logs = np.concatenate(([0.0], np.cumsum(steps))) - shape * np.log1p(over)
    below = np.cumsum(np.exp(logs))
    return float(np.searchsorted(below, 0.1)), float(np.searchsorted(below, 0.9))


@dataclass(frozen=True, slots=True)
class ArrivalModel:
    """What was learnt of a store's doors and the way to its tills.

    Attributes:
        week: people in, usually.
        kernel: shape (KERNEL_MIN,), see the module.
        spread_over: variance of counts at the tills over what the model alone gives, 1 or more.
    """

    week: UsualWeek
    kernel: Floats
    spread_over: float = 1.0

    def forecast(self, entered: Floats, *, week_minute: int, minutes: int, open_minutes: int) -> ArrivalForecast:
        """Foretell the next minutes.

        Args:
            entered: shape (past,), people in, by minute, up to the present; at most the last hours are looked at.
            week_minute: minute of the local week that begins now.
            minutes: how far to look ahead.
            open_minutes: for how many more minutes people are let in.
        """
        past = np.concatenate((np.zeros(1), entered[-KERNEL_MIN:]))
        level, level_variance = self.level(entered, week_minute=week_minute)
        ahead = self.week.rate(week_minute + np.arange(minutes, dtype=np.int64))
        ahead = np.where(np.arange(minutes) < open_minutes, ahead, 0.0)
        from_inside = np.convolve(past, self.kernel)[len(past) : len(past) + minutes]
        from_inside = np.concatenate((from_inside, np.zeros(minutes - len(from_inside))))
        unit = spread(ahead, self.kernel)
        mean = from_inside + level * unit
        variance = np.cumsum(mean) * self.spread_over + level_variance * np.cumsum(unit) ** 2
        return ArrivalForecast(mean, variance)

    def level(self, entered: Floats, *, week_minute: int) -> tuple[float, float]:
        """Return how busy today is beside the usual week, and the variance of that.

        Gamma-Poisson with forgetting: newer minutes count more, and the usual week itself counts as some minutes.
        """
        past = len(entered)
        usual = self.week.rate(week_minute - past + np.arange(past, dtype=np.int64))
        fade = 0.5 ** (np.arange(past, 0, -1) / _LEVEL_HALF_LIFE_MIN)
        prior = _LEVEL_PRIOR_MIN * max(float(self.week.rate(np.array([week_minute]))[0]), 0.05)
        shape, rate = prior + float((fade * entered).sum()), prior + float((fade * usual).sum())
        return shape / rate, shape / rate**2


def learn_arrivals(days: Sequence[DayCounts]) -> ArrivalModel:
    """Learn from past days.

    Counts at the tills vary more than the model says (parties, bursts, an imperfect kernel); how much more is measured
    on the days themselves, in spans of a quarter of an hour.
    """
    kernel = fit_kernel(days)
    week = fit_week(days)
    squares, expected = 0.0, 0.0
    for day in days:
        fitted = spread(day.entered, kernel)
        whole = len(fitted) // 15 * 15
        told = fitted[:whole].reshape(-1, 15).sum(axis=1)
        seen = day.joined[:whole].reshape(-1, 15).sum(axis=1)
        squares += float(((told - seen) ** 2).sum())
        expected += float(told.sum())
    return ArrivalModel(week, kernel, max(1.0, squares / expected) if expected > 0 else 1.0)
