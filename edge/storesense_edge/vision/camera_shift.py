"""Whether the whole picture moved: a camera that is turned, carried or shaken takes everybody along.

Each pairing of somebody with a box of like size votes for a shift. The shift that most people can follow is taken where
it explains far more of them than standing still does, so a crowd's own walk is never one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from storesense_edge.vision.tracker_settings import TrackerSettings

MOST_PEOPLE = 60
MOST_VOTES = 600
"""Larger crowds are not asked: their pairings grow with the square."""


def camera_shift(
    people: NDArray[np.float64], boxes: NDArray[np.float64], settings: TrackerSettings
) -> NDArray[np.float64] | None:
    """Return how far everybody was moved at once, beyond their own walks.

    Args:
        people: (N, 4) where people seen a moment ago are expected: foot x, foot y, width, height, px.
        boxes: (M, 4) what is seen, in the same columns.
        settings: the tracker's.

    Returns:
        (2,) px to the right and down, or None where the picture stood still or nobody can say.
    """
    if not (settings.shift_people <= len(people) <= MOST_PEOPLE and settings.shift_people <= len(boxes) <= MOST_PEOPLE):
        return None
    heights = people[:, 3]
    room = settings.shift_room * heights
    off_x = boxes[None, :, 0] - people[:, None, 0]
    off_y = boxes[None, :, 1] - people[:, None, 1]
    far = np.maximum(np.abs(off_x), np.abs(off_y))
    still = int((far < room[:, None]).any(axis=1).sum())
    wanted = max(settings.shift_people, settings.shift_share * len(people), 1.5 * still + 1)
    if wanted > len(people):
        return None
    alike = np.abs(np.log(boxes[None, :, 3] / heights[:, None])) < 2 * settings.size_sigma
    whose, which = np.nonzero(alike & (far < settings.shift_reach * heights[:, None]))
    if not 0 < len(whose) <= MOST_VOTES:
        return None
    x, y = off_x[whose, which], off_y[whose, which]
    # Row i: which pairings could have been moved as pairing i was.
    agree = (np.abs(x[:, None] - x) < room[whose]) & (np.abs(y[:, None] - y) < room[whose])
    first = np.flatnonzero(np.diff(whose, prepend=-1))
    votes = np.logical_or.reduceat(agree, first, axis=1).sum(axis=1)
    best = int(np.argmax(votes))
    if votes[best] < wanted:
        return None
    return np.array([np.median(x[agree[best]]), np.median(y[agree[best]])])
