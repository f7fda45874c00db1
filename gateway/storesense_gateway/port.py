"""What the committer asks of a database, and how it is refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from storesense_contracts.errors import StoresenseError
from storesense_gateway.entries import DeadLetter, DeviceKey, Entry, StatusUpdate


class StoreUnavailableError(StoresenseError):
    """The database cannot be written to now; nothing was kept, and trying again is right."""

    code = "store_unavailable"

    def __init__(self, *, reason: str) -> None:
        self.reason = reason
        super().__init__(f"database: {reason}; the gateway keeps what it has and tries again")


@dataclass(frozen=True, slots=True)
class CommitResult:
    """What one transaction did.

    Attributes:
        batch_no: the batch's number, None if everything had been stored before.
        committed: messages stored now.
        repeated: messages stored before.
        readings: rows by table.
        letters: dead letters by stage.
        dropped: messages that devices newly declared dropped, by reason.
    """

    batch_no: int | None
    committed: int = 0
    repeated: int = 0
    readings: Mapping[str, int] = field(default_factory=dict)
    letters: Mapping[str, int] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)


class Store(Protocol):
    """Where batches go. All methods raise StoreUnavailableError, and none leaves half of its work."""

    def commit(self, entries: Sequence[Entry], letters: Sequence[DeadLetter]) -> CommitResult:
        """Store a batch once: rows, ledger, gaps and dead letters in one transaction.

        Args:
            entries: messages in receipt order, repeats among them.
            letters: dead letters of messages whose header nobody could read.
        """
        ...

    def put_statuses(self, updates: Sequence[StatusUpdate]) -> int:
        """Keep what devices say of themselves, in order; return how many devices changed."""
        ...

    def touch_devices(self, seen: Mapping[DeviceKey, datetime]) -> None:
        """Note when devices were last heard of; unknown devices are added, unregistered."""
        ...

    def check(self) -> None:
        """Make sure that the database answers."""
        ...

    def close(self) -> None:
        """Let the database go."""
        ...
