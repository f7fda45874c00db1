"""Rules about what measures: climate, devices that fell silent or see nothing, data that is missing or contradicts."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from storesense_contracts.layout import Id
from storesense_contracts.rule_frame import DeviceScope, Duration, People, RuleBase, Severity, StoreScope, check_below
from storesense_contracts.yaml_file import mistake

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
