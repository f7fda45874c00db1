"""Who waits where: the lines in front of the tills, first come, first called."""

from dataclasses import dataclass, field
from typing import NamedTuple

from storesense_simulators.twin.shop import Point


class Customer(NamedTuple):
    """Somebody in a queue; for a party, the one who pays.

    Attributes:
        person_no: who.
        joined_ms: since when in this queue.
        service_ms: how long serving them will take at the tills of this queue.
        gives_up_ms: when they leave unless called; None never does.
    """

    person_no: int
    joined_ms: int
    service_ms: int
    gives_up_ms: int | None = None


class Seeking(NamedTuple):
    """Somebody has all they want and looks for a queue for the first time; what follows depends on lanes and chance.

    Attributes:
        t_ms: when.
        person_no: who; for a party, the one who pays.
        at: where they stand.
        speed_m_s: how fast they walk.
        units: in the basket.
        service_factor: how much longer than the mean serving them takes.
        patience_ms: how long they wait in one queue.
        balk_draw: 0..1; how many others it takes to make them leave with nothing.
    """

    t_ms: int
    person_no: int
    at: Point
    speed_m_s: float
    units: int
    service_factor: float
    patience_ms: int
    balk_draw: float


@dataclass(slots=True)
class WaitingLine:
    """A queue: those who wait, the first first, and the lanes that call from it."""

    queue_id: str
    lane_ids: tuple[str, ...]
    waiting: list[Customer] = field(default_factory=list)

    @property
    def length(self) -> int:
        """How many wait; who has been called does not."""
        return len(self.waiting)

    def longest_wait_ms(self, now_ms: int) -> int:
        """Return how long the first has waited, 0 when nobody waits."""
        return now_ms - min((customer.joined_ms for customer in self.waiting), default=now_ms)

    def place_of(self, person_no: int) -> int | None:
        """Return somebody's place, 0 at the front; None when they do not wait here."""
        return next((place for place, c in enumerate(self.waiting) if c.person_no == person_no), None)

    def has(self, customer: Customer) -> bool:
        """Tell whether this very wait goes on; somebody may have left and joined again."""
        return any(c is customer for c in self.waiting)

    def remove(self, person_no: int) -> Customer | None:
        """Take somebody out and return them; None when they do not wait here."""
        place = self.place_of(person_no)
        return None if place is None else self.waiting.pop(place)
