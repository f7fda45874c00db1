"""The lanes as a Markov chain: who is at them, how many are open, and what the next minutes do to both.

The staffed lanes with all their lines are taken as one pool: ``n`` people at them, ``lanes`` open, each serving at the
learnt rate, arrivals at a rate that changes from step to step and depends on how full the lanes are (the fuller, the
more small baskets go to self-checkout). The chain is moved on exactly within a step, by uniformisation (Jensen, 1953).

Its limits: service is exponential in the chain, which makes lines a little longer than those of regular service
(:attr:`PoolModel.wait_factor` takes it off); people always find an idle lane, which makes them shorter, so that waits
are told with one learnt share of unevenness, :attr:`PoolModel.uneven_share`; nobody gives up; waits at self-checkout
are not modelled.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_RATES = 81
_HALVINGS = 9


@dataclass(frozen=True, slots=True)
class Service:
    """What was learnt of the lanes of one kind.

    Attributes:
        mean_s: from being called to the end of service, as it is seen: the walk to the till included.
        variation: standard deviation over mean.
        served: how many services were seen.
    """

    mean_s: float
    variation: float
    served: int


@dataclass(frozen=True)
class PoolModel:
    """The staffed lanes of a store.

    Attributes:
        service: of the staffed lanes.
        most_lanes: how many there are.
        staffed_share: shape (buckets,), the share of arrivals that come to staffed lanes while there are 0, 1, 2, …
            people at each open lane; the last holds for more.
        uneven_share: how people spread over the lanes: 0 always to an idle one, 1 as by lot.
        step_s: length of a step.
        most_people: people at the lanes beyond which nobody is counted.
        highest_per_min: arrivals a minute beyond which nothing is told apart.
    """

    service: Service
    most_lanes: int
    staffed_share: Floats = field(default_factory=lambda: np.ones(1))
    uneven_share: float = 0.0
    step_s: float = 60.0
    most_people: int = 36
    highest_per_min: float = 10.0

    @property
    def wait_factor(self) -> float:
        """What the chain's waits are multiplied with, service being no exponential law (Allen and Cunneen)."""
        return (1.0 + self.service.variation**2) / 2.0

    @cached_property
    def pooled(self) -> Floats:
        """Shape (lanes, people), how many of ``n`` wait at least while so many lanes (from 0) are open."""
        lanes, people = np.arange(self.most_lanes + 1)[:, None], np.arange(self.most_people + 1)[None, :]
        some: Floats = np.maximum(people - lanes, 0).astype(np.float64)
        return some

    @cached_property
    def waiting(self) -> Floats:
        """Shape (lanes, people), how many of ``n`` wait while so many lanes (from 0) are open."""
        lanes, people = np.arange(self.most_lanes + 1)[:, None], np.arange(self.most_people + 1)[None, :]
        by_lot = people - lanes * (1.0 - (1.0 - 1.0 / np.maximum(lanes, 1)) ** people)
        mixed: Floats = (1.0 - self.uneven_share) * self.pooled + self.uneven_share * by_lot
        return mixed

    @cached_property
    def _moves(self) -> Floats:
        """Shape (rates, lanes, people, people), probabilities of a step from people to people."""
        people = np.arange(self.most_people + 1)
        rates = np.linspace(0.0, self.highest_per_min / 60.0, _RATES)
        lanes = np.arange(self.most_lanes + 1)
        bucket = np.minimum(people[None, :] // np.maximum(lanes[:, None], 1), len(self.staffed_share) - 1)
        up = rates[:, None, None] * self.staffed_share[bucket][None]
        up[..., -1] = 0.0
        down = (people[None, :] - self.pooled)[None] / self.service.mean_s + np.zeros_like(up)
        part_s = self.step_s / 2**_HALVINGS
        moves = np.zeros((*up.shape, len(people)))
        at = np.arange(len(people))
        moves[..., at, at] = 1.0 - (up + down) * part_s
        moves[..., at[:-1], at[1:]] = up[..., :-1] * part_s
        moves[..., at[1:], at[:-1]] = down[..., 1:] * part_s
        for _ in range(_HALVINGS):
            moves = moves @ moves
        return moves

    def moves(self, per_min: float) -> Floats:
        """Return shape (lanes, people, people), what a step does while so many come to the tills in a minute."""
        place = round(min(max(per_min, 0.0), self.highest_per_min) / self.highest_per_min * (_RATES - 1))
        chosen: Floats = self._moves[place]
        return chosen
