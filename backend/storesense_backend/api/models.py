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


class SpanAnswer(Answer):
    """What was the case in a span of time: from an instant on, up to another one that is no longer in it."""

    model_config = ConfigDict(populate_by_name=True)

    from_at: Annotated[datetime, Field(alias="from")]
    to: datetime


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
