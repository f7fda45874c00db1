"""The gateway's settings, from ``STORESENSE_GATEWAY_...``."""

from typing import Annotated, Any

from pydantic import Field, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from storesense_contracts.ids import check_id
from storesense_contracts.settings import ServiceSettings
from storesense_gateway.decoding import Limits


class GatewaySettings(ServiceSettings):
    """How one gateway takes messages in, gathers them and stores them."""

    model_config = SettingsConfigDict(env_prefix="STORESENSE_GATEWAY_", extra="forbid", frozen=True)

    partition_no: int = Field(
        default=0, ge=0, le=8_191, description="number of this gateway's partition; no two running gateways share one"
    )
    store_ids: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="ids of the stores in this partition, separated by commas; empty: all stores",
        max_length=10_000,
    )
    client_id: str | None = Field(
        default=None,
        description="MQTT client id, which names the session on the broker; default: storesense-gateway-PARTITION",
        min_length=1,
        max_length=64,
    )
    session_expiry_s: int = Field(
        default=86_400,
        ge=60,
        le=4_294_967_294,
        description="seconds that the broker keeps messages for an absent gateway",
    )
    receive_maximum: int = Field(
        default=2_000,
        ge=20,
        le=65_535,
        description="messages that the broker may send before one is acknowledged; bounds the memory; at least twice "
        "batch_max_messages",
    )
    inbox_max_bytes: int = Field(
        default=33_554_432,
        ge=1_048_576,
        le=1_073_741_824,
        description="bytes of payloads that wait for a batch, beyond which the broker is not read from",
    )
    batch_max_messages: int = Field(default=1_000, ge=1, le=32_767, description="messages that close a batch")
    batch_max_readings: int = Field(default=10_000, ge=1, le=1_000_000, description="readings that close a batch")
    batch_max_bytes: int = Field(
        default=8_388_608, ge=262_144, le=268_435_456, description="bytes of payloads that close a batch"
    )
    batch_wait_ms: int = Field(
        default=50, ge=0, le=5_000, description="milliseconds that a batch waits for more messages"
    )
    batch_pause_ms: int = Field(
        default=2,
        ge=0,
        le=5_000,
        description="milliseconds without a message that close a batch of batch_pause_messages or more: the broker has "
        "sent all it may",
    )
    batch_pause_messages: int = Field(
        default=20, ge=1, le=32_767, description="messages from which on a pause closes a batch before batch_wait_ms"
    )
    future_tolerance_s: float = Field(
        default=60.0, ge=0.0, le=86_400.0, description="seconds that a reading may be ahead of the gateway's clock"
    )
    past_tolerance_days: float = Field(
        default=400.0,
        ge=1.0,
        le=36_500.0,
        description="days that a reading may be old; older ones come from a wrong clock",
    )
    dead_letters_per_hour: int = Field(
        default=1_000,
        ge=1,
        le=1_000_000_000,
        description="dead letters of one device that are kept in an hour; further ones are counted",
    )
    dead_letter_bytes_per_hour: int = Field(
        default=16_777_216,
        ge=4_096,
        le=1_099_511_627_776,
        description="bytes of their payloads that are kept in an hour",
    )
    series_per_device: int = Field(
        default=2_000,
        ge=1,
        le=1_000_000,
        description="different subjects (lines, zones, slots) of one device; readings of further ones are dead letters",
    )
    retry_max_s: float = Field(
        default=1.0, ge=0.1, le=60.0, description="longest wait in seconds before the database is tried again"
    )
    touch_every_s: float = Field(
        default=5.0, ge=0.1, le=3_600.0, description="seconds between two notes of when a device was last heard of"
    )
    check_every_s: float = Field(
        default=5.0, ge=0.5, le=300.0, description="seconds between two checks of an idle database connection"
    )
    stop_timeout_s: float = Field(
        default=10.0, ge=0.0, le=300.0, description="seconds that a stop waits for the batch in hand to be stored"
    )
    http_host: str = Field(
        default="127.0.0.1", description="address that /metrics and /healthz listen on", min_length=1
    )
    http_port: int = Field(default=9_101, ge=0, le=65_535, description="port of /metrics and /healthz; 0: any free one")

    @field_validator("store_ids", mode="before")
    @classmethod
    def _split_store_ids(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("store_ids")
    @classmethod
    def _check_store_ids(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for store_id in value:
            check_id("store", store_id)
        return value

    @field_validator("batch_max_messages")
    @classmethod
    def _leave_room(cls, value: int, info: Any) -> int:
        receive_maximum = info.data.get("receive_maximum")
        if receive_maximum is not None and value * 2 > receive_maximum:
            raise ValueError(f"at most half of receive_maximum ({receive_maximum}), or the broker waits for the batch")
        return value

    def limits(self) -> Limits:
        """What of a reading's time is believed."""
        return Limits(future_tolerance_s=self.future_tolerance_s, past_tolerance_s=self.past_tolerance_days * 86_400.0)

    @property
    def session_name(self) -> str:
        """The MQTT client id to use."""
        return self.client_id or f"storesense-gateway-{self.partition_no}"
