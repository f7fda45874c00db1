"""How people behave in the simulated store: when it is open, who comes, what they do there, and who works.

Shares lie in 0..1. Weekdays run from 0, a Monday, to 6; minutes of a day are the store's local minutes after midnight,
up to 1440.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """A quantity that differs from one draw to the next: a normal law, kept within ``low`` and ``high``."""

    mean: float
    sd: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class OpenSpan:
    """From ``opens_min`` to ``closes_min`` of one local day."""

    opens_min: int
    closes_min: int


@dataclass(frozen=True, slots=True)
class Hours:
    """When the store is open: for each weekday its spans, in order and apart; none on a closed day."""

    time_zone: str
    spans: tuple[tuple[OpenSpan, ...], ...]


@dataclass(frozen=True, slots=True)
class Bursts:
    """Spells in which more people come at once, as a shower or the end of a match sends them.

    Attributes:
        per_day: how many begin during an open day, on average.
        factor: how many times the usual rate.
        lasts_s: how long each lasts.
    """

    per_day: float
    factor: float
    lasts_s: Spread


@dataclass(frozen=True, slots=True)
class PartyMix:
    """With whom people come; the three shares add up to one. A family is one or two adults with children."""

    alone_share: float
    couple_share: float
    family_share: float
    children: tuple[int, int]
    two_parents_share: float

    @property
    def mean_size(self) -> float:
        """People in a party, on average."""
        children = (self.children[0] + self.children[1]) / 2
        return self.alone_share + 2 * self.couple_share + self.family_share * (1 + self.two_parents_share + children)


@dataclass(frozen=True, slots=True)
class Demand:
    """Who comes when.

    Attributes:
        visitors_per_h: people, children too, for each weekday and each of its 24 local hours; bursts come on top.
        bursts: spells of more.
        parties: with whom.
    """

    visitors_per_h: tuple[tuple[float, ...], ...]
    bursts: Bursts
    parties: PartyMix


@dataclass(frozen=True, slots=True)
class ServiceTimes:
    """How long serving somebody takes.

    Attributes:
        base_s: greeting, paying, packing: whatever they have.
        per_unit_s: for each unit in the basket.
        variation: standard deviation divided by mean; 1 is exponential.
        self_factor: at self-checkout everything takes so many times as long.
        self_max_units: a larger basket goes to a staffed till where there is one.
    """

    base_s: float
    per_unit_s: float
    variation: float
    self_factor: float
    self_max_units: int


@dataclass(frozen=True, slots=True)
class ZoneVisit:
    """A stay in a zone that is not for taking from a slot: fitting rooms, a coffee corner, magazines.

    ``share`` of the shoppers stay there, for ``stay_s``; ``is_last`` says that they do it on the way to the tills.
    """

    zone_id: str
    share: float
    stay_s: Spread
    is_last: bool


@dataclass(frozen=True, slots=True)
class Habits:
    """What shoppers do.

    Attributes:
        speed_m_s: walking speed of an adult who is in nobody's way.
        trolley_speed_factor: what pushing a trolley makes of it.
        child_speed_factor: what a child at the hand makes of it.
        adult_height_m: how tall.
        child_height_m: how tall.
        body_radius_m: half the width of a body; two middles come no nearer than the sum of theirs.
        window_shopper_share: look and buy nothing.
        list_products: products on a list.
        trolley_from_products: who wants so many takes a trolley, by ``trolley_share``.
        trolley_share: see above.
        units_shares: how often one, two, three, … units are taken of a product; adds up to one.
        browse_s: stay before a slot.
        impulse_share: at each stop, chance of one more product nearby that was on no list.
        put_back_share: chance that something taken is put back.
        put_back_elsewhere_share: of these, put on another slot than its own.
        zone_visits: stays apart from slots.
        desk_share: go to the service desk, where there is one.
        desk_s: time served there.
        balk_from_length: a shortest queue of so many makes some leave with nothing.
        balk_share: chance of that for each person beyond.
        patience_s: waits no longer than this in a queue.
        service: at the tills.
        thieves_per_day: who come to sweep a shelf.
        sweep_units: fewest and most units that one sweeps.
    """

    speed_m_s: Spread
    trolley_speed_factor: float
    child_speed_factor: float
    adult_height_m: Spread
    child_height_m: Spread
    body_radius_m: Spread
    window_shopper_share: float
    list_products: Spread
    trolley_from_products: int
    trolley_share: float
    units_shares: tuple[float, ...]
    browse_s: Spread
    impulse_share: float
    put_back_share: float
    put_back_elsewhere_share: float
    zone_visits: tuple[ZoneVisit, ...]
    desk_share: float
    desk_s: Spread
    balk_from_length: int
    balk_share: float
    patience_s: Spread
    service: ServiceTimes
    thieves_per_day: float
    sweep_units: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Shift:
    """``staff`` people from ``begins_min`` to ``ends_min`` on ``weekdays``."""

    shift_id: str
    weekdays: tuple[int, ...]
    begins_min: int
    ends_min: int
    staff: int


@dataclass(frozen=True, slots=True)
class StaffPlan:
    """Who works when, and how.

    Attributes:
        shifts: who is there; at least one covers every open minute.
        lanes_open: staffed lanes that the schedule wants open, for each weekday and local hour.
        speed_m_s: walking speed.
        round_every_s: between two walks about of somebody with nothing to do.
        notice_s: how long a slot lies at its reorder point before somebody sees it, without an alert.
        fetch_s: finding the goods in the stock room.
        handful_units: units put on a shelf at once.
        handful_s: time for each handful.
    """

    shifts: tuple[Shift, ...]
    lanes_open: tuple[tuple[int, ...], ...]
    speed_m_s: Spread
    round_every_s: Spread
    notice_s: Spread
    fetch_s: Spread
    handful_units: int
    handful_s: float
