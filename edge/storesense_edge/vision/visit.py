"""One visit: from when to when, and whether its beginning and its end were seen at a way in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storesense_edge.vision.presence import Stay


@dataclass(slots=True, eq=False)
class Visit:
    """One visit to one area. It stays on the device.

    Attributes:
        area: index of the area.
        first_s: first sighting inside.
        last_s: last sighting inside.
        last_xy: where that was.
        came: whether it began at a way in.
        works: whether it is somebody's who is known to work here, as of the last sighting.
        told_s: how much of it has been told as presence.
        slow_s: time spent slow inside, of stays that are over.
        went: whether it ended at a way in.
        over_s: since when no number stands for it; None while one does.
        beside: whether somebody else was here from before it until after it.
        stays: the stays that are open.
    """

    area: int
    first_s: float
    last_s: float
    last_xy: tuple[float, float]
    came: bool
    works: bool
    told_s: float
    slow_s: float = 0.0
    went: bool = False
    over_s: float | None = None
    beside: bool = False
    stays: list[Stay] = field(default_factory=list)

    @property
    def dwell_s(self) -> float:
        """Time from the first to the last sighting inside."""
        return self.last_s - self.first_s

    def unite(self, other: Visit) -> None:
        """Take in another visit that turned out to be this one; what was told of either is not told again."""
        told_until_s = max(self.first_s + self.told_s, other.first_s + other.told_s)
        self.first_s = min(self.first_s, other.first_s)
        self.told_s = told_until_s - self.first_s
        self.reach(other.last_s, other.last_xy)
        self.came, self.went = self.came or other.came, self.went or other.went
        self.works = self.works or other.works
        self.slow_s += other.slow_s

    def reach(self, last_s: float, last_xy: tuple[float, float]) -> None:
        """Let it last until a sighting, if that is later."""
        if last_s >= self.last_s:
            self.last_s, self.last_xy = last_s, last_xy
