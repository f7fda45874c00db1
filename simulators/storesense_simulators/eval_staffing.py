"""``storesense eval staffing``: the advice against the best hourly plan and the best threshold, on the same days.

Both rivals are the best that a search on training days finds. The lane hours are those of the best threshold that
closes a lane at once; the rival is the best of all thresholds, whatever their hold, that use no more. The advice learns
from the same training days, and its one free number, what a lane is worth, is set there so that it uses no more lane
hours than the threshold. The plan then gets the lane hours that the advice used. None of the three sees the test days
before.
"""

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import count, islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from storesense_backend.staffing.advice import AdvicePolicy
from storesense_backend.staffing.history import PastDay, StoreModel, learn_store
from storesense_simulators.staffing_advised import Advised, SensorNoise, live_and_keep
from storesense_simulators.staffing_days import TillDay, day_mark, load_day, record_day, save_day
from storesense_simulators.staffing_rivals import FixedPlan, Threshold
from storesense_simulators.staffing_tills import LanePolicy, TillOutcome, TillRun, TillShop
from storesense_simulators.twin.hours import open_minutes
from storesense_simulators.twin.load_shop import load_shop
from storesense_simulators.twin.run_commands import began_at
from storesense_simulators.twin.shop import Shop

TRAINING_SEEDS_FROM = 1_001
OPEN_AT = (2, 3, 4, 5, 6)
CLOSE_AT = (0, 1, 2)
HOLDS_S = (0.0, 15.0, 30.0, 60.0, 120.0)

_AFTER_CLOSING_MIN = 45
_PRICES = (0.4, 12.0)
_PRICE_TRIES = 8
_LANE_MARGIN = 0.985
_PLAN_TRIES = 120
_PROCESSES = 2
_HORIZONS_MIN = (15, 30)
_ASK_EVERY_MIN = 5


@dataclass(frozen=True, slots=True)
class Spec:
    """One of the three policies with its numbers, so that another process can make it."""

    name: str
    numbers: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """What was foretold of arrivals at the tills, and what came.

    Attributes:
        horizon_min: how far ahead.
        mean: foretold.
        low: 10 % quantile.
        high: 90 % quantile.
        came: people who joined their first queue.
    """

    horizon_min: int
    mean: float
    low: float
    high: float
    came: int


