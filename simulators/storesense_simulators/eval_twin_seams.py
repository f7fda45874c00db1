"""Whether people keep their number as they pass from one camera's floor to the next."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from storesense_simulators.eval_twin_report import ratio

if TYPE_CHECKING:
    from numpy.typing import NDArray

MATCH_M = 0.7
"""Somebody who is followed is the nearest person who is truly there, up to this far away."""
SETTLED_MS = 2_000
"""On another camera's floor for this long, somebody has passed to it."""
LOST_MS = 5_000
"""Not followed for longer than this, somebody has been lost rather than handed over."""


LEAST_SAMPLES = 2
"""A number that somebody has borne at a camera for fewer seconds is not judged there."""


@dataclass(slots=True)
class SeamFigures:
    """Passings from floor to floor, who kept their number, and numbers that were several people's."""

    passed: int = 0
    kept: int = 0
    _bearers: dict[int, dict[str, Counter[int]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Counter))
    )
    _known: dict[int, tuple[str, int, int]] = field(default_factory=dict)
    _new: dict[int, tuple[str, int]] = field(default_factory=dict)

    def sample(
        self,
        device_id: str,
        t_ms: int,
        *,
        people: NDArray[np.int64],
        people_xy_m: NDArray[np.float64],
        found: NDArray[np.int64],
        found_xy_m: NDArray[np.float64],
    ) -> None:
        """Take whom one camera follows on its own floor, and who is truly there.

        Args:
            device_id: which camera.
            t_ms: when.
            people: (N,) who is truly there.
            people_xy_m: (N, 2) where.
            found: (M,) the floor's numbers of those who are followed.
            found_xy_m: (M, 2) where they are taken to be.
        """
        if not len(people) or not len(found):
            return
        away_m = np.linalg.norm(people_xy_m[:, None] - found_xy_m[None], axis=2)
        for row, column in enumerate(away_m.argmin(axis=1).tolist()):
            # Nobody is matched whose nearest is nearer to somebody else.
            if away_m[row, column] <= MATCH_M and away_m[:, column].argmin() == row:
                self._see(int(people[row]), device_id, int(found[column]), t_ms)

    def _see(self, person: int, device_id: str, number: int, t_ms: int) -> None:
        self._bearers[number][device_id][person] += 1
        known = self._known.get(person)
        if known is None or known[0] == device_id or t_ms - known[2] > LOST_MS:
            self._known[person] = (device_id, number, t_ms)
            self._new.pop(person, None)
            return
        since = self._new.get(person)
        if since is None or since[0] != device_id:
            self._new[person] = (device_id, t_ms)
        elif t_ms - since[1] >= SETTLED_MS:
            self.passed += 1
            self.kept += number == known[1]
            self._known[person] = (device_id, number, t_ms)
            del self._new[person]

    def told(self) -> dict[str, Any]:
        """Return the figures."""
        handed = mixed = 0
        for cameras in self._bearers.values():
            bearers = [people.most_common(1)[0][0] for people in cameras.values() if people.total() >= LEAST_SAMPLES]
            handed += len(bearers) > 1
            mixed += len(set(bearers)) > 1
        return {
            "passed": self.passed,
            "kept": self.kept,
            "kept_ratio": ratio(self.kept, self.passed),
            "handed": handed,
            "mixed": mixed,
            "mixed_ratio": ratio(mixed, handed),
        }
