"""Stock on simulated slots: every unit has a weight of its own, and staff refill what ran low."""

import random
from dataclasses import dataclass

from storesense_contracts.layout import Product
from storesense_simulators.sim.plan import SlotPlan
from storesense_simulators.sim.profile import StaffHabits

_DEFAULT_TOLERANCE = 0.02


def tolerance_g(product: Product) -> float:
    """Return how much one unit's weight varies (standard deviation)."""
    return product.unit_weight_tolerance_g or product.unit_weight_g * _DEFAULT_TOLERANCE


class Stock:
    """The units on one slot."""

    def __init__(self, plan: SlotPlan, *, units: int, chance: random.Random) -> None:
        self.plan = plan
        self._chance = chance
        self._weights_g = [self._new_unit_g() for _ in range(units)]

    @property
    def slot_id(self) -> str:
        """The slot's id."""
        return self.plan.slot.id

    @property
    def units(self) -> int:
        """How many units lie there."""
        return len(self._weights_g)

    @property
    def weight_g(self) -> float:
        """What they weigh together."""
        return sum(self._weights_g)

    @property
    def is_low(self) -> bool:
        """Whether the slot is at or below its reorder point."""
        return self.units <= self.plan.slot.reorder_point_units

    def take(self, units: int) -> list[float]:
        """Take up to ``units`` and return the weight of each in grams."""
        taken = self._weights_g[len(self._weights_g) - units :] if units < self.units else list(self._weights_g)
        del self._weights_g[len(self._weights_g) - len(taken) :]
        return taken

    def put(self, weights_g: list[float]) -> None:
        """Put units back."""
        self._weights_g.extend(weights_g)

    def refill(self, units: int) -> int:
        """Put up to ``units`` fresh ones on, as far as there is room, and return how many it were."""
        fitting = max(0, min(units, self.plan.slot.capacity_units - self.units))
        self._weights_g.extend(self._new_unit_g() for _ in range(fitting))
        return fitting

    def _new_unit_g(self) -> float:
        product = self.plan.slot.product
        deviation_g = self._chance.gauss(0.0, tolerance_g(product))
        return max(product.unit_weight_g * 0.5, product.unit_weight_g + deviation_g)


@dataclass(slots=True)
class _Errand:
    stock: Stock
    next_load_ms: int


class Stocker:
    """The member of staff who refills slots, one after the other, longest low first."""

    def __init__(self, stocks: list[Stock], *, habits: StaffHabits, chance: random.Random) -> None:
        self._stocks = stocks
        self._habits = habits
        self._chance = chance
        self._low_since_ms: dict[str, int] = {}
        self._errand: _Errand | None = None

    def advance(self, now_ms: int) -> tuple[Stock, int] | None:
        """Go on working; return (slot's stock, units) when units were put on a shelf just now."""
        for stock in self._stocks:
            if stock.is_low:
                self._low_since_ms.setdefault(stock.slot_id, now_ms)
            elif self._errand is None or self._errand.stock is not stock:
                self._low_since_ms.pop(stock.slot_id, None)
        if self._errand is None:
            self._begin(now_ms)
            return None
        if now_ms < self._errand.next_load_ms:
            return None
        stock = self._errand.stock
        loaded = stock.refill(self._habits.load_units)
        self._errand.next_load_ms = now_ms + round(self._habits.load_every_s * 1000)
        if loaded < self._habits.load_units or stock.units >= stock.plan.slot.capacity_units:
            self._errand = None
            self._low_since_ms.pop(stock.slot_id, None)
        return (stock, loaded) if loaded else None

    def _begin(self, now_ms: int) -> None:
        due = [
            (since_ms, stock.slot_id, stock)
            for stock in self._stocks
            if (since_ms := self._low_since_ms.get(stock.slot_id)) is not None
            and now_ms - since_ms >= self._habits.notice_s * 1000
        ]
        if due:
            fetch_ms = round(self._chance.uniform(*self._habits.fetch_s) * 1000)
            self._errand = _Errand(min(due, key=lambda item: item[:2])[2], now_ms + fetch_ms)
