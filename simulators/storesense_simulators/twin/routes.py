"""Ways of the twin's people: the store's navigation, asked so that its answers can be used again."""

from storesense_simulators.twin.chance import Dice
from storesense_simulators.twin.ground import Ground
from storesense_simulators.twin.navigation import Navigation
from storesense_simulators.twin.shop import Door, Point, Shop

_SNAP_M = 0.25
_ASIDE_M = 0.25
_THRESHOLD_M = 0.4


class Routes:
    """Finds ways between spots.

    Starts are moved to the middles of cells of 0.25 m, since navigation remembers what is seen from each start. It
    knows no ways through doors either; here a spot before a door, or in it, is reached by the spot inside.
    """

    def __init__(self, shop: Shop, ground: Ground) -> None:
        self._navigation = Navigation(shop)
        self._ground = ground
        self._doors = shop.doors

    def way(self, start: Point, goal: Point) -> list[Point]:
        """Return the corners of the shortest way to the free spot nearest to ``goal``, which ends it.

        Raises:
            NoWayError: walls lie between them.
        """
        first, last = self._door_at(start), self._door_at(goal)
        if first is not None and first is last:
            return [goal]
        lead = [] if first is None else [first.inside]
        tail = [] if last is None else [goal]
        begin = start if first is None else first.inside
        end = goal if last is None else last.inside
        return [*lead, *self._walk(begin, end), *tail]

    def beside(self, spot: Point, facing: Point, dice: Dice) -> Point:
        """Return a spot in front of the same shelf, up to two steps along it, so that not all stand on one point."""
        along = (dice.whole(-2, 2)) * _ASIDE_M
        aside = (spot[0] - facing[1] * along, spot[1] + facing[0] * along)
        return aside if self._navigation.is_free(aside) and self._ground.is_straight(spot, aside) else spot

    def _walk(self, start: Point, goal: Point) -> list[Point]:
        if self._ground.is_straight(start, goal) and self._navigation.sees(start, goal):
            return [goal]
        return list(self._navigation.path(self._snapped(start), goal))

    def _snapped(self, spot: Point) -> Point:
        middle = ((int(spot[0] / _SNAP_M) + 0.5) * _SNAP_M, (int(spot[1] / _SNAP_M) + 0.5) * _SNAP_M)
        near = self._navigation.is_free(middle) and self._ground.is_straight(spot, middle)
        return middle if near else spot

    def _door_at(self, spot: Point) -> Door | None:
        """Return the door that a spot is in, or the nearest one to a spot outside; None for a spot inside."""
        if self._navigation.is_inside(spot) and not self._ground.is_near_line(spot):
            return None  # doors are marked as lines are, so this is quicker and the same
        for door in self._doors:
            if _from_segment(door.a, door.b, spot) < _THRESHOLD_M * _THRESHOLD_M:
                return door
        if self._navigation.is_inside(spot):
            return None
        return min(self._doors, key=lambda door: _from_segment(door.a, door.b, spot))


def _from_segment(a: Point, b: Point, spot: Point) -> float:
    """Return the squared distance from a spot to the segment from ``a`` to ``b``."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    square = dx * dx + dy * dy
    along = 0.0 if square == 0 else max(0.0, min(1.0, ((spot[0] - a[0]) * dx + (spot[1] - a[1]) * dy) / square))
    off_x, off_y = spot[0] - a[0] - along * dx, spot[1] - a[1] - along * dy
    return off_x * off_x + off_y * off_y
