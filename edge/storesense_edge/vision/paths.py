"""Where people really were a moment ago: their paths, smoothed by what came before and after.

A box trembles, and where something hides the legs its lower edge jumps up to the knees. Seen from a moment later both
are plain: a person's height changes slowly, and nobody's feet leap. So lines are judged with a short delay, on a
straight line fitted to the sightings around each instant (local linear regression, Cleveland 1979) whose heights are
first made consistent with those around them. The time of a crossing stays the true one; only its news comes late.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from storesense_edge.vision.tracks import Tracks

PICTURES_KEPT = 64
"""Pictures whose sightings are kept at least; more pictures a second than this fills narrow the windows, no more."""

PICTURES_HELD = 3 * PICTURES_KEPT


@dataclass(frozen=True, slots=True)
class PathSettings:
    """How paths are smoothed.

    Attributes:
        lag_s: how long after a sighting its place is decided.
        window_s: sightings up to this far away in time have a say in it, the nearer the more ...
        window_pictures: ... or up to this many times as far as the next picture is, so that those of a slow camera
            have a say in each other.
        height_window_s: the same for the person's height.
        head_share: how much of the foot point comes from the head and the height, the rest from the box's lower edge.
        short_share: a box shorter than this share of the person's height hides the feet: the head alone tells.
        usual_spread: how far sightings usually lie from a path, heights; what few sightings are taken to say.
        usual_weight: that usual counts as much as this many sightings.
        pace_room_s2: sightings whose times vary by this much, s^2 in sum, tell half of what could be known of a pace:
            the error of a place by how fast people may walk, squared.
    """

    lag_s: float = 0.5
    window_s: float = 0.5
    window_pictures: float = 1.5
    height_window_s: float = 1.0
    head_share: float = 0.5
    short_share: float = 0.85
    usual_spread: float = 0.03
    usual_weight: float = 3.0
    pace_room_s2: float = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class PathPoints:
    """Smoothed places of several people at one instant in the recent past.

    Attributes:
        slots: (N,) row numbers, small and reused.
        ids: (N,) whose they are.
        feet_xy_px: (N, 2) foot points.
        heights_px: (N,) heights.
        spreads_xy_px: (N, 2) how far the sightings around that instant lie from the path, across and up.
        velocities_xy_px: (N, 2) velocities, px/s, each times how well it is known, which is ...
        velocities_known: ... (N,) 0, of somebody seen once, to 1.
        at_s: the instant.
    """

    slots: NDArray[np.intp]
    ids: NDArray[np.int64]
    feet_xy_px: NDArray[np.float64]
    heights_px: NDArray[np.float64]
    spreads_xy_px: NDArray[np.float64]
    velocities_xy_px: NDArray[np.float64]
    velocities_known: NDArray[np.float64]
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
        # Everybody's sightings stand in the columns of their pictures, so that times are the same for all.
        self._times = np.full(PICTURES_HELD, np.inf)
        self._end = 0  # columns in use
        self._moved = 0  # columns that were dropped in front of them
        self._ids = np.zeros(0, dtype=np.int64)
        self._here = np.zeros((0, PICTURES_HELD), dtype=np.bool_)
        self._seen = np.zeros((0, PICTURES_HELD, 3))  # foot x, foot y, height, px, as measured
        self._given = np.zeros(0, dtype=np.bool_)  # confirmed: its sightings have been given up to `_due`
        self._due = 0  # the picture to be given next, the dropped ones included

    def step(self, tracks: Tracks, at_s: float) -> Iterator[PathPoints]:
        """Take the tracks of a picture and give the places that are certain by now.

        Args:
            tracks: of this picture, the unconfirmed included.
            at_s: its time, later than the last.

        Yields:
            Places, for each person in the order of time.
        """
        self._note(tracks, at_s)
        for old_id, new_id in tracks.joined:
            yield from self._join(old_id, new_id)
        yield from self._catch_up(tracks)
        yield from self._give(at_s - self.settings.lag_s + 1e-9)
        self._forget(tracks)

    def close(self) -> Iterator[PathPoints]:
        """Give what is left, as the source ends."""
        yield from self._give(np.inf)
        self._rows.clear()
        self._free = list(range(len(self._ids)))
        self._given[:] = False

    # ---- sightings

    def _note(self, tracks: Tracks, at_s: float) -> None:
        if self._end == PICTURES_HELD:
            self._make_room()
        column = self._end
        self._times[column] = at_s
        self._here[:, column] = False
        self._end += 1
        seen = tracks.seen
        rows = [self._row(track_id) for track_id in tracks.ids[seen].tolist()]
        if rows:
            self._here[rows, column] = True
            self._seen[rows, column, :2] = tracks.measured_feet_xy_px[seen]
            self._seen[rows, column, 2] = tracks.measured_heights_px[seen]

    def _make_room(self) -> None:
        """Drop the oldest pictures, of which those that wait for their lag to be over are none."""
        drop = min(PICTURES_HELD - PICTURES_KEPT, max(self._due - self._moved, PICTURES_HELD // 3))
        self._due = max(self._due, self._moved + drop)
        keep = PICTURES_HELD - drop
        for table in (self._times, self._here.T, self._seen.transpose(1, 0, 2)):
            table[:keep] = table[drop:].copy()
        self._moved += drop
        self._end = keep

    def _row(self, track_id: int) -> int:
        row = self._rows.get(track_id)
        if row is None:
            if not self._free:
                self._grow()
            row = self._rows[track_id] = self._free.pop()
            self._ids[row] = track_id
            self._here[row] = False
            self._given[row] = False
        return row

    def _grow(self) -> None:
        have = len(self._ids)
        more = max(16, have)
        self._ids = np.pad(self._ids, (0, more))
        self._here = np.pad(self._here, ((0, more), (0, 0)))
        self._seen = np.pad(self._seen, ((0, more), (0, 0), (0, 0)))
        self._given = np.pad(self._given, (0, more))
        self._free.extend(range(have + more - 1, have - 1, -1))

    def _join(self, old_id: int, new_id: int) -> Iterator[PathPoints]:
        """Let one person's sightings under two names be those of the older name, and give those that are due."""
        new_row = self._rows.pop(new_id, None)
        if new_row is None:
            return
        old_row = self._row(old_id)
        here = self._here[new_row]
        self._seen[old_row, here] = self._seen[new_row, here]
        self._here[old_row] |= here
        self._drop(new_row)
        if self._given[old_row]:
            # What was seen under the older name has been given; once more would be a way back that nobody went.
            for column in np.flatnonzero(here[: max(0, self._due - self._moved)]).tolist():
                yield self._places(np.array([old_row], dtype=np.intp), column)

    def _forget(self, tracks: Tracks) -> None:
        if len(self._rows) == len(tracks):
            return
        present = set(tracks.ids.tolist())
        waiting = self._here[:, max(0, self._due - self._moved) : self._end].any(axis=1) & self._given
        for track_id, row in list(self._rows.items()):
            if track_id not in present and not waiting[row]:
                del self._rows[track_id]
                self._drop(row)

    def _drop(self, row: int) -> None:
        self._given[row] = False
        self._free.append(row)

    # ---- places

    def _catch_up(self, tracks: Tracks) -> Iterator[PathPoints]:
        """Give the past of those who have just been confirmed."""
        for track_id in tracks.ids[tracks.confirmed].tolist():
            row = self._rows.get(track_id)
            if row is None or self._given[row]:
                continue
            self._given[row] = True
            for column in np.flatnonzero(self._here[row, : max(0, self._due - self._moved)]).tolist():
                yield self._places(np.array([row], dtype=np.intp), column)

    def _give(self, until_s: float) -> Iterator[PathPoints]:
        while (column := self._due - self._moved) < self._end and self._times[column] <= until_s:
            self._due += 1
            rows = np.flatnonzero(self._given & self._here[:, column])
            if len(rows):
                yield self._places(rows, column)

    def _next_picture_s(self, column: int) -> float:
        """How far from a picture the nearer of its neighbours is, s; infinite if it has none."""
        times = self._times
        before_s = times[column] - times[column - 1] if column else np.inf
        after_s = times[column + 1] - times[column] if column + 1 < self._end else np.inf
        return float(min(before_s, after_s))

    def _places(self, rows: NDArray[np.intp], column: int) -> PathPoints:
        """Fit a line to the sightings around those of a picture, and a height."""
        cfg = self.settings
        times = self._times[: self._end]
        then_s = float(times[column])
        window_s = max(cfg.window_s, cfg.window_pictures * self._next_picture_s(column))
        widest_s = max(window_s, cfg.height_window_s)
        first = int(times.searchsorted(then_s - widest_s))
        last = int(times.searchsorted(then_s + widest_s + 1e-9))
        off_s = times[first:last] - then_s
        near = np.abs(off_s)
        here = self._here[rows, first:last]
        places = self._seen[rows, first:last]
        median = _median(places[:, :, 2], here & (near <= cfg.height_window_s))
        weights = 1.0 - (near / window_s) ** 2
        inner = weights > 0
        off_s, weights, here, places = off_s[inner], weights[inner], here[:, inner], places[:, inner]
        points, short = places[:, :, :2], median[:, None] - places[:, :, 2]
        # Half of the foot point comes from the head, all of it where the legs are hidden.
        points[:, :, 1] += np.where(short > (1 - cfg.short_share) * median[:, None], short, cfg.head_share * short)
        moments = np.empty((3, len(off_s)))
        moments[0] = weights
        np.multiply(weights, off_s, out=moments[1])
        np.multiply(moments[1], off_s, out=moments[2])
        # A place that was not seen is a zero; so it has no say in the sums.
        counted = here.astype(np.float64)
        points *= counted[:, :, None]
        w0, w1, w2 = moments @ counted.T
        sums = np.matmul(moments[:2], points)
        level, lean = sums[:, 0], sums[:, 1]
        determinant = w0 * w2 - w1 * w1
        velocities_known = determinant / (determinant + cfg.pace_room_s2 * w0)
        flat = determinant <= 1e-9
        determinant[flat] = 1.0
        slope = (w0[:, None] * lean - w1[:, None] * level) / determinant[:, None]
        slope[flat] = 0.0
        feet = (level - slope * w1[:, None]) / w0[:, None]
        off = points - feet[:, None, :] - slope[:, None, :] * off_s[:, None]
        squares = np.matmul((counted * weights)[:, None, :], off * off)[:, 0]
        usual = cfg.usual_weight * (cfg.usual_spread * median) ** 2
        spreads = np.sqrt((usual[:, None] + squares) / (cfg.usual_weight + w0)[:, None])
        velocities = slope * velocities_known[:, None]
        return PathPoints(rows, self._ids[rows], feet, median, spreads, velocities, velocities_known, then_s)


def _median(values: NDArray[np.float64], chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(N,) the median of the chosen ones of each row, of which there is at least one."""
    ordered = np.where(chosen, values, np.inf)
    ordered.sort(axis=1)
    result: NDArray[np.float64] = ordered[np.arange(len(values)), (chosen.sum(axis=1) - 1) // 2]
    return result
