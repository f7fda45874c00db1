"""Why a minute has no reading, told from the ledger. No I/O.

A message carries its `seq` and nothing else about time, so the device's own health readings, one a minute, are the
ruler: a hole in the ledger lies between the health readings whose `seq` surround it.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from storesense_contracts.spans import Span, subtract

SILENT_AFTER_MINUTES = 3
"""A device that ran told its health more often than this."""


class GapReason(StrEnum):
    """Why a minute has no reading."""

    NOT_ARRIVED = "not_arrived"
    OVERFLOW = "overflow"
    EXPIRED = "expired"
    CORRUPT = "corrupt"
    OFFLINE = "offline"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Mark:
    """A health reading: at which minute the boot's counter stood at ``seq``."""

    seq: int
    minute: int


@dataclass(frozen=True, slots=True)
class BootLedger:
    """What the ledger says of one boot.

    Attributes:
        committed: spans of ``seq``, the end excluded; what was declared dropped is in it.
        dropped: declared spans with their reason.
        marks: health readings, in any order.
    """

    committed: Sequence[Span]
    dropped: Sequence[tuple[Span, str]]
    marks: Sequence[Mark]

    @property
    def awaited(self) -> list[Span]:
        """Return the spans that are below the newest message and neither came nor were declared dropped."""
        return subtract([(0, self.committed[-1][1])], self.committed) if self.committed else []


@dataclass(frozen=True, slots=True)
class Hole:
    """Messages that are missing, and between which minutes they were written; None where the ruler does not reach."""

    reason: GapReason
    messages: int
    first_minute: int | None
    last_minute: int | None


def holes_of(boot: BootLedger) -> list[Hole]:
    """Return what is missing of a boot, placed in time."""
    marks = sorted(boot.marks, key=lambda mark: (mark.seq, mark.minute))
    seqs = [mark.seq for mark in marks]
    spans = [(span, _reason(reason)) for span, reason in boot.dropped]
    spans += [(span, GapReason.NOT_ARRIVED) for span in boot.awaited]
    holes = []
    for (first, beyond), reason in spans:
        before, after = bisect_left(seqs, first), bisect_left(seqs, beyond)
        first_minute = marks[before - 1].minute if before else None
        last_minute = marks[after].minute if after < len(marks) else None
        holes.append(Hole(reason, beyond - first, first_minute, last_minute))
    return holes


def _reason(text: str) -> GapReason:
    try:
        return GapReason(text)
    except ValueError:
        return GapReason.UNKNOWN


def reasons_by_minute(boots: Iterable[BootLedger], minutes: int) -> list[GapReason]:
    """Return for each minute of a span why a reading of this device would be missing in it.

    Offline is what is left: no health reading near, and nothing missing in the ledger. In a minute in which the device
    ran and nothing is missing, it measured nothing, and only it can know why.
    """
    reasons = [GapReason.OFFLINE] * minutes
    ledgers = list(boots)
    for boot in ledgers:
        ran = sorted(mark.minute for mark in boot.marks)
        for mark in ran:
            _fill(reasons, mark, mark, GapReason.UNKNOWN)
        for one, next_one in pairwise(ran):
            if next_one - one <= SILENT_AFTER_MINUTES:
                _fill(reasons, one, next_one, GapReason.UNKNOWN)
    for hole in (hole for boot in ledgers for hole in holes_of(boot)):
        first, last = hole.first_minute, hole.last_minute
        if first is None and last is None:
            continue
        # Where the ruler reaches one side only, the hole touches that side; how far it goes nobody knows.
        _fill(reasons, last if first is None else first, first if last is None else last, hole.reason)
    return reasons


def _fill(reasons: list[GapReason], first: int | None, last: int | None, reason: GapReason) -> None:
    if first is not None and last is not None:
        for minute in range(max(0, first), min(len(reasons) - 1, last) + 1):
            reasons[minute] = reason
