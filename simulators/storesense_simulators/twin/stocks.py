"""What lies on the slots: every unit has a mass of its own, and some units lie where they do not belong."""

from dataclasses import dataclass, field

from storesense_simulators.twin.chance import Dice
from storesense_simulators.twin.shop import Place


@dataclass(frozen=True, slots=True)
class Unit:
    """One piece of goods.

    Attributes:
        home_id: the slot that it belongs to.
        mass_mg: what it weighs.
    """

    home_id: str
    mass_mg: int


@dataclass(slots=True)
class Stock:
    """The units on one slot; what came last is taken first."""

    place: Place
    dice: Dice
    own: list[Unit] = field(default_factory=list)
    foreign: list[Unit] = field(default_factory=list)
    mass_mg: int = 0

    @property
    def slot_id(self) -> str:
        """The slot's id."""
        return self.place.slot_id

    @property
    def units(self) -> int:
        """How many units of the slot's own product lie there."""
        return len(self.own)

    @property
    def is_low(self) -> bool:
        """Whether the slot is at or below its reorder point."""
        return len(self.own) <= self.place.reorder_point_units

    @property
    def room_units(self) -> int:
        """How many more units fit."""
        return max(0, self.place.capacity_units - len(self.own) - len(self.foreign))

    def take(self, units: int) -> list[Unit]:
        """Take up to ``units`` of the slot's own product."""
        taken = [self.own.pop() for _ in range(min(units, len(self.own)))]
        self.mass_mg -= sum(unit.mass_mg for unit in taken)
        return taken

    def put(self, unit: Unit) -> None:
        """Lay a unit on the slot, whether it belongs there or not."""
        (self.own if unit.home_id == self.slot_id else self.foreign).append(unit)
        self.mass_mg += unit.mass_mg

    def refill(self, units: int) -> list[Unit]:
        """Put up to ``units`` fresh ones on, as far as there is room, and return them."""
        fresh = [self.new_unit() for _ in range(min(units, self.room_units))]
        for unit in fresh:
            self.put(unit)
        return fresh

    def tidy(self) -> list[Unit]:
        """Take away what does not belong here, and return it."""
        strange, self.foreign = self.foreign, []
        self.mass_mg -= sum(unit.mass_mg for unit in strange)
        return strange

    def new_unit(self) -> Unit:
        """Return a fresh unit, as heavy as units of this product are, and never lighter than half of that."""
        place = self.place
        deviation_g = self.dice.normal(place.unit_weight_sd_g)
        return Unit(
            place.slot_id, max(round(place.unit_weight_g * 500), round((place.unit_weight_g + deviation_g) * 1000))
        )


def first_stocks(places: tuple[Place, ...], seed: int) -> dict[str, Stock]:
    """Return the slots as they are when a run begins, each with random numbers of its own."""
    stocks = {}
    for place in places:
        stock = Stock(place, Dice(seed, f"units/{place.slot_id}"))
        stock.refill(place.first_units)
        stocks[place.slot_id] = stock
    return stocks
