"""How a store opens before a visitor's eyes: a low slot and a group that comes in together, so that alerts follow."""

import dataclasses
from dataclasses import dataclass

from storesense_simulators.twin.chance import Dice
from storesense_simulators.twin.shop import Place, Point, PostKind, Shop


@dataclass(frozen=True, slots=True)
class Opening:
    """What happens in the first seconds, so that somebody who just looks in sees every part at work.

    Attributes:
        low_slots: how many weighed slots begin at their reorder point.
        nearly_low_share: so many of the others have only one to three units more than that.
        group_at_ms: when a group comes in.
        group_size: how many they are; each takes one thing near the door and goes to the tills.
    """

    low_slots: int = 1
    nearly_low_share: float = 0.3
    group_at_ms: int = 1_000
    group_size: int = 8


def opened(shop: Shop, opening: Opening, *, seed: int) -> Shop:
    """Return a store as it stands when it opens.

    Most slots hold between half and all that they can, some are about to run low, and the weighed ones nearest to the
    stock room hold only their reorder point, which staff can put right soonest.
    """
    dice = Dice(seed, "opening/stock")
    weighed = {cell.slot_id for cell in shop.cells}
    rooms = [post.at for post in shop.staff_posts if post.kind is PostKind.STOCK_ROOM]
    room = rooms[0] if rooms else shop.doors[0].inside
    near = sorted((place for place in shop.places if place.slot_id in weighed), key=lambda place: _from(room, place))
    low = {place.slot_id for place in near[: opening.low_slots]}
    places = []
    for place in shop.places:
        least = min(place.capacity_units, max(place.reorder_point_units + 1, place.capacity_units // 2))
        full = dice.whole(least, place.capacity_units)
        nearly = min(full, place.reorder_point_units + dice.whole(1, 3))
        first = nearly if dice.is_heads(opening.nearly_low_share) else full
        first = place.reorder_point_units if place.slot_id in low else first
        places.append(dataclasses.replace(place, first_units=first))
    return dataclasses.replace(shop, places=tuple(places))


def _from(start: Point, place: Place) -> float:
    dx, dy = place.spot[0] - start[0], place.spot[1] - start[1]
    return dx * dx + dy * dy
