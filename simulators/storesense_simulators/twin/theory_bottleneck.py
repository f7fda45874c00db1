"""The crowd before a narrow place: how many get through, beside published experiments.

The crowd's constants were chosen by its speeds on a ring (`theory_flow`). This is another geometry, and found one
mistake: people squeezed past those who walked the same way. Published flows, people a second and metre of width:

- Seyfried, Passon, Steffen, Boltes, Rupprecht, Klingsch, New insights into pedestrian flow through bottlenecks,
  Transportation Science 43 (2009): about 1.9, the flow being in proportion to the width from 0.8 to 1.2 m.
- Kretz, Gruenebohm, Schreckenberg, Experimental study of pedestrian flow through a bottleneck, J. Stat. Mech. (2006):
  about 1.8 above 0.7 m, and more where it is narrower.
- Planning handbooks reckon with less: 1.22 (Weidmann, 1993) and 1.3 (Nelson and Mowrer, SFPE Handbook, 2002).
"""

from dataclasses import dataclass

from storesense_simulators.twin.chance import Dice
from storesense_simulators.twin.crowd import Crowd
from storesense_simulators.twin.ground import Ground
from storesense_simulators.twin.people import Kind, People
from storesense_simulators.twin.shop import Wall
from storesense_simulators.twin.theory_flow import BODY_M, FREE_SPEED_M_S, STEP_S

LOW_PER_M_S, HIGH_PER_M_S = 1.2, 2.2
"""From the handbooks' least to the experiments' most, their scatter included."""

_PEOPLE = 80
_ABREAST = 8
_ROOM_M = (14.0, 8.0)
_GATE_M = 6.0
_AT_MOST_S = 300.0


@dataclass(frozen=True, slots=True)
class BottleneckPoint:
    """The flow through one bottleneck.

    Attributes:
        width_m: of the opening.
        passed: how many of 80 people got through.
        flow_per_m_s: people a second and metre of width, between the first fifth and the last.
    """

    width_m: float
    passed: int
    flow_per_m_s: float

    @property
    def is_within(self) -> bool:
        """Whether everybody got through, at a published flow."""
        return self.passed == _PEOPLE and LOW_PER_M_S <= self.flow_per_m_s <= HIGH_PER_M_S


def bottleneck_flow(width_m: float, *, seed: int) -> BottleneckPoint:
    """Let 80 people, who stand close before an opening in a wall, walk through it at once."""
    low, high = (_ROOM_M[1] - width_m) / 2, (_ROOM_M[1] + width_m) / 2
    walls = [Wall(((_GATE_M, 0.0), (_GATE_M, low - 0.05)), 0.1), Wall(((_GATE_M, high + 0.05), (_GATE_M, 8.0)), 0.1)]
    people = People()
    crowd = Crowd(people, Ground(_ROOM_M, walls=walls))
    dice = Dice(seed, f"bottleneck/{width_m}")
    speeds = []
    for number in range(_PEOPLE):
        back, side = divmod(number, _ABREAST)
        at = (5.2 - 0.55 * back + dice.between(-0.05, 0.05), 1.2 + 0.8 * side + dice.between(-0.05, 0.05))
        row = people.add(number + 1, Kind.SHOPPER, at, height_m=1.7, radius_m=dice.of(BODY_M))
        speeds.append(dice.of(FREE_SPEED_M_S))
        goal = (_GATE_M + 1.5, min(max(at[1], low + 0.2), high - 0.2))
        crowd.walk(row, goal, speeds[row], 0.3, stops=False)
    passed_s: list[float] = []
    inside = list(range(_PEOPLE))
    for step in range(1, round(_AT_MOST_S / STEP_S) + 1):
        crowd.step(STEP_S)
        for row in [row for row in inside if people.at[0, row] > _GATE_M]:
            inside.remove(row)
            passed_s.append(step * STEP_S)
            crowd.walk(row, (_ROOM_M[0] - 0.5, float(people.at[1, row])), speeds[row], 0.3, stops=False)
        for row in people.rows.tolist():
            if people.at[0, row] > _ROOM_M[0] - 1.5:
                crowd.stand(row)
                people.remove(row)
                crowd.changed()
        if not inside:
            break
    first, last = len(passed_s) // 5, len(passed_s) * 4 // 5
    lasted_s = passed_s[last] - passed_s[first] if last > first else _AT_MOST_S
    return BottleneckPoint(width_m, len(passed_s), (last - first) / max(lasted_s, STEP_S) / width_m)
