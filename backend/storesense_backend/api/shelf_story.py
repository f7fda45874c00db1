"""Shelf events that were told wrongly at first."""

from datetime import datetime, timedelta

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from storesense_backend import registry
from storesense_backend.api.access import Viewer
from storesense_backend.api.answers import JsonResponse, errors
from storesense_backend.api.context import Ctx
from storesense_backend.api.models import Answer
from storesense_backend.api.parameters import FromAt, Limit, StoreIdPath, ToAt
from storesense_backend.ranges import time_span
from storesense_contracts.sql import load_queries

router = APIRouter(prefix="/api/v1/stores/{store_id}", tags=["measurements"])

_SQL = load_queries("storesense_backend", "sql/shelf_story.sql")
_DAY = timedelta(days=1)
_LONGEST = timedelta(days=31)


class Correction(Answer):
    """An event that was told wrongly, and what it was."""

    slot_id: str
    measured_at: datetime = Field(description="when it happened")
    event: str
    units: int
    sku: str | None
    confidence: float
    correction_no: int = Field(description="how often it was told anew")
    told_event: str | None = Field(description="what had been told before")
    told_units: int | None
    told_sku: str | None


class Corrections(Answer):
    """Events that were told anew, the newest first."""

    corrections: list[Correction]


@router.get(
    "/corrections",
    summary="Shelf events that were told wrongly",
    response_model=Corrections,
    responses=errors(401, 404, 422),
)
async def get_corrections(
    store_id: StoreIdPath,
    _principal: Viewer,
    context: Ctx,
    from_at: FromAt = None,
    to_at: ToAt = None,
    limit: Limit = 100,
) -> Response:
    """List shelf events that what followed showed to have been told wrongly, with what they were.

    The last day if no time is given; 31 days are the most.
    """
    now = context.clock.now()
    span = time_span(from_at, to_at, now=now, usual=_DAY, longest=_LONGEST)
    values = {"store_id": store_id, "from_at": span.from_at, "to_at": span.to_at, "limit": limit}
    async with context.pool.connection() as connection:
        await registry.get_store(connection, store_id)
        rows = await (await connection.execute(_SQL["corrections"], values)).fetchall()
    return JsonResponse({"corrections": rows})
