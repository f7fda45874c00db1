"""`storesense eval shelf`: what the shelf's chain makes of a recorded trace, with its shipped defaults."""

import argparse
import json
import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from storesense_edge.shelf.calibration import Calibration, CalibrationFit, fit_calibration
from storesense_edge.shelf.csv_lines import numbered_rows
from storesense_edge.shelf.errors import RowError
from storesense_edge.shelf.masses import read_masses
from storesense_edge.shelf.movement import Phase, WeightStep
from storesense_edge.shelf.pipeline import ShelfPipeline
from storesense_edge.shelf.slot import SlotSpec
from storesense_edge.shelf.source import LoadCellSample
from storesense_edge.shelf.trace import BadRows, StampUnit, TraceColumns, TraceFile, TraceReport
from storesense_simulators.eval_shelf_orders import Trace
from storesense_simulators.eval_shelf_plot import Curves, draw_chain, write_picture
from storesense_simulators.eval_shelf_variants import LEAST_STEPS, VariantScore, score_steps, variants

# Creep after a step is no drift: a rest counts towards it only from here on, and is looked at this often.
_CREEP_S = 30.0
_LOOK_EVERY_S = 10.0
# A step's size is told at once and again after a longer rest, which averages noise and what still swings.
_REST_S = 20.0
_LEVEL_EVERY_S = 0.5
# No load cell is read more often than 500 times a second: stamps that lie closer are not in the unit they are said in.
_LEAST_INTERVAL_S = 0.002


class DriftFit:
    """One drift rate for every load that a cell carried, by least squares.

    Levels at rest are grouped by load, each group gets its own offset and all share one slope. So a step is no
    drift, and the creep after each step, which begins again and again, does not add up to one.
    """

    def __init__(self) -> None:
        self._groups: list[list[tuple[float, float]]] = []

    def add(self, at_s: float, level_g: float, same_load_g: float) -> None:
        """Take a level at rest; it joins the nearest group within `same_load_g`, or begins one."""
        near = min(self._groups, key=lambda group: abs(group[-1][1] - level_g), default=None)
        if near is None or abs(near[-1][1] - level_g) > same_load_g:
            near = []
            self._groups.append(near)
        near.append((at_s, level_g))

    @property
    def g_per_h(self) -> float | None:
        """The common slope in grams an hour; None without two levels of one load."""
        square = product = 0.0
        for group in self._groups:
            mean_s = sum(at_s for at_s, _ in group) / len(group)
            mean_g = sum(level_g for _, level_g in group) / len(group)
            square += sum((at_s - mean_s) ** 2 for at_s, _ in group)
            product += sum((at_s - mean_s) * (level_g - mean_g) for at_s, level_g in group)
        return 3600 * product / square if square > 0 else None


@dataclass(slots=True)
class TraceFindings:
    """What one trace showed.

    Attributes:
        first_s: Unix time of the first sample.
        steps: the steps in the order they were certain.
        rest_deltas_g: their sizes by the rest that followed, up to 20 s of it.
        levels: n rows of time and grams, the level at rest about twice a second.
        noise_g: standard deviation of one sample at rest.
        drift_g_per_h: how fast one and the same load reads differently; None where nothing rested long enough.
    """

    first_s: float = math.nan
    steps: list[WeightStep] = field(default_factory=list)
    rest_deltas_g: list[float] = field(default_factory=list)
    levels: list[tuple[float, float]] = field(default_factory=list)
    noise_g: float = 0.0
    drift_g_per_h: float | None = None

    @property
    def settle_p90_s(self) -> float | None:
        """The time from a step's moment to the live verdict that nine of ten steps do not exceed; None without any."""
        waits_s = sorted(step.settled_s - step.at_s for step in self.steps)
        return waits_s[math.ceil(0.9 * len(waits_s)) - 1] if waits_s else None


