"""What happens on a shelf in a day, and the load that it puts on the cell: the truth that a signal chain is judged by.

A `Happening` is one thing that somebody did. Whoever has them (this module's random shoppers, or a simulated store)
can have their load drawn by `load_of`, sampled by a `LoadCell` and scored by `storesense_simulators.shelf_score`.
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
        units: units of the slot's own product that it changed, signed; 0 for everything else.
        moves: the changes of load that stay.
        hand_g: how strongly the hand trembles and presses while it is there (standard deviation).
        press_g: what the hand puts on (positive) or takes off (negative) while it is there, beside the moves.
        is_alike: whether a misplaced thing weighs so much like units of the slot's own product that no scale can tell.
    """

    kind: HappeningKind
    begin_s: float
    end_s: float
    units: int
    moves: tuple[Move, ...] = ()
    hand_g: float = 0.0
    press_g: float = 0.0
    is_alike: bool = False


@dataclass(frozen=True, slots=True)
class Habits:
    """How often things happen on one slot, in an hour of opening; what a busy shelf sees."""

    picks: float = 12.0
    put_backs: float = 1.5
    misplaced: float = 0.5
    sweeps: float = 0.4
    leans: float = 2.0
    lifts: float = 2.0
    footsteps: float = 25.0
    slams: float = 4.0


@dataclass(frozen=True, slots=True)
class SlotLife:
    """One slot's time: what it holds, and what happened.

    Attributes:
        product: the product, with its weight as the planogram has it.
        capacity_units: how many fit.
        start_g: weight on the slot at the beginning.
        start_units: units at the beginning.
        happenings: in order of time, never two at once.
        shakes: footsteps and slammed doors.
    """

    product: ProductWeight
    capacity_units: int
    start_g: float
    start_units: int
    happenings: tuple[Happening, ...]
    shakes: tuple[CellFault, ...]

    def holds_alike(self, at_s: float) -> bool:
        """Whether something misplaced lies there that weighs like the slot's own units."""
        held_g = sum(
            move.delta_g for each in self.happenings if each.is_alike and each.end_s <= at_s for move in each.moves
        )
        return abs(held_g) > 1e-6

    def units_at(self, at_s: float) -> int:
        """Units of the slot's own product on it at a moment."""
        return self.start_units + sum(each.units for each in self.happenings if each.end_s <= at_s)


def products_of(count: int, chance: np.random.Generator) -> list[ProductWeight]:
    """Random products from 60 g to 1.5 kg whose weights vary by 1 to 3 % (two standard deviations)."""
    weights_g = np.exp(chance.uniform(math.log(60), math.log(1500), count))
    return [
        ProductWeight(f"sku-{place}", round(float(weight_g), 1), round(float(weight_g * chance.uniform(0.01, 0.03)), 2))
        for place, weight_g in enumerate(weights_g)
    ]


