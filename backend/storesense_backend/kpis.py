"""KPIs of a store over a span of time, each with its completeness.

Completeness is the share of minutes that were measured: of every counting line, zone, queue or slot that a KPI rests
on, each whole minute of the span that is past should have a reading, because devices report zeros too. Where nothing is
expected, as in a store without queues, value and completeness are None. Which minutes those are, by device and
hour, and why the others are missing, tells completeness.py, by the same rules.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from storesense_backend.alerts.life.report_card import card
from storesense_backend.database import Connection
from storesense_backend.kpi_steps import Steps, choose_steps, histogram_quantile_s, histogram_share
from storesense_backend.measurements import series_ids
from storesense_backend.occupancy import door_occupancy, mean_point
from storesense_backend.quality import audited_lines, error_band
from storesense_backend.ranges import MINUTE, TimeSpan, floor_to, whole_minutes
from storesense_backend.staffing.records import Tills
from storesense_contracts.kpis import BY_NAME
from storesense_contracts.layout import StoreLayout
from storesense_contracts.sql import load_queries

_SQL = load_queries("storesense_backend", "sql/kpis.sql", "sql/steps.sql")
_LONGEST_BY_DOORS = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Kpi:
    """One KPI; ``completeness`` is 0 to 1. ``low`` and ``high`` bound the true value with 95 %, where that is known."""

    name: str
    value: float | None
    completeness: float | None
    low: float | None = None
    high: float | None = None

    @property
    def unit(self) -> str:
        """The unit of the value, from the catalogue."""
        return BY_NAME[self.name].unit.value


@dataclass(frozen=True, slots=True)
class _Question:
    connection: Connection
    store_id: str
    steps: Steps
    minutes: int

    async def ask(self, block: str, ids: list[int], **more: int) -> dict[str, Any]:
        values = {"series_ids": ids, "store_id": self.store_id, **self.steps.parameters, **more}
        row = await (await self.connection.execute(_SQL[block], values)).fetchone()
        assert row is not None  # noqa: S101 -- an aggregate without GROUP BY has one row
        return row

    def completeness(self, measured_minutes: int, subject_count: int) -> float | None:
        expected = self.minutes * subject_count
        return min(1.0, measured_minutes / expected) if expected else None


async def kpis(connection: Connection, *, layout: StoreLayout, span: TimeSpan, now: datetime) -> list[Kpi]:
    """Compute the KPIs of the catalogue that are available, in its order."""
    minutes, whole_until = whole_minutes(span, now)
    horizon = await (await connection.execute(_SQL["raw_horizon"])).fetchone()
    raw_from_at = None if horizon is None else horizon["raw_from_at"]
    steps = choose_steps(span, whole_until=whole_until, raw_from_at=raw_from_at)
    question = _Question(connection, layout.id, steps, minutes)
    found = [
        *await _visitors(question, layout),
        *await _people(question, layout),
        *await _zones(question, layout, await _by_doors(question, layout, span, now)),
        *await _queues(question, layout),
        *await _lanes(question, layout),
        *await _shelves(question, layout),
        *await _alerts(question, span),
        *await _devices(question),
    ]
    places = {name: place for place, name in enumerate(BY_NAME)}
    return sorted(found, key=lambda kpi: places[kpi.name])


def _ratio(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else float(part) / float(whole)


async def _visitors(question: _Question, layout: StoreLayout) -> list[Kpi]:
    lines = [line.id for line in layout.lines if line.is_entrance]
    ids = await series_ids(question.connection, store_id=layout.id, stream="footfall", subjects=lines)
    row = await question.ask("visitors", ids)
    value = None if row["in_count"] is None else float(row["in_count"])
    values = {"series_ids": ids, "store_id": layout.id, **question.steps.parameters}
    by_line = await (await question.connection.execute(_SQL["visitors_by_line"], values)).fetchall()
    band = error_band(
        {each["line_id"]: each["in_count"] for each in by_line},
        await audited_lines(question.connection, store_id=layout.id, to_at=question.steps.to_at),
    )
    completeness = question.completeness(row["measured_minutes"], len(lines))
    return [Kpi("visitors", value, completeness, *((None, None) if band is None else band))]


async def _people(question: _Question, layout: StoreLayout) -> list[Kpi]:
    """Buying units, with the completeness of the entrance lines, and staff's share, with that of the zones."""
    lines = [line.id for line in layout.lines if line.is_entrance]
    zones = [zone.id for zone in layout.customer_zones]
    row = await question.ask(
        "parties", await series_ids(question.connection, store_id=layout.id, stream="flow", subjects=lines)
    )
    heads = await question.ask(
        "visitors", await series_ids(question.connection, store_id=layout.id, stream="footfall", subjects=lines)
    )
    presence = await question.ask(
        "presence", await series_ids(question.connection, store_id=layout.id, stream="flow", subjects=zones)
    )
    measured = await question.ask(
        "zones", await series_ids(question.connection, store_id=layout.id, stream="zone", subjects=zones)
    )
    return [
        Kpi(
            "buying_units",
            None if row["in_count"] is None else float(row["in_count"]),
            question.completeness(heads["measured_minutes"], len(lines)),
        ),
        Kpi(
            "staff_share",
            _ratio(presence["staff_ms"], presence["people_ms"]),
            question.completeness(measured["measured_minutes"], len(zones)),
        ),
    ]


