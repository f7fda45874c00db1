"""Settings of the backend, of the alert engine and of the delivery worker, and where the key of secrets is."""

from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from storesense_contracts.settings import ServiceSettings


class BackendSettings(ServiceSettings):
    """How the backend serves; environment variables ``STORESENSE_BACKEND_...``."""

    model_config = SettingsConfigDict(env_prefix="STORESENSE_BACKEND_", extra="forbid", frozen=True)

    host: str = Field(
        "127.0.0.1", min_length=1, max_length=255, description="address to listen on; put TLS in front of any other"
    )
    port: int = Field(8080, ge=0, le=65_535, description="TCP port to listen on; 0 takes a free one")
    public_origin: str | None = Field(
        None,
        max_length=300,
        description="origin that browsers use when it is not what requests say, such as https://stores.example.org",
    )
    cookie_secure: bool = Field(
        False, description="mark the session cookie as for HTTPS alone; always done on requests that came by HTTPS"
    )
    session_idle_hours: float = Field(12.0, gt=0, le=8_760, description="hours after which an unused session ends")
    session_max_days: float = Field(30.0, gt=0, le=3_650, description="days after which any session ends")
    sign_in_concurrency: int = Field(
        2, ge=1, le=64, description="passwords checked at once; each check takes 64 MiB and a core"
    )
    max_body_bytes: int = Field(
        4_000_000, ge=65_536, le=100_000_000, description="largest layout that may be put, bytes; other bodies: 65536"
    )
    max_range_days: float = Field(31.0, gt=0, le=3_660, description="longest span of time of a query, days")
    max_heatmap_hours: float = Field(744.0, gt=0, le=8_784, description="longest span of time of a heatmap, hours")
    max_streams: int = Field(500, ge=1, le=100_000, description="live streams open at once")
    stream_updates_per_s: float = Field(4.0, gt=0, le=50, description="updates a second that a live stream sends")
    stream_heartbeat_s: float = Field(15.0, gt=0, le=300, description="seconds between comments on a quiet stream")
    stream_send_timeout_s: float = Field(
        30.0, gt=0, le=600, description="seconds after which a client that takes nothing is cut off"
    )
    live_poll_s: float = Field(1.0, gt=0, le=60, description="seconds between looks at the database without a notice")
    live_refresh_s: float = Field(10.0, gt=0, le=600, description="seconds between full looks at devices and alerts")
    live_idle_s: float = Field(
        300.0, gt=0, le=86_400, description="seconds after which an unwatched store is forgotten"
    )
    live_stores: int = Field(200, ge=1, le=10_000, description="stores kept in memory at once")
    pool_size: int = Field(8, ge=2, le=200, description="database connections")
    statement_timeout_s: float = Field(15.0, gt=0, le=600, description="seconds a query may take")

    @field_validator("public_origin")
    @classmethod
    def _origin(cls, text: str | None) -> str | None:
        if text is None:
            return None
        scheme, separator, rest = text.partition("://")
        if scheme not in ("http", "https") or not separator or not rest or "/" in rest:
            raise ValueError("expected https://host or https://host:port, without a path")
        return text.lower()


class SecretsSettings(ServiceSettings):
    """How channels' secrets are kept; environment variables ``STORESENSE_SECRETS_...``."""

    model_config = SettingsConfigDict(env_prefix="STORESENSE_SECRETS_", extra="forbid", frozen=True)

    key_file: Path = Field(
        Path("~/.local/state/storesense/channels.key"),
        description="file with the key that channels' secrets are sealed with, made by the backend; the same for both",
    )


