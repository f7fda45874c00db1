"""The store in PostgreSQL or TimescaleDB: one transaction a batch, on one connection, used by one thread."""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, LiteralString

import numpy as np
import psycopg

from storesense_contracts.clock import EPOCH_AT, from_epoch_us
from storesense_contracts.migrate import DatabaseKind, known_migrations
from storesense_contracts.spans import format_multirange, parse_multirange
from storesense_contracts.sql import load_queries
from storesense_gateway.batch import Boot, FamilyRows, Plan, SeriesKey, boots_of, missing_series, plan_commit
from storesense_gateway.dumper import PackedDumper
from storesense_gateway.entries import BootKey, DeadLetter, DeviceKey, Entry, StatusUpdate
from storesense_gateway.packing import PackedArray, PgType, pack_fixed, pack_variable
from storesense_gateway.patience import PatientConnection
from storesense_gateway.port import CommitResult, StoreUnavailableError

_LOG = logging.getLogger(__name__)
_QUERIES = load_queries("storesense_gateway", "queries.sql")
_MAX_CACHED_SERIES = 500_000
_MAX_CACHED_BOOTS = 100_000
_ANY_KIND = DatabaseKind.PLAIN  # both kinds have the same numbers
_WEEK_US = 7 * 86_400_000_000
_MONDAY_US = 4 * 86_400_000_000  # 1970-01-05, the first Monday; partitions are cut there
_REFUSALS = (psycopg.DataError, psycopg.IntegrityError, OverflowError, UnicodeEncodeError)
_SESSION: tuple[LiteralString, ...] = (
    "SET application_name = 'storesense gateway'",
    "SET statement_timeout = '60s'",
    # A transaction of ours is never idle for long; one that is belongs to a connection that we have given up, and its
    # row locks would keep us waiting for it.
    "SET idle_in_transaction_session_timeout = '5s'",
)
_TCP = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}


class _NewWeeksError(Exception):
    """The batch has readings of weeks that no partition was made for by this connection; rolls its transaction back."""

    def __init__(self, weeks: set[int]) -> None:
        self.weeks = weeks
        super().__init__(weeks)


