"""Whom the cameras of one floor follow, each under numbers of its own, and how far from one another they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LONG_STEP_S = 0.25
"""Of the time between two pictures no more than this counts as seen together."""
_PACE_S = 0.6
"""Time constant over which somebody's pace is judged."""
_MEAN_S = 3.0
"""How far apart two are is judged over the last seconds, up to this many."""


@dataclass(slots=True, eq=False)
class Follower:
    """Somebody as one camera follows them; it stays on the device.

    Attributes:
        camera_id: which camera.
        number: the camera's number for them.
        whole: the floor's number, the same at every camera.
        first_s: when they were first seen.
        first_xy: (2,) where, floor metres.
        seen_s: when they were seen last.
        xy: (2,) where.
        pace: (2,) metres a second.
        is_settled: True once nobody is looked for who they might have been at another camera.
        works: True while they are known to work here, by whatever camera.
        beside_s: when somebody else whom their camera follows was last beside them; one may go under the other's
            number since.
    """

    camera_id: str
    number: int
    whole: int
    first_s: float
    first_xy: NDArray[np.float64]
    seen_s: float
    xy: NDArray[np.float64]
    pace: NDArray[np.float64] = field(default_factory=lambda: np.zeros(2))
    is_settled: bool = False
    works: bool = False
    beside_s: float = float("-inf")

    def at(self, at_s: float) -> NDArray[np.float64]:
        """Return where they are at a time near to that of the last sighting."""
        place: NDArray[np.float64] = self.xy + self.pace * (at_s - self.seen_s)
        return place

    def see(self, xy: NDArray[np.float64], at_s: float) -> None:
        """Take a sighting, no earlier than the last."""
        passed_s = at_s - self.seen_s
        if passed_s > 0:
            known_s = self.seen_s - self.first_s
            share = max(-np.expm1(-passed_s / _PACE_S), passed_s / (passed_s + known_s))
            self.pace = self.pace + share * ((xy - self.xy) / passed_s - self.pace)
        self.xy, self.seen_s = xy, max(at_s, self.seen_s)

    def is_alone(self, for_s: float) -> bool:
        """Whether nobody had been beside them for so long when they were last seen."""
        return self.seen_s - self.beside_s > for_s


def beside(followers: list[Follower], reach_m: float) -> list[Follower]:
    """Return those of one camera's people who are within reach of another one of them."""
    if len(followers) < 2:
        return []
    xy = np.array([follower.xy for follower in followers])
    away_m = np.linalg.norm(xy[:, None] - xy[None], axis=2)
    np.fill_diagonal(away_m, np.inf)
    return [followers[row] for row in np.flatnonzero((away_m <= reach_m).any(axis=1)).tolist()]


@dataclass(slots=True)
class Pair:
    """Two whom two cameras see at once.

    Attributes:
        at_s: when they were last compared.
        mean_m: how far apart they have been, on average.
        together_s: for how long they have been compared.
        apart_s: for how long they have been far apart without a break.
    """

    at_s: float
    mean_m: float = 0.0
    together_s: float = 0.0
    apart_s: float = 0.0

    def see(self, away_m: float, at_s: float, apart_m: float) -> None:
        """Take how far apart they are now; further than ``apart_m`` is far apart."""
        passed_s = min(max(at_s - self.at_s, 0.0), _LONG_STEP_S)
        self.at_s = max(at_s, self.at_s)
        self.together_s += passed_s
        # A mean of all at first, then of the last seconds.
        self.mean_m += (away_m - self.mean_m) * (passed_s / max(min(self.together_s, _MEAN_S), 1e-6))
        self.apart_s = self.apart_s + passed_s if away_m > apart_m else 0.0