def evaluate_trace(samples: Iterable[LoadCellSample], calibration: Calibration) -> TraceFindings:
    """Run the chain over samples as if they came live; no product is known and nothing is tuned to the trace."""
    pipeline = ShelfPipeline(SlotSpec(calibration))
    detector = pipeline.detector
    findings = TraceFindings()
    drift = DriftFit()
    looked_s = -math.inf
    for sample in samples:
        at_s = sample.measured_at.timestamp()
        if math.isnan(findings.first_s):
            findings.first_s = at_s
        observation = pipeline.step(sample)
        if observation is not None and observation.step is not None:
            findings.steps.append(observation.step)
            findings.rest_deltas_g.append(observation.step.delta_g)
        rests = detector.phase in (Phase.RESTING, Phase.SWINGING)
        if rests and findings.steps and 0 <= at_s - findings.steps[-1].settled_s <= _REST_S:
            findings.rest_deltas_g[-1] = detector.level_g - findings.steps[-1].before_g
        if rests and not (findings.levels and 0 <= at_s - findings.levels[-1][0] < _LEVEL_EVERY_S):
            findings.levels.append((at_s, detector.level_g))
        if not 0 <= at_s - looked_s < _LOOK_EVERY_S:
            looked_s = at_s
            if detector.phase in (Phase.RESTING, Phase.SWINGING) and at_s - detector.touched_s >= _CREEP_S:
                drift.add(at_s, detector.level_g, 2 * detector.min_step_g)
    findings.noise_g = detector.noise.sigma_g
    findings.drift_g_per_h = drift.g_per_h
    return findings


def read_trace(path: Path) -> tuple[list[LoadCellSample], TraceFile]:
    """Read a trace whose column `timestamp_ms` holds milliseconds, or seconds or microseconds by mistake.

    Raises:
        FileError: the file cannot be read.
        RowError: a column is missing, no row can be used, or most rows are out of order or no samples.
    """
    trace, samples = _read_as(path, StampUnit.MILLISECONDS)
    if trace.report.samples > 1 and _usual_interval_s(samples) < _LEAST_INTERVAL_S:
        trace, samples = _read_as(path, StampUnit.SECONDS)
    elif not samples:
        trace, samples = _read_as(path, StampUnit.MICROSECONDS)
    if not samples:
        # For its sentence about the first row, in the unit that the column's name promises.
        list(TraceFile(path, bad_rows=BadRows.SKIP).samples())
    report = trace.report
    if report.skipped > report.samples:
        first = report.problems[0]
        raise RowError(
            path=path,
            line=first.line,
            expected=f"{first.expected} (so in {report.skipped} of {report.skipped + report.samples} rows; "
            "sort the file by its stamps, and let each sample have its own)",
            found=first.found,
        )
    return samples, trace


def _read_as(path: Path, unit: StampUnit) -> tuple[TraceFile, list[LoadCellSample]]:
    trace = TraceFile(path, TraceColumns(stamp_unit=unit), bad_rows=BadRows.SKIP)
    samples: list[LoadCellSample] = []
    try:
        samples.extend(trace.samples())
    except RowError:
        if not trace.report.skipped:
            raise
    return trace, samples


def _usual_interval_s(samples: Sequence[LoadCellSample]) -> float:
    return median((b.measured_at - a.measured_at).total_seconds() for a, b in pairwise(samples))


def run_eval_shelf(args: argparse.Namespace) -> int:
    """Evaluate the trace that the arguments name and print what was found.

    Raises:
        ShelfError: a file, a column or the calibration is not usable.
    """
    fit = fit_calibration(read_masses(args.calibration, args.column))
    samples, trace = read_trace(args.trace)
    findings = evaluate_trace(samples, fit.calibration)
    sys.stdout.write(_summary(findings, fit, trace.report))
    results = _as_json(findings, fit, trace.report)
    if args.plot is not None:
        _plot(args.plot, samples, findings, fit, read_truth(args.truth) if args.truth else [])
    if args.variants:
        scores = evaluate_variants(samples, findings, fit.calibration)
        sys.stdout.writelines(_variant_line(score) for score in scores)
        results["variants"] = {score.name: score.good for score in scores}
    if args.json:
        sys.stdout.write(json.dumps(results, allow_nan=False) + "\n")
    return 0


