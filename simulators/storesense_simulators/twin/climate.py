"""The air of the twin: slow wandering around what is usual at a sensor, noisier with more people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storesense_contracts.readings import EnvironmentReading
from storesense_simulators.twin.interval_sensors import instant
from storesense_simulators.twin.shop import ClimateKind

if TYPE_CHECKING:
    import numpy as np

    from storesense_simulators.twin.shop import ClimateSpec

_PULL = 0.05
_LAMPS_LUX = {ClimateKind.ROOM: 620.0, ClimateKind.CHILLER: 280.0, ClimateKind.FREEZER: 120.0}


@dataclass(slots=True)
class Air:
    """The climate at one sensor.

    Temperature and humidity follow a mean-reverting walk (an Ornstein-Uhlenbeck process in steps): where they are
    drifts, and does not run away.
    """

    spec: ClimateSpec
    chance: np.random.Generator
    temperature_c: float
    humidity_pct: float

    @classmethod
    def at_rest(cls, spec: ClimateSpec, chance: np.random.Generator) -> Air:
        """Return the air as it usually is there."""
        return cls(spec, chance, spec.usual_c, spec.usual_pct)

    def report(self, now_ms: int, people: int) -> EnvironmentReading:
        """Let one reporting interval pass and return the air after it, with so many people in the store."""
        warmth, damp, loudness, flicker = self.chance.standard_normal(4).tolist()
        self.temperature_c += _PULL * (self.spec.usual_c - self.temperature_c) + 0.06 * warmth
        self.humidity_pct += _PULL * (self.spec.usual_pct - self.humidity_pct) + 0.4 * damp
        self.humidity_pct = min(100.0, max(0.0, self.humidity_pct))
        return EnvironmentReading(
            measured_at=instant(now_ms),
            sensor_id=self.spec.sensor_id,
            temperature_c=round(self.temperature_c, 2),
            humidity_pct=round(self.humidity_pct, 1),
            noise_dba=round(max(0.0, 44.0 + min(people, 120) ** 0.5 * 2.2 + 0.8 * loudness), 1),
            light_lux=round(max(0.0, _LAMPS_LUX[self.spec.kind] + 6.0 * flicker), 1),
        )
