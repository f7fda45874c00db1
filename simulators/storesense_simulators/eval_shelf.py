"""`storesense eval shelf`: what the shelf's chain makes of a recorded trace, with its shipped defaults."""

import argparse
import json
import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from storesense_edge.shelf.calibration import Calibration, CalibrationFit, fit_calibration
from storesense_edge.shelf.masses import read_masses
from storesense_edge.shelf.pipeline import ShelfPipeline
from storesense_edge.shelf.slot import SlotSpec
from storesense_edge.shelf.source import LoadCellSample
from storesense_edge.shelf.steps import Phase, WeightStep
from storesense_edge.shelf.trace import BadRows, TraceFile, TraceReport

# Creep after a step is no drift: a rest counts towards it only from here on, and is looked at this often.
_CREEP_S = 30.0
_LOOK_EVERY_S = 10.0


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
        noise_g: standard deviation of one sample at rest.
        drift_g_per_h: how fast one and the same load reads differently; None where nothing rested long enough.
    """

    first_s: float = math.nan
    steps: list[WeightStep] = field(default_factory=list)
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
        if not 0 <= at_s - looked_s < _LOOK_EVERY_S:
            looked_s = at_s
            if detector.phase in (Phase.RESTING, Phase.SWINGING) and at_s - detector.touched_s >= _CREEP_S:
                drift.add(at_s, detector.level_g, 2 * detector.min_step_g)
    findings.noise_g = detector.noise.sigma_g
    findings.drift_g_per_h = drift.g_per_h
    return findings


def run_eval_shelf(args: argparse.Namespace) -> int:
    """Evaluate the trace that the arguments name and print what was found.

    Raises:
        ShelfError: a file, a column or the calibration is not usable.
    """
    fit = fit_calibration(read_masses(args.calibration, args.column))
    trace = TraceFile(args.trace, bad_rows=BadRows.SKIP)
    findings = evaluate_trace(trace.samples(), fit.calibration)
    sys.stdout.write(_summary(findings, fit, trace.report))
    if args.json:
        sys.stdout.write(json.dumps(_as_json(findings, fit, trace.report), allow_nan=False) + "\n")
    return 0


def _summary(findings: TraceFindings, fit: CalibrationFit, report: TraceReport) -> str:
    lines = [f"calibration: {fit.verdict.value}, residuals {fit.rms_g:.1f} g, R2 {fit.r2:.6f}"]
    lines.append(f"trace: {report.samples} samples, {report.skipped} rows skipped")
    lines.extend(f"  {problem}" for problem in report.problems)
    lines.extend(f"{step.at_s - findings.first_s:9.1f} s  {step.delta_g:+9.1f} g" for step in findings.steps)
    return "\n".join(lines) + "\n"


def _as_json(findings: TraceFindings, fit: CalibrationFit, report: TraceReport) -> dict[str, Any]:
    return {
        "steps": [
            {"at_s": round(step.at_s - findings.first_s, 3), "delta_g": round(step.delta_g, 3)}
            for step in findings.steps
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
