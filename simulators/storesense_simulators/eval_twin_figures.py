"""Measured figures beside true ones, one subject at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from storesense_edge.vision.zones import ZoneSample
    from storesense_simulators.twin.truth import TruthEvent

LEAST_VISIT_MS = 500
"""A shorter stay in a zone is no visit; see `storesense_edge.vision.zones.Zone`."""
WINDOW_S = 900.0
"""Waits are compared, and Little's law is used, over quarters of an hour."""


@dataclass(slots=True)
class LineTruth:
    """Crossings of one line, true and counted."""

    is_entrance: bool
    true_in: int = 0
    true_out: int = 0
    measured_in: int = 0
    measured_out: int = 0
    measured_units_in: int = 0

    @property
    def absolute_error(self) -> int:
        """How far off, summed over both directions."""
        return abs(self.true_in - self.measured_in) + abs(self.true_out - self.measured_out)


@dataclass(slots=True)
class ZoneFigures:
    """One zone: occupancy second by second, visits and person-seconds."""

    measured_now: int = 0
    samples: list[tuple[int, int]] = field(default_factory=list)
    true_dwells_s: list[float] = field(default_factory=list)
    true_presence_s: float = 0.0
    all_presence_s: float = 0.0
    visits: int = 0
    dwell_s: float = 0.0
    presence_s: float = 0.0

    def sample(self, people: int, *, everybody: int) -> None:
        """Note that ``everybody`` is truly inside, ``people`` of them in view, a second after the last sample."""
        self.samples.append((people, self.measured_now))
        self.true_presence_s += people
        self.all_presence_s += everybody

    def add(self, sample: ZoneSample) -> None:
        """Add what was measured since the last call."""
        self.presence_s += sample.presence_s
        self.visits += len(sample.visits)
        self.dwell_s += sum(visit.dwell_s for visit in sample.visits)


@dataclass(slots=True)
class QueueFigures:
    """One queue: its length second by second, and waits as (when service began, how long).

    Measured services stand in `services_told_s` with when they were told, tills that open or close in `opened` with
    when and how many.
    """

    measured_now: int = 0
    true_now: int = 0
    samples: list[tuple[int, int]] = field(default_factory=list)
    times_s: list[float] = field(default_factory=list)
    true_waits_s: list[tuple[float, float]] = field(default_factory=list)
    waits_s: list[tuple[float, float]] = field(default_factory=list)
    true_services_s: list[float] = field(default_factory=list)
    services_s: list[float] = field(default_factory=list)
    services_told_s: list[tuple[float, float]] = field(default_factory=list)
    opened: list[tuple[float, int]] = field(default_factory=list)
    true_reneged: int = 0
    abandoned: int = 0
    lost: int = 0

    def sample(self, at_s: float) -> None:
        """Note the true and the measured length now."""
        self.samples.append((self.true_now, self.measured_now))
        self.times_s.append(at_s)

    def add_measured(self, begun_s: float, wait_s: float, service_s: float | None, *, served: bool) -> None:
        """Add a measured visit."""
        if not served:
            self.abandoned += 1
            return
        self.waits_s.append((begun_s, wait_s))
        if service_s is not None:
            self.services_s.append(service_s)

    def window_errors(self) -> dict[str, float]:
        """Return by how much mean waits of windows are off, each weighted with the people truly served in it.

        Little's law takes the mean measured length of the window times its length over the measured number served in
        it, which is what an installation without waits of its own would do.

        Returns:
            Sums over windows: ``measured`` and ``little`` in person-seconds off, ``weight`` the true person-seconds.
        """
        sums = {"measured": 0.0, "little": 0.0, "weight": 0.0}
        last_s = self.times_s[-1] if self.times_s else 0.0
        for index in range(int(np.ceil(last_s / WINDOW_S))):
            low_s, high_s = index * WINDOW_S, (index + 1) * WINDOW_S
            true_s = [wait_s for at_s, wait_s in self.true_waits_s if low_s <= at_s < high_s]
            measured_s = [wait_s for at_s, wait_s in self.waits_s if low_s <= at_s < high_s]
            lengths = [m for at_s, (_, m) in zip(self.times_s, self.samples, strict=True) if low_s <= at_s < high_s]
            if not true_s:
                continue
            people, true_mean_s = len(true_s), float(np.mean(true_s))
            mean_s = float(np.mean(measured_s)) if measured_s else 0.0
            little_s = sum(lengths) / len(measured_s) if measured_s else 0.0
            sums["measured"] += people * abs(mean_s - true_mean_s)
            sums["little"] += people * abs(little_s - true_mean_s)
            sums["weight"] += people * true_mean_s
        return sums


