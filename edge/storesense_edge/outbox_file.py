"""The outbox's file: locked, opened, taken part in by whole transactions, and moved aside if it is damaged."""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from storesense_edge.outbox_errors import OutboxCorruptError, OutboxError, OutboxLockedError, OutboxWriteError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

_logger = logging.getLogger(__name__)

_CORRUPT_CODES = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_BUSY_TIMEOUT_S = 5.0


class OutboxFile:
    """A SQLite file with one user; used from one thread, the one that connects.

    Args:
        path: the database file; ``PATH.lock`` beside it keeps a second process out.
        queries: the outbox's statements, of which ``configure``, ``quick_check`` and ``schema`` are run at the start.
    """

    def __init__(self, path: Path, queries: Mapping[str, str]) -> None:
        self.path = path
        self._queries = queries
        self._lock_file: IO[bytes] | None = None
        self._db: sqlite3.Connection | None = None

    @property
    def db(self) -> sqlite3.Connection:
        """The connection. Raises OutboxError while there is none."""
        if self._db is None:
            raise OutboxError(path=self.path, cause="is not open", remedy="open it before using it")
        return self._db

    def lock(self) -> None:
        """Keep other processes out.

        Raises:
            OutboxLockedError: another process has it open.
            OutboxWriteError: the folder cannot be written.
        """
        lock_path = self.path.with_name(self.path.name + ".lock")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock_file = lock_path.open("ab")
        except OSError as exc:
            raise OutboxWriteError(
                path=self.path,
                cause=f"cannot be made ({exc.strerror or exc})",
                remedy="make its folder writable for this user",
            ) from exc
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            lock_file.close()
            raise OutboxLockedError(
                path=self.path,
                cause="is open in another process",
                remedy="stop that process or give this one a state folder of its own",
            ) from exc
        self._lock_file = lock_file

    def connect(self) -> None:
        """Open or make the file.

        Raises:
            OutboxCorruptError: the file is damaged.
            OutboxWriteError: it cannot be written.
        """
        with self.translated():
            # Made by us first: what SQLite puts beside it is as readable as the file was when it was opened.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            self._db = sqlite3.connect(self.path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=True)
            try:
                self._db.executescript(self._queries["configure"])
                self._check(self._db)
                self._db.executescript(self._queries["schema"])
            except BaseException:
                self._db.close()
                self._db = None
                raise
            self.path.chmod(0o600)

    def close(self) -> None:
        """Close the file and release the lock; closing twice is harmless."""
        self._disconnect()
        if self._lock_file is not None:
            self._lock_file.close()
            self._lock_file = None

    def _disconnect(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def set_aside(self, now_at: datetime) -> Path:
        """Close the file and move it aside, whole; return where it is. Raises OutboxWriteError."""
        self._disconnect()
        stamp = now_at.strftime("%Y%m%dT%H%M%S.%fZ")
        target = self.path.with_name(f"{self.path.name}.damaged-{stamp}")
        with self.translated():
            for suffix in ("-wal", "-shm", ""):
                part = self.path.with_name(self.path.name + suffix)
                if part.exists():
                    part.rename(target.with_name(target.name + suffix))
        _logger.error(
            "The outbox %s was damaged and is kept as %s; a new one was begun. What it held has not been sent. "
            "Check the disk, and keep the file if its readings matter.",
            self.path,
            target.name,
        )
        return target

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Do all that is done within, or nothing of it; afterwards it is on disk. Raises as ``translated``."""
        db = self.db
        with self.translated():
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                # A full disk may have rolled it back by itself.
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Name what goes wrong with the file.

        Raises:
            OutboxCorruptError: the file is damaged.
            OutboxWriteError: it cannot be written.
        """
        try:
            yield
        except sqlite3.DatabaseError as exc:
            if not hasattr(exc, "sqlite_errorcode"):
                raise  # not the file's fault but a wrong use of the module
            # Extended result codes carry the primary one in their low byte.
            if exc.sqlite_errorcode & 0xFF in _CORRUPT_CODES:
                raise self._corrupt(exc) from exc
            raise self._unwritable(exc) from exc
        except OSError as exc:
            raise self._unwritable(exc) from exc

    def _check(self, db: sqlite3.Connection) -> None:
        answer = db.execute(self._queries["quick_check"]).fetchone()[0]
        if answer != "ok":
            raise self._corrupt(answer)

    def _corrupt(self, detail: object) -> OutboxCorruptError:
        return OutboxCorruptError(
            path=self.path, cause=f"is damaged ({detail})", remedy="it is moved aside; check the disk"
        )

    def _unwritable(self, detail: Exception) -> OutboxWriteError:
        return OutboxWriteError(
            path=self.path,
            cause=f"cannot be written ({detail})",
            remedy=f"make room on the disk or repair it, {_free_text(self.path)}",
        )


def _free_text(path: Path) -> str:
    try:
        stat = os.statvfs(path.parent)
    except OSError:
        return "its free space is unknown"
    return f"{stat.f_bavail * stat.f_frsize // 1_000_000} MB are free"
