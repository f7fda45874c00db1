"""People in one queue: what is known of each of them, and how their time there ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

NOWHERE = -1


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """How people in a queue are followed. Times in seconds, lengths in heights of the person.

    Attributes:
        margin: whoever is in the queue and seen no further than this outside its area is still in it.
        apart: whoever stands no further than this from somebody who waits is in line with them, and so is whoever
            stands no further from where the area begins before a till. With a till in the area all of it is the line.
        leave_s: seen further outside for this long, somebody has left.
        empty_s: nobody has been seen where somebody was served for this long: the service is over.
        change_s: whoever is served and not seen at the till for this long may have been followed by the next.
        walk_s: between two services without anybody in line, the place is empty for this long at least, unless the
            last customer was seen walking off and the next one walking up.
        arrive_s: at a till for this long, though not slow yet, somebody is being served.
        min_service_s: whoever leaves a till sooner was not served: they passed, or stood in line within its reach.
        pass_s: seen elsewhere for this long, they are there no more.
        walk_up_s: standing at a free till for this long, somebody who came past the queue's area is being served.
        slow_speed: below this a person stands or dawdles, heights per second.
        together_s: who join no further apart than this, and whose waits end ...
        end_together_s: ... no further apart than this, are one customer.
        newcomer_s: more than are known to be in line wait for this long (or twice as many more for half of it):
            somebody has come ...
        notice_s: ... and did so no longer than this before.
        gone_s: fewer wait for this long: somebody has gone ...
        return_s: ... unless they are there again within this time.
        walk_most_s: whoever is in line as a till becomes free is there within this time; who stands there while one
            is free for longer does not wait.
        same_s: whoever is served and joined no further than this from when a place was taken has had that place.
        at_end: whoever walks up without coming to a stand joins when they are no further than this from the line's end:
            from somebody who waits, or from its head.
        past: whoever comes to a stand further than this beyond the line's head, towards a till that serves somebody,
            stands by that customer.
        pace: the way from there to a till, which everybody walks, is walked at this speed, heights per second.
    """

    margin: float = 0.3
    apart: float = 1.2
    leave_s: float = 1.0
    empty_s: float = 10.0
    change_s: float = 1.0
    walk_s: float = 2.0
    arrive_s: float = 1.5
    min_service_s: float = 4.0
    pass_s: float = 2.0
    walk_up_s: float = 5.0
    slow_speed: float = 0.25
    together_s: float = 4.0
    end_together_s: float = 6.0
    newcomer_s: float = 2.0
    notice_s: float = 6.0
    gone_s: float = 12.0
    return_s: float = 30.0
    walk_most_s: float = 8.0
    same_s: float = 3.0
    at_end: float = 0.7
    past: float = 0.3
    pace: float = 0.55


@dataclass(slots=True, eq=False)
class Customer:
    """Somebody in a queue's area or at its tills; `unit` is shared by those who came together.

    `place_s` is since when whoever is served now has waited, by the order of the line.
    `stands_by` is true of whoever came with somebody who was served; they wait for nothing.
    `idle_until_s` is until when a till was free that they did not go to.
    `walked_in` is true of whoever was seen coming to their till, step by step, rather than merely found there, and
    `came_in` also if they were missed on the way for a moment; `walked_off` of whoever was seen going from it in that
    way, and `has_gone` of whoever was seen walking beside it.
    `gap_s` is since when and until when nobody was seen in their place.
    `stood_xy` is where they stood at their till, `outside_since_s` since when they are seen outside of everything.
    `till_distance` is how far the nearest till was when they were seen last, heights.
    `waited_s` is the time for which they stood where somebody in line stands: away from the tills, or at one at which
    somebody else was seen being served; `has_stood` tells whether that was long enough to be a wait, and `waited_xy`
    where they did so last. Whoever `was_passed` on the way to a till does not wait for it, wherever they stand.
    `at_end_since_s` is since when they have been at the line's end or further on, `was_seen_coming` whether they were
    seen further off before, and `way` how far it is from its head to the till at which they are, heights.
    """

    number: int
    unit: int
    entered_s: float
    seen_s: float
    inside_s: float
    slow: bool
    slow_s: float = 0.0
    waited_s: float = 0.0
    has_stood: bool = False
    at_end_since_s: float | None = None
    was_seen_coming: bool = False
    way: float = 0.0
    waited_xy: NDArray[np.float64] | None = None
    was_passed: bool = False
    slow_since_s: float | None = None
    joined: bool = False
    came_from_afar: bool = False
    near_till: int = NOWHERE
    near_distance: float = np.inf
    till_distance: float = np.inf
    till: int = NOWHERE
    at_till_since_s: float | None = None
    at_till_last_s: float = 0.0
    stood_at_till_s: float | None = None
    unseen_s: float = 0.0
    walked_up: bool = False
    walked_in: bool = False
    came_in: bool = False
    walked_off: bool = False
    has_gone: bool = False
    off_since_s: float | None = None
    gap_s: tuple[float, float] | None = None
    stood_xy: NDArray[np.float64] | None = None
    outside_since_s: float | None = None
    place_s: float | None = None
    stands_by: bool = False
    idle_until_s: float = -np.inf
    xy: NDArray[np.float64] = field(default_factory=lambda: np.full(2, np.nan))
    done: bool = False

    def be_at_till(self, at_s: float, most_s: float) -> None:
        """Let them be seen at their till; where nobody was seen for longer than `most_s` it is kept as a gap."""
        if self.is_serving and at_s - self.at_till_last_s >= most_s:
            self.gap_s = (self.at_till_last_s, at_s)
        self.at_till_last_s = at_s

    @property
    def is_serving(self) -> bool:
        """Whether they are being served."""
        return self.till != NOWHERE

    @property
    def joined_s(self) -> float:
        """When they began to wait: not while a till was free, which nobody waits for."""
        return max(self.came_s, self.idle_until_s)

    @property
    def came_s(self) -> float:
        """From when on they were slow, or when they came to the line's end if they walked straight to the till."""
        is_late = self.at_till_since_s is not None and (self.slow_since_s or 0.0) >= self.at_till_since_s
        if self.slow_since_s is None or not self.has_stood or is_late:
            return self.entered_s if self.at_end_since_s is None else self.at_end_since_s
        return self.slow_since_s


