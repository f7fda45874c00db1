"""Where people really were a moment ago: their paths, smoothed by what came before and after.

A box trembles, and where something hides the legs its lower edge jumps up to the knees. Seen from a moment later both
are plain: a person's height changes slowly, and nobody's feet leap. So lines are judged with a short delay, on a
straight line fitted to the sightings around each instant (local linear regression, Cleveland 1979) whose heights are
first made consistent with those around them. The time of a crossing stays the true one; only its news comes late.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from storesense_edge.vision.tracker import Tracks

SIGHTINGS_KEPT = 64
"""Sightings of a person that are kept; more pictures a second than this fills narrow the windows and nothing else."""


@dataclass(frozen=True, slots=True)
class PathSettings:
    """How paths are smoothed.

    Attributes:
        lag_s: how long after a sighting its place is decided.
        window_s: sightings up to this far away in time have a say in it, the nearer the more.
        height_window_s: the same for the person's height.
        head_share: how much of the foot point comes from the head and the height, the rest from the box's lower edge.
        short_share: a box shorter than this share of the person's height hides the feet: the head alone tells.
        usual_spread: how far sightings usually lie from a path, heights; what few sightings are taken to say.
        usual_weight: that usual counts as much as this many sightings.
    """

    lag_s: float = 0.5
    window_s: float = 0.5
    height_window_s: float = 1.0
    head_share: float = 0.5
    short_share: float = 0.85
    usual_spread: float = 0.03
    usual_weight: float = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class PathPoints:
    """Smoothed places of several people at one instant in the recent past.

    Attributes:
        slots: (N,) row numbers, small and reused.
        ids: (N,) whose they are.
        feet_xy_px: (N, 2) foot points.
        heights_px: (N,) heights.
        spreads_xy_px: (N, 2) how far the sightings around that instant lie from the path, across and up.
        at_s: the instant.
    """

    slots: NDArray[np.intp]
    ids: NDArray[np.int64]
    feet_xy_px: NDArray[np.float64]
    heights_px: NDArray[np.float64]
    spreads_xy_px: NDArray[np.float64]
    at_s: float


class PathSmoother:
    """Keeps the last sightings of everybody and gives their smoothed places, `lag_s` later.

    What an unconfirmed track was seen doing is given when it is confirmed, and never if it is not.

    Args:
        settings: how paths are smoothed.
    """

    def __init__(self, settings: PathSettings | None = None) -> None:
        self.settings = settings or PathSettings()
        self._rows: dict[int, int] = {}
        self._free: list[int] = []
        self._times = np.full((0, SIGHTINGS_KEPT), -np.inf)
        self._seen = np.zeros((0, SIGHTINGS_KEPT, 3))  # foot x, foot y, height, px, as measured
        self._next = np.zeros(0, dtype=np.intp)  # where the next sighting goes
        self._given = np.zeros(0, dtype=np.bool_)  # confirmed: its sightings have been given up to `_given_s`
        self._due: deque[float] = deque()
        self._given_s = -np.inf

    def step(self, tracks: Tracks, at_s: float) -> Iterator[PathPoints]:
        """Take the tracks of a picture and give the places that are certain by now.

        Args:
            tracks: of this picture, the unconfirmed included.
            at_s: its time, later than the last.

        Yields:
            Places, for each person in the order of time.
        """
        for old_id, new_id in tracks.joined:
            self._join(old_id, new_id)
        self._note(tracks, at_s)
        self._due.append(at_s)
        yield from self._catch_up(tracks)
        while self._due and self._due[0] <= at_s - self.settings.lag_s + 1e-9:
            yield from self._give(self._due.popleft())
        self._forget(tracks)

    def close(self) -> Iterator[PathPoints]:
        """Give what is left, as the source ends."""
        while self._due:
            yield from self._give(self._due.popleft())
        self._rows.clear()
        self._free = list(range(len(self._times)))

    # ---- sightings

    def _note(self, tracks: Tracks, at_s: float) -> None:
        ids = tracks.ids[tracks.seen]
        if not len(ids):
            return
        rows = np.array([self._row(track_id) for track_id in ids.tolist()], dtype=np.intp)
        places = self._next[rows]
        self._times[rows, places] = at_s
        self._seen[rows, places, :2] = tracks.measured_feet_xy_px[tracks.seen]
        self._seen[rows, places, 2] = tracks.measured_heights_px[tracks.seen]
        self._next[rows] = (places + 1) % SIGHTINGS_KEPT

    def _row(self, track_id: int) -> int:
        row = self._rows.get(track_id)
        if row is None:
            if not self._free:
                self._grow()
            row = self._rows[track_id] = self._free.pop()
            self._times[row] = -np.inf
            self._next[row] = 0
            self._given[row] = False
        return row

    def _grow(self) -> None:
        have = len(self._times)
        more = max(16, have)
        self._times = np.concatenate([self._times, np.full((more, SIGHTINGS_KEPT), -np.inf)])
        self._seen = np.concatenate([self._seen, np.zeros((more, SIGHTINGS_KEPT, 3))])
        self._next = np.concatenate([self._next, np.zeros(more, dtype=np.intp)])
        self._given = np.concatenate([self._given, np.zeros(more, dtype=np.bool_)])
        self._free.extend(range(have + more - 1, have - 1, -1))

    def _join(self, old_id: int, new_id: int) -> None:
        """Let one person's sightings under two names be those of the older name."""
        new_row = self._rows.pop(new_id, None)
        if new_row is None:
            return
        old_row = self._row(old_id)
        times = np.concatenate([self._times[old_row], self._times[new_row]])
        seen = np.concatenate([self._seen[old_row], self._seen[new_row]])
        order = np.argsort(times, kind="stable")[-SIGHTINGS_KEPT:]
        self._times[old_row], self._seen[old_row] = times[order], seen[order]
        self._next[old_row] = 0
        # Those sightings of the newer name that are due already are given now, in `_catch_up`.
        self._given[old_row] = False
        self._free.append(new_row)

    def _forget(self, tracks: Tracks) -> None:
        if len(self._rows) == len(tracks):
            return
        present = set(tracks.ids.tolist())
        for track_id, row in list(self._rows.items()):
            if track_id not in present and not (self._given[row] and self._times[row].max() > self._given_s):
                del self._rows[track_id]
                self._free.append(row)

    # ---- places

    def _catch_up(self, tracks: Tracks) -> Iterator[PathPoints]:
        """Give the past of those who have just been confirmed."""
        for track_id in tracks.ids[tracks.confirmed].tolist():
            row = self._rows.get(track_id)
            if row is None or self._given[row]:
                continue
            self._given[row] = True
            times = np.sort(self._times[row])
            for then_s in times[(times > -np.inf) & (times <= self._given_s)].tolist():
                yield self._places(np.array([row], dtype=np.intp), np.array([track_id], dtype=np.int64), then_s)

    def _give(self, then_s: float) -> Iterator[PathPoints]:
        self._given_s = then_s
        if not self._rows:
            return
        ids = np.fromiter(self._rows.keys(), dtype=np.int64, count=len(self._rows))
        rows = np.fromiter(self._rows.values(), dtype=np.intp, count=len(self._rows))
        here = self._given[rows] & (self._times[rows] == then_s).any(axis=1)
        if here.any():
            yield self._places(rows[here], ids[here], then_s)

    def _places(self, rows: NDArray[np.intp], ids: NDArray[np.int64], then_s: float) -> PathPoints:
        cfg = self.settings
        off_s = self._times[rows] - then_s
        near = np.abs(off_s)
        places = self._seen[rows]
        heights = places[:, :, 2]
        median = _median(heights, near <= cfg.height_window_s)
        # Columns from here on: 1, time, x, y; the weighted sums of all products come from one multiplication.
        columns = np.empty((*off_s.shape, 4))
        columns[:, :, 0] = 1.0
        weight = np.maximum(1.0 - (near / cfg.window_s) ** 2, 0.0)
        columns[:, :, 1] = np.where(weight > 0, off_s, 0.0)
        columns[:, :, 2] = places[:, :, 0]
        share = np.where(heights < cfg.short_share * median[:, None], 1.0, cfg.head_share)
        columns[:, :, 3] = places[:, :, 1] + share * (median[:, None] - heights)
        sums = np.matmul((columns[:, :, :2] * weight[:, :, None]).transpose(0, 2, 1), columns)
        (w0, w1), w2 = sums[:, 0, :2].T, sums[:, 1, 1]
        level, lean = sums[:, 0, 2:], sums[:, 1, 2:]
        determinant = w0 * w2 - w1 * w1
        flat = determinant <= 1e-9
        determinant[flat] = 1.0
        slope = (w0[:, None] * lean - w1[:, None] * level) / determinant[:, None]
        slope[flat] = 0.0
        feet = (level - slope * w1[:, None]) / w0[:, None]
        off = columns[:, :, 2:] - feet[:, None, :] - slope[:, None, :] * columns[:, :, 1:2]
        squares = np.matmul(weight[:, None, :], off * off)[:, 0]
        usual = cfg.usual_weight * (cfg.usual_spread * median) ** 2
        spreads = np.sqrt((usual[:, None] + squares) / (cfg.usual_weight + w0)[:, None])
        return PathPoints(rows, ids, feet, median, spreads, then_s)


def _median(values: NDArray[np.float64], chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(N,) the median of the chosen ones of each row, of which there is at least one."""
    ordered = np.sort(np.where(chosen, values, np.inf), axis=1)
    result: NDArray[np.float64] = ordered[np.arange(len(values)), (chosen.sum(axis=1) - 1) // 2]
    return result
