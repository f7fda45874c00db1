"""Bands around forecasts: what recent misses of like size say of the next."""

import numpy as np

from storesense_backend.forecasts.days import Calendar, Floats
from storesense_backend.forecasts.profiles import kinds_of_day

_WINDOW_DAYS = 56
_FEWEST = 100
_FIRST_MISS = 0.5


def bands_of(
    counts: Floats, median: Floats, calendar: Calendar, *, shares: tuple[float, float] = (0.1, 0.9)
) -> tuple[Floats, Floats]:
    """Return quantiles around forecasts, each of shape (days, slots, series), from the misses of earlier days.

    A miss is measured by the usual miss of its slot on that kind of day, on the scale of roots, where a count's noise
    is even; the quantiles are those of the last eight weeks' misses so measured, of all slots of a series.

    Args:
        counts: what came, NaN where unknown.
        median: what was foretold.
        calendar: of the same days.
        shares: of the low and of the high one.
    """
    days, slots, series = counts.shape
    kinds = kinds_of_day(calendar.weekdays)
    roots, told = np.sqrt(np.maximum(counts, 0.0)), np.sqrt(np.maximum(median, 0.0))
    miss = roots - told
    usual = np.full((2, slots, series), _FIRST_MISS)
    measured = np.full_like(counts, np.nan)
    low, high = np.full_like(counts, np.nan), np.full_like(counts, np.nan)
    fade = (0.5 ** (1.0 / 15.0), 0.5 ** (1.0 / 6.0))
    edges = np.tile(np.array([[-1.6], [1.6]]), (1, series))
    for day in range(days):
        kind = int(kinds[day] > 0)
        scale = np.maximum(usual[kind], 0.05)
        low[day] = np.maximum(told[day] + edges[0] * scale, 0.0) ** 2
        high[day] = (told[day] + edges[1] * scale) ** 2
        known = ~np.isnan(miss[day])
        measured[day] = miss[day] / scale
        usual[kind] = np.where(
            known, fade[kind] * usual[kind] + (1.0 - fade[kind]) * np.abs(np.nan_to_num(miss[day])), usual[kind]
        )
        for place in range(series):
            recent = measured[max(0, day - _WINDOW_DAYS + 1) : day + 1, :, place]
            size = median[max(0, day - _WINDOW_DAYS + 1) : day + 1, :, place]
            recent = recent[~np.isnan(recent) & (size > 0)]
            if len(recent) >= _FEWEST:
                edges[:, place] = np.quantile(recent, shares)
    return np.minimum(low, median), np.maximum(high, median)
