"""``storesense bench query``: each KPI over the rollups and over raw, compared to the bit and timed.

The readings are made by the database itself, about 50,000 a store and day; rollups and local days come from the same
upkeep that a gateway does, and the KPIs from the queries that the API asks.
"""

import json
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row
from psycopg.sql import SQL

from storesense_backend.database import CUSTOM_PLANS
from storesense_backend.kpi_steps import choose_steps
from storesense_backend.ranges import TimeSpan
from storesense_contracts.migrate import migrate, status
from storesense_contracts.sql import load_queries
from storesense_gateway.maintenance import connect, maintain
from storesense_gateway.maintenance_settings import MaintenanceSettings
from storesense_simulators.bench_world import BenchError
from storesense_simulators.embedded.postgres import EmbeddedPostgres

_SQL = load_queries("storesense_simulators", "bench_query.sql")
_KPI_SQL = load_queries("storesense_backend", "sql/kpis.sql", "sql/steps.sql")
_FULL_READINGS = 50_000
_FILLS = tuple(name for name in _SQL if name.startswith("fill_"))
_PREPARATIONS = tuple(name for name in _SQL if name.startswith("prepare_"))
_BLOCKS = {
    "visitors": "footfall",
    "zones": "zone",
    "queue_length": "queue",
    "queue_visits": "queue",
    "shelves": "shelf",
    "hours": "queue",
}
"""The backend's queries and the stream that each rests on; the last one asks the table of local hours."""
KPIS = {
    "visitors": "visitors",
    "occupancy": "zones",
    "engagement": "zones",
    "mean_dwell": "zones",
    "queue_length": "queue_length",
    "wait_mean": "queue_visits",
    "wait_p90": "queue_visits",
    "abandonment": "queue_visits",
    "on_shelf_availability": "shelves",
    "stock_out_minutes": "shelves",
    "queue_visits_by_hour": "hours",
}
"""The query that answers each KPI. KPIs that share a query share its figures."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """How large the run is.

    Attributes:
        days: whole UTC days of readings, the last of them yesterday.
        stores: how many stores, alike.
        readings_per_day: about how many readings a store has in a day.
        repeats: how often each query is asked of the rollups; of raw, a tenth of it, three times or more.
    """

    days: int = 30
    stores: int = 20
    readings_per_day: int = _FULL_READINGS
    repeats: int = 100


def run_bench_query(plan: QueryPlan, *, database_url: str | None, again: bool = False, prints_json: bool) -> int:
    """Fill an empty database, ask every KPI both ways, and print; exit code 1 if an answer differs.

    With ``again``, what an earlier run filled is asked once more.
    """
    with _database(database_url) as url:
        result = measure_again(url, plan, say=_say) if again else measure(url, plan, now=datetime.now(UTC), say=_say)
    for query in result["queries"]:
        _say(
            f"{query['name']:24} p50 {query['p50_ms']:8.2f} ms  p99 {query['p99_ms']:8.2f} ms  "
            f"raw p50 {query['raw_p50_ms']:9.2f} ms  {'identical' if query['identical'] else 'DIFFERENT'}"
        )
    _say(f"{result['readings']} readings, {result['bytes_per_reading']} bytes each")
    if prints_json:
        sys.stdout.write(f"{json.dumps(result)}\n")
    return 0 if all(query["identical"] for query in result["queries"]) else 1


def measure(url: str, plan: QueryPlan, *, now: datetime, say: Callable[[str], None]) -> dict[str, Any]:
    """Fill the empty database at ``url``, roll up, and measure; return what is printed as JSON.

    Raises:
        BenchError: the database is in use already.
        DatabaseError: it cannot be reached, or refuses something.
    """
    if status(url).version:
        raise BenchError(reason="the database has a schema already; name an empty one, which the bench may fill")
    report = migrate(url)
    to_at = now.replace(hour=0, minute=0, second=0, microsecond=0)
    with connect(url) as connection:
        for name in _PREPARATIONS:
            connection.execute(_SQL[name], {})
        began_s = time.monotonic()
        _fill(connection, plan, to_at, say)
        fill_s = time.monotonic() - began_s
        began_s = time.monotonic()
        settings = MaintenanceSettings(
            refresh_days=plan.days + 40.0, raw_days=plan.days + 70.0, compress_after_days=1.0, step_batches=2_000
        )
        # Some days ahead, so that the last week too is old enough to be compressed.
        maintain(connection, settings, now=to_at + 9 * _DAY, progress=say)
        maintain_s = time.monotonic() - began_s
        say(f"filled in {fill_s:.1f} s, rolled up in {maintain_s:.1f} s")
        connection.execute("ANALYZE")
        asked = _ask_everything(connection, plan, to_at, say)
    return {
        **asked,
        "fill_s": round(fill_s, 1),
        "maintain_s": round(maintain_s, 1),
        "database": report.kind.value,
    }


def measure_again(url: str, plan: QueryPlan, *, say: Callable[[str], None]) -> dict[str, Any]:
    """Ask a database once more that an earlier run with the same days and stores filled; return what is printed.

    Raises:
        BenchError: the database does not hold such a run.
        DatabaseError: it cannot be reached, or refuses something.
    """
    if not status(url).version:
        raise BenchError(reason="the database is empty; fill it first, by the same command without --again")
    report = migrate(url)
    with connect(url) as connection:
        row = connection.execute(_SQL["filled"]).fetchone()
        days, stores, to_at = row or (None, None, None)
        if (days, stores) != (plan.days, plan.stores):
            raise BenchError(
                reason=f"the database holds {days or 0} days of {stores or 0} stores of this bench, "
                f"not {plan.days} days of {plan.stores}; say so with --days and --stores"
            )
        asked = _ask_everything(connection, plan, to_at, say)
    return {**asked, "database": report.kind.value}


def _ask_everything(
    connection: psycopg.Connection, plan: QueryPlan, to_at: datetime, say: Callable[[str], None]
) -> dict[str, Any]:
    connection.execute(SQL("SET {}").format(SQL(CUSTOM_PLANS)))  # as the API's connections have it
    measured = {}
    for block in _BLOCKS:
        measured[block] = _measure_block(connection, block, plan, to_at)
        say(f"measured {block}")
    readings = int(_value(connection, "readings"))
    room = int(_value(connection, "reading_bytes"))
    return {
        "queries": [{"name": name, **measured[block]} for name, block in KPIS.items()],
        "bytes_per_reading": round(room / readings, 2),
        "readings": readings,
        "days": plan.days,
        "stores": plan.stores,
    }


def _fill(connection: psycopg.Connection, plan: QueryPlan, to_at: datetime, say: Callable[[str], None]) -> None:
    stretch = _FULL_READINGS / plan.readings_per_day
    connection.execute(_SQL["add_partition"])
    from_at = to_at - plan.days * _DAY
    connection.execute(_SQL["ensure_partitions"], {"from_at": from_at, "to_at": to_at})
    batch_no = 1
    for number in range(plan.stores):
        store = {"store_id": _store_id(number)}
        connection.execute(_SQL["add_store"], store)
        connection.execute(_SQL["add_series"], store)
    for day in range(plan.days):
        for number in range(plan.stores):
            values = {
                "store_id": _store_id(number),
                "store_no": number,
                "day": day,
                "from_at": from_at + day * _DAY,
                "last_at": from_at + (day + 1) * _DAY - timedelta(microseconds=1),
                "stretch": stretch,
                "batch_no": batch_no,
            }
            with connection.transaction():
                rows = sum(connection.execute(_SQL[name], values).rowcount for name in _FILLS)
                batch_no += max(1_000, rows // 1_000)
                connection.execute(_SQL["move_head"], {"head": batch_no})
        say(f"day {day + 1} of {plan.days}")


def _measure_block(connection: psycopg.Connection, block: str, plan: QueryPlan, to_at: datetime) -> dict[str, Any]:
    stream = _BLOCKS[block]
    rollup_sql = _SQL["rolled_hours"] if block == "hours" else _KPI_SQL[block]
    raw_sql = _SQL[f"raw_{block}"]
    questions = [_question(connection, number, stream, plan, to_at) for number in range(plan.stores)]
    rollup_ms, raw_ms, identical = [], [], True
    for repeat in range(plan.repeats):
        _, spent_ms = _ask(connection, rollup_sql, questions[repeat % len(questions)])
        rollup_ms.append(spent_ms)
    for repeat in range(max(3, plan.repeats // 10)):
        question = questions[repeat % len(questions)]
        raw, spent_ms = _ask(connection, raw_sql, question)
        raw_ms.append(spent_ms)
        says_something = any(value for row in raw for value in row.values())
        identical = identical and says_something and raw == _ask(connection, rollup_sql, question)[0]
    return {
        "p50_ms": round(statistics.median(rollup_ms), 2),
        "p99_ms": round(_percentile(rollup_ms, 0.99), 2),
        "raw_p50_ms": round(statistics.median(raw_ms), 2),
        "identical": identical,
    }


def _question(
    connection: psycopg.Connection, number: int, stream: str, plan: QueryPlan, to_at: datetime
) -> dict[str, Any]:
    store_id = _store_id(number)
    span = TimeSpan(to_at - plan.days * _DAY, to_at)
    return {
        "store_id": store_id,
        **choose_steps(span, whole_until=to_at, raw_from_at=None).parameters,
        "first_date": span.from_at.date() + _DAY,
        "last_date": to_at.date() - _DAY,
        "series_ids": _value(connection, "series_ids", store_id=store_id, stream=stream),
    }


def _ask(
    connection: psycopg.Connection, query: LiteralString, values: dict[str, Any]
) -> tuple[list[dict[str, Any]], float]:
    began_s = time.perf_counter()
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query, values).fetchall()
    return rows, (time.perf_counter() - began_s) * 1_000.0


def _value(connection: psycopg.Connection, query: str, **values: Any) -> Any:
    row = connection.execute(_SQL[query], values or None).fetchone()
    return None if row is None else row[0]


def _percentile(values: Sequence[float], share: float) -> float:
    """Return the nearest-rank percentile."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def _store_id(number: int) -> str:
    return f"store-{number + 1}"


@contextmanager
def _database(url: str | None) -> Iterator[str]:
    if url is not None:
        yield url
        return
    with tempfile.TemporaryDirectory(prefix="storesense-bench-") as folder, EmbeddedPostgres(Path(folder)) as postgres:
        yield postgres.url().get_secret_value()


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
