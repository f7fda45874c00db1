"""The parts of a store file about people: opening hours, who comes, what they do, and who works there."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, RootModel, model_validator

from storesense_contracts.layout import Id, StrictModel, refuse_twins
from storesense_contracts.yaml_file import mistake
from storesense_simulators.twin.hours import hours_of, minutes_of, weekdays_of
from storesense_simulators.twin.shop_people import Spread

Share = Annotated[float, Field(ge=0, le=1)]
Factor = Annotated[float, Field(gt=0, le=100)]
_Hour = Annotated[int, Field(ge=0, le=23)]
_Weight = Annotated[float, Field(ge=0, le=100_000)]


def _spread(value: Any) -> Spread:
    if isinstance(value, Spread):
        return value
    if isinstance(value, int | float):
        value = [value, 0, value, value]
    if not (isinstance(value, list) and len(value) == 4 and all(isinstance(x, int | float) for x in value)):
        raise ValueError(f"expected [mean, standard deviation, lowest, highest] or one number, found {value!r}")
    mean, sd, low, high = (float(x) for x in value)
    if not (0 <= low <= mean <= high <= 1_000_000 and 0 <= sd <= 1_000_000):
        raise ValueError(
            f"{value!r} must be [mean, standard deviation, lowest, highest] with lowest <= mean <= highest"
        )
    return Spread(mean, sd, low, high)


SpreadFile = Annotated[Spread, BeforeValidator(_spread, json_schema_input_type=list[float] | float)]


def _days_known(by_days: Mapping[str, Any]) -> Mapping[str, Any]:
    for days in by_days:
        weekdays_of(days)
    return by_days


class HoursFile(RootModel[dict[str, str]]):
    """Opening hours: days, such as ``mon-fri``, to spans, such as ``08:00-20:00``; other days are closed."""

    @model_validator(mode="after")
    def _readable(self) -> Self:
        for days, text in self.root.items():
            try:
                hours_of("UTC", {days: text})
            except ValueError as exc:
                raise mistake(f"{exc}", days) from exc
        hours_of("UTC", self.root)
        return self


class BurstsFile(StrictModel):
    """Spells in which more people come at once."""

    per_day: Annotated[float, Field(ge=0, le=100)] = 1.0
    factor: Annotated[float, Field(ge=1, le=100)] = 1.8
    lasts_s: SpreadFile = Spread(1_200.0, 600.0, 300.0, 3_600.0)


class PartiesFile(StrictModel):
    """With whom people come; shares of parties, which need not add up to one."""

    alone: _Weight = 0.7
    couple: _Weight = 0.2
    family: _Weight = 0.1
    children: tuple[Annotated[int, Field(ge=1, le=10)], Annotated[int, Field(ge=1, le=10)]] = (1, 2)
    two_parents_share: Share = 0.4

    @model_validator(mode="after")
    def _somebody_comes(self) -> Self:
        if self.alone + self.couple + self.family <= 0:
            raise mistake("alone, couple and family are all zero; give at least one of them a share")
        if self.children[1] < self.children[0]:
            raise mistake("children are [fewest, most]; the first must not be above the second", "children")
        return self


class DemandFile(StrictModel):
    """Who comes when: so many people on a day of factor one, bursts included, spread over its open hours by weight."""

    visitors_a_day: Annotated[float, Field(ge=0, le=1_000_000)] = 400.0
    by_weekday: Annotated[dict[str, _Weight], AfterValidator(_days_known), Field(default_factory=dict)]
    by_hour: Annotated[dict[_Hour, _Weight], Field(default_factory=dict)]
    bursts: BurstsFile = BurstsFile()
    parties: PartiesFile = PartiesFile()


class ServiceFile(StrictModel):
    """How long serving somebody takes."""

    base_s: Annotated[float, Field(ge=0, le=3_600)] = 22.0
    per_unit_s: Annotated[float, Field(ge=0, le=600)] = 2.5
    variation: Annotated[float, Field(ge=0, le=2)] = 0.4
    self_factor: Factor = 1.7
    self_max_units: Annotated[int, Field(ge=1, le=10_000)] = 15

    @model_validator(mode="after")
    def _takes_time(self) -> Self:
        if self.base_s + self.per_unit_s <= 0:
            raise mistake("serving somebody must take some time; give base_s or per_unit_s", "base_s")
        return self


class ZoneVisitFile(StrictModel):
    """A stay in an area that is not for taking from a slot."""

    zone: Id
    share: Share
    stay_s: SpreadFile
    is_last: bool = False


class HabitsFile(StrictModel):
    """What shoppers do. The defaults are a grocer's."""

    speed_m_s: SpreadFile = Spread(1.1, 0.22, 0.5, 1.7)
    trolley_speed_factor: Factor = 0.85
    child_speed_factor: Factor = 0.9
    adult_height_m: SpreadFile = Spread(1.70, 0.09, 1.45, 2.0)
    child_height_m: SpreadFile = Spread(1.15, 0.18, 0.8, 1.5)
    body_radius_m: SpreadFile = Spread(0.22, 0.02, 0.16, 0.28)
    window_shopper_share: Share = 0.1
    list_products: SpreadFile = Spread(6.0, 5.0, 1.0, 30.0)
    trolley_from_products: Annotated[int, Field(ge=1, le=1_000)] = 8
    trolley_share: Share = 0.8
    units: Annotated[tuple[_Weight, ...], Field(min_length=1, max_length=50)] = (0.78, 0.16, 0.04, 0.02)
    browse_s: SpreadFile = Spread(14.0, 10.0, 3.0, 90.0)
    impulse_share: Share = 0.08
    put_back_share: Share = 0.05
    put_back_elsewhere_share: Share = 0.15
    zone_visits: Annotated[list[ZoneVisitFile], Field(default_factory=list, max_length=100)]
    desk_share: Share = 0.03
    desk_s: SpreadFile = Spread(90.0, 60.0, 20.0, 400.0)
    balk_from_length: Annotated[int, Field(ge=1, le=1_000)] = 7
    balk_share: Share = 0.05
    patience_s: SpreadFile = Spread(420.0, 180.0, 90.0, 1_200.0)
    service: ServiceFile = ServiceFile()
    thieves_per_day: Annotated[float, Field(ge=0, le=1_000)] = 0.5
    sweep_units: tuple[Annotated[int, Field(ge=1, le=1_000)], Annotated[int, Field(ge=1, le=1_000)]] = (4, 12)

    @model_validator(mode="after")
    def _weights_hold(self) -> Self:
        if sum(self.units) <= 0:
            raise mistake("all weights are zero; give how often one, two, three, … units are taken", "units")
        if self.sweep_units[1] < self.sweep_units[0]:
            raise mistake("these are [fewest, most]; the first must not be above the second", "sweep_units")
        return self


