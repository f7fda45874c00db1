"""How many lanes: what costs least in waiting, cashiers and switching, found by dynamic programming.

A state is how many lanes take customers, how many have been asked for and are not staffed yet, and how many people are
at the former. Whoever is at a lane that is closing is served there, so they are left out, and what the lane still costs
is paid when it closes. People come, are served, and lanes get staffed, each at its rate; between two such events a lane
may be asked for, called off or closed. That Markov decision process is made one of equal steps by uniformisation and
solved by value iteration over the next 40 minutes (Puterman, "Markov Decision Processes", 1994, chapter 11). A plan
says for each state what to do, so it counts on being able to react later, which a list of lanes for the next half hour
does not.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from storesense_backend.staffing.queueing import PoolModel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_AHEAD_S = 2_400.0
_STEP_S = 5.0
_FULLEST_STEP = 0.9
"""At most this much chance of an event in a step."""
_RATES = 81
_MOST_COMING = 3
_NEVER = 1e12


@dataclass(frozen=True, slots=True)
class Costs:
    """What is weighed against one another, in seconds of one person's waiting.

    Attributes:
        lane: a second of a lane's being open.
        opening: each lane that is asked for.
        closing: each lane that is closed or called off.
    """

    lane: float = 2.0
    opening: float = 160.0
    closing: float = 20.0


class LanePlan:
    """What to do in each state, for each rate of arrivals; a rate is solved when it is first asked for.

    Args:
        model: of the lanes.
        costs: to weigh.
        lead_s: until a lane that is asked for is staffed, on average.
        fewest_lanes: that stay open whatever they cost.
    """

    def __init__(self, model: PoolModel, costs: Costs, *, lead_s: float = 60.0, fewest_lanes: int = 1) -> None:
        self._model = model
        self._costs = costs
        self._lead_s = lead_s
        self._fewest = max(1, min(fewest_lanes, model.most_lanes))
        self._actions: dict[int, Ints] = {}
        self._settled: dict[int, Ints] = {}

    def lanes(self, per_min: float, *, is_open: int, coming: int, people: int) -> int:
        """Return how many lanes there should be, open ones and those on the way.

        Args:
            per_min: people who come to the tills, all kinds of lanes together.
            is_open: lanes that take customers.
            coming: lanes that have been asked for.
            people: at the lanes that take customers, waiting or being served.
        """
        model, actions = self._model, self._solved(self._place(per_min))
        is_open = min(is_open, model.most_lanes)
        coming = min(coming, _MOST_COMING, model.most_lanes - is_open)
        people = min(people, model.most_people)
        before = 0
        for _ in range(model.most_lanes):
            action = int(actions[is_open, coming, people])
            if action in (0, -before):
                break
            before = action
            if action > 0:
                coming += 1
            elif coming > 0:
                coming -= 1
            else:
                people -= people // is_open
                is_open -= 1
        return max(self._fewest, is_open + coming)

    def settled(self, per_min: float) -> Ints:
        """Return shape (lanes + 1, people), the lanes there should be by lanes open and people, none on the way."""
        place = self._place(per_min)
        if place not in self._settled:
            shape = (self._model.most_lanes + 1, self._model.most_people + 1)
            wanted = [
                self.lanes(per_min, is_open=n, coming=0, people=k) for n in range(shape[0]) for k in range(shape[1])
            ]
            self._settled[place] = np.array(wanted, dtype=np.int64).reshape(shape)
        return self._settled[place]

    def _place(self, per_min: float) -> int:
        highest = self._model.highest_per_min
        return round(min(max(per_min, 0.0), highest) / highest * (_RATES - 1))

    def _solved(self, place: int) -> Ints:
        if place not in self._actions:
            per_s = place / (_RATES - 1) * self._model.highest_per_min / 60.0
            self._actions[place] = _solve(self._model, self._costs, per_s, lead_s=self._lead_s, fewest=self._fewest)
        return self._actions[place]


def _solve(model: PoolModel, costs: Costs, per_s: float, *, lead_s: float, fewest: int) -> Ints:
    """Return shape (lanes, coming, people): 1 to ask for a lane, -1 to close or call off one, 0 to do nothing."""
    most, top, mean_s = model.most_lanes, model.most_people, model.service.mean_s
    lanes, coming, people = np.ogrid[: most + 1, : _MOST_COMING + 1, : top + 1]
    each = people // np.maximum(lanes, 1)
    share = model.staffed_share[np.minimum(each, len(model.staffed_share) - 1)]
    come = per_s * share * (people < top) + 0.0 * coming
    served = np.minimum(people, lanes) / mean_s + 0.0 * coming
    staffed = coming / lead_s * (lanes < most) + 0.0 * people
    step_s = min(_STEP_S, _FULLEST_STEP / float((come + served + staffed).max()))
    come, served, staffed = come * step_s, served * step_s, staffed * step_s
    stays = 1.0 - come - served - staffed
    waiting = model.waiting[:, None, :] * model.wait_factor
    stage = (waiting + costs.lane * lanes) * step_s + 0.0 * coming

    may_open = lanes + coming + 0 * people < most
    may_open[:, -1] = False
    # Only a lane without a line closes. Whoever is at it is served there, and it costs until they have gone.
    may_close = (lanes > fewest) & (coming == 0) & (each <= 1)
    runs_off = costs.closing + costs.lane * mean_s * each
    closed = np.ravel_multi_index(
        np.broadcast_arrays(np.maximum(lanes - 1, 0), coming, np.where(lanes > 0, people - each, people)), stage.shape
    )
    values = np.zeros(stage.shape)
    with_more, with_fewer = np.full(stage.shape, _NEVER), np.full(stage.shape, _NEVER)

    def options() -> None:
        with_more[:, :-1] = values[:, 1:] + costs.opening
        with_more[~may_open] = _NEVER
        np.copyto(with_fewer, np.where(may_close, values.ravel()[closed] + runs_off, _NEVER))
        with_fewer[:, 1:] = values[:, :-1] + costs.closing

    for _ in range(round(_AHEAD_S / step_s)):
        options()
        best = np.minimum(values, np.minimum(with_more, with_fewer))
        values = stage + stays * best
        values[:, :, :-1] += come[:, :, :-1] * best[:, :, 1:]
        values[:, :, 1:] += served[:, :, 1:] * best[:, :, :-1]
        values[:-1, 1:] += staffed[:-1, 1:] * best[1:, :-1]
    options()
    opens = (with_more < values - 1e-6) & (with_more <= with_fewer)
    actions: Ints = np.where(opens, 1, np.where(with_fewer < values - 1e-6, -1, 0)).astype(np.int64)
    return actions
