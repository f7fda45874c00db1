"""Numbers on a command's line, each within its bounds."""

import argparse
import math
from collections.abc import Callable

_MOST_DIGITS = 20
_YEAR_S = 31_536_000.0


def number(
    least: float, most: float, unit: str = "", *, is_above: bool = False, is_below: bool = False
) -> Callable[[str], float]:
    """Return what reads a number from ``least`` to ``most``, for ``add_argument(type=…)``.

    Args:
        least: the lower bound.
        most: the upper bound.
        unit: what it counts, for the message, such as "seconds".
        is_above: the lower bound itself is out.
        is_below: the upper bound itself is out.
    """
    low = f"above {least:.12g}" if is_above else f"from {least:.12g}"
    high = f"to below {most:.12g}" if is_below else f"to {most:.12g}"
    wanted = f"number{f' of {unit}' if unit else ''} {low} {high}"

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        is_in = (value > least if is_above else value >= least) and (value < most if is_below else value <= most)
        if not is_in:
            raise argparse.ArgumentTypeError(f"{text!r} is no {wanted}")
        return value

    return read


def whole_number(least: int, most: int, unit: str = "") -> Callable[[str], int]:
    """Return what reads a whole number from ``least`` (0 or more) to ``most``; ``unit`` as for ``number``."""

    def read(text: str) -> int:
        is_whole = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
        if not is_whole or not least <= int(text) <= most:
            wanted = f"whole number{f' of {unit}' if unit else ''} from {least} to {most}"
            raise argparse.ArgumentTypeError(f"{text!r} is no {wanted}")
        return int(text)

    return read


port = whole_number(0, 65_535)
"""Reads the number of a port; 0 lets the system choose."""

seed = whole_number(0, 2**63 - 1)
"""Reads the root of all chance."""

duration = number(0, _YEAR_S, "seconds", is_above=True)
"""Reads how long something lasts: seconds above 0 and up to a year."""
