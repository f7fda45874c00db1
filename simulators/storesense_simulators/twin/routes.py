"""Ways of the twin's people: the store's navigation, asked so that its answers can be used again."""

import math

from storesense_simulators.twin.chance import Dice
from storesense_simulators.twin.ground import Ground
from storesense_simulators.twin.navigation import Navigation
from storesense_simulators.twin.plane import turn
from storesense_simulators.twin.shop import Door, Point, Shop

_SNAP_M = 0.25
_ASIDE_M = 0.25
_DOORSTEP_M = 2.5
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
        """Return the door that a spot is before, or within a step of; None for a spot inside."""
        for door in self._doors:
            dx, dy = spot[0] - door.outside[0], spot[1] - door.outside[1]
            if dx * dx + dy * dy > _DOORSTEP_M * _DOORSTEP_M:
                continue
            wx, wy = door.b[0] - door.a[0], door.b[1] - door.a[1]
            side = turn(door.a, door.b, spot)
            is_outside = (side < 0) == (turn(door.a, door.b, door.outside) < 0)
            if is_outside or abs(side) < _THRESHOLD_M * math.sqrt(wx * wx + wy * wy):
                return door
        return None
