"""An accuracy audit: a tally against what a camera counted meanwhile, line by line and direction by direction."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from storesense_contracts.errors import UsageError
from storesense_contracts.readings import Direction, LineAccuracy
from storesense_edge.audit_error import TOLERANCE_S, compare
from storesense_edge.trajectories import DAY_MS, WRITE_EVERY_MS, Audit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from storesense_edge.trajectories import TrajectoryFile

MAX_TALLIED = 20_000
_HEAD_CHARACTERS = 1_000
SETTLE_MS = int(TOLERANCE_S * 1000) + WRITE_EVERY_MS + 2_000
"""After a tally: until whoever was tallied last may be counted, decided on (half a second later) and written down."""
LEAST_MEASURED = 0.9
"""A tally says little of a camera that measured for less than this share of it."""


@dataclass(frozen=True, slots=True)
class Tallied:
    """One person whom somebody saw cross.

    Attributes:
        at_ms: when, milliseconds since 1970.
        direction: which way.
    """

    at_ms: int
    direction: Direction


def read_tally(path: Path) -> list[Tallied]:
    """Read a tally from a CSV file with the columns ``at`` (an instant with its offset) and ``direction`` (in, out).

    Raises:
        UsageError: the file cannot be read, or a line of it is none; says which.
    """
    found = []
    try:
        # Spreadsheets begin their UTF-8 with a mark, and where commas stand in numbers they part columns by semicolons.
        with path.open(newline="", encoding="utf-8-sig") as file:
            is_semicolons = ";" in file.readline(_HEAD_CHARACTERS)
            file.seek(0)
            table = csv.DictReader(file, delimiter=";" if is_semicolons else ",")
            rows = list(islice(table, MAX_TALLIED))
            columns = set(table.fieldnames or ())
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise UsageError(f"The tally in {path} cannot be read ({exc}); write a CSV file with at,direction.") from exc
    # Without rows it may be that nobody came; without its columns it is another file.
    if not {"at", "direction"} <= columns:
        raise UsageError(f"{path}, line 1: write the names of the columns, at,direction, even if nobody came.")
    for number, row in enumerate(rows, start=2):
        try:
            found.append(Tallied(_instant_ms(row["at"]), Direction(row["direction"].strip())))
        except (KeyError, AttributeError, TypeError, ValueError) as exc:
            raise UsageError(
                f"{path}, line {number}: write an instant, such as 2026-11-21T17:05:09+01:00, and in or out."
            ) from exc
    return found


def _instant_ms(text: str) -> int:
    at = datetime.fromisoformat(text.strip())
    if at.tzinfo is None:
        raise ValueError(text)
    return int(at.timestamp() * 1000)


def audit_line(
    trajectories: TrajectoryFile,
    line_id: str,
    tally: Sequence[Tallied],
    *,
    from_ms: int,
    to_ms: int,
    now_ms: int,
) -> Audit:
    """Compare a tally with what a camera counted at a line, and leave the result for the agent to send.

    Args:
        trajectories: the camera's.
        line_id: the line.
        tally: everybody who was seen to cross it.
        from_ms: when the tally began.
        to_ms: when it ended.
        now_ms: the present.

    Raises:
        UsageError: the times make no sense, or the camera did not measure then.
        TrajectoryError: there are no trajectories.
    """
    if not 0 < to_ms - from_ms <= DAY_MS:
        raise UsageError("The tally must end after it began, and within a day, which is as long as crossings are kept.")
    if from_ms < now_ms - DAY_MS:
        raise UsageError("The tally began more than a day ago, and crossings are kept for a day; tally again.")
    if to_ms + SETTLE_MS > now_ms:
        raise UsageError(
            f"The last crossings are not written yet; compare the tally {SETTLE_MS // 1000} s after its end or later."
        )
    if any(not from_ms <= person.at_ms <= to_ms for person in tally):
        raise UsageError("Somebody was tallied before the tally began or after it ended; check the times.")
    measured = trajectories.measured_ms(from_ms, to_ms) / (to_ms - from_ms)
    if measured < LEAST_MEASURED:
        raise UsageError(
            f"The camera measured for {100 * measured:.0f} % of that time only, so the tally would say nothing of how "
            "it counts; see on the devices page why, and tally again."
        )
    edge_ms = int(TOLERANCE_S * 1000)
    counted = [
        (at_ms, entered)
        for at_ms, line, entered in trajectories.crossings(from_ms - edge_ms, to_ms + edge_ms)
        if line == line_id
    ]
    accuracy = []
    for direction in Direction:
        seen_s = [person.at_ms / 1000 for person in tally if person.direction is direction]
        this_way = [at_ms for at_ms, entered in counted if entered == (direction is Direction.IN)]
        within_s = [at_ms / 1000 for at_ms in this_way if from_ms <= at_ms <= to_ms]
        beside_s = [at_ms / 1000 for at_ms in this_way if not from_ms <= at_ms <= to_ms]
        found = compare(seen_s, within_s, beside_s=beside_s)
        accuracy.append(
            LineAccuracy(
                line_id=line_id,
                direction=direction,
                tallied_count=found.tallied,
                counted_count=found.counted,
                missed_count=found.missed,
                extra_count=found.extra,
                error_low=round(found.low, 4),
                error_high=round(found.high, 4),
            )
        )
    audit = Audit(from_ms, to_ms, tuple(accuracy))
    trajectories.keep_audit(audit)
    return audit


def described(accuracy: LineAccuracy) -> str:
    """Say in a sentence what was found."""
    if not accuracy.tallied_count:
        return f"{accuracy.line_id} {accuracy.direction}: nobody was tallied, {accuracy.counted_count} were counted."
    error = 100 * (accuracy.counted_count - accuracy.tallied_count) / accuracy.tallied_count
    return (
        f"{accuracy.line_id} {accuracy.direction}: {accuracy.counted_count} counted of {accuracy.tallied_count}, "
        f"{accuracy.missed_count} missed, {accuracy.extra_count} extra; error {error:+.1f} % "
        f"({100 * accuracy.error_low:+.1f} to {100 * accuracy.error_high:+.1f} % with 95 % confidence)."
    )
