"""All stores beside each other, and what each wants of its KPIs."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from storesense_backend import registry
from storesense_backend.api.access import Manager, Viewer
from storesense_backend.api.answers import JsonResponse, errors
from storesense_backend.api.context import Ctx
from storesense_backend.api.measurement_models import Kpi
from storesense_backend.api.models import Answer, Question, SpanAnswer
from storesense_backend.api.parameters import StoreIdPath
from storesense_backend.chain.targets import put_targets, targets_of

router = APIRouter(prefix="/api/v1", tags=["stores"])


class AttentionReason(Answer):
    """One reason why a store needs attention."""

    kind: str
    points: int = Field(description="what it adds to the store's rank")
    count: int
    kpi: str | None


class ChainKpi(Kpi):
    """A KPI beside its past and its target."""

    previous: float | None = Field(description="the same of the span it is compared with")
    target: float | None
    is_on_target: bool | None = Field(description="null where there is no value, or no target")
    trend: list[float | None] | None = Field(
        description="one of each of trend_dates, null where nothing was measured; null where days do not tell it"
    )


class ChainFigures(SpanAnswer):
    """A store's KPIs of the span."""

    made_at: datetime
    previous_from: datetime
    previous_to: datetime
    trend_dates: list[date]
    kpis: list[ChainKpi]


class ChainStore(Answer):
    """A store in the overview."""

    store_id: str
    name: str
    time_zone: str
    attention: int = Field(description="sum of the reasons' points")
    reasons: list[AttentionReason]
    critical_alerts: int = Field(description="open and of this severity; those that are snoozed or explained left out")
    warning_alerts: int
    info_alerts: int
    taken_alerts: int = Field(description="not over, and somebody is at it")
    devices_online: int
    devices_offline: int
    devices_never_seen: int
    devices_total: int
    figures: ChainFigures | None = Field(description="null until they are made; ask again in a second")


class Chain(Answer):
    """All stores, the neediest first."""

    at: datetime
    days: int
    stores: list[ChainStore]


class Target(Answer):
    """What a store wants of one KPI."""

    kpi: str
    target: float
    set_at: datetime
    set_by: str


class Targets(Answer):
    """What a store wants of its KPIs."""

    targets: list[Target]


class TargetsEntry(Question):
    """All targets of a store; KPIs that are not named have none any longer."""

    targets: Annotated[
        dict[str, Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]],
        Field(max_length=100, description="by the KPI's name, in its unit"),
    ]


@router.get("/chain", summary="All stores, the neediest first", response_model=Chain, responses=errors(401, 422))
async def get_chain(
    _principal: Viewer,
    context: Ctx,
    days: Annotated[int, Query(ge=1, le=31, description="local days of the figures, today among them")] = 1,
) -> Response:
    """Return all stores by what needs attention, with KPIs beside their past and targets.

    Figures may be a minute old and more; the first question has none yet, and they are made within seconds.
    """
    async with context.pool.connection() as connection:
        return JsonResponse(await context.chain.answer(connection, days=days, now=context.clock.now()))


@router.get(
    "/stores/{store_id}/targets", summary="A store's targets", response_model=Targets, responses=errors(401, 404, 422)
)
async def get_targets(store_id: StoreIdPath, _principal: Viewer, context: Ctx) -> Response:
    """Return what the store wants of its KPIs."""
    async with context.pool.connection() as connection:
        await registry.get_store(connection, store_id)
        return JsonResponse({"targets": await targets_of(connection, store_id)})


@router.put(
    "/stores/{store_id}/targets",
    summary="Set a store's targets",
    response_model=Targets,
    responses=errors(400, 401, 403, 404, 413, 422),
)
async def set_targets(store_id: StoreIdPath, body: TargetsEntry, principal: Manager, context: Ctx) -> Response:
    """Set what the store wants of its KPIs; those not named have no target any longer."""
    async with context.pool.connection() as connection:
        await registry.get_store(connection, store_id)
        await put_targets(connection, store_id, body.targets, now=context.clock.now(), actor=principal.actor)
        return JsonResponse({"targets": await targets_of(connection, store_id)})
