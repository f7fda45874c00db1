"""Whoever stands, stands still: their place is the mean of where they were seen since they came to a stand.

A detector's box wanders by decimetres over seconds around somebody who does not move, longer than any smoothing of a
walking person's path may reach. On the floor that tells: people stay or go. So as long as somebody is seen close to the
mean of their last places, that mean is where they are; further off they have moved, and begin anew where they are seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

STAND_M = 0.4
"""Seen no further than this from the mean of their last places, somebody has not moved."""
STAND_S = 60.0
"""The mean reaches back no longer than this; older places fade."""
MAX_GAP_S = 3.0
"""A longer time between two sightings weighs no more than this."""


class Settling:
    """Keeps the mean place of everybody who stands. Rows grow with the most people seen at once."""

    def __init__(self) -> None:
        self._ids = np.full(0, -1, dtype=np.int64)
        self._seen_s = np.empty(0)
        self._stood_s = np.empty(0)
        self._xy_m = np.empty((0, 2))

    def settle(
        self, slots: NDArray[np.intp], ids: NDArray[np.int64], points_xy_m: NDArray[np.float64], at_s: float
    ) -> NDArray[np.float64]:
        """Take one picture's floor points and return where those people are.

        Args:
            slots: (N,) row of each person.
            ids: (N,) what tells a reused row from its former user.
            points_xy_m: (N, 2) floor points; NaN where a point is not on the floor.
            at_s: time of the picture.

        Returns:
            (N, 2) metres; the points themselves of those who walk.
        """
        if not len(slots):
            return points_xy_m
        self._grow(int(slots.max()) + 1)
        off = points_xy_m - self._xy_m[slots]
        with np.errstate(invalid="ignore"):
            stands = (self._ids[slots] == ids) & ((off * off).sum(axis=1) <= STAND_M * STAND_M)
        passed_s = np.clip(at_s - self._seen_s[slots], 0.0, MAX_GAP_S)
        stood_s = np.where(stands, np.minimum(self._stood_s[slots] + passed_s, STAND_S), 0.0)
        share = passed_s / np.maximum(stood_s, 1e-9)
        settled: NDArray[np.float64] = np.where(
            (stands & (stood_s > 0))[:, None], self._xy_m[slots] + share[:, None] * off, points_xy_m
        )
        self._ids[slots], self._seen_s[slots], self._stood_s[slots] = ids, at_s, stood_s
        self._xy_m[slots] = settled
        return settled

    def _grow(self, rows: int) -> None:
        have = len(self._ids)
        if rows > have:
            more = max(rows, 2 * have, 16) - have
            self._ids = np.concatenate([self._ids, np.full(more, -1, dtype=np.int64)])
            self._seen_s = np.concatenate([self._seen_s, np.zeros(more)])
            self._stood_s = np.concatenate([self._stood_s, np.zeros(more)])
            self._xy_m = np.concatenate([self._xy_m, np.zeros((more, 2))])
