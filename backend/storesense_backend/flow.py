"""What several people together tell over a span: lengths of visits, ways between zones, parties, and what tills did."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from storesense_backend.database import Connection
from storesense_backend.kpi_steps import Steps, choose_steps, histogram_quantile_s
from storesense_backend.measurements import series_ids
from storesense_backend.next_wait import PRESENT, Services, next_wait, serves, tills_of
from storesense_backend.ranges import TimeSpan, floor_to, whole_minutes
from storesense_contracts.layout import Lane, Queue, StoreLayout
from storesense_contracts.readings import DWELL_EDGES_S, FEWEST_TOLD
from storesense_contracts.sql import load_queries

_SQL = load_queries("storesense_backend", "sql/flow.sql", "sql/steps.sql")
_QUARTER = timedelta(minutes=15)
_LATELY = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class _Question:
    connection: Connection
    layout: StoreLayout
    span: TimeSpan
    steps: Steps

    async def ask(self, block: str, stream: str, subjects: list[str], **more: datetime) -> list[dict[str, Any]]:
        ids = await series_ids(self.connection, store_id=self.layout.id, stream=stream, subjects=subjects)
        values = {"series_ids": ids, **self.steps.parameters, **more}
        return await (await self.connection.execute(_SQL[block], values)).fetchall()

    async def by(self, key: str, block: str, stream: str, subjects: list[str], **more: datetime) -> dict[str, Any]:
        return {row[key]: row for row in await self.ask(block, stream, subjects, **more)}


def _question(connection: Connection, layout: StoreLayout, span: TimeSpan, now: datetime) -> _Question:
    _, whole_until = whole_minutes(span, now)
    return _Question(connection, layout, span, choose_steps(span, whole_until=whole_until, raw_from_at=None))


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


async def dwell(connection: Connection, *, layout: StoreLayout, span: TimeSpan, now: datetime) -> dict[str, Any]:
    """Return the dwell histogram of each zone, passes against stops, and whose presence it was."""
    question = _question(connection, layout, span, now)
    zones = [zone.id for zone in layout.customer_zones]
    lengths = await question.by("zone_id", "dwell", "flow", zones)
    visits = await question.by("zone_id", "visits", "zone", zones)
    told = [_zone_dwell(zone.id, lengths.get(zone.id), visits.get(zone.id)) for zone in layout.customer_zones]
    return {"from": span.from_at, "to": span.to_at, "edges_s": DWELL_EDGES_S, "zones": told}


def _zone_dwell(zone_id: str, lengths: dict[str, Any] | None, visits: dict[str, Any] | None) -> dict[str, Any]:
    within = [0] * len(DWELL_EDGES_S) if lengths is None else lengths["within"]
    total = 0 if lengths is None else lengths["visits"]
    people_ms = 0 if lengths is None else lengths["people_ms"]
    staff_ms = 0 if lengths is None else lengths["staff_ms"]
    ended = 0 if visits is None else visits["visits"]
    stops = 0 if visits is None else visits["stops"]
    return {
        "zone_id": zone_id,
        "entries": 0 if visits is None else visits["entries"],
        "visits": ended,
        "stops": stops,
        "passes": ended - stops,
        "unknown": 0 if lengths is None else lengths["unknown"],
        "counts": [upto - before for before, upto in zip((0, *within), (*within, total), strict=True)],
        "mean_s": None if visits is None else _ratio(visits["dwell_ms"] / 1000, ended),
        "median_s": histogram_quantile_s(within, total, 0.5),
        "p90_s": histogram_quantile_s(within, total, 0.9),
        "people_s": people_ms / 1000,
        "staff_s": staff_ms / 1000,
        "staff_share": _ratio(staff_ms, people_ms),
    }


async def transitions(connection: Connection, *, layout: StoreLayout, span: TimeSpan) -> dict[str, Any]:
    """Return how many customers went from which zone to which, by whole quarters of an hour that begin in the span."""
    cursor = await connection.execute(_SQL["all_series"], {"store_id": layout.id, "stream": "flow"})
    values = {
        "series_ids": [row["series_id"] for row in await cursor.fetchall()],
        "from_at": floor_to(span.from_at, _QUARTER),
        "to_at": span.to_at,
    }
    rows = await (await connection.execute(_SQL["ways"], values)).fetchall()
    not_customers = {zone.id for zone in layout.zones if zone.staff_only}
    return {
        "from": values["from_at"],
        "to": span.to_at,
        "fewest_told": FEWEST_TOLD,
        "ways": [
            row
            for row in rows
            if row["from_zone_id"] and not_customers.isdisjoint((row["from_zone_id"], row["to_zone_id"]))
        ],
        "suppressed": sum(row["people"] for row in rows if not row["from_zone_id"]),
    }


async def parties(connection: Connection, *, layout: StoreLayout, span: TimeSpan, now: datetime) -> dict[str, Any]:
    """Return heads, parties and staff over each line."""
    question = _question(connection, layout, span, now)
    lines = [line.id for line in layout.lines]
    heads = await question.by("line_id", "heads", "footfall", lines)
    units = await question.by("line_id", "parties", "flow", lines)
    told = []
    for line in layout.lines:
        people, groups = heads.get(line.id), units.get(line.id)
        in_people, out_people = (0, 0) if people is None else (people["in_people"], people["out_people"])
        names = ("in_parties", "out_parties", "in_staff", "out_staff")
        own = dict.fromkeys(names, 0) if groups is None else {name: groups[name] for name in names}
        staff = own["in_staff"] + own["out_staff"]
        told.append(
            {
                "line_id": line.id,
                "is_entrance": line.is_entrance,
                "in_people": in_people,
                "out_people": out_people,
                **own,
                "people_per_party": _ratio(in_people, own["in_parties"]),
                "staff_share": _ratio(staff, in_people + out_people),
            }
        )
    return {"from": span.from_at, "to": span.to_at, "lines": told}


async def queues(connection: Connection, *, layout: StoreLayout, span: TimeSpan, now: datetime) -> dict[str, Any]:
    """Return each queue as it is, the wait of whoever joins now, and what its lanes' tills did over the span."""
    question = _question(connection, layout, span, now)
    lanes, ids = [lane.id for lane in layout.lanes], [queue.id for queue in layout.queues]
    lately = _question(connection, layout, TimeSpan(now - _LATELY, now), now)
    facts = _QueueFacts(
        visits=await question.by("queue_id", "queue_visits", "queue", ids),
        work=await question.by("lane_id", "lanes", "flow", lanes),
        recent_work=await lately.by("lane_id", "lanes", "flow", lanes),
        open_s=await question.by("lane_id", "open_lanes", "lane", lanes, to_at=min(span.to_at, now)),
        lanes_now=await question.by("lane_id", "lanes_now", "lane", lanes, since=now - PRESENT, now=now),
        queues_now=await question.by("queue_id", "queues_now", "queue", ids, since=now - PRESENT, now=now),
        services=await question.by("queue_id", "services", "queue", ids, since=now - _LATELY, now=now),
        lanes={lane.id: lane for lane in layout.lanes},
    )
    return {"from": span.from_at, "to": span.to_at, "at": now, "queues": [facts.tell(queue) for queue in layout.queues]}


