"""What an empty slot cost: minutes, passers, and the units that would have gone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from storesense_backend.depletion.forecast import Demand, expected_units
from storesense_backend.depletion.tail import count_quantiles


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
    low, high = count_quantiles((0.1, 0.9), mean=expected, variance=variance)
    return LostSales(
        empty_min=sum(span.duration_h for span in spans) * 60.0,
        passers=None if None in passers else sum(count or 0 for count in passers),
        units=expected,
        units_low=low,
        units_high=high,
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
