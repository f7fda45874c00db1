"""The advice: lanes now, in 15 and in 30 minutes, what waits to expect with and without, and how sure that is."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from storesense_backend.staffing.arrivals import ArrivalForecast
from storesense_backend.staffing.history import StoreModel
from storesense_backend.staffing.planning import Costs, LanePlan
from storesense_backend.staffing.queueing import PoolModel

Floats = NDArray[np.float64]

HORIZON_MIN = 35
_NOW_MIN, _SOON_MIN, _LATER_MIN = 0, 15, 30
_NEAR_MIN = 5
"""Arrivals of so many minutes decide what to do now."""


@dataclass(frozen=True, slots=True)
class AdvicePolicy:
    """How advice weighs waiting against lanes, and how still it holds.

    Attributes:
        costs: in seconds of one person's waiting.
        lead_s: from advising a lane to its being staffed.
        least_open_s: a lane that opened stays open so long.
        fewest_lanes: that stay open.
        target_wait_s: of the service level: to be called within so long,
        target_share: for this share of the people.
    """

    costs: Costs = field(default_factory=Costs)
    lead_s: float = 60.0
    least_open_s: float = 0.0
    fewest_lanes: int = 1
    target_wait_s: float = 120.0
    target_share: float = 0.8


@dataclass(frozen=True, slots=True)
class TillState:
    """The tills at the present.

    Attributes:
        at_s: of a steady clock.
        people: at the staffed lanes, closing ones included, waiting or being served.
        lanes_open: staffed lanes that take customers.
        lanes_coming: that have been asked for and are not staffed yet.
        lanes_closing: that take nobody more and serve the last that they have.
    """

    at_s: float
    people: int
    lanes_open: int
    lanes_coming: int = 0
    lanes_closing: int = 0


@dataclass(frozen=True, slots=True)
class WaitForecast:
    """The wait of somebody who joins a staffed lane then, seconds."""

    mean_s: float
    p10_s: float
    p90_s: float
    within_target: float


@dataclass(frozen=True, slots=True)
class Outlook:
    """One of the three moments.

    Attributes:
        in_min: minutes from now.
        lanes: advised.
        lanes_for_target: fewest lanes that keep the service level then, if they were open from now on.
        wait: following the advice.
        wait_unchanged: with as many lanes as now.
    """

    in_min: int
    lanes: int
    lanes_for_target: int
    wait: WaitForecast
    wait_unchanged: WaitForecast


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do.

    Attributes:
        lanes_open: staffed lanes open and coming.
        lanes: advised now.
        outlooks: now, in 15 and in 30 minutes.
    """

    lanes_open: int
    lanes: int
    outlooks: tuple[Outlook, ...]