class PostgresStore:
    """Implements ``Store``; it connects when first used, and again after every loss of the connection."""

    def __init__(self, conninfo: str, *, partition_no: int) -> None:
        self._conninfo = conninfo
        self._partition_no = partition_no
        self._connection: psycopg.Connection | None = None
        self._series: dict[SeriesKey, int] = {}
        self._boots: set[BootKey] = set()
        self._weeks: set[int] = set()

    def commit(self, entries: Sequence[Entry], letters: Sequence[DeadLetter]) -> CommitResult:
        """Store a batch once. Raises StoreUnavailableError."""
        with self._translated() as connection:
            self._learn_series(connection, entries)
            self._learn_boots(connection, entries)
            try:
                return self._transact_in_weeks(connection, entries, letters, isolate=False)
            except _REFUSALS as exc:
                _LOG.warning("the database refused a batch; storing it row by row where need be: %s", exc)
                return self._transact_in_weeks(connection, entries, letters, isolate=True)

    def put_statuses(self, updates: Sequence[StatusUpdate]) -> int:
        """Keep what devices say of themselves. Raises StoreUnavailableError."""
        changed = 0
        with self._translated() as connection, connection.transaction():
            for update in sorted(updates, key=lambda each: each.device):
                values = {
                    "store_id": update.device.store_id,
                    "device_id": update.device.device_id,
                    "received_at": from_epoch_us(update.received_us),
                    "state": update.state.value,
                    "boot_id": update.boot_id,
                    "software": update.software,
                }
                if connection.execute(_QUERIES["put_status"], values).rowcount:
                    changed += 1
                    payload = f"{update.device.store_id}/{update.device.device_id}"
                    connection.execute(_QUERIES["announce_device"], {"payload": payload})
        return changed

    def touch_devices(self, seen: Mapping[DeviceKey, datetime]) -> None:
        """Note when devices were last heard of. Raises StoreUnavailableError."""
        if not seen:
            return
        keys = sorted(seen)
        values = {
            "store_ids": [key.store_id for key in keys],
            "device_ids": [key.device_id for key in keys],
            "seen_ats": [seen[key] for key in keys],
        }
        with self._translated() as connection:
            connection.execute(_QUERIES["touch_devices"], values)

    def check(self) -> None:
        """Make sure that the database answers. Raises StoreUnavailableError."""
        with self._translated() as connection:
            connection.execute(_QUERIES["check"])

    def close(self) -> None:
        """Let the connection go."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _translated(self) -> Iterator[psycopg.Connection]:
        """Give the connection; whatever goes wrong with it becomes StoreUnavailableError."""
        try:
            yield self._connected()
        except psycopg.Error as exc:
            reason = " ".join(str(exc).split()) or type(exc).__name__
            if isinstance(exc, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedFunction):
                reason += " (run: storesense db migrate)"
            if self._connection is not None and self._connection.closed:
                self.close()
            raise StoreUnavailableError(reason=reason) from exc

    def _connected(self) -> psycopg.Connection:
        if self._connection is None or self._connection.closed:
            # What was known may be gone: the database behind the address may be another one by now.
            self._series.clear()
            self._boots.clear()
            self._weeks.clear()
            connection = PatientConnection.connect(self._conninfo, autocommit=True, prepare_threshold=2, **_TCP)  # type: ignore[arg-type]
            connection.adapters.register_dumper(PackedArray, PackedDumper)
            try:
                for statement in _SESSION:
                    connection.execute(statement)
                connection.execute(_QUERIES["insist_on_durability"])
                _check_schema(connection)
                connection.execute(_QUERIES["add_partition"], {"partition_no": self._partition_no})
            except (psycopg.Error, StoreUnavailableError):
                connection.close()
                raise
            self._connection = connection
            _LOG.info("connected to the database")
        return self._connection

    def _learn_series(self, connection: psycopg.Connection, entries: Sequence[Entry]) -> None:
        """Give every series of the batch its number, in a transaction of its own: it stays true if the batch fails."""
        if len(self._series) > _MAX_CACHED_SERIES:
            self._series.clear()
        missing = missing_series(entries, self._series)
        for query in ("find_series", "add_series", "find_series"):
            if not missing:
                return
            values: dict[str, list[Any]] = {
                "store_ids": [key.store_id for key in missing],
                "device_ids": [key.device_id for key in missing],
                "streams": [key.stream for key in missing],
                "subject_ids": [key.subject_id for key in missing],
            }
            cursor = connection.execute(_QUERIES[query], values)
            if query == "find_series":
                for store_id, device_id, stream, subject_id, series_id in cursor:
                    self._series[SeriesKey(store_id, device_id, stream, subject_id)] = series_id
                missing = [key for key in missing if key not in self._series]

    def _learn_boots(self, connection: psycopg.Connection, entries: Sequence[Entry]) -> None:
        """Give every boot of the batch its row, in a transaction of its own: then locking alone follows key order."""
        fresh = {key: times for key, times in boots_of(entries).items() if key not in self._boots}
        if fresh:
            values = _boot_arrays(list(fresh)) | {
                "firsts": [from_epoch_us(first) for first, _ in fresh.values()],
                "lasts": [from_epoch_us(last) for _, last in fresh.values()],
            }
            connection.execute(_QUERIES["add_boots"], values)
            if len(self._boots) > _MAX_CACHED_BOOTS:
                self._boots.clear()
            self._boots.update(fresh)

    def _transact_in_weeks(
        self, connection: psycopg.Connection, entries: Sequence[Entry], letters: Sequence[DeadLetter], *, isolate: bool
    ) -> CommitResult:
        """Store a batch, making the partitions of weeks seen for the first time in a transaction before it."""
        try:
            return self._transact(connection, entries, letters, isolate=isolate)
        except _NewWeeksError as exc:
            for week in sorted(exc.weeks):
                from_at = EPOCH_AT + timedelta(microseconds=_MONDAY_US + week * _WEEK_US)
                connection.execute(_QUERIES["ensure_partitions"], {"from_at": from_at, "to_at": from_at})
                self._weeks.add(week)
            return self._transact(connection, entries, letters, isolate=isolate)

    def _transact(
        self, connection: psycopg.Connection, entries: Sequence[Entry], letters: Sequence[DeadLetter], *, isolate: bool
    ) -> CommitResult:
        with connection.transaction():
            wanted = boots_of(entries)
            boots = self._lock_boots(connection, list(wanted))
            plan = plan_commit(entries, boots, self._series, letters)
            if plan.is_empty:
                return CommitResult(batch_no=None, repeated=plan.repeated)
            self._check_weeks(plan)
            batch_no = self._begin_batch(connection)
            stored = {
                table: self._insert(connection, rows, batch_no, plan.letters, isolate=isolate)
                for table, rows in plan.rows.items()
            }
            self._unite(connection, plan, {boots[key].boot_no: last for key, (_, last) in wanted.items()})
            self._add_gaps(connection, plan, entries)
            if plan.letters:
                connection.execute(_QUERIES["add_dead_letters"], _letter_arrays(plan.letters) | {"batch_no": batch_no})
        return CommitResult(
            batch_no=batch_no,
            committed=plan.committed,
            repeated=plan.repeated,
            readings=stored,
            letters=Counter(letter.stage for letter in plan.letters),
            dropped=plan.dropped_by_reason(),
        )

    def _lock_boots(self, connection: psycopg.Connection, keys: list[BootKey]) -> dict[BootKey, Boot]:
        if not keys:
            return {}
        boots = {
            BootKey(store_id, device_id, boot_id): Boot(boot_no, parse_multirange(committed))
            for store_id, device_id, boot_id, boot_no, committed in connection.execute(
                _QUERIES["lock_boots"], _boot_arrays(keys)
            )
        }
        if len(boots) != len(keys):
            self._boots.clear()
            raise psycopg.OperationalError("rows of device_boots were deleted under a running gateway")
        return boots

    def _check_weeks(self, plan: Plan) -> None:
        weeks: set[int] = set()
        for rows in plan.rows.values():
            weeks.update(np.unique((rows.measured_us() - _MONDAY_US) // _WEEK_US).tolist())
        if not weeks <= self._weeks:
            raise _NewWeeksError(weeks - self._weeks)

    def _begin_batch(self, connection: psycopg.Connection) -> int:
        row = connection.execute(_QUERIES["begin_batch"], {"partition_no": self._partition_no}).fetchone()
        if row is None:
            raise psycopg.OperationalError(
                f"row {self._partition_no} of partitions was deleted under a running gateway"
            )
        return int(row[0])

    def _insert(
        self,
        connection: psycopg.Connection,
        rows: FamilyRows,
        batch_no: int,
        letters: list[DeadLetter],
        *,
        isolate: bool,
    ) -> int:
        """Insert the rows of one table and return how many.

        With ``isolate``, halves are tried until what the database refuses stands alone; that becomes a dead letter.
        """
        query = _QUERIES[f"insert_{rows.family.table}"]
        if not isolate:
            return connection.execute(query, rows.pack() | {"batch_no": batch_no}).rowcount
        stored = 0
        waiting = [(0, len(rows))]
        while waiting:
            first, end = waiting.pop()
            try:
                with connection.transaction():
                    connection.execute(query, rows.pack(first, end) | {"batch_no": batch_no})
                stored += end - first
            except _REFUSALS as exc:
                if end - first == 1:
                    letters.append(rows.letter(first, f"the database refused it: {' '.join(str(exc).split())}"))
                else:
                    middle = (first + end) // 2
                    waiting += [(middle, end), (first, middle)]
        return stored

    def _unite(self, connection: psycopg.Connection, plan: Plan, last_us: Mapping[int, int]) -> None:
        if plan.new_spans:
            values: dict[str, list[Any]] = {
                "boot_nos": list(plan.new_spans),
                "spans": [format_multirange(spans) for spans in plan.new_spans.values()],
                "lasts": [from_epoch_us(last_us[boot_no]) for boot_no in plan.new_spans],
            }
            connection.execute(_QUERIES["unite_boots"], values)

    def _add_gaps(self, connection: psycopg.Connection, plan: Plan, entries: Sequence[Entry]) -> None:
        if plan.gaps:
            values: dict[str, Any] = {
                "boot_nos": [gap.boot_no for gap in plan.gaps],
                "firsts": [gap.span[0] for gap in plan.gaps],
                "ends": [gap.span[1] for gap in plan.gaps],
                "reasons": [gap.reason for gap in plan.gaps],
                "declared_at": from_epoch_us(max(entry.received_us for entry in entries)),
            }
            connection.execute(_QUERIES["add_gaps"], values)


def _check_schema(connection: psycopg.Connection) -> None:
    """Make sure that the schema is this release's: another may keep the ledger in ways that this one would break."""
    row = connection.execute(_QUERIES["schema_version"]).fetchone()
    found = 0 if row is None else int(row[0])
    newest = max(each.version for each in known_migrations(_ANY_KIND))
    if found != newest:
        remedy = "run: storesense db migrate" if found < newest else "update this gateway"
        raise StoreUnavailableError(reason=f"its schema is {found:04d}, this gateway needs {newest:04d}; {remedy}")


