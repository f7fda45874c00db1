"""How brisk demand is now: gamma-Poisson levels that forget at different paces, weighed by how well each foretold.

Discounted conjugate updating follows West and Harrison, "Bayesian Forecasting and Dynamic Models" (2nd ed., 1997),
section 14.4 (discount factors for exponential-family observations); weighing models by their discounted predictive
likelihood is dynamic model averaging after Raftery, Kárný and Ettler, Technometrics 52(1), 2010.
"""

from dataclasses import dataclass
from math import log, pi

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
    return fit_levels(units_by_day[np.newaxis], exposure_by_day[np.newaxis])[0]


def fit_levels(units_by_day: NDArray[np.float64], exposure_by_day: NDArray[np.float64]) -> list[Level]:
    """Fit the levels of many slots at once; day by day all of them in one pass, as hundreds of slots want it.

    Args:
        units_by_day: shape (slots, days), units taken, the latest day last.
        exposure_by_day: shape (slots, days), as for ``fit_level``; a day without exposure teaches its slot nothing.
    """
    told = exposure_by_day > 0
    told &= told[:, ::-1].cumsum(axis=1)[:, ::-1] <= _MAX_DAYS
    units, exposure = np.where(told, units_by_day, 0.0), np.where(told, exposure_by_day, 0.0)
    is_known: NDArray[np.bool_] = np.any(told, axis=1)
    usual = np.where(is_known, (units.sum(axis=1) + 0.5) / np.where(is_known, exposure.sum(axis=1), 1.0), 1.0)
    usual = usual[:, np.newaxis]
    keep = 0.5 ** (1.0 / _HALF_LIVES_D)
    # One gamma distribution a slot and pace: ``seen`` units in ``over`` profile hours.
    seen = np.full((len(units), len(_HALF_LIVES_D)), _PRIOR_UNITS)
    over = seen / usual
    scores = np.zeros_like(seen)
    for day in range(units.shape[1]):
        rows = told[:, day]
        if not rows.any():
            continue
        count, hours = units[rows, day, np.newaxis], exposure[rows, day, np.newaxis]
        known, known_over = seen[rows], over[rows]
        scores[rows] = _FORGET_SCORES * scores[rows] + _log_likelihood(count, known / known_over * hours, known)
        seen[rows] = keep * known + count + (1.0 - keep) * _PRIOR_UNITS
        over[rows] = keep * known_over + hours + (1.0 - keep) * _PRIOR_UNITS / usual[rows]
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    levels = seen / over
    level = (weights * levels).sum(axis=1)
    within = (weights * _DISPERSION / seen).sum(axis=1)
    between = (weights * (levels - level[:, np.newaxis]) ** 2).sum(axis=1) / level**2
    cv2 = within + between + _UNFORESEEN_CV2
    return [
        Level(float(level[slot]), float(cv2[slot])) if is_known[slot] else Level(0.0, 1.0) for slot in range(len(units))
    ]


def _log_likelihood(
    count: NDArray[np.float64], mean: NDArray[np.float64], seen: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the log likelihood of counts under a negative binomial with each pace's mean and variance."""
    variance = _SCORING_DISPERSION * (mean + mean * mean / seen)
    size = mean * mean / (variance - mean)
    choices = _log_gamma(count + size) - _log_gamma(size)
    scored: NDArray[np.float64] = choices + size * np.log(size / (size + mean)) + count * np.log(mean / (size + mean))
    return scored


def _log_gamma(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return log gamma of positive numbers by Stirling's series eight steps up, to about 1e-12."""
    up = values + 8.0
    product = values * (values + 1.0) * (values + 2.0) * (values + 3.0)
    product *= (values + 4.0) * (values + 5.0) * (values + 6.0) * (values + 7.0)
    inverse = 1.0 / up
    square = inverse * inverse
    series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188))))
    found: NDArray[np.float64] = (up - 0.5) * np.log(up) - up + 0.5 * log(2 * pi) + series - np.log(product)
    return found
