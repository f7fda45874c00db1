"""Kinds about slots: low, empty, soon empty, overdue, misplaced, taken away at once, to be calibrated."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from storesense_backend.alerts.kinds.base import Kind
from storesense_backend.alerts.kinds.queues import measured
from storesense_backend.alerts.values import (
    CauseState,
    Json,
    Measure,
    Observation,
    RemovalObservation,
    Severity,
    StockObservation,
    SubjectKey,
    Verdict,
)
from storesense_backend.alerts.watches import Store, Subject, Watch

_SPARE_UNITS = 2
"""Units above the reorder point at which a slot counts as refilled: one put back by a shopper is no restock."""


class Restock(StrEnum):
    """How a restock went, by what the shelf weighs."""

    FULL = "full"
    PARTIAL = "partial"
    WRONG_PRODUCT = "wrong_product"


class ProductKind(Kind):
    """What is judged of each product by itself, also where several share a plate.

    Of a further product the alert's subject is ``slot/sku``; that of the slot's own is the slot.
    """

    __slots__ = ()

    def watches(self, store: Store, rule: Any, wanted: Iterable[str] | None = None) -> list[Watch]:
        """Apply a rule to the products that it concerns."""
        chosen = None if wanted is None else set(wanted)
        return [
            self.watch(store, rule, subject)
            for family in ("slot", "further product")
            for subject in store.subjects(family)
            if (chosen is None or subject.measured_as in chosen)
            and (rule.skus is None or subject.facts["sku"] in rule.skus)
        ]

    def observed(self, store: Store, rule: Any, subject: Subject) -> SubjectKey:
        """Weights are those of the whole plate; all else is found for each product."""
        del rule
        return (store.layout.id, self.family, subject.measured_as if self.family == "slot" else subject.id)


def _own(watch: Watch, seen: StockObservation) -> StockObservation:
    """Return what is seen of a watch's own product."""
    is_further = watch.subject_id != watch.observed[2]
    return seen.of(str(watch.facts["sku"])) if is_further else seen


def _units(watch: Watch, seen: StockObservation) -> float | None:
    seen = _own(watch, seen)
    if not seen.is_stable or seen.units is None or (seen.confidence or 0.0) < watch.rule.min_confidence:  # type: ignore[union-attr]
        return None
    return seen.units


def _number(watch: Watch, fact: str) -> int:
    return int(watch.facts.get(fact) or 0)


def _tell_units(watch: Watch, seen: StockObservation) -> Json:
    seen = _own(watch, seen)
    units, capacity = seen.units or 0, _number(watch, "capacity_units")
    told: Json = {
        "units": units,
        "capacity_units": capacity,
        "units_needed": capacity - units,
        "reorder_point_units": _number(watch, "reorder_point_units"),
        "sku": watch.facts.get("sku"),
        "product_name": watch.facts.get("product_name"),
    }
    if seen.guest_g:
        told |= {"outcome": Restock.WRONG_PRODUCT.value, "guest_g": round(seen.guest_g, 1)}
    return told


def restock_of(watch: Watch, units: int) -> Restock:
    """Say how fully a slot was restocked; a tenth of it may have been taken again meanwhile."""
    capacity = _number(watch, "capacity_units")
    return Restock.FULL if units >= capacity - capacity // 10 else Restock.PARTIAL


