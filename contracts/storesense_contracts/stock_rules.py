"""Rules about slots of shelves: what is on them, what is missing, and what does not belong there."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from storesense_contracts.rule_frame import Duration, Severity, Share, SlotScope, check_below

_STOCK_FIELDS = ("units", "capacity_units", "units_needed", "reorder_point_units", "sku", "product_name")


class UnitsScope(SlotScope):
    """A rule about a slot's units, as sure as ``min_confidence``."""

    TEMPLATE_FIELDS: ClassVar[tuple[str, ...]] = _STOCK_FIELDS
    open_after_s: Duration = 10.0
    resolve_after_s: Duration = 5.0
    min_confidence: Share = 0.5


class LowStockRule(UnitsScope):
    """Open an alert when a slot is at or below its reorder point; resolve it when its weight says it was refilled."""

    kind: Literal["low_stock"]


class SlotEmptyRule(UnitsScope):
    """Open an alert when a slot has stayed empty; resolve it when its weight says that something stands there."""

    kind: Literal["slot_empty"]
    open_after_s: Duration = 30.0


class PredictedEmptyRule(SlotScope):
    """A slot is expected to run empty within so many opening hours, at the demand of its hour of the week."""

    TEMPLATE_FIELDS: ClassVar[tuple[str, ...]] = (*_STOCK_FIELDS, "to_empty_h", "to_empty_min")
    kind: Literal["predicted_empty"]
    open_within_h: Annotated[float, Field(gt=0, le=336)] = 1.0
    resolve_beyond_h: Annotated[float, Field(gt=0, le=336)] = 2.0
    open_after_s: Duration = 60.0
    resolve_after_s: Duration = 60.0

    @model_validator(mode="after")
    def _hysteresis(self) -> Self:
        check_below(self, "open_within_h", "resolve_beyond_h")
        return self


class RestockOverdueRule(SlotScope):
    """A slot's alert of low or no stock has stood for so long without a refill."""

    TEMPLATE_FIELDS: ClassVar[tuple[str, ...]] = (*_STOCK_FIELDS, "overdue_min")
    kind: Literal["restock_overdue"]
    overdue_after_s: Annotated[float, Field(ge=60, le=604_800)] = 3_600.0
    open_after_s: Duration = 0.0
    resolve_after_s: Duration = 0.0


class MisplacedRule(SlotScope):
    """Something stands on a slot that does not belong there, of so much weight."""

    TEMPLATE_FIELDS: ClassVar[tuple[str, ...]] = ("guest_g", "sku", "product_name", "threshold")
    kind: Literal["misplaced"]
    open_at_guest_g: Annotated[float, Field(gt=0, le=100_000)] = 50.0
    resolve_at_guest_g: Annotated[float, Field(ge=0, le=100_000)] = 20.0
    open_after_s: Duration = 300.0
    resolve_after_s: Duration = 10.0

    @model_validator(mode="after")
    def _hysteresis(self) -> Self:
        check_below(self, "resolve_at_guest_g", "open_at_guest_g")
        return self


class BulkRemovalRule(SlotScope):
    """So many units left a slot at once; it ends when ``resolve_after_s`` went by without another such removal."""

    TEMPLATE_FIELDS: ClassVar[tuple[str, ...]] = ("units", "sku", "product_name", "threshold")
    kind: Literal["bulk_removal"]
    open_at_units: Annotated[int, Field(ge=2, le=100_000)] = 5
    open_after_s: Duration = 0.0
    resolve_after_s: Duration = 900.0


class CalibrationDueRule(SlotScope):
    """A slot's scale says that it wants to be tared or calibrated."""

    TEMPLATE_FIELDS: ClassVar[tuple[str, ...]] = ("reason",)
    kind: Literal["calibration_due"]
    severity: Severity | None = "info"
    open_after_s: Duration = 600.0
    resolve_after_s: Duration = 60.0
