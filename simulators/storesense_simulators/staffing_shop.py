"""What a recorded day is lived with at the tills: the store, what a policy is told, and how the day went."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from storesense_simulators.twin.ground import Ground
from storesense_simulators.twin.shop import Shop, TillKind
from storesense_simulators.twin.spots import LineSpots


class Visit(NamedTuple):
    """A wait that ended and what followed, as a camera over a queue tells it when it is over."""

    t_ms: int
    queue_id: str
    is_served: bool
    wait_ms: int
    service_ms: int


@dataclass(slots=True)
class TillView:
    """What sensors tell a policy; nothing of the future, and nothing of whom no camera sees.

    Attributes:
        now_ms: of the day.
        lengths: who waits in each queue.
        open_lanes: staffed lanes that take customers.
        coming_lanes: staffed lanes that have been asked for and not opened yet.
        entered: people counted in at the entrances since the view was last given.
        joined: people seen to join each queue since then.
        visits: visits that ended since then.
    """

    now_ms: int
    lengths: Mapping[str, int]
    open_lanes: tuple[str, ...]
    coming_lanes: int
    entered: int
    joined: Mapping[str, int]
    visits: tuple[Visit, ...]


class LanePolicy(Protocol):
    """Says how many staffed lanes there should be."""

    every_ms: int
    """How often it is asked."""

    def lanes(self, view: TillView) -> int:
        """Return how many staffed lanes should be open, those that are on the way to it included."""


@dataclass(frozen=True, slots=True)
class TillOutcome:
    """How a day went.

    Attributes:
        waits_ms: of everybody who joined a queue, until called or given up, over all queues that they waited in.
        reneged_waits_ms: of those who gave up waiting, how long they had waited.
        balked: who saw the queues and left.
        lane_h: hours in which staffed lanes were open.
        switches: lanes that opened after the beginning.
        joined_ms: when people first joined a queue.
    """

    waits_ms: tuple[int, ...]
    reneged_waits_ms: tuple[int, ...]
    balked: int
    lane_h: float
    switches: int
    joined_ms: tuple[int, ...]

    @property
    def reneged(self) -> int:
        """How many gave up waiting."""
        return len(self.reneged_waits_ms)


class TillShop:
    """What the days of a store have in common.

    Args:
        shop: the store.
        lead_ms: from asking for a lane to its being staffed.
    """

    def __init__(self, shop: Shop, *, lead_ms: int) -> None:
        self.shop = shop
        self.lead_ms = lead_ms
        self.spots = LineSpots(shop, Ground.of(shop))
        self.staffed = tuple(till.lane_id for till in shop.tills if till.kind is TillKind.STAFFED and till.queue_id)
        kinds: dict[str, set[TillKind]] = {}
        for till in shop.tills:
            kinds.setdefault(till.queue_id, set()).add(till.kind)
        self.is_self = {path.queue_id: kinds[path.queue_id] == {TillKind.SELF_CHECKOUT} for path in shop.queues}
        self.stations = {
            path.queue_id: sum(till.stations for till in shop.tills if till.queue_id == path.queue_id)
            for path in shop.queues
        }
        self.queue_of = {till.lane_id: till.queue_id for till in shop.tills}
