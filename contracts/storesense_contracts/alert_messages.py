"""What wearables and screens are told of a section's alerts over MQTT."""

import msgspec

from storesense_contracts.readings import Instant

VERSION = 1


class StandingAlert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert that stands.

    Attributes:
        severity: ``info``, ``warning`` or ``critical``.
        state: ``open``, ``acknowledged`` or ``in_hand``.
        title: what is the matter, in the channel's language.
        action: what to do about it.
    """

    alert_id: int
    kind: str
    subject_id: str
    severity: str
    state: str
    opened_at: Instant
    title: str
    action: str


class SectionAlerts(msgspec.Struct, frozen=True, kw_only=True):
    """All alerts that stand in a section, and the event that this was sent for; retained, so a screen begins with it.

    Attributes:
        key: of the event; the same in a repeat.
        event: what happened, such as ``opened``, ``reminded`` or ``resolved``; ``digest`` for several at once.
        alert_id: whose event it is; None for several, or a test.
        alerts: the newest first, at most 100.
    """

    v: int = VERSION
    store_id: str
    section_id: str
    sent_at: Instant
    key: str
    event: str
    alert_id: int | None
    alerts: list[StandingAlert]


def encode_section_alerts(value: SectionAlerts) -> bytes:
    """Encode what a section is told."""
    return msgspec.json.encode(value)


def decode_section_alerts(payload: bytes) -> SectionAlerts:
    """Read what a section is told. Raises msgspec.DecodeError."""
    return msgspec.json.decode(payload, type=SectionAlerts)
