"""``storesense eval anomaly``: planted faults found among real counts, and how often real hours raise false alarms.

Faults are planted into a copy of held-out time, at random for each counter: counts halved or doubled for three hours,
stuck at the last value for two, zero for one. Forecasts, residuals and statistics are made anew from the spoilt copy.
Limits are learnt on earlier, untouched time. A fault is found if its counter has an alarm in its hours or the hour
after. Alarms of a counter less than six hours apart are one. False alarms are those of the untouched copy of the same
time: real faults and events in it count as false, because nobody wrote them down.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from storesense_backend.forecasts.anomalies import FAULT_TESTS, are_alarms, learn_limits, scores_of, statistics_of
from storesense_backend.forecasts.day_ahead import foretell_days
from storesense_backend.forecasts.days import Flags, Floats
from storesense_backend.forecasts.residuals import residuals_of
from storesense_simulators.eval_series import CountedDays, read_pedestrians

KINDS = {"half": 3, "double": 3, "stuck": 2, "silent": 1}
"""Hours that each fault lasts."""
GOAL_FOUND = 0.9
GOAL_FALSE = 1.0
_MONTH_H = 730.5
_APART_H = 6
_GRACE_H = 1
_MEAN_GAP_H = 240
_LEARNT_DAYS = 610
_RIVAL_WEEKS = 26
_TRAFFIC = ((0, "under_10"), (10, "10_to_30"), (30, "30_to_100"), (100, "100_and_more"))


@dataclass(frozen=True, slots=True)
class Fault:
    """One that was planted: kind, counter, first hour, hours, and the mean count that was foretold."""

    kind: str
    place: int
    hour: int
    lasts_h: int
    expected: float

    @property
    def traffic(self) -> str:
        """Class of the count an hour."""
        return next(name for least, name in reversed(_TRAFFIC) if self.expected >= least)


def run_eval_anomaly(args: argparse.Namespace) -> int:
    """Evaluate, tell on standard error and, if asked to, print JSON on standard output."""
    series = read_pedestrians(args.counter)
    years = np.array([day.year for day in series.calendar.dates()])
    first_day = int(np.argmax(years >= args.since))
    _tell(f"{series.name}: {len(series.places)} counters; faults from {args.since} on")
    result = evaluate(series, first_day, seeds=list(range(args.seed, args.seed + args.seeds)))
    result["held_out_since"] = args.since
    for name in ("ours", "three_sigma", "robust_z"):
        row = result[name]
        _tell(
            f"{name:12} found {row['found']:.1%}, in hours of 100 and more "
            f"{row['found_by_traffic']['100_and_more'] or 0:.1%}"
        )
        _tell(f"             false alarms a counter and month {row['false_a_month']:.2f}")
    if args.json:
        sys.stdout.write(json.dumps(result) + "\n")
    return 0


def evaluate(series: CountedDays, first_day: int, *, seeds: list[int]) -> dict[str, Any]:
    """Return what each method found and how often it was wrong.

    Args:
        series: counts of several places.
        first_day: where held-out time begins.
        seeds: of the faults; each has faults of its own.
    """
    slots = series.counts.shape[1]
    held_out = first_day * slots
    learnt_from = slice(max(0, first_day - _LEARNT_DAYS) * slots, held_out)
    clean, median = _statistics(series, series.counts)
    limits = learn_limits(clean, learnt_from, FAULT_TESTS)
    ratios = {"ours": scores_of(clean, limits)[0] / 4.0}
    ratios |= {name: rival / 3.0 for name, rival in _rivals(series.counts).items()}
    months = (~np.isnan(ratios["ours"][held_out:])).sum() / _MONTH_H
    levels = dict.fromkeys(ratios, 1.0)
    for name in ("three_sigma", "robust_z"):
        levels[f"{name}_at_one_a_month"] = _level_for(ratios[name][held_out:], months)
        ratios[f"{name}_at_one_a_month"] = ratios[name]
    false = {name: episodes(values[held_out:] > levels[name]) for name, values in ratios.items()}
    hits: dict[str, list[bool]] = {name: [] for name in ratios}
    faults: list[Fault] = []
    for seed in seeds:
        _tell(f"planting faults, seed {seed}")
        spoilt, planted = plant(series.counts, median, held_out, seed)
        faults += planted
        alarms = {"ours": are_alarms(scores_of(_statistics(series, spoilt)[0], limits)[0])}
        for name, rival in _rivals(spoilt).items():
            alarms[name] = rival / 3.0 > levels[name]
            alarms[f"{name}_at_one_a_month"] = rival / 3.0 > levels[f"{name}_at_one_a_month"]
        for name, flags in alarms.items():
            hits[name] += [bool(flags[f.hour : f.hour + f.lasts_h + _GRACE_H, f.place].any()) for f in planted]
    result: dict[str, Any] = {
        name: _row(faults, hits[name], int(false[name].sum()) / months, levels[name]) for name in ratios
    }
    ours = result["ours"]
    ours["false_a_month_by_counter"] = {
        place: round(float(count) / (months / len(series.places)), 2)
        for place, count in zip(series.places, false["ours"], strict=True)
    }
    result |= {
        "found": ours["found"],
        "found_busy": ours["found_by_traffic"]["100_and_more"],
        "false_a_month": ours["false_a_month"],
        "faults": len(faults),
        "counter_months": round(float(months), 1),
        "seeds": seeds,
        "goal": {"found": GOAL_FOUND, "false_a_month": GOAL_FALSE},
    }
    return result


def _statistics(series: CountedDays, counts: Floats) -> tuple[dict[str, Floats], Floats]:
    median = foretell_days(counts, series.calendar).median
    return statistics_of(residuals_of(counts, median, series.calendar)), median


def plant(counts: Floats, median: Floats, held_out: int, seed: int) -> tuple[Floats, list[Fault]]:
    """Return a spoilt copy and what was planted, about one fault a counter in ten days, at any hour.

    Args:
        counts: shape (days, slots, counters).
        median: what was foretold of them, to tell busy hours from quiet ones.
        held_out: the first hour that may be spoilt.
        seed: the same gives the same faults.
    """
    chance = np.random.default_rng(seed)
    flat = counts.reshape(-1, counts.shape[2])
    told = median.reshape(flat.shape)
    spoilt, faults = flat.copy(), []
    for place in range(flat.shape[1]):
        hour = held_out + 1 + int(chance.integers(_MEAN_GAP_H))
        while hour < len(flat) - 12:
            kind = str(chance.choice(list(KINDS)))
            span = slice(hour, hour + KINDS[kind])
            whole = ~np.isnan(flat[hour - 1 : span.stop, place]).any() and ~np.isnan(told[span, place]).any()
            made = {"half": np.round(flat[span, place] / 2.0), "double": 2.0 * flat[span, place]}.get(kind)
            if made is None:
                made = np.full(KINDS[kind], flat[hour - 1, place] if kind == "stuck" else 0.0)
            # What changes nothing is no fault: an hour without anybody cannot fall silent.
            if whole and not np.array_equal(made, flat[span, place]):
                spoilt[span, place] = made
                faults.append(Fault(kind, place, hour, KINDS[kind], float(told[span, place].mean())))
            hour += _MEAN_GAP_H // 2 + int(chance.integers(_MEAN_GAP_H))
    return spoilt.reshape(counts.shape), faults


def episodes(alarms: Flags) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
    """Return shape (counters,), how many alarms there are when those less than six hours apart are one."""
    found = np.zeros(alarms.shape[1], dtype=np.int64)
    for place in range(alarms.shape[1]):
        hours = np.flatnonzero(alarms[:, place])
        found[place] = 0 if len(hours) == 0 else 1 + int((np.diff(hours) > _APART_H).sum())
    return found


def _rivals(counts: Floats) -> dict[str, Floats]:
    """Return by how many deviations each hour is off the same hour of the week in the half year before."""
    days, slots, places = counts.shape
    sigma, robust = np.zeros_like(counts), np.zeros_like(counts)
    for day in range(8 * 7, days):
        past = counts[max(day % 7, day - 7 * _RIVAL_WEEKS) : day : 7]
        now = counts[day]
        usable = (~np.isnan(past)).sum(axis=0) >= 8
        if not usable.any():
            continue
        past = np.where(usable, past, 0.0)
        sigma[day] = np.where(
            usable, np.abs(now - np.nanmean(past, axis=0)) / np.maximum(np.nanstd(past, axis=0), 1), 0
        )
        middle = np.nanmedian(past, axis=0)
        wide = 1.4826 * np.nanmedian(np.abs(past - middle), axis=0)
        robust[day] = np.where(usable, np.abs(now - middle) / np.maximum(wide, 1.0), 0.0)
    flat = (days * slots, places)
    return {"three_sigma": np.nan_to_num(sigma).reshape(flat), "robust_z": np.nan_to_num(robust).reshape(flat)}


def _level_for(ratios: Floats, months: float) -> float:
    """Return the factor on a rival's limit that gives it one false alarm a counter and month on the held-out time."""
    low, high = 0.5, 50.0
    for _ in range(25):
        middle = float(np.sqrt(low * high))
        if episodes(ratios > middle).sum() / months > GOAL_FALSE:
            low = middle
        else:
            high = middle
    return high


def _row(faults: list[Fault], hits: list[bool], false: float, level: float) -> dict[str, Any]:
    def share(kept: list[bool]) -> float | None:
        return round(sum(kept) / len(kept), 4) if kept else None

    def of(kind: str, traffic: str) -> list[bool]:
        return [
            hit
            for fault, hit in zip(faults, hits, strict=True)
            if kind in ("", fault.kind) and traffic in ("", fault.traffic)
        ]

    return {
        "found": share(hits),
        "false_a_month": round(float(false), 3),
        "limit_factor": round(level, 3),
        "found_by_kind": {kind: share(of(kind, "")) for kind in KINDS},
        "found_by_traffic": {name: share(of("", name)) for _, name in _TRAFFIC},
        "found_busy_by_kind": {kind: share(of(kind, "100_and_more")) for kind in KINDS},
        "faults_by_traffic": {name: len(of("", name)) for _, name in _TRAFFIC},
    }


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
