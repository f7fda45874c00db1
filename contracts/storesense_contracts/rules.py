"""The rules, one class a kind: when to say something. What all have in common stands in ``rule_frame``.

An alert opens when its cause has lasted for ``open_after_s`` and resolves, by what the sensor says and by nothing else,
when the cure has lasted for ``resolve_after_s``. Between the two thresholds of a kind everything stays as it is.
"""

from typing import Annotated, ClassVar, Literal, Self, get_args

from pydantic import Field, TypeAdapter, model_validator

from storesense_contracts.layout import Id
from storesense_contracts.rule_frame import (
    DeviceScope,
    Duration,
    People,
    QueueScope,
    RuleBase,
    Severity,
    Share,
    SlotScope,
    StoreScope,
    ZoneScope,
    check_below,
    check_critical,
)
from storesense_contracts.yaml_file import mistake


class QueueTooLongRule(QueueScope):
    """Open an alert when a queue stays long; resolve it when the queue has stayed short."""

    TEMPLATE_FIELDS: ClassVar[tuple[str, ...]] = ("length", "longest_wait_s", "threshold")
    kind: Literal["queue_too_long"]
    open_at_length: Annotated[int, Field(ge=1, le=1_000)]
    resolve_at_length: Annotated[int, Field(ge=0, le=1_000)]
    critical_at_length: Annotated[int, Field(ge=1, le=1_000)] | None = None

    @model_validator(mode="after")
    def _hysteresis(self) -> Self:
        check_below(self, "resolve_at_length", "open_at_length")
        check_critical(self, "critical_at_length", "open_at_length")
        return self


class WaitScope(QueueScope):
    """A rule about a wait."""

    TEMPLATE_FIELDS: ClassVar[tuple[str, ...]] = ("wait_s", "wait_min", "length", "threshold")
    open_at_wait_s: Annotated[float, Field(gt=0, le=7_200)]
    resolve_at_wait_s: Annotated[float, Field(ge=0, le=7_200)]
    critical_at_wait_s: Annotated[float, Field(gt=0, le=7_200)] | None = None

    @model_validator(mode="after")
    def _hysteresis(self) -> Self:
        check_below(self, "resolve_at_wait_s", "open_at_wait_s")
        check_critical(self, "critical_at_wait_s", "open_at_wait_s")
        return self


class WaitTooLongRule(WaitScope):
    """The first of a queue has waited for so long."""

    kind: Literal["wait_too_long"]


class PredictedWaitRule(WaitScope):
    """The wait is expected to become so long within the horizon, if no lane opens."""

    TEMPLATE_FIELDS: ClassVar[tuple[str, ...]] = ("wait_s", "wait_min", "low_s", "high_s", "horizon_min", "threshold")
    kind: Literal["predicted_wait"]
    horizon_min: Literal[15, 30] = 15


class LanesScope(QueueScope):
    """A rule about the advice on lanes."""

    TEMPLATE_FIELDS: ClassVar[tuple[str, ...]] = (
        "lanes",
        "lanes_open",
        "lanes_needed",
        "horizon_min",
        "wait_s",
        "wait_with_s",
    )
    horizon_min: Literal[0, 15, 30] = 15
    open_at_lanes: Annotated[int, Field(ge=1, le=100)] = 1


class LanesToOpenRule(LanesScope):
    """The advice is to open so many lanes."""

    kind: Literal["lanes_to_open"]
    open_after_s: Duration = 60.0
    resolve_after_s: Duration = 60.0


class LanesToCloseRule(LanesScope):
    """The advice is to close so many lanes."""

    kind: Literal["lanes_to_close"]
    severity: Severity | None = "info"
    open_after_s: Duration = 600.0
    resolve_after_s: Duration = 60.0


class PeopleLimit(RuleBase):
    """Two numbers of people."""

    TEMPLATE_FIELDS: ClassVar[tuple[str, ...]] = ("people", "threshold")
    open_at_people: People
    resolve_at_people: Annotated[int, Field(ge=0, le=100_000)]
    critical_at_people: People | None = None

    @model_validator(mode="after")
    def _hysteresis(self) -> Self:
        check_below(self, "resolve_at_people", "open_at_people")
        check_critical(self, "critical_at_people", "open_at_people")
        return self


class OccupancyLimitRule(PeopleLimit, StoreScope):
    """So many people are in the store, by its doors."""

    kind: Literal["occupancy_limit"]


