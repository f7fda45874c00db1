"""The settings of the database's upkeep, from ``STORESENSE_MAINTENANCE_...``."""

from typing import Any

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from storesense_contracts.settings import ServiceSettings


class MaintenanceSettings(ServiceSettings):
    """How long readings are kept and when rollups are made.

    The order of ages outbox < refresh < raw is checked here, at every start: a device may send what is as old as its
    outbox, rollups must still be refreshed for that, and a refresh must never reach back to readings that are dropped.
    """

    model_config = SettingsConfigDict(env_prefix="STORESENSE_MAINTENANCE_", extra="forbid", frozen=True)

    in_gateway: bool = Field(default=True, description="whether the gateway does it, beside storesense db maintain")
    every_s: float = Field(default=60.0, ge=1.0, le=3_600.0, description="seconds between two runs in the gateway")
    outbox_days: float = Field(
        default=7.0, ge=0.1, le=365.0, description="days that a device's outbox keeps readings, at most"
    )
    refresh_days: float = Field(
        default=30.0,
        ge=0.2,
        le=3_650.0,
        description="days back that every refresh of the rollups looks at; more than outbox_days",
    )
    raw_days: float = Field(
        default=90.0,
        ge=0.3,
        le=36_500.0,
        description="days that readings are kept one by one; more than refresh_days; rollups stay for ever",
    )
    refresh_lag_s: float = Field(
        default=3_600.0,
        ge=900.0,
        le=86_400.0,
        description="seconds of the present that TimescaleDB computes on reading instead of storing",
    )
    compress_after_days: float = Field(
        default=7.0, ge=1.0, le=3_650.0, description="days after which TimescaleDB compresses readings"
    )
    step_batches: int = Field(
        default=500, ge=1, le=100_000, description="batches that one transaction adds to the rollups"
    )

    @field_validator("refresh_days")
    @classmethod
    def _outlast_the_outbox(cls, value: float, info: Any) -> float:
        outbox_days = info.data.get("outbox_days")
        if outbox_days is not None and value <= outbox_days:
            raise ValueError(
                f"{value:g} days are not more than outbox_days ({outbox_days:g}), so late readings would be missing in "
                f"rollups; give more than {outbox_days:g}"
            )
        return value

    @field_validator("raw_days")
    @classmethod
    def _outlast_the_refresh(cls, value: float, info: Any) -> float:
        refresh_days = info.data.get("refresh_days")
        if refresh_days is not None and value <= refresh_days:
            raise ValueError(
                f"{value:g} days are not more than refresh_days ({refresh_days:g}), so a refresh would erase rollups "
                f"of readings that are dropped; give more than {refresh_days:g}"
            )
        return value
