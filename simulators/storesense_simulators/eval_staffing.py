"""``storesense eval staffing``: the advice against the best hourly plan and the best threshold, on the same days.

Both rivals are the best that a search on training days finds. The lane hours are those of the best threshold that
closes a lane at once; the rival is the best of all thresholds, whatever their hold, that use no more. The advice learns
from the same training days, and its one free number, what a lane is worth, is set there so that it uses no more lane
hours than the threshold. The plan then gets the lane hours that the advice used. None of the three sees the test days
before.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from itertools import count, islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from storesense_backend.staffing.history import learn_store
from storesense_simulators.staffing_bench import HORIZONS_MIN, PROCESSES, Bench, Question, Spec, start_workers
from storesense_simulators.staffing_days import TillDay, day_mark, load_day, record_day, save_day
from storesense_simulators.staffing_search import (
    HOLDS_S,
    best_plan,
    best_threshold,
    mean_lane_h,
    mean_wait_s,
    price_for,
    tell,
)
from storesense_simulators.staffing_shop import TillOutcome
from storesense_simulators.twin.hours import open_minutes
from storesense_simulators.twin.load_shop import load_shop
from storesense_simulators.twin.run_commands import began_at
from storesense_simulators.twin.shop import Shop

TRAINING_SEEDS_FROM = 1_001

_AFTER_CLOSING_MIN = 45
_LANE_MARGIN = 0.993
"""The advice aims at so much of the threshold's lane hours, because test days are not the training days."""


def _record(store: str, seed: int, began: datetime, lasts_ms: int, path: Path) -> TillDay:  # pragma: no cover
    day = record_day(load_shop(store), seed=seed, began_at=began, lasts_ms=lasts_ms)
    save_day(path, day)
    return day


def run_eval_staffing(args: argparse.Namespace) -> int:
    """Search, compare and print."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # for the workers: their matrices are too small to share out
    shop = load_shop(args.store)
    began = began_at(shop, args.begin)
    test = list(range(args.seed, args.seed + args.seeds))
    training = list(islice((seed for seed in count(TRAINING_SEEDS_FROM) if seed not in test), args.train))
    days = record_all(args.store, shop, began, [*training, *test], folder=args.cache)
    train_at, test_at = list(range(len(training))), list(range(len(training), len(days)))
    bench = Bench(shop, days, lead_s=args.lead, missed_share=args.missed)
    bench.model = learn_store(
        [bench.keep(index) for index in train_at], most_lanes=len(bench.tills.staffed), step_s=args.lead
    )
    tell(f"learnt the store from {len(training)} training days")
    with start_workers(args.store, bench) as workers:
        threshold = best_threshold(workers, train_at, holds_s=HOLDS_S if args.hold is None else (args.hold,))
        tell(f"best threshold on the training days: {describe(threshold[0])}, {threshold[2]:.1f} lane hours a day")
        price, lane_h = price_for(workers, train_at, threshold[2] * _LANE_MARGIN)
        tell(f"a lane is worth {price:.2f} people waiting, {lane_h:.1f} lane hours a day")
        foreknowing, _ = price_for(workers, train_at, threshold[2] * _LANE_MARGIN, name="foreknowing")
        plan = best_plan(
            workers, train_at, lane_h, hours=len(bench.schedule) + 1, most_lanes=bench.model.pool.most_lanes
        )
        tell(f"best hourly plan on the training days: {describe(plan)}")
        specs = {"fixed": plan, "threshold": threshold[0], "advice": Spec("advice", (price,))}
        tell(f"living {len(test)} test days under each policy")
        told = dict(zip(specs, workers.play_all(list(specs.values()), test_at), strict=True))
        bound = workers.play(Spec("foreknowing", (foreknowing,)), test_at)
        questions = workers.foretell(price, test_at)
    result = {
        "policy": {
            name: figures(outcomes, args.target) | {"setting": describe(specs[name])} for name, outcomes in told.items()
        },
        "foreknowing": figures(bound, args.target) | {"setting": describe(Spec("foreknowing", (foreknowing,)))},
        "forecast": forecast_figures(questions),
        "gain": gains(told),
        "by_seed": by_seed(test, told),
        "store": args.store,
        "test_seeds": test,
        "training_seeds": training,
        "lead_s": args.lead,
        "hold_s": args.hold,
        "target_wait_s": args.target,
        "sensors_miss": args.missed,
    }
    for name, row in result["policy"].items():
        waits = f"{row['mean_wait_s']:6.1f} s mean, {row['p90_wait_s']:6.1f} s p90"
        tell(f"{name:9}  {waits}, {row['lane_hours']:5.2f} lane hours")
    if args.json:
        sys.stdout.write(json.dumps(result) + "\n")
    return 0


def record_all(store: str, shop: Shop, began: datetime, seeds: Sequence[int], *, folder: Path) -> list[TillDay]:
    """Return each seed's day, from the cache or by a run of the whole twin."""
    lasts_ms = (open_minutes(shop.hours, began.weekday()) + _AFTER_CLOSING_MIN) * 60_000
    paths = {
        seed: folder / f"{shop.store_id}-{seed}-{day_mark(shop, seed=seed, began_at=began, lasts_ms=lasts_ms)}.json"
        for seed in seeds
    }
    days = {seed: day for seed, path in paths.items() if (day := load_day(path)) is not None}
    missing = [seed for seed in seeds if seed not in days]
    if missing:
        tell(f"recording {len(missing)} days of the twin, half a minute to a minute of processor time each, once")
        with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
            made = [pool.submit(_record, store, seed, began, lasts_ms, paths[seed]) for seed in missing]
            for number, (seed, made_day) in enumerate(zip(missing, made, strict=True), start=1):
                days[seed] = made_day.result()
                tell(f"recorded seed {seed} ({number} of {len(missing)})")
    return [days[seed] for seed in seeds]


