"""What happens on a shelf in a day, and the load that it puts on the cell: the truth that a signal chain is judged by.

A `Happening` is one thing that somebody did. `storesense_simulators.shelf_store` makes them of a simulated store's
truth; their load is drawn by `load_of`, sampled by a `LoadCell` and scored by `storesense_simulators.shelf_score`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from storesense_edge.shelf.products import ProductWeight
from storesense_simulators.twin.load_cell import CellFault, FaultKind

# Two weights that lie closer than this many standard deviations of the product's own spread are alike.
_ALIKE_SIGMAS = 4.0
# Two people do not reach into one slot at once.
_APART_S = 2.5

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]


class HappeningKind(StrEnum):
    """What somebody did at a slot; the last two change nothing."""

    PICK = "pick"
    PUT_BACK = "put_back"
    RESTOCK = "restock"
    MISPLACED = "misplaced"
    BULK_REMOVAL = "bulk_removal"
    PARTIAL_LIFT = "partial_lift"
    LEAN = "lean"


@dataclass(frozen=True, slots=True)
class Move:
    """The load changes by `delta_g`, spread over `lasting_s` from `at_s` on."""

    at_s: float
    lasting_s: float
    delta_g: float


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened on a slot.

    Attributes:
        kind: what.
        begin_s: when a hand came.
        end_s: when it had gone; the load is constant from here on.
        units: units of a product of the slot that it changed, signed; 0 for everything else.
        moves: the changes of load that stay.
        hand_g: how strongly the hand trembles and presses while it is there (standard deviation).
        press_g: what the hand puts on (positive) or takes off (negative) while it is there, beside the moves.
        is_alike: whether a misplaced thing weighs so much like units of the slot's own product that no scale can tell.
        product: place of the product among the slot's own.
    """

    kind: HappeningKind
    begin_s: float
    end_s: float
    units: int
    moves: tuple[Move, ...] = ()
    hand_g: float = 0.0
    press_g: float = 0.0
    is_alike: bool = False
    product: int = 0


@dataclass(frozen=True, slots=True)
class Unrest:
    """What moves a slot in an hour of opening without changing what lies there, as a busy shelf sees it."""

    leans: float = 2.0
    lifts: float = 2.0
    footsteps: float = 25.0
    slams: float = 4.0


@dataclass(frozen=True, slots=True)
class SlotLife:
    """One slot's time: what it holds, and what happened.

    Attributes:
        products: the products on its plate, with their weights as the planogram has them.
        start_g: weight on the slot at the beginning.
        start_units: units of each product at the beginning.
        happenings: in order of time, never two at once.
        shakes: footsteps and slammed doors.
    """

    products: tuple[ProductWeight, ...]
    start_g: float
    start_units: tuple[int, ...]
    happenings: tuple[Happening, ...]
    shakes: tuple[CellFault, ...]

    def holds_alike(self, at_s: float) -> bool:
        """Whether something misplaced lies there that weighs like the slot's own units."""
        held_g = sum(
            move.delta_g for each in self.happenings if each.is_alike and each.end_s <= at_s for move in each.moves
        )
        return abs(held_g) > 1e-6

    def units_at(self, at_s: float) -> tuple[int, ...]:
        """Units of each of the slot's own products on it at a moment."""
        units = list(self.start_units)
        for each in self.happenings:
            if each.end_s <= at_s:
                units[each.product] += each.units
        return tuple(units)


def is_alike(weight_g: float, products: Sequence[ProductWeight]) -> bool:
    """Whether something weighs so much like whole units of one of these products that no scale can tell."""
    for product in products:
        units = max(1, round(weight_g / product.unit_weight_g))
        spread_g = product.unit_sigma_g * math.sqrt(units)
        if abs(weight_g - units * product.unit_weight_g) < _ALIKE_SIGMAS * spread_g:
            return True
    return False