async def queues_lately(
    connection: Connection, *, layout: StoreLayout, now: datetime
) -> dict[str, tuple[Services, float | None]]:
    """Return of each queue the services of the last hours, and the share of its tills' time that they took."""
    lately = _question(connection, layout, TimeSpan(now - _LATELY, now), now)
    ids, lanes = [queue.id for queue in layout.queues], [lane.id for lane in layout.lanes]
    services = await lately.by("queue_id", "services", "queue", ids, since=now - _LATELY, now=now)
    work = await lately.by("lane_id", "lanes", "flow", lanes)
    return {queue.id: _lately_of(queue, services, work) for queue in layout.queues}


def _lately_of(queue: Queue, services: dict[str, Any], recent_work: dict[str, Any]) -> tuple[Services, float | None]:
    row = services.get(queue.id)
    known = Services(0, 0.0, 0.0) if row is None else Services(row["services"], row["sum_s"], row["sum_squares_s2"])
    work = [recent_work[lane_id] for lane_id in queue.lanes if lane_id in recent_work]
    return known, _ratio(sum(each["busy_ms"] for each in work), sum(each["till_ms"] for each in work))


@dataclass(frozen=True, slots=True)
class _QueueFacts:
    visits: dict[str, Any]
    work: dict[str, Any]
    recent_work: dict[str, Any]
    open_s: dict[str, Any]
    lanes_now: dict[str, Any]
    queues_now: dict[str, Any]
    services: dict[str, Any]
    lanes: dict[str, Lane]

    def tell(self, queue: Queue) -> dict[str, Any]:
        now, ended = self.queues_now.get(queue.id), self.visits.get(queue.id)
        served = 0 if ended is None else ended["served"]
        abandoned = 0 if ended is None else ended["abandoned"]
        kinds = {self.lanes[lane_id].kind for lane_id in queue.lanes}
        return {
            "queue_id": queue.id,
            "kind": "unknown" if not kinds else kinds.pop() if len(kinds) == 1 else "mixed",
            "length": None if now is None else now["length"],
            "longest_wait_s": None if now is None else now["longest_wait_ms"] / 1000,
            "measured_at": None if now is None else now["measured_at"],
            "tills_open": self._tills_open(queue),
            "next_wait": self._next_wait(queue),
            "served": served,
            "abandoned": abandoned,
            "unknown": 0 if ended is None else ended["unknown"],
            "abandonment": _ratio(abandoned, served + abandoned),
            "wait_mean_s": None if ended is None else _ratio(ended["wait_ms"] / 1000, served),
            "service_mean_s": None if ended is None else _ratio(ended["service_ms"] / 1000, served),
            "lanes": [self._lane(self.lanes[lane_id]) for lane_id in queue.lanes],
        }

    def _lane(self, lane: Lane) -> dict[str, Any]:
        work, state, opened = self.work.get(lane.id), self.lanes_now.get(lane.id), self.open_s.get(lane.id)
        tills = tills_of(lane)
        busy_s = None if work is None else work["busy_ms"] / 1000
        # A closed lane's tills are not idle. Where nobody tells whether it is open, all the time that was seen counts.
        if opened is not None:
            manned_s = tills * (opened["staffed_s"] if lane.kind == "staffed" else opened["open_s"])
        else:
            manned_s = None if work is None else work["till_ms"] / 1000
        known = busy_s is not None and manned_s is not None
        return {
            "lane_id": lane.id,
            "kind": lane.kind,
            "tills": tills,
            "is_open": None if state is None else state["is_open"],
            "is_staffed": None if state is None else state["is_staffed"],
            "manned_s": manned_s,
            "busy_s": busy_s,
            "idle_s": max(0.0, manned_s - busy_s) if known and manned_s is not None and busy_s is not None else None,
            "busy_share": min(1.0, busy_s / manned_s) if known and busy_s is not None and manned_s else None,
            "served": None if work is None else work["served"],
        }

    def _tills_open(self, queue: Queue) -> int | None:
        states = [(self.lanes[lane_id], self.lanes_now.get(lane_id)) for lane_id in queue.lanes]
        if not states or any(state is None for _, state in states):
            return None
        return sum(tills_of(lane) for lane, state in states if state is not None and serves(lane, state))

    def _next_wait(self, queue: Queue) -> dict[str, float] | None:
        now = self.queues_now.get(queue.id)
        tills = self._tills_open(queue)
        if tills is None:
            tills = sum(tills_of(self.lanes[lane_id]) for lane_id in queue.lanes)
        if now is None:
            return None
        known, busy_share = _lately_of(queue, self.services, self.recent_work)
        found = next_wait(now["length"], tills=tills, services=known, busy_share=busy_share)
        return None if found is None else {"mean_s": found.mean_s, "low_s": found.low_s, "high_s": found.high_s}
