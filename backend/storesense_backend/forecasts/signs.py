"""Signs of how a day will differ from a simple forecast, all known the evening before.

Recent misses by slot and by day, the same misses of all series together, the same season a year ago, and what past
holidays did. All on the scale of logarithms, where a holiday takes its share of a small and of a large count alike.
"""

import numpy as np

from storesense_backend.forecasts.days import Calendar, Floats, shifted

_YEAR_DAYS = 364


def signs_of(logs: Floats, base: Floats, others: dict[str, Floats], calendar: Calendar) -> Floats:
    """Return shape (days, slots, series, signs).

    Args:
        logs: shape (days, slots, series), logarithms of the counts, NaN where unknown.
        base: the same of the simple forecast that the signs are to correct.
        others: the same of other forecasts, by name.
        calendar: of the same days.
    """
    _days, slots, series = logs.shape
    is_holiday = calendar.is_holiday
    miss = np.clip(logs - base, -2.0, 2.0)
    weight = np.nan_to_num(np.exp(base))
    whole = _weighted(miss, weight)
    evening = _weighted(miss[:, slots * 2 // 3 :], weight[:, slots * 2 // 3 :])
    common = np.median(whole, axis=1, keepdims=True) if series > 1 else whole
    ordinary_day = np.where(is_holiday[:, None], 0.0, whole)
    ordinary_common = np.where(is_holiday[:, None], 0.0, common)
    ordinary_slot = np.where(is_holiday[:, None, None], 0.0, np.nan_to_num(miss))
    season = _smooth(ordinary_common[:, 0])

    def by_day(values: Floats) -> Floats:
        return np.broadcast_to(values[:, None, :], logs.shape)

    found = [np.ones(logs.shape)]
    found += [other - base for other in others.values()]
    found += [by_day(shifted(whole, 1)), by_day(_faded(ordinary_day, 2.0)), by_day(_faded(ordinary_day, 10.0))]
    found += [by_day(shifted(evening, 1)), _faded(ordinary_slot, 2.0), _faded(ordinary_slot, 10.0)]
    if series > 1:
        found += [by_day(shifted(common, 1)), by_day(_faded(ordinary_common, 2.0))]
    found += [by_day(shifted(common, _YEAR_DAYS)), by_day(_season_ahead(season)[:, None])]
    found += [by_day(shifted(whole, _YEAR_DAYS)), shifted(np.nan_to_num(miss), _YEAR_DAYS)]
    found += _holiday_signs(np.nan_to_num(miss), base, calendar, by_day(shifted(whole, 1)))
    return np.stack([np.nan_to_num(np.clip(sign, -3.0, 3.0)) for sign in found], axis=-1)


def _weighted(miss: Floats, weight: Floats) -> Floats:
    """Return shape (days, series), the mean miss of a day, busy slots counting more; 0 where nothing is known."""
    weight = np.where(np.isnan(miss), 0.0, weight)
    return np.asarray((np.nan_to_num(miss) * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-9))


def _faded(values: Floats, half_life_days: float) -> Floats:
    """Return the fading mean of the days before each."""
    result, mean, share = np.zeros_like(values), np.zeros_like(values[0]), 1.0 - 0.5 ** (1.0 / half_life_days)
    for day in range(len(values)):
        result[day] = mean
        mean = mean + share * (np.nan_to_num(values[day]) - mean)
    return result


def _smooth(values: Floats) -> Floats:
    return (shifted(values, 1) + values + shifted(values[::-1], 1)[::-1]) / 3.0


def _season_ahead(season: Floats) -> Floats:
    """Return how a year ago the day differed from the week before it."""
    result = np.zeros_like(season)
    for day in range(_YEAR_DAYS + 8, len(season)):
        then = day - _YEAR_DAYS
        result[day] = season[then] - season[then - 7 : then].mean()
    return result


def _holiday_signs(miss: Floats, base: Floats, calendar: Calendar, yesterday: Floats) -> list[Floats]:
    """Return what past holidays, those of the same name and Sundays say of a holiday, and of the days around it."""
    all_of_them, named = np.zeros_like(miss), np.zeros_like(miss)
    mean, many = np.zeros_like(miss[0]), 0
    by_name: dict[str, tuple[Floats, int]] = {}
    like_sunday, sunday = np.zeros_like(miss), np.full_like(base[0], np.nan)
    weekdays = calendar.weekdays
    for day, name in enumerate(calendar.holidays):
        if weekdays[day] == 6:
            sunday = base[day]
        if name is None:
            continue
        like_sunday[day] = np.clip(np.nan_to_num(sunday - base[day]), -2.0, 2.0)
        all_of_them[day] = mean * many / (many + 2.0)
        known, times = by_name.get(name, (np.zeros_like(mean), 0))
        if times:
            named[day] = (known - all_of_them[day]) * times / (times + 1.0)
        many, times = many + 1, times + 1
        mean = mean + (miss[day] - mean) * max(1.0 / many, 0.08)
        by_name[name] = (known + (miss[day] - known) * max(1.0 / times, 0.4), times)
    is_holiday = calendar.is_holiday
    eve = np.append(is_holiday[1:], False) & ~is_holiday
    after = np.insert(is_holiday[:-1], 0, False)

    def on(flags: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> Floats:
        return np.broadcast_to(flags[:, None, None], miss.shape).astype(np.float64)

    signs = [all_of_them, named, like_sunday, on(is_holiday), on(eve), on(after & ~is_holiday)]
    return [*signs, on(after) * yesterday, on(is_holiday) * yesterday]
