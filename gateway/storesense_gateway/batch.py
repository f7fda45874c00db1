"""What one transaction writes: the arithmetic of the ledger and the rows of each table, without any I/O."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from storesense_contracts.clock import from_epoch_us
from storesense_contracts.ids import BootId
from storesense_contracts.messages import CommitAck
from storesense_contracts.readings import AnyReading
from storesense_contracts.spans import Span, contains, spans_of, subtract, unite
from storesense_gateway.corrections import reading_idx
from storesense_gateway.entries import BootKey, DeadLetter, Entry, Part, reading_letter
from storesense_gateway.families import Family, measured_us
from storesense_gateway.packing import PackedArray, PgType, pack_fixed

COMMON_COLUMNS = ("measured_at", "received_at", "series_id", "boot_no", "seq", "idx")
"""The packed columns that every reading table begins with; ``batch_no`` follows as one number for all rows."""


class SeriesKey(NamedTuple):
    """What one device says of one subject on one stream."""

    store_id: str
    device_id: str
    stream: str
    subject_id: str


class Boot(NamedTuple):
    """A boot's row of the ledger, as it was when it was locked."""

    boot_no: int
    committed: Sequence[Span]


class DeclaredGap(NamedTuple):
    """Messages that a device said it dropped and that never came."""

    boot_no: int
    span: Span
    reason: str


@dataclass(slots=True)
class FamilyRows:
    """The rows of one table, gathered message by message."""

    family: Family
    readings: list[AnyReading] = field(default_factory=list)
    idxs: list[int] = field(default_factory=list)
    series_ids: list[int] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    boot_nos: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    _measured_us: npt.NDArray[np.int64] | None = None

    def add(self, entry: Entry, part: Part, boot_no: int, series_ids: Iterable[int]) -> None:
        """Add the readings of one message."""
        rows_of = part.family.rows_of
        if rows_of is None:
            self.readings += part.readings
            self.idxs += part.idxs
            self.series_ids += series_ids
        else:
            for idx, reading, series_id in zip(part.idxs, part.readings, series_ids, strict=True):
                for place, row in rows_of(idx, reading):
                    self.readings.append(row)
                    self.idxs.append(place)
                    self.series_ids.append(series_id)
        self.entries.append(entry)
        self.boot_nos.append(boot_no)
        self.ends.append(len(self.readings))

    def __len__(self) -> int:
        return len(self.readings)

    def measured_us(self) -> npt.NDArray[np.int64]:
        """Return ``measured_at`` of each row, in microseconds since 1970."""
        if self._measured_us is None or len(self._measured_us) != len(self.readings):
            self._measured_us = measured_us(self.readings)
        return self._measured_us

    def pack(self, first: int = 0, end: int | None = None) -> dict[str, PackedArray]:
        """Pack rows ``first`` to ``end`` (excluded), by column name.

        Raises:
            OverflowError, UnicodeEncodeError: a value does not fit its column.
        """
        chosen = slice(first, len(self.readings) if end is None else end)
        readings = self.readings[chosen]
        lengths = np.diff(np.asarray(self.ends), prepend=0)

        def repeated(values: list[int]) -> npt.NDArray[np.int64]:
            return np.repeat(np.asarray(values, np.int64), lengths)[chosen]

        packed = {
            "measured_at": pack_fixed(PgType.TIMESTAMPTZ, self.measured_us()[chosen]),
            "received_at": pack_fixed(PgType.TIMESTAMPTZ, repeated([each.received_us for each in self.entries])),
            "series_id": pack_fixed(PgType.INT4, np.asarray(self.series_ids[chosen], np.int64)),
            "boot_no": pack_fixed(PgType.INT4, repeated(self.boot_nos)),
            "seq": pack_fixed(PgType.INT8, repeated([each.seq for each in self.entries])),
            "idx": pack_fixed(PgType.INT2, np.asarray(self.idxs[chosen], np.int64)),
        }
        for column in self.family.columns:
            packed[column.name] = column.pack(readings)
        return packed

    def letter(self, row: int, reason: str) -> DeadLetter:
        """Make the dead letter of a row that the database refused."""
        # Of a reading that became several rows it is the whole reading, at its own place.
        idx, reading = self.idxs[row], getattr(self.readings[row], "correction", self.readings[row])
        return reading_letter(self.entries[bisect_right(self.ends, row)], reading_idx(idx), reading, reason)


