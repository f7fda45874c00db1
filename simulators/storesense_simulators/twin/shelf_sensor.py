"""One slot as its shelf controller reports it: an early guess while somebody handles goods, then what happened.

The signal chain itself is not run at this depth; its findings are: a change is settled 1.2 s after the last touch and
named by the edge's own rule (`storesense_edge.shelf.events`), a weight is told each minute at rest. Noise and drift
are the cell's (`CellModel`, whose figures stand beside the recording that they were fitted to), read out in whole raw
counts; the edge's zero tracking leaves a tenth of the drift.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from storesense_contracts.readings import CountedProduct, ShelfCounted, ShelfEvent, ShelfWeight
from storesense_edge.shelf.calibration import Calibration
from storesense_edge.shelf.events import event_of
from storesense_edge.shelf.movement import WeightStep
from storesense_edge.shelf.slot import SlotSpec
from storesense_edge.shelf.stock import StockEstimate, estimate_units
from storesense_edge.shelf_readings import event_reading
from storesense_simulators.twin.interval_sensors import instant

if TYPE_CHECKING:
    import numpy as np

    from storesense_contracts.device_config import ConfigCount, ConfigProduct
    from storesense_simulators.twin.faults import Fault
    from storesense_simulators.twin.shop import CellSpec, Place

HEARTBEAT_MS = 60_000
SETTLE_MS = 1_200
EARLY_MS = 1_000
_HANDLING_NOISE_G = 25.0
_EARLY_CONFIDENCE = 0.5
_AVERAGED_SAMPLES = 10
_DRAWN_AT_ONCE = 64
_WANDER_KEPT = 0.99
"""Share of the drift that is left after a minute; the edge's zero tracking takes the rest off."""
_MAX_MG = 10_000_000_000


