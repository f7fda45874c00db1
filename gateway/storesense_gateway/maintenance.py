"""The database's upkeep: rollups follow what was committed, old readings are compressed, then dropped.

One run does everything in this order, on every kind of database: rollups first, so that nothing is dropped that is in
none. One process at a time does it, under an advisory lock; whoever comes second leaves it to the first.
"""

import logging
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString, cast

import psycopg

from storesense_contracts.backoff import Backoff
from storesense_contracts.clock import Clock
from storesense_contracts.database import DatabaseError, unreachable
from storesense_contracts.sql import load_queries
from storesense_gateway.maintenance_settings import MaintenanceSettings
from storesense_gateway.metrics import GatewayMetrics

_LOG = logging.getLogger(__name__)
_QUERIES = load_queries("storesense_gateway", "maintenance.sql")
_LOCK_KEY = 0x53746F557063  # "StoUpc": one upkeep at a time in a database
_QUARTER = timedelta(minutes=15)
_WEEK = timedelta(days=7)
_WEEKS_FROM_AT = datetime(2001, 1, 4, tzinfo=UTC)  # a Thursday, where TimescaleDB cuts weeks, as it counts from 1970
_PARTITIONS_AHEAD = timedelta(days=14)
_RETRY = Backoff(base_s=1.0, limit_s=60.0)
_SESSION: tuple[LiteralString, ...] = (
    "SET statement_timeout = '15min'",
    "SET lock_timeout = '2s'",
    "SET idle_in_transaction_session_timeout = '60s'",
    "SET timezone = 'UTC'",
)


class MaintenanceError(DatabaseError):
    """A run ended before it was through; what it had done stays done, and the next one goes on from there."""

    code = "maintenance"


@dataclass(frozen=True, slots=True)
class MaintenanceReport:
    """What one run did.

    Attributes:
        is_skipped: another process was at it, and nothing was done.
        batches: committed batches that are now in the rollups.
        refreshed: continuous aggregates refreshed.
        rebased_stores: stores all of whose days were made anew.
        compressed: chunks compressed.
        dropped: chunks, weekly partitions and stray rows of readings dropped.
        raw_from_at: readings before are dropped; None if none are.
    """

    is_skipped: bool = False
    batches: int = 0
    refreshed: int = 0
    rebased_stores: int = 0
    compressed: int = 0
    dropped: int = 0
    raw_from_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """How far the rollups have come in one partition of stores: batches after ``done`` up to ``head`` are missing."""

    partition_no: int
    done: int
    head: int
    is_new: bool


def connect(conninfo: str) -> psycopg.Connection:
    """Open a connection of its own for the upkeep. Raises DatabaseError."""
    try:
        connection = psycopg.connect(
            conninfo, autocommit=True, connect_timeout=5, application_name="storesense maintenance"
        )
        for statement in _SESSION:
            connection.execute(statement)
    except psycopg.Error as exc:
        raise unreachable(exc) from exc
    return connection


def _silent(_line: str) -> None:
    """Take a line of progress and say nothing."""


def maintain(
    connection: psycopg.Connection,
    settings: MaintenanceSettings,
    *,
    now: datetime,
    progress: Callable[[str], None] = _silent,
) -> MaintenanceReport:
    """Bring the rollups up to date, compress what is old and drop what is older; harmless to repeat.

    Args:
        connection: from ``connect``, in autocommit mode.
        settings: the ages.
        now: the present, aware.
        progress: is given a line before each step of what takes long: a backlog of weeks.

    Raises:
        MaintenanceError: the database refused something, or went away.
    """
    try:
        if not _value(connection, "take_lock", key=_LOCK_KEY):
            return MaintenanceReport(is_skipped=True)
        try:
            return _maintain(connection, settings, now, progress)
        finally:
            if not connection.broken:
                connection.execute(_QUERIES["release_lock"], {"key": _LOCK_KEY})
    except psycopg.Error as exc:
        remedy = "run it again; what was done stays done"
        if isinstance(exc, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedFunction):
            remedy = "run: storesense db migrate"
        reason = " ".join(str(exc).split()) or type(exc).__name__
        raise MaintenanceError(reason=f"the upkeep stopped: {reason}", remedy=remedy) from exc


