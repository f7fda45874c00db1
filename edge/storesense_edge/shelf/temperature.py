"""Temperature compensation that each cell learns while nobody touches it, and uses only once it has proved itself."""

import math
from collections import deque

_EVERY_S = 300.0
_HOLD_OFF_S = 600.0
_LAG_S = 3600.0
_SHORTEST_LAG_S = 1500.0
# Evidence halves in about this many observations: seasons and new goods change a cell's habits slowly.
_MEMORY = 2000.0
# The variance of temperature differences at which the data outweigh the belief that there is no dependence.
_PRIOR_C2 = 8.0
_HUBER = 2.0
# Predictions of differences not yet learned from must be better than none by this share before they are used.
_PROOF_SHARE = 0.1
_PROOF_LEAST = 24
_MOST_G = 1e6


class TemperatureCompensation:
    """Learns grams a degree from how an untouched level moves with temperature over an hour.

    Differences over an hour are blind to drift and to what lies on the shelf. Each is first predicted and only then
    learned from, so that the sum of predictions tells honestly, on data not yet fitted, whether the slope helps; a
    cell without a steady dependence is left alone. Wild differences count by Huber's weights.

    Method: recursive weighted least squares with exponential forgetting and a prior at zero.
    """

    __slots__ = (
        "_differences",
        "_error_g2",
        "_next_s",
        "_past",
        "_plain_g2",
        "_reference_c",
        "_scale_g",
        "_sxx",
        "_sxy",
    )

    def __init__(self) -> None:
        self._past: deque[tuple[float, float, float]] = deque(maxlen=64)
        self._next_s = -math.inf
        self._sxx = self._sxy = 0.0
        self._scale_g = 0.0
        self._plain_g2 = self._error_g2 = 0.0
        self._differences = 0
        self._reference_c: float | None = None

    @property
    def learned_g_per_c(self) -> float:
        """The slope that the data show so far, shrunk towards none while there are few."""
        return self._sxy / (self._sxx + _PRIOR_C2)

    @property
    def proven(self) -> bool:
        """Whether predictions with the slope beat those without, on differences not yet fitted."""
        return self._differences >= _PROOF_LEAST and self._error_g2 < (1 - _PROOF_SHARE) * self._plain_g2

    @property
    def g_per_c(self) -> float:
        """The slope in use: the learned one once proven, before that 0."""
        return self.learned_g_per_c if self.proven else 0.0

    def offset_g(self, temperature_c: float) -> float:
        """What to subtract from the weight at a temperature; 0 until one was seen and the slope is proven."""
        if self._reference_c is None or not math.isfinite(temperature_c):
            return 0.0
        return self.g_per_c * (temperature_c - self._reference_c)

    def push(self, at_s: float, level_g: float, temperature_c: float, untouched_s: float) -> None:
        """Take a level at rest, without any compensation, with the cell's temperature.

        Args:
            at_s: when.
            level_g: the level, drift and all.
            temperature_c: temperature; not finite where the sensor does not answer.
            untouched_s: how long nobody touched the shelf.
        """
        if not (math.isfinite(temperature_c) and abs(level_g) < _MOST_G):
            return
        if self._reference_c is None:
            self._reference_c = temperature_c
        if untouched_s < _HOLD_OFF_S or (self._past and at_s < self._past[-1][0]):
            self._past.clear()
            return
        if at_s < self._next_s <= at_s + _EVERY_S:
            return
        self._next_s = at_s + _EVERY_S
        while self._past and at_s - self._past[0][0] > _LAG_S + _EVERY_S:
            self._past.popleft()
        if self._past and at_s - self._past[0][0] >= _SHORTEST_LAG_S:
            _, old_g, old_c = self._past[0]
            self._learn(level_g - old_g, temperature_c - old_c)
        self._past.append((at_s, level_g, temperature_c))

    def _learn(self, moved_g: float, warmed_c: float) -> None:
        keep = 1 - 1 / _MEMORY
        miss_g = moved_g - self.learned_g_per_c * warmed_c
        self._differences += 1
        limit_g = _HUBER * 1.25 * self._scale_g if self._differences > _PROOF_LEAST else math.inf
        weight = 1.0 if abs(miss_g) <= limit_g else limit_g / abs(miss_g)
        capped_g = min(abs(miss_g), 3 * limit_g)
        self._scale_g += (capped_g - self._scale_g) / min(self._differences, 100)
        self._plain_g2 = keep * self._plain_g2 + weight * moved_g**2
        self._error_g2 = keep * self._error_g2 + weight * miss_g**2
        self._sxx = keep * self._sxx + weight * warmed_c**2
        self._sxy = keep * self._sxy + weight * warmed_c * moved_g
