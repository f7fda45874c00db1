"""Weight steps to shelf events: what was taken, put back, filled up, left in the wrong place or only touched."""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from storesense_contracts.readings import ShelfEventKind
from storesense_edge.shelf.explain import Explanation, Origin, explain
from storesense_edge.shelf.movement import Movement, WeightStep
from storesense_edge.shelf.slot import SlotSpec

_SURE = 0.9
# Alternatives less likely than this are not worth a reader's time.
_WORTH_NAMING = 0.02
_MOST_ALTERNATIVES = 5
# Of a calibration's spread, a step of this size meets so much.
_HYSTERESIS_SHARE = 0.002
# A touch is worth telling from this share of a unit, and not for a knock.
_TOUCH_SHARE = 0.3
_TOUCH_S = 0.4
# A return is no part of a restock if this much of its probability says that it is one.
_RETURNED = 0.5


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another thing that the weight allows.

    Attributes:
        kind: what it would have been.
        sku: of which product; None for something unknown.
        units: how many.
        probability: posterior probability, 0 to 1.
    """

    kind: ShelfEventKind
    sku: str | None
    units: int
    probability: float


@dataclass(frozen=True, slots=True)
class ShelfEvent:
    """Something happened on a slot.

    Attributes:
        kind: what; the likeliest of all that the weight allows.
        at_s: the moment of the step.
        units: how many; 0 where nothing changed (lean, partial lift), 1 for something foreign.
        delta_g: the step in grams, negative when something left.
        confidence: probability that kind, product and number are right, 0 to 1.
        ambiguous: whether the weight allows another answer too (confidence below 0.9).
        sku: the product; None for something unknown.
        alternatives: the other answers of 2 % or more, likeliest first.
        burst_units: for a restock or a bulk removal, all units that came or left within its seconds, these included.
        no: its number among the slot's steps and touches, from 1; 0 of an event by itself.
    """

    kind: ShelfEventKind
    at_s: float
    units: int
    delta_g: float
    confidence: float
    ambiguous: bool
    sku: str | None = None
    alternatives: tuple[Alternative, ...] = ()
    burst_units: int | None = None
    no: int = 0


def step_sigma_g(step: WeightStep, spec: SlotSpec) -> float:
    """Standard deviation of a step from noise, swing and the cell's calibration."""
    # The spread was measured over a whole calibration; a small step meets little of its hysteresis.
    sigma_g = math.hypot(step.sigma_g, min(spec.calibration.spread_g, _HYSTERESIS_SHARE * abs(step.delta_g)))
    return math.hypot(sigma_g, spec.calibration.spread_g) if step.after_gap else sigma_g


def event_of(step: WeightStep, spec: SlotSpec) -> ShelfEvent | None:
    """Name a step by itself, without what happened before; None for a slot that is only weighed."""
    if not is_explained(step, spec):
        return None
    sigma_g = step_sigma_g(step, spec)
    found = explain(step.delta_g, sigma_g, spec.products, spec.strangers, most_units=spec.most_units)
    return named(step, spec, found)


def is_explained(step: WeightStep, spec: SlotSpec) -> bool:
    """Whether there is anything to explain: not for a slot without a product, or a step that is no number."""
    return bool(spec.products) and math.isfinite(step.delta_g) and step.delta_g != 0


def named(step: WeightStep, spec: SlotSpec, ranked: Sequence[Explanation]) -> ShelfEvent | None:
    """Name a step by everything that it may have been, the answer to be told first."""
    return told_as(step.at_s, step.delta_g, spec, ranked)


def told_as(at_s: float, delta_g: float, spec: SlotSpec, ranked: Sequence[Explanation]) -> ShelfEvent | None:
    """Name a change of weight by everything that it may have been, the answer to be told first."""
    if not ranked:
        return None
    answers = [_alternative(each, spec) for each in ranked]
    best = answers[0]
    others = sorted(answers[1:], key=lambda answer: -answer.probability)
    others = [answer for answer in others if answer.probability >= _WORTH_NAMING][:_MOST_ALTERNATIVES]
    return ShelfEvent(
        kind=best.kind,
        at_s=at_s,
        units=best.units,
        delta_g=delta_g,
        confidence=best.probability,
        ambiguous=best.probability < _SURE,
        sku=best.sku,
        alternatives=tuple(others),
    )


