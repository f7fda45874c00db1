"""The people in the store at one instant, as a camera would find them: where, how tall, how wide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from storesense_simulators.twin.people import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from storesense_simulators.twin.people import People


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
