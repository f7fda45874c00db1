"""The life of an alert as a value: where it stands, who answered, and what its rule says while nobody does. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, get_args

from storesense_backend.roles import Role

STAFF_REPORT = "staff_report"
"""The kind of alerts that people report because no sensor sees their cause."""

HAND_KINDS = frozenset({STAFF_REPORT, "bulk_removal", "kpi_anomaly"})
"""Kinds whose end no sensor can prove: a moment that is past, or something that nothing measures."""

DismissReason = Literal["wrong", "not_useful", "already_done", "duplicate", "test", "other"]
"""``wrong``: what it says is not so. ``not_useful``: true, but not worth telling."""
DISMISS_REASONS: tuple[DismissReason, ...] = get_args(DismissReason)

Details = dict[str, str | int | float | None]


class State(StrEnum):
    """What became of an alert so far."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    IN_HAND = "in_hand"
    RESOLVED = "resolved"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class EscalationStep:
    """Whom to tell next: ``role``, ``after_s`` seconds after the step before, or after the opening."""

    after_s: float
    role: str


@dataclass(frozen=True, slots=True)
class Patience:
    """What a rule says of an alert that nobody acknowledges.

    Attributes:
        remind_every_s: seconds between reminders; None for none.
        steps: the roles that are told, one after the other.
    """

    remind_every_s: float | None = None
    steps: tuple[EscalationStep, ...] = ()


def patience_of(escalation: Mapping[str, Any] | None) -> Patience:
    """Read what an alert's row keeps of its rule's ``escalation``."""
    if escalation is None:
        return Patience()
    steps: list[EscalationStep] = []
    if escalation.get("escalate_after_s") is not None:
        steps.append(EscalationStep(escalation["escalate_after_s"], escalation["escalate_to"]))
        steps += [EscalationStep(each["after_s"], each["to"]) for each in escalation.get("then", ())]
    return Patience(escalation.get("remind_every_s"), tuple(steps))


@dataclass(frozen=True, slots=True)
class Life:
    """All of an alert that its life depends on; the columns of its row by the same names.

    Attributes:
        is_silenced: another alert explains it, so that nobody is told of it.
        patience: what happens while nobody acknowledges it.
        remind_due_at: when the next reminder goes out.
        escalate_due_at: when the next role is told.
        escalation_step: how many roles were told.
    """

    kind: str
    state: State
    opened_at: datetime
    is_blind: bool = False
    is_silenced: bool = False
    patience: Patience = Patience()
    remind_due_at: datetime | None = None
    escalate_due_at: datetime | None = None
    escalation_step: int = 0
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    taken_at: datetime | None = None
    taken_by: str | None = None
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    dismissed_at: datetime | None = None
    dismissed_by: str | None = None
    dismiss_reason: str | None = None
    snoozed_until: datetime | None = None
    snoozed_by: str | None = None
    snooze_reason: str | None = None
    escalated_to: str | None = None
    escalated_at: datetime | None = None
    reminded_at: datetime | None = None
    reminder_count: int = 0
    proof: Details | None = None

    @property
    def is_over(self) -> bool:
        """Whether it is resolved or dismissed."""
        return self.state in (State.RESOLVED, State.DISMISSED)

    @property
    def next_step(self) -> EscalationStep | None:
        """The role that is told next if nobody acknowledges it; None where none is left."""
        steps = self.patience.steps
        return steps[self.escalation_step] if self.escalation_step < len(steps) else None

    @property
    def ends_by_hand(self) -> bool:
        """Whether people may say that it is resolved, since no sensor can."""
        return self.kind in HAND_KINDS or self.is_blind


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: the name that the history gives, and the role."""

    name: str
    role: Role = Role.STAFF


@dataclass(frozen=True, slots=True)
class Happened:
    """An entry of an alert's history.

    Attributes:
        kind: what happened.
        details: what is to be known of it.
        occurrence: the number of a reminder, from 1; 0 of what is not counted.
    """

    kind: str
    details: Details = field(default_factory=dict)
    occurrence: int = 0
