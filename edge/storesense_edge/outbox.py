"""The outbox: messages on disk until the database has them.

One SQLite file, one writer. Every change of a batch (acks, new messages, what the overflow policy drops) is one
transaction and one fsync. Rows leave by a commit ack, or by the policy, which records what it dropped.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from storesense_contracts.clock import CLOCK_SET_FROM_AT, from_epoch_us, to_epoch_us
from storesense_contracts.ids import BootId
from storesense_contracts.messages import DroppedRange, DropReason
from storesense_contracts.sql import load_queries
from storesense_contracts.topics import Stream
from storesense_edge.outbox_errors import (
    OutboxCorruptError,
    OutboxWriteError,
)
from storesense_edge.outbox_file import OutboxFile
from storesense_edge.outbox_message import (
    MAX_SEQ,
    SEQ_BITS,
    OutboxApplied,
    OutboxLimits,
    OutboxMessage,
    OutboxOpened,
    OutboxTotals,
    RecordedDrop,
    message_no,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from storesense_edge.outbox_message import OutboxChanges

_Answer = TypeVar("_Answer")

_POLICY_CHUNK = 200
_READ_BYTES = 2_000_000
_SHRINK_ABOVE_PAGES = 4_000
_SOFT_LIMIT_SHARE = 0.8

OLDEST_PLAUSIBLE_AT = CLOCK_SET_FROM_AT
"""A row that says it is older was written by a clock that was not set; its age is unknown, so it never expires."""


class Outbox:
    """One outbox file; used from one thread, the one that opens it.

    Args:
        path: the database file; ``PATH.lock`` beside it keeps a second process out.
        limits: how much it keeps.
    """

    def __init__(self, path: Path, limits: OutboxLimits | None = None) -> None:
        self.path = path
        self._limits = limits or OutboxLimits()
        self._queries = load_queries("storesense_edge", "sql/outbox.sql")
        self._file = OutboxFile(path, self._queries)
        self._boot_ids: dict[int, BootId] = {}
        self._totals = OutboxTotals()

    def open(self, boot_id: BootId, now_at: datetime) -> OutboxOpened:
        """Open or make the file, lock it, and begin a boot.

        A damaged file is moved aside, whole, and a new one is begun.

        Raises:
            OutboxLockedError: another process has it open.
            OutboxWriteError: the folder or disk cannot be written.
        """
        self._file.lock()
        try:
            try:
                self._file.connect()
            except OutboxCorruptError:
                return self.replace_damaged(boot_id, now_at, boot_no=None)
            return self._begin_boot(boot_id, now_at)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the file and release the lock; closing twice is harmless."""
        self._file.close()

    def replace_damaged(self, boot_id: BootId, now_at: datetime, *, boot_no: int | None) -> OutboxOpened:
        """Move a file that turned out damaged aside and begin a new one, keeping the lock.

        Args:
            boot_id: this process start.
            now_at: the present.
            boot_no: the number that messages in memory already carry; None if there are none.
        """
        set_aside = self._file.set_aside(now_at)
        self._file.connect()
        return self._begin_boot(boot_id, now_at, boot_no=boot_no, set_aside=set_aside)

    def apply(self, changes: OutboxChanges, now_at: datetime) -> OutboxApplied:
        """Do the changes in one transaction; afterwards they are on disk.

        Raises:
            OutboxWriteError: nothing was changed; it may be tried again.
            OutboxCorruptError: the file is damaged.
        """
        before = self._totals
        try:
            with self._file.transaction() as db:
                deleted = sum(self._delete(db, *span) for span in changes.acked)
                db.executemany(self._queries["delete_drop"], [(drop_no,) for drop_no in changes.declared])
                self._insert(db, changes.messages)
                drops = [self._record_drop(db, boot_no, dropped) for boot_no, dropped in changes.dropped]
                drops += self._enforce_limits(db, now_at, changes.expires_from_no)
        except BaseException:
            self._totals = before
            raise
        if deleted:
            self._shrink()
        return OutboxApplied(deleted, tuple(drops), self._totals)

    def transact(self, work: Callable[[sqlite3.Connection], _Answer]) -> _Answer:
        """Do some other work on the file in one transaction; afterwards it is on disk.

        Raises:
            OutboxWriteError: nothing was changed; it may be tried again.
            OutboxCorruptError: the file is damaged.
        """
        with self._file.transaction() as db:
            return work(db)

    def read(self, after_no: int, before_no: int, limit: int) -> list[OutboxMessage]:
        """Return the oldest messages numbered between the two, both excluded: up to ``limit``, or about 2 MB."""
        messages: list[OutboxMessage] = []
        size = 0
        with self._file.translated():
            rows = self._file.db.execute(self._queries["read"], (after_no, before_no, limit))
            for number, stream, created_us, readings in rows:
                boot_id = self._boot_ids[number >> SEQ_BITS]
                created_at = from_epoch_us(created_us)
                messages.append(OutboxMessage(number, boot_id, Stream(stream), readings, created_at))
                size += len(readings)
                if size >= _READ_BYTES:
                    rows.close()
                    break
        return messages

    @property
    def totals(self) -> OutboxTotals:
        """What is on disk."""
        return self._totals

    def _begin_boot(
        self, boot_id: BootId, now_at: datetime, *, boot_no: int | None = None, set_aside: Path | None = None
    ) -> OutboxOpened:
        with self._file.transaction() as db:
            db.execute(self._queries["prune_boots"])
            row = (boot_no, boot_id, to_epoch_us(now_at))
            boot_no = db.execute(self._queries["insert_boot"], row).lastrowid
        with self._file.translated():
            self._boot_ids = {no: BootId(text) for no, text in self._file.db.execute(self._queries["boots"])}
            self._totals = OutboxTotals(*self._file.db.execute(self._queries["totals"]).fetchone())
            rows = self._file.db.execute(self._queries["drops"]).fetchall()
        drops = tuple(
            RecordedDrop(
                drop_no,
                of_boot,
                DroppedRange(boot_id=self._boot_ids[of_boot], first=first, last=last, reason=DropReason(reason)),
            )
            for drop_no, of_boot, first, last, reason in rows
        )
        boots = {text: no for no, text in self._boot_ids.items()}
        return OutboxOpened(boot_no or 0, boots, self._totals, drops, set_aside)

    def _delete(self, db: sqlite3.Connection, boot_no: int, first: int, last: int) -> int:
        if first > last or first > MAX_SEQ:
            return 0
        span = (message_no(boot_no, first), message_no(boot_no, min(last, MAX_SEQ)))
        count, size = db.execute(self._queries["range_totals"], span).fetchone()
        if count:
            db.execute(self._queries["delete_range"], span)
            self._count(-count, -size)
        return int(count)

    def _insert(self, db: sqlite3.Connection, messages: Sequence[OutboxMessage]) -> None:
        rows = [
            (
                m.message_no,
                m.stream.value,
                to_epoch_us(m.created_at),
                len(m.readings_json),
                m.readings_json,
            )
            for m in messages
        ]
        inserted = db.executemany(self._queries["insert_message"], rows).rowcount
        if not rows or inserted == len(rows):
            self._count(len(rows), sum(row[3] for row in rows))
        else:
            # Some were there already: a commit that reported a failing disk had gone through after all.
            self._totals = OutboxTotals(*db.execute(self._queries["totals"]).fetchone())

    def _enforce_limits(
        self, db: sqlite3.Connection, now_at: datetime, expires_from_no: int | None
    ) -> list[RecordedDrop]:
        dropped: list[tuple[int, DropReason]] = []
        if now_at > OLDEST_PLAUSIBLE_AT and expires_from_no is not None:
            oldest_us = to_epoch_us(now_at) - int(self._limits.max_age_s * 1e6)
            floor_us = to_epoch_us(OLDEST_PLAUSIBLE_AT)
            this_boot_no = max(self._boot_ids)
            for number, size, created_us in self._oldest(db, "oldest"):
                if not floor_us <= created_us < oldest_us:
                    break
                if number >> SEQ_BITS == this_boot_no and number < expires_from_no:
                    break
                self._drop(db, number, size)
                dropped.append((number, DropReason.EXPIRED))
        for query, limit_bytes in (
            ("oldest_heatmaps", self._limits.max_bytes * _SOFT_LIMIT_SHARE),
            ("oldest", self._limits.max_bytes),
        ):
            if self._totals.bytes <= limit_bytes:
                continue
            for number, size, _ in self._oldest(db, query):
                self._drop(db, number, size)
                dropped.append((number, DropReason.OVERFLOW))
                if self._totals.bytes <= limit_bytes:
                    break
        return [self._record_drop(db, boot_no, found) for boot_no, found in _as_ranges(dropped, self._boot_ids)]

    def _oldest(self, db: sqlite3.Connection, query: str) -> Iterator[tuple[int, int, int]]:
        """Yield the oldest rows; the caller deletes each one before it asks for the next."""
        limit = 1
        while rows := db.execute(self._queries[query], (limit,)).fetchall():
            yield from rows
            limit = _POLICY_CHUNK

    def _drop(self, db: sqlite3.Connection, number: int, size: int) -> None:
        db.execute(self._queries["delete_message"], (number,))
        self._count(-1, -size)

    def _record_drop(self, db: sqlite3.Connection, boot_no: int, dropped: DroppedRange) -> RecordedDrop:
        row = (boot_no, dropped.first, dropped.last, dropped.reason.value)
        drop_no = db.execute(self._queries["insert_drop"], row).lastrowid
        return RecordedDrop(drop_no or 0, boot_no, dropped)

    def _count(self, messages: int, size: int) -> None:
        self._totals = OutboxTotals(self._totals.messages + messages, self._totals.bytes + size)

    def _shrink(self) -> None:
        # After a long backlog has drained, the room goes back to the disk bit by bit.
        with suppress(OutboxWriteError), self._file.translated():
            if self._file.db.execute(self._queries["free_pages"]).fetchone()[0] > _SHRINK_ABOVE_PAGES:
                # Every page is a step of its own, and only a script takes all steps.
                self._file.db.executescript(self._queries["shrink"])


def _as_ranges(
    dropped: Sequence[tuple[int, DropReason]], boot_ids: dict[int, BootId]
) -> list[tuple[int, DroppedRange]]:
    """Join neighbouring seqs that were dropped for the same reason into ranges."""
    runs: list[tuple[int, int, DropReason]] = []
    for number, reason in sorted(dropped):
        if runs and number == runs[-1][1] + 1 and reason is runs[-1][2]:
            runs[-1] = (runs[-1][0], number, reason)
        else:
            runs.append((number, number, reason))
    return [
        (
            first >> SEQ_BITS,
            DroppedRange(
                boot_id=boot_ids[first >> SEQ_BITS], first=first & MAX_SEQ, last=last & MAX_SEQ, reason=reason
            ),
        )
        for first, last, reason in runs
    ]
