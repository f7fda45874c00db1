"""The engine's memory: which rules watch which subjects, and what is remembered of each cause. No I/O."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from storesense_backend.alerts.evaluate import evaluate, matures_at, needs_time
from storesense_backend.alerts.values import CLEAR, AlertChange, CauseState, Observation, Timing
from storesense_backend.alerts.watches import DeviceWatch, QueueWatch, Watch

CauseKey = tuple[str, str, str]
"""Store, rule, subject."""
SubjectKey = tuple[str, Literal["queue", "slot", "device"], str]
"""Store, what it is, and its id."""


@dataclass(frozen=True, slots=True)
class Decisions:
    """What one step comes to: states that changed, and changes of alerts with the watch that made them."""

    states: dict[CauseKey, CauseState] = field(default_factory=dict)
    changes: list[tuple[Watch, AlertChange]] = field(default_factory=list)


def subject_key(watch: Watch) -> SubjectKey:
    """Return the subject whose readings concern a watch."""
    if isinstance(watch, QueueWatch):
        return (watch.store_id, "queue", watch.subject_id)
    return (watch.store_id, "device" if isinstance(watch, DeviceWatch) else "slot", watch.subject_id)


class Engine:
    """Judges readings by the rules of all stores.

    ``judge`` changes nothing: what it decides is written to the database first and then adopted, so that memory and
    database never part when a transaction fails.
    """

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._watches: dict[CauseKey, Watch] = {}
        self._by_subject: dict[SubjectKey, list[Watch]] = {}
        self._states: dict[CauseKey, CauseState] = {}
        self._turning: set[CauseKey] = set()
        self._edited: set[CauseKey] = set()

    @property
    def watch_count(self) -> int:
        """How many causes are watched."""
        return len(self._watches)

    @property
    def open_count(self) -> int:
        """How many causes have an unresolved alert."""
        return sum(state.is_open for state in self._states.values())

    def remember(self, states: Mapping[CauseKey, CauseState]) -> None:
        """Replace all that is remembered."""
        self._states = dict(states)
        self._turning = {key for key, state in states.items() if needs_time(state)}

    def watch_store(self, store_id: str, watches: Iterable[Watch]) -> None:
        """Replace the watches of one store."""
        kept = {key: watch for key, watch in self._watches.items() if watch.store_id != store_id}
        fresh = {watch.key: watch for watch in watches}
        self._edited |= {key for key, watch in fresh.items() if self._watches.get(key) not in (None, watch)}
        self._watches = kept | fresh
        self._by_subject = {}
        for watch in self._watches.values():
            self._by_subject.setdefault(subject_key(watch), []).append(watch)

    def unwatched(self) -> list[CauseKey]:
        """Name the causes that are remembered though no rule watches them any more."""
        return [key for key in self._states if key not in self._watches]

    def forget(self, keys: Iterable[CauseKey]) -> None:
        """Forget causes."""
        for key in keys:
            self._states.pop(key, None)
            self._turning.discard(key)

    def judge(
        self, observations: Mapping[SubjectKey, Sequence[Observation]], now: datetime, *, caught_up: bool = True
    ) -> Decisions:
        """Judge new observations, and the passing of time where it may change something."""
        concerned = self._turning | self._edited
        for subject in observations:
            concerned |= {watch.key for watch in self._by_subject.get(subject, ())}
        decisions = Decisions()
        for key in sorted(concerned):
            watch = self._watches.get(key)
            if watch is None:
                continue
            before = self._states.get(key, CLEAR)
            seen = observations.get(subject_key(watch), ())
            after, changes = evaluate(watch, before, seen, now, self._timing, caught_up=caught_up)
            if after != before:
                decisions.states[key] = after
            decisions.changes.extend((watch, change) for change in changes)
        return decisions

    def due_at(self, now: datetime) -> datetime | None:
        """Return when the next cause ripens by the passing of time, if one does after ``now``.

        What was ripe before and changed nothing waits for a reading (its last one is stale), not for the clock.
        """
        ripe = (
            matures_at(self._watches[key], self._states.get(key, CLEAR), self._timing)
            for key in self._turning
            if key in self._watches
        )
        return min((at for at in ripe if at is not None and at > now), default=None)

    def adopt(self, decisions: Decisions) -> None:
        """Remember what was decided, after it was written."""
        for key, state in decisions.states.items():
            self._states[key] = state
            if needs_time(state):
                self._turning.add(key)
            else:
                self._turning.discard(key)
        self._edited.clear()
