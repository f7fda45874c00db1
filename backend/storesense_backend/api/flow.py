"""What several people together tell: dwell, ways between zones, parties, queues with their lanes, occupancy."""

from datetime import datetime, timedelta
from typing import Literal

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from storesense_backend import flow, registry
from storesense_backend.api.access import Viewer
from storesense_backend.api.answers import JsonResponse, errors
from storesense_backend.api.context import Ctx
from storesense_backend.api.live_models import NextWaitNow
from storesense_backend.api.models import Answer, SpanAnswer
from storesense_backend.api.parameters import FromAt, StoreIdPath, ToAt
from storesense_backend.occupancy import STEP, door_occupancy
from storesense_backend.ranges import time_span

router = APIRouter(prefix="/api/v1/stores/{store_id}", tags=["measurements"])

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_MONTH = timedelta(days=31)


class ZoneDwell(Answer):
    """How long visits to a zone lasted, staff's left out."""

    zone_id: str
    entries: int
    visits: int = Field(description="those that ended in the span")
    stops: int = Field(description="of those, who stopped")
    passes: int = Field(description="of those, who walked through")
    unknown: int = Field(description="visits whose end nobody saw, as a device restarted; in no other figure")
    counts: list[int] = Field(description="visits by step of edges_s; the last one is of all that took longer")
    mean_s: float | None
    median_s: float | None = Field(description="interpolated in the histogram")
    p90_s: float | None = Field(description="interpolated in the histogram")
    people_s: float = Field(description="presence of everybody, seconds")
    staff_s: float = Field(description="of that, presence of people known to work there")
    staff_share: float | None = Field(description="staff_s by people_s")


class Dwell(SpanAnswer):
    """Dwell of every zone."""

    edges_s: list[int] = Field(description="upper edges of the histogram's steps")
    zones: list[ZoneDwell]


class Way(Answer):
    """People who went from one zone to another next."""

    from_zone_id: str
    to_zone_id: str
    people: int


class Transitions(SpanAnswer):
    """Ways between zones."""

    fewest_told: int = Field(description="in a quarter of an hour, ways of fewer people never left the camera")
    ways: list[Way]
    suppressed: int = Field(description="people of ways that too few took, as far as those may be told together")


class LineParties(Answer):
    """Heads, parties and staff over a line."""

    line_id: str
    is_entrance: bool
    in_people: int
    out_people: int
    in_parties: int = Field(description="buying units: who came in together is one")
    out_parties: int
    in_staff: int = Field(description="of in_people, known to work there")
    out_staff: int
    people_per_party: float | None
    staff_share: float | None = Field(description="staff among the heads, both ways")


class Parties(SpanAnswer):
    """Parties over every line."""

    lines: list[LineParties]


class LaneWork(Answer):
    """What the tills of a lane did; null where no camera sees them."""

    lane_id: str
    kind: Literal["staffed", "self_checkout"]
    tills: int = Field(description="1, or the stations of a self-checkout")
    is_open: bool | None
    is_staffed: bool | None
    manned_s: float | None = Field(description="till-seconds open and, for a staffed lane, staffed")
    busy_s: float | None = Field(description="till-seconds spent serving")
    idle_s: float | None = Field(description="manned_s less busy_s: the cashier waits for customers")
    busy_share: float | None
    served: int | None


class QueueFlow(Answer):
    """A queue with the lanes that it serves."""

    queue_id: str
    kind: Literal["staffed", "self_checkout", "mixed", "unknown"] = Field(description="what its lanes are")
    length: int | None = Field(description="null if nothing was told for ten minutes")
    longest_wait_s: float | None
    measured_at: datetime | None
    tills_open: int | None = Field(description="null if not all of its lanes tell")
    next_wait: NextWaitNow | None
    served: int
    abandoned: int
    unknown: int = Field(description="visits whose end nobody saw; neither served nor abandoned")
    abandonment: float | None = Field(description="abandoned by served and abandoned")
    wait_mean_s: float | None
    service_mean_s: float | None
    lanes: list[LaneWork]


class Queues(SpanAnswer):
    """Every queue; lengths and next_wait are of ``at``, all else of the span."""

    at: datetime
    queues: list[QueueFlow]


class OccupancyPoint(Answer):
    """People inside at the end of the step that begins at ``at``; between low and high with 95 %."""

    at: datetime
    people: float
    low: float
    high: float


