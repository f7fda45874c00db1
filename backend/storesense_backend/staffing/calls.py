"""What the advice was and what was done: from minutes of advice to calls for lanes and their outcomes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

GAP = timedelta(minutes=3)
"""Advice is kept every minute; where none was kept for so long, nobody knows what it was."""
BLINK = timedelta(minutes=1)
"""Advice that is withdrawn for no longer and then given again is one call."""


class Outcome(StrEnum):
    """What came of a call for lanes."""

    FOLLOWED = "followed"
    PARTLY = "partly"
    PASSED = "passed"
    STANDING = "standing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Run:
    """Minutes in a row with the same advice and as many lanes open.

    Attributes:
        from_at: when the first of them was advised.
        to_at: when the last was.
        lanes_open: staffed lanes that were open.
        lanes_advised: for that moment.
        wait_s: expected in 15 minutes by following the advice, as told in the first of them.
        wait_unchanged_s: the same with the lanes as they were.
    """

    from_at: datetime
    to_at: datetime
    lanes_open: int
    lanes_advised: int
    wait_s: float | None = None
    wait_unchanged_s: float | None = None

    @property
    def side(self) -> int:
        """1 where lanes are missing, -1 where there are too many, 0 where they are as advised."""
        return (self.lanes_advised > self.lanes_open) - (self.lanes_advised < self.lanes_open)


@dataclass(frozen=True, slots=True)
class Call:
    """A time in which more or fewer lanes were advised than stood open.

    Attributes:
        is_for_more: whether lanes were to open; else they could close.
        advised_at: its beginning.
        ended_at: when lanes and advice met, or the last that is known; None while it stands.
        lanes_open: when it began.
        lanes_advised: the farthest from those that were open then.
        lanes_after: open in the end.
        done_at: the first minute in which a lane had moved as advised; None if none did.
        outcome: ``passed``: nothing was done and the need went by itself; ``unknown``: the advice broke off.
        wait_s: expected in 15 minutes, when it began, by following it.
        wait_unchanged_s: the same without.
    """

    is_for_more: bool
    advised_at: datetime
    ended_at: datetime | None
    lanes_open: int
    lanes_advised: int
    lanes_after: int
    done_at: datetime | None
    outcome: Outcome
    wait_s: float | None
    wait_unchanged_s: float | None


def calls_of(runs: Sequence[Run], now: datetime) -> list[Call]:
    """Return the calls for lanes, oldest first.

    Args:
        runs: in the order of time.
        now: the present; a call whose advice is younger than ``GAP`` stands.
    """
    calls = []
    steady = _without_blinks(runs)
    place = 0
    while place < len(steady):
        if steady[place].side == 0:
            place += 1
            continue
        first = place
        while place + 1 < len(steady) and _goes_on(steady[place], steady[place + 1]):
            place += 1
        place += 1
        after = steady[place] if place < len(steady) else None
        calls.append(_call(steady[first:place], after, now))
    return calls


def _without_blinks(runs: Sequence[Run]) -> list[Run]:
    """Leave out where the advice was met for a moment only because it was withdrawn and given again."""
    kept: list[Run] = []
    for place, run in enumerate(runs):
        after = runs[place + 1] if place + 1 < len(runs) else None
        is_blink = (
            run.side == 0
            and run.to_at - run.from_at <= BLINK
            and bool(kept)
            and after is not None
            and kept[-1].side == after.side != 0
            and kept[-1].lanes_open == run.lanes_open == after.lanes_open
            and after.from_at - kept[-1].to_at <= GAP
        )
        if not is_blink:
            kept.append(run)
    return kept


def _goes_on(run: Run, after: Run) -> bool:
    return after.side == run.side and after.from_at - run.to_at <= GAP


def _call(runs: Sequence[Run], after: Run | None, now: datetime) -> Call:
    first, last = runs[0], runs[-1]
    is_cut_off = after is None or after.from_at - last.to_at > GAP
    is_standing = after is None and now - last.to_at <= GAP
    end = last if after is None or is_cut_off else after
    farthest = max(runs, key=lambda run: first.side * run.lanes_advised)
    asked = abs(farthest.lanes_advised - first.lanes_open)
    moved = first.side * (end.lanes_open - first.lanes_open)
    if is_standing:
        outcome = Outcome.STANDING
    elif moved >= asked:
        outcome = Outcome.FOLLOWED
    elif moved > 0:
        outcome = Outcome.PARTLY
    else:
        outcome = Outcome.UNKNOWN if is_cut_off else Outcome.PASSED
    changed = next((run for run in (*runs, end) if first.side * (run.lanes_open - first.lanes_open) > 0), None)
    return Call(
        is_for_more=first.side > 0,
        advised_at=first.from_at,
        ended_at=None if is_standing else end.from_at if not is_cut_off else last.to_at,
        lanes_open=first.lanes_open,
        lanes_advised=farthest.lanes_advised,
        lanes_after=end.lanes_open,
        done_at=None if changed is None else changed.from_at,
        outcome=outcome,
        wait_s=first.wait_s,
        wait_unchanged_s=first.wait_unchanged_s,
    )
