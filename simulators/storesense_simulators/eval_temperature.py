"""`storesense eval temperature`: what compensation makes of a scale's drift, on weeks that it was not fitted to."""

import argparse
import csv
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from storesense_edge.shelf.csv_lines import numbered_rows
from storesense_edge.shelf.drift import DriftTracker
from storesense_edge.shelf.errors import RowError
from storesense_edge.shelf.level import RestLevel
from storesense_edge.shelf.step_settings import StepSettings
from storesense_edge.shelf.temperature import TemperatureCompensation

_BIN_S = 900.0
# A quarter of an hour's median that moves by more than this many usual moves is goods or hands, not drift.
_TOUCH_MOVES = 6.0
_LEAST_TOUCH_G = 12.0
_LEAST_BINS = 8
_WEEK_S = 7 * 86_400.0
_CHAIN_G_PER_H = 2.0
_BOUND_TAUS_S = tuple(hours * 3600.0 for hours in (1, 3, 8, 24))


@dataclass(frozen=True, slots=True)
class Look:
    """A quarter of an hour of an untouched scale: its middle, the median weight and temperature, and its readings."""

    at_s: float
    level_g: float
    temperature_c: float
    readings: tuple[tuple[float, float], ...] = ()


def read_looks(path: Path, args: argparse.Namespace) -> list[Look]:
    """Read a scale's rows as medians over quarters of an hour, leaving out what is no number.

    Raises:
        FileError: the file cannot be read.
        RowError: a column is missing, or no row can be used.
    """
    rows = numbered_rows(path)
    _, header = next(rows, (1, []))
    places = []
    for name in (args.time_column, args.weight_column, args.temperature_column):
        if name not in header:
            raise RowError(path=path, line=1, expected=f"a column named {name}", found=",".join(header))
        places.append(header.index(name))
    bins: dict[int, list[tuple[float, float, float]]] = {}
    for _, cells in rows:
        try:
            at = datetime.strptime(cells[places[0]], args.time_format)  # noqa: DTZ007 - made aware below
            weight_g, temperature_c = float(cells[places[1]]) * 1000, float(cells[places[2]])
        except (ValueError, IndexError):
            continue
        if math.isfinite(weight_g) and math.isfinite(temperature_c):
            at_s = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
            bins.setdefault(int(at_s // _BIN_S), []).append((at_s, weight_g, temperature_c))
    if not bins:
        raise RowError(path=path, line=1, expected="rows with a time, a weight and a temperature", found="none")
    looks = []
    for key in sorted(bins):
        at_s, level_g, temperature_c = (median(values) for values in zip(*bins[key], strict=True))
        looks.append(Look(at_s, level_g, temperature_c, tuple((each[0], each[1]) for each in sorted(bins[key]))))
    return looks


def rests_of(looks: Sequence[Look]) -> list[list[Look]]:
    """Cut where somebody touched the scale or it was silent; rests shorter than two hours are left out."""
    moves_g = [abs(b.level_g - a.level_g) for a, b in pairwise(looks)]
    limit_g = max(_LEAST_TOUCH_G, _TOUCH_MOVES * median(moves_g)) if moves_g else _LEAST_TOUCH_G
    rests: list[list[Look]] = []
    for look in looks:
        before = rests[-1][-1] if rests else None
        if before is None or abs(look.level_g - before.level_g) > limit_g or look.at_s - before.at_s > 3 * _BIN_S:
            rests.append([])
        rests[-1].append(look)
    return [rest for rest in rests if len(rest) >= _LEAST_BINS]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """One week that was not fitted.

    Attributes:
        week: which, from 0.
        raw_g: how far untouched levels wander about the mean of their rest (standard deviation).
        compensated_g: the same with the temperature slope that the other weeks taught.
        chain_g: the same with the slope, the averaging at rest and the drift tracking of the shipped chain.
        bound_g: what would be left by the best linear model of temperature, filtered with time constants of 0 to 24
            hours all at once, fitted to these very weeks afterwards: no compensation by temperature does better.
        noise_g: what neighbouring quarters of an hour differ by at random, which no temperature explains.
        g_per_c: the slope in use; 0 where the other weeks did not prove one.
        learned_g_per_c: the slope that they showed, proven or not.
    """

    week: int
    raw_g: float
    compensated_g: float
    chain_g: float
    bound_g: float
    noise_g: float
    g_per_c: float
    learned_g_per_c: float


def hold_out_weeks(looks: Sequence[Look]) -> list[HeldOut]:
    """Judge each week by what all the others teach; a week is seven days from the first look."""
    rests = rests_of(looks)
    first_s = looks[0].at_s
    weeks = sorted({int((rest[0].at_s - first_s) // _WEEK_S) for rest in rests})
    results = []
    for week in weeks:
        fitted = [rest for rest in rests if int((rest[0].at_s - first_s) // _WEEK_S) != week]
        held_out = [rest for rest in rests if int((rest[0].at_s - first_s) // _WEEK_S) == week]
        if not fitted:
            continue
        compensation = TemperatureCompensation()
        for rest in fitted:
            for look in rest:
                compensation.push(look.at_s, look.level_g, look.temperature_c, look.at_s - rest[0].at_s)
        raw = [[look.level_g for look in rest] for rest in held_out]
        slope = compensation.g_per_c
        plain = [[look.level_g - slope * look.temperature_c for look in rest] for rest in held_out]
        chain = [_tracked(rest, slope) for rest in held_out]
        results.append(
            HeldOut(
                week,
                raw_g=_wander_g(raw),
                compensated_g=_wander_g(plain),
                chain_g=_wander_g(chain),
                bound_g=_bound_g(held_out),
                noise_g=_noise_g(raw),
                g_per_c=slope,
                learned_g_per_c=compensation.learned_g_per_c,
            )
        )
    return results


def _tracked(rest: Sequence[Look], slope_g_per_c: float) -> list[float]:
    """A rest as the chain tells it: averaged, temperature off, drift tracked as fast as the chain believes in it."""
    drift = DriftTracker(_CHAIN_G_PER_H, math.inf)
    level = RestLevel(StepSettings().memory_s)
    level.start(rest[0].at_s, rest[0].level_g, _BIN_S)
    told_g = []
    for look in rest:
        within_g = []
        for at_s, weight_g in look.readings:
            # The chain's impulse filter has taken wild readings off before.
            level.push(at_s, min(max(weight_g, look.level_g - _LEAST_TOUCH_G), look.level_g + _LEAST_TOUCH_G))
            level_g = level.level_g - slope_g_per_c * look.temperature_c
            within_g.append(level_g - drift.push(at_s, level_g, at_s - rest[0].at_s))
        told_g.append(median(within_g))
    return told_g


def _bound_g(rests: Sequence[Sequence[Look]]) -> float:
    """What the best model of temperature and its past leaves on the very rests that it is fitted to."""
    levels: list[npt.NDArray[np.float64]] = []
    features: list[npt.NDArray[np.float64]] = []
    for rest in rests:
        columns = [[look.temperature_c for look in rest]]
        for tau_s in _BOUND_TAUS_S:
            filtered = [rest[0].temperature_c]
            for before, look in pairwise(rest):
                share = -math.expm1(-(look.at_s - before.at_s) / tau_s)
                filtered.append(filtered[-1] + (look.temperature_c - filtered[-1]) * share)
            columns.append(filtered)
        feature = np.array(columns).T
        level_g = np.array([look.level_g for look in rest])
        features.append(feature - feature.mean(axis=0))
        levels.append(level_g - level_g.mean())
    x, y = np.concatenate(features), np.concatenate(levels)
    fitted = x @ np.linalg.lstsq(x, y, rcond=None)[0]
    return float(np.sqrt(np.mean((y - fitted) ** 2)))


def _noise_g(rests: Sequence[Sequence[float]]) -> float:
    """Standard deviation of one quarter of an hour by itself, from how far neighbours differ."""
    moves_g = [b - a for levels_g in rests for a, b in pairwise(levels_g)]
    return math.sqrt(sum(move_g**2 for move_g in moves_g) / len(moves_g) / 2) if moves_g else 0.0


def _wander_g(rests: Sequence[Sequence[float]]) -> float:
    squares, count = 0.0, 0
    for levels_g in rests:
        mean_g = sum(levels_g) / len(levels_g)
        squares += sum((level_g - mean_g) ** 2 for level_g in levels_g)
        count += len(levels_g)
    return math.sqrt(squares / count) if count else 0.0


def run_eval_temperature(args: argparse.Namespace) -> int:
    """Evaluate the file that the arguments name and print what was found.

    Raises:
        ShelfError: the file or a column is not usable.
    """
    weeks = hold_out_weeks(read_looks(args.file, args))
    out = csv.writer(sys.stdout, delimiter="\t", lineterminator="\n")
    out.writerow(["week", "raw g", "compensated g", "whole chain g", "bound g", "noise g", "g per C", "learned"])
    for each in weeks:
        figures = (
            each.raw_g,
            each.compensated_g,
            each.chain_g,
            each.bound_g,
            each.noise_g,
            each.g_per_c,
            each.learned_g_per_c,
        )
        out.writerow([each.week, *(f"{value:.2f}" for value in figures)])
    if args.json:
        sys.stdout.write(json.dumps(_as_json(weeks), allow_nan=False) + "\n")
    return 0


def _as_json(weeks: Sequence[HeldOut]) -> dict[str, Any]:
    raw_g = math.sqrt(sum(each.raw_g**2 for each in weeks) / len(weeks)) if weeks else None
    figures: dict[str, Any] = {
        "weeks": [
            {
                "held_out_week": each.week,
                "raw_g": round(each.raw_g, 3),
                "compensated_g": round(each.compensated_g, 3),
                "chain_g": round(each.chain_g, 3),
                "bound_g": round(each.bound_g, 3),
                "noise_g": round(each.noise_g, 3),
                "g_per_c": round(each.g_per_c, 3),
                "learned_g_per_c": round(each.learned_g_per_c, 3),
            }
            for each in weeks
        ]
    }
    if raw_g:
        for name in ("compensated_g", "chain_g", "bound_g", "noise_g"):
            left_g = math.sqrt(sum(getattr(each, name) ** 2 for each in weeks) / len(weeks))
            figures[f"{name.removesuffix('_g')}_share"] = round(left_g / raw_g, 3)
    return figures
