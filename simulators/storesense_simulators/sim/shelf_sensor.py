"""A simulated load cell under one slot: swings while somebody handles goods, then tells what happened."""

import math
import random

from storesense_contracts.readings import ShelfEvent, ShelfEventKind, ShelfWeight
from storesense_edge.shelf.stock import estimate_units
from storesense_simulators.sim.interval_sensors import instant
from storesense_simulators.sim.shelves import Stock, tolerance_g
from storesense_simulators.sim.truth import TruthEvent, TruthKind

_NOISE_G = 1.5
_HANDLING_NOISE_G = 25.0
_SETTLE_MS = 1_200
_UNSTABLE_EVERY_MS = 400
_REPEAT_MS = 20_000
_KINDS = frozenset({TruthKind.PICKED, TruthKind.PUT_BACK, TruthKind.RESTOCKED})


class SlotSensor:
    """What the shelf controller would say of one slot."""

    def __init__(self, stock: Stock, *, device_id: str, chance: random.Random) -> None:
        self.stock = stock
        self.device_id = device_id
        self._chance = chance
        self._changed_ms: int | None = None
        self._was_restocked = False
        self._told_units: int | None = None
        self._told_weight_g = 0.0
        self._next_ms = 0

    def observe(self, event: TruthEvent, now_ms: int) -> None:
        """Take in what happened; events of other subjects are passed over."""
        if event.subject_id == self.stock.slot_id and event.kind in _KINDS:
            if self._changed_ms is None:
                self._next_ms = now_ms
            self._changed_ms = now_ms
            self._was_restocked |= event.kind is TruthKind.RESTOCKED

    def report(self, now_ms: int) -> list[ShelfWeight | ShelfEvent]:
        """Return what is due at ``now_ms`` (milliseconds since 1970)."""
        if self._changed_ms is not None:
            if now_ms - self._changed_ms >= _SETTLE_MS:
                return self._settled(now_ms, self._changed_ms)
            if now_ms >= self._next_ms:
                self._next_ms = now_ms + _UNSTABLE_EVERY_MS
                swinging_g = self.stock.weight_g + self._chance.gauss(0.0, _HANDLING_NOISE_G)
                return [
                    ShelfWeight(
                        measured_at=instant(now_ms),
                        slot_id=self.stock.slot_id,
                        weight_mg=round(swinging_g * 1000),
                        is_stable=False,
                    )
                ]
            return []
        if now_ms < self._next_ms:
            return []
        return [self._stable(now_ms)]

    def resume(self, now_ms: int) -> None:
        """Go on at another instant: handling that was under way counts from now."""
        self._next_ms = now_ms
        if self._changed_ms is not None:
            self._changed_ms = now_ms

    def _settled(self, now_ms: int, changed_ms: int) -> list[ShelfWeight | ShelfEvent]:
        before_units, before_g = self._told_units, self._told_weight_g
        weight = self._stable(now_ms)
        self._changed_ms = None
        was_restocked, self._was_restocked = self._was_restocked, False
        if before_units is None or self._told_units is None or before_units == self._told_units:
            return [weight]
        units = self._told_units - before_units
        kind = ShelfEventKind.RESTOCK if was_restocked else ShelfEventKind.PUT_BACK
        event = ShelfEvent(
            measured_at=instant(changed_ms),
            slot_id=self.stock.slot_id,
            event=ShelfEventKind.PICK if units < 0 else kind,
            units=abs(units),
            delta_mg=round((self._told_weight_g - before_g) * 1000),
            confidence=weight.confidence or 0.0,
            sku=self.stock.plan.slot.product.sku,
        )
        return [weight, event]

    def _stable(self, now_ms: int) -> ShelfWeight:
        product = self.stock.plan.slot.product
        weight_g = self.stock.weight_g + self._chance.gauss(0.0, _NOISE_G)
        sigma_g = math.sqrt(max(1, self.stock.units) * tolerance_g(product) ** 2 + _NOISE_G**2)
        estimate = estimate_units(weight_g, product.unit_weight_g, sigma_g)
        self._told_units, self._told_weight_g = estimate.units, weight_g
        self._next_ms = now_ms + _REPEAT_MS
        return ShelfWeight(
            measured_at=instant(now_ms),
            slot_id=self.stock.slot_id,
            weight_mg=round(weight_g * 1000),
            is_stable=True,
            units=estimate.units,
            confidence=round(estimate.confidence, 4),
        )
