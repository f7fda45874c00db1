"""A store's layout: its floor and everything on it that readings and alerts speak of. Positions are floor metres."""

from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from storesense_contracts.ids import check_id

Id = Annotated[str, AfterValidator(lambda text: check_id("valid", text))]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Metres = Annotated[float, Field(ge=-1_000.0, le=1_000.0, allow_inf_nan=False)]
PointM = tuple[Metres, Metres]


def _checked_time_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is no time zone; expected an IANA name such as Europe/Berlin")
    return name


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
    """A line that people are counted at; ``is_entrance`` lines make up the visitors."""

    id: Id
    name: Name
    is_entrance: bool = False
    floor_m: tuple[PointM, PointM] | None = None


class Zone(StrictModel):
    """An area in which presence is measured."""

    id: Id
    name: Name
    floor_m: Annotated[list[PointM], Field(min_length=3, max_length=64)] | None = None


class Lane(StrictModel):
    """A checkout lane; ``till_m`` is where its cashier is."""

    id: Id
    name: Name
    till_m: PointM | None = None


class Queue(StrictModel):
    """Where people wait for one or more lanes."""

    id: Id
    name: Name
    section: Id
    lanes: list[Id] = []
    floor_m: Annotated[list[PointM], Field(min_length=3, max_length=64)] | None = None


class Product(StrictModel):
    """What a slot holds."""

    sku: Id
    name: Name
    unit_weight_g: Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)]
    unit_weight_tolerance_g: Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)] | None = None


class Slot(StrictModel):
    """One product's place on a shelf, weighed on its own."""

    id: Id
    name: Name
    section: Id
    product: Product
    capacity_units: Annotated[int, Field(ge=1, le=100_000)]
    reorder_point_units: Annotated[int, Field(ge=0, le=100_000)]
    at_m: PointM | None = None

    @model_validator(mode="after")
    def _reorder_point_below_capacity(self) -> Self:
        if self.reorder_point_units >= self.capacity_units:
            raise ValueError(
                f"reorder_point_units ({self.reorder_point_units}) must be below capacity_units ({self.capacity_units})"
            )
        return self


class EnvironmentSensor(StrictModel):
    """A climate sensor and where it hangs."""

    id: Id
    name: Name
    at_m: PointM | None = None


class StoreLayout(StrictModel):
    """A store as the edge, the backend, the pages and the simulated store know it."""

    id: Id
    name: Name
    time_zone: Annotated[str, AfterValidator(_checked_time_zone)]
    floor: Floor
    sections: Annotated[list[Section], Field(min_length=1, max_length=500)]
    lines: Annotated[list[Line], Field(max_length=500)] = []
    zones: Annotated[list[Zone], Field(max_length=500)] = []
    lanes: Annotated[list[Lane], Field(max_length=500)] = []
    queues: Annotated[list[Queue], Field(max_length=500)] = []
    slots: Annotated[list[Slot], Field(max_length=20_000)] = []
    environment_sensors: Annotated[list[EnvironmentSensor], Field(max_length=500)] = []

    @property
    def zone_info(self) -> ZoneInfo:
        """The store's time zone."""
        return ZoneInfo(self.time_zone)

    @model_validator(mode="after")
    def _references_hold(self) -> Self:
        for kind, ids in (
            ("sections", [s.id for s in self.sections]),
            ("lines", [x.id for x in self.lines]),
            ("zones", [x.id for x in self.zones]),
            ("lanes", [x.id for x in self.lanes]),
            ("queues", [x.id for x in self.queues]),
            ("slots", [x.id for x in self.slots]),
            ("environment_sensors", [x.id for x in self.environment_sensors]),
        ):
            twice = sorted({x for x in ids if ids.count(x) > 1}) if len(set(ids)) != len(ids) else []
            if twice:
                raise ValueError(f"{kind}: the id {twice[0]!r} stands there twice")
        sections = {s.id for s in self.sections}
        for what, name, section in [("queue", q.id, q.section) for q in self.queues] + [
            ("slot", s.id, s.section) for s in self.slots
        ]:
            if section not in sections:
                raise ValueError(f"{what} {name!r} names section {section!r}; expected one of {sorted(sections)}")
        lanes = {lane.id for lane in self.lanes}
        for queue in self.queues:
            for lane_id in queue.lanes:
                if lane_id not in lanes:
                    raise ValueError(f"queue {queue.id!r} names lane {lane_id!r}; expected one of {sorted(lanes)}")
        return self


class QueueTooLongRule(StrictModel):
    """Open an alert when a queue stays long; resolve it when the queue has stayed short."""

    kind: Literal["queue_too_long"]
    id: Id
    queues: list[Id] | None = None
    open_at_length: Annotated[int, Field(ge=1, le=1_000)]
    open_after_s: Annotated[float, Field(ge=0, le=3_600)] = 20.0
    resolve_at_length: Annotated[int, Field(ge=0, le=1_000)]
    resolve_after_s: Annotated[float, Field(ge=0, le=3_600)] = 20.0

    @model_validator(mode="after")
    def _hysteresis(self) -> Self:
        if self.resolve_at_length >= self.open_at_length:
            raise ValueError("resolve_at_length must be below open_at_length, or the alert would flap")
        return self


class LowStockRule(StrictModel):
    """Open an alert when a slot is at or below its reorder point; resolve it when its weight says it was refilled."""

    kind: Literal["low_stock"]
    id: Id
    slots: list[Id] | None = None
    open_after_s: Annotated[float, Field(ge=0, le=3_600)] = 10.0
    resolve_after_s: Annotated[float, Field(ge=0, le=3_600)] = 5.0
    min_confidence: Annotated[float, Field(ge=0, le=1)] = 0.5


Rule = Annotated[QueueTooLongRule | LowStockRule, Field(discriminator="kind")]
