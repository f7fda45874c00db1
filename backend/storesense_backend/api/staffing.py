"""How many lanes: what is advised now, and what was advised and done."""

from datetime import datetime, timedelta

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from storesense_backend import registry
from storesense_backend.api.access import Viewer
from storesense_backend.api.answers import JsonResponse, errors
from storesense_backend.api.context import Ctx
from storesense_backend.api.models import Answer, SpanAnswer
from storesense_backend.api.parameters import FromAt, StoreIdPath, ToAt
from storesense_backend.ranges import time_span
from storesense_backend.staffing.calls import Outcome
from storesense_backend.staffing.past import past
from storesense_backend.staffing.records import history

router = APIRouter(prefix="/api/v1/stores", tags=["measurements"])

_USUAL = timedelta(hours=2)
_LONGEST = timedelta(hours=25)
_DAY = timedelta(days=1)
_MONTH = timedelta(days=31)


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


class StaffingStep(Answer):
    """Lanes and advice in a step of time; null where it is not known."""

    at: datetime
    lanes_open: float | None = Field(description="staffed lanes; null unless each of them told its state")
    lanes_now: float | None = Field(description="advised")
    lanes_15: float | None
    lanes_30: float | None
    wait_15_s: float | None = Field(description="foretold for 15 minutes later, following the advice")
    wait_unchanged_15_s: float | None = Field(description="the same with the lanes as they were")
    arrivals_15: float | None = Field(description="foretold: people who join a queue within 15 minutes")
    arrivals_15_low: float | None = Field(description="10 % quantile")
    arrivals_15_high: float | None = Field(description="90 % quantile")
    joined_15: int | None = Field(description="who did; known half an hour later, and only of spans up to 25 hours")


class ServiceStep(Answer):
    """What people who queued for staffed lanes met in a step of time."""

    at: datetime
    served: int | None = Field(description="null where no queue told its length")
    wait_mean_s: float | None
    within_target: float | None = Field(description="share that waited no longer than wait_target_s")


class MovedLane(Answer):
    """A lane that opened, or closed."""

    lane_id: str
    at: datetime


class LaneCall(Answer):
    """A time in which more or fewer lanes were advised than stood open."""

    is_for_more: bool = Field(description="whether lanes were to open; else they could close")
    advised_at: datetime
    ended_at: datetime | None = Field(description="when lanes and advice met; null while it stands")
    lanes_open: int = Field(description="when it began")
    lanes_advised: int = Field(description="the farthest from those open then")
    lanes_after: int = Field(description="open in the end")
    done_at: datetime | None = Field(description="when a lane had moved as advised")
    outcome: Outcome = Field(description="passed: nothing was done and the need went; unknown: the advice broke off")
    moves: list[MovedLane] = Field(description="lanes that moved as advised")
    wait_s: float | None = Field(description="foretold when it began, for 15 minutes later, following it")
    wait_unchanged_s: float | None = Field(description="the same without")
    wait_before_s: float | None = Field(description="mean wait of those served in the 15 minutes before")
    wait_after_s: float | None = Field(description="and in the 15 minutes after done_at, or after its end")


class StaffingPast(SpanAnswer):
    """Lanes, advice and waits of a span."""

    store_id: str
    wait_target_s: int
    lanes_total: int = Field(description="staffed lanes with a queue")
    step_s: int = Field(description="60 of up to 25 hours, 900 of up to 8 days, else 3600")
    steps: list[StaffingStep]
    level_step_s: int = Field(description="900, of more than 8 days 3600")
    levels: list[ServiceStep]
    calls_ended: int = Field(description="calls for lanes whose outcome is known")
    calls_followed: int = Field(description="of those, the ones that a lane moved for")
    calls: list[LaneCall] = Field(description="the newest hundred, oldest first")


class StoreStaffing(Answer):
    """Lanes of a store."""

    store_id: str
    at: datetime
    is_known: bool = Field(description="whether there are staffed lanes, an entrance and a day to learn from")
    learnt_days: int
    queue_id: str | None = Field(description="where rules on lanes are told")
    people: int = Field(description="at the staffed lanes")
    lanes_open: int
    lanes_told: int = Field(description="staffed lanes that told their state within three minutes")
    lanes_total: int = Field(description="staffed lanes with a queue")
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
        told = await context.staffing.of(connection, registry.layout_of(store), store["layout_version"], now)
        rows = await history(connection, store_id, span.from_at, span.to_at)
    many = len(rows)
    kept = {
        "minutes": many,
        "enough_share": round(sum(row["lanes_open"] >= row["lanes_now"] for row in rows) / many, 4) if many else None,
        "mean_open": round(sum(row["lanes_open"] for row in rows) / many, 2) if many else None,
        "mean_needed": round(sum(row["lanes_now"] for row in rows) / many, 2) if many else None,
    }
    return JsonResponse(told | {"kept": kept, "history": rows})


@router.get(
    "/{store_id}/staffing/history",
    summary="What was advised and what was done",
    response_model=StaffingPast,
    responses=errors(401, 404, 422),
)
async def get_staffing_history(
    store_id: StoreIdPath, _principal: Viewer, context: Ctx, from_at: FromAt = None, to_at: ToAt = None
) -> Response:
    """Tell lanes open against needed, foretold against met, and each call for lanes; the last day, 31 days at most."""
    now = context.clock.now()
    span = time_span(from_at, to_at, now=now, usual=_DAY, longest=_MONTH)
    async with context.pool.connection() as connection:
        layout = await registry.get_layout(connection, store_id)
        return JsonResponse(await past(connection, layout=layout, span=span, now=now))
