"""A day ahead: counts of each slot of tomorrow, with bands, from the days before.

Five simple forecasts, their median, two regressions that correct it, and a mean of all by recent success. The same code
foretells tomorrow from live data and a past day in an evaluation: each day's row is made from earlier days alone.
"""

from dataclasses import dataclass

import numpy as np

from storesense_backend.forecasts.bands import bands_of
from storesense_backend.forecasts.days import Calendar, Floats
from storesense_backend.forecasts.learning import combined, corrections
from storesense_backend.forecasts.profiles import level_profile, like_days_median, mean_of_weeks
from storesense_backend.forecasts.signs import signs_of

_OFFSET = 1.0
_HANDICAP = 1.05
"""A correction must have been 5 % better than the simple forecasts to be trusted as much."""


@dataclass(frozen=True, slots=True)
class DayAhead:
    """Forecasts of consecutive days, each made the evening before. All have shape (days, slots, series).

    Attributes:
        median: as likely exceeded as not; NaN in the first week.
        low: 10 % quantile.
        high: 90 % quantile.
    """

    median: Floats
    low: Floats
    high: Floats


def foretell_days(counts: Floats, calendar: Calendar) -> DayAhead:
    """Foretell each day from the days before it.

    Args:
        counts: shape (days, slots, series), not negative, NaN where nothing was measured. Append a day of NaN to have
            tomorrow foretold.
        calendar: of the same days.
    """
    _days, slots, series = counts.shape
    with np.errstate(invalid="ignore"):
        simple = {
            "long median": like_days_median(
                counts, calendar, half_life_days=20.0, other_share=0.3, level_half_life_days=8.0
            ),
            "short median": like_days_median(
                counts, calendar, half_life_days=10.0, other_share=0.3, level_half_life_days=4.0
            ),
            "pooled": level_profile(
                counts, calendar, half_life_weeks=6.0, pooled_weeks=3.0, smoothing=int(slots >= 48)
            ),
            "own": level_profile(counts, calendar, half_life_weeks=4.0, pooled_weeks=0.0),
            "smooth": level_profile(
                counts, calendar, half_life_weeks=3.0, pooled_weeks=8.0, smoothing=3 if slots >= 48 else 0
            ),
        }
        base = _median_of(list(simple.values()))
        logs, base_log = np.log(counts + _OFFSET), np.log(base + _OFFSET)
        others = {name: np.log(told + _OFFSET) for name, told in simple.items()}
        others["last week"] = np.log(mean_of_weeks(counts, 1) + _OFFSET)
        others["four weeks"] = np.log(mean_of_weeks(counts, 4) + _OFFSET)
        signs = signs_of(logs, base_log, others, calendar)
        told, handicaps = [base], [1.0]
        by_series = np.broadcast_to(np.arange(series), (slots, series))
        by_slot = np.broadcast_to(np.arange(slots)[:, None], (slots, series))
        for groups in (by_series, by_slot) if series > 1 else (by_series,):
            shift = corrections(logs - base_log, signs, base, groups)
            told.append(np.maximum(np.exp(base_log + shift) - _OFFSET, 0.0))
            handicaps.append(_HANDICAP)
        median = combined(told, counts, handicaps=handicaps)
        if _are_whole(counts):
            median = np.round(median)  # the median of a count is a whole number
        low, high = bands_of(counts, median, calendar)
    return DayAhead(median, low, high)


def _median_of(forecasts: list[Floats]) -> Floats:
    """Return the median of those that are known; NaN where none is."""
    stacked = np.sort(np.stack(forecasts), axis=0)  # NaN last
    known = (~np.isnan(stacked)).sum(axis=0)
    low, high = np.maximum(known - 1, 0) // 2, known // 2
    high = np.minimum(high, np.maximum(known - 1, 0))
    picked = [np.take_along_axis(stacked, place[None], 0)[0] for place in (low, high)]
    return np.asarray((picked[0] + picked[1]) / 2.0)


def _are_whole(counts: Floats) -> bool:
    known = counts[~np.isnan(counts)]
    return bool((np.abs(known - np.round(known)) < 1e-6).mean() > 0.99) if len(known) else False
