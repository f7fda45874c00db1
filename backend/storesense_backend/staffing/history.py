"""What past days teach of the tills: how long service takes, who goes where, how well people spread over lanes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from storesense_backend.staffing.arrivals import ArrivalModel, DayCounts, learn_arrivals
from storesense_backend.staffing.queueing import PoolModel, Service

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

SAMPLE_S = 15
"""How often a past day is looked at."""
WALK_S = 4.0
"""From the line to the till, which no sensor tells; the till is taken meanwhile."""

_USUAL_SERVICE = Service(mean_s=90.0, variation=0.7, served=0)
_SERVICE_PRIOR = 20
_SHARE_PRIOR = 30.0
_BUCKETS = 2
_MOST_SERVICE_S = 1_800.0


@dataclass(frozen=True, slots=True)
class Visits:
    """Visits to queues that ended, in seconds since the day's first minute.

    Attributes:
        joined_s: shape (n,), when each joined.
        called_s: shape (n,), when each was called, or gave up.
        ended_s: shape (n,), when service ended; ``called_s`` of those who gave up.
        is_staffed: shape (n,), whether the queue is one of staffed lanes.
        is_served: shape (n,).
    """

    joined_s: Floats
    called_s: Floats
    ended_s: Floats
    is_staffed: Flags
    is_served: Flags

    @classmethod
    def of(cls, ended_s: Floats, wait_s: Floats, service_s: Floats, is_staffed: Flags, is_served: Flags) -> "Visits":
        """Work out when people joined from what a camera tells when their visit is over."""
        called_s = np.where(is_served, ended_s - service_s - WALK_S, ended_s)
        return cls(called_s - wait_s, called_s, ended_s, is_staffed, is_served)


@dataclass(frozen=True, slots=True)
class PastDay:
    """What sensors told of a past day.

    Attributes:
        week_minute: minute of the local week at which its first minute begins.
        entered: shape (minutes,), people in at the entrances.
        visits: to the queues.
        lanes: shape (minutes * 60 / SAMPLE_S,), staffed lanes open.
    """

    week_minute: int
    entered: Floats
    visits: Visits
    lanes: Ints

    @property
    def counts(self) -> DayCounts:
        """The same by minute.

        Whoever left a line unserved has mostly gone over to another, and counts where they were served.
        """
        minutes = len(self.entered)
        at = np.floor(self.visits.joined_s[self.visits.is_served] / 60.0).astype(np.int64)
        at = at[(at >= 0) & (at < minutes)]
        return DayCounts(self.week_minute, self.entered, np.bincount(at, minlength=minutes).astype(np.float64))


@dataclass(frozen=True, slots=True)
class StoreModel:
    """All that was learnt of a store.

    Attributes:
        arrivals: at the tills.
        pool: the staffed lanes.
        self_service: of self-checkouts; None where none was seen.
        days: how many days it was learnt from.
    """

    arrivals: ArrivalModel
    pool: PoolModel
    self_service: Service | None
    days: int


def learn_store(days: Sequence[PastDay], *, most_lanes: int, step_s: float = 60.0) -> StoreModel:
    """Learn from past days; without any, what is usual in shops stands in.

    Args:
        days: to learn from.
        most_lanes: staffed lanes of the store.
        step_s: see :class:`PoolModel`, how long a lane takes to be staffed.
    """
    staffed = _service(days, is_staffed=True)
    has_self = any(bool((~day.visits.is_staffed).any()) for day in days)
    pool = PoolModel(
        staffed or _USUAL_SERVICE,
        most_lanes,
        _staffed_share(days),
        uneven_share=_uneven_share(days),
        step_s=step_s,
        most_people=min(90, 6 * most_lanes + 6),
        highest_per_min=max(10.0, 2.0 * most_lanes),
    )
    arrivals = learn_arrivals([day.counts for day in days])
    return StoreModel(arrivals, pool, _service(days, is_staffed=False) if has_self else None, len(days))


def _service(days: Sequence[PastDay], *, is_staffed: bool) -> Service | None:
    """Return mean and spread of what was seen, leaning on what is usual while that is little."""
    found = [(v.ended_s - v.called_s)[v.is_served & (v.is_staffed == is_staffed)] for v in (day.visits for day in days)]
    seconds = np.concatenate(found) if found else np.zeros(0)
    seconds = seconds[(seconds > 0) & (seconds < _MOST_SERVICE_S)]
    if len(seconds) == 0:
        return None
    usual, weight = _USUAL_SERVICE, len(seconds) / (len(seconds) + _SERVICE_PRIOR)
    mean_s = weight * float(seconds.mean()) + (1.0 - weight) * usual.mean_s
    variation = weight * float(seconds.std() / seconds.mean()) + (1.0 - weight) * usual.variation
    return Service(mean_s, variation, len(seconds))


def _at_lanes(visits: Visits, times_s: Floats, until_s: Floats) -> Ints:
    """Return shape (times,), how many staffed-lane visitors have joined and not yet reached ``until_s``."""
    own = visits.is_staffed
    inside = np.searchsorted(np.sort(visits.joined_s[own]), times_s, side="left")
    gone = np.searchsorted(np.sort(until_s[own]), times_s, side="left")
    return (inside - gone).astype(np.int64)


def _lanes_at(day: PastDay, times_s: Floats) -> Ints:
    return day.lanes[np.clip((times_s // SAMPLE_S).astype(np.int64), 0, len(day.lanes) - 1)]


def _staffed_share(days: Sequence[PastDay]) -> Floats:
    """Return the share of people who join staffed lanes, by people at each open lane just before; see PoolModel."""
    totals, staffed = np.zeros(_BUCKETS), np.zeros(_BUCKETS)
    for day in days:
        if len(day.visits.joined_s) == 0 or len(day.lanes) == 0:
            continue
        joined_s = day.visits.joined_s[day.visits.is_served]
        lanes = np.maximum(_lanes_at(day, joined_s), 1)
        bucket = np.minimum(_at_lanes(day.visits, joined_s, day.visits.ended_s) // lanes, _BUCKETS - 1)
        np.add.at(totals, bucket, 1.0)
        np.add.at(staffed, bucket, day.visits.is_staffed[day.visits.is_served].astype(np.float64))
    if totals.sum() == 0:
        return np.ones(_BUCKETS)
    # A bucket with little to show leans on the one before: who prefers self-checkout does so all the more in a crowd.
    share, before = np.zeros(_BUCKETS), float(staffed.sum() / totals.sum())
    for place in range(_BUCKETS):
        before = float((staffed[place] + _SHARE_PRIOR * before) / (totals[place] + _SHARE_PRIOR))
        share[place] = before
    return share


def _uneven_share(days: Sequence[PastDay]) -> float:
    """Return how far people spread over lanes as by lot (1), not always to an idle one (0), by least squares."""
    above, below = 0.0, 1e-9
    for day in days:
        times = np.arange(len(day.lanes), dtype=np.float64) * SAMPLE_S
        lanes, people = np.maximum(day.lanes, 1), _at_lanes(day.visits, times, day.visits.ended_s)
        waiting = _at_lanes(day.visits, times, day.visits.called_s)
        some = (people > 0) & (day.lanes > 0)
        lanes, people, waiting = lanes[some], people[some], waiting[some]
        pooled = np.maximum(people - lanes, 0)
        by_lot = people - lanes * (1.0 - (1.0 - 1.0 / lanes) ** people)
        above += float(((waiting - pooled) * (by_lot - pooled)).sum())
        below += float(((by_lot - pooled) ** 2).sum())
    return float(np.clip(above / below, 0.0, 1.0))
