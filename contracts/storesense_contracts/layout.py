"""A store's layout: its floor and everything on it that readings and alerts speak of. Positions are floor metres."""

from collections.abc import Collection
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from storesense_contracts.ids import check_id
from storesense_contracts.yaml_file import mistake

Id = Annotated[str, AfterValidator(lambda text: check_id("valid", text))]


def refuse_control_characters(text: str) -> str:
    """Return a text of one line; NUL, which no database keeps, line breaks and escape sequences are a ValueError."""
    found = next((character for character in text if not character.isprintable() and character.isascii()), None)
    if found is not None:
        raise ValueError(f"a text of one line has no control characters; found {found!r}")
    return text


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=120),
    AfterValidator(refuse_control_characters),
]
Metres = Annotated[float, Field(ge=-1_000.0, le=1_000.0, allow_inf_nan=False)]
PointM = tuple[Metres, Metres]


def _checked_time_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is no time zone; expected an IANA name such as Europe/Berlin")
    return name


TimeZone = Annotated[str, AfterValidator(_checked_time_zone)]


def refuse_twins(kind: str, ids: list[str]) -> None:
    """Refuse a list under the key ``kind`` in which an id stands twice."""
    seen: set[str] = set()
    for index, text in enumerate(ids):
        if text in seen:
            raise mistake(f"the id {text!r} stands twice in {kind}; each needs its own", kind, index, "id")
        seen.add(text)


def check_name(kind: str, name: str, known: Collection[str], *at: str | int) -> None:
    """Refuse a reference at path ``at`` to a ``kind`` that is not ``known``."""
    if name not in known:
        raise mistake(f"there is no {kind} {name!r}; expected one of {', '.join(sorted(known)) or '(none)'}", *at)


