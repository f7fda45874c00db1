"""What a camera of the twin sees by a drawing: lines, zones and queues that are not those of the store's own file.

They are judged by where everybody truly is, step by step, and told as the twin itself tells what happens at its own
lines, zones and queues, so that the same sensors measure both. A line is crossed by the way of a step, a zone is
entered with the middle of a body, and a queue is whoever waits within its area for one of its lanes; a party is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from storesense_simulators.twin.ground import MOST_ZONES
from storesense_simulators.twin.movement import STEP_MS
from storesense_simulators.twin.people import Kind, Phase
from storesense_simulators.twin.plane import are_inside, turns
from storesense_simulators.twin.truth import TruthEvent, TruthKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from storesense_simulators.twin.live_config import CameraShapes
    from storesense_simulators.twin.people import Ints, People
    from storesense_simulators.twin.shop import CountingLine, Polygon, Shop, ZoneShape

_SUBJECTS = {
    TruthKind.CROSSED_IN: "line",
    TruthKind.CROSSED_OUT: "line",
    TruthKind.ZONE_ENTERED: "zone",
    TruthKind.ZONE_LEFT: "zone",
    TruthKind.QUEUE_JOINED: "queue",
    TruthKind.QUEUE_LEFT: "queue",
    TruthKind.CALLED: "queue",
}
_GONE_MS = 5_000
"""Who waited in a queue's area and is out of it for so long has given up, as a camera must take it."""


@dataclass(frozen=True, slots=True)
class QueueArea:
    """Where people wait for some lanes."""

    queue_id: str
    lane_ids: tuple[str, ...]
    polygon: Polygon


@dataclass(slots=True)
class _Waiting:
    """Who is seen to wait, and when they were last."""

    seen_ms: int


