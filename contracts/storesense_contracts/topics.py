"""MQTT topics, built and parsed here and nowhere else, with the quality of service and retention of each."""

from dataclasses import dataclass
from enum import StrEnum

from storesense_contracts.errors import StoresenseError
from storesense_contracts.ids import (
    DeviceId,
    InvalidIdError,
    SectionId,
    StoreId,
    device_id,
    section_id,
    store_id,
)

ROOT = "storesense/v1"
_ALERTS = "alerts"


class Stream(StrEnum):
    """What a device sends up, by topic."""

    FOOTFALL = "footfall"
    ZONE = "zone"
    QUEUE = "queue"
    LANE = "lane"
    HEATMAP = "heatmap"
    FLOW = "flow"
    SHELF = "shelf"
    ENVIRONMENT = "environment"
    HEALTH = "health"
    RESULT = "result"
    STATUS = "status"


class DownStream(StrEnum):
    """What a device receives, by topic."""

    ACK = "ack"
    CONFIG = "config"
    COMMAND = "command"


READING_STREAMS = frozenset(stream for stream in Stream if stream is not Stream.STATUS)
"""The streams whose messages carry a header and go through the ledger; ``status`` is a retained last word instead."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a topic's messages travel."""

    qos: int
    retain: bool


UP_DELIVERY = {stream: Delivery(qos=1, retain=stream is Stream.STATUS) for stream in Stream}
DOWN_DELIVERY = {stream: Delivery(qos=1, retain=stream is DownStream.CONFIG) for stream in DownStream}
ALERT_DELIVERY = Delivery(qos=1, retain=True)


class InvalidTopicError(StoresenseError, ValueError):
    """A topic is not one of ours."""

    code = "invalid_topic"

    def __init__(self, *, topic: str, expected: str) -> None:
        self.topic = topic
        self.expected = expected
        super().__init__(f"topic {topic[:160]!r} is not of the form {expected}")


@dataclass(frozen=True, slots=True)
class UpTopic:
    """The parsed form of a topic that a device writes to."""

    store_id: StoreId
    device_id: DeviceId
    stream: Stream


@dataclass(frozen=True, slots=True)
class DownTopic:
    """The parsed form of a topic that a device reads."""

    store_id: StoreId
    device_id: DeviceId
    stream: DownStream


def up(store: StoreId, device: DeviceId, stream: Stream) -> str:
    """Build the topic a device publishes ``stream`` on. Raises InvalidIdError."""
    return f"{ROOT}/{store_id(store)}/{device_id(device)}/up/{stream.value}"


def down(store: StoreId, device: DeviceId, stream: DownStream) -> str:
    """Build the topic a device is told ``stream`` on. Raises InvalidIdError."""
    return f"{ROOT}/{store_id(store)}/{device_id(device)}/down/{stream.value}"


def alerts(store: StoreId, section: SectionId) -> str:
    """Build the topic of a section's alerts for wearables and screens. Raises InvalidIdError."""
    return f"{ROOT}/{store_id(store)}/{_ALERTS}/{section_id(section)}"


def up_filter(store: StoreId | None = None) -> str:
    """Build the filter for all up streams of one store, or of all."""
    return f"{ROOT}/{'+' if store is None else store_id(store)}/+/up/+"


def down_filter(store: StoreId, device: DeviceId) -> str:
    """Build the filter for all down streams of one device."""
    return f"{ROOT}/{store_id(store)}/{device_id(device)}/down/+"


def user_name(store: StoreId, device: DeviceId) -> str:
    """Build the broker user name of a device; a broker confines it with its user-name pattern."""
    return f"{store_id(store)}/{device_id(device)}"


def parse_up(topic: str) -> UpTopic:
    """Take an up topic apart.

    Raises:
        InvalidTopicError: it is not ``storesense/v1/{store_id}/{device_id}/up/{stream}``.
    """
    parts = topic.split("/", 7)
    if len(parts) != 6 or parts[0] != "storesense" or parts[1] != "v1" or parts[4] != "up":
        raise InvalidTopicError(topic=topic, expected=f"{ROOT}/{{store_id}}/{{device_id}}/up/{{stream}}")
    try:
        return UpTopic(store_id(parts[2]), device_id(parts[3]), Stream(parts[5]))
    except (InvalidIdError, ValueError) as exc:
        streams = "|".join(stream.value for stream in Stream)
        raise InvalidTopicError(topic=topic, expected=f"{ROOT}/{{store_id}}/{{device_id}}/up/({streams})") from exc


def parse_down(topic: str) -> DownTopic:
    """Take a down topic apart.

    Raises:
        InvalidTopicError: it is not ``storesense/v1/{store_id}/{device_id}/down/{stream}``.
    """
    parts = topic.split("/", 7)
    if len(parts) != 6 or parts[0] != "storesense" or parts[1] != "v1" or parts[4] != "down":
        raise InvalidTopicError(topic=topic, expected=f"{ROOT}/{{store_id}}/{{device_id}}/down/{{stream}}")
    try:
        return DownTopic(store_id(parts[2]), device_id(parts[3]), DownStream(parts[5]))
    except (InvalidIdError, ValueError) as exc:
        streams = "|".join(stream.value for stream in DownStream)
        raise InvalidTopicError(topic=topic, expected=f"{ROOT}/{{store_id}}/{{device_id}}/down/({streams})") from exc