class Adviser:
    """Advises one store; the present asks as often as it likes by the forecast that came last.

    Args:
        model: what was learnt.
        policy: what is weighed.
    """

    def __init__(self, model: StoreModel, policy: AdvicePolicy) -> None:
        self._model = model
        self._policy = policy
        self._plan = LanePlan(model.pool, policy.costs, lead_s=policy.lead_s, fewest_lanes=policy.fewest_lanes)
        self._per_min: float | None = None
        self._arrivals: Floats = np.zeros(HORIZON_MIN)
        self._lanes_before: int | None = None
        self._opened_s: float | None = None

    def foresee(self, forecast: ArrivalForecast) -> None:
        """Take a new forecast of arrivals by minute."""
        pool = self._model.pool
        minutes_a_step = pool.step_s / 60.0
        steps = max(1, int(len(forecast.mean) / minutes_a_step))
        edges = np.minimum(np.round(np.arange(steps) * minutes_a_step).astype(np.int64), len(forecast.mean) - 1)
        self._arrivals = forecast.mean[edges]
        self._per_min = float(forecast.mean[:_NEAR_MIN].mean())

    def lanes(self, state: TillState) -> int:
        """Return how many staffed lanes there should be from when a cashier could be there on.

        Call it in the order of time; what opened a moment ago is not closed again.
        """
        pool, lanes = self._model.pool, state.lanes_open + state.lanes_coming
        lanes = min(lanes, pool.most_lanes)
        if self._lanes_before is not None and lanes > self._lanes_before:
            self._opened_s = state.at_s
        self._lanes_before = lanes
        if self._per_min is None:
            return lanes
        wanted = self._plan.lanes(
            self._per_min,
            is_open=state.lanes_open,
            people=state.people,
            coming=state.lanes_coming,
            closing=state.lanes_closing,
        )
        is_fresh = self._opened_s is not None and state.at_s - self._opened_s < self._policy.least_open_s
        return lanes if is_fresh and wanted < lanes else wanted

    def advice(self, state: TillState) -> Advice:
        """Return the whole advice for the present."""
        pool = self._model.pool
        lanes_now = min(state.lanes_open + state.lanes_coming, pool.most_lanes)
        wanted = self.lanes(state)
        advised = self._lived(state, wanted)
        kept = [self._lived_with(state, lanes) for lanes in range(pool.most_lanes + 1)]
        outlooks = []
        for in_min in (_NOW_MIN, _SOON_MIN, _LATER_MIN):
            step = min(len(self._arrivals) - 1, round(in_min * 60.0 / pool.step_s))
            # A moment from now: what is decided now holds from when a cashier is there.
            step = max(1, step)
            by_lanes = [self._wait(kept[lanes][step], lanes) for lanes in range(pool.most_lanes + 1)]
            enough = [
                n for n in range(1, pool.most_lanes + 1) if by_lanes[n].within_target >= self._policy.target_share
            ]
            joint = advised[step]
            lanes = wanted if in_min == _NOW_MIN else _middle(joint.sum(axis=1))
            outlooks.append(
                Outlook(
                    in_min,
                    lanes,
                    max(self._policy.fewest_lanes, enough[0] if enough else pool.most_lanes),
                    self._wait_of(joint),
                    by_lanes[lanes_now],
                )
            )
        return Advice(lanes_now, wanted, tuple(outlooks))

    def _lived(self, state: TillState, first: int) -> list[Floats]:
        """Return for each step shape (lanes, people), probabilities while the plan is followed."""
        pool = self._model.pool
        joint = np.zeros((pool.most_lanes + 1, pool.most_people + 1))
        lanes_now = min(state.lanes_open + state.lanes_coming, pool.most_lanes)
        joint[lanes_now, min(state.people, pool.most_people)] = 1.0
        lived = [joint]
        for step, per_min in enumerate(self._arrivals):
            moves = pool.moves(float(per_min))
            after = np.zeros_like(joint)
            moved = joint[:, :, None] * moves
            for lanes in range(pool.most_lanes + 1):
                if joint[lanes].any():
                    if step == 0:
                        after[first] += moved[lanes].sum(axis=0)
                    else:
                        np.add.at(after, self._plan.settled(float(per_min))[lanes], moved[lanes])
            joint = after
            lived.append(joint)
        return lived

    def _lived_with(self, state: TillState, lanes: int) -> list[Floats]:
        """Return for each step shape (people,), probabilities with so many lanes once they are staffed."""
        pool = self._model.pool
        lanes_now = min(state.lanes_open + state.lanes_coming, pool.most_lanes)
        people = np.zeros(pool.most_people + 1)
        people[min(state.people, pool.most_people)] = 1.0
        lived = [people]
        for step, per_min in enumerate(self._arrivals):
            people = people @ pool.moves(float(per_min))[lanes_now if step == 0 else lanes]
            lived.append(people)
        return lived

    def _wait(self, people: Floats, lanes: int) -> WaitForecast:
        joint = np.zeros((self._model.pool.most_lanes + 1, len(people)))
        joint[lanes] = people
        return self._wait_of(joint)

    def _wait_of(self, joint: Floats) -> WaitForecast:
        """Return the wait of somebody who comes while lanes and people are so: by how many are served before them."""
        pool = self._model.pool
        waits_s, within = waits_by_state(pool, self._policy.target_wait_s)
        weights = joint.ravel() / max(float(joint.sum()), 1e-12)
        order = np.argsort(waits_s.ravel(), kind="stable")
        below = np.cumsum(weights[order])
        ranked = waits_s.ravel()[order]
        p10, p90 = (float(ranked[min(int(np.searchsorted(below, p)), len(order) - 1)]) for p in (0.1, 0.9))
        return WaitForecast(float(weights @ waits_s.ravel()), p10, p90, float(weights @ within.ravel()))


def waits_by_state(pool: PoolModel, target_wait_s: float) -> tuple[Floats, Floats]:
    """Return shape (lanes, people) each: the expected wait, and the probability that it is within the target.

    Of those who wait, oneself included, each is called after one more service at one of the lanes; a logistic stand-in
    for the normal law of that sum gives the probability.
    """
    lanes = np.maximum(np.arange(pool.most_lanes + 1)[:, None], 1)
    people = np.arange(pool.most_people + 1)[None, :]
    next_one = np.minimum(people + 1, pool.most_people)
    before = np.take_along_axis(pool.waiting, np.broadcast_to(next_one, pool.waiting.shape), axis=1)
    each_s = pool.service.mean_s / lanes
    waits_s = before * each_s
    sd_s = np.sqrt(np.maximum(before, 0.25)) * each_s * max(pool.service.variation, 0.3)
    z = (target_wait_s - waits_s) / sd_s
    within = 1.0 / (1.0 + np.exp(-1.702 * z))
    return waits_s, within


def _middle(probabilities: Floats) -> int:
    return int(np.searchsorted(np.cumsum(probabilities), 0.5 * float(probabilities.sum())))
