"""How long to wait before trying again: doubling, bounded, and jittered so that not all come back at once."""


def backoff_s(attempt: int, chance: float, *, first_s: float = 0.2, longest_s: float = 10.0) -> float:
    """Return the pause before a further attempt, in seconds.

    Args:
        attempt: failures so far in a row, 1 or more.
        chance: a random number in 0..1; half of the pause is up to it.
        first_s: the pause after the first failure, before jitter.
        longest_s: the longest pause.
    """
    pause_s = min(longest_s, first_s * 2.0 ** min(attempt - 1, 30))
    return pause_s * (0.5 + 0.5 * chance)
