"""How long to wait before trying again: longer each time, and never in step with others."""


def backoff_s(attempt: int, *, chance: float, base_s: float = 0.1, cap_s: float = 3.0) -> float:
    """Return the wait before the next try, in seconds.

    Half of the exponential delay is certain and half is left to chance ("equal jitter"), so that nobody hammers and
    nobody marches in step.

    Args:
        attempt: how many tries failed so far, 1 or more.
        chance: a random number in 0..1.
        base_s: the delay after the first failure.
        cap_s: the longest delay.
    """
    if attempt < 1 or not 0.0 <= chance <= 1.0:
        raise ValueError("backoff needs attempt >= 1 and chance in 0..1")
    delay_s = min(cap_s, base_s * 2.0 ** min(attempt - 1, 30))
    return delay_s / 2 + delay_s / 2 * chance
