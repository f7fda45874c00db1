"""A plate that rings: where it will come to rest, told from a few swings instead of waiting until they have died."""

import math
from collections.abc import Sequence

from storesense_edge.shelf.window import WindowShape

# The newest samples whose range is what still swings.
_NEWEST = 4
# Residuals of the fit may be this many times the cell's noise; a hand that trembles leaves more.
_MISFIT_SIGMAS = 1.6
# The resting weight has to be as certain as this many samples of noise.
_LEVEL_SIGMAS = 2.0
# A root this far along the positive axis is a weight that still creeps to somewhere, and no swing.
_MOST_DECAY = 0.6


def resting_of(values_g: Sequence[float], sigma_g: float) -> WindowShape | None:
    """The shape that a ringing plate's rest will have; None where something else than one swing moves it.

    A plate that was let go is a damped oscillator about its load, so each of its evenly spaced samples is the same
    sum of a constant and the two samples before. That sum is fitted by least squares; its fixed point is the load.
    Who still holds the goods moves them by what no such sum foretells.

    Method: R. de Prony, "Essai experimental et analytique", Journal de l'Ecole Polytechnique 1 (1795), in its
    least-squares form.

    Args:
        values_g: the newest samples, evenly spaced, at least eight.
        sigma_g: the cell's noise, one standard deviation of a sample.

    Returns:
        The load as mean, and the range of the newest samples.
    """
    count = len(values_g) - 2
    now, last, before = values_g[2:], values_g[1:-1], values_g[:-2]
    mean_now, mean_last, mean_before = math.fsum(now) / count, math.fsum(last) / count, math.fsum(before) / count
    s_uu = s_vv = s_uv = s_wu = s_wv = s_ww = 0.0
    for w_g, u_g, v_g in zip(now, last, before, strict=True):
        w, u, v = w_g - mean_now, u_g - mean_last, v_g - mean_before
        s_uu += u * u
        s_vv += v * v
        s_uv += u * v
        s_wu += w * u
        s_wv += w * v
        s_ww += w * w
    det = s_uu * s_vv - s_uv * s_uv
    if det <= 1e-9 * s_uu * s_vv:
        return None
    a = (s_wu * s_vv - s_wv * s_uv) / det
    b = (s_wv * s_uu - s_wu * s_uv) / det
    if not _swings(a, b):
        return None
    left = max(0.0, s_ww - a * s_wu - b * s_wv)
    error_g = math.sqrt(left / (count - 3))
    steady = 1 - a - b
    if error_g > _MISFIT_SIGMAS * sigma_g * math.sqrt(1 + a * a + b * b):
        return None
    if error_g > _LEVEL_SIGMAS * sigma_g * steady * math.sqrt(count):
        return None
    level_g = (mean_now - a * mean_last - b * mean_before) / steady
    newest = values_g[-_NEWEST:]
    return WindowShape(level_g, max(newest) - min(newest), 0.0, len(values_g))


def _swings(a: float, b: float) -> bool:
    """Whether y[n] = a y[n-1] + b y[n-2] swings without growing."""
    discriminant = a * a + 4 * b
    if discriminant < 0:
        return -b <= 1
    root = math.sqrt(discriminant)
    return (a + root) / 2 < _MOST_DECAY and (a - root) / 2 > -1
