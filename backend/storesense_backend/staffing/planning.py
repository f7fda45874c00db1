"""How many lanes: what costs least in waiting, cashiers and switching, found by dynamic programming.

A state is how many lanes take customers, how many have been asked for and are not staffed yet or, instead, are closing
and serve the last that they have, and how many people are at all of them. People come, are served, lanes get staffed
and closing ones shut, each at its rate; between two such events a lane may be asked for, called off, closed, or kept
open that was about to close. That Markov decision process is made one of equal steps by uniformisation and solved by
value iteration over the next 40 minutes (Puterman, "Markov Decision Processes", 1994, chapter 11). A plan says for each
state what to do, so it counts on being able to react later, which a list of lanes for the next half hour does not.
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
_MOST_SWITCHING = 3
"""Lanes on the way, or closing, at a time."""
_NEVER = 1e12


@dataclass(frozen=True, slots=True)
class Costs:
    """What is weighed against one another, in seconds of one person's waiting.

    Attributes:
        lane: a second of a lane's being open.
        opening: each lane that is asked for; one that is about to close is kept open for nothing.
        closing: each lane that is closed or called off.
    """

    lane: float = 2.0
    opening: float = 120.0
    closing: float = 0.0


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

    def lanes(self, per_min: float, *, is_open: int, people: int, coming: int = 0, closing: int = 0) -> int:
        """Return how many lanes there should be that take customers, those on the way included.

        Args:
            per_min: people who come to the tills, all kinds of lanes together.
            is_open: lanes that take customers.
            people: at the staffed lanes, closing ones included, waiting or being served.
            coming: lanes that have been asked for.
            closing: lanes that take nobody more and serve the last that they have.
        """
        model, actions = self._model, self._solved(self._place(per_min))
        is_open = min(is_open, model.most_lanes)
        spare = min(_MOST_SWITCHING, model.most_lanes - is_open)
        switching = min(closing, spare) if closing > 0 else -min(coming, spare)
        wanted, before = is_open + coming, 0
        people = min(max(people, closing), model.most_people)
        for _ in range(model.most_lanes):
            action = int(actions[is_open, switching + _MOST_SWITCHING, people])
            if action in (0, -before):
                break
            before = action
            wanted += action
            if action > 0:
                is_open, switching = is_open + (switching > 0), switching - 1
            elif switching < 0:
                switching += 1
            else:
                # A lane without anybody shuts at once.
                switching += people - max(switching, 0) >= is_open
                is_open -= 1
        return min(max(self._fewest, wanted), model.most_lanes)

    def settled(self, per_min: float) -> Ints:
        """Return shape (lanes + 1, people), the lanes there should be by lanes open and people, none on the way."""
        place = self._place(per_min)
        if place not in self._settled:
            shape = (self._model.most_lanes + 1, self._model.most_people + 1)
            wanted = [self.lanes(per_min, is_open=n, people=k) for n in range(shape[0]) for k in range(shape[1])]
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
    """Return what to do by lanes, lanes switching (coming ones below the middle, closing ones above it) and people.

    It is 1 to ask for a lane or keep one, -1 to close or call off one, 0 to do nothing.
    """
    most, top, mean_s = model.most_lanes, model.most_people, model.service.mean_s
    lanes, place, people = np.ogrid[: most + 1, : 2 * _MOST_SWITCHING + 1, : top + 1]
    coming, closing = np.maximum(_MOST_SWITCHING - place, 0), np.maximum(place - _MOST_SWITCHING, 0)
    own = np.maximum(people - closing, 0)
    share = model.staffed_share[np.minimum(own // np.maximum(lanes, 1), len(model.staffed_share) - 1)]
    come = per_s * share * (people < top)
    served = np.minimum(own, lanes) / mean_s
    shut = np.minimum(closing, people) / mean_s + 0.0 * lanes
    staffed = coming / lead_s * (lanes < most) + 0.0 * people
    step_s = min(_STEP_S, _FULLEST_STEP / float((come + served + shut + staffed).max()))
    come, served, shut, staffed = come * step_s, served * step_s, shut * step_s, staffed * step_s
    stays = 1.0 - come - served - shut - staffed
    waiting = model.waiting[lanes, own] * model.wait_factor
    stage = (waiting + costs.lane * (lanes + closing)) * step_s

    is_known = np.broadcast_to(lanes + coming + closing <= most, stage.shape)
    is_idle = np.broadcast_to(own < lanes, stage.shape)
    # Where lines are long at the edge of the chain, whose newcomers are lost, fewer lanes would look as good as more.
    may_close = np.broadcast_to((lanes > fewest) & (own <= 2 * lanes), stage.shape)
    middle = _MOST_SWITCHING
    values = np.where(is_known, 0.0, _NEVER)
    more, fewer = np.full(stage.shape, _NEVER), np.full(stage.shape, _NEVER)
    shuts_at_once, runs_off = np.full(stage.shape, _NEVER), np.full(stage.shape, _NEVER)
    for _ in range(round(_AHEAD_S / step_s)):
        more[:, 1 : middle + 1] = values[:, :middle] + costs.opening
        more[:-1, middle + 1 :] = values[1:, middle:-1]
        shuts_at_once[1:, middle:] = values[:-1, middle:]
        runs_off[1:, middle:-1] = values[:-1, middle + 1 :]
        np.copyto(fewer, np.where(may_close, np.where(is_idle, shuts_at_once, runs_off), _NEVER) + costs.closing)
        fewer[:, :middle] = values[:, 1 : middle + 1] + costs.closing
        best = np.minimum(values, np.minimum(more, fewer))
        before, values = values, stage + stays * best
        values[..., :-1] += come[..., :-1] * best[..., 1:]
        values[..., 1:] += served[..., 1:] * best[..., :-1]
        values[:, 1:, 1:] += shut[:, 1:, 1:] * best[:, :-1, :-1]
        values[:-1, :-1] += staffed[:-1, :-1] * best[1:, 1:]
        values[~is_known] = _NEVER
    opens = (more < before - 1e-6) & (more <= fewer)
    actions: Ints = np.where(opens, 1, np.where(fewer < before - 1e-6, -1, 0)).astype(np.int64)
    return actions
