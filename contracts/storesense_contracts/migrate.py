"""The database's schema, brought up to date: ordered ``.sql`` files, forward only, each in a transaction of its own.

This module alone decides whether a database is plain PostgreSQL or TimescaleDB, at its first migration; the choice is
kept in ``schema_migrations`` and no query elsewhere knows it. A file ``NNNN_name.sql`` is for both; a pair
``NNNN_name.plain.sql`` and ``NNNN_name.timescale.sql`` makes the same names on each.
"""

import hashlib
import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import LiteralString

import psycopg

from storesense_contracts.database import DatabaseError, unreachable

_LOG = logging.getLogger(__name__)
_FILE_NAME = re.compile(r"^(\d{4})_([a-z0-9_]+)(?:\.(plain|timescale))?\.sql$")
_LOCK_KEY = 0x53746F7265  # "Store": one migration at a time in a database
_PARTITIONED = "{{partitioned}}"

_CREATE_LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version integer PRIMARY KEY,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('plain', 'timescale')),
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


class DatabaseKind(StrEnum):
    """What the schema is built on."""

    PLAIN = "plain"
    TIMESCALE = "timescale"


class MigrationError(DatabaseError):
    """The schema cannot be brought up to date, and was left as the last whole migration made it."""

    code = "migration"


class ChangedMigrationError(MigrationError):
    """A migration that this database has applied reads differently in this version of the code."""

    code = "changed_migration"

    def __init__(self, *, version: int, name: str) -> None:
        self.version = version
        self.name = name
        super().__init__(
            reason=f"migration {version:04d}_{name} was changed after it had been applied here",
            remedy="install the release that applied it, and put the change into a new migration",
        )


class DatabaseTooNewError(MigrationError):
    """The database was migrated by a later version of the code."""

    code = "database_too_new"

    def __init__(self, *, database_version: int, code_version: int) -> None:
        self.database_version = database_version
        self.code_version = code_version
        super().__init__(
            reason=f"its schema is at {database_version:04d}, this release knows up to {code_version:04d}",
            remedy="install the later release of storesense",
        )