def _maintain(
    connection: psycopg.Connection, settings: MaintenanceSettings, now: datetime, progress: Callable[[str], None]
) -> MaintenanceReport:
    connection.execute(_QUERIES["ensure_partitions"], {"from_at": now, "to_at": now + _PARTITIONS_AHEAD})
    places = [
        _Place(partition_no, partition_no << 40 if done is None else done, head, done is None)
        for partition_no, done, head in connection.execute(_QUERIES["places"])
    ]
    refreshed = _refresh(connection, settings, now, places, progress)
    for place in places:
        _roll(connection, place, step_batches=settings.step_batches)
    with connection.transaction():
        rebased = int(_value(connection, "rebase_store_days"))
    compress_before_at = now - timedelta(days=settings.compress_after_days)
    compressed = len(
        _run_statements(connection, "compress_statements", progress=progress, before_at=compress_before_at)
    )
    raw_from_at = _value(connection, "raise_raw_horizon", before_at=now - timedelta(days=settings.raw_days))
    return MaintenanceReport(
        batches=sum(place.head - place.done for place in places),
        refreshed=refreshed,
        rebased_stores=rebased,
        compressed=compressed,
        dropped=_drop(connection, raw_from_at),
        raw_from_at=raw_from_at,
    )


def _refresh(
    connection: psycopg.Connection,
    settings: MaintenanceSettings,
    now: datetime,
    places: list[_Place],
    progress: Callable[[str], None],
) -> int:
    """Refresh the continuous aggregates, if the server has any, back to the oldest of what is new."""
    to_at = _floor_to_quarter(now - timedelta(seconds=settings.refresh_lag_s))
    if connection.execute(_QUERIES["refresh_statements"], {"from_at": to_at, "to_at": to_at}).fetchone() is None:
        return 0
    from_at = _floor_to_quarter(now - timedelta(days=settings.refresh_days))
    touched = [
        _value(connection, "oldest_touched", from_batch_no=place.done, to_batch_no=place.head) for place in places
    ]
    oldest_at = min((at for at in touched if at is not None), default=to_at)
    from_at = min(from_at, oldest_at)
    horizon_at = _value(connection, "raw_horizon")
    if horizon_at is not None:
        from_at = max(from_at, horizon_at)
    # From the oldest on, so that what readers find not yet refreshed lies behind what is, where they add it themselves.
    # Where something is new, a week at a time, so that no statement is long; what lies before it costs next to nothing.
    parts = list(_parts(min(max(from_at, oldest_at), to_at), to_at))
    parts[0] = (from_at, parts[0][1])
    refreshed = 0
    for part_at, until_at in parts:
        if len(parts) > 1:
            progress(f"rolling up {part_at:%Y-%m-%d} to {until_at:%Y-%m-%d}")
        refreshed += len(_run_statements(connection, "refresh_statements", from_at=part_at, to_at=until_at))
    return refreshed


def _roll(connection: psycopg.Connection, place: _Place, *, step_batches: int) -> None:
    """Add batches to rollups and days, the cursor in the same transaction, some batches at a time."""
    done = place.done
    while done < place.head or (place.is_new and done == place.done):
        to_batch_no = min(done + step_batches, place.head)
        values = {"partition_no": place.partition_no, "from_batch_no": done, "to_batch_no": to_batch_no}
        with connection.transaction():
            connection.execute(_QUERIES["add_cursor"], {"partition_no": place.partition_no, "batch_no": done})
            connection.execute(_QUERIES["roll"], values)
            # Before the days are made: readers of the rollups add what lies behind the cursor.
            if connection.execute(_QUERIES["move_cursor"], values).rowcount != 1:
                raise psycopg.OperationalError("somebody else moved the cursor of the rollups")
            connection.execute(_QUERIES["follow_store_days"], values)
        done = to_batch_no
        if done == place.head:
            break


