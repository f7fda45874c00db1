"""What a slot holds: its weight freed from creep, temperature and drift, and the units that follow from it."""

import math
from collections.abc import Sequence
from dataclasses import replace

from storesense_edge.shelf.belief import StockBelief
from storesense_edge.shelf.creep import CreepCompensation
from storesense_edge.shelf.drift import DriftTracker
from storesense_edge.shelf.errors import ShelfError
from storesense_edge.shelf.events import EventNamer, ShelfEvent, is_explained, step_sigma_g, touch_of
from storesense_edge.shelf.explain import Origin
from storesense_edge.shelf.learned_weights import LearnedWeights
from storesense_edge.shelf.movement import Movement, WeightStep
from storesense_edge.shelf.plate_stock import Former, Stock
from storesense_edge.shelf.retelling import Correction, Retelling
from storesense_edge.shelf.slot import SlotSpec
from storesense_edge.shelf.temperature import TemperatureCompensation
from storesense_edge.shelf.unit_weight import PackagingChange
from storesense_edge.shelf.upkeep import Upkeep
from storesense_edge.shelf.worlds import Change, Guest

# No more than this share of the lightest unit is ever taken for drift between two zeros, so that no slow loss of a
# unit can hide behind it.
_DRIFT_SHARE = 0.25
# Of a load, so much creep may have been missed or taken off too much.
_CREEP_DOUBT = 0.0003
# Of the former product, no more than this many units are recognised by a quick look.
_FORMER_AT_ONCE = 6
_EMPTY_SURE = 0.99
_EMPTY_S = 60.0
_EMPTY_SHARE = 0.3
_MOST_DRIFT_H = 12.0
_UPKEEP_S = 60.0
# A count by hand is doubted where the weight is off by more than this share of a unit and so many standard deviations.
_COUNT_OFF_SHARE = 0.4
_COUNT_SIGMAS = 3.0


