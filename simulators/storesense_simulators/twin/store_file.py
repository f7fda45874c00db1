"""The store file: one YAML file from which the twin builds a whole store.

It says what an owner knows of a shop: plan, shelves and what stands on them, tills, hours, who comes. What a site file
must spell out for the devices is derived from it. Positions are floor metres, x to the right and y down the plan.
"""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from storesense_contracts.layout import Id, Name, PointM, Section, StrictModel, TimeZone, refuse_twins
from storesense_contracts.rules import Rule
from storesense_contracts.yaml_file import mistake
from storesense_simulators.twin.people_file import DemandFile, HabitsFile, HoursFile, SpreadFile, StaffFile
from storesense_simulators.twin.planogram import CellFile, PlanogramRow
from storesense_simulators.twin.shop import ClimateKind, FaultKind, PostKind, TillKind
from storesense_simulators.twin.shop_people import Spread

Corners = tuple[PointM, PointM]
Area = Annotated[list[PointM], Field(min_length=2, max_length=64)]
Side = Literal["left", "right", "up", "down"]
_SideM = Annotated[float, Field(ge=1, le=300)]
_Px = Annotated[int, Field(ge=16, le=16_384)]


def _with_points(value: object) -> object:
    return {"points": value} if isinstance(value, list) else value


class StoreName(StrictModel):
    """Which store this is."""

    id: Id
    name: Name
    time_zone: TimeZone


class WallFile(StrictModel):
    """A wall along a line of points."""

    points: Annotated[list[PointM], Field(min_length=2, max_length=1_000)]
    thickness_m: Annotated[float, Field(ge=0, le=2)] = 0.1


class FloorFile(StrictModel):
    """The floor plan. A wall may be written as its points alone."""

    id: Id = "ground"
    size_m: tuple[_SideM, _SideM]
    walls: Annotated[
        list[Annotated[WallFile, BeforeValidator(_with_points)]], Field(default_factory=list, max_length=1_000)
    ]


class DoorFile(StrictModel):
    """A door, from one side of its opening to the other; ``in_side`` as in the site file, else toward the middle.

    Whoever uses it is counted over ``line_m``, which lies a little inside; without it, in the opening.
    """

    id: Id
    name: Name
    at_m: Corners
    line_m: Corners | None = None
    in_side: Literal["left", "right"] | None = None
    share: Annotated[float, Field(gt=0, le=1_000)] = 1.0


class LineFile(StrictModel):
    """A line inside the store at which people are counted."""

    id: Id
    name: Name
    at_m: Corners
    in_side: Literal["left", "right"]


class AisleFile(StrictModel):
    """An aisle in which presence is measured: two corners of a rectangle, or three or more points."""

    id: Id
    name: Name
    at_m: Area


class AreaFile(AisleFile):
    """Another area: presence is measured in it, or, with ``staff_only``, whoever stays in it works in the store."""

    staff_only: bool = False


class ShelfFile(StrictModel):
    """A shelf, rack, chiller or table: two corners, the side that shoppers stand on, and its planogram along it.

    The planogram runs from left to right as one sees it on the drawn plan, or from top to bottom.
    """

    id: Id
    name: Name
    at_m: Corners
    faces: Side
    section: Id | None = None
    controller: Id | None = None
    height_m: Annotated[float, Field(gt=0.2, le=4)] = 1.6
    weighed: bool = True
    load_cell: CellFile = CellFile()
    planogram: Annotated[list[PlanogramRow], Field(default_factory=list, max_length=500)]


class FixtureFile(StrictModel):
    """Furniture that holds no slots and that people walk around: two corners of a rectangle, or more points."""

    id: Id
    at_m: Area


class LaneFile(StrictModel):
    """A checkout lane. ``customer_m`` and ``cashier_m`` make a till; a self-checkout has ``stations_m`` instead."""

    id: Id
    name: Name
    kind: TillKind = TillKind.STAFFED
    counter_m: Corners | None = None
    customer_m: PointM | None = None
    cashier_m: PointM | None = None
    stations_m: Annotated[list[PointM], Field(min_length=1, max_length=40)] | None = None

    @model_validator(mode="after")
    def _has_a_till(self) -> Self:
        if self.kind is TillKind.STAFFED:
            if self.customer_m is None or self.cashier_m is None:
                raise mistake(
                    f"lane {self.id!r} has no till; give customer_m, where its customer stands, and cashier_m"
                )
            if self.stations_m is not None:
                raise mistake("a staffed lane has one till; stations_m belongs to a self_checkout", "stations_m")
        else:
            if self.stations_m is None:
                raise mistake(f"lane {self.id!r} has no till; give stations_m, where its customers scan")
            if self.customer_m is not None or self.cashier_m is not None:
                at = "customer_m" if self.customer_m is not None else "cashier_m"
                raise mistake("a self_checkout has stations_m, and neither customer_m nor cashier_m", at)
        return self


class QueueFile(StrictModel):
    """Where people wait: a line of points from the front to the back.

    ``area_m`` is what the camera watches; without it, a strip of ``width_m`` along the line.
    """

    id: Id
    name: Name
    lanes: Annotated[list[Id], Field(min_length=1, max_length=100)]
    path_m: Annotated[list[PointM], Field(min_length=2, max_length=100)]
    spacing_m: Annotated[float, Field(ge=0.4, le=5)] = 0.75
    width_m: Annotated[float, Field(ge=0.4, le=10)] = 1.0
    area_m: Area | None = None
    section: Id | None = None