class MigrationFailedError(MigrationError):
    """The database refused a migration; its transaction was rolled back."""

    code = "migration_failed"

    def __init__(self, *, version: int, name: str, reason: str, remedy: str) -> None:
        self.version = version
        self.name = name
        super().__init__(reason=f"migration {version:04d}_{name} failed: {reason}", remedy=remedy)


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema, as it reads for one kind of database."""

    version: int
    name: str
    sha256: str
    text: LiteralString


@dataclass(frozen=True, slots=True)
class MigrationReport:
    """What a migration found and did.

    Attributes:
        kind: what the schema is built on.
        version_before: the schema's version before, 0 for an empty database.
        version: the schema's version now.
        applied: names of the migrations applied now, as ``0001_registry``.
        pending: names of those that are known and not applied.
    """

    kind: DatabaseKind
    version_before: int
    version: int
    applied: tuple[str, ...]
    pending: tuple[str, ...]


def known_migrations(kind: DatabaseKind) -> list[Migration]:
    """Read the migrations of this release for one kind of database, in order.

    Raises:
        ValueError: two files have one number, or a variant is missing.
    """
    folder = files("storesense_contracts").joinpath("schema")
    texts = {entry.name: entry.read_text(encoding="utf-8") for entry in folder.iterdir() if entry.name.endswith(".sql")}
    return arrange(texts, kind)


def arrange(texts: dict[str, str], kind: DatabaseKind) -> list[Migration]:
    """Choose and order the files for one kind; ``texts`` maps file name to text. Raises ValueError."""
    chosen: dict[int, Migration] = {}
    seen: set[int] = set()
    for file_name, text in sorted(texts.items()):
        match = _FILE_NAME.match(file_name)
        if match is None:
            raise ValueError(f"schema/{file_name}: name it NNNN_name.sql or NNNN_name.(plain|timescale).sql")
        version = int(match[1])
        seen.add(version)
        if match[3] not in (None, kind.value):
            continue
        if version in chosen:
            raise ValueError(f"schema/{file_name}: number {version:04d} stands twice")
        digest = hashlib.sha256(text.encode()).hexdigest()
        chosen[version] = Migration(version, match[2], digest, _render(text, kind))
    if missing := sorted(seen - set(chosen)):
        raise ValueError(f"schema/: for {kind.value}, the variant of {missing[0]:04d} is missing")
    return [chosen[version] for version in sorted(chosen)]


def _render(text: str, kind: DatabaseKind) -> LiteralString:
    clause = "PARTITION BY RANGE (measured_at)" if kind is DatabaseKind.PLAIN else ""
    # The text ships with the package and holds no outside input, which is what LiteralString vouches for.
    return text.replace(_PARTITIONED, clause)


def _silent(_line: str) -> None:
    """Take a line of progress and say nothing."""


def migrate(
    conninfo: str, *, to_version: int | None = None, progress: Callable[[str], None] = _silent
) -> MigrationReport:
    """Bring the schema up to date, waiting for any other process that is doing so.

    Args:
        conninfo: libpq connection string or URL of the database.
        to_version: stop after this migration; None for all.
        progress: is given a line before each step.

    Raises:
        DatabaseError: the database cannot be reached.
        MigrationError: a migration was changed, failed, or is of a later release.
    """
    with _connect(conninfo) as connection:
        _take_lock(connection, progress)
        connection.execute(_CREATE_LEDGER)
        applied = _applied(connection)
        kind = _recorded_kind(applied) or _detect(connection, progress)
        migrations = known_migrations(kind)
        _check(applied, migrations)
        done = []
        for migration in migrations:
            if migration.version in applied or (to_version is not None and migration.version > to_version):
                continue
            progress(f"migration {migration.version:04d}_{migration.name} ({kind.value})")
            _apply(connection, migration, kind)
            done.append(migration)
        return _report(kind, applied, done, migrations)


def status(conninfo: str) -> MigrationReport:
    """Tell where the schema stands, changing nothing.

    Raises:
        DatabaseError: the database cannot be reached.
        MigrationError: a migration was changed, or the database is of a later release.
    """
    with _connect(conninfo) as connection:
        exists = connection.execute("SELECT to_regclass('schema_migrations') IS NOT NULL").fetchone()
        applied = _applied(connection) if exists is not None and exists[0] else {}
        kind = _recorded_kind(applied) or (
            DatabaseKind.TIMESCALE if _extension_available(connection) else DatabaseKind.PLAIN
        )
        migrations = known_migrations(kind)
        _check(applied, migrations)
        return _report(kind, applied, (), migrations)


_Applied = dict[int, tuple[str, str, str]]
"""Of each applied version: name, kind, SHA-256."""


def _connect(conninfo: str) -> psycopg.Connection:
    try:
        return psycopg.connect(conninfo, autocommit=True, application_name="storesense migrate")
    except psycopg.Error as exc:
        raise unreachable(exc) from exc


def _take_lock(connection: psycopg.Connection, progress: Callable[[str], None]) -> None:
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK_KEY,)).fetchone()
    if row is not None and not row[0]:
        progress("waiting for another process that is migrating this database")
        connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK_KEY,))


def _applied(connection: psycopg.Connection) -> _Applied:
    rows = connection.execute("SELECT version, name, kind, sha256 FROM schema_migrations ORDER BY version").fetchall()
    return {version: (name, kind, sha256) for version, name, kind, sha256 in rows}


def _recorded_kind(applied: _Applied) -> DatabaseKind | None:
    return DatabaseKind(next(iter(applied.values()))[1]) if applied else None


def _extension_available(connection: psycopg.Connection) -> bool:
    query = "SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb'"
    return connection.execute(query).fetchone() is not None


def _detect(connection: psycopg.Connection, progress: Callable[[str], None]) -> DatabaseKind:
    if not _extension_available(connection):
        return DatabaseKind.PLAIN
    progress("extension timescaledb")
    try:
        connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    except psycopg.Error as exc:
        raise MigrationError(
            reason=f"the server offers TimescaleDB but does not let us use it: {' '.join(str(exc).split())}",
            remedy="put timescaledb into shared_preload_libraries and restart the server, and let a superuser run "
            "CREATE EXTENSION timescaledb in this database",
        ) from exc
    return DatabaseKind.TIMESCALE


def _check(applied: _Applied, migrations: Iterable[Migration]) -> None:
    known = {migration.version: migration for migration in migrations}
    if unknown := applied.keys() - known.keys():
        raise DatabaseTooNewError(database_version=max(unknown), code_version=max(known, default=0))
    for version, (name, _, sha256) in applied.items():
        if known[version].sha256 != sha256:
            raise ChangedMigrationError(version=version, name=name)


def _apply(connection: psycopg.Connection, migration: Migration, kind: DatabaseKind) -> None:
    try:
        with connection.transaction():
            connection.execute(migration.text)
            connection.execute(
                "INSERT INTO schema_migrations (version, name, kind, sha256) VALUES (%s, %s, %s, %s)",
                (migration.version, migration.name, kind.value, migration.sha256),
            )
    except psycopg.Error as exc:
        raise MigrationFailedError(
            version=migration.version,
            name=migration.name,
            reason=" ".join(str(exc).split()),
            remedy=_remedy(exc),
        ) from exc
    _LOG.info("applied migration %04d_%s (%s)", migration.version, migration.name, kind.value)


def _remedy(exc: psycopg.Error) -> str:
    text = str(exc)
    if "apache" in text:
        return "set timescaledb.license = 'timescale' on the server (continuous aggregates and compression need it)"
    if isinstance(exc, psycopg.errors.InsufficientPrivilege):
        return "let the user in STORESENSE_DATABASE_URL own the database's public schema"
    if isinstance(exc, psycopg.errors.DuplicateTable):
        return "use a database of its own for storesense; this one has tables by the same names"
    if isinstance(exc, psycopg.OperationalError):
        return "run storesense db migrate again when the database is back"
    return "nothing of it was kept; correct the cause and run storesense db migrate again"


def _report(
    kind: DatabaseKind, before: _Applied, done: Iterable[Migration], migrations: Iterable[Migration]
) -> MigrationReport:
    applied = tuple(done)
    reached = {*before, *(migration.version for migration in applied)}
    return MigrationReport(
        kind=kind,
        version_before=max(before, default=0),
        version=max(reached, default=0),
        applied=tuple(f"{migration.version:04d}_{migration.name}" for migration in applied),
        pending=tuple(f"{m.version:04d}_{m.name}" for m in migrations if m.version not in reached),
    )