class ShiftFile(StrictModel):
    """So many people at work from one time to another."""

    id: Id
    days: Annotated[str, AfterValidator(lambda text: weekdays_of(text) and text)] = "all"
    begins: Annotated[str, AfterValidator(lambda text: (minutes_of(text), text)[1])]
    ends: Annotated[str, AfterValidator(lambda text: (minutes_of(text), text)[1])]
    staff: Annotated[int, Field(ge=1, le=500)]

    @model_validator(mode="after")
    def _ends_later(self) -> Self:
        if minutes_of(self.ends) <= minutes_of(self.begins):
            raise mistake(
                f"shift {self.id!r} ends at {self.ends}, at or before it begins at {self.begins}; "
                "make two shifts of one over midnight",
                "ends",
            )
        return self


class StaffFile(StrictModel):
    """Who works when, and how. ``lanes_open`` says from which hour on how many staffed lanes are wanted open."""

    shifts: Annotated[list[ShiftFile], Field(default_factory=list, max_length=500)]
    lanes_open: Annotated[dict[_Hour, Annotated[int, Field(ge=0, le=200)]], Field(default_factory=dict)]
    speed_m_s: SpreadFile = Spread(1.25, 0.1, 0.9, 1.6)
    round_every_s: SpreadFile = Spread(300.0, 120.0, 60.0, 900.0)
    notice_s: SpreadFile = Spread(900.0, 600.0, 60.0, 3_600.0)
    fetch_s: SpreadFile = Spread(120.0, 60.0, 30.0, 600.0)
    handful_units: Annotated[int, Field(ge=1, le=1_000)] = 6
    handful_s: Annotated[float, Field(gt=0, le=600)] = 4.0

    @model_validator(mode="after")
    def _ids_hold(self) -> Self:
        refuse_twins("shifts", [shift.id for shift in self.shifts])
        return self