class Bench:
    """The store, its recorded days and what was learnt, in this process.

    Args:
        shop: the store.
        days: recorded.
        lead_s: from asking for a lane to its being staffed.
        missed_share: what sensors miss.
    """

    def __init__(self, shop: Shop, days: Sequence[TillDay], *, lead_s: float, missed_share: float) -> None:
        self.tills = TillShop(shop, lead_ms=round(lead_s * 1_000))
        self.days = days
        self.missed_share = missed_share
        self.lead_s = lead_s
        self.open_minutes = open_minutes(shop.hours, days[0].began_at.weekday())
        self.model: StoreModel | None = None
        self._self_queues = frozenset(queue_id for queue_id, is_self in self.tills.is_self.items() if is_self)

    @property
    def schedule(self) -> tuple[int, ...]:
        """Lanes by hour as the store's own schedule has them."""
        began_at = self.days[0].began_at
        lanes = self.tills.shop.staff.lanes_open[began_at.weekday()]
        hours = range(began_at.hour, began_at.hour + -(-self.open_minutes // 60))
        return tuple(max(1, lanes[hour % 24]) for hour in hours)

    def policy(self, spec: Spec, day: TillDay) -> LanePolicy:
        """Make a policy for a day."""
        if spec.name == "fixed":
            return FixedPlan(tuple(int(lanes) for lanes in spec.numbers), self.tills.lead_ms)
        if spec.name == "threshold":
            open_at, close_at, open_after_s, close_after_s = spec.numbers
            return Threshold(open_at, close_at, int(open_after_s), int(close_after_s), self._self_queues)
        if self.model is None:
            raise RuntimeError("advice is asked for before anything was learnt")
        return Advised(
            self.tills,
            day,
            self.model,
            self._advice(spec.numbers[0]),
            open_minutes=self.open_minutes,
            noise=SensorNoise(day.seed, self.missed_share),
        )

    def play(self, spec: Spec, index: int) -> TillOutcome:
        """Live a day."""
        day = self.days[index]
        return TillRun(self.tills, day, self.policy(spec, day)).run()

    def keep(self, index: int) -> PastDay:
        """Live a day by the store's schedule and return what its sensors told."""
        policy = FixedPlan(self.schedule, self.tills.lead_ms)
        return live_and_keep(self.tills, self.days[index], policy, missed_share=self.missed_share)

    def foretell(self, price: float, index: int) -> list[Question]:
        """Live a day with the advice and return what was foretold every five minutes, and what came."""
        day = self.days[index]
        policy = self.policy(Spec("advice", (price,)), day)
        outcome = TillRun(self.tills, day, policy).run()
        came = np.bincount(np.array(outcome.joined_ms) // 60_000, minlength=self.open_minutes + 60)
        forecasts = policy.forecasts if isinstance(policy, Advised) else {}
        return [
            Question(horizon, *forecasts[minute].total(horizon), int(came[minute : minute + horizon].sum()))
            for minute in range(_ASK_EVERY_MIN * 3, self.open_minutes, _ASK_EVERY_MIN)
            for horizon in _HORIZONS_MIN
            if minute in forecasts
        ]

    def _advice(self, price: float) -> AdvicePolicy:
        shipped = AdvicePolicy()
        return dataclasses.replace(shipped, costs=dataclasses.replace(shipped.costs, lane=price), lead_s=self.lead_s)


class Workers:
    """Two processes that live days.

    Args:
        pool: whose processes have each begun with a bench.
    """

    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def play(self, spec: Spec, indices: Sequence[int]) -> list[TillOutcome]:
        """Live days under a policy."""
        return list(self._pool.map(_play, [spec] * len(indices), indices))

    def play_all(self, specs: Sequence[Spec], indices: Sequence[int]) -> list[list[TillOutcome]]:
        """Live days under each of some policies."""
        told = list(self._pool.map(_play, [s for s in specs for _ in indices], [i for _ in specs for i in indices]))
        return [told[n * len(indices) : (n + 1) * len(indices)] for n in range(len(specs))]

    def foretell(self, price: float, indices: Sequence[int]) -> list[Question]:
        """Ask for forecasts on days."""
        return [q for found in self._pool.map(_foretell, [price] * len(indices), indices) for q in found]


_bench: list[Bench] = []
"""The one of this worker process."""


def _start(
    store: str, days: Sequence[TillDay], lead_s: float, missed_share: float, model: StoreModel | None
) -> None:  # pragma: no cover -- runs in another process
    bench = Bench(load_shop(store), days, lead_s=lead_s, missed_share=missed_share)
    bench.model = model
    _bench[:] = [bench]


def _play(spec: Spec, index: int) -> TillOutcome:  # pragma: no cover
    return _bench[0].play(spec, index)


def _foretell(price: float, index: int) -> list[Question]:  # pragma: no cover
    return _bench[0].foretell(price, index)


def _record(store: str, seed: int, began: Any, lasts_ms: int, path: Path) -> TillDay:  # pragma: no cover
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
    start = (args.store, days, args.lead, args.missed, bench.model)
    with ProcessPoolExecutor(_PROCESSES, mp_context=get_context("spawn"), initializer=_start, initargs=start) as pool:
        workers = Workers(pool)
        threshold = best_threshold(workers, train_at, holds_s=HOLDS_S if args.hold is None else (args.hold,))
        _tell(f"best threshold on the training days: {describe(threshold[0])}, {threshold[2]:.1f} lane hours a day")
        price, lane_h = price_for(workers, train_at, threshold[2] * _LANE_MARGIN)
        _tell(f"a lane is worth {price:.2f} people waiting, {lane_h:.1f} lane hours a day")
        plan = best_plan(
            workers, train_at, lane_h, hours=len(bench.schedule) + 1, most_lanes=bench.model.pool.most_lanes
        )
        _tell(f"best hourly plan on the training days: {describe(plan)}")
        specs = {"fixed": plan, "threshold": threshold[0], "advice": Spec("advice", (price,))}
        told = dict(zip(specs, workers.play_all(list(specs.values()), test_at), strict=True))
        questions = workers.foretell(price, test_at)
    result = {
        "policy": {
            name: figures(outcomes, args.target) | {"setting": describe(specs[name])} for name, outcomes in told.items()
        },
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
        _tell(f"{name:9}  {waits}, {row['lane_hours']:5.2f} lane hours")
    if args.json:
        sys.stdout.write(json.dumps(result) + "\n")
    return 0


def record_all(store: str, shop: Shop, began: Any, seeds: Sequence[int], *, folder: Path) -> list[TillDay]:
    """Return each seed's day, from the cache or by a run of the whole twin."""
    lasts_ms = (open_minutes(shop.hours, began.weekday()) + _AFTER_CLOSING_MIN) * 60_000
    paths = {
        seed: folder / f"{shop.store_id}-{seed}-{day_mark(shop, seed=seed, began_at=began, lasts_ms=lasts_ms)}.json"
        for seed in seeds
    }
    days = {seed: day for seed, path in paths.items() if (day := load_day(path)) is not None}
    missing = [seed for seed in seeds if seed not in days]
    if missing:
        _tell(f"recording {len(missing)} days of the twin, about a minute of processor time each, once")
        with ProcessPoolExecutor(_PROCESSES, mp_context=get_context("spawn")) as pool:
            made = [pool.submit(_record, store, seed, began, lasts_ms, paths[seed]) for seed in missing]
            for number, (seed, made_day) in enumerate(zip(missing, made, strict=True), start=1):
                days[seed] = made_day.result()
                _tell(f"recorded seed {seed} ({number} of {len(missing)})")
    return [days[seed] for seed in seeds]


def mean_wait_s(outcomes: Sequence[TillOutcome]) -> float:
    """Return the mean wait over all days' people."""
    return sum(sum(o.waits_ms) for o in outcomes) / max(1, sum(len(o.waits_ms) for o in outcomes)) / 1_000


def mean_lane_h(outcomes: Sequence[TillOutcome]) -> float:
    """Return the lane hours a day."""
    return sum(o.lane_h for o in outcomes) / len(outcomes)


def best_threshold(workers: Workers, indices: Sequence[int], *, holds_s: Sequence[float]) -> tuple[Spec, float, float]:
    """Return the best threshold on the training days, its mean wait and its lane hours.

    The level of lane hours is that of the threshold with the lowest mean wait among those with the first hold. The best
    is whichever has the lowest mean wait of all that use no more lane hours than that, whatever its hold.

    Args:
        workers: to live days.
        indices: of the training days.
        holds_s: how long so few must wait before a lane closes; the first sets the level.
    """
    specs = [
        Spec("threshold", (open_at, close_at, 0, hold_s))
        for hold_s in holds_s
        for open_at in OPEN_AT
        for close_at in CLOSE_AT
        if close_at < open_at
    ]
    played = workers.play_all(specs, indices)
    waits_s, used_h = [mean_wait_s(outcomes) for outcomes in played], [mean_lane_h(outcomes) for outcomes in played]
    first = [n for n, spec in enumerate(specs) if spec.numbers[3] == holds_s[0]]
    level_h = used_h[min(first, key=lambda n: waits_s[n])]
    best = min((n for n in range(len(specs)) if used_h[n] <= level_h), key=lambda n: waits_s[n])
    return specs[best], waits_s[best], used_h[best]


def price_for(workers: Workers, indices: Sequence[int], lane_h: float) -> tuple[float, float]:
    """Return what a lane must be worth for the advice to use at most so many lane hours, and those it uses."""
    low, high = _PRICES
    found = (high, mean_lane_h(workers.play(Spec("advice", (high,)), indices)))
    for _ in range(_PRICE_TRIES):
        middle = float(np.sqrt(low * high))
        used_h = mean_lane_h(workers.play(Spec("advice", (middle,)), indices))
        if used_h <= lane_h:
            high, found = middle, (middle, used_h)
        else:
            low = middle
    return found


def best_plan(workers: Workers, indices: Sequence[int], lane_h: float, *, hours: int, most_lanes: int) -> Spec:
    """Return the hourly plan with the lowest mean wait at these lane hours on the training days.

    It begins with the plan that takes one more lane where one more saves most, by what each number of lanes all day
    came to, and goes on by exchanging a lane between two hours, or adding one, as long as that shortens waits.
    """
    flat = workers.play_all([Spec("fixed", (lanes,) * hours) for lanes in range(1, most_lanes + 1)], indices)
    waits = np.array([_waits_by_hour(outcomes, hours) for outcomes in flat])
    plan = np.ones(hours, dtype=np.int64)
    while plan.sum() < round(lane_h) + 1:
        gain = [waits[n - 1][h] - waits[n][h] if (n := int(plan[h])) < most_lanes else -np.inf for h in range(hours)]
        plan[int(np.argmax(gain))] += 1
    tried: dict[tuple[float, ...], tuple[float, float]] = {}

    def cost(candidate: tuple[float, ...]) -> float:
        if candidate not in tried:
            outcomes = workers.play(Spec("fixed", candidate), indices)
            tried[candidate] = (mean_wait_s(outcomes), mean_lane_h(outcomes))
        wait_s, used_h = tried[candidate]
        return wait_s + 100.0 * max(0.0, used_h - 1.03 * lane_h)

    best = tuple(float(lanes) for lanes in plan)
    while len(tried) < _PLAN_TRIES:
        better = next(
            (c for c in _neighbours(best, most_lanes) if len(tried) < _PLAN_TRIES and cost(c) < cost(best)), None
        )
        if better is None:
            break
        best = better
    return Spec("fixed", best)


def _neighbours(plan: tuple[float, ...], most_lanes: int) -> Iterator[tuple[float, ...]]:
    for up in range(len(plan)):
        for down in [None, *range(len(plan))]:
            changed = list(plan)
            changed[up] += 1
            if down is not None:
                changed[down] -= 1
            if up != down and changed[up] <= most_lanes and min(changed) >= 1:
                yield tuple(changed)
    for down in range(len(plan)):
        if plan[down] > 1:
            yield tuple(lanes - (hour == down) for hour, lanes in enumerate(plan))


def _waits_by_hour(outcomes: Sequence[TillOutcome], hours: int) -> list[float]:
    sums = [0.0] * hours
    for outcome in outcomes:
        for joined_ms, wait_ms in zip(sorted(outcome.joined_ms), outcome.waits_ms, strict=False):
            sums[min(hours - 1, joined_ms // 3_600_000)] += wait_ms
    return sums


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
    for horizon in _HORIZONS_MIN:
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


def _tell(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
