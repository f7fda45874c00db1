"""Weight steps to shelf events: what was taken, put back or filled up."""

import math
from dataclasses import dataclass
from enum import StrEnum

from storesense_edge.shelf.slot import SlotSpec
from storesense_edge.shelf.steps import WeightStep
from storesense_edge.shelf.stock import estimate_units

_SURE = 0.9


class ShelfEventKind(StrEnum):
    """What happened on a slot."""

    PICK = "pick"
    PUT_BACK = "put_back"
    RESTOCK = "restock"


@dataclass(frozen=True, slots=True)
class ShelfEvent:
    """Whole units left or came.

    Attributes:
        kind: pick for a loss; for a gain, restock from the slot's `restock_units` up, else put-back.
        at_s: the moment of the step.
        units: how many, 1 or more.
        delta_g: the step in grams, negative for a pick.
        confidence: probability that the number of units is right, 0 to 1.
        ambiguous: whether the weight allows another number of units too (confidence below 0.9).
    """

    kind: ShelfEventKind
    at_s: float
    units: int
    delta_g: float
    confidence: float
    ambiguous: bool


def event_of(step: WeightStep, spec: SlotSpec) -> ShelfEvent | None:
    """Name a step by the slot's product, or give None where it fits no whole number of units.

    It fits when it misses n units by no more than three standard deviations of everything that is known to vary: the
    cell's noise, the swing, the cell's error in proportion to the step, and the units' own spread.
    """
    unit_weight_g = spec.unit_weight_g
    if unit_weight_g is None or not math.isfinite(step.delta_g):
        return None
    size_g = abs(step.delta_g)
    count = max(1, math.floor(size_g / unit_weight_g + 0.5))
    sigma_g = math.hypot(
        step.sigma_g,
        spec.unit_sigma_g * math.sqrt(count),
        # The spread was measured over a whole calibration; a small step meets little of its hysteresis.
        min(spec.calibration.spread_g, 0.005 * size_g),
    )
    if step.after_gap:
        sigma_g = math.hypot(sigma_g, spec.calibration.spread_g)
    estimate = estimate_units(size_g, unit_weight_g, sigma_g)
    if estimate.units == 0 or abs(estimate.residual_g) > 3 * sigma_g:
        return None
    if step.delta_g < 0:
        kind = ShelfEventKind.PICK
    elif estimate.units >= spec.restock_units:
        kind = ShelfEventKind.RESTOCK
    else:
        kind = ShelfEventKind.PUT_BACK
    return ShelfEvent(kind, step.at_s, estimate.units, step.delta_g, estimate.confidence, estimate.confidence < _SURE)
