"""Who goes over from the end of one line to another that has become shorter, as people do in front of tills.

The rule is the usual one for queues side by side (Koenigsberg, "On jockeying in queues", Management Science 12, 1966):
the last of a line goes over as soon as another line is shorter by two, so that fewer are before them there. People see
the lanes beside them; to a lane that has just opened they come from everywhere, since somebody calls. Nobody goes over
to self-checkout: they had the choice. Who is on the way to a line counts as in it.
"""

from collections.abc import Callable, Container, Mapping
from typing import NamedTuple

from storesense_simulators.twin.shop import Point
from storesense_simulators.twin.tills import Checkout

NEAR_M = 6.5
"""Between the heads of two lines that see each other: two lanes on either side."""


class Over(NamedTuple):
    """Somebody goes over."""

    person_no: int
    from_id: str
    to_id: str


def next_over(
    checkout: Checkout,
    under_way: Mapping[str, int],
    heads: Mapping[str, Point],
    may_join: Callable[[str], bool],
    *,
    opened: Container[str] = (),
) -> Over | None:
    """Return who goes over next: whoever gains most places by it; None when nobody gains.

    Args:
        checkout: lines and lanes.
        under_way: by queue, who has gone over to it and not reached it yet.
        heads: where each line begins.
        may_join: whether people go over to a queue at all.
        opened: queues with a lane that has just opened.
    """
    best: tuple[int, str, str] | None = None
    for to_id in checkout.queues:
        stations = checkout.open_stations(to_id)
        if stations == 0 or not may_join(to_id):
            continue
        before_there = (checkout.people_at(to_id) + under_way.get(to_id, 0)) // stations
        for from_id, line in checkout.queues.items():
            is_in_sight = to_id in opened or _square_m2(heads[from_id], heads[to_id]) <= NEAR_M * NEAR_M
            if from_id == to_id or not line.waiting or not is_in_sight:
                continue
            before_here = (checkout.people_at(from_id) - 1) // max(1, checkout.open_stations(from_id))
            gain = before_here - before_there
            if gain >= 1 and (best is None or (gain, from_id, to_id) > best):
                best = (gain, from_id, to_id)
    if best is None:
        return None
    return Over(checkout.queues[best[1]].waiting[-1].person_no, best[1], best[2])


def _square_m2(a: Point, b: Point) -> float:
    return (a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1])
