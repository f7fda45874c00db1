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

from storesense_edge.shelf.csv_lines import numbered_rows
from storesense_edge.shelf.drift import DriftTracker
from storesense_edge.shelf.errors import RowError
from storesense_edge.shelf.temperature import TemperatureCompensation

_BIN_S = 900.0
# A quarter of an hour's median that moves by more than this many usual moves is goods or hands, not drift.
_TOUCH_MOVES = 6.0
_LEAST_TOUCH_G = 12.0
_LEAST_BINS = 8
_WEEK_S = 7 * 86_400.0
_CHAIN_G_PER_H = 2.0


@dataclass(frozen=True, slots=True)
class Look:
    """A quarter of an hour of an untouched scale: its middle, the median weight and the median temperature."""

    at_s: float
    level_g: float
    temperature_c: float


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
    return [Look(*(median(values) for values in zip(*bins[key], strict=True))) for key in sorted(bins)]


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
        chain_g: the same with the slope and the drift tracking of the shipped chain.
        g_per_c: the slope in use; 0 where the other weeks did not prove one.
        learned_g_per_c: the slope that they showed, proven or not.
    """

    week: int
    raw_g: float
    compensated_g: float
    chain_g: float
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
            HeldOut(week, _wander_g(raw), _wander_g(plain), _wander_g(chain), slope, compensation.learned_g_per_c)
        )
    return results


def _tracked(rest: Sequence[Look], slope_g_per_c: float) -> list[float]:
    """A rest as the chain tells it: temperature off, and drift tracked as fast as the chain believes in it."""
    drift = DriftTracker(_CHAIN_G_PER_H, math.inf)
    told_g = []
    for look in rest:
        level_g = look.level_g - slope_g_per_c * look.temperature_c
        told_g.append(level_g - drift.push(look.at_s, level_g, look.at_s - rest[0].at_s))
    return told_g


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
    out.writerow(["week", "raw g", "compensated g", "whole chain g", "g per C in use", "learned g per C"])
    for each in weeks:
        figures = (each.raw_g, each.compensated_g, each.chain_g, each.g_per_c, each.learned_g_per_c)
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
                "g_per_c": round(each.g_per_c, 3),
                "learned_g_per_c": round(each.learned_g_per_c, 3),
            }
            for each in weeks
        ]
    }
    if raw_g:
        for name in ("compensated_g", "chain_g"):
            left_g = math.sqrt(sum(getattr(each, name) ** 2 for each in weeks) / len(weeks))
            figures[f"{name.removesuffix('_g')}_share"] = round(left_g / raw_g, 3)
    return figures
