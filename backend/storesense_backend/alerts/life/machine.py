"""The state machine of an alert's life. No I/O: actions and the passing of time make of one life the next.

An alert is open until somebody acknowledges it (has seen it) or takes it in hand (does it). It ends resolved, by proof
of a sensor or by hand where no sensor can prove it, or dismissed with a reason. While it is open, reminders go out and
the next role is told; a snooze puts both off.
"""

import math
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Literal, get_args

from storesense_backend.errors import ConflictError, ForbiddenError, InvalidError
from storesense_backend.roles import Role

STAFF_REPORT = "staff_report"
"""The kind of alerts that people report because no sensor sees their cause."""

HAND_KINDS = frozenset({STAFF_REPORT, "bulk_removal", "kpi_anomaly"})
"""Kinds whose end no sensor can prove: a moment that is past, or something that nothing measures."""

LONGEST_SNOOZE = timedelta(days=7)

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
class Life:
    """All of an alert that its life depends on; the columns of its row by the same names.

    Attributes:
        is_silenced: another alert explains it, so that nobody is told of it.
        remind_every_s: seconds between reminders while it is open; None for none.
        escalate_after_s: seconds after which the role ``escalate_to`` is told.
        remind_due_at: when the next reminder goes out.
        escalate_due_at: when it is escalated.
    """

    kind: str
    state: State
    opened_at: datetime
    is_blind: bool = False
    is_silenced: bool = False
    remind_every_s: float | None = None
    escalate_after_s: float | None = None
    escalate_to: str | None = None
    remind_due_at: datetime | None = None
    escalate_due_at: datetime | None = None
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


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Say that it was seen."""

    event: ClassVar[str] = "acknowledged"


@dataclass(frozen=True, slots=True)
class Take:
    """Say that one does it; ``is_takeover`` takes it from whoever has it."""

    event: ClassVar[str] = "taken"
    is_takeover: bool = False


@dataclass(frozen=True, slots=True)
class Release:
    """Give it back: it is open again, as nobody does it."""

    event: ClassVar[str] = "released"


@dataclass(frozen=True, slots=True)
class Resolve:
    """Say that it is done, where no sensor can."""

    event: ClassVar[str] = "resolved"
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Dismiss:
    """Say that nothing is to be done, and why."""

    event: ClassVar[str] = "dismissed"
    reason: DismissReason = "wrong"
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Snooze:
    """Be left alone by it until an instant."""

    event: ClassVar[str] = "snoozed"
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Wake:
    """End a snooze."""

    event: ClassVar[str] = "woken"


@dataclass(frozen=True, slots=True)
class Note:
    """Write something down for those who read its history."""

    event: ClassVar[str] = "noted"
    text: str


Action = Acknowledge | Take | Release | Resolve | Dismiss | Snooze | Wake | Note
Outcome = tuple[Life, Happened | None]


def act(life: Life, action: Action, actor: Actor, now: datetime) -> Outcome:
    """Do what somebody wants done; harmless where it is done already, by whomever.

    Args:
        life: as it is.
        action: what is wanted.
        actor: who wants it.
        now: the present.

    Returns:
        The life afterwards, and what is to stand in the history; None where nothing changed.

    Raises:
        ConflictError: it does not go with what is the case: the alert is over, or somebody else has it in hand.
        ForbiddenError: the role does not suffice.
        InvalidError: a value does not make sense.
    """
    if isinstance(action, Note):
        return life, Happened(action.event, {"note": action.text})
    if life.is_over:
        return _act_on_the_dead(life, action)
    return _act_on_the_living(life, action, actor, now)


def _act_on_the_living(life: Life, action: Action, actor: Actor, now: datetime) -> Outcome:
    match action:
        case Acknowledge():
            return _acknowledge(life, actor, now)
        case Take():
            return _take(life, action, actor, now)
        case Release():
            return _release(life, actor, now)
        case Resolve():
            return _resolve(life, action, actor, now)
        case Dismiss():
            return _dismiss(life, action, actor, now)
        case Snooze():
            return _snooze(life, action, actor, now)
        case Wake() | Note():
            return _wake(life, now)


def _act_on_the_dead(life: Life, action: Action) -> Outcome:
    if (life.state is State.RESOLVED and isinstance(action, Resolve)) or (
        life.state is State.DISMISSED and isinstance(action, Dismiss)
    ):
        return life, None
    if life.state is State.RESOLVED:
        raise ConflictError("the alert is over already: it is resolved", code="alert_resolved")
    raise ConflictError(
        f"the alert is over already: {life.dismissed_by} dismissed it ({life.dismiss_reason})", code="alert_dismissed"
    )


def _answered(life: Life, actor: Actor, now: datetime) -> Life:
    """Note who answered first; nobody needs to be reminded any more."""
    return replace(
        life,
        acknowledged_at=life.acknowledged_at or now,
        acknowledged_by=life.acknowledged_by or actor.name,
        remind_due_at=None,
        escalate_due_at=None,
    )


def _awake(life: Life) -> Life:
    return replace(life, snoozed_until=None, snoozed_by=None, snooze_reason=None)


def _acknowledge(life: Life, actor: Actor, now: datetime) -> Outcome:
    if life.state is not State.OPEN:
        return life, None
    answered = replace(_answered(life, actor, now), state=State.ACKNOWLEDGED)
    # Who snoozed it goes on being left alone until then, and is told once more.
    return replace(answered, remind_due_at=life.snoozed_until), Happened("acknowledged")


def _take(life: Life, action: Take, actor: Actor, now: datetime) -> Outcome:
    if life.state is State.IN_HAND:
        if life.taken_by == actor.name:
            return life, None
        if not action.is_takeover:
            raise ConflictError(
                f"{life.taken_by} has it in hand; ask them, or take it over (is_takeover)", code="alert_taken"
            )
    details: Details = {} if life.taken_by is None else {"taken_from": life.taken_by}
    taken = replace(_awake(_answered(life, actor, now)), state=State.IN_HAND, taken_at=now, taken_by=actor.name)
    return taken, Happened("taken", details)


def _release(life: Life, actor: Actor, now: datetime) -> Outcome:
    if life.state is not State.IN_HAND:
        return life, None
    if life.taken_by != actor.name and not actor.role.covers(Role.MANAGER):
        raise ForbiddenError(f"only {life.taken_by}, who has it in hand, or a manager can give it back")
    free = replace(life, state=State.OPEN, taken_at=None, taken_by=None, acknowledged_at=None, acknowledged_by=None)
    return _rescheduled(_awake(free), now), Happened("released", {"taken_by": life.taken_by})


def _resolve(life: Life, action: Resolve, actor: Actor, now: datetime) -> Outcome:
    if not life.ends_by_hand:
        raise ConflictError(
            "what measures it says when it is over; take it in hand, or dismiss it if it is wrong", code="needs_proof"
        )
    proof: Details = {"resolved_by": actor.name, "note": action.note}
    done = replace(
        _awake(_answered(life, actor, now)), state=State.RESOLVED, resolved_at=now, resolved_by=actor.name, proof=proof
    )
    return done, Happened("resolved", proof)


def _dismiss(life: Life, action: Dismiss, actor: Actor, now: datetime) -> Outcome:
    if action.reason == "other" and not action.note:
        raise InvalidError("say why: the reason other needs a note", field="note")
    gone = replace(
        _awake(_answered(life, actor, now)),
        state=State.DISMISSED,
        dismissed_at=now,
        dismissed_by=actor.name,
        dismiss_reason=action.reason,
    )
    return gone, Happened("dismissed", {"reason": action.reason, "note": action.note})


def _snooze(life: Life, action: Snooze, actor: Actor, now: datetime) -> Outcome:
    if not now < action.until <= now + LONGEST_SNOOZE:
        raise InvalidError("until must lie ahead, by seven days at most", field="until")
    if (life.snoozed_until, life.snoozed_by, life.snooze_reason) == (action.until, actor.name, action.reason):
        return life, None
    is_open = life.state is State.OPEN
    quiet = replace(
        life,
        snoozed_until=action.until,
        snoozed_by=actor.name,
        snooze_reason=action.reason,
        remind_due_at=action.until,
        escalate_due_at=_escalation_due(life, action.until) if is_open else None,
    )
    return quiet, Happened("snoozed", {"until": action.until.isoformat(), "reason": action.reason})


def _wake(life: Life, now: datetime) -> Outcome:
    if life.snoozed_until is None:
        return life, None
    return _rescheduled(_awake(life), now), Happened("woken")


def _escalation_due(life: Life, since: datetime) -> datetime | None:
    if life.escalate_after_s is None or life.escalated_at is not None:
        return None
    return since + timedelta(seconds=life.escalate_after_s)


def _rescheduled(life: Life, since: datetime) -> Life:
    """Let reminders and escalation begin anew."""
    if life.state is not State.OPEN:
        return replace(life, remind_due_at=None, escalate_due_at=None)
    every_s = life.remind_every_s
    return replace(
        life,
        remind_due_at=None if every_s is None else since + timedelta(seconds=every_s),
        escalate_due_at=_escalation_due(life, since),
    )


def begun(life: Life) -> Life:
    """Return a life as it begins: with the instants at which it reminds and escalates, if it does."""
    return _rescheduled(life, life.opened_at)


def due_at(life: Life) -> datetime | None:
    """Return when the passing of time next does something; None if never."""
    if life.is_over:
        return None
    return min((at for at in (life.remind_due_at, life.escalate_due_at) if at is not None), default=None)


def pass_time(life: Life, now: datetime) -> tuple[Life, list[Happened]]:
    """Do what has come due. Of several reminders that nobody was there to send, the last one goes out.

    Returns:
        The life afterwards, due in the future, and what is to stand in the history.
    """
    if life.is_over:
        return life, []
    happened: list[Happened] = []
    if life.escalate_due_at is not None and life.escalate_due_at <= now:
        if life.is_silenced:
            assert life.escalate_after_s is not None  # noqa: S101 -- or it could not be due
            after = _next(life.escalate_due_at, life.escalate_after_s, now)
            life = replace(life, escalate_due_at=after)
        else:
            life = replace(life, escalated_at=now, escalated_to=life.escalate_to, escalate_due_at=None)
            happened.append(Happened("escalated", {"to": life.escalate_to}))
    if life.remind_due_at is not None and life.remind_due_at <= now:
        was_due_at = life.remind_due_at
        if life.snoozed_until is not None:
            life = _awake(life)
            happened.append(Happened("woken"))
        is_repeated = life.state is State.OPEN and life.remind_every_s is not None
        next_at = _next(was_due_at, life.remind_every_s or 0.0, now) if is_repeated else None
        life = replace(life, remind_due_at=next_at)
        if not life.is_silenced:
            number = life.reminder_count + 1
            life = replace(life, reminded_at=now, reminder_count=number)
            happened.append(Happened("reminded", {"number": number, "due_at": was_due_at.isoformat()}, number))
    return life, happened


def _next(due: datetime, every_s: float, now: datetime) -> datetime:
    # The first instant of the grid after now.
    steps = math.floor((now - due).total_seconds() / every_s) + 1
    at = due + timedelta(seconds=steps * every_s)
    return at if at > now else at + timedelta(seconds=every_s)


def allowed(life: Life, actor: Actor) -> list[str]:
    """Name what somebody may do with an alert now and that would change it, for whoever shows buttons."""
    if life.is_over:
        return ["note"]
    names: list[str] = []
    if life.state is State.OPEN:
        names.append("acknowledge")
    if life.state is not State.IN_HAND or life.taken_by != actor.name:
        names.append("take")
    if life.state is State.IN_HAND and (life.taken_by == actor.name or actor.role.covers(Role.MANAGER)):
        names.append("release")
    if life.ends_by_hand:
        names.append("resolve")
    names += ["dismiss", "snooze"]
    if life.snoozed_until is not None:
        names.append("wake")
    return [*names, "note"]
