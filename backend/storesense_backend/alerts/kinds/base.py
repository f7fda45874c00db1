"""What all kinds have in common: a value, two thresholds between which nothing changes, and what an alert tells."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storesense_backend.alerts.values import CauseState, Json, Observation, Severity, SubjectKey, Verdict
from storesense_backend.alerts.watches import Store, Subject, Watch

Value = Callable[[Watch, Any], float | None]
Tell = Callable[[Watch, Any], Json]

_STREAMS = {"queue": "queue", "zone": "zone", "slot": "shelf", "sensor": "environment"}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of rules, by the names of their thresholds and by what an observation's value is.

    Attributes:
        name: as rules and alerts spell it.
        family: of the observations that it judges.
        observes: the type of these observations; others say nothing.
        value: what is compared with the thresholds; None where the observation does not tell.
        tell: names and numbers of an observation for the alert's details.
        open_key: the rule's field that holds the value at which an alert opens; without, 1.
        resolve_key: the same for resolving; without, below the first.
        critical_key: the same for being critical.
        is_falling: low values are bad.
        severity: of its alerts, where neither rule nor threshold says otherwise.
        subjects: the family of what its rules name, where that is not the observations'.
        is_pulse: observations tell of a moment, and its end is that none came any more.
    """

    name: str
    family: str
    observes: type[Any]
    value: Value
    tell: Tell
    open_key: str | None = None
    resolve_key: str | None = None
    critical_key: str | None = None
    is_falling: bool = False
    severity: Severity = "warning"
    subjects: str | None = None
    is_pulse: bool = False

    def watches(self, store: Store, rule: Any, wanted: Iterable[str] | None = None) -> list[Watch]:
        """Apply a rule of this kind to what it concerns.

        Args:
            store: whose rule it is.
            rule: of this kind.
            wanted: ids of the subjects that it concerns; None for all.
        """
        chosen = None if wanted is None else set(wanted)
        return [
            self.watch(store, rule, subject)
            for subject in store.subjects(self.subjects or self.family)
            if chosen is None or subject.id in chosen
        ]

    def watch(self, store: Store, rule: Any, subject: Subject) -> Watch:
        """Make the watch of a rule at one subject."""
        open_at, resolve_at, critical_at = self.limits(rule, subject)
        section = rule.section or subject.section_id
        stream = _STREAMS.get(self.subjects or self.family)
        return Watch(
            kind=self,
            rule=rule,
            store_id=store.layout.id,
            subject_id=subject.id,
            subject_name=subject.name,
            section_id=section,
            section_name=store.sections.get(section, section),
            observed=self.observed(store, rule, subject),
            open_at=open_at,
            resolve_at=resolve_at,
            critical_at=critical_at,
            zone=store.zone if rule.schedule else None,
            facts=subject.facts,
            names=subject.names,
            devices=store.served_by.get((stream, subject.measured_as), frozenset()) if stream else frozenset(),
        )

    def observed(self, store: Store, rule: Any, subject: Subject) -> SubjectKey:
        """Say whose observations concern a rule at a subject."""
        del rule
        return (store.layout.id, self.family, subject.id)

    def limits(self, rule: Any, subject: Subject) -> tuple[float, float, float | None]:
        """Return the values at which an alert of a rule opens, resolves and is critical."""
        del subject
        open_at = 1.0 if self.open_key is None else float(getattr(rule, self.open_key))
        resolve_at = open_at if self.resolve_key is None else float(getattr(rule, self.resolve_key))
        critical_at = None if self.critical_key is None else getattr(rule, self.critical_key)
        return open_at, resolve_at, critical_at

    def judge(self, watch: Watch, observation: Observation) -> Verdict:
        """Say what an observation means to a watch, apart from any memory."""
        if not isinstance(observation, self.observes):
            return Verdict.UNTOLD
        value = self.value(watch, observation)
        if value is None:
            return Verdict.UNTOLD
        if self.is_falling:
            if value <= watch.open_at:
                return Verdict.BAD
            return Verdict.GOOD if value >= watch.resolve_at else Verdict.BETWEEN
        if value >= watch.open_at:
            return Verdict.BAD
        return Verdict.GOOD if value <= watch.resolve_at else Verdict.BETWEEN

    def cures(self, watch: Watch, state: CauseState, observation: Observation) -> bool:
        """Tell whether a good observation proves that the open alert's cause ended."""
        del watch, state, observation
        return True

    def severity_of(self, watch: Watch, observation: Observation) -> Severity:
        """Say how bad it is."""
        if watch.critical_at is not None and isinstance(observation, self.observes):
            value = self.value(watch, observation)
            if value is not None and (value <= watch.critical_at if self.is_falling else value >= watch.critical_at):
                return "critical"
        return watch.rule.severity or self.severity

    def details(self, watch: Watch, observation: Observation) -> Json:
        """Collect the numbers and names that an alert tells."""
        named: Json = {"subject_name": watch.subject_name, "section_name": watch.section_name}
        if isinstance(observation, self.observes):
            named |= self.tell(watch, observation)
        return named

    def proof(self, watch: Watch, state: CauseState, since_at: datetime) -> Json:
        """Collect what was observed that ended a cause.

        Args:
            watch: the rule as it applies to the subject.
            state: what is remembered, the open alert and the last observation included.
            since_at: when what ended it was first observed.
        """
        del since_at
        if state.last is None:
            return {}
        seen: Json = {"measured_at": state.last.measured_at.isoformat()}
        if isinstance(state.last, self.observes):
            hidden = ("threshold", *watch.facts)
            seen |= {key: value for key, value in self.tell(watch, state.last).items() if key not in hidden}
        return seen

    def retold(self, watch: Watch, told: Observation | None, last: Observation) -> Observation | None:
        """Return the observation that an open alert shall tell of from now on; None for the one that it does."""
        if self.judge(watch, last) is not Verdict.BAD:
            return None
        if told is None or not isinstance(told, self.observes):
            return last
        was, now = self.value(watch, told), self.value(watch, last)
        if was is None or now is None:
            return None
        # While it lasts an alert tells the worst.
        return last if (now < was if self.is_falling else now > was) else None
