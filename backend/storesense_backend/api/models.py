"""What goes in and out of the HTTP API. Instants are RFC 3339 in UTC; the unit stands in each name."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from storesense_backend.passwords import MAX_LENGTH
from storesense_backend.roles import Role
from storesense_contracts.drawing import CameraView
from storesense_contracts.layout import Id, StoreLayout, refuse_control_characters
from storesense_contracts.rules import AnyRule, Rule
from storesense_contracts.topics import Stream


class Answer(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(frozen=True)


class Question(BaseModel):
    """A request's body, in which an unknown key is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ErrorDetail(Answer):
    """What went wrong."""

    code: str = Field(description="the kind of error, for programs", examples=["not_found"])
    message: str = Field(description="cause and remedy, for people")
    field: str | None = Field(None, description="the part of the request that is wrong; left out where there is none")


class ErrorBody(Answer):
    """The one shape of every error."""

    error: ErrorDetail


class SignIn(Question):
    """A person's name and password."""

    user_name: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(refuse_control_characters)]
    password: Annotated[SecretStr, Field(min_length=1, max_length=MAX_LENGTH)]


class User(Answer):
    """Who is signed in; of a machine, the key's name."""

    user_name: str
    role: Role


class Session(Answer):
    """A session."""

    user: User


class StoreSummary(Answer):
    """A store in the list of stores."""

    store_id: str
    name: str
    time_zone: str
    open_alerts: int = Field(description="alerts that are not resolved")
    devices_online: int
    devices_total: int


class Stores(Answer):
    """All stores."""

    stores: list[StoreSummary]


class Store(Answer):
    """A store with its layout."""

    store_id: str
    name: str
    time_zone: str
    layout_version: int = Field(description="goes up with each change of the layout")
    layout: StoreLayout


class DeviceEntry(Question):
    """A device to be registered."""

    device_id: Id
    kind: Literal["camera", "shelf", "lane", "environment"]


class StoreEntry(Question):
    """A store to be registered: everything that holds from now on."""

    layout: StoreLayout
    devices: Annotated[list[DeviceEntry], Field(max_length=2_000)] = []
    cameras: Annotated[list[CameraView] | None, Field(max_length=500)] = Field(
        None, description="what each camera sees of the layout; what is known of them stays if not given"
    )
    rules: Annotated[list[Rule] | None, Field(max_length=1_000)] = None


class ComponentHealth(Answer):
    """The newest word on one component of a device."""

    component_id: str
    state: Literal["ok", "degraded", "failed"]
    reason: str | None
    measured_at: datetime
    frames_per_s: float | None
    outbox_messages: int | None
    outbox_bytes: int | None
    uptime_s: int | None
    clock_offset_ms: int | None = Field(description="how far the gateway's clock is ahead of the device's")
    cause: str | None = Field(description="what is wrong, where it is one of the faults that programs know")
    displacement_px: float | None = Field(description="by how many pixels a moved camera's view has shifted")
    affected: list[str] | None = Field(description="figures not to be trusted meanwhile, as stream/subject")


class Measured(Answer):
    """Something that a device told of: a line, zone, queue, lane, slot or climate sensor."""

    stream: Stream
    subject_id: str


class Device(Answer):
    """A device; one that nobody registered has no kind and no registered_at."""

    device_id: str
    kind: str | None
    state: Literal["online", "offline"]
    last_seen_at: datetime | None
    software: str | None
    registered_at: datetime | None
    measures: list[Measured]
    health: list[ComponentHealth]
    commands: list[str] = Field(description="the kinds of commands that it says it understands")


class Devices(Answer):
    """A store's devices."""

    devices: list[Device]


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


class AlertWords(Answer):
    """What an alert says, in one language."""

    title: str
    action: str


class Alert(Answer):
    """An alert: what is the matter, what to do, and in the end the proof that it is over."""

    alert_id: int
    store_id: str
    rule_id: str
    kind: str = Field(description="the kind of its rule", examples=["queue_too_long"])
    subject_id: str = Field(
        description="the queue, slot, device, ... that it is about; slot/sku of a plate's further product"
    )
    section_id: str = Field(description="whose staff it concerns")
    severity: Literal["info", "warning", "critical"]
    state: Literal["open", "acknowledged", "in_hand", "resolved", "dismissed"]
    cause_at: datetime = Field(description="when the cause began, by the readings")
    opened_at: datetime = Field(description="when the alert was raised")
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    resolved_by: str | None = Field(None, description="who ended it by hand, where no sensor can prove it")
    taken_at: datetime | None = Field(None, description="when somebody took it in hand")
    taken_by: str | None = None
    dismissed_at: datetime | None = None
    dismissed_by: str | None = None
    dismiss_reason: str | None = None
    snoozed_until: datetime | None = None
    snoozed_by: str | None = None
    snooze_reason: str | None = None
    escalated_to: str | None = Field(None, description="the role that was told as nobody had answered")
    escalated_at: datetime | None = None
    reminded_at: datetime | None = None
    reminder_count: int = 0
    silenced_by_alert_id: int | None = Field(
        None, description="the alert that explains this one: its device is offline"
    )
    is_late: bool = Field(False, description="raised by readings that came late, as its rule allows")
    is_blind: bool = Field(False, description="its sensors say too little to judge by, for it or against it")
    title: str = Field(examples=["Tills: 6 waiting"])
    action: str = Field(examples=["Bring 12 × Oat milk 1 l to Aisle 3, left (Dry goods)"])
    words: dict[str, AlertWords] = Field(description="title and action in the languages besides English, by their tags")
    details: dict[str, str | int | float | None]
    proof: dict[str, str | int | float | None] | None = Field(
        description="what was observed that ended it; null while it lasts, or if its rule was withdrawn"
    )


class Alerts(Answer):
    """A page of alerts, newest first."""

    alerts: list[Alert]
    next: str | None = Field(description="give this as after for the next page; null on the last one")


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


class RuleEntry(Answer):
    """A rule of a store."""

    rule: Annotated[AnyRule, Field(discriminator="kind")]
    version: int = Field(description="goes up with each change")
    updated_at: datetime


class Rules(Answer):
    """A store's rules."""

    rules: list[RuleEntry]
    implied: list[Rule] = Field([], description="rules that hold besides, unless one of their kind is given")
    suggested: list[Rule] = Field([], description="sensible rules of kinds that the store has none of")


class RuleVersion(Answer):
    """What a rule was made to be."""

    version: int
    kind: str
    rule: Rule | None = Field(description="null where it was deleted")
    edited_at: datetime
    edited_by: str = Field(description="a person's or a key's name")


class RuleVersions(Answer):
    """A rule's history, newest first."""

    versions: list[RuleVersion]


class Health(Answer):
    """Whether the service can do its work."""

    status: Literal["ok", "failing"]
    database: Literal["ok", "failing"]
    live: Literal["listening", "reconnecting"]
