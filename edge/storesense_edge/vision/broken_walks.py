"""Walks that break off, and whether what is seen later goes on with them.

Nobody is seen in every picture. Behind somebody else, or in a detector's bad seconds, a walk breaks off, and something
goes on elsewhere: the same person, somebody else, or a box with nobody in it. The two ends tell which: carried on at
the pace of both, the one has to lead to the other. All of it is arithmetic on the rows of a table; nothing here
remembers anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

X, Y, VX, VY, KNOWN, SCALE, AT = range(7)
"""Columns of a walk's end: place; velocity times how well it is known; how well that is, 0 to 1; height; time, s."""

COLUMNS = 7
_LEAST_KNOWN = 0.3
"""Of an end whose velocity is known less well than this it is not asked."""


@dataclass(frozen=True, slots=True)
class BrokenWalkSettings:
    """When two ends are one walk. Times in seconds, lengths in heights of the person.

    Attributes:
        gap_s: a shorter time unseen breaks no walk.
        reach: carried on, a walk leads no further than this past where it is found again ...
        reach_speed: ... and this for each second between.
        way_share: the pace at both ends makes this share of the way between them, at least.
        turn: who was lost is known again only if the pace has not changed by more than this, heights/s ...
        unseen_s: ... later than this ...
        memory_s: ... and no later than this.
    """

    gap_s: float = 0.5
    reach: float = 0.6
    reach_speed: float = 0.4
    way_share: float = 0.4
    turn: float = 0.8
    unseen_s: float = 0.3
    memory_s: float = 5.0


IN_THE_PICTURE = BrokenWalkSettings(reach=0.3, reach_speed=0.25, unseen_s=2.5, memory_s=7.0)
"""Where the floor is not known, walks that are carried on lead less far: whoever comes nearer speeds up there."""


def ends_of(
    points_xy: NDArray[np.float64],
    scales: NDArray[np.float64],
    velocities_xy: NDArray[np.float64],
    known: NDArray[np.float64],
    at_s: float,
) -> NDArray[np.float64]:
    """Return (N, `COLUMNS`) where walks are now.

    Args:
        points_xy: (N, 2) places.
        scales: (N,) heights of the people in units of their plane.
        velocities_xy: (N, 2) velocities, each times `known`.
        known: (N,) how well they are known, 0 to 1.
        at_s: when that was.
    """
    ends = np.empty((len(points_xy), COLUMNS))
    ends[:, X : Y + 1] = points_xy
    ends[:, VX : VY + 1] = velocities_xy
    ends[:, KNOWN] = known
    ends[:, SCALE] = scales
    ends[:, AT] = at_s
    return ends


def are_strangers(
    before: NDArray[np.float64], after: NDArray[np.float64], cfg: BrokenWalkSettings
) -> NDArray[np.bool_]:
    """Find out after which gaps a track is somebody else's: nobody's walk led there, nor is it near where they were.

    Args:
        before: (N, `COLUMNS`) where they were seen last.
        after: the same where they are seen now.
        cfg: when two ends are one walk.
    """
    misses, share, away = _meeting(before, after, cfg)
    broken = after[:, AT] - before[:, AT] >= cfg.gap_s
    # Of two glimpses no walk is known that could have led elsewhere.
    broken &= np.maximum(before[:, KNOWN], after[:, KNOWN]) >= _LEAST_KNOWN
    return np.asarray(broken & (share < cfg.way_share) & (misses > 1.0) & (away > 1.0))


def known_again(lost: NDArray[np.float64], found: NDArray[np.float64], cfg: BrokenWalkSettings) -> int | None:
    """Find out which of the people who were lost somebody new is, or None.

    Args:
        lost: (N, `COLUMNS`) where they were seen last.
        found: (`COLUMNS`,) where the new one is seen first.
        cfg: when two ends are one walk.
    """
    if not len(lost):
        return None
    misses, share, _ = _meeting(lost, found, cfg)
    gap_s = found[AT] - lost[:, AT]
    before = lost[:, VX : VY + 1] / np.maximum(lost[:, KNOWN], 0.5)[:, None]
    after = found[VX : VY + 1] / max(found[KNOWN], 0.5)
    turn = np.sqrt(((after - before) ** 2).sum(axis=1)) / lost[:, SCALE]
    odd = (turn > cfg.turn) & (np.minimum(lost[:, KNOWN], found[KNOWN]) > _LEAST_KNOWN)
    misses[odd | (gap_s <= cfg.unseen_s) | (gap_s > cfg.memory_s) | (share < cfg.way_share)] = np.inf
    best, *others = np.argsort(misses)[:2].tolist()
    if misses[best] > 1.0 or (others and misses[others[0]] < 1.0 + misses[best]):
        return None
    return int(best)


def may_be(lost: NDArray[np.float64], found: NDArray[np.float64], cfg: BrokenWalkSettings) -> NDArray[np.bool_]:
    """Return (N,) who of the people who were lost somebody new may be, sure or not.

    Args:
        lost: (N, `COLUMNS`) where they were seen last.
        found: (`COLUMNS`,) where the new one is seen first.
        cfg: when two ends are one walk.
    """
    gap_s = found[AT] - lost[:, AT]
    possible: NDArray[np.bool_] = (gap_s > 0) & (gap_s <= cfg.memory_s)
    possible[possible] = _meeting(lost[possible], found, cfg)[0] <= 1.0
    return possible


def _meeting(
    before: NDArray[np.float64], after: NDArray[np.float64], cfg: BrokenWalkSettings
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """How badly walks lead to where others begin.

    Returns:
        (N,) how far the one, carried on at the pace of both, misses the other, by the most that is believed; (N,) the
        share of the way between them that this pace makes; (N,) the length of that way, by the same measure.
    """
    gap_s = after[..., AT] - before[:, AT]
    pace = before[:, VX : VY + 1] + after[..., VX : VY + 1]
    # Of an end that was seen once the pace is not known: then the other end's is taken.
    pace = pace / np.maximum(before[:, KNOWN] + after[..., KNOWN], 0.5)[:, None]
    walked = pace * gap_s[:, None]
    way = after[..., X : Y + 1] - before[:, X : Y + 1]
    reach = (cfg.reach + cfg.reach_speed * np.maximum(gap_s, 0.0)) * before[:, SCALE]
    square = (way * way).sum(axis=1)
    misses = np.sqrt(((way - walked) ** 2).sum(axis=1)) / reach
    return misses, (way * walked).sum(axis=1) / np.maximum(square, 1e-9), np.sqrt(square) / reach
