"""The store, its recorded days and what was learnt of them, and processes in which days are lived under a policy."""

import dataclasses
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np

from storesense_backend.staffing.advice import AdvicePolicy
from storesense_backend.staffing.history import PastDay, StoreModel
from storesense_simulators.staffing_advised import Advised, SensorNoise, live_and_keep
from storesense_simulators.staffing_days import TillDay
from storesense_simulators.staffing_rivals import FixedPlan, Threshold
from storesense_simulators.staffing_shop import LanePolicy, TillOutcome, TillShop
from storesense_simulators.staffing_tills import TillRun
from storesense_simulators.twin.hours import open_minutes
from storesense_simulators.twin.load_shop import load_shop
from storesense_simulators.twin.shop import Shop

PROCESSES = 2
HORIZONS_MIN = (15, 30)

_ASK_EVERY_MIN = 5


@dataclass(frozen=True, slots=True)
class Spec:
    """A policy with its numbers, so that another process can make it.

    Attributes:
        name: ``fixed``, ``threshold``, ``advice``, or ``foreknowing``: the advice that is told who will come.
        numbers: of the policy.
    """

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
            knows_arrivals=spec.name == "foreknowing",
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
            for horizon in HORIZONS_MIN
            if minute in forecasts
        ]

    def _advice(self, price: float) -> AdvicePolicy:
        shipped = AdvicePolicy()
        return dataclasses.replace(shipped, costs=dataclasses.replace(shipped.costs, lane=price), lead_s=self.lead_s)


class Workers:
    """Processes that live days.

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


@contextmanager
def start_workers(store: str, bench: Bench) -> Iterator[Workers]:
    """Start processes with what a bench knows, and stop them in the end.

    Args:
        store: name or file, as the processes load it.
        bench: with its model learnt.
    """
    start = (store, bench.days, bench.lead_s, bench.missed_share, bench.model)
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn"), initializer=_start, initargs=start) as pool:
        yield Workers(pool)
