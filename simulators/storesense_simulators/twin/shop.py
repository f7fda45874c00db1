"""The store that the twin simulates, as plain values: what stands where, and how people behave in it.

Positions are metres on the floor, x to the right and y down the plan, as in the site file. Shares lie in 0..1. Weekdays
run from 0, a Monday, to 6; minutes of a day are the store's local minutes after midnight, up to 1440.
"""

from dataclasses import dataclass
from enum import StrEnum

from storesense_contracts.layout import StoreLayout
from storesense_contracts.site import SiteFile
from storesense_simulators.twin.load_cell import CellModel

Point = tuple[float, float]
Polygon = tuple[Point, ...]


class TillKind(StrEnum):
    """Who scans: a cashier, or the customers themselves at one or more stations."""

    STAFFED = "staffed"
    SELF_CHECKOUT = "self_checkout"


class ClimateKind(StrEnum):
    """What air a climate sensor hangs in."""

    ROOM = "room"
    CHILLER = "chiller"
    FREEZER = "freezer"


class FaultKind(StrEnum):
    """What can go wrong with a sensor or its connection."""

    CAMERA_FROZEN = "camera_frozen"
    CAMERA_MOVED = "camera_moved"
    CAMERA_DIRTY = "camera_dirty"
    NETWORK_CUT = "network_cut"
    POWER_CUT = "power_cut"
    CLOCK_WRONG = "clock_wrong"
    CELL_DRIFTING = "cell_drifting"
    CELL_BUMPED = "cell_bumped"
    CELL_LEANED_ON = "cell_leaned_on"


class PostKind(StrEnum):
    """What a member of staff does at a post when nothing else calls."""

    FLOOR = "floor"
    STOCK_ROOM = "stock_room"
    DESK = "desk"


@dataclass(frozen=True, slots=True)
class Spread:
    """A quantity that differs from one draw to the next: a normal law, kept within ``low`` and ``high``."""

    mean: float
    sd: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Wall:
    """A wall along a line of points; nobody walks through or comes nearer than half its thickness and a body."""

    points: tuple[Point, ...]
    thickness_m: float


@dataclass(frozen=True, slots=True)
class Door:
    """A way in and out: the entrance line from ``a`` to ``b``, and a spot on either side of its middle.

    ``in_is_left`` as on the drawn plan, standing at ``a`` and looking to ``b``. ``share`` of the visitors use it.
    """

    door_id: str
    line_id: str
    a: Point
    b: Point
    in_is_left: bool
    inside: Point
    outside: Point
    share: float


@dataclass(frozen=True, slots=True)
class CountingLine:
    """A line inside the store at which a camera counts; ``in_is_left`` as with a door. Doors are lines as well."""

    line_id: str
    a: Point
    b: Point
    in_is_left: bool
    is_entrance: bool


@dataclass(frozen=True, slots=True)
class Shelf:
    """A piece of furniture that holds slots; ``facing`` is the unit normal from its front to the shoppers."""

    shelf_id: str
    polygon: Polygon
    facing: Point
    section_id: str
    height_m: float = 1.6


@dataclass(frozen=True, slots=True)
class Place:
    """One slot: its product, how much it holds, where it is (``at``) and where somebody stands who takes from it.

    Not every place is weighed: those that are have a ``CellSpec``, and only those are slots of the site file.

    Attributes:
        popularity: the slot's weight when a shopping list is drawn; the sum over all places is above zero.
        price_class: 1 (cheap) to 5 (dear); who sweeps a shelf prefers dear ones.
        first_units: what it holds when a run begins.
    """

    slot_id: str
    sku: str
    name: str
    unit_weight_g: float
    unit_weight_sd_g: float
    capacity_units: int
    reorder_point_units: int
    first_units: int
    popularity: float
    price_class: int
    at: Point
    spot: Point
    facing: Point
    shelf_id: str
    section_id: str