async def _by_doors(question: _Question, layout: StoreLayout, span: TimeSpan, now: datetime) -> Kpi | None:
    """Occupancy by the doors; None where the store is never known to be empty, or its doors tell nothing."""
    if span.duration > _LONGEST_BY_DOORS:
        return None
    found = await door_occupancy(question.connection, layout=layout, span=span, now=now)
    mean = None if found is None else mean_point(found.points)
    if mean is None:
        return None
    lines = [line.id for line in layout.lines if line.is_entrance]
    ids = await series_ids(question.connection, store_id=layout.id, stream="footfall", subjects=lines)
    row = await question.ask("visitors", ids)
    people, low, high = mean
    return Kpi("occupancy", people, question.completeness(row["measured_minutes"], len(lines)), low, high)


async def _zones(question: _Question, layout: StoreLayout, by_doors: Kpi | None) -> list[Kpi]:
    zones = [zone.id for zone in layout.customer_zones]
    ids = await series_ids(question.connection, store_id=layout.id, stream="zone", subjects=zones)
    row = await question.ask("zones", ids)
    completeness = question.completeness(row["measured_minutes"], len(zones))
    # Presence over measured time is the mean number of people in one zone; the zones together hold so many times that.
    mean_people = _ratio(row["presence_ms"], row["measured_minutes"] * 60_000)
    return [
        by_doors
        or Kpi(
            "occupancy",
            None if mean_people is None else mean_people * row["measured_series"],
            completeness,
        ),
        Kpi("engagement", _ratio(row["stop_count"], row["entry_count"]), completeness),
        Kpi("mean_dwell", _thousandth(_ratio(row["visit_dwell_ms"], row["visit_count"])), completeness),
    ]


async def _queues(question: _Question, layout: StoreLayout) -> list[Kpi]:
    queues = [queue.id for queue in layout.queues]
    ids = await series_ids(question.connection, store_id=layout.id, stream="queue", subjects=queues)
    lengths = await question.ask("queue_length", ids)
    visits = await question.ask("queue_visits", ids)
    if question.steps.has_exact_waits:
        p90_wait_s = (await question.ask("exact_waits", ids))["p90_wait_s"]
        exact = await question.ask("exact_within", ids, target_ms=layout.wait_target_s * 1_000)
        within = _ratio(exact["within"], exact["served"])
    else:
        p90_wait_s = histogram_quantile_s(visits["served_within"], visits["served"], 0.9)
        within = histogram_share(visits["served_within"], visits["served"], layout.wait_target_s)
    completeness = question.completeness(lengths["measured_minutes"], len(queues))
    return [
        Kpi("queue_length", _thousandth(_ratio(lengths["minute_length_milli_sum"], lengths["minutes"])), completeness),
        Kpi("wait_mean", _thousandth(_ratio(visits["served_wait_ms"], visits["served"])), completeness),
        Kpi("wait_p90", p90_wait_s, completeness),
        Kpi("served_within_target", within, completeness),
        Kpi("abandonment", _ratio(visits["abandoned"], visits["served"] + visits["abandoned"]), completeness),
    ]


async def _lanes(question: _Question, layout: StoreLayout) -> list[Kpi]:
    """Lanes open against advised; nothing of a store that has no staffed lane with a queue."""
    lanes = Tills.of(layout).lane_ids
    ids = await series_ids(question.connection, store_id=layout.id, stream="lane", subjects=list(lanes))
    told = await question.ask("lanes", ids)
    against = await question.ask("lanes_against_needed", ids)
    return [
        Kpi(
            "lanes_open_against_needed",
            against["lanes"] if lanes else None,
            question.completeness(told["measured_minutes"], len(lanes)),
        )
    ]


async def _devices(question: _Question) -> list[Kpi]:
    """Uptime, which is its own completeness: whether a silent device worked is not known."""
    values = {"store_id": question.store_id, **question.steps.parameters}
    series = await (await question.connection.execute(_SQL["health_series"], values)).fetchall()
    values["series_ids"] = [row["series_id"] for row in series]
    rows = await (await question.connection.execute(_SQL["device_minutes"], values)).fetchall()
    steps = question.steps
    measured = expected = 0
    for row in rows:
        # Readings from before the registration count, and so does the time since the first of them.
        known_at = row["registered_at"] if row["first_at"] is None else min(row["registered_at"], row["first_at"])
        since = max(steps.from_at, floor_to(known_at + MINUTE - timedelta(microseconds=1), MINUTE))
        minutes = max(0, question.minutes - (since - steps.from_at) // MINUTE)
        expected += minutes
        measured += min(minutes, row["measured_minutes"])
    share = _ratio(measured, expected)
    return [Kpi("device_uptime", share, share)]


async def _shelves(question: _Question, layout: StoreLayout) -> list[Kpi]:
    slots = [slot.id for slot in layout.slots]
    ids = await series_ids(question.connection, store_id=layout.id, stream="shelf", subjects=slots)
    row = await question.ask("shelves", ids)
    restocks = await question.ask("restocks", ids)
    completeness = question.completeness(row["measured_minutes"], len(slots))
    is_known = row["known_minutes"] > 0
    empty_minutes = row["minute_empty_milli_sum"] / 1000.0
    return [
        Kpi("on_shelf_availability", 1.0 - empty_minutes / row["known_minutes"] if is_known else None, completeness),
        Kpi("stock_out_minutes", empty_minutes if is_known else None, completeness),
        Kpi("restock_time", restocks["mean_restock_s"], completeness),
    ]


async def _alerts(question: _Question, span: TimeSpan) -> list[Kpi]:
    whole = (await card(question.connection, question.store_id, span))[0]
    return [
        Kpi("alert_response_time", whole["mean_acknowledge_s"], _ratio(whole["acknowledged"], whole["alerts"])),
    ]


def _thousandth(value: float | None) -> float | None:
    return None if value is None else value / 1000.0
