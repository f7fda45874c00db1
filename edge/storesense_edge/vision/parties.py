"""Parties: people who came together walk together. Two at a till who are one customer, four at a door who are one trip.

Two people are one party when they have walked side by side for some seconds, at one pace, and have seldom walked apart
while both were seen. Standing near each other says nothing: strangers do that in every queue. Nothing but places and
times is looked at, and a party is forgotten with its people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class PartySettings:
    """When people are one party. Lengths in heights of the person.

    Attributes:
        near: walking no further apart than this ...
        pace: ... with velocities no more different than this, heights/s, is walking together.
        walking: slower than this nobody walks, heights/s.
        together_s: walked together for this long ...
        together_share: ... in this share of the time in which both walked, two are a party.
        smooth_s: time constant over which velocities are judged.
        every_s: everybody is looked at no more often than this.
    """

    near: float = 0.65
    pace: float = 0.22
    walking: float = 0.3
    together_s: float = 2.5
    together_share: float = 0.8
    smooth_s: float = 0.8
    every_s: float = 0.4


class PartyBook:
    """Finds out who belongs together.

    Args:
        settings: when people are one party.
    """

    def __init__(self, settings: PartySettings | None = None) -> None:
        self.settings = settings or PartySettings()
        self._ids = np.full(0, -1, dtype=np.int64)
        self._roots = np.full(0, -1, dtype=np.int64)
        self._xy = np.zeros((0, 2))  # where they were seen last,
        self._scales = np.zeros(0)  # how tall they were there,
        self._seen_s = np.zeros(0)  # and when
        self._last_xy = np.zeros((0, 2))  # the same when they were looked at last
        self._last_s = np.zeros(0)
        self._velocity = np.zeros((0, 2))
        self._known_s = np.zeros(0)
        self._together_s = np.zeros((0, 0))
        self._apart_s = np.zeros((0, 0))
        self._looked_s = -np.inf

    def step(
        self,
        slots: NDArray[np.intp],
        ids: NDArray[np.int64],
        points_xy: NDArray[np.float64],
        scales: NDArray[np.float64],
        at_s: float,
    ) -> NDArray[np.int64]:
        """Take one picture's people.

        Args:
            slots: (N,) row of each track, small and reused.
            ids: (N,) what tells a reused row from its former user.
            points_xy: (N, 2) foot points.
            scales: (N,) heights in units of their plane.
            at_s: time of the picture.

        Returns:
            (N,) a number that is the same for all of a party.
        """
        if not len(slots):
            return ids.copy()
        self._reserve(int(slots.max()) + 1)
        fresh = self._ids[slots] != ids
        if fresh.any():
            self._begin(slots[fresh], ids[fresh], points_xy[fresh], at_s)
        self._xy[slots], self._scales[slots], self._seen_s[slots] = points_xy, scales, at_s
        # All at once: two people who were looked at in turns would never be compared.
        if at_s - self._looked_s >= self.settings.every_s - 1e-9:
            self._look(at_s)
        return self._roots[slots].copy()

    def _look(self, at_s: float) -> None:
        """Compare everybody who was seen since the last look, each where they would be now."""
        cfg = self.settings
        # Who has just come has no pace yet, and waits for the next look.
        ready = (self._seen_s > self._looked_s) & (self._seen_s - self._last_s >= cfg.every_s / 2)
        self._looked_s = at_s
        slots = np.flatnonzero(ready)
        passed_s = self._seen_s[slots] - self._last_s[slots]
        scales = self._scales[slots]
        moved = (self._xy[slots] - self._last_xy[slots]) / (passed_s * scales)[:, None]
        weight = -np.expm1(-passed_s / cfg.smooth_s)[:, None]
        # The first velocity of all is taken as it is.
        weight[self._known_s[slots] == 0.0] = 1.0
        moved = np.where(np.isfinite(moved), moved, 0.0)
        velocity = self._velocity[slots] + weight * (moved - self._velocity[slots])
        self._velocity[slots] = velocity
        self._known_s[slots] += passed_s
        self._last_xy[slots], self._last_s[slots] = self._xy[slots], self._seen_s[slots]
        if len(slots) < 2:
            return
        points_xy = self._xy[slots] + velocity * (scales * (at_s - self._seen_s[slots]))[:, None]
        speed = np.sqrt((velocity * velocity).sum(axis=1))
        walks = speed >= cfg.walking
        both = walks[:, None] & walks[None, :]
        either = walks[:, None] | walks[None, :]
        off = points_xy[:, None, :] - points_xy[None, :, :]
        distance = np.sqrt((off * off).sum(axis=2)) / np.sqrt(scales[:, None] * scales[None, :])
        turn = velocity[:, None, :] - velocity[None, :, :]
        near = (distance <= cfg.near) & (np.sqrt((turn * turn).sum(axis=2)) <= cfg.pace)
        step_s = np.minimum(passed_s[:, None], passed_s[None, :])
        grid = np.ix_(slots, slots)
        self._together_s[grid] += np.where(both & near, step_s, 0.0)
        # Somebody who stays a little behind at a shelf has not left the party: only walking off counts against it.
        self._apart_s[grid] += np.where(~near & (both | (either & (distance > 2 * cfg.near))), step_s, 0.0)
        together, apart = self._together_s[grid], self._apart_s[grid]
        pairs = (together >= cfg.together_s) & (together >= cfg.together_share * (together + apart))
        rows, columns = np.nonzero(np.triu(pairs, 1))
        for one, other in zip(slots[rows].tolist(), slots[columns].tolist(), strict=True):
            old, new = sorted((int(self._roots[one]), int(self._roots[other])))
            if old != new:
                self._roots[self._roots == new] = old

    def _begin(
        self, slots: NDArray[np.intp], ids: NDArray[np.int64], points_xy: NDArray[np.float64], at_s: float
    ) -> None:
        self._ids[slots] = self._roots[slots] = ids
        self._last_xy[slots], self._velocity[slots] = points_xy, 0.0
        self._last_s[slots], self._known_s[slots] = at_s, 0.0
        for times_s in (self._together_s, self._apart_s):
            times_s[slots, :] = 0.0
            times_s[:, slots] = 0.0

    def _reserve(self, rows: int) -> None:
        have = len(self._ids)
        if rows <= have:
            return
        more = max(rows, 2 * have, 16) - have
        self._ids = np.concatenate([self._ids, np.full(more, -1, dtype=np.int64)])
        self._roots = np.concatenate([self._roots, np.full(more, -1, dtype=np.int64)])
        self._xy = np.concatenate([self._xy, np.zeros((more, 2))])
        self._scales = np.concatenate([self._scales, np.zeros(more)])
        self._seen_s = np.concatenate([self._seen_s, np.full(more, -np.inf)])
        self._last_xy = np.concatenate([self._last_xy, np.zeros((more, 2))])
        self._velocity = np.concatenate([self._velocity, np.zeros((more, 2))])
        self._last_s = np.concatenate([self._last_s, np.zeros(more)])
        self._known_s = np.concatenate([self._known_s, np.zeros(more)])
        self._together_s = np.pad(self._together_s, (0, more))
        self._apart_s = np.pad(self._apart_s, (0, more))
