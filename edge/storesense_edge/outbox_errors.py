"""What can go wrong with an outbox, each with its cause and its remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from storesense_contracts.errors import StoresenseError

if TYPE_CHECKING:
    from pathlib import Path


class OutboxError(StoresenseError):
    """The root of what can go wrong with an outbox."""

    code = "outbox"

    def __init__(self, *, path: Path, cause: str, remedy: str) -> None:
        self.path = path
        self.cause = cause
        self.remedy = remedy
        super().__init__(f"The outbox {path} {cause}; {remedy}.")


class OutboxLockedError(OutboxError):
    """Another process has the outbox open."""

    code = "outbox_locked"


class OutboxCorruptError(OutboxError):
    """The file is no database any more."""

    code = "outbox_corrupt"


class OutboxWriteError(OutboxError):
    """The disk does not take what was to be written: full, read-only, failing."""

    code = "outbox_write"


class OutboxWriterStoppedError(OutboxError):
    """The outbox's thread ended by a mistake in the program: nothing is written any more, so the process must end."""

    code = "outbox_writer_stopped"

    def __init__(self, *, path: Path, mistake: Exception) -> None:
        super().__init__(
            path=path,
            cause=f"is not written any more, by a mistake in the program ({type(mistake).__name__}: {mistake})",
            remedy="start the program again, which sends what is on disk, and report what its log says",
        )