class AlertsSettings(ServiceSettings):
    """How the alert engine works; environment variables ``STORESENSE_ALERTS_...``."""

    model_config = SettingsConfigDict(env_prefix="STORESENSE_ALERTS_", extra="forbid", frozen=True)

    http_host: str = Field("127.0.0.1", min_length=1, max_length=255, description="address of /healthz and /metrics")
    http_port: int = Field(8082, ge=0, le=65_535, description="TCP port of /healthz and /metrics; 0 takes a free one")
    late_s: float = Field(
        60.0, ge=1, le=86_400, description="seconds from measuring to arrival after which a reading is late"
    )
    stale_s: float = Field(
        120.0, ge=10, le=86_400, description="seconds after which a reading no longer tells what is the case"
    )
    settle_s: float = Field(
        0.5, ge=0, le=60, description="seconds that decisions without a new reading stay behind the clock"
    )
    lease_s: float = Field(
        6.0,
        ge=1,
        le=300,
        description="seconds after which another engine takes over the stores of one that fell silent",
    )
    tick_s: float = Field(1.0, gt=0, le=10, description="seconds between looks at the clock and for missed notices")
    reload_s: float = Field(2.0, gt=0, le=60, description="seconds between looks for edited rules and layouts")
    batches_per_step: int = Field(500, ge=1, le=100_000, description="batches of a partition taken in one transaction")


class NotifySettings(ServiceSettings):
    """How the delivery worker works; environment variables ``STORESENSE_NOTIFY_...``."""

    model_config = SettingsConfigDict(env_prefix="STORESENSE_NOTIFY_", extra="forbid", frozen=True)

    http_host: str = Field("127.0.0.1", min_length=1, max_length=255, description="address of /healthz and /metrics")
    http_port: int = Field(8083, ge=0, le=65_535, description="TCP port of /healthz and /metrics; 0 takes a free one")
    mqtt: bool = Field(False, description="publish to the broker of STORESENSE_BROKER_... for channels of kind mqtt")
    webhook_hosts: str = Field(
        "", max_length=10_000, description="the only hosts that webhooks may lead to, separated by commas; any if empty"
    )
    push_hosts: str = Field(
        "fcm.googleapis.com,updates.push.services.mozilla.com,web.push.apple.com,wns2-par02p.notify.windows.com",
        max_length=10_000,
        description="push services that browsers may name, separated by commas",
    )
    push_key_file: Path | None = Field(
        None, description="file of the key for Web Push, made at the first start; without it nothing is pushed"
    )
    push_contact: str = Field(
        "mailto:admin@localhost",
        pattern=r"^(mailto:|https://).{1,200}$",
        description="whom push services can reach about misuse: mailto: or https:",
    )
    tick_s: float = Field(1.0, gt=0, le=60, description="seconds between looks at the database without a notice")
    claim_s: float = Field(
        60.0, ge=1, le=3_600, description="seconds after which the messages of a worker that died are sent by another"
    )
    send_timeout_s: float = Field(10.0, ge=0.1, le=120, description="seconds that a channel may take for a message")
    concurrency: int = Field(
        1, ge=1, le=64, description="messages under way at once to one channel; so many a worker that dies may repeat"
    )
    turn_s: float = Field(
        0.5, ge=0, le=60, description="seconds that a machine which does not answer keeps other machines waiting"
    )
    attempts: int = Field(8, ge=1, le=100, description="tries after which a message is given up")
    max_age_h: float = Field(6.0, gt=0, le=720, description="hours after which a message that failed is given up")
    retry_base_s: float = Field(
        2.0, gt=0, le=600, description="seconds before the second try; they double, with jitter"
    )
    retry_limit_s: float = Field(300.0, gt=0, le=86_400, description="longest time between two tries, seconds")
    breaker_failures: int = Field(
        5, ge=1, le=1_000, description="failures in a row after which a channel is left alone"
    )
    breaker_s: float = Field(
        30.0, gt=0, le=3_600, description="seconds for which it is first left alone; they double up to 600"
    )
    people_burst: int = Field(5, ge=1, le=1_000, description="messages at once to a person or group; more come as one")
    people_per_min: float = Field(6.0, gt=0, le=6_000, description="messages a minute to a person or group thereafter")
    machine_burst: int = Field(200, ge=1, le=100_000, description="messages at once to a machine; more come as one")
    machine_per_s: float = Field(20.0, gt=0, le=10_000, description="messages a second to a machine thereafter")
    digest_size: int = Field(200, ge=2, le=1_000, description="events in one message at most")
    keep_days: float = Field(90.0, gt=0, le=3_660, description="days for which the delivery log is kept")