def touches_between(
    happenings: Sequence[Happening], unit_g: float, lasting_s: float, unrest: Unrest, chance: np.random.Generator
) -> list[Happening]:
    """Draw leans and partial lifts for the times in which nothing else happens.

    Args:
        happenings: what happens, in order of time.
        unit_g: what a unit weighs: a lift takes a part of it off, a lean presses by up to five.
        lasting_s: how long the slot is watched.
        unrest: how often.
        chance: all random numbers.
    """
    taken = [(each.begin_s, each.end_s) for each in happenings]
    touches = []
    for kind, rate in ((HappeningKind.LEAN, unrest.leans), (HappeningKind.PARTIAL_LIFT, unrest.lifts)):
        for begin_s in chance.uniform(30.0, lasting_s - 30.0, int(chance.poisson(rate * lasting_s / 3600))):
            end_s = begin_s + float(chance.uniform(0.8, 5))
            if any(begin_s < until_s + _APART_S and end_s > from_s - _APART_S for from_s, until_s in taken):
                continue
            press_g = unit_g * float(
                chance.uniform(0.5, 5) if kind is HappeningKind.LEAN else -chance.uniform(0.4, 0.95)
            )
            hand_g = float(chance.uniform(2, 25)) + 0.05 * abs(press_g)
            touches.append(Happening(kind, float(begin_s), end_s, 0, (), hand_g, press_g))
            taken.append((float(begin_s), end_s))
    return touches


def shakes_during(lasting_s: float, unrest: Unrest, chance: np.random.Generator) -> list[CellFault]:
    """Draw footsteps and slammed doors."""
    shakes = []
    for rate, low_s, high_s, least_g, most_g in (
        (unrest.footsteps, 2.0, 8.0, 0.3, 4.0),
        (unrest.slams, 0.6, 1.0, 3.0, 15.0),
    ):
        for begin_s in chance.uniform(0, lasting_s, int(chance.poisson(rate * lasting_s / 3600))):
            end_s = begin_s + chance.uniform(low_s, high_s)
            size_g = float(chance.uniform(least_g, most_g))
            shakes.append(CellFault(FaultKind.VIBRATION, int(begin_s * 1000), int(end_s * 1000), size_g))
    return shakes


def load_of(life: SlotLife, t_ms: Int64s, chance: np.random.Generator) -> Floats:
    """Draw the load on the plate at n rising instants: goods and hands.

    A hand trembles like a first-order process of a tenth of a second and presses as it comes and goes; when it has
    gone, the load is exactly that of the goods.
    """
    t_s = t_ms / 1000
    load_g = np.full(len(t_s), life.start_g)
    for each in life.happenings:
        first, last = np.searchsorted(t_s, [each.begin_s, each.end_s])
        during_s = t_s[first:last]
        for move in each.moves:
            begin = int(np.searchsorted(t_s, move.at_s))
            share = np.clip((t_s[begin:last] - move.at_s) / move.lasting_s, 0.0, 1.0)
            load_g[begin:last] += move.delta_g * share
            load_g[last:] += move.delta_g
        if last > first:
            tremble = chance.normal(0.0, each.hand_g, last - first)
            for place in range(1, len(tremble)):
                tremble[place] = 0.4 * tremble[place - 1] + 0.92 * tremble[place]
            part = (during_s - each.begin_s) / max(each.end_s - each.begin_s, 1e-3)
            rising = np.clip(4 * part, 0, 1) * np.clip(4 * (1 - part), 0, 1)
            load_g[first:last] += tremble + each.press_g * rising
    return load_g


def temperature_of(t_ms: Int64s, chance: np.random.Generator) -> Floats:
    """A shop's air at n instants: the day's wave of two degrees, and an air conditioner's of half a degree."""
    t_s = t_ms / 1000
    phase = chance.uniform(0, 2 * np.pi, 2)
    period_s = chance.uniform(1200, 2400)
    day = 2.0 * np.sin(2 * np.pi * t_s / 86_400 + phase[0])
    air: Floats = 20.0 + day + 0.5 * np.sin(2 * np.pi * t_s / period_s + phase[1])
    return air
