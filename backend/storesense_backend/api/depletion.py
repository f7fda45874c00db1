"""When slots run empty, and what it cost that they did."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from storesense_backend import registry
from storesense_backend.api.access import Viewer
from storesense_backend.api.answers import JsonResponse, errors
from storesense_backend.api.context import Ctx
from storesense_backend.api.models import Answer
from storesense_backend.api.parameters import StoreIdPath

router = APIRouter(prefix="/api/v1/stores", tags=["measurements"])


class HoursUntil(Answer):
    """Hours from now, with the probability that it has happened by then; null beyond the horizon."""

    p10: float | None = Field(description="by then with 10 %")
    p50: float | None = Field(description="as likely before as after")
    p90: float | None = Field(description="by then with 90 %")


class Lost(Answer):
    """What standing empty cost."""

    empty_min: float = Field(description="minutes without stock")
    passers: int | None = Field(description="people who passed meanwhile; null where nobody counts")
    units: float = Field(description="units that would have gone")
    units_low: int = Field(description="10 % quantile")
    units_high: int = Field(description="90 % quantile")


class FurtherDepletion(Answer):
    """A further product on a slot's plate."""

    sku: str
    units: int | None = Field(description="on the plate, by a weight of the last hour; null where none tells")
    confidence: float | None
    reorder_point_units: int
    capacity_units: int
    is_demand_known: bool
    to_reorder_h: HoursUntil | None = Field(description="until the reorder point")
    to_empty_h: HoursUntil | None = Field(description="until nothing is left")


class SlotDepletion(Answer):
    """One slot."""

    slot_id: str
    sku: str
    units: int | None = Field(description="on the slot, by a weight of the last hour; null where none tells")
    confidence: float | None
    measured_at: datetime | None
    reorder_point_units: int
    capacity_units: int
    is_demand_known: bool = Field(description="whether it has been seen in stock with its present product for a day")
    zone_id: str | None = Field(description="from where people reach it, if a zone is near")
    traffic_ratio: float = Field(description="people there lately over what is usual; 1 where that is not known")
    to_reorder_h: HoursUntil | None = Field(description="until the reorder point")
    to_empty_h: HoursUntil | None = Field(description="until nothing is left")
    lost_today: Lost = Field(description="since local midnight")
    lost_7d: Lost = Field(description="in the last seven days")
    also: list[FurtherDepletion] = Field(description="further products on the same plate")
    guest_g: float | None = Field(description="the weight of what does not belong there; null where there is nothing")
    calibration_due: str | None = Field(description="why somebody should tare or calibrate the slot")


class StoreDepletion(Answer):
    """All slots of a store."""

    store_id: str
    at: datetime
    horizon_h: int
    slots: list[SlotDepletion]


@router.get(
    "/{store_id}/depletion",
    summary="When slots run empty",
    response_model=StoreDepletion,
    responses=errors(401, 404, 422),
)
async def get_depletion(store_id: StoreIdPath, _principal: Viewer, context: Ctx) -> Response:
    """Tell when each slot reaches its reorder point and runs empty, and what standing empty cost."""
    async with context.pool.connection() as connection:
        store = await registry.get_store(connection, store_id)
        told = await context.depletion.of(
            connection, registry.layout_of(store), store["layout_version"], context.clock.now()
        )
    return JsonResponse(told)
