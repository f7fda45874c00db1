"""The chance that a count reaches a number, for counts that scatter more than a Poisson process."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_MOST_TERMS = 2_000_000


def chance_of_at_least(units: int, *, mean: float, variance: float) -> float:
    """Return the probability that a count with this mean and variance is ``units`` or more.

    The count is negative binomial, or Poisson where the variance is not above the mean.

    Args:
        units: 1 or more.
        mean: expected count; 0 or less means that nothing can happen.
        variance: of the count.
    """
    return float(chances_of_at_least(np.array([units]), mean=np.array([mean]), variance=np.array([variance]))[0])


def chances_of_at_least(
    units: NDArray[np.int64], *, mean: NDArray[np.float64], variance: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the same of many counts at once: shape (n,) each, and the answer."""
    found = np.zeros(len(units))
    rows = np.flatnonzero(mean > 0.0)
    # Counts of like size together: each has as many terms as units, and the largest would decide for all.
    rows = rows[np.argsort(units[rows], kind="stable")]
    first = 0
    while first < len(rows):
        limit = 2 * int(units[rows[first]]) + 16
        last = first + 1
        while last < len(rows) and units[rows[last]] <= limit and (last - first) * limit < _MOST_TERMS:
            last += 1
        some = rows[first:last]
        found[some] = _chances(units[some], mean[some], variance[some])
        first = last
    return found


def count_quantiles(shares: Sequence[float], *, mean: float, variance: float) -> list[int]:
    """Return for each share the most units that are reached with more than the rest of the probability.

    Args:
        shares: each between 0 and 1.
        mean: expected count; 0 or less means that nothing can happen.
        variance: of the count.
    """
    if mean <= 0.0:
        return [0 for _ in shares]
    most = int(mean + 12.0 * variance**0.5) + 20
    below = np.cumsum(_terms(np.array([most]), np.array([mean]), np.array([variance]))[0])
    return [int(np.count_nonzero(below < share)) for share in shares]


def _chances(units: NDArray[np.int64], mean: NDArray[np.float64], variance: NDArray[np.float64]) -> NDArray[np.float64]:
    terms = _terms(units, mean, variance)
    counted = np.where(np.arange(terms.shape[1]) < units[:, np.newaxis], terms, 0.0)
    found: NDArray[np.float64] = np.clip(1.0 - counted.sum(axis=1), 0.0, 1.0)
    return found


def _terms(units: NDArray[np.int64], mean: NDArray[np.float64], variance: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probabilities of 0, 1, and so on, to one below the most units; shape (n, most)."""
    below = np.arange(int(units.max()) - 1, dtype=np.float64)
    mean = mean[:, np.newaxis]
    excess = variance[:, np.newaxis] / mean - 1.0
    is_poisson = excess < 1e-6
    spread = np.where(is_poisson, 1.0, excess)
    size = mean / spread
    # log1p keeps the first term exact where the excess is tiny.
    steps = np.log((size + below) / (below + 1.0)) - np.log1p(1.0 / spread)
    first = -size * np.log1p(spread)
    if is_poisson.any():
        steps = np.where(is_poisson, np.log(mean) - np.log1p(below), steps)
        first = np.where(is_poisson, -mean, first)
    logs = np.concatenate([first, first + np.cumsum(steps, axis=1)], axis=1)
    terms: NDArray[np.float64] = np.exp(logs)
    return terms
