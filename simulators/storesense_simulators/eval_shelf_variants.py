"""A recorded trace made into many others: other gains, signs, rates, noises, losses and clocks, with the same steps.

One recording says little about the next cell. Each variant here changes what another cell, amplifier or network would
change, and knows where the steps of the original went, so that the chain can be judged on all of them with its
shipped defaults.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from storesense_simulators.eval_shelf_orders import Trace, changed, other_rests, reordered

LEAST_STEPS = 10
"""Fewer steps than this in a trace are too few to make variants of."""

_MIXTURES = 6

NEAR_S = 10.0
"""A step counts as found within this long of its moment."""


@dataclass(frozen=True, slots=True)
class VariantScore:
    """What the chain made of one variant.

    Attributes:
        name: the variant.
        missed: true steps without a found one within ten seconds.
        invented: found steps without a true one.
        spread_share: standard deviation of the loads, each over its own factor, as a share of their mean.
    """

    name: str
    missed: int
    invented: int
    spread_share: float

    @property
    def good(self) -> bool:
        """Whether every step was found, none invented, and equal loads weighed alike to 0.7 %."""
        return self.missed == 0 and self.invented == 0 and self.spread_share <= 0.007


def score_steps(name: str, trace: Trace, found: Sequence[tuple[float, float]]) -> VariantScore:
    """Match found steps (moment in seconds, grams) to the true ones, each once, nearest first in time."""
    left = list(found)
    sizes: list[float] = []
    missed = 0
    for true_s, load in zip(trace.steps_s, trace.loads, strict=True):
        near = min(left, key=lambda step: abs(step[0] - true_s), default=None)
        if near is None or abs(near[0] - true_s) > NEAR_S:
            missed += 1
            continue
        left.remove(near)
        sizes.append(near[1] / load)
    spread = float(np.std(sizes) / abs(np.mean(sizes))) if sizes else float("inf")
    return VariantScore(name, missed, len(left), spread)


Change = Callable[[Trace, np.random.Generator], Trace]


def variants() -> dict[str, Change]:
    """Every variant by its name; each takes the original and a generator."""
    found: dict[str, Change] = {
        "as recorded": lambda trace, _: trace,
        "gain 0.2": lambda trace, _: _gain(trace, 0.2),
        "gain 3": lambda trace, _: _gain(trace, 3.0),
        "other polarity": lambda trace, _: _gain(trace, -1.0),
        "a tenth of the load": lambda trace, chance: _smaller_load(trace, 0.1, chance),
        "3 samples a second": lambda trace, _: _every(trace, 3),
        "5 samples a second": lambda trace, _: _resampled(trace, 5.0),
        "1 sample a second": lambda trace, _: _every(trace, 9),
        "20 samples a second": lambda trace, chance: _denser(trace, 20.0, chance),
        "80 samples a second": lambda trace, chance: _denser(trace, 80.0, chance),
        "noise x3": lambda trace, chance: _noisier(trace, 3.0, chance),
        "noise x10": lambda trace, chance: _noisier(trace, 10.0, chance),
        "noise x30": lambda trace, chance: _noisier(trace, 30.0, chance),
        "30 % of the samples lost": lambda trace, chance: _kept(trace, chance.random(len(trace.t_s)) >= 0.3),
        "losses in bursts": _burst_losses,
        "stamps jitter": _jittered,
        "clock set forward an hour": lambda trace, _: _clock_set(trace, 3600.0),
        "clock set back 10 minutes": lambda trace, _: _clock_set(trace, -600.0),
        "a third faster": lambda trace, _: _warped(trace, 0.75),
        "a third slower": lambda trace, _: _warped(trace, 1.33),
        "wild readings, 1 %": lambda trace, chance: _spiked(trace, 0.01, chance),
        "wild readings, 5 %": lambda trace, chance: _spiked(trace, 0.05, chance),
        "each value twice": lambda trace, _: _doubled(trace),
        "backwards": lambda trace, _: _backwards(trace),
        "drift 60 g/h": lambda trace, _: _drifting(trace, 60.0),
        "warming and cooling by 40 g": lambda trace, _: _breathing(trace, 40.0),
        "loads of many sizes": _many_loads,
        "footsteps of 4 g": lambda trace, chance: _footsteps(trace, 4.0, chance),
        "coarse counts of 1 g": lambda trace, _: _coarse(trace, 1.0),
        "rests cut short": lambda trace, _: _cut_rests(trace, 45.0),
        "rests of any length": other_rests,
        "loads in another order": reordered,
    }
    for place in range(1, _MIXTURES + 1):
        found[f"mixture {place}"] = _mixed
    return found


def _noise_counts(trace: Trace) -> float:
    """White noise of one sample at rest: the median difference of neighbours before the first step."""
    quiet = trace.counts[trace.t_s < trace.steps_s[0] - NEAR_S]
    return float(np.median(np.abs(np.diff(quiet))) / 0.954)


def _gain(trace: Trace, factor: float) -> Trace:
    return Trace(
        trace.t_s,
        np.rint(trace.counts * factor),
        trace.zero_counts * factor,
        trace.counts_per_g * factor,
        trace.steps_s,
        trace.loads,
    )


def _smaller_load(trace: Trace, factor: float, chance: np.random.Generator) -> Trace:
    scaled = trace.zero_counts + (trace.counts - trace.zero_counts) * factor
    noise = chance.normal(0.0, _noise_counts(trace), len(trace.counts))
    return changed(trace, counts=np.rint(scaled + noise), loads=trace.loads * factor)


def _kept(trace: Trace, keep: npt.NDArray[np.bool_]) -> Trace:
    return changed(trace, t_s=trace.t_s[keep], counts=trace.counts[keep])


def _every(trace: Trace, stride: int) -> Trace:
    return changed(trace, t_s=trace.t_s[::stride], counts=trace.counts[::stride])


def _resampled(trace: Trace, hz: float) -> Trace:
    t_s = np.arange(trace.t_s[0], trace.t_s[-1], 1 / hz)
    nearest = np.searchsorted(trace.t_s, t_s).clip(0, len(trace.t_s) - 1)
    return changed(trace, t_s=t_s, counts=trace.counts[nearest])


def _denser(trace: Trace, hz: float, chance: np.random.Generator) -> Trace:
    t_s = np.arange(trace.t_s[0], trace.t_s[-1], 1 / hz)
    between = np.interp(t_s, trace.t_s, trace.counts)
    # Interpolation halves the noise that was there; give each sample its own again.
    return changed(trace, t_s=t_s, counts=np.rint(between + chance.normal(0.0, _noise_counts(trace), len(t_s))))


def _noisier(trace: Trace, factor: float, chance: np.random.Generator) -> Trace:
    more = chance.normal(0.0, _noise_counts(trace) * np.sqrt(factor**2 - 1), len(trace.counts))
    return changed(trace, counts=np.rint(trace.counts + more))


def _burst_losses(trace: Trace, chance: np.random.Generator) -> Trace:
    keep = np.ones(len(trace.t_s), dtype=np.bool_)
    for begin in chance.choice(len(keep), 60, replace=False):
        keep[begin : begin + int(chance.integers(5, 60))] = False
    return _kept(trace, keep)


def _jittered(trace: Trace, chance: np.random.Generator) -> Trace:
    usual_s = float(np.median(np.diff(trace.t_s)))
    return changed(trace, t_s=np.sort(trace.t_s + chance.uniform(-0.45, 0.45, len(trace.t_s)) * usual_s))


def _clock_set(trace: Trace, by_s: float) -> Trace:
    """The clock is set while the cell rests, a minute before the ninth step."""
    set_s = float(trace.steps_s[8]) - 60.0
    late = trace.t_s >= set_s
    steps_late = trace.steps_s >= set_s
    return changed(trace, t_s=trace.t_s + by_s * late, steps_s=trace.steps_s + by_s * steps_late)


def _warped(trace: Trace, factor: float) -> Trace:
    first_s = trace.t_s[0]
    return changed(
        trace, t_s=first_s + (trace.t_s - first_s) * factor, steps_s=first_s + (trace.steps_s - first_s) * factor
    )


def _spiked(trace: Trace, share: float, chance: np.random.Generator) -> Trace:
    wild = chance.random(len(trace.counts)) < share
    counts = trace.counts.copy()
    counts[wild] = chance.integers(-(2**23), 2**23, int(wild.sum()))
    return changed(trace, counts=counts)


def _doubled(trace: Trace) -> Trace:
    counts = trace.counts.copy()
    counts[1::2] = counts[: len(counts) // 2 * 2 : 2]
    return changed(trace, counts=counts)


def _backwards(trace: Trace) -> Trace:
    both_s = trace.t_s[0] + trace.t_s[-1]
    return changed(
        trace,
        t_s=(both_s - trace.t_s)[::-1],
        counts=trace.counts[::-1],
        steps_s=(both_s - trace.steps_s)[::-1],
        loads=-trace.loads[::-1],
    )


def _drifting(trace: Trace, g_per_h: float) -> Trace:
    return changed(trace, counts=trace.counts + trace.counts_per_g * g_per_h * (trace.t_s - trace.t_s[0]) / 3600)


def _breathing(trace: Trace, peak_g: float) -> Trace:
    swing_g = peak_g * np.sin(2 * np.pi * (trace.t_s - trace.t_s[0]) / 1800)
    return changed(trace, counts=trace.counts + trace.counts_per_g * swing_g)


def _many_loads(trace: Trace, chance: np.random.Generator) -> Trace:
    """Each loading gets a factor from a twentieth to one; the signal between its two steps is scaled."""
    counts = trace.counts.copy()
    loads = trace.loads.copy()
    for on in range(0, len(trace.steps_s) - 1, 2):
        factor = float(chance.uniform(0.05, 1.0))
        during = (trace.t_s > trace.steps_s[on] - 15) & (trace.t_s < trace.steps_s[on + 1] + 15)
        rest = float(np.median(counts[(trace.t_s > trace.steps_s[on] - 25) & (trace.t_s < trace.steps_s[on] - 15)]))
        noise = chance.normal(0.0, _noise_counts(trace), int(during.sum()))
        counts[during] = rest + (counts[during] - rest) * factor + noise * np.sqrt(1 - factor**2)
        loads[on : on + 2] *= factor
    return changed(trace, counts=np.rint(counts), loads=loads)


def _footsteps(trace: Trace, peak_g: float, chance: np.random.Generator) -> Trace:
    shaken = np.zeros(len(trace.t_s))
    for begin_s in chance.uniform(trace.t_s[0], trace.t_s[-1], 120):
        for step_s in begin_s + np.arange(6) / 1.9:
            since_s = trace.t_s - step_s
            near = (since_s >= 0) & (since_s < 1)
            size_g = peak_g * chance.uniform(0.3, 1.0)
            shaken[near] += size_g * np.exp(-since_s[near] / 0.12) * np.cos(2 * np.pi * 11 * since_s[near])
    return changed(trace, counts=trace.counts + trace.counts_per_g * shaken)


def _coarse(trace: Trace, grams: float) -> Trace:
    step = abs(trace.counts_per_g) * grams
    return changed(trace, counts=np.rint(trace.counts / step) * step)


def _cut_rests(trace: Trace, keep_s: float) -> Trace:
    """Leave at most so much on each side of a step, so that the next load comes soon; the stamps close up."""
    near = np.zeros(len(trace.t_s), dtype=np.bool_)
    for step_s in trace.steps_s:
        near |= np.abs(trace.t_s - step_s) <= keep_s / 2
    near |= trace.t_s <= trace.t_s[0] + 20
    interval_s = float(np.median(np.diff(trace.t_s)))
    t_s = trace.t_s[0] + np.arange(int(near.sum())) * interval_s
    return changed(trace, t_s=t_s, counts=trace.counts[near], steps_s=np.interp(trace.steps_s, trace.t_s[near], t_s))


def _mixed(trace: Trace, chance: np.random.Generator) -> Trace:
    """Another cell altogether: gain, polarity, rate, noise, order, rests, losses and wild readings at once."""
    trace = reordered(trace, chance)
    trace = other_rests(trace, chance)
    trace = _gain(trace, float(chance.choice([-1, 1]) * np.exp(chance.uniform(np.log(0.3), np.log(3.0)))))
    trace = _noisier(trace, float(chance.uniform(1.0, 8.0)), chance)
    if chance.random() < 0.5:
        trace = _many_loads(trace, chance)
    trace = _warped(trace, float(chance.uniform(0.6, 1.6)))
    if chance.random() < 0.5:
        trace = _kept(trace, chance.random(len(trace.t_s)) >= chance.uniform(0.05, 0.3))
    if chance.random() < 0.5:
        trace = _spiked(trace, float(chance.uniform(0.001, 0.02)), chance)
    return trace