def figures(outcomes: Sequence[TillOutcome], target_s: float) -> dict[str, Any]:
    """Return what a policy came to over all days."""
    waits_s = np.sort(np.concatenate([np.array(o.waits_ms) for o in outcomes])) / 1_000
    reneged, balked = sum(o.reneged for o in outcomes), sum(o.balked for o in outcomes)
    within = int((waits_s <= target_s).sum()) - reneged_within(outcomes, target_s)
    return {
        "mean_wait_s": round(float(waits_s.mean()), 2),
        "p90_wait_s": round(float(np.quantile(waits_s, 0.9)), 1),
        "served_within_target": round(within / (len(waits_s) + balked), 4),
        "abandoned": reneged + balked,
        "lane_hours": round(mean_lane_h(outcomes), 3),
        "openings": round(sum(o.switches for o in outcomes) / len(outcomes), 1),
        "people": len(waits_s) + balked,
    }


def reneged_within(outcomes: Sequence[TillOutcome], target_s: float) -> int:
    """Return how many gave up before the target; they were not served within it."""
    return sum(wait_ms <= target_s * 1_000 for o in outcomes for wait_ms in o.reneged_waits_ms)


def forecast_figures(questions: Sequence[Question]) -> dict[str, float]:
    """Return the forecasts' error as a share of what came, and how often the 80 % interval held."""
    result: dict[str, float] = {}
    for horizon in HORIZONS_MIN:
        own = [q for q in questions if q.horizon_min == horizon]
        result[f"wape_{horizon}"] = round(sum(abs(q.mean - q.came) for q in own) / max(1, sum(q.came for q in own)), 4)
    result["coverage_80"] = round(sum(q.low <= q.came <= q.high for q in questions) / max(1, len(questions)), 4)
    return result


def gains(told: dict[str, list[TillOutcome]]) -> dict[str, float]:
    """Return by how much the advice's mean wait is lower, and its lane hours beside the rivals'."""
    own_s, own_h = mean_wait_s(told["advice"]), mean_lane_h(told["advice"])
    result = {}
    for rival in ("fixed", "threshold"):
        result[f"mean_wait_less_than_{rival}"] = round(1.0 - own_s / mean_wait_s(told[rival]), 4)
        result[f"lane_hours_over_{rival}"] = round(own_h / mean_lane_h(told[rival]), 4)
    return result


def by_seed(seeds: Sequence[int], told: dict[str, list[TillOutcome]]) -> list[dict[str, Any]]:
    """Return each day's mean waits and lane hours."""
    return [
        {"seed": seed}
        | {f"{name}_mean_wait_s": round(mean_wait_s([outcomes[n]]), 2) for name, outcomes in told.items()}
        | {f"{name}_lane_hours": round(outcomes[n].lane_h, 2) for name, outcomes in told.items()}
        for n, seed in enumerate(seeds)
    ]


def describe(spec: Spec) -> str:
    """Return a policy's numbers in words."""
    if spec.name == "fixed":
        return "lanes by hour " + " ".join(f"{lanes:.0f}" for lanes in spec.numbers)
    if spec.name == "threshold":
        open_at, close_at, open_after_s, close_after_s = spec.numbers
        return f"open at {open_at:g} a lane for {open_after_s:g} s, close at {close_at:g} for {close_after_s:g} s"
    return f"a lane is worth {spec.numbers[0]:.3f} people waiting"
