"""Points and sizes of pictures on a command's line."""

import argparse

_MOST_M = 1e5
_LEAST_PX, _MOST_PX = 16, 16_384


def pair(text: str) -> tuple[tuple[float, float], tuple[float, float]]:
    """Read a point of the picture and where it is on the floor, such as ``0.1,0.4=12.7,21.2``.

    Raises:
        argparse.ArgumentTypeError: it is no pair.
    """
    try:
        seen, there = text.split("=")
        u, v = (float(number) for number in seen.split(","))
        x_m, y_m = (float(number) for number in there.split(","))
        is_in = 0 <= u <= 1 and 0 <= v <= 1 and abs(x_m) < _MOST_M and abs(y_m) < _MOST_M
    except ValueError:
        is_in = False
    if not is_in:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no pair; write U,V=X,Y with U and V from 0 to 1 and X and Y in metres, such as .1,.4=12.7,21"
        )
    return (u, v), (x_m, y_m)


def frame_size(text: str) -> tuple[int, int]:
    """Read the width and height of pictures, such as ``1280x720``.

    Raises:
        argparse.ArgumentTypeError: it is no size.
    """
    try:
        width, height = (int(number) for number in text.lower().split("x"))
        is_in = _LEAST_PX <= width <= _MOST_PX and _LEAST_PX <= height <= _MOST_PX
    except ValueError:
        is_in = False
    if not is_in:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no size of a picture; write WxH from {_LEAST_PX} to {_MOST_PX} pixels each, such as 1280x720"
        )
    return width, height
