"""How brisk demand is now: gamma-Poisson levels that forget at different paces, weighed by how well each foretold.

Discounted conjugate updating follows West and Harrison, "Bayesian Forecasting and Dynamic Models" (2nd ed., 1997),
section 14.4 (discount factors for exponential-family observations); weighing models by their discounted predictive
likelihood is dynamic model averaging after Raftery, Kárný and Ettler, Technometrics 52(1), 2010.
"""

from dataclasses import dataclass
from math import lgamma

import numpy as np
from numpy.typing import NDArray

_HALF_LIVES_D = np.array([2.0, 4.0, 7.0, 14.0, 28.0, 56.0, 112.0])
_PRIOR_UNITS = 1.0
_FORGET_SCORES = 0.97
# Wider than counts of single units are: promotions come in bursts, and one burst must not decide between the paces.
_SCORING_DISPERSION = 4.0
_DISPERSION = 2.0
_UNFORESEEN_CV2 = 0.03
_MAX_DAYS = 120


@dataclass(frozen=True, slots=True)
class Level:
    """Demand in units per profile hour, as the latest days show it.

    Attributes:
        units_per_profile_h: expected units in an hour whose profile value is 1.
        cv2: squared coefficient of variation: how unsure that is, and how much it may move until the forecast's end.
        dispersion: variance of a count over its mean, once the level is known; above 1 because people take several.
    """

    units_per_profile_h: float
    cv2: float
    dispersion: float = _DISPERSION

    def variance(self, expected: float) -> float:
        """Return the variance of a count that is expected to be ``expected``."""
        return self.dispersion * expected + self.cv2 * expected**2


def fit_level(units_by_day: NDArray[np.float64], exposure_by_day: NDArray[np.float64]) -> Level:
    """Fit the level to daily counts.

    Args:
        units_by_day: shape (days,), units taken, the latest day last.
        exposure_by_day: shape (days,), the sum of the profile over the hours of the day in which the slot had stock,
            so that a day of empty shelves does not read as a day without demand.

    Returns:
        The level; without any exposure, zero and quite unsure.
    """
    told = exposure_by_day > 0
    units, exposure = units_by_day[told][-_MAX_DAYS:], exposure_by_day[told][-_MAX_DAYS:]
    if not len(units):
        return Level(0.0, 1.0)
    usual = (units.sum() + 0.5) / exposure.sum()
    keep = 0.5 ** (1.0 / _HALF_LIVES_D)
    # One gamma distribution a pace: ``seen`` units in ``over`` profile hours.
    seen = np.full(len(_HALF_LIVES_D), _PRIOR_UNITS)
    over = seen / usual
    scores = np.zeros(len(_HALF_LIVES_D))
    for count, hours in zip(units, exposure, strict=True):
        scores = _FORGET_SCORES * scores + _log_likelihood(float(count), seen / over * hours, seen)
        seen = keep * seen + count + (1.0 - keep) * _PRIOR_UNITS
        over = keep * over + hours + (1.0 - keep) * _PRIOR_UNITS / usual
    weights = np.exp(scores - scores.max())
    weights /= weights.sum()
    levels = seen / over
    level = float((weights * levels).sum())
    within = float((weights * _DISPERSION / seen).sum())
    between = float((weights * (levels - level) ** 2).sum()) / level**2
    return Level(level, within + between + _UNFORESEEN_CV2)


def _log_likelihood(count: float, mean: NDArray[np.float64], seen: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log likelihood of a count under a negative binomial with each pace's mean and variance."""
    variance = _SCORING_DISPERSION * (mean + mean * mean / seen)
    size = mean * mean / (variance - mean)
    choices = np.array([lgamma(count + r) - lgamma(r) for r in size])
    scored: NDArray[np.float64] = choices + size * np.log(size / (size + mean)) + count * np.log(mean / (size + mean))
    return scored
