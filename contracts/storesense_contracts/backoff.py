"""How long to wait before trying again: doubling, bounded, and jittered so that many do not knock together."""

from dataclasses import dataclass

_MAX_DOUBLINGS = 32


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits that double from ``base_s`` up to ``limit_s``.

    Half of each wait is certain and half is left to chance ("equal jitter"), so that nobody hammers and nobody
    marches in step.

    Attributes:
        base_s: the wait after the first failure, seconds.
        limit_s: no wait is longer, seconds.
    """

    base_s: float
    limit_s: float

    def wait_s(self, failures: int, chance: float) -> float:
        """Return the wait before the next try, in seconds.

        Args:
            failures: how many tries failed in a row, 1 or more.
            chance: a random number in 0..1.
        """
        if failures < 1 or not 0.0 <= chance <= 1.0:
            raise ValueError("a backoff needs 1 failure or more, and a chance in 0..1")
        step_s = min(self.limit_s, self.base_s * 2.0 ** min(failures - 1, _MAX_DOUBLINGS))
        return step_s * (0.5 + 0.5 * chance)
