"""How long somebody who joins a queue now will wait, with an interval.

Somebody who joins behind ``waiting`` others waits for what is left of the services that go on (renewal theory: half of
the mean and of what its spread adds), and for as many whole ones as people are in front, over the number of tills. To
each of them comes the walk from the line to the till. The spread is that of so many independent services; quantiles are
those of the gamma distribution with that mean and spread, by Wilson and Hilferty's cube root (1931).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from storesense_contracts.layout import Lane

_Z_90 = 1.2816
_LEAST_VARIATION = 0.3
"""Services are taken to differ by at least this (standard deviation by mean): a few alike ones prove no regularity."""
_LEFT_VARIATION = 0.25
"""What is left of a service varies at least by this (squared): it may have just begun, or be nearly over."""
WALK_S, MOST_WALK_S = 2.5, 5.0
"""From the line to the till, on average and hardly ever longer; waits are measured until somebody stands there."""
PRIOR_SERVICE_S = 60.0
PRIOR_WEIGHT = 3.0
PRESENT = timedelta(minutes=10)
"""What was told last of a lane or a queue is the present for so long."""


@dataclass(frozen=True, slots=True)
class Services:
    """Services of the last hours: how many, and their sums of seconds and of squares."""

    count: int
    sum_s: float
    sum_squares_s2: float

    @property
    def mean_s(self) -> float:
        """Mean length; a few services are drawn towards a minute."""
        return (self.sum_s + PRIOR_WEIGHT * PRIOR_SERVICE_S) / (self.count + PRIOR_WEIGHT)

    @property
    def variation(self) -> float:
        """Standard deviation by mean; 1, as with exponential services, where too few are known."""
        if self.count < 5 or self.sum_s <= 0:
            return 1.0
        mean_s = self.sum_s / self.count
        variance = max(0.0, self.sum_squares_s2 / self.count - mean_s * mean_s)
        return max(_LEAST_VARIATION, math.sqrt(variance) / mean_s)


def tills_of(lane: Lane) -> int:
    """Return how many a lane serves at once."""
    return max(1, len(lane.served_m)) if lane.kind == "self_checkout" else 1


def serves(lane: Lane, state: Mapping[str, Any]) -> bool:
    """Whether a lane serves anybody, by what was told of it last (``is_open``, ``is_staffed``)."""
    return bool(state["is_open"] and (state["is_staffed"] or lane.kind == "self_checkout"))


@dataclass(frozen=True, slots=True)
class NextWait:
    """The wait of whoever joins now: the mean, and bounds between which it lies with 80 %."""

    mean_s: float
    low_s: float
    high_s: float


def next_wait(waiting: int, *, tills: int, services: Services, busy_share: float | None) -> NextWait | None:
    """Estimate the wait of whoever joins now.

    Args:
        waiting: how many wait, without those being served.
        tills: how many serve them; without any, nobody knows.
        services: what is known of service times.
        busy_share: share of the tills' time spent serving lately, which says whether somebody who finds nobody
            waiting has to wait; None if that is not known.
    """
    if tills < 1:
        return None
    squared = services.variation**2
    left_s = services.mean_s * (1.0 + squared) / 2.0 / tills
    if waiting == 0:
        share = 0.5 if busy_share is None else min(1.0, max(0.0, busy_share))
        all_busy = share**tills
        # What is left of a service that goes on is taken as exponential.
        high_s = left_s * math.log(all_busy / 0.1) if all_busy > 0.1 else 0.0
        return NextWait(WALK_S + all_busy * left_s, 0.0, MOST_WALK_S + high_s)
    # Services end one after another: what is left of those that go on, then one whole service for each in front.
    mean_s = services.mean_s / tills
    wait_s = left_s + waiting * (mean_s + WALK_S / tills) + WALK_S
    shape = wait_s**2 / ((waiting * squared + max(squared, _LEFT_VARIATION)) * mean_s**2)
    return NextWait(wait_s, wait_s * _gamma(shape, -_Z_90), wait_s * _gamma(shape, _Z_90))


def _gamma(shape: float, z: float) -> float:
    """Quantile of a gamma distribution with mean 1, at the standard normal's quantile ``z``."""
    third = 1.0 / (9.0 * shape)
    return max(0.0, 1.0 - third + z * math.sqrt(third)) ** 3
