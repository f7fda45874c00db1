"""Units from grams, with the probability that the number is right."""

import math
from dataclasses import dataclass

# How often a weight belongs to no whole number of units at all: a foreign item, a bag on the shelf, a lean.
_UNEXPLAINED_SHARE = 0.02
# No product's weight is known better than this share of a unit.
_LEAST_SIGMA_SHARE = 0.005
_NEIGHBOURS = 6


@dataclass(frozen=True, slots=True)
class StockEstimate:
    """How many units rest on a slot.

    Attributes:
        units: the likeliest whole number, never negative.
        confidence: the probability that it is right, 0 to 1.
        residual_g: weight minus that many units; NaN where the weight was.
    """

    units: int
    confidence: float
    residual_g: float


def estimate_units(weight_g: float, unit_weight_g: float, sigma_g: float) -> StockEstimate:
    """Give the likeliest number of units for a weight and the probability that it is right.

    The weight is taken as a whole number of units plus Gaussian noise of `sigma_g`, or, in 2 % of cases, as something
    that is no whole number at all; Bayes' rule gives the probability. So it is low when two numbers of units explain
    the weight alike, and also when none does.

    Args:
        weight_g: grams on the slot; negative counts as empty.
        unit_weight_g: grams of one unit, above 0.
        sigma_g: standard deviation of the weight from every cause: noise, drift, spread of the units.

    Returns:
        0 units with confidence 0 where the weight, the unit weight or sigma is NaN, infinite or not usable.
    """
    usable = math.isfinite(weight_g) and math.isfinite(unit_weight_g) and unit_weight_g > 0 and sigma_g >= 0
    if not usable or not math.isfinite(weight_g / unit_weight_g):
        return StockEstimate(0, 0.0, weight_g if not math.isinf(weight_g) else math.nan)
    exact = weight_g / unit_weight_g
    units = max(0, math.floor(exact + 0.5))
    sigma = max(sigma_g / unit_weight_g, _LEAST_SIGMA_SHARE)
    # Far beyond a unit the answer is a guess among 2 sigma numbers, and the sum below would only count neighbours.
    if sigma > _NEIGHBOURS / 3:
        return StockEstimate(units, min(1.0, 1 / (sigma * math.sqrt(2 * math.pi))), weight_g - units * unit_weight_g)
    likelihood = _likelihood(exact - units, sigma)
    others = sum(
        _likelihood(exact - other, sigma)
        for other in range(max(0, units - _NEIGHBOURS), units + _NEIGHBOURS + 1)
        if other != units
    )
    explained = (1 - _UNEXPLAINED_SHARE) * likelihood
    total = explained + (1 - _UNEXPLAINED_SHARE) * others + _UNEXPLAINED_SHARE
    return StockEstimate(units, explained / total, weight_g - units * unit_weight_g)


def _likelihood(miss: float, sigma: float) -> float:
    """Density of a miss, in units, under a Gaussian of `sigma` units."""
    if abs(miss) > 35 * sigma:
        return 0.0  # below the smallest number, and its square may be above the largest
    return math.exp(-0.5 * (miss / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi))