class SlotStock:
    """Follows one slot's stock, weight by weight and step by step.

    Args:
        spec: the slot.
    """

    def __init__(self, spec: SlotSpec) -> None:
        self.spec = spec
        self._planned = spec.products
        self.temperature = TemperatureCompensation()
        self.creep = CreepCompensation()
        self.drift = _tracker(spec)
        self._temperature_c = math.nan
        self._zero_g = 0.0
        self._zero_s: float | None = None
        self._namer = EventNamer(spec)
        self._learned = LearnedWeights(spec.products)
        self._belief = _belief(spec)
        self._upkeep = Upkeep()
        self._upkeep_s = -math.inf
        self._retelling = Retelling()
        self._corrections: list[Correction] = []
        self._no = 0

    @property
    def known_changes_g(self) -> list[tuple[float, float]]:
        """Changes of weight that would make sense beside the slot's own units, as (grams, how far off)."""
        spec = self.spec
        guests, former = (self._belief.guests, self._belief.former) if self._belief else ((), [])
        arriving = [(each.unit_weight_g, 2 * each.unit_sigma_g) for each in (*spec.products, *spec.strangers)]
        leaving = [(-each.unit_weight_g, 2 * each.unit_sigma_g) for each in spec.products]
        leaving += [
            (-units * each.product.unit_weight_g, 2 * each.product.unit_sigma_g * math.sqrt(units))
            for each in former
            for units in range(1, min(each.units, _FORMER_AT_ONCE) + 1)
        ]
        return arriving + leaving + [(-guest.weight_g, 0.005 * guest.weight_g) for guest in guests]

    @property
    def calibration_due(self) -> str | None:
        """Why the slot should be tared or calibrated, None while all is well."""
        return self._upkeep.due(self.drift, self.packaging_change) if self._belief else None

    @property
    def packaging_change(self) -> PackagingChange | None:
        """That the product is packed anew, if its picks have shown that."""
        return self._learned.packaging_change

    @property
    def unit_weights_g(self) -> dict[str, float]:
        """Each product's unit weight as clean picks have taught it."""
        return {product.sku: product.unit_weight_g for product in self._learned.products}

    def weight_g(self, level_g: float) -> float:
        """The level without creep, temperature, drift and the zero's own offset."""
        return self._undrifted_g(level_g) - self.drift.offset_g - self._zero_g

    def stock(self, at_s: float, level_g: float, sigma_g: float) -> Stock | None:
        """What lies on the slot, from a level at rest; None for a slot that is only weighed.

        Args:
            at_s: when.
            level_g: the level, uncorrected.
            sigma_g: its standard deviation from noise, swing and the calibration.
        """
        if self._belief is None:
            return None
        weight_g = self.weight_g(level_g)
        return self._belief.stock(weight_g, math.hypot(sigma_g, self._drift_sigma_g(at_s), _CREEP_DOUBT * weight_g))

    def step(self, step: WeightStep, noise_g: float) -> ShelfEvent | None:
        """Take a step: name it, move the stock, learn from it."""
        if self._belief is None or not is_explained(step, self.spec):
            self.creep.start(step.settled_s, step.delta_g, noise_g)
            return None
        self._no += 1
        change = Change(
            step.at_s,
            step.delta_g,
            step_sigma_g(step, self.spec),
            step.sigma_g,
            departed_s=step.departed_s,
            no=self._no,
        )
        ranked = self._belief.step(change, step.settled_s, after_gap=step.after_gap)
        event = self._namer.name(step, ranked)
        if event is not None:
            event = replace(event, no=self._no)
        self._retell(event)
        self.creep.start(step.settled_s, step.delta_g, noise_g)
        if event is not None and not step.after_gap:
            best = ranked[0]
            self._learn(event, best.product.sku if best.origin is Origin.OWN and best.product else None, change.sigma_g)
        return event

    def remember(self, units: Sequence[int]) -> None:
        """Take what lay there before the slot was watched, for what its first weight leaves open.

        Raises:
            ShelfError: the numbers do not fit its products.
        """
        if self._belief is not None:
            self._belief.remember(units)

    def counted(self, units: Sequence[int]) -> None:
        """Take what somebody counted, one number for each of the slot's products.

        Raises:
            ShelfError: the slot has no product, or the numbers do not fit its products.
        """
        if self._belief is None:
            raise ShelfError("This slot is only weighed; give it a product before its units are counted.")
        self._belief.counted(units)

    def counted_at_rest(
        self, units: Sequence[int], at_s: float, level_g: float, sigma_g: float, *, is_certain: bool = False
    ) -> bool:
        """Take what somebody counted while the slot rests, if the weight can be that; return whether it can.

        The weight then belongs to those units: what it is more or less than they should weigh is theirs as far as
        units differ, and the zero's fault beyond that.

        Args:
            units: of each of the slot's products.
            at_s: when.
            level_g: the level, uncorrected.
            sigma_g: its standard deviation from noise, swing and the calibration.
            is_certain: whether to believe it whatever the weight says.

        Raises:
            ShelfError: the slot has no product, or the numbers do not fit its products.
        """
        lightest = self.spec.lightest
        if self._belief is None or lightest is None:
            raise ShelfError("This slot is only weighed; give it a product before its units are counted.")
        weight_g, sigma_g = self.weight_g(level_g), math.hypot(sigma_g, self._drift_sigma_g(at_s))
        belief = self._belief
        # Whoever counts the slot's own goods may leave something else lying there, or take it away meanwhile.
        guests = min(((), belief.guests), key=lambda each: abs(belief.misfit(units, weight_g, sigma_g, each)[0]))
        residual_g, spread_g = belief.misfit(units, weight_g, sigma_g, guests)
        if not is_certain and abs(residual_g) > _COUNT_OFF_SHARE * lightest.unit_weight_g + _COUNT_SIGMAS * spread_g:
            return False
        over_g = max(-spread_g, min(spread_g, residual_g))
        belief.counted(units, over_g, guests)
        self._zero_g += residual_g - over_g
        self._upkeep.zeroed(at_s)
        self._zero_s = at_s
        self._retell(None)
        return True

    def laid_across(self, no: int) -> None:
        """Take the event of a number for a part of something that lies on two slots: it is no units of this one."""
        self._retelling.forget(no)
        if self._belief is not None:
            self._belief.laid_across(no)

    def take_corrections(self) -> tuple[Correction, ...]:
        """Return what has to be told anew since this was asked last."""
        found = tuple(self._corrections)
        self._corrections.clear()
        return found

    def replan(self, spec: SlotSpec, at_s: float, level_g: float) -> None:
        """Take another planogram: what lies there stays there, as goods of the products that the slot had.

        The cell's zero, creep and temperature stay. What clean picks have taught stays where the product does.

        Args:
            spec: the slot as it is planned now.
            at_s: when.
            level_g: the level, uncorrected; NaN where the slot has not rested yet.
        """
        if spec.products == self._planned:
            self._keep_learned(replace(spec, calibration=self.spec.calibration))
            return
        self._retelling.forget()
        former, guests, units = self._left_over(spec, at_s, level_g)
        self._zero_g += self.drift.offset_g
        self.spec, self._planned = spec, spec.products
        self.drift = _tracker(spec)
        self._namer.replan(spec)
        self._learned = LearnedWeights(spec.products)
        self._belief = _belief(spec)
        if self._belief is not None and former:
            self._belief.laid([units.get(each.sku, 0) for each in spec.products], former, guests, at_s)
        self._upkeep = Upkeep()

    def _left_over(
        self, spec: SlotSpec, at_s: float, level_g: float
    ) -> tuple[list[Former], tuple[Guest, ...], dict[str, int]]:
        """What lies there when a planogram begins: goods that it does not have, guests, and units of what it keeps."""
        stock = self.stock(at_s, level_g, 0.0) if math.isfinite(level_g) else None
        if stock is None or self._belief is None:
            return [], (), {}
        kept = {product.sku for product in spec.products}
        held = [Former(each, n) for each, n in zip(self.spec.products, stock.units, strict=True)]
        former = [each for each in (*self._belief.former, *held) if each.product.sku not in kept and each.units > 0]
        units = {each.product.sku: each.units for each in (*held, *self._belief.former)}
        return former, self._belief.guests, units

    def touch(self, movement: Movement) -> ShelfEvent | None:
        """Take a movement that ended where it began."""
        self.creep.interrupt()
        touched = touch_of(movement, self.spec)
        if touched is None:
            return None
        self._no += 1
        return replace(touched, no=self._no)

    def look(self, at_s: float, level_g: float, sigma_g: float, untouched_s: float, temperature_c: float) -> None:
        """Take the level of a slot at rest, every ten seconds or so: learn drift, creep and temperature from it."""
        if math.isfinite(temperature_c):
            self._temperature_c = temperature_c
        self.temperature.push(at_s, level_g, temperature_c, untouched_s)
        self.creep.push(at_s, level_g)
        self.drift.push(at_s, self._undrifted_g(level_g), untouched_s)
        if at_s - self._upkeep_s < _UPKEEP_S:
            return
        self._upkeep_s = at_s
        if self._zero_s is None:
            self._zero_s = at_s
        stock = self.stock(at_s, level_g, sigma_g)
        lightest = self.spec.lightest
        if stock is None or lightest is None:
            return
        self._retell(None)
        self._upkeep.look(at_s, stock.confidence, stock.residual_g, lightest.unit_weight_g)
        is_empty = not any(stock.units) and not stock.guest_g and stock.confidence >= _EMPTY_SURE
        weight_g = self.weight_g(level_g)
        if is_empty and untouched_s >= _EMPTY_S and abs(weight_g) < _EMPTY_SHARE * lightest.unit_weight_g:
            self._take_zero(at_s, level_g)

    def zeroed(self, at_s: float, level_g: float) -> None:
        """Take the level for zero: somebody says that nothing lies there. What was told before stays told.

        Args:
            at_s: when.
            level_g: the level at rest, uncorrected.
        """
        self._take_zero(at_s, level_g)
        self._retelling.forget()
        if self._belief is not None:
            self._belief.counted([0] * len(self.spec.products))

    def restart_clock(self) -> None:
        """The clock was set: what is counted in seconds begins anew."""
        self._namer.restart_clock()
        self._retelling.forget()
        if self._belief is not None:
            self._belief.restart_clock()
        self.creep.interrupt()
        self._zero_s = None
        self._upkeep_s = -math.inf

    def _take_zero(self, at_s: float, level_g: float) -> None:
        self._zero_g += self.weight_g(level_g) + self.drift.offset_g
        self._zero_s = at_s
        self.drift.reset()
        self._upkeep.zeroed(at_s)

    def _retell(self, event: ShelfEvent | None) -> None:
        """Find what was told wrongly before, and remember what is told now."""
        if self._belief is None:
            return
        rest_of = self._belief.rest_of if event is not None else None
        if rest_of is not None:
            # Both were one movement; of what it was, the first part has been told.
            withdrawn = self._retelling.withdraw(rest_of)
            if withdrawn is not None:
                self._corrections.append(withdrawn)
        self._corrections += self._retelling.revise(self._belief.tellings, self.spec)
        if event is not None and rest_of is None:
            self._retelling.tell(event)

    def _undrifted_g(self, level_g: float) -> float:
        return level_g - self.creep.offset_g - self.temperature.offset_g(self._temperature_c)

    def _drift_sigma_g(self, at_s: float) -> float:
        """How far the zero may have moved since it was last seen, beyond what was tuned away."""
        if self._zero_s is None:
            return 0.0
        hours = min(max(0.0, at_s - self._zero_s) / 3600, _MOST_DRIFT_H)
        return 0.25 * self.spec.max_drift_g_per_h * hours

    def _learn(self, event: ShelfEvent, sku: str | None, sigma_g: float) -> None:
        if self._learned.learn(event, sku, sigma_g) and self._belief is not None:
            self._belief.reweigh(self._learned.products)
        if self._learned.products != self.spec.products:
            self._keep_learned(self.spec)

    def _keep_learned(self, spec: SlotSpec) -> None:
        """Take a spec of the same products, with the unit weights that were learned."""
        self.spec = self._learned.within(spec)
        self._namer.spec = self.spec
        if self._belief is not None:
            self._belief.resize(self.spec.most_units, self.spec.capacity_units, self.spec.strangers)


def _belief(spec: SlotSpec) -> StockBelief | None:
    if not spec.products:
        return None
    return StockBelief(spec.products, spec.most_units, spec.strangers, spec.capacity_units)


def _tracker(spec: SlotSpec) -> DriftTracker:
    lightest = spec.lightest
    return DriftTracker(
        max_rate_g_per_h=spec.max_drift_g_per_h if lightest else 0.0,
        max_offset_g=_DRIFT_SHARE * lightest.unit_weight_g if lightest else 0.0,
    )