@dataclass(slots=True)
class Plan:
    """What a transaction has to write, once the rows of its boots are locked.

    Attributes:
        rows: by table.
        new_spans: by boot number, what becomes committed.
        gaps: what devices declared dropped, less what did come.
        letters: dead letters.
        committed: messages stored now.
        repeated: messages that were stored before.
    """

    rows: dict[str, FamilyRows]
    new_spans: dict[int, list[Span]]
    gaps: list[DeclaredGap]
    letters: list[DeadLetter]
    committed: int
    repeated: int

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing new to write."""
        return not (self.new_spans or self.letters)

    def dropped_by_reason(self) -> dict[str, int]:
        """Return how many messages devices newly declared dropped, by reason."""
        dropped: dict[str, int] = {}
        for gap in self.gaps:
            dropped[gap.reason] = dropped.get(gap.reason, 0) + gap.span[1] - gap.span[0]
        return dropped

    def readings_by_table(self) -> dict[str, int]:
        """Return how many rows each table gets."""
        return {table: len(rows) for table, rows in self.rows.items()}


def boots_of(entries: Iterable[Entry]) -> dict[BootKey, tuple[int, int]]:
    """Return every boot a batch speaks of, with the earliest and latest receipt (microseconds), in key order.

    Key order is the order that rows are locked in, so that two gateways never wait for each other in a circle.
    """
    seen: dict[BootKey, tuple[int, int]] = {}
    for entry in entries:
        keys = [entry.boot]
        keys += [entry.boot._replace(boot_id=each.boot_id) for each in entry.dropped]
        for key in keys:
            first, last = seen.get(key, (entry.received_us, entry.received_us))
            seen[key] = (min(first, entry.received_us), max(last, entry.received_us))
    return dict(sorted(seen.items()))


def missing_series(entries: Iterable[Entry], known: Mapping[SeriesKey, int]) -> list[SeriesKey]:
    """Return the series of a batch that have no number yet, in key order."""
    missing: set[SeriesKey] = set()
    for entry in entries:
        for part in entry.parts:
            for subject in set(part.subjects):
                key = series_key(entry, subject)
                if key not in known:
                    missing.add(key)
    return sorted(missing)


def series_key(entry: Entry, subject: str) -> SeriesKey:
    """Return the series that an entry's reading of ``subject`` belongs to."""
    stream = entry.stream.value if entry.stream is not None else ""
    return SeriesKey(entry.boot.store_id, entry.boot.device_id, stream, subject)


def plan_commit(
    entries: Iterable[Entry],
    boots: Mapping[BootKey, Boot],
    series: Mapping[SeriesKey, int],
    letters: Iterable[DeadLetter] = (),
) -> Plan:
    """Decide what of a batch is new, in receipt order.

    Args:
        entries: the batch's messages.
        boots: the locked ledger rows of every boot in ``boots_of(entries)``.
        series: the number of every series of the batch.
        letters: dead letters without a ledger entry (nobody could read their header).
    """
    plan = Plan(rows={}, new_spans={}, gaps=[], letters=list(letters), committed=0, repeated=0)
    new_seqs: dict[BootKey, set[int]] = {}
    dropped: dict[BootKey, list[Span]] = {}
    for entry in entries:
        _plan_entry(plan, entry, boots[entry.boot], new_seqs, dropped, series)
        _plan_drops(plan, entry, boots, new_seqs, dropped)
    for key, boot in boots.items():
        spans = unite(spans_of(new_seqs.get(key, ())), dropped.get(key, ()))
        if spans:
            plan.new_spans[boot.boot_no] = spans
    return plan


def _plan_entry(
    plan: Plan,
    entry: Entry,
    boot: Boot,
    new_seqs: dict[BootKey, set[int]],
    dropped: dict[BootKey, list[Span]],
    series: Mapping[SeriesKey, int],
) -> None:
    seqs = new_seqs.setdefault(entry.boot, set())
    is_repeat = entry.seq in seqs or contains(boot.committed, entry.seq)
    if is_repeat or contains(dropped.get(entry.boot, ()), entry.seq):
        plan.repeated += 1
        return
    seqs.add(entry.seq)
    plan.committed += 1
    plan.letters += entry.letters
    for part in entry.parts:
        numbers = {subject: series[series_key(entry, subject)] for subject in set(part.subjects)}
        table = part.family.table
        rows = plan.rows.get(table)
        if rows is None:
            rows = plan.rows[table] = FamilyRows(part.family)
        rows.add(entry, part, boot.boot_no, map(numbers.__getitem__, part.subjects))


def _plan_drops(
    plan: Plan,
    entry: Entry,
    boots: Mapping[BootKey, Boot],
    new_seqs: Mapping[BootKey, set[int]],
    dropped: dict[BootKey, list[Span]],
) -> None:
    for each in entry.dropped:
        key = entry.boot._replace(boot_id=each.boot_id)
        boot = boots[key]
        known = unite(unite(boot.committed, dropped.get(key, ())), spans_of(new_seqs.get(key, ())))
        gaps = subtract([(each.first, each.last + 1)], known)
        plan.gaps += [DeclaredGap(boot.boot_no, gap, each.reason.value) for gap in gaps]
        if gaps:
            dropped[key] = unite(dropped.get(key, ()), gaps)


def commit_acks(entries: Iterable[Entry]) -> dict[BootKey, CommitAck]:
    """Return what to tell each boot once its messages are committed, repeats too.

    The times are those of the boot's newest message, from which the edge reckons its clock's offset.
    """
    seqs: dict[BootKey, set[int]] = {}
    newest: dict[BootKey, Entry] = {}
    for entry in entries:
        seqs.setdefault(entry.boot, set()).add(entry.seq)
        if entry.received_us >= newest.setdefault(entry.boot, entry).received_us:
            newest[entry.boot] = entry
    return {
        boot: CommitAck(
            boot_id=BootId(boot.boot_id),
            ranges=tuple((first, end - 1) for first, end in spans_of(seqs[boot])),
            received_at=from_epoch_us(newest[boot].received_us),
            echo_sent_at=newest[boot].sent_at,
        )
        for boot in seqs
    }