@dataclass(frozen=True, slots=True)
class Till:
    """A checkout lane: where customers are served (one point a station) and where its cashier stands."""

    lane_id: str
    queue_id: str
    kind: TillKind
    customers: tuple[Point, ...]
    cashier: Point | None

    @property
    def stations(self) -> int:
        """How many are served at once."""
        return len(self.customers)


@dataclass(frozen=True, slots=True)
class QueuePath:
    """Where people stand who wait for one of ``lane_ids``, the front first, and the queue's area on the floor."""

    queue_id: str
    lane_ids: tuple[str, ...]
    spots: tuple[Point, ...]
    polygon: Polygon


@dataclass(frozen=True, slots=True)
class ZoneShape:
    """An area in which presence is measured."""

    zone_id: str
    polygon: Polygon


@dataclass(frozen=True, slots=True)
class Desk:
    """The service desk: where its customer and its member of staff stand."""

    desk_id: str
    customer: Point
    staff: Point


@dataclass(frozen=True, slots=True)
class StaffPost:
    """A spot at which staff spend their time between tasks."""

    post_id: str
    kind: PostKind
    at: Point


@dataclass(frozen=True, slots=True)
class CameraMount:
    """A camera: place, direction and lens.

    Attributes:
        heading_deg: where it looks on the plan; 0 is along x, 90 along y, which is down the plan.
        tilt_deg: below the horizon; 0 is level, 90 straight down.
        hfov_deg: the angle between the left and the right edge of the picture.
        frame_size_px: width and height.
    """

    device_id: str
    at: Point
    height_m: float
    heading_deg: float
    tilt_deg: float
    hfov_deg: float
    frame_size_px: tuple[int, int]
    frames_per_s: float


@dataclass(frozen=True, slots=True)
class CellSpec:
    """The load cell under a slot, and the shelf controller that reads it."""

    slot_id: str
    device_id: str
    model: CellModel


@dataclass(frozen=True, slots=True)
class ClimateSpec:
    """A climate sensor and the air it hangs in."""

    sensor_id: str
    device_id: str
    kind: ClimateKind
    at: Point
    usual_c: float
    usual_pct: float


@dataclass(frozen=True, slots=True)
class FaultSpec:
    """A fault on schedule: at ``target``, a device (a slot for a cell's faults), from ``after_s`` after the run began.

    ``amount`` is in the kind's own unit: degrees moved, share of the lens covered, seconds of clock error, grams
    an hour of drift, grams of bump or lean; None takes the kind's default.
    """

    kind: FaultKind
    target: str
    after_s: float
    lasts_s: float
    amount: float | None


@dataclass(frozen=True, slots=True)
class FaultRate:
    """Faults by chance: how many of a kind a device or cell has in a day, on average, and how long each lasts."""

    kind: FaultKind
    per_day: float
    lasts_s: Spread


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


@dataclass(frozen=True, slots=True)
class Shop:
    """A whole store: ``layout`` and ``site`` as every other part of Storesense knows it, and what the twin needs more.

    ``obstacles`` are polygons that nobody walks through: shelves, counters, tills. Everything is sorted as in the file.
    """

    layout: StoreLayout
    site: SiteFile
    size_m: tuple[float, float]
    walls: tuple[Wall, ...]
    obstacles: tuple[Polygon, ...]
    doors: tuple[Door, ...]
    lines: tuple[CountingLine, ...]
    shelves: tuple[Shelf, ...]
    places: tuple[Place, ...]
    tills: tuple[Till, ...]
    queues: tuple[QueuePath, ...]
    zones: tuple[ZoneShape, ...]
    desk: Desk | None
    staff_posts: tuple[StaffPost, ...]
    hours: Hours
    demand: Demand
    habits: Habits
    staff: StaffPlan
    cameras: tuple[CameraMount, ...]
    cells: tuple[CellSpec, ...]
    climate: tuple[ClimateSpec, ...]
    faults: tuple[FaultSpec, ...]
    fault_rates: tuple[FaultRate, ...]

    @property
    def store_id(self) -> str:
        """The store's id, as in topics and tables."""
        return self.layout.id
