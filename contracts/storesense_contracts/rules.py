"""The rules, one class a kind: when to say something. What all have in common stands in ``rule_frame``.

An alert opens when its cause has lasted for ``open_after_s`` and resolves, by what the sensor says and by nothing else,
when the cure has lasted for ``resolve_after_s``. Between the two thresholds of a kind everything stays as it is.
"""

from typing import Annotated, get_args

from pydantic import Field, TypeAdapter

from storesense_contracts.people_rules import KpiAnomalyRule, OccupancyLimitRule, ZoneCrowdedRule, ZoneUnattendedRule
from storesense_contracts.queue_rules import (
    LanesToCloseRule,
    LanesToOpenRule,
    PredictedWaitRule,
    QueueTooLongRule,
    WaitTooLongRule,
)
from storesense_contracts.sensor_rules import (
    BlindRule,
    DataGapRule,
    DataLostRule,
    DeviceFrozenRule,
    DeviceMovedRule,
    DeviceOfflineRule,
    EnvironmentLimitRule,
    OutboxFillingRule,
    SensorsContradictRule,
    StoreOfflineRule,
)
from storesense_contracts.stock_rules import (
    BulkRemovalRule,
    CalibrationDueRule,
    LowStockRule,
    MisplacedRule,
    PredictedEmptyRule,
    RestockOverdueRule,
    SlotEmptyRule,
)

__all__ = [
    "KINDS",
    "RULE",
    "AnyRule",
    "BlindRule",
    "BulkRemovalRule",
    "CalibrationDueRule",
    "DataGapRule",
    "DataLostRule",
    "DeviceFrozenRule",
    "DeviceMovedRule",
    "DeviceOfflineRule",
    "EnvironmentLimitRule",
    "KpiAnomalyRule",
    "LanesToCloseRule",
    "LanesToOpenRule",
    "LowStockRule",
    "MisplacedRule",
    "OccupancyLimitRule",
    "OutboxFillingRule",
    "PredictedEmptyRule",
    "PredictedWaitRule",
    "QueueTooLongRule",
    "RestockOverdueRule",
    "Rule",
    "SensorsContradictRule",
    "SlotEmptyRule",
    "StoreOfflineRule",
    "WaitTooLongRule",
    "ZoneCrowdedRule",
    "ZoneUnattendedRule",
]

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
