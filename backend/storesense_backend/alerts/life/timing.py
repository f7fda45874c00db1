"""What the passing of time does to an alert's life: reminders, and one role after the other. No I/O."""

import math
from dataclasses import replace
from datetime import datetime, timedelta

from storesense_backend.alerts.life.alert import Details, Happened, Life, State


def awake(life: Life) -> Life:
    """End a snooze."""
    return replace(life, snoozed_until=None, snoozed_by=None, snooze_reason=None)


def escalation_due(life: Life, since: datetime) -> datetime | None:
    """Return when the next role is told if nothing happens after ``since``; None where none is left."""
    step = life.next_step
    return None if step is None else since + timedelta(seconds=step.after_s)


def rescheduled(life: Life, since: datetime) -> Life:
    """Let reminders begin anew, and the time until the next role is told."""
    if life.state is not State.OPEN:
        return replace(life, remind_due_at=None, escalate_due_at=None)
    every_s = life.patience.remind_every_s
    return replace(
        life,
        remind_due_at=None if every_s is None else since + timedelta(seconds=every_s),
        escalate_due_at=escalation_due(life, since),
    )


def begun(life: Life) -> Life:
    """Return a life as it begins: with the instants at which it reminds and escalates, if it does."""
    return rescheduled(life, life.opened_at)


def due_at(life: Life) -> datetime | None:
    """Return when the passing of time next does something; None if never."""
    if life.is_over:
        return None
    return min((at for at in (life.remind_due_at, life.escalate_due_at) if at is not None), default=None)


def pass_time(life: Life, now: datetime) -> tuple[Life, list[Happened]]:
    """Do what has come due. Of several reminders that nobody was there to send, the last one goes out.

    Of several roles that should have been told while nobody was there, the first one is; the next has its time from
    then on.

    Returns:
        The life afterwards, due in the future, and what is to stand in the history.
    """
    if life.is_over:
        return life, []
    happened: list[Happened] = []
    if life.escalate_due_at is not None and life.escalate_due_at <= now:
        life, escalated = _escalate(life, life.escalate_due_at, now)
        happened += escalated
    if life.remind_due_at is not None and life.remind_due_at <= now:
        was_due_at = life.remind_due_at
        if life.snoozed_until is not None:
            life = awake(life)
            happened.append(Happened("woken"))
        every_s = life.patience.remind_every_s
        next_at = None if every_s is None or life.state is not State.OPEN else _next(was_due_at, every_s, now)
        life = replace(life, remind_due_at=next_at)
        if not life.is_silenced:
            number = life.reminder_count + 1
            life = replace(life, reminded_at=now, reminder_count=number)
            happened.append(Happened("reminded", {"number": number, "due_at": was_due_at.isoformat()}, number))
    return life, happened


def _escalate(life: Life, was_due_at: datetime, now: datetime) -> tuple[Life, list[Happened]]:
    step = life.next_step
    if step is None:
        return replace(life, escalate_due_at=None), []
    if life.is_silenced:
        return replace(life, escalate_due_at=_next(was_due_at, step.after_s, now)), []
    number = life.escalation_step + 1
    told = replace(life, escalated_at=now, escalated_to=step.role, escalation_step=number)
    told = replace(told, escalate_due_at=escalation_due(told, now))
    details: Details = {"to": step.role, "step": number, "steps": len(life.patience.steps)}
    return told, [Happened("escalated", details)]


def _next(due: datetime, every_s: float, now: datetime) -> datetime:
    # The first instant of the grid after now.
    steps = math.floor((now - due).total_seconds() / every_s) + 1
    at = due + timedelta(seconds=steps * every_s)
    return at if at > now else at + timedelta(seconds=every_s)