STAFF_MATCH_M = 1.0
"""Somebody taken for staff is the nearest person who is truly there, up to this far away."""


@dataclass(slots=True)
class StaffFigures:
    """Staff of the people in view: their share of the time, and who was taken for staff each second."""

    people_s: float = 0.0
    staff_s: float = 0.0
    found_people_s: float = 0.0
    found_staff_s: float = 0.0
    unsure_s: float = 0.0
    right: int = 0
    taken: int = 0
    truly: int = 0

    def sample(
        self, found_xy_m: NDArray[np.float64], people_xy_m: NDArray[np.float64], is_staff: NDArray[np.bool_]
    ) -> None:
        """Note where people taken for staff are (M, 2), where people truly are (N, 2), and who of these is staff."""
        self.taken += len(found_xy_m)
        self.truly += int(is_staff.sum())
        free = np.ones(len(people_xy_m), dtype=np.bool_)
        for xy in found_xy_m:
            if not free.any():
                break
            away_m = np.where(free, np.hypot(*(people_xy_m - xy).T), np.inf)
            nearest = int(away_m.argmin())
            if away_m[nearest] <= STAFF_MATCH_M:
                free[nearest] = False
                self.right += int(is_staff[nearest])

    def told(self) -> dict[str, float | None]:
        """Return the figures."""
        return {
            "true_share": self.staff_s / self.people_s if self.people_s else None,
            "share": self.found_staff_s / self.found_people_s if self.found_people_s else None,
            "unsure_share": self.unsure_s / self.found_people_s if self.found_people_s else None,
            "precision": self.right / self.taken if self.taken else None,
            "recall": self.right / self.truly if self.truly else None,
        }


def share_within(samples: Sequence[tuple[int, int]], most: int) -> float | None:
    """Return the share of (true, measured) pairs that are no further apart than ``most``."""
    if not samples:
        return None
    return sum(abs(m - t) <= most for t, m in samples) / len(samples)


def is_visit(event: TruthEvent) -> bool:
    """Whether a zone that was left was visited, by the measure of the edge: by a customer, and for half a second."""
    return not event.is_staff and (event.dwell_ms or 0) >= LEAST_VISIT_MS


def heat_figures(
    grids: Sequence[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]],
) -> dict[str, Any]:
    """Compare heatmaps over those cells of all of them that their cameras see.

    Args:
        grids: (rows, columns) each: true seconds with everybody on the floor that they cover, as measured seconds are;
            measured seconds; true seconds with everybody in one point; which cells are seen.
    """
    if not grids:
        return {"true_s": 0.0, "measured_s": 0.0, "total_error_ratio": None, "correlation": None}
    true_s, measured_s, points_s = (np.concatenate([grid[kind][grid[3]] for grid in grids]) for kind in (0, 1, 2))
    total_s, all_s = float(true_s.sum()), sum(float(grid[0].sum()) for grid in grids)
    return {
        "true_s": total_s,
        "measured_s": float(measured_s.sum()),
        "total_error_ratio": (float(measured_s.sum()) - total_s) / total_s if total_s else None,
        "correlation": _correlation(true_s, measured_s),
        "point_correlation": _correlation(points_s, measured_s),
        "in_view_ratio": total_s / all_s if all_s else None,
    }


def _correlation(true_s: NDArray[np.float64], measured_s: NDArray[np.float64]) -> float | None:
    varies = len(true_s) > 1 and true_s.std() > 0 and measured_s.std() > 0
    return float(np.corrcoef(true_s, measured_s)[0, 1]) if varies else None
