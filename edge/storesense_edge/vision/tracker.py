"""Tracking made for counting: who in this picture is who in the last, by motion alone.

The association is ByteTrack's idea (Zhang et al. 2022: boxes with low scores continue tracks but never start one),
the re-association of lost tracks from what was last seen rather than from what was predicted is OC-SORT's (Cao et al.
2023). All of it is written in seconds and in heights of the person, so dropped pictures, slow cameras and people near
and far are the same case. No appearance is looked at: nothing here could recognise anybody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from storesense_edge.vision.association import (
    associate,
    beside_missing,
    doubts,
    feet_and_sizes,
    joinable,
    pairing_costs,
)
from storesense_edge.vision.camera_shift import camera_shift
from storesense_edge.vision.detections import Detections, cover_matrix, iou_matrix, non_maximum_suppression
from storesense_edge.vision.track_state import (
    APART,
    COLUMNS,
    FIRST,
    HITS,
    LAST,
    LH,
    LX,
    LY,
    PICTURES,
    PP,
    PS,
    PV,
    SCORE,
    SX,
    SY,
    VV,
    VX,
    VY,
    H,
    W,
    X,
    Y,
)
from storesense_edge.vision.tracker_settings import TrackerSettings
from storesense_edge.vision.tracks import Tracks

if TYPE_CHECKING:
    from numpy.typing import NDArray


FRESH_S = 1.0
"""Who was seen so recently tells whether the camera moved."""


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
        measured = feet_and_sizes(boxes.boxes_xyxy_px)
        high = boxes.scores >= cfg.high_score

        self._follow_camera(measured, at_s)
        costs = pairing_costs(self._state, measured, cfg)
        rows, columns = associate(self._state, costs, measured, high, at_s, cfg)
        seen = np.zeros(len(self._ids), dtype=np.bool_)
        seen[rows] = True
        doubt = doubts(costs, self._confirmed & ~seen, columns, cfg)
        self._update(rows, measured[columns], boxes.scores[columns], doubt, at_s)

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

    # ---- birth and death

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
        s[:, APART] = 1
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
        young = np.flatnonzero(seen & ~self._confirmed)
        if not len(young):
            return young
        s[young, APART] += ~beside_missing(s[young], s[self._confirmed & ~seen], cfg)
        hits = s[young, HITS]
        ready = hits >= cfg.confirm_hits
        ready &= hits >= cfg.confirm_share * (s[young, PICTURES] + 1)
        ready &= s[young, LAST] - s[young, FIRST] >= cfg.confirm_s - 1e-9
        ready &= s[young, SCORE] >= cfg.confirm_mean_score * hits
        ready &= s[young, APART] >= cfg.apart_share * hits
        fresh: NDArray[np.intp] = young[ready]
        self._confirmed[fresh] = True
        return fresh

    def _join(self, fresh: NDArray[np.intp], seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Take those newly confirmed for those lost from sight, where `joinable` says so."""
        self._joined = ()
        s = self._state
        lost = np.flatnonzero(self._confirmed & ~seen)
        pairs = joinable(s[fresh], s[lost], self.settings) if len(fresh) and len(lost) else []
        if not pairs:
            return seen
        new, old = fresh[[i for i, _ in pairs]], lost[[j for _, j in pairs]]
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
