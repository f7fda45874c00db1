"""Random numbers that are the same wherever and whenever a seed is used again."""

import random


def stream(seed: int, name: str) -> random.Random:
    """Return the generator of one concern of a simulation.

    Each concern (arrivals, staff, noise) draws from its own, so that a change in one leaves the others' numbers alone.
    A text seed is hashed by the standard library in a way that does not differ between machines or versions.
    """
    return random.Random(f"{seed}/{name}")  # noqa: S311 -- a simulation needs repeatable numbers, not secret ones
