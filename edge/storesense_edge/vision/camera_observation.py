"""What a camera saw and counted, as plain values; none of them says who anybody is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from storesense_edge.vision.lines import Crossing
    from storesense_edge.vision.queues import QueueSample


@dataclass(frozen=True, slots=True)
class CameraObservation:
    """What one picture told. No track, place or picture is in it.

    Attributes:
        at_s: its time.
        people: how many are in view.
        crossings: lines crossed, as completed by this picture.
        occupancy: people in each zone, in the order of the plan (picture shapes first).
        queues: each queue, in that order.
    """

    at_s: float
    people: int
    crossings: tuple[Crossing, ...]
    occupancy: tuple[int, ...]
    queues: tuple[QueueSample, ...]


@dataclass(frozen=True, slots=True, eq=False)
class FloorPlaces:
    """Who is where on the floor, half a second ago; for this box alone.

    Attributes:
        at_s: when.
        numbers: (N,) this camera's numbers of the people seen.
        points_xy_m: (N, 2) where they stand, finite.
        present: numbers of everybody who is here, those not seen just now included.
        staff: of these, whom this camera by itself knows to work here.
    """

    at_s: float
    numbers: NDArray[np.int64]
    points_xy_m: NDArray[np.float64]
    present: frozenset[int]
    staff: frozenset[int] = frozenset()


class Neighbours(Protocol):
    """The other cameras of a floor, as far as one camera needs them."""

    def see(self, places: FloorPlaces) -> frozenset[int]:
        """Take whom this camera follows, and return who of them is known to work here, by whatever camera."""


@dataclass(frozen=True, slots=True)
class LineCount:
    """Crossings of a line since the last count.

    Attributes:
        line_id: which line.
        entered: crossings in.
        left: crossings out.
        staff_entered: of those in, people known to work here.
        staff_left: of those out, people known to work here.
    """

    line_id: str
    entered: int
    left: int
    staff_entered: int = 0
    staff_left: int = 0
