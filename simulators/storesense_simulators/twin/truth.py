"""What truly happened in the twin: the yardstick for every number that the rest of Storesense reports."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import BinaryIO

import msgspec


class TruthKind(StrEnum):
    """What happened; see docs/reference/twin.md for the fields of each."""

    ARRIVED = "arrived"
    CROSSED_IN = "crossed_in"
    CROSSED_OUT = "crossed_out"
    ZONE_ENTERED = "zone_entered"
    ZONE_LEFT = "zone_left"
    BALKED = "balked"
    QUEUE_JOINED = "queue_joined"
    QUEUE_LEFT = "queue_left"
    CALLED = "called"
    SERVICE_BEGUN = "service_begun"
    SERVICE_ENDED = "service_ended"
    DESK_SERVED = "desk_served"
    PICKED = "picked"
    PUT_BACK = "put_back"
    MISPLACED = "misplaced"
    SWEPT = "swept"
    NOT_FOUND = "not_found"
    RESTOCKED = "restocked"
    TIDIED = "tidied"
    STOCK = "stock"
    LANE_OPENED = "lane_opened"
    LANE_CLOSED = "lane_closed"
    STAFF_TASK = "staff_task"
    LEFT = "left"


class TruthEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened. All numbers are whole, so that their text is the same everywhere.

    Attributes:
        t_ms: milliseconds since the run began.
        kind: what happened.
        subject_id: the line, zone, queue, lane, desk or slot; a door's line for arrivals; empty for departures.
        person_no: who did it, numbered from 1 in the order of coming; None where nobody in particular did.
        party_no: with whom they came, numbered from 1; staff have none.
        is_staff: whether that person works here.
        party_size: how many the party are, of an arrival.
        who: shopper, child, thief or staff, of an arrival.
        units: how many were moved or wanted, of a slot.
        level_units: units of the slot's own product on it afterwards.
        level_mg: what lies on the slot afterwards, foreign units too.
        mass_mg: what was moved.
        home_id: the slot that a misplaced unit belongs to.
        queue_id: the queue by which somebody came to a lane.
        station: which of a lane's stations, from 0.
        why: how a wait ended (``served``, ``reneged``, ``switched``, ``closed``), or the task that staff turn to.
        dwell_ms: how long a visit to a zone was.
        wait_ms: from joining the queue to being called.
        walk_ms: from being called to the service's beginning.
        service_ms: how long serving took.
        length: how many wait in the queue afterwards, or waited in it when somebody balked.
    """

    t_ms: int
    kind: TruthKind
    subject_id: str = ""
    person_no: int | None = None
    party_no: int | None = None
    is_staff: bool = False
    party_size: int = 0
    who: str = ""
    units: int = 0
    level_units: int | None = None
    level_mg: int | None = None
    mass_mg: int = 0
    home_id: str = ""
    queue_id: str = ""
    station: int = 0
    why: str = ""
    dwell_ms: int | None = None
    wait_ms: int | None = None
    walk_ms: int | None = None
    service_ms: int | None = None
    length: int | None = None


_ENCODER = msgspec.json.Encoder(order="sorted")


def truth_line(event: TruthEvent) -> bytes:
    """Return an event in its canonical form: one line of JSON, keys sorted, defaults left out, whole numbers only."""
    return _ENCODER.encode(event) + b"\n"


class TruthWriter:
    """Writes events as canonical lines and keeps their SHA-256.

    Args:
        out: where the lines go, an open binary file; None only hashes. Whoever opened it closes it.
    """

    def __init__(self, out: BinaryIO | None = None) -> None:
        self._out = out
        self._hash = hashlib.sha256()
        self.events = 0

    def write(self, events: Iterable[TruthEvent]) -> None:
        """Append events in their order."""
        lines = [truth_line(event) for event in events]
        if not lines:
            return
        block = b"".join(lines)
        self.events += len(lines)
        self._hash.update(block)
        if self._out is not None:
            self._out.write(block)

    @property
    def sha256(self) -> str:
        """The hash of all lines so far, in hexadecimal."""
        return self._hash.hexdigest()


class TruthCounters:
    """Totals since the run began, by kind and subject, staff apart."""

    def __init__(self) -> None:
        self._events: Counter[tuple[TruthKind, str, bool]] = Counter()
        self._units: Counter[tuple[TruthKind, str, bool]] = Counter()

    def add(self, events: Iterable[TruthEvent]) -> None:
        """Count events."""
        for event in events:
            key = (event.kind, event.subject_id, event.is_staff)
            self._events[key] += 1
            self._units[key] += event.units

    def count(self, kind: TruthKind, subject_id: str | None = None, *, is_staff: bool | None = None) -> int:
        """Return how often ``kind`` happened, at one subject or anywhere, by staff, by others or by anybody."""
        return _sum(self._events, kind, subject_id, is_staff)

    def units(self, kind: TruthKind, subject_id: str | None = None, *, is_staff: bool | None = None) -> int:
        """Return how many units ``kind`` moved."""
        return _sum(self._units, kind, subject_id, is_staff)

    def as_dict(self) -> dict[str, int]:
        """Return the totals by kind, in the order of TruthKind."""
        return {kind.value: self.count(kind) for kind in TruthKind}


def _sum(
    totals: Counter[tuple[TruthKind, str, bool]], kind: TruthKind, subject_id: str | None, is_staff: bool | None
) -> int:
    return sum(
        number
        for (k, s, staff), number in totals.items()
        if k is kind and (subject_id is None or s == subject_id) and (is_staff is None or staff == is_staff)
    )
