"""The air of a simulated store: slow wandering around what is usual, noisier with more people."""

import random
from dataclasses import dataclass

from storesense_simulators.sim.plan import SensorPlan

_PULL = 0.05


@dataclass(slots=True)
class Air:
    """The climate at one sensor.

    Temperature and humidity follow a mean-reverting walk (an Ornstein-Uhlenbeck process in steps): where they are
    drifts, and does not run away.
    """

    plan: SensorPlan
    chance: random.Random
    temperature_c: float
    humidity_pct: float

    @classmethod
    def at_rest(cls, plan: SensorPlan, chance: random.Random) -> "Air":
        """Return the air as it usually is: a chiller's, or a shop floor's."""
        return cls(plan, chance, *_usual(plan))

    def advance(self) -> None:
        """Let one reporting interval pass."""
        usual_c, usual_pct = _usual(self.plan)
        self.temperature_c += _PULL * (usual_c - self.temperature_c) + self.chance.gauss(0.0, 0.06)
        self.humidity_pct += _PULL * (usual_pct - self.humidity_pct) + self.chance.gauss(0.0, 0.4)
        self.humidity_pct = min(100.0, max(0.0, self.humidity_pct))

    def noise_dba(self, people: int) -> float:
        """Return the sound level with so many people in the shop."""
        return 44.0 + 1.1 * min(people, 25) + self.chance.gauss(0.0, 0.8)

    def light_lux(self) -> float:
        """Return the illuminance: lamps, and a little flicker."""
        return max(0.0, 620.0 + self.chance.gauss(0.0, 6.0))


def _usual(plan: SensorPlan) -> tuple[float, float]:
    return (4.0, 72.0) if plan.is_chiller else (21.4, 44.0)