class SlotLifeMaker:
    """Draws one slot's time.

    Args:
        product: what lies there.
        others: what people may put there by mistake.
        habits: how often what happens.
        chance: all random numbers.
    """

    def __init__(
        self,
        product: ProductWeight,
        others: Sequence[ProductWeight],
        habits: Habits,
        chance: np.random.Generator,
    ) -> None:
        self._product = product
        self._others = others
        self._habits = habits
        self._chance = chance
        # A batch is a little lighter or heavier than the planogram says.
        self._unit_g = product.unit_weight_g * (1 + 0.25 * product.unit_tolerance_share * chance.standard_normal())
        self._on_slot_g: list[float] = []
        self._guests_g: list[float] = []

    def make(self, lasting_s: float, capacity_units: int) -> SlotLife:
        """Draw everything that happens from the beginning on; the first half minute is quiet."""
        chance = self._chance
        start_units = int(chance.integers(capacity_units // 2, capacity_units + 1))
        self._on_slot_g = [self._weigh() for _ in range(start_units)]
        start_g = sum(self._on_slot_g)
        happenings: list[Happening] = []
        at_s = 30.0
        rates = {
            HappeningKind.PICK: self._habits.picks,
            HappeningKind.PUT_BACK: self._habits.put_backs,
            HappeningKind.MISPLACED: self._habits.misplaced,
            HappeningKind.BULK_REMOVAL: self._habits.sweeps,
            HappeningKind.LEAN: self._habits.leans,
            HappeningKind.PARTIAL_LIFT: self._habits.lifts,
        }
        total = sum(rates.values())
        while True:
            # Two people do not reach into one slot at once; they do follow each other closely.
            at_s += 2.5 + float(chance.exponential(3600 / total))
            kind = list(rates)[int(chance.choice(len(rates), p=[rate / total for rate in rates.values()]))]
            if len(self._on_slot_g) <= 0.2 * capacity_units and chance.random() < 0.3:
                kind = HappeningKind.RESTOCK
            happening = self._happening(kind, at_s, capacity_units)
            if happening is None:
                continue
            if happening.end_s > lasting_s - 15:
                break
            happenings.append(happening)
            at_s = happening.end_s
        return SlotLife(
            self._product, capacity_units, start_g, start_units, tuple(happenings), tuple(self._shakes(lasting_s))
        )

    def _weigh(self) -> float:
        return self._unit_g + self._product.unit_sigma_g * float(self._chance.standard_normal())

    def _happening(self, kind: HappeningKind, at_s: float, capacity_units: int) -> Happening | None:
        chance = self._chance
        hand_g = float(chance.uniform(2, 25))
        if kind is HappeningKind.PICK:
            units = 1 + min(3, int(chance.geometric(0.75)) - 1)
            return self._take(kind, at_s, units, hand_g, at_once=chance.random() < 0.5)
        if kind is HappeningKind.BULK_REMOVAL:
            least = max(6, math.ceil(0.45 * capacity_units))
            if len(self._on_slot_g) < least:
                return None
            return self._take(kind, at_s, int(chance.integers(least, len(self._on_slot_g) + 1)), hand_g, at_once=False)
        if kind is HappeningKind.PUT_BACK:
            return self._put(kind, at_s, [self._weigh()], hand_g) if len(self._on_slot_g) < capacity_units else None
        if kind is HappeningKind.RESTOCK:
            free = capacity_units - len(self._on_slot_g)
            least = max(3, math.ceil(0.3 * capacity_units))
            if free < least:
                return None
            return self._put(kind, at_s, [self._weigh() for _ in range(int(chance.integers(least, free + 1)))], hand_g)
        if kind is HappeningKind.MISPLACED:
            return self._misplace(at_s, hand_g)
        return self._touch(kind, at_s, hand_g)

    def _touch(self, kind: HappeningKind, at_s: float, hand_g: float) -> Happening | None:
        chance = self._chance
        lasting_s = float(chance.uniform(0.8, 5))
        if kind is HappeningKind.LEAN:
            press_g = float(chance.uniform(0.5, 5)) * self._product.unit_weight_g
        elif self._on_slot_g:
            press_g = -float(chance.uniform(0.4, 0.95)) * self._product.unit_weight_g
        else:
            return None
        return Happening(kind, at_s, at_s + lasting_s, 0, (), hand_g + 0.05 * abs(press_g), press_g)

    def _take(self, kind: HappeningKind, at_s: float, units: int, hand_g: float, *, at_once: bool) -> Happening | None:
        chance = self._chance
        units = min(units, len(self._on_slot_g))
        if not units:
            return None
        gone_g = [self._on_slot_g.pop(int(chance.integers(len(self._on_slot_g)))) for _ in range(units)]
        moves: list[Move] = []
        begin_s = at_s + float(chance.uniform(0.2, 0.8))
        for each_g in [sum(gone_g)] if at_once else gone_g:
            lasting_s = float(chance.uniform(0.15, 0.5))
            moves.append(Move(begin_s, lasting_s, -each_g))
            begin_s += lasting_s + float(chance.uniform(0.1, 0.5))
        return Happening(kind, at_s, moves[-1].at_s + moves[-1].lasting_s + 0.1, -units, tuple(moves), hand_g)

    def _put(self, kind: HappeningKind, at_s: float, each_g: list[float], hand_g: float) -> Happening:
        chance = self._chance
        self._on_slot_g += each_g
        moves: list[Move] = []
        begin_s = at_s + float(chance.uniform(0.2, 0.8))
        left_g = list(each_g)
        while left_g:
            handful = min(len(left_g), int(chance.integers(1, 5)))
            lasting_s = float(chance.uniform(0.15, 0.5))
            moves.append(Move(begin_s, lasting_s, sum(left_g[:handful])))
            left_g = left_g[handful:]
            begin_s += lasting_s + float(chance.uniform(0.3, 4))
        return Happening(kind, at_s, moves[-1].at_s + moves[-1].lasting_s + 0.1, len(each_g), tuple(moves), hand_g)

    def _misplace(self, at_s: float, hand_g: float) -> Happening:
        chance = self._chance
        if self._guests_g and chance.random() < 0.7:
            change_g = -self._guests_g.pop()
        else:
            other = self._others[int(chance.integers(len(self._others)))]
            change_g = other.unit_weight_g + other.unit_sigma_g * float(chance.standard_normal())
            self._guests_g.append(change_g)
        move = Move(at_s + float(chance.uniform(0.2, 0.8)), float(chance.uniform(0.15, 0.5)), change_g)
        product = self._product
        units = max(1, round(abs(change_g) / product.unit_weight_g))
        spread_g = product.unit_sigma_g * math.sqrt(units)
        is_alike = abs(abs(change_g) - units * self._unit_g) < _ALIKE_SIGMAS * spread_g
        return Happening(
            HappeningKind.MISPLACED, at_s, move.at_s + move.lasting_s + 0.1, 0, (move,), hand_g, 0.0, is_alike
        )

    def _shakes(self, lasting_s: float) -> list[CellFault]:
        chance = self._chance
        shakes = []
        for rate, low_s, high_s, least_g, most_g in (
            (self._habits.footsteps, 2.0, 8.0, 0.3, 4.0),
            (self._habits.slams, 0.6, 1.0, 3.0, 15.0),
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
