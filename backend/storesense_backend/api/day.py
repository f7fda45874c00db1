"""One local day of a store by the minute, to be replayed."""

import datetime as dt
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from storesense_backend import registry
from storesense_backend.api.access import Viewer
from storesense_backend.api.alert_models import AlertWords
from storesense_backend.api.answers import JsonResponse, errors
from storesense_backend.api.context import Ctx
from storesense_backend.api.models import Answer, SpanAnswer
from storesense_backend.api.parameters import StoreIdPath
from storesense_backend.errors import InvalidError
from storesense_backend.local_days import local_day
from storesense_backend.store_day import date_span, store_day

router = APIRouter(prefix="/api/v1/stores/{store_id}", tags=["measurements"])

_EARLIEST, _LATEST = dt.date(2000, 1, 2), dt.date(2199, 12, 30)


class LineDay(Answer):
    """Counts of a line by minute."""

    line_id: str
    in_count: list[int | None]
    out_count: list[int | None]


class ZoneDay(Answer):
    """People in a zone by minute, the mean."""

    zone_id: str
    people: list[float | None]


class QueueDay(Answer):
    """A queue by minute: the greatest length and wait of each."""

    queue_id: str
    length: list[int | None]
    longest_wait_s: list[float | None]


class LaneDay(Answer):
    """A lane by minute: 0 closed, 1 open and nobody there, 2 open."""

    lane_id: str
    state: list[Literal[0, 1, 2] | None]


class SlotDay(Answer):
    """A slot by quarter of an hour: the fewest units."""

    slot_id: str
    units: list[int | None]


class DayHour(Answer):
    """How much of an hour was measured, by entrance lines, zones and queues."""

    at: dt.datetime
    expected_minutes: int
    measured_minutes: int


class DayAlert(Answer):
    """An alert that stood at some time of the day."""

    alert_id: int
    kind: str
    subject_id: str
    section_id: str | None
    severity: str
    opened_at: dt.datetime
    ended_at: dt.datetime | None
    title: str
    action: str
    words: dict[str, AlertWords]


class StoreDay(SpanAnswer):
    """A local day; lists begin at from, null where nothing was measured."""

    date: dt.date
    until: dt.datetime = Field(description="where the minutes that are past end")
    step_s: int
    lines: list[LineDay]
    zones: list[ZoneDay]
    queues: list[QueueDay]
    lanes: list[LaneDay]
    slots: list[SlotDay]
    hours: list[DayHour]
    alerts: list[DayAlert]


@router.get("/day", summary="A local day by the minute", response_model=StoreDay, responses=errors(401, 404, 422))
async def get_day(
    store_id: StoreIdPath,
    _principal: Viewer,
    context: Ctx,
    date: Annotated[dt.date | None, Query(description="at the store; today if not given")] = None,
) -> Response:
    """Return what was measured on a local day minute by minute, and the alerts that stood."""
    if date is not None and not _EARLIEST <= date <= _LATEST:
        raise InvalidError("a date lies between the years 2000 and 2200", field="date")
    now = context.clock.now()
    async with context.pool.connection() as connection:
        layout = await registry.get_layout(connection, store_id)
        day = local_day(now, layout.zone_info) if date is None else date_span(date, layout)
        return JsonResponse(await store_day(connection, layout=layout, day=day, now=now))
