"""Points in a plane: lengths, areas, edges that cross, points on one line. No arrays, for who has few points."""

import math
from collections.abc import Sequence

Point = tuple[float, float]

_FLAT = 1e-3
"""Points whose spread across is this share of their spread along lie on one line."""


def distance(a: Point, b: Point) -> float:
    """Return how far two points are from each other."""
    return math.hypot(b[0] - a[0], b[1] - a[1])


def polygon_area(corners: Sequence[Point]) -> float:
    """Return the area that corners enclose, 0 or more."""
    doubled = 0.0
    for index, (x, y) in enumerate(corners):
        next_x, next_y = corners[(index + 1) % len(corners)]
        doubled += x * next_y - next_x * y
    return abs(doubled) / 2


def turn(a: Point, b: Point, c: Point) -> float:
    """Return twice the signed area of a triangle: negative where ``c`` is left of a→b on a plan whose y runs down."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _within(a: Point, b: Point, c: Point) -> bool:
    return min(a[0], b[0]) <= c[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= c[1] <= max(a[1], b[1])


def segments_meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Return whether two segments cross or touch."""
    sides = (turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b))
    if sides[0] * sides[1] < 0 and sides[2] * sides[3] < 0:
        return True
    touching = ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    return any(side == 0 and _within(*three) for side, three in zip(sides, touching, strict=True))


def crossing_edges(corners: Sequence[Point]) -> tuple[int, int] | None:
    """Return the first two edges of a polygon that meet though they are no neighbours, None if there are none.

    Edge ``n`` runs from corner ``n`` to the next.
    """
    count = len(corners)
    for first in range(count):
        for second in range(first + 2, count):
            if first == 0 and second == count - 1:
                continue
            ends = (corners[first], corners[first + 1], corners[second], corners[(second + 1) % count])
            if segments_meet(*ends):
                return (first, second)
    return None


def covers(corners: Sequence[Point], points: Sequence[Point]) -> bool:
    """Return whether points and the edges between them, in their order, lie within a polygon; its edge is within."""
    if not all(_is_within(corners, point) for point in points):
        return False
    ends = list(zip(corners, [*corners[1:], corners[0]], strict=True))
    ways = zip(points, [*points[1:], points[0]], strict=True)
    return not any(_do_cross(a, b, c, d) for a, b in ways for c, d in ends)


def _is_within(corners: Sequence[Point], point: Point) -> bool:
    inside = False
    x, y = point
    for (ax, ay), (bx, by) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if turn((ax, ay), (bx, by), point) == 0 and _within((ax, ay), (bx, by), point):
            return True
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            inside = not inside
    return inside


def _do_cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    return turn(a, b, c) * turn(a, b, d) < 0 and turn(c, d, a) * turn(c, d, b) < 0


def lies_on_a_line(points: Sequence[Point]) -> bool:
    """Return whether points, or all but any one of them, lie nearly on one line: too little to match a plane by."""
    return _is_flat(points) or any(_is_flat([*points[:index], *points[index + 1 :]]) for index in range(len(points)))


def _is_flat(points: Sequence[Point]) -> bool:
    count = len(points)
    mean_x, mean_y = sum(x for x, _ in points) / count, sum(y for _, y in points) / count
    xx = sum((x - mean_x) ** 2 for x, _ in points)
    yy = sum((y - mean_y) ** 2 for _, y in points)
    xy = sum((x - mean_x) * (y - mean_y) for x, y in points)
    middle, spread = (xx + yy) / 2, math.hypot((xx - yy) / 2, xy)
    along, across = math.sqrt(max(0.0, middle + spread)), math.sqrt(max(0.0, middle - spread))
    return along <= 0 or across < _FLAT * along
