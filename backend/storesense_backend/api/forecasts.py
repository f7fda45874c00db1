"""What a store's KPIs will be by the hour, and which hours were unlike themselves."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from storesense_backend import registry
from storesense_backend.api.access import Viewer
from storesense_backend.api.answers import JsonResponse, errors
from storesense_backend.api.context import Ctx
from storesense_backend.api.models import Answer
from storesense_backend.api.parameters import FromAt, StoreIdPath, ToAt
from storesense_backend.errors import InvalidError
from storesense_backend.forecasts.records import anomalies
from storesense_backend.forecasts.store_hours import SCALES
from storesense_backend.ranges import time_span

router = APIRouter(prefix="/api/v1/stores", tags=["measurements"])

_USUAL = timedelta(days=7)
_LONGEST = timedelta(days=400)
Kpi = Annotated[str, Query(description="visitors, mean_dwell, queue_length, wait_mean or on_shelf_availability")]
MaybeDay = Annotated[
    date | None,
    Query(alias="date", description="the first local day: one of the last 180, today (if not given) or tomorrow"),
]
Days = Annotated[int, Query(ge=1, le=31, description="how many local days")]
MaybeKpi = Annotated[str | None, Query(description="only this KPI")]


class HourAhead(Answer):
    """One local hour."""

    at: datetime
    hour: int = Field(description="of the local day")
    median: float
    low: float = Field(description="10 % quantile")
    high: float = Field(description="90 % quantile")
    measured: float | None = Field(description="what came; null of an hour that is not over or not measured")


class DayForecast(Answer):
    """One local day, foretold from the days before it."""

    date: date
    holiday: str | None = Field(description="the public holiday, if it is one")
    hours: list[HourAhead]


class StoreForecast(Answer):
    """Today and tomorrow."""

    store_id: str
    kpi: str
    days_measured: int = Field(description="days that the forecast was learnt from, 180 at most")
    days: list[DayForecast]


class Anomaly(Answer):
    """An hour of a KPI that was unlike itself."""

    kpi: str
    hour_at: datetime
    found_at: datetime
    value: float
    expected: float
    low: float
    high: float
    score: float = Field(description="4 where the evidence is as strong as chance makes it about once a month")
    test: str = Field(description="halved, doubled, silent or level")
    explanation: dict[str, str] = Field(description="a sentence by language")


class StoreAnomalies(Answer):
    """Anomalies of a store, oldest first."""

    store_id: str
    anomalies: list[Anomaly]


@router.get(
    "/{store_id}/forecast",
    summary="A KPI of today and tomorrow by the hour",
    response_model=StoreForecast,
    responses=errors(401, 404, 422),
)
async def get_forecast(
    store_id: StoreIdPath,
    _principal: Viewer,
    context: Ctx,
    kpi: Kpi = "visitors",
    first: MaybeDay = None,
    days: Days = 2,
) -> Response:
    """Foretell local days, each from those before it, with 80 % bands beside what came; today and tomorrow, usually."""
    _check(kpi)
    now = context.clock.now()
    async with context.pool.connection() as connection:
        store = await registry.get_store(connection, store_id)
        layout = registry.layout_of(store)
        hours = await context.forecasts.of(connection, layout, store["layout_version"], now)
    today = now.astimezone(layout.zone_info).date()
    found = []
    for day in ((first or today) + timedelta(days=n) for n in range(days)):
        told = [
            {"at": datetime.combine(day, time(hour["hour"]), layout.zone_info).astimezone(UTC)} | hour
            for hour in hours.forecast(kpi, day)
        ]
        place = (day - hours.calendar.first).days
        holiday = hours.calendar.holidays[place] if 0 <= place < len(hours.calendar.holidays) else None
        found.append({"date": day, "holiday": holiday, "hours": told})
    return JsonResponse({"store_id": store_id, "kpi": kpi, "days_measured": hours.days_measured, "days": found})


@router.get(
    "/{store_id}/anomalies",
    summary="Hours that were unlike themselves",
    response_model=StoreAnomalies,
    responses=errors(401, 404, 422),
)
async def get_anomalies(
    store_id: StoreIdPath,
    _principal: Viewer,
    context: Ctx,
    from_at: FromAt = None,
    to_at: ToAt = None,
    kpi: MaybeKpi = None,
) -> Response:
    """Tell the anomalies that were found in a span, the last week by default; they are looked for where a rule asks."""
    if kpi is not None:
        _check(kpi)
    span = time_span(from_at, to_at, now=context.clock.now(), usual=_USUAL, longest=_LONGEST)
    async with context.pool.connection() as connection:
        await registry.get_store(connection, store_id)
        rows = await anomalies(connection, store_id, span.from_at, span.to_at, kpi)
    return JsonResponse({"store_id": store_id, "anomalies": rows})


def _check(kpi: str) -> None:
    if kpi not in SCALES:
        raise InvalidError(f"this KPI is not foretold; these are: {', '.join(SCALES)}", field="kpi")