def take_over(last: Customer, other: Customer, customers: list[Customer], at_s: float, gap_s: float) -> None:
    """Let a customer go on under the number of the one who is seen in their place.

    Whoever has that customer's number now was in the other's place before: in line, or in nobody's.
    """
    old_unit = last.unit
    last.number, other.number = other.number, last.number
    # Whoever was their company stays it, and nobody becomes it by the number that is free now.
    for c in customers:
        if c.unit == old_unit and c is not other:
            c.unit = last.number
    other.unit = other.number
    last.near_till, last.near_distance, last.slow = other.near_till, other.near_distance, other.slow
    last.be_at_till(at_s, gap_s)
    last.seen_s = last.inside_s = at_s
    if other.joined:
        other.near_till, other.at_till_since_s, other.stood_at_till_s = NOWHERE, None, None
    else:
        customers.remove(other)


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody's time in a queue is over.

    Attributes:
        joined_s: since when they waited.
        begun_s: when they came to the till, or gave up.
        end_s: when the service ended; the same for whoever gave up.
        served: True if at a till, False if they went without, None if nobody saw how it ended.
        is_cut_short: True if the source ended before the wait did.
    """

    joined_s: float
    begun_s: float
    end_s: float
    served: bool | None
    is_cut_short: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class QueueShape:
    """Where a queue is.

    Attributes:
        ring_xy: (corners, 2) of its area.
        tills_xy: (tills, 2) where people stand while they are served.
        till_heights: how near to that somebody is at the till.
        till_servers: how many are served at each.
        join_s: slow for this long in total, somebody queues.
        cashiers_xy: (cashiers, 2) where cashiers stand; without, only who came by the queue's area is a customer.
        posts_xy: (tills, 2) where the cashier of each till is; NaN where that is not known. Empty for none.
    """

    ring_xy: NDArray[np.float64]
    tills_xy: NDArray[np.float64]
    till_heights: float
    till_servers: int
    join_s: float
    cashiers_xy: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 2)))
    posts_xy: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 2)))
