"""Creep: after loading a cell goes on bending a little for minutes, by a share of the load."""

import math
from collections import deque

_TAU_S = 180.0
_EARLY_S = 8.0
_LATE_S = 120.0
_LEAST_SEEN = 4
_KEPT = 15
_MOST_SHARE = 0.005
# How much of the creep lies between the early and the late look.
_BETWEEN = math.exp(-_EARLY_S / _TAU_S) - math.exp(-_LATE_S / _TAU_S)


class CreepCompensation:
    """Learns the share of a load by which the level still creeps, and takes the creep off.

    After each step that is followed by two quiet minutes the level's further move, as a share of the step, is one
    observation. The median of the last fifteen counts once there are four that agree in sign; steps that are too
    small to show creep above the noise are passed over.
    """

    __slots__ = ("_creep_g", "_early_g", "_last_s", "_seen", "_step_g", "_step_s")

    def __init__(self) -> None:
        self._seen: deque[float] = deque(maxlen=_KEPT)
        self._creep_g = 0.0
        self._last_s = math.nan
        self._step_g = 0.0
        self._step_s = math.nan
        self._early_g = math.nan

    @property
    def share(self) -> float:
        """The share of a load in use, 0 until it is known."""
        if len(self._seen) < _LEAST_SEEN:
            return 0.0
        ranked = sorted(self._seen)
        # Agreement in sign of all but one in six: otherwise it is no creep.
        cut = (len(ranked) + 2) // 6
        if ranked[cut] * ranked[-1 - cut] <= 0:
            return 0.0
        return min(max(ranked[len(ranked) // 2], -_MOST_SHARE), _MOST_SHARE)

    @property
    def offset_g(self) -> float:
        """What to subtract from the level now."""
        return self._creep_g

    def start(self, at_s: float, step_g: float, noise_g: float) -> None:
        """Note a step; steps below 3,000 times the noise of a level teach nothing."""
        self._step_s = at_s if abs(step_g) > 3000 * noise_g else math.nan
        self._step_g = step_g
        self._early_g = math.nan

    def interrupt(self) -> None:
        """The shelf is touched again or samples are missing: nothing is learned from the last step."""
        self._step_s = math.nan

    def push(self, at_s: float, level_g: float) -> float:
        """Take a level at rest, every ten seconds or so, and give the offset to subtract."""
        dt_s = at_s - self._last_s
        self._last_s = at_s
        target_g = self.share * level_g
        if not dt_s >= 0:
            self._creep_g = target_g
        else:
            self._creep_g += (target_g - self._creep_g) * -math.expm1(-dt_s / _TAU_S)
        since_s = at_s - self._step_s
        if since_s >= _EARLY_S and math.isnan(self._early_g):
            self._early_g = level_g
        elif since_s >= _LATE_S:
            self._seen.append((level_g - self._early_g) / self._step_g / _BETWEEN)
            self._step_s = math.nan
        return self._creep_g
