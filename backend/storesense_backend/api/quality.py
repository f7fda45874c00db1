"""How right a store's figures are."""

from datetime import datetime, timedelta
from typing import Literal

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from storesense_backend import registry
from storesense_backend.api.access import Viewer
from storesense_backend.api.answers import JsonResponse, errors
from storesense_backend.api.context import Ctx
from storesense_backend.api.models import Answer, SpanAnswer
from storesense_backend.api.parameters import FromAt, StoreIdPath, ToAt
from storesense_backend.quality import quality
from storesense_backend.ranges import time_span

router = APIRouter(prefix="/api/v1/stores/{store_id}", tags=["measurements"])

_HOUR = timedelta(hours=1)
_LONGEST = timedelta(days=7)


class Fault(SpanAnswer):
    """A time during which a camera was not well."""

    device_id: str
    component_id: str
    cause: str
    state: Literal["ok", "degraded", "failed"]
    reason: str | None
    displacement_px: float | None
    affected: list[str] = Field(description="figures that it touched, as stream/subject")


class LineAudit(Answer):
    """What the newest audit of a line found, one way."""

    line_id: str
    direction: Literal["in", "out"]
    audited_at: datetime = Field(description="when the tally began")
    audit_s: float | None
    tallied_count: int
    counted_count: int
    missed_count: int
    extra_count: int
    error: float | None = Field(description="(counted - tallied) / tallied; null if nobody was tallied")
    error_low: float = Field(description="lower bound of the error, 95 %")
    error_high: float = Field(description="upper bound of the error, 95 %")


class StoreQuality(SpanAnswer):
    """How right a store's figures are."""

    faults: list[Fault]
    lines: list[LineAudit]


@router.get(
    "/quality", summary="How right the figures are", response_model=StoreQuality, responses=errors(401, 404, 422)
)
async def get_quality(
    store_id: StoreIdPath, _principal: Viewer, context: Ctx, from_at: FromAt = None, to_at: ToAt = None
) -> Response:
    """Return the times at which cameras were not well, and the newest audit of each line before the span's end.

    The last hour if no time is given; 7 days are the most.
    """
    now = context.clock.now()
    span = time_span(from_at, to_at, now=now, usual=_HOUR, longest=_LONGEST)
    async with context.pool.connection() as connection:
        await registry.get_store(connection, store_id)
        return JsonResponse(await quality(connection, store_id=store_id, span=span, now=now))
