"""Who is told what: pure decisions over people, channels and one notification."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from storesense_backend.notify.outbox import Event
from storesense_backend.roles import Role
from storesense_contracts.rule_frame import Hours

Kind = Literal["webhook", "apprise", "web_push", "mqtt"]
MACHINES: frozenset[Kind] = frozenset({"webhook", "mqtt"})
"""Kinds of channels that get every event as it was, also of what is over by now."""
_SEVERITIES = ("info", "warning", "critical")
CALLS: frozenset[Event] = frozenset({"opened", "worsened", "escalated", "reminded"})
"""Events that ask somebody to do something."""
_ENDS: frozenset[Event] = frozenset({"resolved", "withdrawn", "dismissed"})

ALERT_OVER = "the alert was over before anybody could be told"
QUIET = "quiet hours"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is told of a store's alerts.

    Attributes:
        sections: whose alerts; none means all.
        shifts: on the store's clock; none means always.
        quiet_hours: on the store's clock.
        is_woken_by_critical: whether what is critical passes quiet hours.
        hears_all: whether a manager hears of what is not (yet) escalated to them.
    """

    person_id: int
    role: Role
    language: str
    sections: frozenset[str] = frozenset()
    shifts: tuple[Hours, ...] = ()
    quiet_hours: tuple[Hours, ...] = ()
    is_woken_by_critical: bool = False
    hears_all: bool = False

    def is_on_shift(self, local: datetime) -> bool:
        """Tell whether they work at a time on the store's clock."""
        return not self.shifts or any(shift.covers(local) for shift in self.shifts)

    def is_quiet(self, local: datetime, severity: str) -> bool:
        """Tell whether they are not to be disturbed."""
        if severity == "critical" and self.is_woken_by_critical:
            return False
        return any(hours.covers(local) for hours in self.quiet_hours)


@dataclass(frozen=True, slots=True)
class Channel:
    """A way to a person or, with ``person_id`` None, to the store's machines and groups.

    Attributes:
        sections: whose alerts; none means all.
        events: which; none means those that its kind is for.
    """

    channel_id: int
    kind: Kind
    language: str
    person_id: int | None = None
    sections: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset()
    min_severity: str = "info"

    def takes(self, section_id: str, severity: str, event: str) -> bool:
        """Tell whether it is for such an event."""
        usual = event in CALLS | _ENDS or self.kind in MACHINES
        return (
            (not self.sections or section_id in self.sections)
            and (event in self.events if self.events else usual)
            and _SEVERITIES.index(severity) >= _SEVERITIES.index(self.min_severity)
        )


@dataclass(frozen=True, slots=True)
class Told:
    """One event of one alert, as far as it matters for whom it concerns.

    Attributes:
        is_over: whether the alert is over by now.
        is_held: whether it is snoozed, or explained by another alert.
        escalated_to: the roles that it was escalated to so far, the newest last.
        told_channels: the channels that were sent a call of this alert.
    """

    event: Event
    section_id: str
    severity: str
    is_over: bool = False
    is_held: bool = False
    escalated_to: tuple[Role, ...] = ()
    told_channels: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Routed:
    """A channel that an event goes to; with a reason, one that it would go to and does not."""

    channel_id: int
    skipped: str | None = None


def recipients(told: Told, people: Iterable[Person], local: datetime) -> list[Person]:
    """Return who is to be told of a call.

    Those of the section who work now. Where nobody of the section does, those of the store who work now; where nobody
    does at all, its managers, whenever it is: a call never reaches nobody while there is anybody.
    """
    people = list(people)
    here = _concerned(told, people)
    working = [person for person in here if person.is_on_shift(local)]
    of_section = [person for person in working if not person.sections or told.section_id in person.sections]
    if told.event == "escalated":
        return of_section or working or here
    # Somebody who only hears of all is nobody to do it.
    if any(person.role is Role.STAFF for person in of_section):
        return of_section
    if any(person.role is Role.STAFF for person in working):
        return working
    managers = [person for person in people if person.role is not Role.STAFF]
    return list({person.person_id: person for person in (*of_section, *managers)}.values())


def _concerned(told: Told, people: Sequence[Person]) -> list[Person]:
    roles = told.escalated_to[-1:] if told.event == "escalated" else told.escalated_to
    called = [person for role in roles for person in _holders(role, people)]
    if told.event != "escalated":
        called += [person for person in people if person.role is Role.STAFF or person.hears_all]
    return list({person.person_id: person for person in called}.values())


def _holders(role: Role, people: Sequence[Person]) -> list[Person]:
    # Those of the role; in a store that has nobody of it, those of the next one above.
    for each in list(Role)[list(Role).index(role) :]:
        found = [person for person in people if person.role is each]
        if found:
            return found
    return []


def route(told: Told, people: Sequence[Person], channels: Iterable[Channel], local: datetime) -> list[Routed]:
    """Return the channels that an event goes to, and those that it does not go to for a reason worth noting.

    Args:
        told: the event.
        people: of the store, those enabled.
        channels: of the store, those enabled.
        local: the time on the store's clock.
    """
    chosen: Mapping[int, Person] = {person.person_id: person for person in recipients(told, people, local)}
    known: Mapping[int, Person] = {person.person_id: person for person in people}
    routed: list[Routed] = []
    for channel in channels:
        if not channel.takes(told.section_id, told.severity, told.event):
            continue
        if channel.kind in MACHINES:
            routed.append(Routed(channel.channel_id))
            continue
        person = known.get(channel.person_id) if channel.person_id is not None else None
        if channel.person_id is not None and person is None:
            continue
        if told.event in CALLS:
            if person is None or person.person_id in chosen:
                routed.append(Routed(channel.channel_id, _why_not(told, person, local)))
        elif channel.channel_id in told.told_channels:
            quiet = person is not None and person.is_quiet(local, told.severity)
            routed.append(Routed(channel.channel_id, QUIET if quiet else None))
    return routed


def _why_not(told: Told, person: Person | None, local: datetime) -> str | None:
    if told.is_over:
        return ALERT_OVER
    if told.is_held and told.event != "opened":
        return "the alert is snoozed, or another one explains it"
    if person is not None and person.is_quiet(local, told.severity):
        return QUIET
    return None


def person_of(row: dict[str, Any]) -> Person:
    """Read a person's row."""
    return Person(
        person_id=row["person_id"],
        role=Role(row["role"]),
        language=row["language"],
        sections=frozenset(row["sections"]),
        shifts=tuple(Hours.model_validate(each) for each in row["shifts"]),
        quiet_hours=tuple(Hours.model_validate(each) for each in row["quiet_hours"]),
        is_woken_by_critical=row["is_woken_by_critical"],
        hears_all=row["hears_all"],
    )


def channel_of(row: dict[str, Any]) -> Channel:
    """Read a channel's row."""
    return Channel(
        channel_id=row["channel_id"],
        kind=row["kind"],
        language=row["language"],
        person_id=row["person_id"],
        sections=frozenset(row["sections"]),
        events=frozenset(row["events"]),
        min_severity=row["min_severity"],
    )
