"""How many lanes: what is advised now, and what was advised and done."""

from datetime import datetime, timedelta

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from storesense_backend import registry
from storesense_backend.api.access import Viewer
from storesense_backend.api.answers import JsonResponse, errors
from storesense_backend.api.context import Ctx
from storesense_backend.api.models import Answer
from storesense_backend.api.parameters import FromAt, StoreIdPath, ToAt
from storesense_backend.api.stores import layout_of
from storesense_backend.ranges import time_span
from storesense_backend.staffing.records import history

router = APIRouter(prefix="/api/v1/stores", tags=["measurements"])

_USUAL = timedelta(hours=2)
_LONGEST = timedelta(hours=25)


class ExpectedWait(Answer):
    """The wait of somebody who joins a staffed lane then."""

    mean_s: float
    p10_s: float = Field(description="10 % wait less")
    p90_s: float = Field(description="10 % wait longer")
    within_target: float = Field(description="share that is called within the service level's target")


class LaneOutlook(Answer):
    """One of the three moments."""

    in_min: int
    lanes: int = Field(description="advised")
    lanes_for_target: int = Field(description="fewest lanes that keep the service level")
    wait: ExpectedWait = Field(description="following the advice")
    wait_unchanged: ExpectedWait = Field(description="with as many lanes as now")


class Expected(Answer):
    """How many people will join a queue."""

    mean: float
    low: float = Field(description="10 % quantile")
    high: float = Field(description="90 % quantile")


class AdvisedMinute(Answer):
    """What was advised, and what was open."""

    made_at: datetime
    people: int
    lanes_open: int
    lanes_now: int
    lanes_15: int
    lanes_30: int
    arrivals_15: float
    arrivals_30: float


class LanesKept(Answer):
    """Lanes open against needed."""

    minutes: int
    enough_share: float | None = Field(description="of the minutes, those with at least the advised lanes open")
    mean_open: float | None
    mean_needed: float | None


class StoreStaffing(Answer):
    """Lanes of a store."""

    store_id: str
    at: datetime
    is_known: bool = Field(description="whether there are staffed lanes, an entrance and a day to learn from")
    learnt_days: int
    queue_id: str | None = Field(description="where rules on lanes are told")
    people: int = Field(description="at the staffed lanes")
    lanes_open: int
    lanes: int = Field(description="advised now")
    outlooks: list[LaneOutlook]
    arrivals_15: Expected | None
    arrivals_30: Expected | None
    kept: LanesKept
    history: list[AdvisedMinute]


@router.get(
    "/{store_id}/staffing", summary="How many lanes", response_model=StoreStaffing, responses=errors(401, 404, 422)
)
async def get_staffing(
    store_id: StoreIdPath, _principal: Viewer, context: Ctx, from_at: FromAt = None, to_at: ToAt = None
) -> Response:
    """Advise lanes for now, in 15 and 30 minutes, and tell what was advised and open in a span of 25 hours at most."""
    now = context.clock.now()
    span = time_span(from_at, to_at, now=now, usual=_USUAL, longest=_LONGEST)
    async with context.pool.connection() as connection:
        store = await registry.get_store(connection, store_id)
        told = await context.staffing.of(connection, layout_of(store), store["layout_version"], now)
        rows = await history(connection, store_id, span.from_at, span.to_at)
    many = len(rows)
    kept = {
        "minutes": many,
        "enough_share": round(sum(row["lanes_open"] >= row["lanes_now"] for row in rows) / many, 4) if many else None,
        "mean_open": round(sum(row["lanes_open"] for row in rows) / many, 2) if many else None,
        "mean_needed": round(sum(row["lanes_now"] for row in rows) / many, 2) if many else None,
    }
    return JsonResponse(told | {"kept": kept, "history": rows})
