"""The edge agent's settings, read from ``STORESENSE_EDGE_…``."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 -- pydantic reads the annotation at run time

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import SettingsConfigDict

from storesense_contracts.settings import ServiceSettings


class LinkSettings(BaseModel):
    """How a device batches, keeps and sends its readings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    flush_s: float = Field(default=0.25, gt=0, le=5, description="seconds after which a batch goes to disk")
    batch_max_readings: int = Field(default=50, ge=1, le=1_000, description="readings in a message at most")
    batch_max_bytes: int = Field(
        default=64_000, ge=1_000, le=245_000, description="bytes at which a message of several readings is closed"
    )
    window: int = Field(
        default=64, ge=1, le=2_000, description="messages that may be sent and not yet acknowledged by the gateway"
    )
    resend_base_s: float = Field(
        default=3.0, gt=0, le=600, description="seconds after which an unacknowledged message goes again, at least"
    )
    resend_limit_s: float = Field(
        default=60.0, gt=0, le=3_600, description="seconds after which an unacknowledged message goes again, at most"
    )
    reconnect_base_s: float = Field(default=0.25, gt=0, le=60, description="seconds before the first reconnection")
    reconnect_limit_s: float = Field(
        default=2.0, gt=0, le=600, description="seconds between reconnections at most; ten times that after a refusal"
    )
    connect_timeout_s: float = Field(default=5.0, gt=0, le=120, description="seconds to wait for the broker's answer")
    session_expiry_s: int = Field(
        default=86_400,
        ge=0,
        le=4_294_967_294,
        description="seconds for which the broker keeps acks for an absent device",
    )
    outbox_max_bytes: int = Field(
        default=512_000_000, ge=100_000, description="bytes of readings on disk; beyond, the oldest are dropped"
    )
    outbox_max_age_s: float = Field(
        default=604_800.0, ge=60, description="seconds after which an unacknowledged message is dropped (7 days)"
    )
    memory_limit_bytes: int = Field(
        default=16_000_000, ge=300_000, description="bytes of readings that may wait in memory for a slow or full disk"
    )
    clock_threshold_s: float = Field(
        default=2.0, ge=0.5, le=3_600, description="seconds that the clock must certainly be off before it is corrected"
    )


class EdgeSettings(ServiceSettings):
    """The edge agent's settings; the broker's stand in ``STORESENSE_BROKER_…``."""

    model_config = SettingsConfigDict(env_prefix="STORESENSE_EDGE_", extra="forbid", frozen=True)

    credentials_file: Path | None = Field(
        default=None, description='JSON file {"STORE_ID/DEVICE_ID": "password"}, readable by its owner alone'
    )
    camera_credentials_file: Path | None = Field(
        default=None,
        description='JSON file {"NAME": {"user": "...", "password": "..."}} of cameras, readable by its owner alone',
    )
    report_s: float = Field(default=1.0, ge=0.1, le=60, description="seconds between reports of what has changed")
    health_s: float = Field(default=60.0, ge=1, le=3_600, description="seconds between health readings")
    frozen_after_s: float = Field(
        default=30.0, gt=0, le=3_600, description="seconds of identical pictures after which a camera counts as frozen"
    )
    trajectories_keep_s: float = Field(
        default=86_400.0,
        ge=0,
        le=86_400,
        description="seconds for which anonymous trajectories are kept on this box for audits; 0 for not at all",
    )
    identify_light: Path | None = Field(
        default=None,
        description="folder of a light that blinks when somebody looks for this box, such as /sys/class/leds/ACT",
    )
    setup_host: str = Field(
        default="127.0.0.1",
        max_length=64,
        description="IP address that the setup page listens on; beyond loopback it wants a certificate",
    )
    setup_port: int | None = Field(
        default=None,
        ge=0,
        le=65_535,
        description="TCP port of the setup page, which shows pictures to an installer; none is served if unset",
    )
    setup_url: str | None = Field(
        default=None,
        pattern=r"^https?://[A-Za-z0-9.:\[\]-]{1,280}/$",
        description="address of the setup page as browsers in the shop reach it, such as https://edge.shop.example:8461/",
    )
    setup_certificate_file: Path | None = Field(default=None, description="certificate chain of the setup page")
    setup_certificate_key_file: Path | None = Field(default=None, description="the certificate's key")
    link: LinkSettings = Field(default=LinkSettings(), description="batching, outbox and sending")
