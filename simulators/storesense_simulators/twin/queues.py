"""Who waits where: the lines in front of the tills, first come, first called."""

from dataclasses import dataclass, field
from typing import NamedTuple


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
