"""What goes in and out of the API about people, channels and what was delivered."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from storesense_backend.api.models import Answer, Question
from storesense_backend.notify.outbox import EVENTS, Event
from storesense_backend.notify.routing import Kind
from storesense_contracts.layout import Id, refuse_control_characters
from storesense_contracts.rule_frame import Hours, Language, Severity

Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(refuse_control_characters)]
Secret = Annotated[str, Field(min_length=1, max_length=2_000), AfterValidator(refuse_control_characters)]
State = Literal["waiting", "sent", "dead", "skipped"]


class PersonEntry(Question):
    """Somebody who is told of a store's alerts."""

    name: Name
    user_name: Name | None = Field(None, description="who they sign in as, if they do")
    role: Literal["staff", "manager", "admin"] = "staff"
    language: Language = "en"
    sections: list[Id] = Field([], max_length=500, description="whose alerts; none means all")
    shifts: list[Hours] = Field([], max_length=50, description="on the store's clock; none means always")
    quiet_hours: list[Hours] = Field([], max_length=50, description="on the store's clock")
    is_woken_by_critical: bool = Field(False, description="whether what is critical passes quiet hours")
    hears_all: bool = Field(False, description="whether a manager hears of what was not escalated")
    is_enabled: bool = True


class Person(PersonEntry):
    """Somebody, with their id."""

    person_id: int


class People(Answer):
    """The people of a store."""

    people: list[Person]


class ChannelEntry(Question):
    """A channel to a person, a group or a machine."""

    name: Name
    kind: Literal["webhook", "apprise", "mqtt"]
    url: Secret | None = Field(None, description="of a webhook or of Apprise; never shown again; left out: as it is")
    person_id: int | None = Field(None, ge=1, le=2**53, description="whom it leads to; none: a group or a machine")
    language: Language = "en"
    sections: list[Id] = Field([], max_length=500, description="whose alerts; none means all")
    events: list[Event] = Field([], max_length=len(EVENTS), description="which; none means those that its kind is for")
    min_severity: Severity = "info"
    is_enabled: bool = True


class Channel(Answer):
    """A channel, without its secrets."""

    channel_id: int
    person_id: int | None
    name: str
    kind: Kind
    language: str
    sections: list[str]
    events: list[str]
    min_severity: Severity
    is_enabled: bool
    version: int
    created_at: datetime
    created_by: str
    leads_to: str | None = Field(description="scheme and host of where it leads")
    waiting: int = Field(description="messages that wait")
    last_sent_at: datetime | None
    last_reason: str | None = Field(description="why a message of the last day did not arrive at first, or at all")


class Channels(Answer):
    """The channels of a store."""

    channels: list[Channel]


class MadeChannel(Answer):
    """A new channel; of a webhook with its secret, this once."""

    channel: Channel
    secret: str | None


class NewSecret(Answer):
    """A webhook's new secret, this once."""

    secret: str
    former_until: datetime = Field(description="until when the former one signs as well")


class Delivery(Answer):
    """One message to one channel."""

    delivery_id: int
    channel_id: int
    channel_name: str
    kind: Kind
    person_id: int | None
    person_name: str | None
    alert_id: int | None
    event: str
    key: str
    digest_key: str | None = Field(description="of the message that it went in with others")
    state: State
    attempts: int
    created_at: datetime
    due_at: datetime | None = Field(description="when it goes next, while it waits")
    ended_at: datetime | None
    reason: str | None


class Deliveries(Answer):
    """A page of the delivery log."""

    deliveries: list[Delivery]
    next: int | None


class PushKey(Answer):
    """What a browser subscribes with."""

    public_key: str


class PushKeys(Question):
    """A browser's keys, as it gives them."""

    p256dh: Annotated[str, Field(min_length=80, max_length=100)]
    auth: Annotated[str, Field(min_length=20, max_length=30)]


class Subscription(Question):
    """A browser's push subscription, as `PushSubscription.toJSON()` gives it, and a name for it."""

    endpoint: Annotated[str, Field(min_length=10, max_length=1_000, pattern=r"^https://")]
    keys: PushKeys
    name: Name


class Subscribed(Answer):
    """The channel of a browser."""

    channel_id: int
