"""What the evaluation takes and gives: observations, the memory of a cause, and changes of its alert."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum
from typing import Literal, get_args

import msgspec

Json = dict[str, str | int | float | None]
Severity = Literal["info", "warning", "critical"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)

CauseKey = tuple[str, str, str]
"""Store, rule, subject: what at most one unresolved alert stands for."""
SubjectKey = tuple[str, str, str]
"""Store, family of observations (``queue``, ``slot``, ``device``, ...) and the subject's id."""


class ObservationBase(msgspec.Struct, frozen=True, kw_only=True):
    """One reading as a rule sees it: when it was true, and when we learnt of it."""

    measured_at: datetime
    received_at: datetime

    @property
    def arrival_delay_s(self) -> float:
        """How long the reading took to reach the gateway, in seconds; negative if the device's clock is ahead."""
        return (self.received_at - self.measured_at).total_seconds()


class QueueObservation(ObservationBase, frozen=True, kw_only=True, tag="queue"):
    """A queue at one instant."""

    length: int
    longest_wait_s: float


class HeldProduct(msgspec.Struct, frozen=True, kw_only=True):
    """Units of one product on a plate that several share."""

    sku: str
    units: int
    confidence: float


class StockObservation(ObservationBase, frozen=True, kw_only=True, tag="stock"):
    """A slot at one instant; ``units`` is None where the weight does not tell.

    ``guest_g`` is the part of the weight that does not belong there, None where there is nothing such. ``products`` are
    those that share the plate, the slot's own first; empty where it is alone.
    """

    weight_g: float
    is_stable: bool
    units: int | None
    confidence: float | None
    guest_g: float | None = None
    calibration_due: str | None = None
    products: tuple[HeldProduct, ...] = ()

    def of(self, sku: str) -> "StockObservation":
        """Return what is seen of one of the products that share the plate."""
        held = next((each for each in self.products if each.sku == sku), None)
        units, confidence = (None, None) if held is None else (held.units, held.confidence)
        return msgspec.structs.replace(self, units=units, confidence=confidence)

    @property
    def own_g(self) -> float:
        """The weight of what belongs there."""
        return self.weight_g - (self.guest_g or 0.0)


class RemovalObservation(ObservationBase, frozen=True, kw_only=True, tag="removal"):
    """So many units left a slot at once."""

    units: int
    sku: str | None


class ZoneObservation(ObservationBase, frozen=True, kw_only=True, tag="zone"):
    """A zone at the end of an interval."""

    people: int


class ClimateObservation(ObservationBase, frozen=True, kw_only=True, tag="climate"):
    """A climate sensor at one instant; None for what it does not measure."""

    temperature_c: float | None
    humidity_pct: float | None
    noise_dba: float | None
    light_lux: float | None


class HealthObservation(ObservationBase, frozen=True, kw_only=True, tag="health"):
    """A component of a device at one instant, with the messages that the device had lately declared dropped.

    ``affected`` names the figures that are not to be trusted meanwhile, as ``queue/tills``.
    """

    component_id: str
    state: str
    cause: str | None = None
    reason: str | None = None
    displacement_px: float | None = None
    affected: tuple[str, ...] = ()
    outbox_messages: int | None = None
    outbox_bytes: int | None = None
    lost_messages: int = 0


class Measure(ObservationBase, frozen=True, kw_only=True, tag="measure"):
    """What an assessor found: a value, and names and numbers that an alert may tell."""

    value: float
    facts: Json = msgspec.field(default_factory=dict)


Observation = (
    QueueObservation
    | StockObservation
    | RemovalObservation
    | ZoneObservation
    | ClimateObservation
    | HealthObservation
    | Measure
)


class Verdict(Enum):
    """What one observation says about a cause."""

    BAD = "bad"
    BETWEEN = "between"
    GOOD = "good"
    UNTOLD = "untold"


class CauseState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is remembered of one cause (a rule at a subject) between readings.

    Attributes:
        is_open: an unresolved alert stands for it, or one that was dismissed while the cause lasts.
        last: the newest observation that said something; a late one only where it ended a run.
        turning_since_at: event time since when every observation speaks for changing ``is_open``; None if the last
            one does not.
        cause_at: event time at which the open alert's cause began.
        told: the observation that the open alert's details tell of.
        flaps: how often it opened lately; each opening counts one and fades by half in half an hour.
        flap_at: when ``flaps`` was counted.
    """

    is_open: bool = False
    last: Observation | None = None
    turning_since_at: datetime | None = None
    cause_at: datetime | None = None
    told: Observation | None = None
    flaps: float = 0.0
    flap_at: datetime | None = None

    @property
    def is_calm(self) -> bool:
        """Whether nothing stands and nothing is under way."""
        return not self.is_open and self.turning_since_at is None


CLEAR = CauseState()


@dataclass(frozen=True, slots=True)
class Timing:
    """How event time is judged.

    Attributes:
        late_s: a reading that took longer than this to arrive neither opens nor resolves.
        stale_s: an observation older than this neither opens nor resolves, and breaks a run of them.
        settle_s: how far behind the clock a decision without a new reading stays, for readings still on their way.
    """

    late_s: float = 60.0
    stale_s: float = 120.0
    settle_s: float = 2.0


class ChangeKind(StrEnum):
    """What becomes of an alert."""

    OPENED = "opened"
    UPDATED = "updated"
    WORSENED = "worsened"
    """Updated, and more severe than anybody was told."""
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class AlertChange:
    """One change of the alert that stands for a cause.

    Attributes:
        at: when it was decided.
        cause_at: event time at which the cause began.
        details: numbers that the alert tells, for all but ``resolved``.
        proof: what was observed that ended it, for ``resolved``.
        is_late: the reading that decided was late by the engine's measure, though the rule lets it count.
    """

    kind: ChangeKind
    at: datetime
    cause_at: datetime
    severity: Severity
    details: Json
    proof: Json | None = None
    is_late: bool = False


def encode_state(state: CauseState) -> bytes:
    """Encode a state as JSON for the database."""
    return msgspec.json.encode(state)


def decode_state(data: bytes | str) -> CauseState:
    """Read a state back. Raises msgspec.DecodeError."""
    return msgspec.json.decode(data, type=CauseState)
