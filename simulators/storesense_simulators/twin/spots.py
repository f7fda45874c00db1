"""Where people stand who wait: the spots of a line as planned, and more behind them when it grows longer."""

from storesense_simulators.twin.ground import Ground
from storesense_simulators.twin.shop import Point, QueuePath, Shop

_MORE = 60
_PITCH_M = 0.75
_REACH = 9
_APART_M = 0.6


class LineSpots:
    """The spots of every queue.

    Who comes when all planned spots are taken stands as near to the last one as there is room, away from the spots of
    other lines and from the tills.
    """

    def __init__(self, shop: Shop, ground: Ground) -> None:
        self._spots: dict[str, list[Point]] = {}
        taken = [spot for path in shop.queues for spot in path.spots]
        taken += [spot for till in shop.tills for spot in till.customers]
        for path in shop.queues:
            more = _overflow(path, taken, ground)
            taken += more[:10]
            self._spots[path.queue_id] = [*path.spots, *more]

    def spot(self, queue_id: str, place: int) -> Point:
        """Return the spot of a place in a queue, 0 at the front."""
        spots = self._spots[queue_id]
        return spots[min(place, len(spots) - 1)]


def _overflow(path: QueuePath, taken: list[Point], ground: Ground) -> list[Point]:
    last = path.spots[-1]
    near = [
        (last[0] + i * _PITCH_M, last[1] + j * _PITCH_M)
        for i in range(-_REACH, _REACH + 1)
        for j in range(-_REACH, _REACH + 1)
    ]
    near.sort(key=lambda spot: (_square(spot, last), spot))
    more: list[Point] = []
    for spot in near:
        if len(more) == _MORE:
            break
        is_apart = all(_square(spot, other) >= _APART_M * _APART_M for other in taken)
        if is_apart and ground.is_free(*spot) and ground.is_straight(last, spot):
            more.append(spot)
    return more


def _square(a: Point, b: Point) -> float:
    return (a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1])
