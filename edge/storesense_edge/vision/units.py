"""Buying units: who came through a door together, beside the heads that were counted there."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import hypot, inf, isfinite
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class UnitCount:
    """Parties that crossed a line since the last count, beside the heads that make them up.

    Attributes:
        line_id: which line.
        entered: parties in.
        left: parties out.
    """

    line_id: str
    entered: int
    left: int


@dataclass(slots=True)
class _Company:
    """Two who crossed a line one soon after the other, from then on.

    Attributes:
        began_s: when the later one crossed.
        first_s: when both were seen first ...
        last_s: ... and last.
        seen: in how many pictures that was.
        apart: the sum of how far apart they were, heights.
        sums: of the times since ``began_s`` and of their squares.
        off_xy: the sum of the ways from the one to the other, heights ...
        timed_xy: ... and of these, each times its time.
    """

    began_s: float
    first_s: float = inf
    last_s: float = -inf
    seen: int = 0
    apart: float = 0.0
    sums: tuple[float, float] = (0.0, 0.0)
    off_xy: tuple[float, float] = (0.0, 0.0)
    timed_xy: tuple[float, float] = (0.0, 0.0)

    def see(self, off_xy: tuple[float, float], at_s: float) -> None:
        """Take how far the other is from the one now, heights."""
        t_s, (x, y) = at_s - self.began_s, off_xy
        self.seen += 1
        self.first_s, self.last_s = min(self.first_s, at_s), at_s
        self.apart += hypot(x, y)
        self.sums = (self.sums[0] + t_s, self.sums[1] + t_s * t_s)
        self.off_xy = (self.off_xy[0] + x, self.off_xy[1] + y)
        self.timed_xy = (self.timed_xy[0] + t_s * x, self.timed_xy[1] + t_s * y)

    def parting(self) -> float:
        """How fast the one leaves the other, heights/s: the slope of a line fitted to the way between them."""
        room = self.sums[1] - self.sums[0] ** 2 / self.seen
        return (
            hypot(*(t - self.sums[0] * o / self.seen for t, o in zip(self.timed_xy, self.off_xy, strict=True))) / room
        )


class UnitCounter:
    """Counts parties over lines: those who cross one line the same way within some seconds, and belong together.

    Whether people belong together shows in how they walk on, so a crossing is decided some seconds later. A family in
    single file is no pair of walkers side by side, but it stays together behind the door, where strangers part: that
    makes a party as well.

    Args:
        line_ids: the lines.
        decide_s: so long after a crossing it is decided.
        apart_s: people of one party who cross no further apart than this are one trip.
        file_s: two who cross no further apart than this ...
        file_apart: ... are no further apart than this afterwards, on average, heights ...
        file_pace: ... and part no faster than this, heights/s ...
        file_seen_s: ... when they have both been seen for so long, came together.
    """

    def __init__(
        self,
        line_ids: tuple[str, ...],
        *,
        decide_s: float = 5.0,
        apart_s: float = 15.0,
        file_s: float = 3.5,
        file_apart: float = 1.0,
        file_pace: float = 0.22,
        file_seen_s: float = 0.8,
    ) -> None:
        self._counts = {line_id: [0, 0] for line_id in line_ids}
        self._decide_s, self._apart_s = decide_s, apart_s
        self._file_s, self._file_apart = file_s, file_apart
        self._file_pace, self._file_seen_s = file_pace, file_seen_s
        self._pending: deque[tuple[float, str, bool, int]] = deque()
        self._party_of: dict[int, tuple[int, float]] = {}
        self._company: dict[tuple[int, int], _Company] = {}
        self._counted_s: dict[tuple[str, bool, int], float] = {}

    def cross(self, line_id: str, track_id: int, at_s: float, *, entered: bool) -> None:
        """Note that somebody has crossed a line."""
        for then_s, other_line, other_way, other_id in self._pending:
            if (other_line, other_way) == (line_id, entered) and at_s - then_s <= self._file_s and other_id != track_id:
                pair = (min(other_id, track_id), max(other_id, track_id))
                self._company.setdefault(pair, _Company(at_s))
        self._pending.append((at_s, line_id, entered, track_id))
        self._party_of.setdefault(track_id, (track_id, at_s))

    def step(
        self,
        ids: NDArray[np.int64],
        parties: NDArray[np.int64],
        at_s: float,
        *,
        points_xy: NDArray[np.float64] | None = None,
        scales: NDArray[np.float64] | None = None,
    ) -> None:
        """Note who belongs together now, and decide what is due.

        Args:
            ids: (N,) tracks.
            parties: (N,) the same for all of a party, as `PartyBook.step` gives it.
            at_s: time of the picture.
            points_xy: (N, 2) where they are; None where only ``parties`` shall tell.
            scales: (N,) heights in units of that plane.
        """
        if not self._party_of:
            return
        rows = {track_id: row for row, track_id in enumerate(ids.tolist())}
        for track_id in self._party_of.keys() & rows.keys():
            self._party_of[track_id] = (int(parties[rows[track_id]]), at_s)
        if points_xy is not None and scales is not None:
            self._watch(rows, points_xy, scales, at_s)
        while self._pending and self._pending[0][0] <= at_s - self._decide_s:
            self._decide(*self._pending.popleft())
        if len(self._party_of) > len(self._pending):
            old_s = at_s - self._decide_s - self._apart_s
            waiting = {track_id for _, _, _, track_id in self._pending}
            self._party_of = {i: found for i, found in self._party_of.items() if i in waiting or found[1] >= old_s}
            self._counted_s = {key: then_s for key, then_s in self._counted_s.items() if then_s >= old_s}
            # Both of a pair are decided by then.
            begun_s = at_s - self._decide_s - 1.0
            self._company = {pair: two for pair, two in self._company.items() if two.began_s >= begun_s}

    def take(self) -> list[UnitCount]:
        """Return the parties over every line since the last call."""
        counts = [UnitCount(line_id, entered, left) for line_id, (entered, left) in self._counts.items()]
        for pair in self._counts.values():
            pair[:] = [0, 0]
        return counts

    def close(self) -> None:
        """Decide what is undecided, as the source ends."""
        while self._pending:
            self._decide(*self._pending.popleft())

    def _watch(
        self, rows: dict[int, int], points_xy: NDArray[np.float64], scales: NDArray[np.float64], at_s: float
    ) -> None:
        for (one, other), two in self._company.items():
            if one not in rows or other not in rows or at_s - two.began_s > self._decide_s:
                continue
            x, y = ((points_xy[rows[one]] - points_xy[rows[other]]) / scales[rows[one]]).tolist()
            if isfinite(x) and isfinite(y):  # nowhere is no place
                two.see((x, y), at_s)

    def _decide(self, at_s: float, line_id: str, entered: bool, track_id: int) -> None:
        together = {track_id}
        for pair, two in self._company.items():
            if track_id in pair and two.last_s - two.first_s >= self._file_seen_s:
                stayed = two.apart <= self._file_apart * two.seen and two.parting() <= self._file_pace
                together.update(pair if stayed else ())
        keys = [(line_id, entered, self._party_of.get(number, (number, at_s))[0]) for number in sorted(together)]
        before_s = max((self._counted_s.get(key, -np.inf) for key in keys), default=-np.inf)
        for key in keys:
            self._counted_s[key] = at_s
        if at_s - before_s > self._apart_s:
            self._counts[line_id][0 if entered else 1] += 1
