"""A recorded trace with the moments of its steps, and the same loads in another order or with other rests between."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trace:
    """A recording and the moments of its steps.

    Attributes:
        t_s: n stamps in seconds; a variant's may step back once where its clock was set.
        counts: n raw counts.
        zero_counts: counts of the unloaded cell.
        counts_per_g: its slope.
        steps_s: the true moments of the steps, by the same clock as `t_s`.
        loads: for each step, a factor of the original load, signed as loading is positive.
    """

    t_s: Floats
    counts: Floats
    zero_counts: float
    counts_per_g: float
    steps_s: Floats
    loads: Floats


def changed(
    trace: Trace,
    *,
    t_s: Floats | None = None,
    counts: Floats | None = None,
    steps_s: Floats | None = None,
    loads: Floats | None = None,
) -> Trace:
    """The same trace with some of its arrays replaced."""
    return Trace(
        trace.t_s if t_s is None else t_s,
        trace.counts if counts is None else counts,
        trace.zero_counts,
        trace.counts_per_g,
        trace.steps_s if steps_s is None else steps_s,
        trace.loads if loads is None else loads,
    )


def _parts(trace: Trace, edges_s: Sequence[float], order: Sequence[int]) -> Trace:
    """The stretches between edges in another order; the stamps close up."""
    interval_s = float(np.median(np.diff(trace.t_s)))
    bounds = np.searchsorted(trace.t_s, edges_s)
    chosen: list[npt.NDArray[np.int64]] = [np.arange(bounds[place], bounds[place + 1]) for place in order]
    steps_s: list[float] = []
    loads: list[float] = []
    begin_s = float(trace.t_s[0])
    for place, rows in zip(order, chosen, strict=True):
        inside = (trace.steps_s >= edges_s[place]) & (trace.steps_s < edges_s[place + 1])
        # Where samples are missing within a stretch, its clock runs on as it did.
        steps_s += (begin_s + trace.steps_s[inside] - trace.t_s[rows[0]]).tolist()
        loads += trace.loads[inside].tolist()
        begin_s += float(trace.t_s[rows[-1]] - trace.t_s[rows[0]]) + interval_s
    stamps: list[Floats] = []
    begin_s = float(trace.t_s[0])
    for rows in chosen:
        stamps.append(begin_s + trace.t_s[rows] - trace.t_s[rows[0]])
        begin_s = float(stamps[-1][-1]) + interval_s
    return changed(
        trace,
        t_s=np.concatenate(stamps),
        counts=trace.counts[np.concatenate(chosen)],
        steps_s=np.array(steps_s),
        loads=np.array(loads),
    )


def reordered(trace: Trace, chance: np.random.Generator) -> Trace:
    """Each loading with its rests on both sides comes at another place."""
    offs = trace.steps_s[1:-1:2]
    ons = trace.steps_s[2::2]
    edges_s = [float(trace.t_s[0]), *((offs + ons) / 2).tolist(), float(trace.t_s[-1])]
    return _parts(trace, edges_s, chance.permutation(len(edges_s) - 1).tolist())


def other_rests(trace: Trace, chance: np.random.Generator) -> Trace:
    """The middle of each rest is left out or comes up to three times, between 20 s after a step and 10 s before."""
    edges_s = [float(trace.t_s[0])]
    order: list[int] = []
    for before_s, after_s in zip(trace.steps_s, [*trace.steps_s[1:], trace.t_s[-1]], strict=True):
        if after_s - before_s < 40:
            continue
        edges_s += [float(before_s) + 20, float(after_s) - 10]
        order += [len(edges_s) - 3] + [len(edges_s) - 2] * int(chance.integers(0, 4))
    edges_s.append(float(trace.t_s[-1]))
    return _parts(trace, edges_s, [*order, len(edges_s) - 2])