class ZoneCrowdedRule(PeopleLimit, ZoneScope):
    """So many people are in a zone."""

    kind: Literal["zone_crowded"]
    open_after_s: Duration = 60.0
    resolve_after_s: Duration = 60.0


class ZoneUnattendedRule(ZoneScope):
    """Shoppers stay in a zone and no staff is there: none seen in it, and none of its ``lanes`` is staffed."""

    TEMPLATE_FIELDS: ClassVar[tuple[str, ...]] = ("people", "threshold")
    kind: Literal["zone_unattended"]
    lanes: Annotated[tuple[Id, ...], Field(max_length=100)] = ()
    open_at_people: People = 1
    open_after_s: Duration = 120.0
    resolve_after_s: Duration = 10.0


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


Quantity = Literal["temperature_c", "humidity_pct", "noise_dba", "light_lux"]


class EnvironmentLimitRule(RuleBase):
    """A climate sensor reads outside of limits; it is over when it reads ``hysteresis`` inside them."""

    SUBJECT: ClassVar[str] = "sensor"
    TEMPLATE_FIELDS: ClassVar[tuple[str, ...]] = ("value", "quantity", "unit", "threshold")
    kind: Literal["environment_limit"]
    sensors: Annotated[list[Id], Field(max_length=500)] | None = None
    quantity: Quantity
    at_least: Annotated[float, Field(ge=-100, le=500_000)] | None = None
    at_most: Annotated[float, Field(ge=-100, le=500_000)] | None = None
    hysteresis: Annotated[float, Field(ge=0, le=100_000)] = 0.5
    open_after_s: Duration = 300.0
    resolve_after_s: Duration = 120.0

    @model_validator(mode="after")
    def _a_band(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise mistake("gives neither at_least nor at_most, so it could never fire", "at_most")
        if self.at_least is not None and self.at_most is not None:
            if self.at_least >= self.at_most:
                raise mistake("must be below at_most, or the rule would fire always", "at_least")
            if 2 * self.hysteresis >= self.at_most - self.at_least:
                raise mistake("leaves no value at which an alert could resolve; make it smaller", "hysteresis")
        return self


class KpiAnomalyRule(RuleBase):
    """A KPI is unlike its own hour of the week, by so many robust standard deviations."""

    SUBJECT: ClassVar[str] = "kpi"
    TEMPLATE_FIELDS: ClassVar[tuple[str, ...]] = (
        "kpi",
        "score",
        "value",
        "expected",
        "explanation",
        "explanation_zh",
        "threshold",
    )
    kind: Literal["kpi_anomaly"]
    kpis: Annotated[list[Id], Field(max_length=100)] | None = None
    open_at_score: Annotated[float, Field(gt=0, le=100)] = 4.0
    resolve_at_score: Annotated[float, Field(ge=0, le=100)] = 2.0
    open_after_s: Duration = 0.0
    resolve_after_s: Duration = 0.0

    @model_validator(mode="after")
    def _hysteresis(self) -> Self:
        check_below(self, "resolve_at_score", "open_at_score")
        return self


class DeviceOfflineRule(DeviceScope):
    """Nothing came from a device for so long."""

    TEMPLATE_FIELDS: ClassVar[tuple[str, ...]] = ("silent_s", "silent_min", "threshold")
    kind: Literal["device_offline"]
    silent_after_s: Annotated[float, Field(ge=30, le=604_800)] = 180.0
    open_after_s: Duration = 0.0
    resolve_after_s: Duration = 10.0


class StoreOfflineRule(StoreScope):
    """Nothing came from any device of a store that has two or more, for so long."""

    TEMPLATE_FIELDS: ClassVar[tuple[str, ...]] = ("silent_s", "silent_min", "devices", "threshold")
    kind: Literal["store_offline"]
    silent_after_s: Annotated[float, Field(ge=30, le=604_800)] = 120.0
    severity: Severity | None = "critical"
    open_after_s: Duration = 0.0
    resolve_after_s: Duration = 10.0


CameraCause = Literal["no_picture", "frozen", "dark", "covered", "blurred", "slow", "overloaded"]


class DeviceFrozenRule(DeviceScope):
    """A device is there and sees nothing to measure by: its picture stands still, is dark, covered or blurred."""

    TEMPLATE_FIELDS: ClassVar[tuple[str, ...]] = ("cause", "component_id", "reason")
    kind: Literal["device_frozen"]
    causes: Annotated[tuple[CameraCause, ...], Field(min_length=1, max_length=7)] = (
        "no_picture",
        "frozen",
        "dark",
        "covered",
        "blurred",
    )
    open_after_s: Duration = 60.0
    resolve_after_s: Duration = 30.0


class DeviceMovedRule(DeviceScope):
    """A camera looks elsewhere than where its lines were drawn."""

    TEMPLATE_FIELDS: ClassVar[tuple[str, ...]] = ("displacement_px", "component_id", "reason")
    kind: Literal["device_moved"]
    open_after_s: Duration = 60.0
    resolve_after_s: Duration = 30.0


class SensorsContradictRule(StoreScope):
    """Two ways to count the same people differ by such a share of them, over the last hour."""

    SUBJECT: ClassVar[str] = "pair"
    TEMPLATE_FIELDS: ClassVar[tuple[str, ...]] = (
        "first_name",
        "first_count",
        "second_name",
        "second_count",
        "difference_pct",
        "threshold",
    )
    kind: Literal["sensors_contradict"]
    open_at_share: Annotated[float, Field(gt=0, le=1)] = 0.3
    resolve_at_share: Annotated[float, Field(ge=0, le=1)] = 0.15
    min_people: People = 40
    open_after_s: Duration = 300.0
    resolve_after_s: Duration = 300.0

    @model_validator(mode="after")
    def _hysteresis(self) -> Self:
        check_below(self, "resolve_at_share", "open_at_share")
        return self


class DataLostRule(DeviceScope):
    """A device declared that it dropped messages, in the last five minutes."""

    TEMPLATE_FIELDS: ClassVar[tuple[str, ...]] = ("lost_messages", "outbox_bytes")
    kind: Literal["data_lost"]
    open_after_s: Duration = 0.0
    resolve_after_s: Duration = 60.0


class DataGapRule(DeviceScope):
    """Messages of a device are missing though later ones are in the database."""

    TEMPLATE_FIELDS: ClassVar[tuple[str, ...]] = ("missing_messages", "threshold")
    kind: Literal["data_gap"]
    open_at_messages: Annotated[int, Field(ge=1, le=10_000_000)] = 1
    open_after_s: Duration = 600.0
    resolve_after_s: Duration = 0.0


class OutboxFillingRule(DeviceScope):
    """A device's outbox holds so many bytes that wait to be sent."""

    TEMPLATE_FIELDS: ClassVar[tuple[str, ...]] = ("outbox_bytes", "outbox_messages", "outbox_mb", "threshold")
    kind: Literal["outbox_filling"]
    open_at_bytes: Annotated[int, Field(ge=1_000, le=10**12)] = 20_000_000
    resolve_at_bytes: Annotated[int, Field(ge=0, le=10**12)] = 2_000_000
    open_after_s: Duration = 120.0
    resolve_after_s: Duration = 30.0

    @model_validator(mode="after")
    def _hysteresis(self) -> Self:
        check_below(self, "resolve_at_bytes", "open_at_bytes")
        return self


class BlindRule(RuleBase):
    """The rules about a queue, zone, slot or sensor cannot judge it: it is measured too seldom, or not trusted."""

    SUBJECT: ClassVar[str] = "sight"
    TEMPLATE_FIELDS: ClassVar[tuple[str, ...]] = ("quality_pct", "rules", "reason")
    kind: Literal["blind"]
    open_after_s: Duration = 120.0
    resolve_after_s: Duration = 60.0


AnyRule = (
    QueueTooLongRule
    | WaitTooLongRule
    | PredictedWaitRule
    | LanesToOpenRule
    | LanesToCloseRule
    | OccupancyLimitRule
    | ZoneCrowdedRule
    | ZoneUnattendedRule
    | LowStockRule
    | SlotEmptyRule
    | PredictedEmptyRule
    | RestockOverdueRule
    | MisplacedRule
    | BulkRemovalRule
    | CalibrationDueRule
    | EnvironmentLimitRule
    | KpiAnomalyRule
    | DeviceOfflineRule
    | StoreOfflineRule
    | DeviceFrozenRule
    | DeviceMovedRule
    | SensorsContradictRule
    | DataLostRule
    | DataGapRule
    | OutboxFillingRule
    | BlindRule
)
Rule = Annotated[AnyRule, Field(discriminator="kind")]
RULE: TypeAdapter[AnyRule] = TypeAdapter(Rule)
KINDS: tuple[str, ...] = tuple(rule.model_fields["kind"].annotation.__args__[0] for rule in get_args(AnyRule))
"""The kinds of rules, and so of alerts."""