class DrawnSight:
    """What one camera sees of shapes that were drawn; it begins with nobody known.

    Args:
        lines: the lines that it counts at.
        zones: the zones that it measures.
        queues: the queues that it measures.
    """

    def __init__(
        self,
        *,
        lines: tuple[CountingLine, ...] = (),
        zones: tuple[ZoneShape, ...] = (),
        queues: tuple[QueueArea, ...] = (),
    ) -> None:
        self._lines = lines
        self._zones = zones
        self._queues = queues
        self._rows: Ints = np.zeros(0, dtype=np.int64)
        self._inside: dict[str, dict[int, int]] = {zone.zone_id: {} for zone in zones}
        self._waiting: dict[str, dict[int, _Waiting]] = {queue.queue_id: {} for queue in queues}
        self._at_till: dict[str, set[int]] = {queue.queue_id: set() for queue in queues}
        self._net_in: dict[str, dict[int, TruthEvent]] = {line.line_id: {} for line in lines if line.is_entrance}

    @classmethod
    def beside(cls, shop: Shop, shapes: CameraShapes) -> DrawnSight:
        """Return what a camera sees by its shapes, without those that are as the store's own file has them."""
        lanes = {queue.queue_id: (queue.lane_ids, queue.polygon) for queue in shop.queues}
        return cls(
            lines=tuple(line for line in shapes.lines if line not in shop.lines),
            zones=tuple(zone for zone in shapes.zones if zone not in shop.zones[:MOST_ZONES]),
            queues=tuple(
                queue for queue in shapes.queues if lanes.get(queue.queue_id) != (queue.lane_ids, queue.polygon)
            ),
        )

    @property
    def measures(self) -> frozenset[tuple[str, str]]:
        """What is seen this way: kind (``line``, ``zone``, ``queue``) and id."""
        return frozenset(
            [
                *(("line", line.line_id) for line in self._lines),
                *(("zone", zone.zone_id) for zone in self._zones),
                *(("queue", queue.queue_id) for queue in self._queues),
            ]
        )

    def observe(self, people: People, events: list[TruthEvent], t_ms: int) -> list[TruthEvent]:
        """Return what happened at the drawn shapes in the step that ends at ``t_ms``.

        Args:
            people: everybody, at the end of the step.
            events: what the twin told of it.
            t_ms: milliseconds since the run began.
        """
        rows = people.rows
        # Who crossed and was gone within the step still lies in the row that was theirs.
        gone = self._rows[~people.active[self._rows]]
        walked = np.concatenate([rows, gone])
        self._rows = rows
        found = [event for line in self._lines for event in self._crossings(line, people, walked, t_ms)]
        for zone in self._zones:
            found += self._visits(zone, people, rows, t_ms)
        for queue in self._queues:
            found += self._followed(queue, people, rows, events)
            found += self._waits(queue, people, rows, t_ms)
        return found

    def close(self, t_ms: int) -> list[TruthEvent]:
        """Return what happened when everybody was let out: who came in by an entrance goes out by it."""
        return [
            msgspec.structs.replace(came, t_ms=t_ms, kind=TruthKind.CROSSED_OUT)
            for line in self._net_in.values()
            for came in line.values()
        ]

    def _crossings(self, line: CountingLine, people: People, rows: Ints, t_ms: int) -> Iterator[TruthEvent]:
        before, after = people.before[:, rows], people.at[:, rows]
        was, now = turns(line.a, line.b, before), turns(line.a, line.b, after)
        crossed = (was < 0) != (now < 0)
        if not crossed.any():
            return
        ways = after - before
        from_a = ways[0] * (line.a[1] - before[1]) - ways[1] * (line.a[0] - before[0])
        from_b = ways[0] * (line.b[1] - before[1]) - ways[1] * (line.b[0] - before[0])
        crossed &= (from_a < 0) != (from_b < 0)
        for k in np.flatnonzero(crossed).tolist():
            went_in = bool(now[k] < 0) == line.in_is_left
            share = float(was[k] / (was[k] - now[k]))
            kind = TruthKind.CROSSED_IN if went_in else TruthKind.CROSSED_OUT
            event = _event(kind, line.line_id, people, int(rows[k]), t_ms - STEP_MS + round(STEP_MS * share))
            if line.is_entrance and event.person_no is not None:
                if went_in:
                    self._net_in[line.line_id][event.person_no] = event
                else:
                    self._net_in[line.line_id].pop(event.person_no, None)
            yield event

    def _visits(self, zone: ZoneShape, people: People, rows: Ints, t_ms: int) -> Iterator[TruthEvent]:
        inside = self._inside[zone.zone_id]
        within = rows[are_inside(zone.polygon, people.at[:, rows])]
        now = dict(zip(people.number[within].tolist(), within.tolist(), strict=True))
        here = dict(zip(people.number[rows].tolist(), rows.tolist(), strict=True))
        for person_no in [number for number in inside if number not in now]:
            dwell_ms = t_ms - inside.pop(person_no)
            row = here.get(person_no)
            if row is None:
                yield TruthEvent(
                    t_ms=t_ms, kind=TruthKind.ZONE_LEFT, subject_id=zone.zone_id, person_no=person_no, dwell_ms=dwell_ms
                )
            else:
                yield _event(TruthKind.ZONE_LEFT, zone.zone_id, people, row, t_ms, dwell_ms=dwell_ms)
        for person_no, row in now.items():
            if person_no not in inside:
                inside[person_no] = t_ms
                yield _event(TruthKind.ZONE_ENTERED, zone.zone_id, people, row, t_ms)

    def _followed(self, queue: QueueArea, people: People, rows: Ints, events: list[TruthEvent]) -> Iterator[TruthEvent]:
        """Follow who joins and is called at once, and at the tills whoever was seen to wait."""
        waiting, at_till = self._waiting[queue.queue_id], self._at_till[queue.queue_id]
        for event in events:
            person_no = event.person_no
            if person_no is None:
                continue
            if event.kind is TruthKind.QUEUE_JOINED and person_no not in waiting:
                row = rows[people.number[rows] == person_no]
                if len(row) and are_inside(queue.polygon, people.at[:, row])[0]:
                    waiting[person_no] = _Waiting(event.t_ms)
                    yield _event(TruthKind.QUEUE_JOINED, queue.queue_id, people, int(row[0]), event.t_ms)
            elif event.kind is TruthKind.CALLED and person_no in waiting:
                del waiting[person_no]
                is_ours = event.subject_id in queue.lane_ids
                if is_ours:
                    at_till.add(person_no)
                yield _told_anew(event, queue.queue_id) if is_ours else _gave_up(queue.queue_id, person_no, event.t_ms)
            elif event.kind is TruthKind.QUEUE_LEFT and event.why != "served" and person_no in waiting:
                del waiting[person_no]
                yield _gave_up(queue.queue_id, person_no, event.t_ms)
            elif event.kind is TruthKind.SERVICE_ENDED and person_no in at_till:
                at_till.discard(person_no)
                yield _told_anew(event, queue.queue_id)

    def _waits(self, queue: QueueArea, people: People, rows: Ints, t_ms: int) -> Iterator[TruthEvent]:
        waiting = self._waiting[queue.queue_id]
        within = rows[are_inside(queue.polygon, people.at[:, rows]) & (people.phase[rows] == Phase.WAITING)]
        for row in within.tolist():
            person_no = int(people.number[row])
            if person_no in waiting:
                waiting[person_no].seen_ms = t_ms
            else:
                waiting[person_no] = _Waiting(t_ms)
                yield _event(TruthKind.QUEUE_JOINED, queue.queue_id, people, row, t_ms)
        for person_no in [number for number, seen in waiting.items() if t_ms - seen.seen_ms > _GONE_MS]:
            del waiting[person_no]
            yield _gave_up(queue.queue_id, person_no, t_ms)


def _event(
    kind: TruthKind, subject_id: str, people: People, row: int, t_ms: int, *, dwell_ms: int | None = None
) -> TruthEvent:
    return TruthEvent(
        t_ms=t_ms,
        kind=kind,
        subject_id=subject_id,
        person_no=int(people.number[row]),
        party_no=int(people.party_no[row]) or None,
        is_staff=bool(people.kind[row] == Kind.STAFF),
        dwell_ms=dwell_ms,
    )


def without_drawn(events: list[TruthEvent], sights: Iterable[DrawnSight]) -> list[TruthEvent]:
    """Return what the twin told without what it told of lines, zones and queues that are seen as they were drawn."""
    drawn = {each for sight in sights for each in sight.measures}
    kept = []
    for event in events:
        subject_id = event.queue_id if event.kind is TruthKind.CALLED else event.subject_id
        if event.kind is TruthKind.SERVICE_ENDED and ("queue", event.queue_id) in drawn:
            # The till was busy all the same.
            kept.append(_told_anew(event, ""))
        elif (_SUBJECTS.get(event.kind), subject_id) not in drawn:
            kept.append(event)
    return kept


def _told_anew(event: TruthEvent, queue_id: str) -> TruthEvent:
    return msgspec.structs.replace(event, queue_id=queue_id)


def _gave_up(queue_id: str, person_no: int, t_ms: int) -> TruthEvent:
    return TruthEvent(t_ms=t_ms, kind=TruthKind.QUEUE_LEFT, subject_id=queue_id, person_no=person_no, why="reneged")
