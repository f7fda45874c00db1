"""The people in the store at one instant, as a camera would find them: where, how tall, how wide."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from storesense_simulators.twin.people import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from storesense_simulators.twin.people import People


WALK_ON_MS = 2_500
"""Who has left is seen on the street for so long."""
_LEAVING_M_S = 0.9
_DOOR_REACH_M = 3.0
"""Who appears no further than this from a door has come in by it."""


@dataclass(frozen=True, slots=True, eq=False)
class Crowd:
    """Everybody on the floor at one instant, by rising number.

    Attributes:
        numbers: (N,) int64, who; rising, and never used again for somebody else.
        xy_m: (N, 2) float64, where they stand.
        height_m: (N,) float64, how tall.
        radius_m: (N,) float64, half the width of the body.
        heading: (N, 2) float64, unit vectors of where they look.
        speed_m_s: (N,) float64, how fast they walk.
        has_trolley: (N,) bool.
        is_staff: (N,) bool.
    """

    numbers: NDArray[np.int64]
    xy_m: NDArray[np.float64]
    height_m: NDArray[np.float64]
    radius_m: NDArray[np.float64]
    heading: NDArray[np.float64]
    speed_m_s: NDArray[np.float64]
    has_trolley: NDArray[np.bool_]
    is_staff: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.numbers)


def crowd_of(people: People, share: float = 1.0) -> Crowd:
    """Return everybody in the twin at ``share`` (0..1) of its last step."""
    rows = people.rows
    rows = rows[np.argsort(people.number[rows], kind="stable")]
    velocity = people.velocity_m_s[rows]
    return Crowd(
        numbers=people.number[rows],
        xy_m=people.between_m(share)[rows],
        height_m=people.height_m[rows],
        radius_m=people.radius_m[rows],
        heading=people.heading[rows],
        speed_m_s=np.sqrt((velocity * velocity).sum(axis=1)),
        has_trolley=people.has_trolley[rows],
        is_staff=people.kind[rows] == Kind.STAFF,
    )


class Street:
    """Lets people who have left the store walk on for a moment, as a camera above the door sees them do.

    The twin takes somebody out as soon as they have passed the door; a picture that loses them on its line would show
    what no real one does.
    """

    def __init__(self) -> None:
        self._before = _NOBODY
        self._before_ms = 0
        self._walking: list[tuple[Crowd, int]] = []

    def with_leavers(self, crowd: Crowd, t_ms: int) -> Crowd:
        """Return a crowd together with those who left a moment ago; instants rise from call to call."""
        gone = ~np.isin(self._before.numbers, crowd.numbers, assume_unique=True)
        if gone.any():
            self._walking.append((_only(self._before, gone), self._before_ms))
        self._before, self._before_ms = crowd, t_ms
        if not self._walking:
            return crowd
        self._walking = [(leavers, at_ms) for leavers, at_ms in self._walking if t_ms - at_ms <= WALK_ON_MS]
        parts = [crowd, *(_walked_on(leavers, t_ms - at_ms) for leavers, at_ms in self._walking)]
        joined = Crowd(*(np.concatenate([getattr(part, name) for part in parts]) for name in Crowd.__slots__))
        return _only(joined, np.argsort(joined.numbers, kind="stable"))


class Approach:
    """Lets people who come into the store be seen on the street before, as a camera above the door sees them do.

    The twin puts somebody on the floor half a step before the door, too late for any camera to say from where. What
    is given is older than what was taken by `WALK_ON_MS`, so whoever comes by then is known by now.

    Args:
        doors_xy_m: (N, 2) where the doors are.
    """

    def __init__(self, doors_xy_m: NDArray[np.float64]) -> None:
        self._doors = doors_xy_m
        self._waiting: deque[tuple[int, Crowd]] = deque()
        self._known: NDArray[np.int64] | None = None

    def take(self, crowd: Crowd, t_ms: int) -> Iterator[tuple[int, Crowd]]:
        """Take the next instant's people and give those of earlier instants, with who was on the way to the door."""
        if self._known is not None:
            fresh = ~np.isin(crowd.numbers, self._known, assume_unique=True)
            fresh &= np.array([self._is_at_door(xy) for xy in crowd.xy_m], dtype=np.bool_)
            if fresh.any():
                self._walk_up(_only(crowd, fresh), t_ms)
        self._known = crowd.numbers
        self._waiting.append((t_ms, crowd))
        while self._waiting[0][0] <= t_ms - WALK_ON_MS:
            yield self._waiting.popleft()

    def rest(self) -> Iterator[tuple[int, Crowd]]:
        """Give what is left, as the run ends."""
        while self._waiting:
            yield self._waiting.popleft()

    def _is_at_door(self, xy_m: NDArray[np.float64]) -> bool:
        return bool((((self._doors - xy_m) ** 2).sum(axis=1) <= _DOOR_REACH_M**2).any())

    def _walk_up(self, comers: Crowd, t_ms: int) -> None:
        for place, (then_ms, crowd) in enumerate(self._waiting):
            parts = (crowd, _walked_on(comers, then_ms - t_ms))
            joined = Crowd(*(np.concatenate([getattr(part, name) for part in parts]) for name in Crowd.__slots__))
            self._waiting[place] = (then_ms, _only(joined, np.argsort(joined.numbers, kind="stable")))


def _only(crowd: Crowd, kept: NDArray[np.bool_] | NDArray[np.intp]) -> Crowd:
    return Crowd(*(getattr(crowd, name)[kept] for name in Crowd.__slots__))


def _walked_on(crowd: Crowd, passed_ms: int) -> Crowd:
    speed_m_s = np.maximum(crowd.speed_m_s, _LEAVING_M_S)
    xy_m = crowd.xy_m + crowd.heading * (speed_m_s * passed_ms / 1000)[:, None]
    return replace(crowd, xy_m=xy_m, speed_m_s=speed_m_s)


_NOBODY = Crowd(
    *(np.empty(0, np.int64), np.empty((0, 2)), np.empty(0), np.empty(0), np.empty((0, 2)), np.empty(0)),
    *(np.empty(0, np.bool_), np.empty(0, np.bool_)),
)