class StrictModel(BaseModel):
    """A model in which an unknown key is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Floor(StrictModel):
    """The floor plan: a rectangle with walls drawn as lines of points."""

    id: Id = "ground"
    size_m: tuple[Annotated[float, Field(gt=0, le=1_000)], Annotated[float, Field(gt=0, le=1_000)]]
    walls: Annotated[list[Annotated[list[PointM], Field(min_length=2)]], Field(max_length=1_000)] = []


class Section(StrictModel):
    """A part of the store with staff of its own; alerts go to a section."""

    id: Id
    name: Name


class Line(StrictModel):
    """A line that people are counted at; ``is_entrance`` lines make up the visitors.

    ``in_side``: stand at the first point of ``floor_m``, look to the second; people who walk to that side come in.
    """

    id: Id
    name: Name
    is_entrance: bool = False
    floor_m: tuple[PointM, PointM] | None = None
    in_side: Literal["left", "right"] | None = None

    @model_validator(mode="after")
    def _a_side_for_its_floor(self) -> Self:
        if (self.floor_m is None) != (self.in_side is None):
            missing = "in_side" if self.in_side is None else "floor_m"
            raise mistake(f"floor_m and in_side go together; {missing} is missing")
        return self


class Zone(StrictModel):
    """An area in which presence is measured; in one for ``staff_only``, whoever stays for long works in the store."""

    id: Id
    name: Name
    staff_only: bool = False
    floor_m: Annotated[list[PointM], Field(min_length=3, max_length=64)] | None = None


class Lane(StrictModel):
    """A checkout lane; ``till_m`` is where its cashier is.

    ``served_m`` is where its customers stand while they are served: one point, or one a station of a self-checkout.
    """

    id: Id
    name: Name
    kind: Literal["staffed", "self_checkout"] = "staffed"
    till_m: PointM | None = None
    served_m: Annotated[list[PointM], Field(max_length=50)] = []


class Queue(StrictModel):
    """Where people wait for one or more lanes."""

    id: Id
    name: Name
    section: Id
    lanes: list[Id] = []
    floor_m: Annotated[list[PointM], Field(min_length=3, max_length=64)] | None = None


ClockTime = Annotated[str, StringConstraints(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")]


class OpeningHours(StrictModel):
    """When the store is open on some days of the week, by its clock; ``closes`` before ``opens`` is a day later."""

    days: Annotated[list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]], Field(min_length=1, max_length=7)]
    opens: ClockTime
    closes: ClockTime

    @model_validator(mode="after")
    def _a_span(self) -> Self:
        if self.opens in {self.closes, "24:00"}:
            raise mistake("opens must be another time than closes, and before 24:00", "opens")
        return self


class Shelf(StrictModel):
    """A piece of furniture that holds slots, as it stands on the floor."""

    id: Id
    name: Name
    floor_m: Annotated[list[PointM], Field(min_length=3, max_length=64)]


SideM = Annotated[float, Field(ge=0.02, le=50.0, allow_inf_nan=False)]
SizeM = tuple[SideM, SideM]
Level = Annotated[int, Field(ge=1, le=20)]


class Product(StrictModel):
    """What a slot holds."""

    sku: Id
    name: Name
    unit_weight_g: Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)]
    unit_weight_tolerance_g: Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)] | None = None


class SharedProduct(Product):
    """A further product on a slot's plate, weighed together with the slot's own."""

    capacity_units: Annotated[int, Field(ge=1, le=100_000)]
    reorder_point_units: Annotated[int, Field(ge=0, le=100_000)] = 0
    minimum_units: Annotated[int, Field(ge=0, le=100_000)] = 0

    @model_validator(mode="after")
    def _limits_in_order(self) -> Self:
        check_limits(self.capacity_units, self.reorder_point_units, self.minimum_units)
        return self


def check_limits(capacity_units: int, reorder_point_units: int, minimum_units: int) -> None:
    """Refuse a reorder point that is not below the capacity, and a minimum above the reorder point."""
    if reorder_point_units >= capacity_units:
        raise mistake(
            f"{reorder_point_units} must be below capacity_units, which is {capacity_units}", "reorder_point_units"
        )
    if minimum_units > reorder_point_units:
        raise mistake(
            f"{minimum_units} must not be above reorder_point_units, which is {reorder_point_units}", "minimum_units"
        )


class Slot(StrictModel):
    """One product's place on a shelf, weighed on its own.

    ``facings`` is how many units stand side by side at the front. At ``minimum_units`` or below, low stock is critical.
    ``size_m`` is the width across and the depth down the plan of its place around ``at_m``; ``level`` the board that it
    is on, 1 the lowest; ``shelf`` the furniture; ``device`` the controller that shall weigh it, where it was drawn.
    ``also`` are further products that lie on the same plate; capacity and limits of the slot are its own product's.
    """

    id: Id
    name: Name
    section: Id
    product: Product
    capacity_units: Annotated[int, Field(ge=1, le=100_000)]
    reorder_point_units: Annotated[int, Field(ge=0, le=100_000)]
    minimum_units: Annotated[int, Field(ge=0, le=100_000)] = 0
    facings: Annotated[int, Field(ge=1, le=1_000)] = 1
    at_m: PointM | None = None
    size_m: SizeM | None = None
    level: Level | None = None
    shelf: Id | None = None
    device: Id | None = None

    also: Annotated[list[SharedProduct], Field(max_length=4)] = []

    @model_validator(mode="after")
    def _limits_and_products_hold(self) -> Self:
        check_limits(self.capacity_units, self.reorder_point_units, self.minimum_units)
        skus = [self.product.sku, *(product.sku for product in self.also)]
        for place, sku in enumerate(skus):
            if sku in skus[:place]:
                raise mistake(f"{sku} stands twice on this plate; give each product once", "also", place - 1, "sku")
        return self


class EnvironmentSensor(StrictModel):
    """A climate sensor and where it hangs."""

    id: Id
    name: Name
    at_m: PointM | None = None


class StoreLayout(StrictModel):
    """A store as the edge, the backend, the pages and the simulated store know it.

    ``wait_target_s`` is the store's service level: who waits at a checkout no longer was served within the target.
    """

    id: Id
    name: Name
    time_zone: TimeZone
    opening_hours: Annotated[list[OpeningHours], Field(max_length=28)] = []
    wait_target_s: Annotated[int, Field(ge=1, le=3_600)] = 120
    floor: Floor
    sections: Annotated[list[Section], Field(min_length=1, max_length=500)]
    lines: Annotated[list[Line], Field(max_length=500)] = []
    zones: Annotated[list[Zone], Field(max_length=500)] = []
    lanes: Annotated[list[Lane], Field(max_length=500)] = []
    queues: Annotated[list[Queue], Field(max_length=500)] = []
    shelves: Annotated[list[Shelf], Field(max_length=2_000)] = []
    slots: Annotated[list[Slot], Field(max_length=20_000)] = []
    environment_sensors: Annotated[list[EnvironmentSensor], Field(max_length=500)] = []

    @property
    def zone_info(self) -> ZoneInfo:
        """The store's time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def customer_zones(self) -> list[Zone]:
        """The zones that are not for staff only: figures of customers are told of these alone."""
        return [zone for zone in self.zones if not zone.staff_only]

    @model_validator(mode="after")
    def _references_hold(self) -> Self:
        for kind in ("sections", "lines", "zones", "lanes", "queues", "shelves", "slots", "environment_sensors"):
            refuse_twins(kind, [item.id for item in getattr(self, kind)])
        sections = {section.id for section in self.sections}
        lanes = {lane.id for lane in self.lanes}
        for index, queue in enumerate(self.queues):
            check_name("section", queue.section, sections, "queues", index, "section")
            for place, lane_id in enumerate(queue.lanes):
                check_name("lane", lane_id, lanes, "queues", index, "lanes", place)
        for index, slot in enumerate(self.slots):
            check_name("section", slot.section, sections, "slots", index, "section")
            if slot.shelf is not None:
                check_name("shelf", slot.shelf, {shelf.id for shelf in self.shelves}, "slots", index, "shelf")
        return self
