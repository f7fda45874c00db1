"""The tracks after a picture, as whoever measures them sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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
