"""What really happened in a simulated store: the yardstick for every number that the rest of Storesense reports."""

from collections import Counter
from enum import StrEnum

import msgspec


class TruthKind(StrEnum):
    """What happened."""

    ARRIVED = "arrived"
    CROSSED_IN = "crossed_in"
    CROSSED_OUT = "crossed_out"
    ZONE_ENTERED = "zone_entered"
    ZONE_LEFT = "zone_left"
    QUEUE_JOINED = "queue_joined"
    SERVED = "served"
    ABANDONED = "abandoned"
    PICKED = "picked"
    PUT_BACK = "put_back"
    RESTOCKED = "restocked"
    LANE_OPENED = "lane_opened"
    LANE_CLOSED = "lane_closed"
    LEFT = "left"


class TruthEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened.

    Attributes:
        t_ms: milliseconds since the simulation began.
        kind: what happened.
        subject_id: the line, zone, queue, lane or slot; empty for arrivals and departures.
        shopper_no: who did it; None for staff.
        units: how many were moved, of a slot.
        dwell_ms: how long a visit to a zone was.
        wait_ms: how long somebody waited in a queue.
        service_ms: how long serving them took.
    """

    t_ms: int
    kind: TruthKind
    subject_id: str = ""
    shopper_no: int | None = None
    units: int = 0
    dwell_ms: int = 0
    wait_ms: int = 0
    service_ms: int = 0


class TruthCounters:
    """Totals since the simulation began, by kind and subject."""

    def __init__(self) -> None:
        self._events: Counter[tuple[TruthKind, str]] = Counter()
        self._units: Counter[tuple[TruthKind, str]] = Counter()

    def add(self, event: TruthEvent) -> None:
        """Count one event."""
        self._events[event.kind, event.subject_id] += 1
        self._units[event.kind, event.subject_id] += event.units

    def count(self, kind: TruthKind, subject_id: str | None = None) -> int:
        """Return how often ``kind`` happened, at one subject or anywhere."""
        return _sum(self._events, kind, subject_id)

    def units(self, kind: TruthKind, subject_id: str | None = None) -> int:
        """Return how many units ``kind`` moved, at one slot or anywhere."""
        return _sum(self._units, kind, subject_id)

    def as_dict(self) -> dict[str, int]:
        """Return the totals by kind, in the order of TruthKind."""
        return {kind.value: self.count(kind) for kind in TruthKind}


def _sum(totals: Counter[tuple[TruthKind, str]], kind: TruthKind, subject_id: str | None) -> int:
    return sum(n for (k, s), n in totals.items() if k == kind and (subject_id is None or s == subject_id))
