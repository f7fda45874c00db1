"""The store that the twin simulates, as plain values: what stands where, and what measures it.

Positions are metres on the floor, x to the right and y down the plan, as in the site file. Shares lie in 0..1.
"""

from dataclasses import dataclass
from enum import StrEnum

from storesense_contracts.layout import StoreLayout
from storesense_contracts.site import SiteFile
from storesense_simulators.twin.load_cell import CellModel
from storesense_simulators.twin.shop_people import Demand, Habits, Hours, Spread, StaffPlan

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
class Wall:
    """A wall along a line of points; nobody walks through or comes nearer than half its thickness and a body."""

    points: tuple[Point, ...]
    thickness_m: float


@dataclass(frozen=True, slots=True)
class Door:
    """A way in and out: the opening from ``a`` to ``b``, and a spot on either side of its middle.

    ``in_is_left`` as on the drawn plan, standing at ``a`` and looking to ``b``. ``share`` of the visitors use it, who
    are counted over the line ``line_id``: in the opening, or a little inside.
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
    """A line inside the store at which a camera counts; ``in_is_left`` as with a door. Every door has one as well."""

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
