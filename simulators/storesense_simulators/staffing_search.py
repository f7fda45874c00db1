"""The best numbers of each policy on training days: thresholds, the worth of a lane, plans by hour."""

import sys
from collections.abc import Iterator, Sequence

import numpy as np

from storesense_simulators.staffing_bench import Spec, Workers
from storesense_simulators.staffing_shop import TillOutcome

OPEN_AT = (2, 3, 4, 5, 6)
CLOSE_AT = (0, 1, 2)
HOLDS_S = (0.0, 15.0, 30.0, 60.0, 120.0)

_PRICES = (0.4, 12.0)
_PRICE_TRIES = 8
_PLAN_TRIES = 120
_TELL_EVERY = 20


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
    tell(f"living {len(indices)} training days under {len(specs)} thresholds")
    played = workers.play_all(specs, indices)
    waits_s, used_h = [mean_wait_s(outcomes) for outcomes in played], [mean_lane_h(outcomes) for outcomes in played]
    first = [n for n, spec in enumerate(specs) if spec.numbers[3] == holds_s[0]]
    level_h = used_h[min(first, key=lambda n: waits_s[n])]
    best = min((n for n in range(len(specs)) if used_h[n] <= level_h), key=lambda n: waits_s[n])
    return specs[best], waits_s[best], used_h[best]


def price_for(workers: Workers, indices: Sequence[int], lane_h: float, *, name: str = "advice") -> tuple[float, float]:
    """Return what a lane must be worth for the advice to use at most so many lane hours, and those it uses.

    Args:
        workers: to live days.
        indices: of the training days.
        lane_h: a day.
        name: of the policy, see :class:`Spec`.
    """
    low, high = _PRICES
    found = (high, mean_lane_h(workers.play(Spec(name, (high,)), indices)))
    for _ in range(_PRICE_TRIES):
        middle = float(np.sqrt(low * high))
        used_h = mean_lane_h(workers.play(Spec(name, (middle,)), indices))
        tell(f"  {name}, a lane worth {middle:.3f}: {used_h:.2f} lane hours a day")
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
            if len(tried) % _TELL_EVERY == 0:
                tell(f"  {len(tried)} of at most {_PLAN_TRIES} plans tried")
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


def tell(text: str) -> None:
    """Write a line of progress to stderr."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
