"""Which changes of a slot's weight make sense: whole units of its product, and what else is known to come and go."""

import math
from bisect import bisect_left
from collections.abc import Sequence


class PlausibleChanges:
    """The weights that a change may have.

    Args:
        unit_weight_g: weight of one unit, if known; of the lightest where several products lie together.
        unit_sigma_g: standard deviation of one unit's weight.
    """

    def __init__(self, unit_weight_g: float | None, unit_sigma_g: float) -> None:
        self.unit_weight_g = unit_weight_g
        self._unit_sigma_g = unit_sigma_g
        self._known_g: list[tuple[float, float]] = []

    def expect(self, known_g: Sequence[tuple[float, float]]) -> None:
        """Set which other changes make sense, as (grams, how far off), negative for what may leave."""
        self._known_g = sorted(known_g)

    def reweigh(self, unit_weight_g: float | None, unit_sigma_g: float) -> None:
        """Take another product's unit weight."""
        self.unit_weight_g, self._unit_sigma_g = unit_weight_g, unit_sigma_g

    def is_whole(self, delta_g: float, noise_g: float) -> bool:
        """Whether a change weighs nothing or a whole number of units, and the noise allows to tell."""
        unit_g = self.unit_weight_g or math.inf
        units = abs(delta_g) / unit_g
        whole = math.floor(units + 0.5)
        limit_g = 2.5 * self.spread_g(delta_g, noise_g)
        return limit_g <= 0.2 * unit_g and abs(units - whole) * unit_g <= limit_g

    def spread_g(self, delta_g: float, noise_g: float) -> float:
        """Standard deviation of the weight of as many units as a change comes closest to."""
        whole = math.floor(abs(delta_g) / (self.unit_weight_g or math.inf) + 0.5)
        return math.hypot(noise_g, self._unit_sigma_g * math.sqrt(whole))

    def is_known(self, delta_g: float, noise_g: float) -> bool:
        """Whether a change weighs what else is known to come and go."""
        place = bisect_left(self._known_g, (delta_g, 0.0))
        return any(
            abs(delta_g - known_g) <= max(within_g, 3 * noise_g)
            for known_g, within_g in self._known_g[max(0, place - 1) : place + 1]
        )
