"""A load cell and its amplifier: the true load on a plate in, raw counts out, with everything that is wrong with them.

Figures of the default model, and where they are from:

- noise 0.11 g a sample at 9 samples/s, and a hung load that swings once in 0.9 s by 1.7 % of its weight (peak) and
  for minutes: a real beam cell, loaded and unloaded for an hour, whose recording is among the project's test data
  (FARE-KE, 2025). A shelf is stiffer than a hook: 6 Hz, damped within half a second.
- 400 counts/g: that cell has 2,500 and meets the amplifier's end at 3.6 kg; one that bears a full shelf of 20 kg must
  have fewer.
- creep of 0.1 % of the load within minutes: makers state 0.03 to 0.1 % of full scale in 3 to 30 minutes.
- drift 5 to 10 g a day at rest and up to 30 g with temperature: users of cheap cells with this amplifier.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Int64s = npt.NDArray[np.int64]
Int32s = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

ADC_MOST_COUNTS = 2**23 - 1
"""Where a 24-bit amplifier saturates, either way."""

_MS_PER_H = 3_600_000.0
# The middle of what a cell's maker calibrates at.
_REFERENCE_C = 20.0
# A footstep rings a shelf board at about this frequency and dies out within a fraction of a second.
_BOARD_HZ = 11.0
_BOARD_DECAY_S = 0.12
_STEPS_PER_S = 1.9


class FaultKind(StrEnum):
    """What can go wrong between the plate and the number.

    Attributes:
        STUCK: the last value is returned for ever.
        SATURATED: the counts stand at the amplifier's end.
        SIGN_FLIP: the counts come with the wrong sign.
        DISCONNECTED: the cell's wires are off: noise over the whole range.
        DROPPED: `size` is the share of samples that never arrive.
        CLOCK_JUMP: `size` milliseconds are added to the stamps from here on; `until_ms` puts the clock right again.
        SPIKES: `size` is the share of single readings that are wild.
        VIBRATION: footsteps or a door, `size` grams at their peak.
    """

    STUCK = "stuck"
    SATURATED = "saturated"
    SIGN_FLIP = "sign_flip"
    DISCONNECTED = "disconnected"
    DROPPED = "dropped"
    CLOCK_JUMP = "clock_jump"
    SPIKES = "spikes"
    VIBRATION = "vibration"


@dataclass(frozen=True, slots=True)
class CellFault:
    """One thing wrong from `from_ms` (inclusive) to `until_ms` (exclusive); `size` as its kind says."""

    kind: FaultKind
    from_ms: int
    until_ms: int
    size: float = 0.0


@dataclass(frozen=True, slots=True)
class CellModel:
    """One cell's nature; the defaults are a cheap beam cell under a shelf plate (see the module for the sources).

    Attributes:
        counts_per_g: slope; negative where load lowers the counts.
        zero_counts: counts of the empty plate at 20 degrees.
        noise_g: white noise of one sample, standard deviation.
        creep_share: the share of a load by which the reading still grows after loading.
        creep_tau_s: time constant of that growth.
        drift_g_per_h: slow drift of the zero: a constant rate and a random walk of this size in an hour.
        temperature_g_per_c: shift of the zero a degree.
        swing_hz: how often the loaded plate or hook swings.
        swing_damping: damping ratio of the swing, 0 to 1.
        swing_share: the swing's first amplitude as a share of the change of load that starts it.
        sample_hz: samples a second, for whoever makes the instants.
        capacity_g: load at which the cell stands on its stop.
    """

    counts_per_g: float = 400.0
    zero_counts: float = -100_000.0
    noise_g: float = 0.11
    creep_share: float = 0.001
    creep_tau_s: float = 180.0
    drift_g_per_h: float = 0.3
    temperature_g_per_c: float = 1.0
    swing_hz: float = 6.0
    swing_damping: float = 0.2
    swing_share: float = 0.1
    sample_hz: float = 10.0
    capacity_g: float = 20_000.0


class LoadCell:
    """A cell that keeps creep, swing, drift and its last value between calls, so that a day comes in any pieces.

    Args:
        model: the cell.
        chance: every random number comes from here, so the same generator gives the same counts.
    """

    def __init__(self, model: CellModel, chance: np.random.Generator) -> None:
        self.model = model
        self._chance = chance
        self._drift_sign = chance.choice([-1.0, 1.0])
        self._last_ms: int | None = None
        self._load_g = 0.0
        self._creep_g = 0.0
        self._swing = 0j
        self._walk_g = 0.0
        self._drift_h = 0.0
        self._last_counts: int | None = None

    def sample(
        self, t_ms: Int64s, load_g: Floats, temperature_c: Floats | float, faults: Sequence[CellFault] = ()
    ) -> Int32s:
        """Return the counts at the n instants `t_ms` (rising, later than those of the call before).

        Args:
            t_ms: n instants, milliseconds on any clock.
            load_g: n true loads on the plate, grams; each holds from its instant to the next.
            temperature_c: n temperatures of the cell, or one for all.
            faults: what goes wrong; kinds that concern stamps and arrival are applied by `arrivals`.

        Returns:
            n raw counts, within the amplifier's 24 bits.
        """
        count = len(t_ms)
        if count == 0:
            return np.empty(0, dtype=np.int32)
        model = self.model
        load_g = np.clip(load_g, -model.capacity_g, model.capacity_g)
        before_ms = int(t_ms[0]) if self._last_ms is None else self._last_ms
        if self._last_ms is None:
            self._load_g = float(load_g[0])
            self._creep_g = model.creep_share * self._load_g
        weight_g = load_g + self._creep_and_swing(t_ms, load_g, before_ms)
        weight_g += self._drift(t_ms, before_ms)
        weight_g += model.temperature_g_per_c * (np.asarray(temperature_c, dtype=np.float64) - _REFERENCE_C)
        weight_g += self._chance.normal(0.0, model.noise_g, count)
        for fault in faults:
            if fault.kind is FaultKind.VIBRATION and np.any(hit := _during(t_ms, fault)):
                weight_g[hit] += self._vibration(t_ms[hit], fault)
        counts = np.rint(model.zero_counts + weight_g * model.counts_per_g)
        for fault in faults:
            if np.any(hit := _during(t_ms, fault)):
                self._spoil(counts, hit, fault)
        self._last_ms = int(t_ms[-1])
        result = np.clip(counts, -ADC_MOST_COUNTS - 1, ADC_MOST_COUNTS).astype(np.int32)
        self._last_counts = int(result[-1])
        return result

    def arrivals(self, t_ms: Int64s, faults: Sequence[CellFault] = ()) -> tuple[Int64s, Flags]:
        """Return the stamps that the samples carry, milliseconds, and which of them arrive at all."""
        stamps_ms = t_ms.copy()
        arrives = np.ones(len(t_ms), dtype=np.bool_)
        for fault in faults:
            hit = _during(t_ms, fault)
            if fault.kind is FaultKind.CLOCK_JUMP:
                stamps_ms[hit] += round(fault.size)
            elif fault.kind is FaultKind.DROPPED:
                arrives[hit] &= self._chance.random(int(hit.sum())) >= fault.size
        return stamps_ms, arrives

    def _creep_and_swing(self, t_ms: Int64s, load_g: Floats, before_ms: int) -> Floats:
        """What creep and swing add: exact between changes of the load, one pass a change."""
        model = self.model
        added_g = np.empty(len(t_ms))
        changes = np.flatnonzero(np.diff(load_g, prepend=self._load_g))
        edges = np.unique(np.concatenate(([0], changes, [len(t_ms)])))
        omega = 2 * np.pi * model.swing_hz
        decay = complex(-model.swing_damping * omega, omega * np.sqrt(max(0.0, 1 - model.swing_damping**2)))
        at_ms = before_ms
        for begin, end in pairwise(edges):
            # The old load held until this stretch began.
            idle_s = (int(t_ms[begin]) - at_ms) / 1000
            held_g = model.creep_share * self._load_g
            self._creep_g = held_g + (self._creep_g - held_g) * np.exp(-idle_s / model.creep_tau_s)
            self._swing *= np.exp(decay * idle_s)
            change_g = float(load_g[begin]) - self._load_g
            self._load_g = float(load_g[begin])
            self._swing -= model.swing_share * change_g
            since_s = (t_ms[begin:end] - t_ms[begin]) / 1000
            target_g = model.creep_share * self._load_g
            creep_g = target_g + (self._creep_g - target_g) * np.exp(-since_s / model.creep_tau_s)
            swing = self._swing * np.exp(decay * since_s)
            added_g[begin:end] = creep_g + swing.real
            self._creep_g, self._swing, at_ms = float(creep_g[-1]), complex(swing[-1]), int(t_ms[end - 1])
        return added_g

    def _drift(self, t_ms: Int64s, before_ms: int) -> Floats:
        hours = np.diff(t_ms, prepend=before_ms) / _MS_PER_H
        walk_g = self._walk_g + np.cumsum(
            self._chance.normal(0.0, 1.0, len(t_ms)) * self.model.drift_g_per_h * np.sqrt(np.maximum(hours, 0.0))
        )
        since_h = self._drift_h + np.cumsum(hours)
        self._walk_g, self._drift_h = float(walk_g[-1]), float(since_h[-1])
        drifted: Floats = walk_g + self._drift_sign * self.model.drift_g_per_h * since_h
        return drifted

    def _vibration(self, t_ms: Int64s, fault: CellFault) -> Floats:
        """Footsteps: each rings the board and dies out; the time between two of them varies a little."""
        t_s = (t_ms - fault.from_ms) / 1000
        lasting_s = (fault.until_ms - fault.from_ms) / 1000
        # Chance is drawn once a fault's name, not once a call, so that pieces of a day agree with the whole.
        chance = np.random.default_rng([abs(fault.from_ms), abs(fault.until_ms)])
        steps_s = np.cumsum(chance.uniform(0.8, 1.2, max(1, int(lasting_s * _STEPS_PER_S) + 1)) / _STEPS_PER_S)
        sizes_g = fault.size * chance.uniform(0.4, 1.0, len(steps_s)) * chance.choice([-1.0, 1.0], len(steps_s))
        shaken_g = np.zeros(len(t_s))
        for step_s, size_g in zip(steps_s, sizes_g, strict=True):
            near = (t_s >= step_s) & (t_s < step_s + 6 * _BOARD_DECAY_S)
            since_s = t_s[near] - step_s
            shaken_g[near] += size_g * np.exp(-since_s / _BOARD_DECAY_S) * np.cos(2 * np.pi * _BOARD_HZ * since_s)
        return shaken_g

    def _spoil(self, counts: Floats, hit: Flags, fault: CellFault) -> None:
        size = int(hit.sum())
        if fault.kind is FaultKind.STUCK:
            first = int(np.flatnonzero(hit)[0])
            if first:
                counts[hit] = counts[first - 1]
            elif self._last_counts is not None:
                counts[hit] = self._last_counts
            else:
                counts[hit] = counts[0]
        elif fault.kind is FaultKind.SATURATED:
            counts[hit] = ADC_MOST_COUNTS
        elif fault.kind is FaultKind.SIGN_FLIP:
            counts[hit] *= -1
        elif fault.kind is FaultKind.DISCONNECTED:
            counts[hit] = self._chance.integers(-ADC_MOST_COUNTS, ADC_MOST_COUNTS, size)
        elif fault.kind is FaultKind.SPIKES:
            wild = np.flatnonzero(hit)[self._chance.random(size) < fault.size]
            counts[wild] += self._chance.normal(0.0, 1.0, len(wild)) * 1000 * abs(self.model.counts_per_g)


def _during(t_ms: Int64s, fault: CellFault) -> Flags:
    during: Flags = (t_ms >= fault.from_ms) & (t_ms < fault.until_ms)
    return during
