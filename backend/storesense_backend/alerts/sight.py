"""How well each subject is seen: in how many of the last minutes it was measured in time and could be trusted."""

from collections.abc import Iterable
from datetime import datetime

from storesense_backend.alerts.values import HealthObservation, Observation, SubjectKey

WINDOW_MIN = 15
FAMILIES = frozenset({"queue", "zone", "slot", "sensor"})
_LEAST_MIN = 3
_MASK = (1 << WINDOW_MIN) - 1
_FAMILY_OF = {"queue": "queue", "zone": "zone"}


class _Minutes:
    """Which of the last minutes of one subject have a reading, as bits; the lowest is the newest minute."""

    __slots__ = ("bits", "first", "newest")

    def __init__(self, minute: int) -> None:
        self.first = minute
        self.newest = minute
        self.bits = 0

    def mark(self, minute: int) -> None:
        ahead = minute - self.newest
        if ahead > 0:
            self.bits = (self.bits << min(ahead, WINDOW_MIN) | 1) & _MASK
            self.newest = minute
        elif ahead > -WINDOW_MIN:
            self.bits |= 1 << -ahead
        self.first = min(self.first, minute)

    def share(self, minute: int) -> float | None:
        """Return the share of the whole minutes before ``minute`` that were measured; None before three have passed."""
        expected = min(WINDOW_MIN - 1, minute - self.first)
        if expected < _LEAST_MIN:
            return None
        shift = minute - self.newest
        seen = (self.bits << shift if shift < WINDOW_MIN else 0) & _MASK & ~1
        return min(1.0, seen.bit_count() / expected)


class Sight:
    """The sight of all subjects that are measured by readings."""

    def __init__(self) -> None:
        self._minutes: dict[SubjectKey, _Minutes] = {}
        self._doubts: dict[tuple[str, str, str], tuple[frozenset[SubjectKey], str]] = {}

    def note(self, subject: SubjectKey, observations: Iterable[Observation], late_s: float) -> None:
        """Note readings that came in time."""
        for seen in observations:
            if isinstance(seen, HealthObservation):
                self._note_health(subject, seen)
                continue
            if subject[1] not in FAMILIES or (seen.received_at - seen.measured_at).total_seconds() > late_s:
                continue
            minute = int(seen.measured_at.timestamp()) // 60
            minutes = self._minutes.get(subject)
            if minutes is None:
                minutes = self._minutes[subject] = _Minutes(minute)
            minutes.mark(minute)

    def expect(self, subject: SubjectKey, since: datetime) -> None:
        """Expect readings of a subject from now on."""
        if subject not in self._minutes:
            self._minutes[subject] = _Minutes(int(since.timestamp()) // 60)

    def _note_health(self, subject: SubjectKey, seen: HealthObservation) -> None:
        key = (subject[0], subject[2], seen.component_id)
        touched = frozenset(
            (subject[0], _FAMILY_OF[stream], name)
            for stream, _, name in (text.partition("/") for text in seen.affected)
            if stream in _FAMILY_OF
        )
        if touched and seen.state != "ok":
            self._doubts[key] = (touched, seen.reason or seen.cause or seen.state)
        else:
            self._doubts.pop(key, None)

    def doubted(self) -> dict[SubjectKey, str]:
        """Return the subjects whose sensors say that they are not to be trusted, and why."""
        return {subject: reason for touched, reason in self._doubts.values() for subject in touched}

    def quality(self, subject: SubjectKey, now: datetime) -> float | None:
        """Return the share of the last quarter of an hour in which a subject was measured; None if it is too early."""
        minutes = self._minutes.get(subject)
        return None if minutes is None else minutes.share(int(now.timestamp()) // 60)

    def subjects(self) -> list[SubjectKey]:
        """Return all subjects that are expected."""
        return list(self._minutes)

    def forget_store(self, store_id: str) -> None:
        """Forget a store."""
        for subject in [subject for subject in self._minutes if subject[0] == store_id]:
            del self._minutes[subject]
        for key in [key for key in self._doubts if key[0] == store_id]:
            del self._doubts[key]
