"""How noisy a cell is at rest, learned while it runs."""

import math
from collections.abc import Sequence
from itertools import pairwise

# Mean absolute difference of two Gaussian values with the same spread, in standard deviations: 2 / sqrt(pi).
_DIFF_TO_SIGMA = math.sqrt(math.pi) / 2
# Mean over median of such differences: 1.128 / 0.954.
_MEDIAN_TO_MEAN = 1.183
_FIRST_SAMPLES = 20
_MEMORY_SAMPLES = 400


class NoiseTracker:
    """White noise and slow wander of an untouched cell.

    Noise comes from differences of neighbouring samples, which neither drift nor creep can widen, each cut at four
    of its own mean so that a knock counts little. Wander is how far the means of one window and the next lie apart:
    temperature and the amplifier's low-frequency noise, which averaging does not remove.

    Args:
        floor_g: the least noise believed, such as the rounding of one count.
    """

    __slots__ = ("_diffs", "_floor_g", "_last_g", "_mean_diff_g", "_mean_wander_g", "_wanders", "_window_mean_g")

    def __init__(self, floor_g: float) -> None:
        self._floor_g = floor_g
        self._diffs = 0
        self._last_g = math.nan
        self._mean_diff_g = 0.0
        self._wanders = 0
        self._mean_wander_g = 0.0
        self._window_mean_g = math.nan

    @property
    def sigma_g(self) -> float:
        """Standard deviation of one sample at rest, in grams."""
        return max(self._floor_g, self._mean_diff_g * _DIFF_TO_SIGMA)

    @property
    def wander_g(self) -> float:
        """Standard deviation of the difference of two neighbouring windows' means at rest, in grams."""
        return self._mean_wander_g * math.sqrt(math.pi / 2)

    def push(self, weight_g: float) -> None:
        """Learn from the next sample at rest."""
        diff_g = abs(weight_g - self._last_g)
        self._last_g = weight_g
        if diff_g != diff_g:  # noqa: PLR0124 - NaN: the first sample of a stretch has no difference
            return
        self._diffs += 1
        if self._diffs > _FIRST_SAMPLES:
            diff_g = min(diff_g, 4 * max(self._mean_diff_g, self._floor_g))
        self._mean_diff_g += (diff_g - self._mean_diff_g) / min(self._diffs, _MEMORY_SAMPLES)

    def push_window(self, mean_g: float) -> None:
        """Learn from the mean of the next window at rest that shares no sample with the one before."""
        wander_g = abs(mean_g - self._window_mean_g)
        self._window_mean_g = mean_g
        if wander_g != wander_g:  # noqa: PLR0124 - NaN, as above
            return
        self._wanders += 1
        if self._wanders > _FIRST_SAMPLES:
            wander_g = min(wander_g, 4 * max(self._mean_wander_g, self._floor_g))
        self._mean_wander_g += (wander_g - self._mean_wander_g) / min(self._wanders, _MEMORY_SAMPLES)

    def seed(self, values_g: Sequence[float]) -> None:
        """Start from a first stretch whose shape is unknown: by the median difference, which a step cannot widen."""
        diffs_g = sorted(abs(b - a) for a, b in pairwise(values_g))
        self._mean_diff_g = diffs_g[len(diffs_g) // 2] * _MEDIAN_TO_MEAN if diffs_g else 0.0
        self._diffs = len(diffs_g)

    def interrupt(self) -> None:
        """Start a new stretch: the next sample is not a neighbour of the last."""
        self._last_g = math.nan
        self._window_mean_g = math.nan
