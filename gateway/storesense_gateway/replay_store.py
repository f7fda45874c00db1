"""Dead letters in the database, and their replay: through the same tables and ledger, once each."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec
import psycopg

from storesense_contracts.clock import EPOCH_AT, to_epoch_us
from storesense_contracts.spans import contains
from storesense_contracts.sql import load_queries
from storesense_gateway.batch import Boot, boots_of, plan_commit
from storesense_gateway.decoding import Limits
from storesense_gateway.entries import Entry
from storesense_gateway.replay import KeptLetter, NotReplayableError, entry_of
from storesense_gateway.store import (
    _MONDAY_US,
    _QUERIES,
    _REFUSALS,
    _WEEK_US,
    PostgresStore,
    _letter_arrays,
    _NewWeeksError,
)

_SQL = load_queries("storesense_gateway", "replay.sql")


class ReplayStatus(StrEnum):
    """What came of a replay."""

    REPLAYED = "replayed"
    ALREADY = "already_replayed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of replaying one dead letter, and how many readings it stored."""

    dead_letter_id: int
    status: ReplayStatus
    reason: str
    readings: int = 0


class ReplayStore(PostgresStore):
    """A store that also lists, shows and replays dead letters."""

    def letters(self, *, limit: int, **filters: Any) -> list[KeptLetter]:
        """Return dead letters, newest first.

        Args:
            limit: how many at most.
            filters: ``stage``, ``store_id``, ``device_id``, ``from_at``, ``to_at``, ``replayed``; all may be missing.

        Raises:
            StoreUnavailableError: the database does not answer.
        """
        names = ("stage", "store_id", "device_id", "from_at", "to_at", "replayed")
        values = {name: filters.get(name) for name in names} | {"limit": limit}
        with self._translated() as connection:
            return [KeptLetter(*row) for row in connection.execute(_SQL["list_letters"], values)]

    def letter(self, dead_letter_id: int) -> KeptLetter | None:
        """Return one dead letter, or None. Raises StoreUnavailableError."""
        with self._translated() as connection:
            row = connection.execute(_SQL["find_letter"], {"dead_letter_id": dead_letter_id}).fetchone()
        return None if row is None else KeptLetter(*row)

    def replay_requested(self, limits: Limits, now: datetime) -> list[Replay]:
        """Replay what was asked for over the API. Raises StoreUnavailableError."""
        with self._translated() as connection:
            requested = connection.execute(_SQL["requested"]).fetchall()
        return [self.replay(number, limits, now=now, shift_ms=shift_ms) for number, shift_ms in requested]

    def replay(self, dead_letter_id: int, limits: Limits, *, now: datetime, shift_ms: int = 0) -> Replay:
        """Store what a dead letter holds, once; a second replay does nothing.

        Raises:
            StoreUnavailableError: the database does not answer, and nothing was changed.
        """
        letter = self.letter(dead_letter_id)
        if letter is None:
            return Replay(dead_letter_id, ReplayStatus.REFUSED, "there is no such dead letter")
        if letter.replayed_at is not None:
            return Replay(dead_letter_id, ReplayStatus.ALREADY, f"it was stored at {letter.replayed_at.isoformat()}")
        with self._translated() as connection:
            try:
                entry = entry_of(letter, limits, now=now, shift_ms=shift_ms)
                self._learn_series(connection, [entry])
                self._learn_boots(connection, [entry])
                try:
                    return self._replay(connection, letter, entry, now)
                except _NewWeeksError as exc:
                    for week in sorted(exc.weeks):
                        from_at = EPOCH_AT + timedelta(microseconds=_MONDAY_US + week * _WEEK_US)
                        connection.execute(_QUERIES["ensure_partitions"], {"from_at": from_at, "to_at": from_at})
                        self._weeks.add(week)
                    return self._replay(connection, letter, entry, now)
            except NotReplayableError as exc:
                reason = exc.reason
            except _REFUSALS as exc:
                reason = f"the database refused it: {' '.join(str(exc).split())}"
            values = {"dead_letter_id": dead_letter_id, "outcome": reason[:1_000]}
            connection.execute(_SQL["mark_refused"], values)
            return Replay(dead_letter_id, ReplayStatus.REFUSED, reason)

    def _replay(self, connection: psycopg.Connection, letter: KeptLetter, entry: Entry, now: datetime) -> Replay:
        number = letter.dead_letter_id
        with connection.transaction():
            locked = connection.execute(_SQL["lock_letter"], {"dead_letter_id": number}).fetchone()
            if locked is None or locked[0] is not None:
                return Replay(number, ReplayStatus.ALREADY, "it was stored meanwhile")
            boots = self._lock_boots(connection, list(boots_of([entry])))
            boot = boots[entry.boot]
            is_committed = contains(boot.committed, entry.seq)
            if is_committed and letter.is_in_ledger:
                # Its seq was committed with the dead letter, so the ledger would take it for a repeat. What was set
                # aside then is all that is stored now.
                boots = {entry.boot: Boot(boot.boot_no, ())}
            plan = plan_commit([entry], boots, self._series)
            stored = 0
            if not plan.is_empty:
                self._check_weeks(plan)
                batch_no = self._begin_batch(connection)
                for rows in plan.rows.values():
                    stored += self._insert(connection, rows, batch_no, plan.letters, isolate=False)
                self._unite(connection, plan, {boot.boot_no: entry.received_us})
                if plan.letters:
                    letters = [msgspec.structs.replace(each, received_us=to_epoch_us(now)) for each in plan.letters]
                    connection.execute(_QUERIES["add_dead_letters"], _letter_arrays(letters) | {"batch_no": batch_no})
            outcome = f"{stored} readings stored" if stored else "its message had been stored before"
            connection.execute(_SQL["mark_replayed"], {"dead_letter_id": number, "now": now, "outcome": outcome})
        return Replay(number, ReplayStatus.REPLAYED, outcome, stored)
