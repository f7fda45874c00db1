"""Plane geometry of the floor: metres, x to the right, y down the plan."""

import math
from collections.abc import Sequence

Point = tuple[float, float]


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


def turn(a: Point, b: Point, point: Point) -> float:
    """Return twice the signed area of (a, b, point): negative when ``point`` is left of a→b on the drawn plan."""
    return (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0])


def crosses(a: Point, b: Point, start: Point, end: Point) -> bool:
    """Tell whether the step from ``start`` to ``end`` goes through the segment from ``a`` to ``b``.

    A point on the line belongs to its right side, so two steps that meet on the line cross it exactly once.
    """
    return (turn(a, b, start) < 0) != (turn(a, b, end) < 0) and ((turn(start, end, a) < 0) != (turn(start, end, b) < 0))


def segment_distance_m(a: Point, b: Point, point: Point) -> float:
    """Return how far ``point`` is from the segment from ``a`` to ``b``."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    square = dx * dx + dy * dy
    along = 0.0 if square == 0 else max(0.0, min(1.0, ((point[0] - a[0]) * dx + (point[1] - a[1]) * dy) / square))
    return math.hypot(point[0] - a[0] - along * dx, point[1] - a[1] - along * dy)


def middle(points: Sequence[Point]) -> Point:
    """Return the mean of the points."""
    return (sum(p[0] for p in points) / len(points), sum(p[1] for p in points) / len(points))


def toward(start: Point, end: Point, step_m: float) -> Point:
    """Return the point ``step_m`` from ``start`` on the way to ``end``, or ``end`` if that is nearer."""
    distance_m = math.dist(start, end)
    if distance_m <= step_m:
        return end
    share = step_m / distance_m
    return (start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share)
