"""The engine's memory: which rules watch which subjects, and what is remembered of each cause. No I/O."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from storesense_backend.alerts.causes import Causes
from storesense_backend.alerts.evaluate import Hold, evaluate, flaps_at, matures_at
from storesense_backend.alerts.kinds.catalogue import KINDS, rank, watches_of
from storesense_backend.alerts.kinds.sensors import BLIND, FoundKind
from storesense_backend.alerts.sight import Sight
from storesense_backend.alerts.values import (
    CLEAR,
    AlertChange,
    CauseKey,
    CauseState,
    ChangeKind,
    Json,
    Measure,
    Observation,
    SubjectKey,
    Timing,
    Verdict,
)
from storesense_backend.alerts.watches import Store, Watch
from storesense_contracts.rules import AnyRule

Seen = Mapping[SubjectKey, Sequence[Observation]]
_SIGHT_EVERY = timedelta(seconds=15)
_KEPT_FLAPS = 0.5


@dataclass(frozen=True, slots=True)
class Decisions:
    """What one step comes to.

    Attributes:
        states: what is to be remembered from now on.
        saves: what of it is worth writing down; None where nothing is left to remember.
        changes: changes of alerts, with the watch that made them.
        silences: open causes and the cause that explains each from now on; None where nothing does any more.
        blinds: open causes that can no longer be judged, or can again.
    """

    states: dict[CauseKey, CauseState] = field(default_factory=dict)
    saves: dict[CauseKey, CauseState | None] = field(default_factory=dict)
    changes: list[tuple[Watch, AlertChange]] = field(default_factory=list)
    silences: dict[CauseKey, CauseKey | None] = field(default_factory=dict)
    blinds: dict[CauseKey, bool] = field(default_factory=dict)

    def store_ids(self) -> set[str]:
        """Return the stores that something is to be written of."""
        return {key[0] for keys in (self.saves, self.silences, self.blinds) for key in keys} | {
            watch.store_id for watch, _ in self.changes
        }


class Engine:
    """Judges readings by the rules of all its stores.

    ``judge`` changes nothing that matters: what it decides is written to the database first and then adopted, so that
    memory and database never part when a transaction fails.
    """

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._causes = Causes()
        self._stores: dict[str, tuple[Store, tuple[AnyRule, ...]]] = {}
        self._states: dict[CauseKey, CauseState] = {}
        self._saved_at: dict[CauseKey, datetime | None] = {}
        self._lasts: dict[CauseKey, Observation] = {}
        self._turning: set[CauseKey] = set()
        self._edited: set[CauseKey] = set()
        self._sight = Sight()
        self._sight_due_at: datetime | None = None
        self._blind: set[CauseKey] = set()

    @property
    def watch_count(self) -> int:
        """How many causes are watched."""
        return len(self._causes.watches)

    @property
    def open_count(self) -> int:
        """How many causes have an unresolved alert."""
        return sum(state.is_open for state in self._states.values())

    @property
    def families(self) -> frozenset[str]:
        """The families of observations that some rule judges."""
        return self._causes.families | ({"device"} if self._causes.watches else set())

    def remember(self, states: Mapping[CauseKey, CauseState], store_ids: Iterable[str] | None = None) -> None:
        """Replace all that is remembered, or all of some stores."""
        if store_ids is not None:
            gone = set(store_ids)
            states = {key: state for key, state in self._states.items() if key[0] not in gone} | dict(states)
        self._states = dict(states)
        self._lasts = {key: state.last for key, state in states.items() if state.last is not None}
        self._saved_at = {key: None if state.last is None else state.last.measured_at for key, state in states.items()}
        self._turning = {key for key, state in states.items() if state.turning_since_at is not None}
        for key in states:
            self._found(key)

    def watch_store(self, store: Store, rules: Iterable[AnyRule]) -> None:
        """Replace the watches of one store."""
        store_id, held = store.layout.id, tuple(rules)
        self._stores[store_id] = (store, held)
        self._edited |= self._causes.replace(store_id, watches_of(store, held))
        for key in [key for key in self._states if key[0] == store_id]:
            self._found(key)
        self._causes.link(store_id)

    def drop_store(self, store_id: str) -> None:
        """Forget a store and all that is remembered of it."""
        self._stores.pop(store_id, None)
        self._causes.replace(store_id, ())
        self.forget([key for key in self._states if key[0] == store_id])
        self._sight.forget_store(store_id)

    def expect(self, subject: SubjectKey, since: datetime) -> None:
        """Expect readings of a subject, which was measured before."""
        self._sight.expect(subject, since)

    def unwatched(self) -> list[CauseKey]:
        """Name the causes that are remembered though no rule watches them any more."""
        return [key for key in self._states if key not in self._causes.watches]

    def forget(self, keys: Iterable[CauseKey]) -> None:
        """Forget causes."""
        for key in list(keys):
            self._states.pop(key, None)
            self._lasts.pop(key, None)
            self._saved_at.pop(key, None)
            self._turning.discard(key)
            self._edited.discard(key)
            self._blind.discard(key)

    def end_by_hand(self, key: CauseKey, ended_at: datetime) -> None:
        """Note that staff declared an alert done that was open by ``ended_at``, so that its cause may open anew."""
        state = self._states.get(key)
        if state is not None and state.is_open and (state.flap_at is None or state.flap_at <= ended_at):
            self._states[key] = CauseState(last=state.last, flaps=state.flaps, flap_at=state.flap_at)
            self._turning.discard(key)

    def _found(self, key: CauseKey) -> None:
        # A cause whose subject no layout lists is watched again when it is remembered.
        if key in self._causes.watches or key[0] not in self._stores:
            return
        store, rules = self._stores[key[0]]
        for rule in rules:
            kind = KINDS[rule.kind]
            if rule.id == key[1] and isinstance(kind, FoundKind):
                state = self._states.get(key, CLEAR)
                facts: Json = state.told.facts if isinstance(state.told, Measure) else {}
                self._watch_found(store, rule, kind, key[2], facts)

    def _watch_found(self, store: Store, rule: AnyRule, kind: FoundKind, subject_id: str, facts: Json) -> None:
        watch = kind.found(store, rule, subject_id, facts)
        if watch is not None and watch.key not in self._causes.watches:
            self._causes.add(watch)

    def judge(self, observations: Seen, now: datetime, *, behind: frozenset[str] = frozenset()) -> Decisions:
        """Judge new observations, and the passing of time where it may change something.

        Args:
            observations: new ones by subject.
            now: the present.
            behind: stores of which older readings are still being read; nothing is decided about them yet.
        """
        seen = dict(observations)
        for subject, some in observations.items():
            self._sight.note(subject, some, self._timing.late_s)
        decisions = Decisions()
        if self._sight_due_at is None or now >= self._sight_due_at:
            self._sight_due_at = now + _SIGHT_EVERY
            seen |= self._look(now, decisions)
        concerned = self._concerned(seen)
        concerned |= self._turning | self._edited
        for key in sorted(concerned, key=self._order):
            watch = self._causes.watches.get(key)
            if watch is not None:
                self._judge_one(watch, seen.get(watch.observed, ()), now, behind, decisions)
        self._explain(decisions)
        return decisions

    def _order(self, key: CauseKey) -> tuple[int, CauseKey]:
        watch = self._causes.watches.get(key)
        return (9 if watch is None else rank(watch.kind.name), key)

    def _concerned(self, seen: Seen) -> set[CauseKey]:
        # The quick way for what is nearly all: one reading that says of a calm cause what the last one said.
        concerned: set[CauseKey] = set()
        states, lasts = self._states, self._lasts
        bad = Verdict.BAD
        for subject, some in seen.items():
            watches = self._causes.of_subject(subject)
            if watches is None:
                watches = self._discover(subject, some)
            only = some[0] if len(some) == 1 else None
            for watch in watches:
                key = watch.key
                state = states.get(key)
                if only is not None and (state is None or state.is_calm):
                    verdict = watch.kind.judge(watch, only)
                    if verdict is not bad:
                        last = lasts.get(key)
                        if verdict is not Verdict.UNTOLD and (last is None or last.measured_at <= only.measured_at):
                            lasts[key] = only
                        continue
                concerned.add(key)
        return concerned

    def _discover(self, subject: SubjectKey, some: Sequence[Observation]) -> list[Watch]:
        if subject[0] in self._stores and isinstance(some[-1], Measure):
            store, rules = self._stores[subject[0]]
            for rule in rules:
                kind = KINDS[rule.kind]
                if isinstance(kind, FoundKind) and kind.family == subject[1]:
                    self._watch_found(store, rule, kind, subject[2], some[-1].facts)
        return self._causes.of_subject(subject) or []

    def _judge_one(
        self, watch: Watch, seen: Sequence[Observation], now: datetime, behind: frozenset[str], decisions: Decisions
    ) -> None:
        key = watch.key
        before = self._states.get(key, CLEAR)
        last = self._lasts.get(key)
        state = before if last is before.last else msgspec.structs.replace(before, last=last)
        hold = Hold.NOTHING
        if key in self._blind and watch.kind is not BLIND:
            hold = Hold.BLIND
        elif self._silencer(key, decisions) is not None:
            hold = Hold.SILENCED
        after, changes = evaluate(
            watch, state, seen, now, self._timing, caught_up=watch.store_id not in behind, hold=hold
        )
        if after is state and not changes:
            return
        decisions.states[key] = after
        decisions.changes.extend((watch, change) for change in changes)
        self._save(key, before, after, now, decisions)

    def _save(self, key: CauseKey, before: CauseState, after: CauseState, now: datetime, decisions: Decisions) -> None:
        if after.is_calm and flaps_at(after, now) < _KEPT_FLAPS:
            if key in self._saved_at:
                decisions.saves[key] = None
            return
        is_same = (
            after.is_open == before.is_open
            and after.turning_since_at == before.turning_since_at
            and after.told is before.told
            and after.flap_at == before.flap_at
        )
        saved_at = self._saved_at.get(key)
        if is_same and (after.is_calm or (saved_at is not None and after.last is not None)):
            newest_at = None if after.last is None else after.last.measured_at
            age_s = 0.0 if saved_at is None or newest_at is None else (newest_at - saved_at).total_seconds()
            if after.is_calm or age_s < self._timing.stale_s / 2:
                return
        decisions.saves[key] = after

    def _is_open(self, key: CauseKey, decisions: Decisions) -> bool:
        state = decisions.states.get(key) or self._states.get(key)
        return state is not None and state.is_open

    def _silencer(self, key: CauseKey, decisions: Decisions) -> CauseKey | None:
        for group in self._causes.explained_by.get(key, ()):
            if all(self._is_open(each, decisions) for each in group):
                return group[0]
        return None

    def _explain(self, decisions: Decisions) -> None:
        # Open causes that something explains now, or no longer does.
        turned = {
            watch.key for watch, change in decisions.changes if change.kind in (ChangeKind.OPENED, ChangeKind.RESOLVED)
        }
        touched = {key for cause in turned for key in self._causes.explains.get(cause, ())}
        for key in (touched | turned) & self._causes.explained_by.keys():
            if self._is_open(key, decisions) and (key in touched or self._silencer(key, decisions) is not None):
                decisions.silences[key] = self._silencer(key, decisions)

    def _look(self, now: datetime, decisions: Decisions) -> dict[SubjectKey, list[Observation]]:
        """Judge how well subjects are seen; return what the rules of kind ``blind`` are to judge."""
        doubts = self._sight.doubted()
        found: dict[SubjectKey, list[Observation]] = {}
        for subject in {*self._sight.subjects(), *doubts}:
            watches = [watch for watch in self._causes.of_subject(subject) or () if watch.holds_at(now)]
            if not watches:
                continue
            quality = 0.0 if subject in doubts else self._sight.quality(subject, now)
            if quality is None:
                continue
            blind = [watch for watch in watches if quality < watch.rule.min_quality]
            for watch in watches:
                is_blind = quality < watch.rule.min_quality
                if is_blind != (watch.key in self._blind):
                    (self._blind.add if is_blind else self._blind.discard)(watch.key)
                    if self._is_open(watch.key, decisions):
                        decisions.blinds[watch.key] = is_blind
            first = watches[0]
            facts: Json = {
                "name": first.subject_name,
                "section_id": first.section_id,
                "quality_pct": round(100 * quality),
                "rules": ", ".join(watch.rule_id for watch in blind),
                "reason": doubts.get(subject),
                "observed": subject[1],
                "observed_id": subject[2],
            }
            sight: SubjectKey = (subject[0], "sight", f"{subject[1]}/{subject[2]}")
            if blind or self._causes.of_subject(sight):
                measure = Measure(measured_at=now, received_at=now, value=1.0 if blind else 0.0, facts=facts)
                found[sight] = [measure]
        return found

    def due_at(self, now: datetime) -> datetime | None:
        """Return when the next cause ripens by the passing of time, if one does after ``now``.

        What was ripe before and changed nothing waits for a reading (its last one is stale), not for the clock.
        """
        ripe = (
            matures_at(self._causes.watches[key], self._states.get(key, CLEAR), self._timing)
            for key in self._turning
            if key in self._causes.watches
        )
        return min((at for at in ripe if at is not None and at > now), default=None)

    def adopt(self, decisions: Decisions) -> None:
        """Remember what was decided, after it was written."""
        for key, state in decisions.states.items():
            self._states[key] = state
            if state.last is not None:
                self._lasts[key] = state.last
            if state.turning_since_at is not None:
                self._turning.add(key)
            else:
                self._turning.discard(key)
        for key, saved in decisions.saves.items():
            if saved is None:
                self._saved_at.pop(key, None)
            else:
                self._saved_at[key] = None if saved.last is None else saved.last.measured_at
        self._edited.clear()
