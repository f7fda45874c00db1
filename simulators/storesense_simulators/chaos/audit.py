"""The count after the storm: every message that was on a disk, against the rows of the tables.

The ledger is not believed: rows are counted by (boot, seq, index) in the tables of readings. What is missing there has
to stand among the dead letters or in a gap that the device declared, and is lost otherwise.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import psycopg

from storesense_contracts.spans import Span, contains, parse_multirange
from storesense_contracts.sql import load_queries
from storesense_gateway.corrections import reading_idx
from storesense_simulators.chaos.recording_outbox import SentLine

_QUERIES = load_queries("storesense_simulators", "chaos/chaos.sql")


class MessageKey(NamedTuple):
    """One message."""

    store_id: str
    device_id: str
    boot_id: str
    seq: int


@dataclass(slots=True)
class Found:
    """What the database holds of a run.

    Attributes:
        rows: by message, how many rows stand at each index.
        letters: by message, the indexes of its dead letters; None in place of an index means the whole message.
        letters_without_message: dead letters of which nobody knows the message.
        gaps: messages that devices said they dropped, as spans by boot.
        gap_reasons: how many messages of those, by reason.
        ledger: messages that the ledger calls committed, as spans by boot.
    """

    rows: dict[MessageKey, Counter[int]] = field(default_factory=dict)
    letters: dict[MessageKey, set[int | None]] = field(default_factory=dict)
    letters_without_message: int = 0
    gaps: dict[tuple[str, str, str], list[Span]] = field(default_factory=dict)
    gap_reasons: Counter[str] = field(default_factory=Counter)
    ledger: dict[tuple[str, str, str], list[Span]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Audit:
    """What came of the messages that were sent.

    Attributes:
        sent: messages that were on an agent's disk.
        stored: those of which every reading is in the tables.
        dead: those of which every missing reading is a dead letter.
        dropped: those that their device declared dropped, wholly missing.
        lost: those of which a reading is nowhere.
        sent_readings: readings in all of them.
        stored_readings: different readings of them in the tables.
        duplicates: rows beyond the first of the same reading, of any message, and rows of no reading.
        dead_letters: rows of dead letters.
        declared: messages that devices said they dropped, by reason; also those that never were on a disk.
        from_memory: messages in the tables that never were on a disk: sent while it took nothing.
        ledger_errors: messages whose rows and whose place in the ledger contradict each other.
        lost_keys: the first of the lost ones.
    """

    sent: int
    stored: int
    dead: int
    dropped: int
    lost: int
    sent_readings: int
    stored_readings: int
    duplicates: int
    dead_letters: int
    declared: dict[str, int]
    from_memory: int
    ledger_errors: int
    lost_keys: tuple[MessageKey, ...]


def audit(sent: Iterable[SentLine], found: Found) -> Audit:
    """Count what came of each message."""
    fates: Counter[str] = Counter()
    lost: list[MessageKey] = []
    known: set[MessageKey] = set()
    sent_readings = stored_readings = ledger_errors = strangers = 0
    for line in sent:
        key = MessageKey(line.store_id, line.device_id, line.boot_id, line.seq)
        known.add(key)
        rows = found.rows.get(key, Counter())
        sent_readings += line.readings
        stored_readings += len({reading_idx(idx) for idx in rows})
        wanted = set(range(line.readings) if line.rows is None else line.rows)
        strangers += len(rows.keys() - wanted)
        fate = _fate(key, wanted, rows, found)
        fates[fate] += 1
        if fate == "lost":
            lost.append(key)
        if (fate != "lost") != contains(found.ledger.get(key[:3], ()), key.seq):
            ledger_errors += 1
    return Audit(
        sent=len(known),
        stored=fates["stored"],
        dead=fates["dead"],
        dropped=fates["dropped"],
        lost=fates["lost"],
        sent_readings=sent_readings,
        stored_readings=stored_readings,
        duplicates=sum(rows.total() - len(rows) for rows in found.rows.values()) + strangers,
        dead_letters=sum(map(len, found.letters.values())) + found.letters_without_message,
        declared=dict(found.gap_reasons),
        from_memory=len(found.rows.keys() - known),
        ledger_errors=ledger_errors,
        lost_keys=tuple(sorted(lost)[:20]),
    )


def _fate(key: MessageKey, wanted: set[int], rows: Counter[int], found: Found) -> str:
    missing = wanted - rows.keys()
    if not missing:
        return "stored"
    letters = found.letters.get(key, set())
    if None in letters or {reading_idx(idx) for idx in missing} <= letters:
        return "dead"
    if not rows and contains(found.gaps.get(key[:3], ()), key.seq):
        return "dropped"
    return "lost"


def find(database_url: str, store_ids: Sequence[str]) -> Found:
    """Read what the database holds of these stores. Raises psycopg.Error."""
    found = Found()
    values = {"store_ids": list(store_ids)}
    with psycopg.connect(database_url) as connection:
        rows: defaultdict[MessageKey, Counter[int]] = defaultdict(Counter)
        for store_id, device_id, boot_id, seq, idx, count in connection.execute(_QUERIES["stored_rows"], values):
            rows[MessageKey(store_id, device_id, boot_id, seq)][idx] += count
        found.rows = dict(rows)
        for store_id, device_id, boot_id, seq, idx in connection.execute(_QUERIES["dead_letters"], values):
            if boot_id is None or seq is None:
                found.letters_without_message += 1
            else:
                found.letters.setdefault(MessageKey(store_id, device_id, boot_id, seq), set()).add(idx)
        for store_id, device_id, boot_id, first, end, reason in connection.execute(_QUERIES["declared_gaps"], values):
            found.gaps.setdefault((store_id, device_id, boot_id), []).append((first, end))
            found.gap_reasons[reason] += end - first
        for store_id, device_id, boot_id, committed in connection.execute(_QUERIES["ledger"], values):
            found.ledger[store_id, device_id, boot_id] = parse_multirange(committed)
    for spans in found.gaps.values():
        spans.sort()
    return found
