"""How lively a simulated store is: rates, durations and habits, and how it opens."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Opening:
    """What happens in the first seconds, so that somebody who just looks in sees every part at work.

    Attributes:
        low_slots: how many slots start at their reorder point.
        burst_at_s: when a group comes in.
        burst_size: how many they are; each takes one product and goes to the tills.
    """

    low_slots: int = 1
    burst_at_s: float = 1.0
    burst_size: int = 8


@dataclass(frozen=True, slots=True)
class Profile:
    """Rates and habits. The defaults are several times quicker than a real shop's, for a demo.

    Attributes:
        mean_interarrival_s: between two shoppers (exponential).
        speed_m_s: mean walking speed; each shopper's own is within a fifth of it.
        max_stops: most products on a list; at least one.
        browse_s: shortest and longest stay in front of a shelf.
        window_shopper_share: share of shoppers who look and take nothing.
        put_back_share: share of picks that go back to the shelf at once.
        max_units_per_stop: most units of one product.
        patience_s: shortest and mean further time (exponential) that somebody waits in a queue.
        service_base_s: serving somebody, whatever they have.
        service_per_unit_s: the same for each unit in the basket; both vary by a quarter.
        opening: the first seconds.
    """

    mean_interarrival_s: float = 6.0
    speed_m_s: float = 1.3
    max_stops: int = 4
    browse_s: tuple[float, float] = (2.0, 9.0)
    window_shopper_share: float = 0.12
    put_back_share: float = 0.08
    max_units_per_stop: int = 3
    patience_s: tuple[float, float] = (45.0, 120.0)
    service_base_s: float = 6.0
    service_per_unit_s: float = 1.5
    opening: Opening = Opening()


@dataclass(frozen=True, slots=True)
class StaffHabits:
    """How staff see to shelves and lanes. They act on what is so in the shop, not on alerts.

    Attributes:
        notice_s: how long a slot lies at its reorder point before somebody sees to it.
        fetch_s: shortest and longest time to fetch the goods.
        load_units: how many units are put on the shelf at once.
        load_every_s: between two such handfuls.
        open_lane_at_length: a queue this long, for ``open_lane_after_s``, has another lane opened.
        open_lane_after_s: see above.
        walk_to_lane_s: from that decision to the open lane.
        close_lane_after_s: how long an extra lane has nobody to serve before it closes.
    """

    notice_s: float = 9.0
    fetch_s: tuple[float, float] = (3.0, 6.0)
    load_units: int = 6
    load_every_s: float = 1.0
    open_lane_at_length: int = 4
    open_lane_after_s: float = 8.0
    walk_to_lane_s: float = 5.0
    close_lane_after_s: float = 15.0
