"""Tracking made for counting: who in this picture is who in the last, by motion alone.

The association is ByteTrack's idea (Zhang et al. 2022: boxes with low scores continue tracks but never start one),
the re-association of lost tracks from what was last seen rather than from what was predicted is OC-SORT's (Cao et al.
2023). All of it is written in seconds and in heights of the person, so dropped pictures, slow cameras and people near
and far are the same case. No appearance is looked at: nothing here could recognise anybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

from storesense_edge.vision.camera_shift import camera_shift
from storesense_edge.vision.detections import Detections, cover_matrix, iou_matrix, non_maximum_suppression
from storesense_edge.vision.tracker_settings import TrackerSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Columns of the state matrix. One matrix, so that a birth or a death is one array operation.
X, Y, W, H = 0, 1, 2, 3  # foot point (bottom centre) and size, px
VX, VY = 4, 5  # px/s
PP, PV, VV = 6, 7, 8  # variance of place, covariance, variance of speed; in heights and seconds, the same for x and y
PS = 9  # variance of the size, in shares of the height
FIRST, LAST = 10, 11  # time first and last seen, s
HITS, SCORE = 12, 13  # pictures seen in, sum of the scores
SX, SY = 14, 15  # where first seen
LX, LY = 16, 17  # where last seen, as measured
PICTURES = 18  # pictures since first seen
LH = 19  # height when last seen, as measured
COLUMNS = 20

FORBIDDEN = 1e6
FRESH_S = 1.0  # who was seen so recently tells whether the camera moved


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """The tracks after one picture. Never leaves the device; see `pipeline`.

    Attributes:
        ids: (N,) int64, never reused within a run.
        slots: (N,) row numbers, small and reused, for consumers that keep state in arrays.
        feet_xy_px: (N, 2) filtered foot points (bottom centre).
        heights_px: (N,) filtered heights.
        velocities_xy_px_s: (N, 2).
        seen: (N,) True if a box of this picture belongs to it, False if it is carried on unseen.
        starts_xy_px: (N, 2) where it was first seen.
        first_seen_s: (N,) time it was first seen.
        last_seen_s: (N,) time it was last seen.
        confirmed: (N,) True for those that count.
        measured_feet_xy_px: (N, 2) foot points of the boxes last seen.
        measured_heights_px: (N,) heights of those boxes.
        widths_px: (N,) filtered widths.
        joined: (old id, new id) of tracks found to be one person; from now on it has the old id.
    """

    ids: NDArray[np.int64]
    slots: NDArray[np.intp]
    feet_xy_px: NDArray[np.float64]
    heights_px: NDArray[np.float64]
    velocities_xy_px_s: NDArray[np.float64]
    seen: NDArray[np.bool_]
    starts_xy_px: NDArray[np.float64]
    first_seen_s: NDArray[np.float64]
    last_seen_s: NDArray[np.float64]
    confirmed: NDArray[np.bool_]
    measured_feet_xy_px: NDArray[np.float64]
    measured_heights_px: NDArray[np.float64]
    widths_px: NDArray[np.float64]
    joined: tuple[tuple[int, int], ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    def only_confirmed(self) -> Tracks:
        """Return those that count."""
        return self if self.confirmed.all() else self.keep(self.confirmed)

    def keep(self, mask: NDArray[np.bool_]) -> Tracks:
        """Return the tracks that a mask selects."""
        return Tracks(
            ids=self.ids[mask],
            slots=self.slots[mask],
            feet_xy_px=self.feet_xy_px[mask],
            heights_px=self.heights_px[mask],
            velocities_xy_px_s=self.velocities_xy_px_s[mask],
            seen=self.seen[mask],
            starts_xy_px=self.starts_xy_px[mask],
            first_seen_s=self.first_seen_s[mask],
            last_seen_s=self.last_seen_s[mask],
            confirmed=self.confirmed[mask],
            measured_feet_xy_px=self.measured_feet_xy_px[mask],
            measured_heights_px=self.measured_heights_px[mask],
            widths_px=self.widths_px[mask],
            joined=self.joined,
        )


class Tracker:
    """Follows people through pictures.

    Args:
        settings: birth, life and death; the shipped defaults fit every camera tried.
        frame_wh: width and height of the picture; with it, whoever walks out of it is not waited for.
    """

    def __init__(self, settings: TrackerSettings | None = None, *, frame_wh: tuple[int, int] | None = None) -> None:
        self.settings = settings or TrackerSettings()
        self._frame_wh = frame_wh
        self._state = np.empty((0, COLUMNS))
        self._ids = np.empty(0, dtype=np.int64)
        self._slots = np.empty(0, dtype=np.intp)
        self._confirmed = np.empty(0, dtype=np.bool_)
        self._free_slots: list[int] = []
        self._slot_count = 0
        self._next_id = 1
        self._at_s: float | None = None
        self._joined: tuple[tuple[int, int], ...] = ()

    def nobody(self) -> Tracks:
        """Return the tracks before any picture: none."""
        return self._report(np.zeros(len(self._ids), dtype=np.bool_))

    def step(self, detections: Detections, at_s: float) -> Tracks:
        """Take the boxes of the next picture.

        Args:
            detections: boxes, low scores included.
            at_s: time of the picture. Time that stands still or runs back is taken as the smallest step forward,
                so a camera whose clock jumps does not lose everybody.

        Returns:
            All tracks, seen or carried on, the unconfirmed included.
        """
        cfg = self.settings
        if self._at_s is not None:
            at_s = max(at_s, self._at_s + 1e-3)
            dt_s = at_s - self._at_s
            self._drop(at_s, dt_s)
            self._predict(self._at_s, dt_s)
        self._at_s = at_s
        strong = detections.scores >= cfg.low_score
        boxes = non_maximum_suppression(detections if strong.all() else detections.keep(strong), cfg.duplicate_iou)
        measured = _measure(boxes.boxes_xyxy_px)
        high = boxes.scores >= cfg.high_score

        self._follow_camera(measured, at_s)
        costs = self._costs(measured)
        rows, columns = self._associate(costs, measured, high, at_s)
        doubt = self._doubt(costs, rows, columns)
        self._update(rows, measured[columns], boxes.scores[columns], doubt, at_s)

        seen = np.zeros(len(self._ids), dtype=np.bool_)
        seen[rows] = True
        free = np.ones(len(boxes), dtype=np.bool_)
        free[columns] = False
        fresh = self._confirm(seen)
        seen = self._join(fresh, seen)
        seen = self._drop_outside(seen)
        births = np.flatnonzero(free & (boxes.scores >= cfg.birth_score))
        if len(births):
            births = births[~self._covered(boxes.boxes_xyxy_px[births], seen)]
        if len(births):
            self._start(measured[births], boxes.scores[births], at_s)
            seen = np.concatenate([seen, np.ones(len(births), dtype=np.bool_)])
        return self._report(seen)

    # ---- motion

    def _predict(self, before_s: float, dt_s: float) -> None:
        s = self._state
        if not len(s):
            return
        cfg = self.settings
        unseen = s[:, LAST] < before_s - 1e-9
        if unseen.any():
            s[:, VX : VY + 1] *= np.where(unseen, np.exp(-dt_s / cfg.coast_s), 1.0)[:, None]
        s[:, X] += s[:, VX] * dt_s
        s[:, Y] += s[:, VY] * dt_s
        s[:, PICTURES] += 1
        noise = cfg.acceleration**2 * dt_s
        s[:, PP] += dt_s * (2 * s[:, PV] + dt_s * s[:, VV]) + noise * dt_s * dt_s / 3
        s[:, PV] += dt_s * s[:, VV] + noise * dt_s / 2
        s[:, VV] += noise
        s[:, PS] += cfg.size_drift**2 * dt_s

    def _update(
        self,
        rows: NDArray[np.intp],
        measured: NDArray[np.float64],
        scores: NDArray[np.float64],
        doubt: NDArray[np.float64],
        at_s: float,
    ) -> None:
        if not len(rows):
            return
        cfg = self.settings
        s = self._state[rows]
        alike = np.maximum(1.0, cfg.correlation_s / np.maximum(at_s - s[:, LAST], 1e-3))
        spread = s[:, PP] + doubt * cfg.place_sigma**2 * alike
        gain, gain_v = s[:, PP] / spread, s[:, PV] / spread
        off = measured[:, :2] - s[:, :2]
        s[:, :2] += gain[:, None] * off
        s[:, VX : VY + 1] += gain_v[:, None] * off
        s[:, VV] -= gain_v * s[:, PV]
        s[:, PV] *= 1 - gain
        s[:, PP] *= 1 - gain
        size_gain = s[:, PS] / (s[:, PS] + cfg.size_sigma**2)
        s[:, W : H + 1] += size_gain[:, None] * (measured[:, 2:] - s[:, W : H + 1])
        s[:, PS] *= 1 - size_gain
        s[:, LAST] = at_s
        s[:, HITS] += 1
        s[:, SCORE] += scores
        s[:, LX : LY + 1] = measured[:, :2]
        s[:, LH] = measured[:, 3]
        self._state[rows] = s

    def _follow_camera(self, measured: NDArray[np.float64], at_s: float) -> None:
        """Move everybody by what the whole picture moved, if it did."""
        s = self._state
        people = s[(s[:, HITS] >= 2) & (at_s - s[:, LAST] <= FRESH_S), : H + 1]
        shift = camera_shift(people, measured, self.settings)
        if shift is not None:
            s[:, X : Y + 1] += shift
            s[:, LX : LY + 1] += shift

    # ---- association

    def _costs(self, measured: NDArray[np.float64]) -> NDArray[np.float64]:
        """(tracks, boxes) half of the squared Mahalanobis distances of place and size."""
        cfg = self.settings
        s = self._state
        height = s[:, H]
        spread = s[:, PP] + cfg.place_sigma**2
        size_spread = s[:, PS] + cfg.size_sigma**2
        off_x = (measured[None, :, 0] - s[:, None, X]) / height[:, None]
        off_y = (measured[None, :, 1] - s[:, None, Y]) / height[:, None]
        off_h = np.log(measured[None, :, 3] / height[:, None])
        costs: NDArray[np.float64] = (
            0.5 * (off_x * off_x + off_y * off_y) / spread[:, None] + 0.5 * off_h * off_h / size_spread[:, None]
        )
        return costs

    def _associate(
        self, costs: NDArray[np.float64], measured: NDArray[np.float64], high: NDArray[np.bool_], at_s: float
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        if not costs.size:
            return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
        cfg = self.settings
        spread = self._state[:, PP] + cfg.place_sigma**2
        forbidden = costs > cfg.gate
        s = self._state
        off = measured[None, :, :2] - s[:, None, LX : LY + 1]
        reach = (cfg.reach + cfg.top_speed * (at_s - s[:, LAST])) * s[:, H]
        forbidden |= (off * off).sum(axis=2) > (reach * reach)[:, None]
        costs = costs + np.where(forbidden, FORBIDDEN, cfg.spread_weight * np.log(spread / cfg.place_sigma**2)[:, None])
        rows, columns = _match(costs, np.arange(len(costs)), np.flatnonzero(high))
        if not high.all():
            left = np.ones(len(costs), dtype=np.bool_)
            left[rows] = False
            # A weak box carries on what was seen a moment ago; it does not bring back the long lost.
            left &= at_s - self._state[:, LAST] <= cfg.weak_s
            more_rows, more_columns = _match(costs, np.flatnonzero(left), np.flatnonzero(~high))
            rows, columns = np.concatenate([rows, more_rows]), np.concatenate([columns, more_columns])
        return rows, columns

    def _doubt(
        self, costs: NDArray[np.float64], rows: NDArray[np.intp], columns: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """(matches,) how many times less certain a box is that an unseen person fits as well.

        Where two people meet and only one box is left, it may show either or both. Taken at its word, it would turn
        the one it is given to around; in doubt, both walk on as they did.
        """
        doubt = np.ones(len(rows))
        unseen = self._confirmed.copy()
        unseen[rows] = False
        if len(rows) and unseen.any():
            rivals = costs[np.ix_(unseen, columns)] < self.settings.rival_gate
            doubt[rivals.any(axis=0)] = self.settings.rival_doubt
        return doubt

    def _covered(self, boxes_xyxy: NDArray[np.float64], seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """True for boxes, the best scored first, that show somebody whom a track or a better box shows already."""
        cfg = self.settings
        s = self._state[seen]
        half = s[:, W] / 2
        tracked = np.stack([s[:, X] - half, s[:, Y] - s[:, H], s[:, X] + half, s[:, Y]], axis=1)
        others = np.concatenate([tracked, boxes_xyxy])
        overlaps = iou_matrix(boxes_xyxy, others) > cfg.birth_iou
        contained = cover_matrix(boxes_xyxy, others) > cfg.birth_cover
        # Of two new boxes the better one stays, unless it is a part of the other.
        among = len(tracked)
        overlaps[:, among:] &= np.tri(len(boxes_xyxy), k=-1, dtype=np.bool_)
        sizes = (boxes_xyxy[:, 2] - boxes_xyxy[:, 0]) * (boxes_xyxy[:, 3] - boxes_xyxy[:, 1])
        contained[:, among:] &= sizes[:, None] < sizes[None, :]
        return np.asarray((overlaps | contained).any(axis=1))

    # ---- birth and death

    def _start(self, measured: NDArray[np.float64], scores: NDArray[np.float64], at_s: float) -> None:
        cfg = self.settings
        count = len(measured)
        s = np.zeros((count, COLUMNS))
        s[:, :4] = measured
        s[:, PP] = cfg.place_sigma**2
        s[:, VV] = cfg.start_speed_sigma**2
        s[:, PS] = cfg.size_sigma**2
        s[:, FIRST] = s[:, LAST] = at_s
        s[:, HITS] = 1
        s[:, SCORE] = scores
        s[:, SX : SY + 1] = s[:, LX : LY + 1] = measured[:, :2]
        s[:, LH] = measured[:, 3]
        self._state = np.concatenate([self._state, s])
        self._ids = np.concatenate([self._ids, np.arange(self._next_id, self._next_id + count)])
        self._next_id += count
        slots = [self._take_slot() for _ in range(count)]
        self._slots = np.concatenate([self._slots, np.array(slots, dtype=np.intp)])
        self._confirmed = np.concatenate([self._confirmed, np.zeros(count, dtype=np.bool_)])

    def _take_slot(self) -> int:
        if self._free_slots:
            return self._free_slots.pop()
        self._slot_count += 1
        return self._slot_count - 1

    def _confirm(self, seen: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Confirm who has been seen enough and return their rows."""
        cfg = self.settings
        s = self._state
        if self._confirmed.all():
            return np.empty(0, dtype=np.intp)
        ready = seen & (s[:, HITS] >= cfg.confirm_hits)
        ready &= s[:, HITS] >= cfg.confirm_share * (s[:, PICTURES] + 1)
        ready &= s[:, LAST] - s[:, FIRST] >= cfg.confirm_s - 1e-9
        ready &= s[:, SCORE] >= cfg.confirm_mean_score * s[:, HITS]
        ready &= ~self._confirmed
        self._confirmed |= ready
        return np.flatnonzero(ready)

    def _join(self, fresh: NDArray[np.intp], seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Take somebody newly confirmed for the one lost from sight nearby, if both fit nobody else.

        By now the newcomer's walk is known. Walked back to when the other was last seen, and the other's walk carried
        on to when the newcomer was first seen, both have to meet in the middle, at one pace: that is one person.
        """
        self._joined = ()
        cfg = self.settings
        s = self._state
        lost = np.flatnonzero(self._confirmed & ~seen)
        if not len(fresh) or not len(lost):
            return seen
        gap_s = s[fresh, None, FIRST] - s[None, lost, LAST]
        possible = (gap_s > 0) & (gap_s <= cfg.lost_s)
        # The lost one's state has been carried on to now; back from there to the middle of the gap.
        forward = s[None, lost, LX : LY + 1] + s[None, lost, VX : VY + 1] * (gap_s / 2)[:, :, None]
        backward = s[fresh, None, SX : SY + 1] - s[fresh, None, VX : VY + 1] * (gap_s / 2)[:, :, None]
        off = np.sqrt(((forward - backward) ** 2).sum(axis=2)) / s[None, lost, H]
        off_h = np.abs(np.log(s[fresh, None, H] / s[None, lost, H]))
        reach = cfg.join_reach + cfg.join_speed * np.maximum(gap_s, 0.0)
        turn = s[fresh, None, VX : VY + 1] - s[None, lost, VX : VY + 1]
        off_v = np.sqrt((turn**2).sum(axis=2)) / s[None, lost, H]
        cost = off / reach + off_h / (3 * cfg.size_sigma) + off_v / cfg.join_turn
        cost[~possible] = np.inf
        pairs = []
        for i, j in zip(*np.nonzero(cost < 1.0), strict=True):
            rivals = np.r_[np.delete(cost[i], j), np.delete(cost[:, j], i)]
            if not len(rivals) or rivals.min() > 1.0 + cost[i, j]:
                pairs.append((fresh[i], lost[j]))
        if not pairs:
            return seen
        new, old = (np.array(rows) for rows in zip(*pairs, strict=True))
        self._joined = tuple(zip(self._ids[old].tolist(), self._ids[new].tolist(), strict=True))
        s[new, SX : SY + 1], s[new, FIRST] = s[old, SX : SY + 1], s[old, FIRST]
        s[new, HITS] += s[old, HITS]
        self._ids[new], self._ids[old] = self._ids[old], self._ids[new]
        self._slots[new], self._slots[old] = self._slots[old], self._slots[new]
        keep = np.ones(len(s), dtype=np.bool_)
        keep[old] = False
        self._keep(keep)
        return seen[keep]

    def _drop(self, at_s: float, dt_s: float) -> None:
        """Drop who was unseen for too long, before a new box can bring anybody back."""
        cfg = self.settings
        unseen_s = at_s - self._state[:, LAST]
        # With a slow camera, one missed picture must not end a track.
        tentative_s = max(cfg.tentative_s, min(2.5 * dt_s, cfg.lost_s))
        limits_s = np.where(self._confirmed, cfg.lost_s, tentative_s)
        self._keep(unseen_s <= limits_s)

    def _drop_outside(self, seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Drop who is unseen and has, by their walk, left the picture."""
        if self._frame_wh is None:
            return seen
        s = self._state
        width, height = self._frame_wh
        outside = (s[:, X] < 0) | (s[:, X] > width) | (s[:, Y] < 0) | (s[:, Y] - s[:, H] / 2 > height)
        keep = seen | ~outside
        self._keep(keep)
        return seen[keep]

    def _keep(self, keep: NDArray[np.bool_]) -> None:
        if keep.all():
            return
        self._free_slots.extend(self._slots[~keep].tolist())
        self._state = self._state[keep]
        self._ids = self._ids[keep]
        self._slots = self._slots[keep]
        self._confirmed = self._confirmed[keep]

    def _report(self, seen: NDArray[np.bool_]) -> Tracks:
        s = self._state.copy()
        return Tracks(
            ids=self._ids,
            slots=self._slots,
            feet_xy_px=s[:, X : Y + 1],
            heights_px=s[:, H],
            velocities_xy_px_s=s[:, VX : VY + 1],
            seen=seen,
            starts_xy_px=s[:, SX : SY + 1],
            first_seen_s=s[:, FIRST],
            last_seen_s=s[:, LAST],
            confirmed=self._confirmed.copy(),
            measured_feet_xy_px=s[:, LX : LY + 1],
            measured_heights_px=s[:, LH],
            widths_px=s[:, W],
            joined=self._joined,
        )


def _measure(boxes_xyxy: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 4) foot x, foot y, width, height."""
    measured = np.empty((len(boxes_xyxy), 4))
    measured[:, X] = (boxes_xyxy[:, 0] + boxes_xyxy[:, 2]) / 2
    measured[:, Y] = boxes_xyxy[:, 3]
    measured[:, 2:] = boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]
    return measured


def _match(
    costs: NDArray[np.float64], rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    if not len(rows) or not len(columns):
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    part = costs[np.ix_(rows, columns)]
    picked_rows, picked_columns = linear_sum_assignment(part)
    good = part[picked_rows, picked_columns] < FORBIDDEN / 2
    return rows[picked_rows[good]], columns[picked_columns[good]]
