"""Shares of counted things with how sure they are."""

import math

Z_95 = 1.959964
"""Standard deviations to either side that hold 95 % of a normal distribution."""


def share_bounds(hits: int, number: int) -> tuple[float, float]:
    """Return Wilson's 95 % bounds (1927) of the share that ``hits`` of ``number`` things stand for.

    They stay between 0 and 1 and are honest for few things too, also where none or all of them hit.

    Raises:
        ValueError: nothing was counted, or more hits than things.
    """
    if not 0 <= hits <= number or number == 0:
        raise ValueError(f"a share needs something counted, and at most all of it hit; got {hits} of {number}")
    share, z2 = hits / number, Z_95**2
    middle = (share + z2 / (2 * number)) / (1 + z2 / number)
    half = Z_95 * math.sqrt(share * (1 - share) / number + z2 / (4 * number**2)) / (1 + z2 / number)
    return max(0.0, middle - half), min(1.0, middle + half)
