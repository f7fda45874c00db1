"""How complete a store's data is, by device and hour, and why not; the same minutes that stand beside every KPI."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from storesense_backend.database import Connection
from storesense_backend.gap_reasons import BootLedger, Hole, Mark, holes_of, reasons_by_minute
from storesense_backend.ranges import MINUTE, TimeSpan, floor_to, whole_minutes
from storesense_contracts.kpis import Quality
from storesense_contracts.layout import StoreLayout
from storesense_contracts.spans import parse_multirange
from storesense_contracts.sql import load_queries

_SQL = load_queries("storesense_backend", "sql/completeness.sql")
_RULER_AROUND = timedelta(hours=6)
_QUALITIES = {
    "footfall": Quality.LINE_MINUTES,
    "zone": Quality.ZONE_MINUTES,
    "queue": Quality.QUEUE_MINUTES,
    "shelf": Quality.SLOT_MINUTES,
}


@dataclass(frozen=True, slots=True)
class Subject:
    """One line, zone, queue or slot, who measures it (None: nobody ever did), and in which minutes it was measured."""

    stream: str
    subject_id: str
    device_id: str | None
    minutes: frozenset[int]


def expected_subjects(layout: StoreLayout) -> list[tuple[str, str]]:
    """Return the stream and id of everything that should have a reading a minute, as the KPIs count it."""
    return [
        *(("footfall", line.id) for line in layout.lines if line.is_entrance),
        *(("zone", zone.id) for zone in layout.customer_zones),
        *(("queue", queue.id) for queue in layout.queues),
        *(("shelf", slot.id) for slot in layout.slots),
    ]


def summary(subjects: list[Subject], minutes: int) -> list[dict[str, Any]]:
    """Return expected and measured minutes by quality rule."""
    found = []
    for stream, quality in _QUALITIES.items():
        expected = minutes * sum(subject.stream == stream for subject in subjects)
        measured = sum(len(subject.minutes) for subject in subjects if subject.stream == stream)
        found.append(
            {
                "quality": quality,
                "expected_minutes": expected,
                "measured_minutes": measured,
                "completeness": measured / expected if expected else None,
            }
        )
    return found


def device_hours(
    device_id: str | None, subjects: list[Subject], boots: list[BootLedger], *, start_at: datetime, minutes: int
) -> list[dict[str, Any]]:
    """Return one device's hours: expected and measured minutes, why some are missing, and messages that are."""
    own = [subject for subject in subjects if subject.device_id == device_id]
    reasons = reasons_by_minute(boots, minutes)
    holes = [hole for boot in boots for hole in holes_of(boot)]
    hours = []
    hour_at = floor_to(start_at, timedelta(hours=1))
    while (first := max(0, (hour_at - start_at) // MINUTE)) < minutes:
        until = min(minutes, (hour_at + timedelta(hours=1) - start_at) // MINUTE)
        missing: Counter[str] = Counter()
        for subject in own:
            missing.update(reasons[minute].value for minute in range(first, until) if minute not in subject.minutes)
        expected = (until - first) * len(own)
        lacking: Counter[str] = Counter()
        for hole in holes:
            if first <= _placed(hole) < until:
                lacking[hole.reason.value] += hole.messages
        hours.append(
            {
                "at": hour_at,
                "expected_minutes": expected,
                "measured_minutes": expected - missing.total(),
                "completeness": (expected - missing.total()) / expected if expected else None,
                "missing_minutes": dict(sorted(missing.items())),
                "missing_messages": dict(sorted(lacking.items())),
            }
        )
        hour_at += timedelta(hours=1)
    return hours


def _placed(hole: Hole) -> int:
    place = hole.first_minute if hole.first_minute is not None else hole.last_minute
    return -1 if place is None else place


async def completeness(connection: Connection, *, layout: StoreLayout, span: TimeSpan, now: datetime) -> dict[str, Any]:
    """Tell how complete a store's data is and why not."""
    minutes, until = whole_minutes(span, now)
    start_at = floor_to(span.from_at, MINUTE)
    subjects = await _subjects(connection, layout, start_at, until)
    rows = await (await connection.execute(_SQL["devices"], {"store_id": layout.id})).fetchall()
    names = {row["device_id"] for row in rows} | {each.device_id for each in subjects if each.device_id is not None}
    ledger = await _ledger(connection, layout.id, start_at, until)
    devices: list[dict[str, Any]] = []
    for device_id in [*sorted(names), None]:
        if device_id is None and all(subject.device_id for subject in subjects):
            continue
        known = ledger.get(device_id or "", [])
        boots = [boot for _, boot in known]
        devices.append(
            {
                "device_id": device_id,
                "hours": device_hours(device_id, subjects, boots, start_at=start_at, minutes=minutes),
                "boots": [_told(row, boot) for row, boot in known],
            }
        )
    return {
        "from": start_at,
        "to": until,
        "summary": summary(subjects, minutes),
        "devices": devices,
    }


def _told(row: dict[str, Any], boot: BootLedger) -> dict[str, Any]:
    dropped: Counter[str] = Counter()
    for (first, beyond), reason in boot.dropped:
        dropped[reason] += beyond - first
    expected = boot.committed[-1][1] if boot.committed else 0
    awaited = sum(beyond - first for first, beyond in boot.awaited)
    return {
        "boot_id": row["boot_id"],
        "first_received_at": row["first_received_at"],
        "last_received_at": row["last_received_at"],
        "expected_messages": expected,
        "committed_messages": expected - awaited - dropped.total(),
        "awaited_messages": awaited,
        "dropped_messages": dict(sorted(dropped.items())),
    }


async def _subjects(connection: Connection, layout: StoreLayout, start_at: datetime, until: datetime) -> list[Subject]:
    series = await (await connection.execute(_SQL["series"], {"store_id": layout.id})).fetchall()
    measured: dict[int, list[int]] = {}
    for stream in _QUALITIES:
        ids = [row["series_id"] for row in series if row["stream"] == stream]
        values = {"series_ids": ids, "from_at": start_at, "until": until}
        for row in await (await connection.execute(_SQL[f"minutes_{stream}"], values)).fetchall():
            measured[row["series_id"]] = row["minutes"]
    subjects = []
    for stream, subject_id in expected_subjects(layout):
        own = [row for row in series if (row["stream"], row["subject_id"]) == (stream, subject_id)]
        # Where a device was replaced, the one that measured most of the span answers for the subject, or the newest.
        own.sort(key=lambda row: (len(measured.get(row["series_id"], ())), row["series_id"]))
        minutes = frozenset(minute for row in own for minute in measured.get(row["series_id"], ()))
        subjects.append(Subject(stream, subject_id, own[-1]["device_id"] if own else None, minutes))
    return subjects


async def _ledger(
    connection: Connection, store_id: str, start_at: datetime, until: datetime
) -> dict[str, list[tuple[dict[str, Any], BootLedger]]]:
    values = {"store_id": store_id, "from_at": start_at - _RULER_AROUND, "to_at": until + _RULER_AROUND}
    boots = await (await connection.execute(_SQL["boots"], values)).fetchall()
    numbers = {"boot_nos": [row["boot_no"] for row in boots]}
    dropped: dict[int, list[tuple[tuple[int, int], str]]] = {}
    for row in await (await connection.execute(_SQL["gaps"], numbers)).fetchall():
        dropped.setdefault(row["boot_no"], []).append(((row["first"], row["beyond"]), row["reason"]))
    marks: dict[int, list[Mark]] = {}
    for row in await (await connection.execute(_SQL["ruler"], values)).fetchall():
        marks.setdefault(row["boot_no"], []).append(Mark(row["seq"], (row["at"] - start_at) // MINUTE))
    found: dict[str, list[tuple[dict[str, Any], BootLedger]]] = {}
    for row in boots:
        number = row["boot_no"]
        ledger = BootLedger(parse_multirange(row["committed"]), dropped.get(number, []), marks.get(number, []))
        found.setdefault(row["device_id"], []).append((row, ledger))
    return found