class SlotSensor:
    """What the shelf controller says of one slot.

    Args:
        place: the slot.
        cell: its load cell.
        mass_mg: what lies on it.
        chance: its own random numbers.
        now_ms: milliseconds since 1970; its first weight is due at once.
    """

    def __init__(self, place: Place, cell: CellSpec, *, mass_mg: int, chance: np.random.Generator, now_ms: int) -> None:
        self.slot_id = place.slot_id
        self.device_id = cell.device_id
        self.due_ms = now_ms
        self._model = cell.model
        self._chance = chance
        self._normals: list[float] = []
        self._spec = SlotSpec(
            calibration=Calibration(cell.model.zero_counts, cell.model.counts_per_g),
            unit_weight_g=place.unit_weight_g,
            unit_tolerance_g=min(2 * max(place.unit_weight_sd_g, 0.002), 0.49 * place.unit_weight_g),
            capacity_units=place.capacity_units,
            sku=place.sku,
        )
        self._own_unit_g = place.unit_weight_g
        self._mass_factor = 1.0
        self._mass_mg = mass_mg
        self._changed_ms: int | None = None
        self._touched_ms = now_ms
        self._told_g = math.nan
        self._estimate: StockEstimate | None = None
        self._estimated_g = math.nan
        self._wander_g = 0.0
        self._leaning_g = 0.0
        self._sigma_g = math.hypot(
            cell.model.noise_g / math.sqrt(_AVERAGED_SAMPLES), 0.3 / abs(cell.model.counts_per_g)
        )

    def touch(self, mass_mg: int, now_ms: int) -> None:
        """Somebody took something or put something on; ``mass_mg`` lies on it now."""
        self._mass_mg = mass_mg
        self._handle(now_ms)

    def lay_out(self, product: ConfigProduct, capacity_units: int, now_ms: int) -> None:
        """Hold another product from now on: as many units as lay there, weighed at once, and no event."""
        tolerance_g = product.unit_weight_tolerance_g or 0.006 * product.unit_weight_g
        self._spec = SlotSpec(
            calibration=self._spec.calibration,
            unit_weight_g=product.unit_weight_g,
            unit_tolerance_g=min(tolerance_g, 0.49 * product.unit_weight_g),
            capacity_units=capacity_units,
            sku=product.sku,
        )
        self._mass_factor = product.unit_weight_g / self._own_unit_g
        self._estimate = None
        self.restart(now_ms)

    def lean(self, leaning_g: float, now_ms: int) -> None:
        """Something else presses on it from now on: a bag, a knock; 0 takes it away."""
        if leaning_g != self._leaning_g:
            self._leaning_g = leaning_g
            self._handle(now_ms)

    def counted(self, count: ConfigCount) -> ShelfCounted:
        """Set what somebody counted against the weight, which is taken for true here: nothing else lies there."""
        estimate = self._estimate
        if len(count.units) != 1 or estimate is None or estimate.units != count.units[0]:
            says = "nothing yet" if estimate is None else f"{estimate.units}"
            reason = f"Not taken up: the weight says {says}; count again."
            return ShelfCounted(slot_id=self.slot_id, count_no=count.count_no, is_taken=False, reason=reason)
        product = CountedProduct(
            sku=self._spec.sku,
            counted_units=count.units[0],
            believed_units=estimate.units,
            confidence=min(1.0, max(0.0, estimate.confidence)),
        )
        return ShelfCounted(slot_id=self.slot_id, count_no=count.count_no, is_taken=True, products=(product,))

    def report(self, now_ms: int, drifts: tuple[tuple[Fault, int], ...] = ()) -> list[ShelfWeight | ShelfEvent]:
        """Return what is due now and set ``due_ms``, when to ask again.

        Args:
            now_ms: milliseconds since 1970.
            drifts: faults by which its zero drifts, and for how many milliseconds each has gone on.
        """
        if self._changed_ms is None:
            self.due_ms = now_ms + HEARTBEAT_MS
            return [self._weight(now_ms, self._reading_g(drifts), is_stable=True)]
        settles_ms = self._touched_ms + SETTLE_MS
        if now_ms < settles_ms:
            self.due_ms = min(settles_ms, now_ms + EARLY_MS)
            swinging_g = self._reading_g(drifts) + _HANDLING_NOISE_G * self._normal()
            return [self._weight(now_ms, swinging_g, is_stable=False)]
        return self._settle(now_ms, self._reading_g(drifts), self._changed_ms)

    def restart(self, now_ms: int) -> None:
        """Begin anew after a power cut: no event for what changed meanwhile, a weight at once."""
        self._changed_ms = None
        self._told_g = math.nan
        self.due_ms = now_ms

    def shift(self, by_ms: int) -> None:
        """Go on at another instant, after a set clock."""
        self.due_ms += by_ms
        self._touched_ms += by_ms
        if self._changed_ms is not None:
            self._changed_ms += by_ms

    def _handle(self, now_ms: int) -> None:
        if self._changed_ms is None:
            self._changed_ms = now_ms
            self.due_ms = now_ms + EARLY_MS
        self._touched_ms = now_ms

    def _settle(self, now_ms: int, weight_g: float, changed_ms: int) -> list[ShelfWeight | ShelfEvent]:
        before_g = self._told_g
        self._changed_ms = None
        self.due_ms = now_ms + HEARTBEAT_MS
        weight = self._weight(now_ms, weight_g, is_stable=True)
        if not math.isfinite(before_g) or abs(weight_g - before_g) < 6 * self._sigma_g:
            return [weight]
        step = WeightStep(changed_ms / 1000, now_ms / 1000, before_g, weight_g, 1.5 * self._sigma_g, False, False)
        found = event_of(step, self._spec)
        if found is None:
            return [weight]
        return [weight, event_reading(self.slot_id, found, instant(changed_ms))]

    def _reading_g(self, drifts: tuple[tuple[Fault, int], ...]) -> float:
        """The averaged weight as the controller reads it, in whole raw counts."""
        model = self._model
        noise, wander = self._normal(), self._normal()
        self._wander_g = _WANDER_KEPT * self._wander_g + 0.1 * model.drift_g_per_h * wander
        load_g = self._mass_factor * self._mass_mg / 1000 + self._leaning_g + self._wander_g + self._sigma_g * noise
        for fault, passed_ms in drifts:
            load_g += fault.amount * passed_ms / 3_600_000
        load_g = min(load_g, model.capacity_g)
        # The chain averages so many samples, so it resolves a part of a count.
        step_g = 1.0 / (abs(model.counts_per_g) * _AVERAGED_SAMPLES)
        return float(round(load_g / step_g) * step_g)

    def _normal(self) -> float:
        if not self._normals:
            self._normals = self._chance.standard_normal(_DRAWN_AT_ONCE).tolist()
            self._normals.reverse()
        return self._normals.pop()

    def _weight(self, now_ms: int, weight_g: float, *, is_stable: bool) -> ShelfWeight:
        unit_g = self._spec.unit_weight_g or 1.0
        if is_stable:
            self._told_g = weight_g
        estimate = self._estimate
        if estimate is None or not abs(weight_g - self._estimated_g) < 0.02 * unit_g:
            count = max(0.0, weight_g / unit_g)
            sigma_g = math.hypot(self._sigma_g, self._spec.unit_sigma_g * math.sqrt(count))
            self._estimate = estimate = estimate_units(weight_g, unit_g, sigma_g)
            self._estimated_g = weight_g
        confidence = estimate.confidence if is_stable else _EARLY_CONFIDENCE * estimate.confidence
        return ShelfWeight(
            measured_at=instant(now_ms),
            slot_id=self.slot_id,
            weight_mg=max(-_MAX_MG, min(_MAX_MG, round(weight_g * 1000))),
            is_stable=is_stable,
            units=min(1_000_000, estimate.units),
            confidence=round(confidence, 4),
        )
