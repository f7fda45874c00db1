"""Rules about people on the floor, and about the figures that tell of them."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from storesense_contracts.layout import Id
from storesense_contracts.rule_frame import (
    Duration,
    People,
    RuleBase,
    StoreScope,
    ZoneScope,
    check_below,
    check_critical,
)


class PeopleLimit(RuleBase):
    """Two numbers of people."""

    TEMPLATE_FIELDS: ClassVar[tuple[str, ...]] = ("people", "threshold")
    open_at_people: People
    resolve_at_people: Annotated[int, Field(ge=0, le=100_000)]
    critical_at_people: People | None = None

    @model_validator(mode="after")
    def _hysteresis(self) -> Self:
        check_below(self, "resolve_at_people", "open_at_people")
        check_critical(self, "critical_at_people", "open_at_people")
        return self


class OccupancyLimitRule(PeopleLimit, StoreScope):
    """So many people are in the store, by its doors."""

    kind: Literal["occupancy_limit"]


class ZoneCrowdedRule(PeopleLimit, ZoneScope):
    """So many people are in a zone."""

    kind: Literal["zone_crowded"]
    open_after_s: Duration = 60.0
    resolve_after_s: Duration = 60.0


class ZoneUnattendedRule(ZoneScope):
    """Shoppers stay in a zone and no staff is there: none seen in it, and none of its ``lanes`` is staffed."""

    TEMPLATE_FIELDS: ClassVar[tuple[str, ...]] = ("people", "threshold")
    kind: Literal["zone_unattended"]
    lanes: Annotated[tuple[Id, ...], Field(max_length=100)] = ()
    open_at_people: People = 1
    open_after_s: Duration = 120.0
    resolve_after_s: Duration = 10.0


class KpiAnomalyRule(RuleBase):
    """A KPI is unlike its own hour of the week, by so many robust standard deviations."""

    SUBJECT: ClassVar[str] = "kpi"
    TEMPLATE_FIELDS: ClassVar[tuple[str, ...]] = (
        "kpi",
        "score",
        "value",
        "expected",
        "explanation",
        "explanation_zh",
        "threshold",
    )
    kind: Literal["kpi_anomaly"]
    kpis: Annotated[list[Id], Field(max_length=100)] | None = None
    open_at_score: Annotated[float, Field(gt=0, le=100)] = 4.0
    resolve_at_score: Annotated[float, Field(ge=0, le=100)] = 2.0
    open_after_s: Duration = 0.0
    resolve_after_s: Duration = 0.0

    @model_validator(mode="after")
    def _hysteresis(self) -> Self:
        check_below(self, "resolve_at_score", "open_at_score")
        return self
