"""One local day of a store by the minute, as the page replays it: made from rollups, a gap being a null."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from storesense_backend.alert_records import told
from storesense_backend.database import Connection
from storesense_backend.local_days import LocalDay, day_start
from storesense_backend.ranges import MINUTE, floor_to
from storesense_contracts.layout import StoreLayout
from storesense_contracts.sql import load_queries

_SQL = load_queries("storesense_backend", "sql/day.sql")
_HOUR = timedelta(hours=1)
_QUARTER = timedelta(minutes=15)
_LANE_HOLDS_MIN = 10
_SLOT_HOLDS_QUARTERS = 4
MAX_ALERTS = 500

T = TypeVar("T")


def date_span(day: date, layout: StoreLayout) -> LocalDay:
    """Return a date of the store's as instants."""
    zone = layout.zone_info
    return LocalDay(day, day_start(day, zone), day_start(day + timedelta(days=1), zone))


def held(values: Sequence[T | None], steps: int) -> list[T | None]:
    """Return the values with each one holding for up to ``steps`` further steps of which nothing is known."""
    found: list[T | None] = []
    last: T | None = None
    age = 0
    for value in values:
        age = 0 if value is not None else age + 1
        last = value if value is not None else last
        found.append(last if age <= steps else None)
    return found


def hours_of(day: LocalDay, until: datetime, measured: Sequence[Sequence[object]]) -> list[dict[str, Any]]:
    """Return expected and measured minutes of each hour that has begun.

    Args:
        day: the day.
        until: where its minutes that are past end.
        measured: for each subject that should have a reading a minute, its values by minute of the day.
    """
    hours = []
    at = day.starts_at
    while at < until:
        # Hours of the wall: where the zone's offset is no whole hour of UTC, its hours are not UTC's either.
        end_at = min(at + _HOUR, day.ends_at)
        first, beyond = (at - day.starts_at) // MINUTE, (min(end_at, until) - day.starts_at) // MINUTE
        hours.append(
            {
                "at": at,
                "expected_minutes": (beyond - first) * len(measured),
                "measured_minutes": sum(value is not None for values in measured for value in values[first:beyond]),
            }
        )
        at = end_at
    return hours


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of a day, by the subject that they are about."""

    subjects: dict[int, str]
    rows: Iterable[dict[str, Any]]

    def by_step(self, column: str, steps: int, ids: Iterable[str], scale: float | None = None) -> dict[str, list[Any]]:
        """Return a list of ``steps`` values for each id; of two devices that tell of one, the greater value."""
        found: dict[str, list[Any]] = {each: [None] * steps for each in ids}
        for row in self.rows:
            values, step, value = found.get(self.subjects[row["series_id"]]), row["step"], row[column]
            if values is None or not 0 <= step < steps:
                continue
            value = value if scale is None else round(value * scale, 1)
            values[step] = value if values[step] is None else max(values[step], value)
        return found


async def store_day(connection: Connection, *, layout: StoreLayout, day: LocalDay, now: datetime) -> dict[str, Any]:
    """Return a local day by the minute."""
    until = max(day.starts_at, min(floor_to(now, MINUTE), day.ends_at))
    minutes = (until - day.starts_at) // MINUTE
    series = await (await connection.execute(_SQL["series"], {"store_id": layout.id})).fetchall()

    async def rows(block: str, stream: str) -> _Rows:
        subjects = {row["series_id"]: row["subject_id"] for row in series if row["stream"] == stream}
        values = {"series_ids": list(subjects), "from_at": day.starts_at, "to_at": until}
        return _Rows(subjects, await (await connection.execute(_SQL[block], values)).fetchall())

    lines, zones, queues = await rows("lines", "footfall"), await rows("zones", "zone"), await rows("queues", "queue")
    lanes, slots = await rows("lanes", "lane"), await rows("slots", "shelf")
    line_ids, zone_ids = [line.id for line in layout.lines], [zone.id for zone in layout.customer_zones]
    queue_ids, lane_ids = [queue.id for queue in layout.queues], [lane.id for lane in layout.lanes]
    counted_in, counted_out = (lines.by_step(f"{way}_count", minutes, line_ids) for way in ("in", "out"))
    people = zones.by_step("presence_ms", minutes, zone_ids, 1 / 60_000)
    lengths = queues.by_step("length_max", minutes, queue_ids)
    waits_s = queues.by_step("longest_wait_ms_max", minutes, queue_ids, 1 / 1_000)
    states = _Rows(
        lanes.subjects,
        [{**row, "state": row["is_open"] + (row["is_open"] and row["is_staffed"])} for row in lanes.rows],
    )
    lane_states = states.by_step("state", minutes, lane_ids)
    units = slots.by_step("units_min", -(-minutes // 15), [slot.id for slot in layout.slots])
    expected = [counted_in[line.id] for line in layout.lines if line.is_entrance]
    expected += [*people.values(), *lengths.values()]
    return {
        "date": day.date.isoformat(),
        "from": day.starts_at,
        "to": day.ends_at,
        "until": until,
        "step_s": 60,
        "lines": [{"line_id": each, "in_count": counted_in[each], "out_count": counted_out[each]} for each in line_ids],
        "zones": [{"zone_id": each, "people": people[each]} for each in zone_ids],
        "queues": [{"queue_id": each, "length": lengths[each], "longest_wait_s": waits_s[each]} for each in queue_ids],
        "lanes": [{"lane_id": each, "state": held(lane_states[each], _LANE_HOLDS_MIN)} for each in lane_ids],
        "slots": [{"slot_id": each, "units": held(known, _SLOT_HOLDS_QUARTERS)} for each, known in units.items()],
        "hours": hours_of(day, until, expected),
        "alerts": await _alerts(connection, layout.id, day),
    }


async def _alerts(connection: Connection, store_id: str, day: LocalDay) -> list[dict[str, Any]]:
    values = {"store_id": store_id, "from_at": day.starts_at, "to_at": day.ends_at, "limit": MAX_ALERTS}
    rows = [told(row) for row in await (await connection.execute(_SQL["alerts"], values)).fetchall()]
    return [{key: value for key, value in row.items() if key != "details"} for row in rows]