def _alternative(each: Explanation, spec: SlotSpec) -> Alternative:
    if each.origin is not Origin.OWN:
        kind = ShelfEventKind.FOREIGN if each.product is None else ShelfEventKind.MISPLACED
    elif each.units < 0:
        kind = ShelfEventKind.PICK
    else:
        kind = ShelfEventKind.RESTOCK if each.units >= spec.restock_units else ShelfEventKind.PUT_BACK
    return Alternative(kind, each.product.sku if each.product else None, abs(each.units), each.probability)


def touch_of(movement: Movement, spec: SlotSpec) -> ShelfEvent | None:
    """Name a movement that ended where it began: a lean pressed down, a partial lift took weight off first."""
    lightest = spec.lightest
    if lightest is None or movement.settled_s - movement.departed_s < _TOUCH_S:
        return None
    least_g = _TOUCH_SHARE * lightest.unit_weight_g
    lifted_g, pressed_g = -movement.least_g, movement.most_g
    if max(lifted_g, pressed_g) < least_g:
        return None
    lifted = lifted_g >= least_g and (movement.down_first or lifted_g > pressed_g)
    # How far apart the two signs are says how sure the name is.
    share = (lifted_g if lifted else pressed_g) / (lifted_g + pressed_g)
    kind, other = ShelfEventKind.LEAN, ShelfEventKind.PARTIAL_LIFT
    if lifted:
        kind, other = other, kind
    confidence = min(0.99, max(0.5, share))
    alternatives = (Alternative(other, None, 0, 1 - confidence),) if 1 - confidence >= _WORTH_NAMING else ()
    return ShelfEvent(
        kind, movement.departed_s, 0, movement.delta_g, confidence, confidence < _SURE, alternatives=alternatives
    )


class EventNamer:
    """Names the steps of one slot one after the other, knowing what just happened.

    Args:
        spec: the slot.
    """

    def __init__(self, spec: SlotSpec) -> None:
        self.spec = spec
        # By product: who takes two of one and three of another that shares its plate takes neither in bulk.
        self._left: dict[str | None, _Burst] = {}
        self._came: dict[str | None, _Burst] = {}

    def name(self, step: WeightStep, ranked: Sequence[Explanation]) -> ShelfEvent | None:
        """Name a step by everything that it may have been; None where it may have been nothing."""
        event = named(step, self.spec, ranked)
        if event is None or ranked[0].origin is not Origin.OWN:
            return event
        return self._in_burst(event, is_return=ranked[0].returned > _RETURNED)

    def replan(self, spec: SlotSpec) -> None:
        """Take another planogram."""
        self.spec = spec
        self.restart_clock()

    def restart_clock(self) -> None:
        """Forget what just happened, as after the clock was set."""
        self._left.clear()
        self._came.clear()

    def _in_burst(self, event: ShelfEvent, *, is_return: bool) -> ShelfEvent:
        # Nobody fills a slot and takes from it in one go, so what goes the other way ends a burst.
        leaves = event.kind is ShelfEventKind.PICK
        (self._came if leaves else self._left).clear()
        burst = (self._left if leaves else self._came).setdefault(event.sku, _Burst(self.spec.bulk_within_s))
        if leaves:
            total, passed = burst.add(event.at_s, event.units, self.spec.removal_units)
            return replace(event, kind=ShelfEventKind.BULK_REMOVAL, burst_units=total) if passed else event
        if is_return and event.units < self.spec.restock_units:
            return event
        total, _ = burst.add(event.at_s, event.units, self.spec.restock_units)
        if total < self.spec.restock_units:
            return event
        return replace(event, kind=ShelfEventKind.RESTOCK, burst_units=total)


class _Burst:
    """Units that came or left within some seconds of each other."""

    def __init__(self, within_s: float) -> None:
        self._within_s = within_s
        self._units: deque[tuple[float, int]] = deque(maxlen=200)
        self._told_s = -math.inf

    def add(self, at_s: float, units: int, limit: int) -> tuple[int, bool]:
        """Take some units; give all within the time, and whether they passed the limit for the first time."""
        self._units.append((at_s, units))
        while self._units and at_s - self._units[0][0] > self._within_s:
            self._units.popleft()
        total = sum(each for _, each in self._units)
        passed = total >= limit and at_s - self._told_s > self._within_s
        if passed:
            self._told_s = at_s
        return total, passed
