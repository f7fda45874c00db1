"""What the evaluation takes and gives: observations, the memory of a cause, and changes of its alert."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

import msgspec

Json = dict[str, str | int | float | None]


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


class StockObservation(ObservationBase, frozen=True, kw_only=True, tag="stock"):
    """A slot at one instant; ``units`` is None where the weight does not tell.

    ``guest_g`` is the part of the weight that does not belong there, None where there is nothing such.
    """

    weight_g: float
    is_stable: bool
    units: int | None
    confidence: float | None
    guest_g: float | None = None

    @property
    def own_g(self) -> float:
        """The weight of what belongs there."""
        return self.weight_g - (self.guest_g or 0.0)


class LossObservation(ObservationBase, frozen=True, kw_only=True, tag="loss"):
    """A device's outbox at one instant, with the messages that it had lately declared dropped."""

    lost_messages: int
    outbox_bytes: int | None


class Measure(ObservationBase, frozen=True, kw_only=True, tag="measure"):
    """What an assessor found: a value, and names and numbers that an alert may tell."""

    value: float
    facts: Json = msgspec.field(default_factory=dict)


Observation = QueueObservation | StockObservation | LossObservation | Measure

SubjectKey = tuple[str, str, str]
"""Store, family of observations (``queue``, ``slot``, ``device``, ...) and the subject's id."""


class CauseState(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered of one cause (a rule at a subject) between readings.

    Attributes:
        is_open: an unresolved alert stands for it.
        last: the newest observation that said something; a late one only where it ended a run.
        turning_since_at: event time since when every observation speaks for changing ``is_open``; None if the last
            one does not.
        cause_at: event time at which the open alert's cause began.
        told: the observation that the open alert's details tell of.
    """

    is_open: bool = False
    last: Observation | None = None
    turning_since_at: datetime | None = None
    cause_at: datetime | None = None
    told: Observation | None = None


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
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class AlertChange:
    """One change of the alert that stands for a cause.

    Attributes:
        at: when it was decided.
        cause_at: event time at which the cause began.
        details: numbers that the alert tells, for ``opened`` and ``updated``.
        proof: what was observed that ended it, for ``resolved``.
    """

    kind: ChangeKind
    at: datetime
    cause_at: datetime
    severity: Literal["info", "warning", "critical"]
    details: Json
    proof: Json | None = None


def encode_state(state: CauseState) -> bytes:
    """Encode a state as JSON for the database."""
    return msgspec.json.encode(state)


def decode_state(data: bytes | str) -> CauseState:
    """Read a state back. Raises msgspec.DecodeError."""
    return msgspec.json.decode(data, type=CauseState)
