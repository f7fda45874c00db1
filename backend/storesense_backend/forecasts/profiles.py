"""Simple forecasts of a day from the days before it: medians and means of like days, moved to today's level.

All take counts of shape (days, slots, series), NaN where nothing was measured, and return the same shape; a day's row
is made from earlier rows alone.
"""

import numpy as np

from storesense_backend.forecasts.days import Calendar, Floats, Ints, shifted

_LEVEL_BOUND = 2.0


def mean_of_weeks(counts: Floats, weeks: int) -> Floats:
    """Return the mean of the same slot in so many last weeks; with one week, the same slot last week."""
    past = np.stack([shifted(counts, 7 * week, np.nan) for week in range(1, weeks + 1)])
    known = ~np.isnan(past)
    many = known.sum(axis=0)
    mean = np.where(known, past, 0.0).sum(axis=0) / np.maximum(many, 1)
    return np.where(many == weeks, mean, np.nan)


def kinds_of_day(weekdays: Ints) -> Ints:
    """Return 0 for Monday to Friday, 1 for Saturday and 2 for Sunday."""
    return np.where(weekdays < 5, 0, weekdays - 4)


def like_days_median(
    counts: Floats,
    calendar: Calendar,
    *,
    half_life_days: float,
    other_share: float,
    level_half_life_days: float,
    window_days: int = 70,
) -> Floats:
    """Return the weighted median of like days, each first moved to the present level.

    Args:
        counts: see the module.
        calendar: of the same days.
        half_life_days: after which a day counts half.
        other_share: what another weekday of the same kind counts beside the same weekday.
        level_half_life_days: memory of the level, the sum of the day's roots.
        window_days: how far back to look.
    """
    weekdays, kinds, ordinary = calendar.weekdays, kinds_of_day(calendar.weekdays), ~calendar.is_holiday
    totals = np.nansum(np.sqrt(np.maximum(counts, 0.0)), axis=1)
    measured = ~np.isnan(counts).all(axis=(1, 2))
    result = np.full_like(counts, np.nan)
    for day in range(7, len(counts)):
        past = np.arange(max(0, day - window_days), day)
        alike = np.where(weekdays[past] == weekdays[day], 1.0, np.where(kinds[past] == kinds[day], other_share, 0.0))
        weight = alike * 0.5 ** ((day - past) / half_life_days) * (ordinary & measured)[past]
        past, weight = past[weight > 1e-4], weight[weight > 1e-4]
        if len(past) == 0:
            continue
        own = totals[past]
        usual = (weight[:, None] * own).sum(axis=0) / weight.sum()
        fade = 0.5 ** ((day - past) / level_half_life_days)
        level = ((fade[:, None] * own).sum(axis=0) + 4.0 * usual) / (fade.sum() + 4.0)
        moved = np.clip(level / np.maximum(own, 1e-9), 1.0 / _LEVEL_BOUND, _LEVEL_BOUND) ** 2
        result[day] = _weighted_median(counts[past] * moved[:, None, :], weight)
    return result


def _weighted_median(values: Floats, weight: Floats) -> Floats:
    """Return the weighted median over the first axis, between the two middle values; NaN where there are none."""
    weights = np.where(np.isnan(values), 0.0, weight[:, None, None])
    order = np.argsort(np.where(np.isnan(values), np.inf, values), axis=0)
    values, weights = np.take_along_axis(values, order, 0), np.take_along_axis(weights, order, 0)
    upto = np.cumsum(weights, axis=0)
    centre, half = upto - weights / 2.0, upto[-1] / 2.0
    high = np.minimum((centre < half).sum(axis=0), np.maximum((weights > 0).sum(axis=0) - 1, 0))
    low = np.maximum(high - 1, 0)
    low_at, high_at = (np.take_along_axis(centre, place[None], 0)[0] for place in (low, high))
    low_is, high_is = (np.take_along_axis(values, place[None], 0)[0] for place in (low, high))
    share = np.clip((half - low_at) / np.maximum(high_at - low_at, 1e-9), 0.0, 1.0)
    return np.where(upto[-1] > 0, low_is + (high_is - low_is) * np.where(high == low, 0.0, share), np.nan)


def level_profile(
    counts: Floats,
    calendar: Calendar,
    *,
    half_life_weeks: float,
    pooled_weeks: float,
    smoothing: int = 0,
    level_half_life_days: float = 8.0,
) -> Floats:
    """Return a weekly profile on the scale of roots, which evens out a count's noise, times the present level.

    Args:
        counts: see the module.
        calendar: of the same days.
        half_life_weeks: after so many days of the same weekday one counts half.
        pooled_weeks: how many days of its own the mean of all weekdays of the same kind counts as.
        smoothing: how often to smooth over neighbouring slots.
        level_half_life_days: memory of the level.
    """
    days, slots, series = counts.shape
    weekdays, kinds, is_holiday = calendar.weekdays, kinds_of_day(calendar.weekdays), calendar.is_holiday
    roots = np.sqrt(np.maximum(counts, 0.0))
    sums, seen = np.zeros((7, slots, series)), np.zeros((7, slots, series))
    above, below = np.zeros((3, series)), np.zeros((3, series))
    fade, level_fade = 0.5 ** (1.0 / half_life_weeks), 0.5 ** (1.0 / level_half_life_days)
    of_kind = [np.flatnonzero(kinds_of_day(np.arange(7)) == kind) for kind in range(3)]
    result = np.full_like(counts, np.nan)
    for day in range(days):
        weekday, kind = weekdays[day], kinds[day]
        pooled = sums[of_kind[kind]].sum(axis=0) / np.maximum(seen[of_kind[kind]].sum(axis=0), 1e-9)
        usual = (sums[weekday] + pooled_weeks * pooled) / np.maximum(seen[weekday] + pooled_weeks, 1e-9)
        for _ in range(smoothing):
            usual = 0.25 * np.roll(usual, 1, axis=0) + 0.5 * usual + 0.25 * np.roll(usual, -1, axis=0)
        level = (above[kind] + 2.0) / (below[kind] + 2.0)
        if day >= 7:
            ever = (seen[of_kind[kind]].sum(axis=0) if pooled_weeks else seen[weekday]) > 1e-9
            result[day] = np.where(ever, (usual * level) ** 2, np.nan)
        known = ~np.isnan(roots[day])
        if is_holiday[day] or not known.any():
            continue
        now = np.clip(level, 1.0 / _LEVEL_BOUND, _LEVEL_BOUND) if day >= 14 else np.ones(series)
        if day >= 14:
            ratio = np.nansum(roots[day], axis=0) / np.maximum((usual * known).sum(axis=0), 1e-9)
            above[kind] = above[kind] * level_fade + np.clip(ratio, 1.0 / _LEVEL_BOUND, _LEVEL_BOUND)
            below[kind] = below[kind] * level_fade + 1.0
        sums[weekday] = sums[weekday] * fade + np.where(known, roots[day] / now, 0.0)
        seen[weekday] = seen[weekday] * fade + known
    return result
