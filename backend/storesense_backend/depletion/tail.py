"""The chance that a count reaches a number, for counts that scatter more than a Poisson process."""

from math import log, log1p

import numpy as np


def chance_of_at_least(units: int, *, mean: float, variance: float) -> float:
    """Return the probability that a count with this mean and variance is ``units`` or more.

    The count is negative binomial, or Poisson where the variance is not above the mean.

    Args:
        units: 1 or more.
        mean: expected count; 0 or less means that nothing can happen.
        variance: of the count.
    """
    if mean <= 0.0:
        return 0.0
    below = np.arange(units - 1, dtype=np.float64)
    excess = variance / mean - 1.0
    if excess < 1e-6:
        steps = log(mean) - np.log1p(below)
        first = -mean
    else:
        size = mean / excess
        # log1p keeps the first term exact where the excess is tiny.
        steps = np.log((size + below) / (below + 1.0)) - log1p(1.0 / excess)
        first = -size * log1p(excess)
    logs = first + np.concatenate([[0.0], np.cumsum(steps)])
    return min(1.0, max(0.0, 1.0 - float(np.exp(logs).sum())))
