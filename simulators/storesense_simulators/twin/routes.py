"""Ways of the twin's people: the store's navigation, asked so that its answers can be used again."""

from storesense_simulators.twin.chance import Dice
from storesense_simulators.twin.ground import Ground
from storesense_simulators.twin.navigation import Navigation
from storesense_simulators.twin.shop import Point, Shop

_SNAP_M = 0.25
_ASIDE_M = 0.25


class Routes:
    """Finds ways between spots.

    Starts are moved to the middles of cells of 0.25 m, since navigation remembers what is seen from each start.
    """

    def __init__(self, shop: Shop, ground: Ground) -> None:
        self._navigation = Navigation(shop)
        self._ground = ground
        self._outside = {door.outside for door in shop.doors}

    def way(self, start: Point, goal: Point) -> list[Point]:
        """Return the corners of the shortest way to the free spot nearest to ``goal``, which ends it.

        Raises:
            NoWayError: walls lie between them.
        """
        if goal not in self._outside and self._ground.is_straight(start, goal) and self._navigation.sees(start, goal):
            return [goal]
        return list(self._navigation.path(self._snapped(start), goal))

    def beside(self, spot: Point, facing: Point, dice: Dice) -> Point:
        """Return a spot in front of the same shelf, up to two steps along it, so that not all stand on one point."""
        along = (dice.whole(-2, 2)) * _ASIDE_M
        aside = (spot[0] - facing[1] * along, spot[1] + facing[0] * along)
        return aside if self._navigation.is_free(aside) and self._ground.is_straight(spot, aside) else spot

    def _snapped(self, spot: Point) -> Point:
        middle = (
            (int(spot[0] / _SNAP_M) + 0.5) * _SNAP_M,
            (int(spot[1] / _SNAP_M) + 0.5) * _SNAP_M,
        )
        near = self._navigation.is_free(middle) and self._ground.is_straight(spot, middle)
        return middle if near else spot
