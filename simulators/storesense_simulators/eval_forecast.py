"""``storesense eval forecast``: a day ahead, rolling origin, against last week and the mean of four weeks.

Every day is foretold, slot by slot, from the days before it and nothing else; the shipped forecast learns from the
same days as it goes. A point is scored where it was measured and all three have a forecast, which begins with the fifth
week.
WAPE is the sum of absolute errors over the sum of counts, over all counters of a series.
"""

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from storesense_backend.forecasts.day_ahead import DayAhead, foretell_days
from storesense_backend.forecasts.days import Flags, Floats
from storesense_backend.forecasts.profiles import mean_of_weeks
from storesense_simulators.eval_series import CountedDays, MissingSeriesError, read_csv_days, read_pedestrians

if TYPE_CHECKING:
    from collections.abc import Callable

GOAL = 0.15
_SHARES = (0.1, 0.5, 0.9)


def run_eval_forecast(args: argparse.Namespace) -> int:
    """Evaluate, tell on standard error and, if asked to, print JSON on standard output.

    Raises:
        MissingSeriesError: neither series is there.
    """
    found: dict[str, Any] = {}
    missing = []
    readers: tuple[Callable[[], CountedDays], ...] = (
        lambda: read_pedestrians(args.counter),
        lambda: read_csv_days(args.calit2, name="calit2", country=args.country, subdivision=args.subdivision),
    )
    for read in readers:
        try:
            series = read()
        except MissingSeriesError as exc:
            missing.append(str(exc))
            _tell(f"left out: {exc}")
            continue
        _tell(f"{series.name}: {len(series.places)} counters, {len(series.counts)} days")
        found[series.name] = evaluate(series, foretell_days(series.counts, series.calendar))
        told = found[series.name]
        _tell(
            f"  WAPE {told['wape']:.4f}, last week {told['wape_last_week']:.4f}, four weeks "
            f"{told['wape_four_weeks']:.4f}: {told['gain']:.1%} under the better; "
            f"80 % band holds {told['coverage_80']:.1%}"
        )
    if not found:
        raise MissingSeriesError("; ".join(missing))
    result = {
        "series": found,
        "goal_gain": GOAL,
        "reached": {name: told["gain"] >= GOAL for name, told in found.items()},
    }
    if missing:
        result["missing"] = missing
    if args.json:
        sys.stdout.write(json.dumps(result) + "\n")
    return 0


def evaluate(series: CountedDays, told: DayAhead) -> dict[str, Any]:
    """Return errors over all, by year and by counter."""
    rivals = {"last_week": mean_of_weeks(series.counts, 1), "four_weeks": mean_of_weeks(series.counts, 4)}
    scored = ~np.isnan(series.counts + told.median + rivals["last_week"] + rivals["four_weeks"])
    years = np.array([day.year for day in series.calendar.dates()])
    result = _figures(series.counts, told, rivals, scored)
    result |= {
        "counters": len(series.places),
        "days": len(series.counts),
        "holidays_of": series.zone,
        "by_year": {
            str(year): _figures(series.counts, told, rivals, scored & (years == year)[:, None, None])
            for year in np.unique(years)
            if (scored & (years == year)[:, None, None]).any()
        },
    }
    if len(series.places) > 1:
        numbers = np.arange(len(series.places))
        result["by_counter"] = {
            place: _figures(series.counts, told, rivals, scored & (numbers == number))
            for number, place in enumerate(series.places)
            if (scored & (numbers == number)).any()
        }
    return result


def _figures(counts: Floats, told: DayAhead, rivals: dict[str, Floats], scored: Flags) -> dict[str, Any]:
    came = counts[scored]
    total = max(float(came.sum()), 1.0)
    low, median, high = told.low[scored], told.median[scored], told.high[scored]
    held = (came >= low) & (came <= high)
    rival_wapes = {f"wape_{name}": float(np.abs(rival[scored] - came).sum()) / total for name, rival in rivals.items()}
    wape = float(np.abs(median - came).sum()) / total
    misses = [came - quantile for quantile in (low, median, high)]
    pinball = np.mean(
        [np.maximum(share * miss, (share - 1.0) * miss).mean() for share, miss in zip(_SHARES, misses, strict=True)]
    )
    busy = median >= 5
    figures = {
        "wape": wape,
        **rival_wapes,
        "gain": 1.0 - wape / max(min(rival_wapes.values()), 1e-9),
        "coverage_80": float(held.mean()),
        "coverage_80_busy": float(held[busy].mean()) if busy.any() else None,
        "pinball": float(pinball),
        "points": len(came),
    }
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in figures.items()}


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
