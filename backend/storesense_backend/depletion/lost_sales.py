"""What an empty slot cost: minutes, passers, and the units that would have gone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from storesense_backend.depletion.forecast import Demand, expected_units
from storesense_backend.depletion.tail import chance_of_at_least


@dataclass(frozen=True, slots=True)
class EmptySpan:
    """A time in which a slot was empty.

    Attributes:
        hour_of_week: its beginning, in local hours since Monday began.
        duration_h: how long it was.
        passers: people counted past the shelf meanwhile; None where nobody counts.
        usual_passers: how many pass at such a time on average; None where nobody counts.
    """

    hour_of_week: float
    duration_h: float
    passers: int | None = None
    usual_passers: float | None = None


@dataclass(frozen=True, slots=True)
class LostSales:
    """An estimate, with its 80 % interval in whole units.

    Attributes:
        empty_min: minutes without stock.
        passers: people who passed meanwhile; None unless every span was counted.
        units: expected units not sold.
        units_low: 10 % quantile.
        units_high: 90 % quantile.
    """

    empty_min: float
    passers: int | None
    units: float
    units_low: int
    units_high: int


def lost_sales(demand: Demand, spans: Sequence[EmptySpan]) -> LostSales:
    """Estimate what would have been taken in ``spans``: the usual rate of that hour, scaled by who really passed."""
    expected = sum(_expected(demand, span) for span in spans)
    variance = demand.level.variance(expected)
    passers = [span.passers for span in spans]
    return LostSales(
        empty_min=sum(span.duration_h for span in spans) * 60.0,
        passers=None if None in passers else sum(count or 0 for count in passers),
        units=expected,
        units_low=_quantile(0.1, expected, variance),
        units_high=_quantile(0.9, expected, variance),
    )


def _expected(demand: Demand, span: EmptySpan) -> float:
    hours = max(1, int(np.ceil(span.hour_of_week % 1.0 + span.duration_h)))
    reached = expected_units(demand, hour_of_week=span.hour_of_week, horizon_h=hours)
    edges_h = np.arange(hours + 1) - span.hour_of_week % 1.0
    edges_h[0] = 0.0
    units = float(np.interp(span.duration_h, edges_h, reached))
    if span.passers is None or not span.usual_passers:
        return units
    return units * span.passers / span.usual_passers


def _quantile(share: float, mean: float, variance: float) -> int:
    low, high = 0, 1
    while chance_of_at_least(high, mean=mean, variance=variance) > 1.0 - share:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        is_above = chance_of_at_least(middle, mean=mean, variance=variance) > 1.0 - share
        low, high = (middle, high) if is_above else (low, middle)
    return low