class StockKind(ProductKind):
    """Units of a slot: what brings an alert to its end is weight that was brought."""

    __slots__ = ()

    def limits(self, rule: Any, subject: Subject) -> tuple[float, float, float | None]:
        """Take the limits from the slot: its reorder point and its minimum, or nothing at all."""
        del rule
        reorder, capacity = (int(subject.facts.get(name) or 0) for name in ("reorder_point_units", "capacity_units"))
        if self.name == "slot_empty":
            return 0.0, 1.0, 0.0
        return float(reorder), float(min(capacity, reorder + _SPARE_UNITS)), float(subject.facts["minimum_units"] or 0)

    def judge(self, watch: Watch, observation: Observation) -> Verdict:
        """Say what a weight means; what does not belong there hides the units, and is worth telling itself."""
        if not isinstance(observation, StockObservation) or not observation.is_stable:
            return Verdict.UNTOLD
        units = self.value(watch, observation)
        if units is None:
            return Verdict.BETWEEN if observation.guest_g else Verdict.UNTOLD
        if units <= watch.open_at:
            return Verdict.BAD
        return Verdict.GOOD if units >= watch.resolve_at else Verdict.BETWEEN

    def cures(self, watch: Watch, state: CauseState, observation: Observation) -> bool:
        """Tell whether the slot weighs more than when it was told of, or a shared plate holds more of the product."""
        if isinstance(observation, StockObservation) and isinstance(state.told, StockObservation):
            now, then = _own(watch, observation), _own(watch, state.told)
            if observation.products and now.units is not None and then.units is not None:
                return now.units > then.units
            return observation.own_g > state.told.own_g
        return True

    def severity_of(self, watch: Watch, observation: Observation) -> Severity:
        """Say how bad it is: a slot at its minimum, or empty, is critical."""
        if watch.rule.severity is not None:
            return watch.rule.severity
        units = _own(watch, observation).units if isinstance(observation, StockObservation) else None
        return "critical" if units is not None and units <= (watch.critical_at or 0.0) else "warning"

    def proof(self, watch: Watch, state: CauseState, since_at: datetime) -> Json:
        """Tell what the shelf weighs now, what was brought, and how long that took."""
        seen = state.last
        if not isinstance(seen, StockObservation):
            return {}
        seen = _own(watch, seen)
        told: Json = {"units": seen.units, "weight_g": seen.weight_g, "measured_at": seen.measured_at.isoformat()}
        if isinstance(state.told, StockObservation) and seen.units is not None:
            told |= {
                "outcome": restock_of(watch, seen.units).value,
                "units_brought": max(0, seen.units - (_own(watch, state.told).units or 0)),
                "units_missing": max(0, _number(watch, "capacity_units") - seen.units),
            }
            if seen.guest_g:
                told["guest_g"] = round(seen.guest_g, 1)
        if state.cause_at is not None:
            told["time_to_shelf_s"] = round(max(0.0, (since_at - state.cause_at).total_seconds()), 1)
        return told

    def retold(self, watch: Watch, told: Observation | None, last: Observation) -> Observation | None:
        """Return what the alert shall tell: the units as they are, and a wrong product that came or went."""
        if not isinstance(last, StockObservation):
            return None
        if not isinstance(told, StockObservation):
            return last if self.judge(watch, last) is Verdict.BAD else None
        if self.judge(watch, last) is not Verdict.BAD:
            # Not the units, but a wrong product that came or went is told, and not as weight that was brought.
            last = msgspec.structs.replace(told, guest_g=last.guest_g, weight_g=told.own_g + (last.guest_g or 0.0))
        is_news = _own(watch, last).units != _own(watch, told).units or bool(last.guest_g) != bool(told.guest_g)
        return last if is_news else None


def _guest(_watch: Watch, seen: StockObservation) -> float | None:
    return (seen.guest_g or 0.0) if seen.is_stable else None


def _tell_guest(watch: Watch, seen: StockObservation) -> Json:
    names = {name: watch.facts.get(name) for name in ("sku", "product_name")}
    return {"guest_g": round(seen.guest_g or 0.0, 1), "threshold": watch.open_at, **names}


def _due(_watch: Watch, seen: StockObservation) -> float:
    return 1.0 if seen.calibration_due else 0.0


def _tell_due(_watch: Watch, seen: StockObservation) -> Json:
    return {"reason": seen.calibration_due}


def _removed(watch: Watch, seen: RemovalObservation) -> float | None:
    skus = watch.rule.skus  # type: ignore[union-attr]
    return seen.units if skus is None or seen.sku is None or seen.sku in skus else None


def _tell_removed(watch: Watch, seen: RemovalObservation) -> Json:
    own = watch.facts.get("sku")
    name = watch.facts.get("product_name") if seen.sku in (None, own) else watch.names.get(seen.sku or "", seen.sku)
    names = {"sku": seen.sku or own, "product_name": name}
    return {"units": seen.units, "threshold": watch.open_at, **names}


def _tell_empty_soon(watch: Watch, seen: Measure) -> Json:
    told: Json = {name: fact for name, fact in watch.facts.items() if name != "minimum_units"}
    return told | {"to_empty_h": round(seen.value, 2), "to_empty_min": round(seen.value * 60)} | seen.facts


def _tell_overdue(watch: Watch, seen: Measure) -> Json:
    told: Json = {name: fact for name, fact in watch.facts.items() if name != "minimum_units"}
    return told | {"overdue_min": round(seen.value / 60)} | seen.facts


LOW_STOCK = StockKind("low_stock", "slot", StockObservation, _units, _tell_units, is_falling=True)
SLOT_EMPTY = StockKind("slot_empty", "slot", StockObservation, _units, _tell_units, is_falling=True)
MISPLACED = Kind(
    "misplaced",
    "slot",
    StockObservation,
    _guest,
    _tell_guest,
    open_key="open_at_guest_g",
    resolve_key="resolve_at_guest_g",
)
CALIBRATION_DUE = Kind("calibration_due", "slot", StockObservation, _due, _tell_due, severity="info")
BULK_REMOVAL = Kind(
    "bulk_removal",
    "removal",
    RemovalObservation,
    _removed,
    _tell_removed,
    open_key="open_at_units",
    subjects="slot",
    is_pulse=True,
)
PREDICTED_EMPTY = ProductKind(
    "predicted_empty",
    "depletion",
    Measure,
    measured,
    _tell_empty_soon,
    open_key="open_within_h",
    resolve_key="resolve_beyond_h",
    is_falling=True,
    subjects="slot",
)
RESTOCK_OVERDUE = ProductKind(
    "restock_overdue", "overdue", Measure, measured, _tell_overdue, open_key="overdue_after_s", subjects="slot"
)