def evaluate_variants(
    samples: Sequence[LoadCellSample], found: TraceFindings, calibration: Calibration, seed: int = 1
) -> list[VariantScore]:
    """Judge the chain on every variant of a trace, whose own steps are taken for the truth."""
    deltas_g = np.array(found.rest_deltas_g)
    trace = Trace(
        np.array([sample.measured_at.timestamp() for sample in samples]),
        np.array([sample.raw_counts for sample in samples]),
        calibration.zero_counts,
        calibration.counts_per_g,
        np.array([step.at_s for step in found.steps]),
        np.sign(deltas_g),
    )
    scores = []
    for place, (name, change) in enumerate(variants().items()):
        if len(found.steps) < LEAST_STEPS:
            break
        variant = change(trace, np.random.default_rng([seed, place]))
        line = Calibration(variant.zero_counts, variant.counts_per_g, calibration.repeatability_g)
        rows = zip(variant.t_s.tolist(), variant.counts.tolist(), strict=True)
        seen = evaluate_trace((LoadCellSample(datetime.fromtimestamp(at_s, UTC), raw) for at_s, raw in rows), line)
        steps = zip((step.at_s for step in seen.steps), seen.rest_deltas_g, strict=True)
        scores.append(score_steps(name, variant, list(steps)))
        sys.stderr.write(_variant_line(scores[-1]))
    return scores


def _variant_line(score: VariantScore) -> str:
    verdict = "good" if score.good else "BAD "
    return (
        f"{verdict} {score.name}: {score.missed} missed, {score.invented} invented, spread {score.spread_share:.2%}\n"
    )


def read_truth(path: Path) -> list[float]:
    """Read the moments of true steps, seconds from the first sample, from a file's first column below its header.

    Raises:
        FileError: the file cannot be read.
        RowError: a row is no number.
    """
    moments_s = []
    for line, cells in list(numbered_rows(path))[1:]:
        try:
            moments_s.append(float(cells[0]))
        except ValueError as exc:
            raise RowError(path=path, line=line, expected="seconds from the first sample", found=cells[0]) from exc
    return moments_s


def _plot(
    path: Path,
    samples: Sequence[LoadCellSample],
    findings: TraceFindings,
    fit: CalibrationFit,
    truth_s: Sequence[float],
) -> None:
    first_s = findings.first_s
    raw = [(each.measured_at.timestamp() - first_s, fit.calibration.weight_g(each.raw_counts)) for each in samples]
    steps = [(step.at_s - first_s, g) for step, g in zip(findings.steps, findings.rest_deltas_g, strict=True)]
    levels = np.array([(at_s - first_s, level_g) for at_s, level_g in findings.levels]).reshape(-1, 2)
    title = f"{len(steps)} steps, noise {findings.noise_g:.2f} g, calibration {fit.verdict.value}"
    write_picture(path, draw_chain(Curves(np.array(raw), levels, steps, truth_s, title)))


def _summary(findings: TraceFindings, fit: CalibrationFit, report: TraceReport) -> str:
    lines = [f"calibration: {fit.verdict.value}, residuals {fit.rms_g:.1f} g, R2 {fit.r2:.6f}"]
    lines.append(f"trace: {report.samples} samples, {report.skipped} rows skipped")
    lines.extend(f"  {problem}" for problem in report.problems)
    steps = zip(findings.steps, findings.rest_deltas_g, strict=True)
    lines.extend(f"{step.at_s - findings.first_s:9.1f} s  {delta_g:+9.1f} g" for step, delta_g in steps)
    return "\n".join(lines) + "\n"


def _as_json(findings: TraceFindings, fit: CalibrationFit, report: TraceReport) -> dict[str, Any]:
    return {
        "steps": [
            {"at_s": round(step.at_s - findings.first_s, 3), "delta_g": round(delta_g, 3)}
            for step, delta_g in zip(findings.steps, findings.rest_deltas_g, strict=True)
        ],
        "noise_g": round(findings.noise_g, 4),
        "drift_g_per_h": _rounded(findings.drift_g_per_h),
        "settle_p90_s": _rounded(findings.settle_p90_s),
        "samples": report.samples,
        "rows_skipped": report.skipped,
        "calibration": {"verdict": fit.verdict.value, "rms_g": round(fit.rms_g, 3), "r2": round(fit.r2, 6)},
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
