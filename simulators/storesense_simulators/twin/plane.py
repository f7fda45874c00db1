"""Plane geometry of plans: rectangles from corners, strips along lines, spots in a row, and which side is which."""

import itertools
import math
from collections.abc import Sequence

import numpy as np

from storesense_simulators.twin.people import Flags, Floats
from storesense_simulators.twin.shop import Point, Polygon


def rectangle(a: Point, b: Point) -> Polygon:
    """Return the rectangle between two corners, its upper left corner first, then clockwise as drawn."""
    low = (min(a[0], b[0]), min(a[1], b[1]))
    high = (max(a[0], b[0]), max(a[1], b[1]))
    return (low, (high[0], low[1]), high, (low[0], high[1]))


def area(points: Sequence[Point]) -> Polygon:
    """Return a polygon of its points; two of them are the corners of a rectangle."""
    return rectangle(points[0], points[1]) if len(points) == 2 else tuple(points)


def bounds(points: Sequence[Point]) -> tuple[Point, Point]:
    """Return the upper left and the lower right corner around points."""
    return (min(p[0] for p in points), min(p[1] for p in points)), (
        max(p[0] for p in points),
        max(p[1] for p in points),
    )


def centre(points: Sequence[Point]) -> Point:
    """Return the mean of points."""
    return (sum(p[0] for p in points) / len(points), sum(p[1] for p in points) / len(points))


def rounded(point: Point) -> Point:
    """Return a point to the millimetre, as files have it."""
    return (round(point[0], 3), round(point[1], 3))


def is_inside(polygon: Sequence[Point], point: Point) -> bool:
    """Tell whether ``point`` lies in ``polygon`` (even-odd rule; an edge belongs to one of its two sides)."""
    x, y = point
    inside = False
    ax, ay = polygon[-1]
    for bx, by in polygon:
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            inside = not inside
        ax, ay = bx, by
    return inside


def turns(a: Point, b: Point, xy: Floats) -> Floats:
    """Twice the signed areas of (a, b, point) for points (2, N), as ``turn`` has them for one."""
    areas: Floats = (b[0] - a[0]) * (xy[1] - a[1]) - (b[1] - a[1]) * (xy[0] - a[0])
    return areas


def are_inside(polygon: Sequence[Point], xy: Floats) -> Flags:
    """Tell which of (2, N) points lie in a polygon, as ``is_inside`` does for one."""
    x, y = xy
    inside: Flags = np.zeros(len(x), dtype=np.bool_)
    ax, ay = polygon[-1]
    for bx, by in polygon:
        if ay != by:
            inside ^= ((ay > y) != (by > y)) & (x < (bx - ax) * (y - ay) / (by - ay) + ax)
        ax, ay = bx, by
    return inside


def spots_along(points: Sequence[Point], spacing_m: float) -> tuple[Point, ...]:
    """Return points ``spacing_m`` apart along a line, the first of which is its first point."""
    spots = [points[0]]
    left_m = spacing_m
    for a, b in itertools.pairwise(points):
        length = math.sqrt((b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2)
        at_m = left_m
        while at_m <= length + 1e-9:
            share = at_m / length
            spots.append((a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share))
            at_m += spacing_m
        left_m = at_m - length
    return tuple(rounded(spot) for spot in spots)


def strip(points: Sequence[Point], width_m: float) -> Polygon:
    """Return the area within half of ``width_m`` of a line, with square ends and mitred bends."""
    half = width_m / 2
    left: list[Point] = []
    right: list[Point] = []
    for index, point in enumerate(points):
        before = _direction(points[max(0, index - 1)], points[max(1, index)])
        after = _direction(points[min(index, len(points) - 2)], points[min(index + 1, len(points) - 1)])
        across = (-(before[1] + after[1]), before[0] + after[0])
        square = across[0] * across[0] + across[1] * across[1]
        # A hairpin would send its mitre far off; it is cut there.
        scale = half * 2 / square if square > 0.2 else 0.0
        along = 0.0 if 0 < index < len(points) - 1 else (half if index else -half)
        base = (point[0] + before[0] * along, point[1] + before[1] * along)
        left.append((base[0] + across[0] * scale, base[1] + across[1] * scale))
        right.append((base[0] - across[0] * scale, base[1] - across[1] * scale))
    return tuple(rounded(point) for point in (*left, *reversed(right)))


def _direction(a: Point, b: Point) -> Point:
    length = math.sqrt((b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2) or 1.0
    return ((b[0] - a[0]) / length, (b[1] - a[1]) / length)


def across_m(a: Point, b: Point, by_m: float) -> Point:
    """Return the point ``by_m`` to the right, as drawn, of the middle of a-b, looking from ``a`` to ``b``."""
    towards = _direction(a, b)
    middle = centre((a, b))
    return rounded((middle[0] - towards[1] * by_m, middle[1] + towards[0] * by_m))
