"""What a store's screens are told at once and then kept up to date with."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from storesense_backend.api.alert_models import Alert
from storesense_backend.api.models import Answer
from storesense_backend.api.reading_models import ProductUnitsRow


class FootfallToday(Answer):
    """People who crossed a line since the store's local midnight; measured_at is null while there was no reading."""

    line_id: str
    in_count: int
    out_count: int
    measured_at: datetime | None


class ZoneNow(Answer):
    """How many are in a zone."""

    zone_id: str
    occupancy: int
    measured_at: datetime


class NextWaitNow(Answer):
    """The wait of whoever joins now; between low and high with 80 %."""

    mean_s: float
    low_s: float
    high_s: float


class QueueNow(Answer):
    """How many wait, how long the first of them has, and how long whoever joins now will."""

    queue_id: str
    length: int
    longest_wait_s: float
    measured_at: datetime
    next_wait: NextWaitNow | None = Field(None, description="null where no till is open")


class LaneNow(Answer):
    """Whether a checkout lane is open and staffed."""

    lane_id: str
    is_open: bool
    is_staffed: bool
    measured_at: datetime


class SlotNow(Answer):
    """What lies on a slot; units and confidence are null where the weight does not tell."""

    slot_id: str
    weight_g: float
    units: int | None
    confidence: float | None
    is_stable: bool
    products: list[ProductUnitsRow] | None = Field(None, description="of a plate that several share, all; else null")
    measured_at: datetime


class EnvironmentNow(Answer):
    """The climate at a sensor; what it does not measure is null."""

    sensor_id: str
    temperature_c: float | None
    humidity_pct: float | None
    noise_dba: float | None
    light_lux: float | None
    measured_at: datetime


class DeviceCommandNow(Answer):
    """Something that a device was asked to do, and what became of it."""

    command_id: str
    device_id: str
    kind: str
    arguments: dict[str, str | int]
    issued_at: datetime
    issued_by: str = Field(description="a person's or a key's name")
    reason: str | None
    expires_at: datetime
    state: Literal["waiting", "sent", "taken", "done", "failed", "refused", "expired"] = Field(
        description="waiting: for the device to connect, or for a gateway; of a taken one the end is still to come"
    )
    told_at: datetime | None = Field(description="when it was last sent")
    taken_at: datetime | None
    over_at: datetime | None
    detail: str | None = Field(description="what the device says of it")


class DeviceNow(Answer):
    """Whether a device is connected, and what was asked of it lately."""

    device_id: str
    kind: str | None
    state: Literal["online", "offline"]
    last_seen_at: datetime | None
    recent_commands: list[DeviceCommandNow] = Field(
        description="those that changed in the last ten minutes, the newest first"
    )


class Snapshot(Answer):
    """What is now the case in a store."""

    store_id: str
    at: datetime
    day_started_at: datetime = Field(description="the store's last local midnight")
    layout_version: int
    footfall: list[FootfallToday]
    zones: list[ZoneNow]
    queues: list[QueueNow]
    lanes: list[LaneNow]
    slots: list[SlotNow]
    environment: list[EnvironmentNow]
    devices: list[DeviceNow]
    alerts: list[Alert] = Field(description="those not over, and those resolved in the last ten minutes; newest first")
