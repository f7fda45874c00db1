"""Recorded load-cell traces in CSV files, as a source of samples."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from storesense_edge.shelf.csv_lines import numbered_rows
from storesense_edge.shelf.errors import RowError
from storesense_edge.shelf.source import LoadCellSample

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# 1970 to 2100: a stamp outside is a counter, a typo or another unit.
_MAX_STAMP_S = 4_102_444_800.0
# A clock that was set back looks like this many rows in order, all earlier than the row before them.
_ROWS_TO_TRUST_NEW_CLOCK = 5
_PROBLEMS_KEPT = 10


class StampUnit(StrEnum):
    """How a trace writes its instants: a number since 1970 in one of these units."""

    SECONDS = "s"
    MILLISECONDS = "ms"
    MICROSECONDS = "us"

    @property
    def per_s(self) -> float:
        """How many of this unit make one second."""
        return {"s": 1.0, "ms": 1e3, "us": 1e6}[self.value]


class BadRows(StrEnum):
    """What to do with a row that is not a sample."""

    RAISE = "raise"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class TraceColumns:
    """Which columns of a trace hold what.

    Attributes:
        timestamp: header of the instants.
        counts: header of the raw counts.
        stamp_unit: unit of numeric instants; ignored when `stamp_format` is given.
        stamp_format: a `strptime` format for written-out instants, taken as UTC where it names no offset.
    """

    timestamp: str = "timestamp_ms"
    counts: str = "raw_counts"
    stamp_unit: StampUnit = StampUnit.MILLISECONDS
    stamp_format: str | None = None


@dataclass(frozen=True, slots=True)
class TraceReport:
    """What reading a trace met so far.

    Attributes:
        samples: rows that became samples.
        skipped: rows that did not.
        problems: the first ten skipped rows, each with its line and what was expected.
    """

    samples: int
    skipped: int
    problems: tuple[RowError, ...]


class TraceFile:
    """A recorded trace as a load-cell source; the file is opened when samples are asked for.

    Args:
        path: the CSV file, its first line a header.
        columns: which columns to read; other columns are ignored.
        bad_rows: raise at the first row that is no sample, or skip, count and report it.
    """

    def __init__(self, path: Path, columns: TraceColumns | None = None, *, bad_rows: BadRows = BadRows.RAISE) -> None:
        self._path = path
        self._columns = columns or TraceColumns()
        self._bad_rows = bad_rows
        self._samples = 0
        self._skipped = 0
        self._problems: list[RowError] = []

    @property
    def report(self) -> TraceReport:
        """Counts and first problems of the latest reading."""
        return TraceReport(self._samples, self._skipped, tuple(self._problems))

    def samples(self) -> Iterator[LoadCellSample]:
        """Yield the trace's samples in strictly rising time, from the start at each call.

        In skip mode a clock that was set back, seen as five rows in order that are all earlier than the last sample,
        is believed from the fifth row on, and time then steps back once in what is yielded.

        Raises:
            FileError: the file cannot be read.
            RowError: the file is empty, lacks a column, or (in raise mode) has a row that is no sample; in skip mode
                also when no row at all is a sample.
        """
        self._samples = self._skipped = 0
        self._problems = []
        rows = numbered_rows(self._path)
        header_line, stamp_column, counts_column = self._read_header(rows)
        last_s = -math.inf
        earlier_s: list[float] = []
        line = header_line
        for line, cells in rows:
            try:
                stamp_s = self._stamp_s(line, cells, stamp_column)
                raw_counts = self._counts(line, cells, counts_column)
                if stamp_s <= last_s:
                    earlier_s = [*earlier_s, stamp_s] if not earlier_s or stamp_s > earlier_s[-1] else [stamp_s]
                    if self._bad_rows is BadRows.RAISE or len(earlier_s) < _ROWS_TO_TRUST_NEW_CLOCK:
                        raise self._problem(line, "a timestamp later than the row before", cells[stamp_column])
            except RowError as problem:
                if self._bad_rows is BadRows.RAISE:
                    raise
                self._note(problem)
                continue
            earlier_s = []
            last_s = stamp_s
            self._samples += 1
            yield LoadCellSample(_EPOCH + timedelta(seconds=stamp_s), raw_counts)
        if not self._samples:
            if self._problems:
                # No row at all: what the first one lacks is what they all lack.
                raise self._problems[0]
            raise self._problem(line, "at least one row with a timestamp and a count", "none that could be used")

    def _read_header(self, rows: Iterator[tuple[int, list[str]]]) -> tuple[int, int, int]:
        wanted = (self._columns.timestamp, self._columns.counts)
        line, header = next(rows, (1, []))
        if not header:
            raise self._problem(1, f"a header with the columns {' and '.join(wanted)}", "an empty file")
        places = [_find_column(header, name) for name in wanted]
        missing = [name for name, place in zip(wanted, places, strict=True) if place is None]
        if missing:
            raise self._problem(line, f"a column named {' and one named '.join(missing)}", ",".join(header))
        return line, places[0] or 0, places[1] or 0

    def _stamp_s(self, line: int, cells: Sequence[str], column: int) -> float:
        text = cells[column] if column < len(cells) else ""
        unit = self._columns.stamp_unit
        if self._columns.stamp_format is not None:
            expected = f"a time written as {self._columns.stamp_format}"
            try:
                instant = datetime.strptime(text, self._columns.stamp_format)  # noqa: DTZ007 - made aware below
            except ValueError as exc:
                raise self._problem(line, expected, text) from exc
            stamp_s = (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()
        else:
            expected = f"a timestamp in {unit.value} since 1970"
            try:
                stamp_s = float(text) / unit.per_s
            except ValueError as exc:
                raise self._problem(line, expected, text) from exc
        if not 0.0 <= stamp_s <= _MAX_STAMP_S:
            raise self._problem(line, f"{expected}, before the year 2100", text)
        return stamp_s

    def _counts(self, line: int, cells: Sequence[str], column: int) -> float:
        text = cells[column] if column < len(cells) else ""
        try:
            raw_counts = float(text)
        except ValueError as exc:
            raise self._problem(line, f"a number in column {self._columns.counts}", text) from exc
        if not math.isfinite(raw_counts):
            raise self._problem(line, f"a finite number in column {self._columns.counts}", text)
        return raw_counts

    def _problem(self, line: int, expected: str, found: str) -> RowError:
        return RowError(path=self._path, line=line, expected=expected, found=found)

    def _note(self, problem: RowError) -> None:
        self._skipped += 1
        if len(self._problems) < _PROBLEMS_KEPT:
            self._problems.append(problem)


def _find_column(header: Sequence[str], name: str) -> int | None:
    wanted = name.strip().casefold()
    for place, title in enumerate(header):
        if title.casefold() == wanted:
            return place
    return None
