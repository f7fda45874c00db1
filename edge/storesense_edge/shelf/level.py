"""The step-preserving filter: long averaging while nothing happens, none across a change."""

import math


class RestLevel:
    """The weight of an untouched shelf: a mean since it came to rest that turns into a slow average.

    Fast at first and steady later, so that creep after loading and temperature are followed; a step never enters,
    because the caller starts a new level after it.

    Args:
        memory_s: after this long at rest the mean forgets with this time constant.
    """

    __slots__ = ("_age_s", "_last_s", "_memory_s", "level_g")

    def __init__(self, memory_s: float) -> None:
        self._memory_s = memory_s
        self._age_s = 0.0
        self._last_s = math.nan
        self.level_g = math.nan

    def start(self, at_s: float, level_g: float, age_s: float) -> None:
        """Begin anew with a level that was averaged over `age_s` seconds."""
        self.level_g = level_g
        self._age_s = age_s
        self._last_s = at_s

    def push(self, at_s: float, weight_g: float) -> float:
        """Average in a later sample at rest and give the level."""
        if at_s <= self._last_s:
            return self.level_g
        dt_s = at_s - self._last_s
        self._last_s = at_s
        # Ten samples at least, so that a cell read every two minutes is still averaged.
        self._age_s = min(self._age_s + dt_s, max(self._memory_s, 10 * dt_s))
        self.level_g += (weight_g - self.level_g) * min(1.0, dt_s / self._age_s)
        return self.level_g
