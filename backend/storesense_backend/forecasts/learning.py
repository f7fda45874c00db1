"""Learning online, a day at a time: how signs correct a forecast, and which of several forecasts to trust."""

from collections.abc import Sequence

import numpy as np

from storesense_backend.forecasts.days import Floats, Ints

_HALF_LIFE_DAYS = 250.0
_PENALTY = 3.0
_WARM_DAYS = 28
_LEAST_MISS = 0.1


def corrections(miss: Floats, signs: Floats, size: Floats, groups: Ints) -> Floats:
    """Return how each slot will miss, foretold from its signs by a regression that was learnt from earlier days.

    Ridge regression with forgetting, on absolute errors by reweighting with the miss that remained when each day was
    foretold, so that a day of a festival does not teach much.

    Args:
        miss: shape (days, slots, series), logarithm of the count over the simple forecast, NaN where unknown.
        signs: shape (days, slots, series, signs).
        size: shape (days, slots, series), the simple forecast; large ones count more, as they do in the score.
        groups: shape (slots, series), which of them share a regression, numbered from 0; all groups are equally large.
    """
    days, slots, series, many = signs.shape
    flat = groups.ravel()
    members = np.array([np.flatnonzero(flat == group) for group in range(int(flat.max()) + 1)])
    squares, products = np.zeros((len(members), many, many)), np.zeros((len(members), many))
    weights, ridge, fade = np.zeros((len(members), many)), _PENALTY * np.eye(many), 0.5 ** (1.0 / _HALF_LIFE_DAYS)
    result = np.zeros((days, slots, series))
    for day in range(days):
        known = signs[day].reshape(-1, many)
        told = (known * weights[flat]).sum(axis=-1)
        result[day] = told.reshape(slots, series)
        came = miss[day].ravel()
        if np.isnan(came).all():
            continue
        sizes = np.nan_to_num(size[day].ravel())
        trust = np.where(np.isnan(came), 0.0, sizes / np.maximum(np.abs(np.nan_to_num(came) - told), _LEAST_MISS))
        trust *= slots / max(float(sizes.sum()), 1e-9)
        came = np.clip(np.nan_to_num(came), -2.0, 2.0)
        rows = known[members]
        weighed = rows * trust[members][..., None]
        squares = squares * fade + np.matmul(weighed.transpose(0, 2, 1), rows)
        products = products * fade + np.einsum("gnp,gn->gp", weighed, came[members])
        if day >= _WARM_DAYS:
            weights = np.linalg.solve(squares + ridge, products[..., None])[..., 0]
    return result


def combined(
    forecasts: Sequence[Floats],
    counts: Floats,
    *,
    handicaps: Sequence[float],
    half_life_days: float = 30.0,
    sharpness: float = 80.0,
) -> Floats:
    """Return a mean of forecasts, by series weighted by how well each did lately.

    Args:
        forecasts: each of shape (days, slots, series).
        counts: what came; NaN where unknown.
        handicaps: factors on each forecast's past error, above 1 for those that need more to be trusted.
        half_life_days: of the memory of errors.
        sharpness: the power of the error by which weights fall.
    """
    told = np.stack(forecasts)
    penalty = np.array(handicaps)[:, None]
    loss = np.full((len(told), counts.shape[2]), 1e-3)
    fade = 0.5 ** (1.0 / half_life_days)
    result = np.full_like(counts, np.nan)
    for day in range(len(counts)):
        scores = loss * penalty
        known = ~np.isnan(told[:, day])
        weight = ((scores / scores.min(axis=0)) ** -sharpness)[:, None, :] * known
        total = weight.sum(axis=0)
        mean = (weight * np.nan_to_num(told[:, day])).sum(axis=0) / np.maximum(total, 1e-300)
        result[day] = np.where(total > 0, mean, np.nan)
        fair = known.all(axis=0) & ~np.isnan(counts[day])
        loss = loss * fade + np.where(fair, np.abs(told[:, day] - np.nan_to_num(counts[day])), 0.0).sum(axis=1)
    return result