def _drop(connection: psycopg.Connection, raw_from_at: datetime) -> int:
    dropped = 0
    statements = [row[0] for row in connection.execute(_QUERIES["drop_statements"], {"before_at": raw_from_at})]
    for statement in statements:
        try:
            row = connection.execute(cast(LiteralString, statement)).fetchone()
        except psycopg.errors.LockNotAvailable:
            _LOG.info("old readings are being read and are dropped at the next run: %s", statement)
            continue
        dropped += int(row[0]) if row is not None else 0
    return dropped


def _run_statements(
    connection: psycopg.Connection, query: str, *, progress: Callable[[str], None] = _silent, **values: Any
) -> list[str]:
    """Run the statements that the schema tells for this database, each by itself."""
    statements = [row[0] for row in connection.execute(_QUERIES[query], values)]
    for statement in statements:
        progress(statement)
        # Made by the schema's own functions, which quote what they put in.
        connection.execute(cast(LiteralString, statement))
    return statements


def _value(connection: psycopg.Connection, query: str, **values: Any) -> Any:
    row = connection.execute(_QUERIES[query], values or None).fetchone()
    return None if row is None else row[0]


def _parts(from_at: datetime, to_at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Cut a span where weeks of readings are cut, into parts of about a week, none of them short."""
    while to_at - from_at > 1.5 * _WEEK:
        reach_at = from_at + 1.25 * _WEEK
        until_at = reach_at - (reach_at - _WEEKS_FROM_AT) % _WEEK
        yield from_at, until_at
        from_at = until_at
    yield from_at, to_at


def _floor_to_quarter(at: datetime) -> datetime:
    return at - (at - datetime(2000, 1, 1, tzinfo=UTC)) % _QUARTER


class Maintenance:
    """The upkeep in a thread of its own, on a connection of its own, every so often."""

    def __init__(self, conninfo: str, settings: MaintenanceSettings, *, clock: Clock, metrics: GatewayMetrics) -> None:
        self._conninfo = conninfo
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self._stopping = threading.Event()
        self._connection: psycopg.Connection | None = None

    @contextmanager
    def running(self) -> Iterator["Maintenance"]:
        """Run within the ``with`` block; leaving it cancels a run that is under way, which the next one makes good."""
        thread = threading.Thread(target=self._run, name="gateway-maintenance", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._stopping.set()
            while thread.is_alive():
                connection = self._connection
                if connection is not None and not connection.closed:
                    with suppress(psycopg.Error):  # it may have ended, or its server is gone
                        connection.cancel_safe(timeout=2.0)
                thread.join(0.2)

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                self._run_once()
                failures = 0
            except DatabaseError as exc:
                failures += 1
                if not self._stopping.is_set():
                    _LOG.warning("%s", exc)
            except Exception:  # noqa: BLE001 -- the supervisor of this thread: the gateway stores readings without it
                failures += 1
                _LOG.exception("the upkeep of the database failed on an error that it does not know; it tries again")
            if failures:
                self._metrics.upkeep_runs.labels("failed").inc()
            wait_s = _RETRY.wait_s(failures, random.random()) if failures else self._settings.every_s  # noqa: S311
            self._stopping.wait(wait_s)

    def _run_once(self) -> None:
        began_s = self._clock.monotonic_s()
        connection = connect(self._conninfo)
        self._connection = connection
        with connection:
            report = maintain(connection, self._settings, now=self._clock.now(), progress=_LOG.info)
        self._connection = None
        _LOG.debug("upkeep of the database: %s", report)
        self._count(report, took_s=self._clock.monotonic_s() - began_s)

    def _count(self, report: MaintenanceReport, *, took_s: float) -> None:
        metrics = self._metrics
        metrics.upkeep_last.set(self._clock.now().timestamp())
        metrics.upkeep_runs.labels("skipped" if report.is_skipped else "done").inc()
        if report.is_skipped:
            return
        metrics.upkeep_s.observe(took_s)
        metrics.upkeep_batches.inc(report.batches)
        metrics.upkeep_compressed.inc(report.compressed)
        metrics.upkeep_dropped.inc(report.dropped)
        if report.raw_from_at is not None:
            metrics.upkeep_raw_from.set(report.raw_from_at.timestamp())
