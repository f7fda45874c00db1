"""How long to wait before trying again: doubling, bounded, and jittered so that many devices do not knock together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

_MAX_DOUBLINGS = 32


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits that double from ``base_s`` up to ``limit_s``.

    Attributes:
        base_s: the first wait, seconds.
        limit_s: no wait is longer, seconds.
    """

    base_s: float
    limit_s: float

    def wait_s(self, attempt: int, rng: random.Random) -> float:
        """Return the wait after failed attempt number ``attempt`` (from 0), between half and all of its step."""
        step_s = min(self.limit_s, self.base_s * 2.0 ** min(attempt, _MAX_DOUBLINGS))
        return step_s * (0.5 + 0.5 * rng.random())