class CheckoutFile(StrictModel):
    """The tills and the queues before them."""

    lanes: Annotated[list[LaneFile], Field(default_factory=list, max_length=200)]
    queues: Annotated[list[QueueFile], Field(default_factory=list, max_length=200)]

    @model_validator(mode="after")
    def _ids_hold(self) -> Self:
        refuse_twins("lanes", [lane.id for lane in self.lanes])
        refuse_twins("queues", [queue.id for queue in self.queues])
        return self


class DeskFile(StrictModel):
    """The service desk."""

    id: Id = "service-desk"
    counter_m: Corners | None = None
    customer_m: PointM
    staff_m: PointM


class PostFile(StrictModel):
    """Where a member of staff is when nothing calls."""

    id: Id
    kind: PostKind = PostKind.FLOOR
    at_m: PointM


class CameraFile(StrictModel):
    """A camera. It watches what lies in ``owns_m``, two corners; the areas of two cameras do not overlap."""

    id: Id
    at_m: PointM
    height_m: Annotated[float, Field(ge=1, le=30)] = 2.8
    heading_deg: Annotated[float, Field(ge=-360, le=360)]
    tilt_deg: Annotated[float, Field(ge=5, le=90)] = 40.0
    hfov_deg: Annotated[float, Field(ge=10, le=150)] = 90.0
    frame_size_px: tuple[_Px, _Px] = (640, 360)
    frames_per_s: Annotated[float, Field(gt=0, le=120)] = 10.0
    owns_m: Corners | None = None


class ClimateFile(StrictModel):
    """A climate sensor."""

    id: Id
    name: Name
    kind: ClimateKind = ClimateKind.ROOM
    at_m: PointM
    usual_c: Annotated[float, Field(ge=-60, le=60)] | None = None
    usual_pct: Annotated[float, Field(ge=0, le=100)] | None = None


class FaultFile(StrictModel):
    """A fault on schedule; ``amount`` is in the kind's own unit."""

    kind: FaultKind
    target: Id
    after_s: Annotated[float, Field(ge=0, le=31_536_000)]
    lasts_s: Annotated[float, Field(gt=0, le=31_536_000)]
    amount: Annotated[float, Field(ge=-1_000_000, le=1_000_000)] | None = None


class FaultRateFile(StrictModel):
    """Faults by chance: so many a day for each device or cell of the kind."""

    kind: FaultKind
    per_day: Annotated[float, Field(gt=0, le=1_000)]
    lasts_s: SpreadFile = Spread(600.0, 300.0, 60.0, 3_600.0)


class FaultsFile(StrictModel):
    """What goes wrong with the sensors."""

    schedule: Annotated[list[FaultFile], Field(default_factory=list, max_length=10_000)]
    rates: Annotated[list[FaultRateFile], Field(default_factory=list, max_length=100)]


class StoreFile(StrictModel):
    """A whole store. Only ``version``, ``store``, ``floor`` and ``doors`` are required."""

    version: Literal[1]
    store: StoreName
    floor: FloorFile
    doors: Annotated[list[DoorFile], Field(min_length=1, max_length=50)]
    sections: Annotated[tuple[Section, ...], Field(min_length=1, max_length=500)] = (
        Section(id="shop-floor", name="Shop floor"),
        Section(id="tills", name="Tills"),
    )
    lines: Annotated[list[LineFile], Field(default_factory=list, max_length=500)]
    aisles: Annotated[list[AisleFile], Field(default_factory=list, max_length=500)]
    areas: Annotated[list[AreaFile], Field(default_factory=list, max_length=500)]
    shelves: Annotated[list[ShelfFile], Field(default_factory=list, max_length=2_000)]
    fixtures: Annotated[list[FixtureFile], Field(default_factory=list, max_length=2_000)]
    checkout: Annotated[CheckoutFile, Field(default_factory=lambda: CheckoutFile.model_validate({}))]
    service_desk: DeskFile | None = None
    staff_posts: Annotated[list[PostFile], Field(default_factory=list, max_length=200)]
    cameras: Annotated[list[CameraFile], Field(default_factory=list, max_length=200)]
    climate: Annotated[list[ClimateFile], Field(default_factory=list, max_length=500)]
    load_cells: CellFile = CellFile()
    hours: HoursFile = HoursFile.model_validate({"all": "08:00-20:00"})
    demand: Annotated[DemandFile, Field(default_factory=lambda: DemandFile.model_validate({}))]
    habits: Annotated[HabitsFile, Field(default_factory=lambda: HabitsFile.model_validate({}))]
    staff: Annotated[StaffFile, Field(default_factory=lambda: StaffFile.model_validate({}))]
    faults: Annotated[FaultsFile, Field(default_factory=lambda: FaultsFile.model_validate({}))]
    rules: Annotated[list[Rule], Field(max_length=1_000)] | None = None

    @property
    def customer_zones(self) -> tuple[AisleFile, ...]:
        """The aisles and areas that are not for staff only."""
        return (*self.aisles, *(each for each in self.areas if not each.staff_only))