class OccupancyDay(Answer):
    """A trading day by the doors."""

    starts_at: datetime
    ends_at: datetime
    is_reconciled: bool = Field(description="whether it is over, so that its drift is known and taken off")
    entered: int
    left: int
    drift: int | None = Field(description="entered less left at its end: what is taken off along its crossings")
    drift_ratio: float | None = Field(description="drift by all crossings of the day: the size of the correction")
    completeness: float = Field(description="share of the minutes of entrance lines that were measured")


class Occupancy(SpanAnswer):
    """Occupancy by the doors."""

    basis: Literal["doors", "none"] = Field(description="none: no entrance line, or no opening hours with a night")
    step_s: int
    now: OccupancyPoint | None = Field(description="the newest point of the day that goes on")
    points: list[OccupancyPoint]
    days: list[OccupancyDay]
    learnt_days: int = Field(description="earlier days, of 28, by which the day that goes on is judged")


@router.get("/dwell", summary="How long visits to zones last", response_model=Dwell, responses=errors(401, 404, 422))
async def get_dwell(
    store_id: StoreIdPath, _principal: Viewer, context: Ctx, from_at: FromAt = None, to_at: ToAt = None
) -> Response:
    """Return each zone's dwell histogram, passes against stops, and its share of staff; the last hour if not told."""
    now = context.clock.now()
    span = time_span(from_at, to_at, now=now, usual=_HOUR, longest=timedelta(days=context.settings.max_range_days))
    async with context.pool.connection() as connection:
        layout = await registry.get_layout(connection, store_id)
        return JsonResponse(await flow.dwell(connection, layout=layout, span=span, now=now))


@router.get("/transitions", summary="Ways between zones", response_model=Transitions, responses=errors(401, 404, 422))
async def get_transitions(
    store_id: StoreIdPath, _principal: Viewer, context: Ctx, from_at: FromAt = None, to_at: ToAt = None
) -> Response:
    """Return how many went from which zone to which, the last day if not told; by whole quarters of an hour."""
    longest = timedelta(days=context.settings.max_range_days)
    span = time_span(from_at, to_at, now=context.clock.now(), usual=_DAY, longest=longest)
    async with context.pool.connection() as connection:
        layout = await registry.get_layout(connection, store_id)
        return JsonResponse(await flow.transitions(connection, layout=layout, span=span))


@router.get("/parties", summary="Parties over lines", response_model=Parties, responses=errors(401, 404, 422))
async def get_parties(
    store_id: StoreIdPath, _principal: Viewer, context: Ctx, from_at: FromAt = None, to_at: ToAt = None
) -> Response:
    """Return heads, parties and staff over each line, the last hour if not told."""
    now = context.clock.now()
    span = time_span(from_at, to_at, now=now, usual=_HOUR, longest=timedelta(days=context.settings.max_range_days))
    async with context.pool.connection() as connection:
        layout = await registry.get_layout(connection, store_id)
        return JsonResponse(await flow.parties(connection, layout=layout, span=span, now=now))


@router.get("/queues", summary="Queues and their lanes", response_model=Queues, responses=errors(401, 404, 422))
async def get_queues(
    store_id: StoreIdPath, _principal: Viewer, context: Ctx, from_at: FromAt = None, to_at: ToAt = None
) -> Response:
    """Return each queue with the next wait, and what its tills did; the last hour if not told, 7 days at most."""
    now = context.clock.now()
    span = time_span(from_at, to_at, now=now, usual=_HOUR, longest=_WEEK)
    async with context.pool.connection() as connection:
        layout = await registry.get_layout(connection, store_id)
        return JsonResponse(await flow.queues(connection, layout=layout, span=span, now=now))


@router.get("/occupancy", summary="People in the store", response_model=Occupancy, responses=errors(401, 404, 422))
async def get_occupancy(
    store_id: StoreIdPath, _principal: Viewer, context: Ctx, from_at: FromAt = None, to_at: ToAt = None
) -> Response:
    """Return people in the store by its doors, reconciled at closing; the last day if not told, 31 at most."""
    now = context.clock.now()
    span = time_span(from_at, to_at, now=now, usual=_DAY, longest=_MONTH)
    async with context.pool.connection() as connection:
        layout = await registry.get_layout(connection, store_id)
        found = await door_occupancy(connection, layout=layout, span=span, now=now)
    return JsonResponse(
        {
            "from": span.from_at,
            "to": span.to_at,
            "basis": "none" if found is None else "doors",
            "step_s": int(STEP.total_seconds()),
            "now": None if found is None else found.now,
            "points": [] if found is None else found.points,
            "days": [] if found is None else found.days,
            "learnt_days": 0 if found is None else len(found.learnt),
        }
    )
