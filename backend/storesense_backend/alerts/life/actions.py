"""What people do with an alert: each action makes of one life the next. No I/O.

An alert is open until somebody acknowledges it (has seen it) or takes it in hand (does it). It ends resolved, by proof
of a sensor or by hand where no sensor can prove it, or dismissed with a reason. A snooze puts reminders off.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar

from storesense_backend.alerts.life.alert import Actor, Details, DismissReason, Happened, Life, State
from storesense_backend.alerts.life.timing import awake, escalation_due, rescheduled
from storesense_backend.errors import ConflictError, ForbiddenError, InvalidError
from storesense_backend.roles import Role

LONGEST_SNOOZE = timedelta(days=7)


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
    taken = replace(awake(_answered(life, actor, now)), state=State.IN_HAND, taken_at=now, taken_by=actor.name)
    return taken, Happened("taken", details)


def _release(life: Life, actor: Actor, now: datetime) -> Outcome:
    if life.state is not State.IN_HAND:
        return life, None
    if life.taken_by != actor.name and not actor.role.covers(Role.MANAGER):
        raise ForbiddenError(f"only {life.taken_by}, who has it in hand, or a manager can give it back")
    free = replace(life, state=State.OPEN, taken_at=None, taken_by=None, acknowledged_at=None, acknowledged_by=None)
    return rescheduled(awake(free), now), Happened("released", {"taken_by": life.taken_by})


def _resolve(life: Life, action: Resolve, actor: Actor, now: datetime) -> Outcome:
    if not life.ends_by_hand:
        raise ConflictError(
            "what measures it says when it is over; take it in hand, or dismiss it if it is wrong", code="needs_proof"
        )
    proof: Details = {"resolved_by": actor.name, "note": action.note}
    done = replace(
        awake(_answered(life, actor, now)), state=State.RESOLVED, resolved_at=now, resolved_by=actor.name, proof=proof
    )
    return done, Happened("resolved", proof)


def _dismiss(life: Life, action: Dismiss, actor: Actor, now: datetime) -> Outcome:
    if action.reason == "other" and not action.note:
        raise InvalidError("say why: the reason other needs a note", field="note")
    gone = replace(
        awake(_answered(life, actor, now)),
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
        escalate_due_at=escalation_due(life, action.until) if is_open else None,
    )
    return quiet, Happened("snoozed", {"until": action.until.isoformat(), "reason": action.reason})


def _wake(life: Life, now: datetime) -> Outcome:
    if life.snoozed_until is None:
        return life, None
    return rescheduled(awake(life), now), Happened("woken")


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