def _boot_arrays(keys: Sequence[BootKey]) -> dict[str, list[Any]]:
    return {
        "store_ids": [key.store_id for key in keys],
        "device_ids": [key.device_id for key in keys],
        "boot_ids": [key.boot_id for key in keys],
    }


def _letter_arrays(letters: Sequence[DeadLetter]) -> dict[str, Any]:
    def integers(pg_type: PgType, values: list[int | None]) -> PackedArray:
        nulls = np.asarray([value is None for value in values], np.bool_)
        return pack_fixed(pg_type, np.asarray([value or 0 for value in values], np.int64), nulls)

    def texts(values: list[str | None]) -> PackedArray:
        return pack_variable(PgType.TEXT, values)

    return {
        "received_ats": integers(PgType.TIMESTAMPTZ, [each.received_us for each in letters]),
        "topics": texts([each.topic for each in letters]),
        "stages": texts([each.stage for each in letters]),
        "reasons": texts([each.reason for each in letters]),
        "store_ids": texts([each.store_id for each in letters]),
        "device_ids": texts([each.device_id for each in letters]),
        "boot_ids": texts([each.boot_id for each in letters]),
        "seqs": integers(PgType.INT8, [each.seq for each in letters]),
        "idxs": integers(PgType.INT2, [each.idx for each in letters]),
        "payloads": pack_variable(PgType.BYTEA, [each.payload for each in letters]),
        "payload_sizes": integers(PgType.INT8, [each.payload_bytes for each in letters]),
    }
