"""How many lanes: the plan that costs least in waiting, cashiers and switching, found by dynamic programming.

Each step lasts as long as a cashier needs to reach a till, so what is decided at its beginning holds from the next one
on. A state is how many people are at the lanes and how many are open; a plan says for each state what to do, so it
counts on being able to react later, which a fixed list of lanes for the next half hour does not.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from storesense_backend.staffing.queueing import PoolModel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Costs:
    """What is weighed against one another, in seconds of one person's waiting.

    Attributes:
        lane: a second of a lane's being open.
        opening: each lane that is opened.
        closing: each lane that is closed.
    """

    lane: float = 2.0
    opening: float = 50.0
    closing: float = 20.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do in each state of each step.

    Attributes:
        lanes: shape (steps, lanes + 1, people), lanes to be open from the next step on, by lanes open and people there.
        first_values: shape (lanes + 1, people, lanes + 1), expected cost by lanes, people and what is decided first.
    """

    lanes: Ints
    first_values: Floats


def switch_costs(costs: Costs, most_lanes: int) -> Floats:
    """Return shape (from, to), what it costs to go from so many lanes to so many."""
    change = np.arange(most_lanes + 1)[None, :] - np.arange(most_lanes + 1)[:, None]
    cost: Floats = costs.opening * np.maximum(change, 0) + costs.closing * np.maximum(-change, 0)
    return cost


def make_plan(model: PoolModel, arrivals_per_min: Floats, costs: Costs, *, fewest_lanes: int = 1) -> Plan:
    """Find the plan that costs least.

    Args:
        model: of the lanes.
        arrivals_per_min: shape (steps,), people who come to the tills, all kinds of lanes together.
        costs: to weigh.
        fewest_lanes: that stay open whatever it costs.
    """
    steps, step_s = len(arrivals_per_min), model.step_s
    switch = switch_costs(costs, model.most_lanes)[:, None, :]
    forbidden = np.where(np.arange(model.most_lanes + 1) < fewest_lanes, 1e12, 0.0)
    lane_cost = costs.lane * step_s * np.arange(model.most_lanes + 1)[:, None]
    values = np.zeros((model.most_lanes + 1, model.most_people + 1))
    choices = np.zeros((steps, *values.shape), dtype=np.int64)
    options = np.zeros((*values.shape, model.most_lanes + 1))
    for step in range(steps - 1, -1, -1):
        moves = model.moves(float(arrivals_per_min[step]))
        options = moves @ values.T + switch + forbidden
        choices[step] = options.argmin(axis=2)
        after = (moves @ model.pooled[:, :, None])[:, :, 0]
        stage = 0.5 * (model.pooled + after) * step_s * model.wait_factor + lane_cost
        values = stage + options.min(axis=2)
        options = stage[:, :, None] + options
    return Plan(choices, options)
