"""The crowd against the literature: speed by density in a corridor, and free speeds beside recorded pedestrians.

Published curves of speed v (m/s) by density d (people a square metre), one-way walking on the level:

- Weidmann, Transporttechnik der Fussgaenger (1993), after Kladek: v = 1.34 (1 - exp(-1.913 (1/d - 1/5.4))).
- Nelson and Mowrer in the SFPE Handbook (2002): v = 1.4 (1 - 0.266 d) above 0.55, 1.19 below.
- Predtechenskii and Milinskii, Planning for Foot Traffic Flow in Buildings (1978), with 0.113 m2 for a body:
  v = (112 s^4 - 380 s^3 + 434 s^2 - 217 s + 57) / 60, where s = 0.113 d.

They differ among themselves (Schadschneider and others, Evacuation Dynamics, 2009), so the published bounds are taken
as their envelope, which Weidmann's curve bounds above in most of the range.
"""

import math
from dataclasses import dataclass

import numpy as np

from storesense_simulators.twin.chance import Dice
from storesense_simulators.twin.crowd import Crowd
from storesense_simulators.twin.people import Kind, People
from storesense_simulators.twin.shop_people import Spread

STEP_S = 0.25
FREE_SPEED_M_S = Spread(mean=1.34, sd=0.26, low=0.7, high=2.0)
"""Weidmann (1993): mean and standard deviation of adults' free speed."""

BODY_M = Spread(mean=0.2, sd=0.015, low=0.16, high=0.24)
_RING_M = 24.0
_WIDE_M = 3.0
_WALL_M = 0.2


@dataclass(frozen=True, slots=True)
class FlowPoint:
    """The mean speed at one density, beside the bounds of published curves.

    Attributes:
        density_per_m2: people a square metre.
        speed_m_s: mean over people and time.
        flow_per_m_s: people a second through each metre of width.
        low_m_s: the least speed of the published curves at this density, 5 % let off.
        high_m_s: the greatest, 5 % added.
    """

    density_per_m2: float
    speed_m_s: float
    flow_per_m_s: float
    low_m_s: float
    high_m_s: float

    @property
    def is_within(self) -> bool:
        """Whether the speed lies within the bounds."""
        return self.low_m_s <= self.speed_m_s <= self.high_m_s


def weidmann_m_s(density_per_m2: float) -> float:
    """Return Weidmann's speed."""
    return 1.34 * (1.0 - math.exp(-1.913 * (1.0 / density_per_m2 - 1.0 / 5.4)))


def published_m_s(density_per_m2: float) -> tuple[float, float, float]:
    """Return the speeds of Weidmann, of Nelson and Mowrer, and of Predtechenskii and Milinskii."""
    s = 0.113 * density_per_m2
    return (
        weidmann_m_s(density_per_m2),
        1.4 * (1.0 - 0.266 * max(density_per_m2, 0.55)),
        (112 * s**4 - 380 * s**3 + 434 * s**2 - 217 * s + 57) / 60,
    )


def corridor_speed(density_per_m2: float, *, seed: int, warm_up_s: float = 60.0, lasts_s: float = 60.0) -> FlowPoint:
    """Let people walk one way around a ring, 24 m long and 3 m wide, and return their mean speed.

    Mean speeds are those made good along the corridor. Nobody knows the corridor's ends: it has none.
    """
    people = People()
    dice = Dice(seed, f"flow/{density_per_m2}")
    crowd = Crowd(people, None, period_m=_RING_M)
    count = max(1, round(density_per_m2 * _RING_M * _WIDE_M))
    lanes = max(1, round(math.sqrt(count * _WIDE_M / _RING_M)))
    places = math.ceil(count / lanes)
    speeds = []
    for index in range(count):
        place, lane = divmod(index, lanes)
        x = (place + 0.5 + (lane % 2) * 0.5 + dice.between(-0.1, 0.1)) * _RING_M / places
        y = (lane + 0.5 + dice.between(-0.1, 0.1)) * _WIDE_M / lanes
        row = people.add(index + 1, Kind.SHOPPER, (x % _RING_M, y), height_m=1.7, radius_m=dice.of(BODY_M))
        speeds.append(dice.of(FREE_SPEED_M_S))
        crowd.walk(row, (1e6, y), speeds[-1], 0.1, stops=False)
    rows = people.rows
    total, steps = 0.0, round(lasts_s / STEP_S)
    for step in range(-round(warm_up_s / STEP_S), steps):
        crowd.step(STEP_S)
        # The corridor's walls; a far goal keeps everybody on their way, at the height where they are.
        people.at[1, rows] = np.clip(people.at[1, rows], _WALL_M, _WIDE_M - _WALL_M)
        crowd.goal[1, rows] = people.at[1, rows]
        if step >= 0:
            total += float(people.velocity[0, rows].mean())
    speed = total / steps
    real_density = count / (_RING_M * _WIDE_M)
    published = published_m_s(real_density)
    return FlowPoint(real_density, speed, speed * real_density, 0.95 * min(published), 1.05 * max(published))
