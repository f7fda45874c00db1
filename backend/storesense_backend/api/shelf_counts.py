"""Counts of slots by hand: enter one, and see how well the shelves count."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field, model_validator
from starlette.responses import Response

from storesense_backend import registry
from storesense_backend.api.access import Staff, Viewer
from storesense_backend.api.answers import JsonResponse, errors
from storesense_backend.api.context import Ctx
from storesense_backend.api.models import Answer, Question
from storesense_backend.api.parameters import ID_TEXT, FromAt, Limit, StoreIdPath, ToAt
from storesense_backend.ranges import time_span
from storesense_backend.shelf_counts import add_count, counts_with_accuracy
from storesense_contracts.layout import Id

router = APIRouter(prefix="/api/v1/stores/{store_id}", tags=["measurements"])

_MONTH = timedelta(days=30)
_LONGEST = timedelta(days=92)

SlotIdPath = Annotated[str, Path(pattern=ID_TEXT, description="the slot")]
CountedUnits = Annotated[int, Field(ge=0, le=100_000)]


class CountedOne(Question):
    """How many units of one product there are."""

    sku: Id
    units: CountedUnits


class CountQuestion(Question):
    """What somebody counted in a slot just now."""

    products: Annotated[
        list[CountedOne], Field(min_length=1, max_length=5, description="each product that lies there, once")
    ]

    @model_validator(mode="after")
    def _each_once(self) -> "CountQuestion":
        skus = [each.sku for each in self.products]
        if len(set(skus)) != len(skus):
            raise ValueError("a product stands there twice; give each once")
        return self


class CountedProductNow(Answer):
    """What was counted of one product, and what the shelf had believed."""

    sku: str
    units: int
    believed_units: int | None = Field(description="null until the shelf has taken it up")
    confidence: float | None = Field(description="how sure the shelf had been")


class ShelfCountNow(Answer):
    """A count by hand, and what became of it."""

    count_no: int
    slot_id: str
    counted_at: datetime
    counted_by: str
    state: Literal["waiting", "taken", "refused", "unanswered"] = Field(
        description="refused with the reason; unanswered if the shelf said nothing for an hour"
    )
    reason: str | None
    told_at: datetime | None = Field(description="when the shelf took it up or refused it")
    products: list[CountedProductNow]


class ShelfAccuracy(Answer):
    """How well the shelves count, by what people found there."""

    counts: int = Field(description="products that were counted, and taken up")
    exact: int = Field(description="those of which the shelf had believed the same number")
    exact_share: float | None
    exact_low: float | None = Field(description="lower bound of the share, 95 %")
    exact_high: float | None = Field(description="upper bound of the share, 95 %")
    mean_error_units: float | None = Field(description="believed less counted")
    mean_abs_error_units: float | None
    refused: int = Field(description="counts that the weight contradicted")


class ShelfCounts(Answer):
    """Counts, the newest first, and what all of the span say of the shelves."""

    counts: list[ShelfCountNow]
    accuracy: ShelfAccuracy


@router.post(
    "/slots/{slot_id}/counts",
    summary="Say what is in a slot",
    status_code=201,
    response_model=ShelfCountNow,
    responses=errors(400, 401, 403, 404, 422, 429),
)
async def post_count(
    store_id: StoreIdPath, slot_id: SlotIdPath, body: CountQuestion, principal: Staff, context: Ctx
) -> Response:
    """Tell the shelf what somebody counted just now: it takes that for true, unless its weight contradicts it."""
    async with context.pool.connection() as connection:
        layout = await registry.get_layout(connection, store_id)
        units_of = {each.sku: each.units for each in body.products}
        added = await add_count(
            connection, layout, slot_id, units_of, counted_by=principal.actor, now=context.clock.now()
        )
    return JsonResponse(added, status_code=201)


@router.get(
    "/counts",
    summary="What was counted by hand",
    response_model=ShelfCounts,
    responses=errors(401, 404, 422),
)
async def get_counts(
    store_id: StoreIdPath,
    _principal: Viewer,
    context: Ctx,
    slot_id: Annotated[str | None, Query(pattern=ID_TEXT, description="only this slot")] = None,
    from_at: FromAt = None,
    to_at: ToAt = None,
    limit: Limit = 100,
) -> Response:
    """List counts with what the shelf had believed, and how well the shelves count by all of them.

    The last 30 days if no time is given; 92 days are the most.
    """
    now = context.clock.now()
    end_at = to_at or now + timedelta(seconds=1)
    span = time_span(from_at, end_at, now=now, usual=_MONTH, longest=_LONGEST)
    async with context.pool.connection() as connection:
        await registry.get_store(connection, store_id)
        counts, accuracy = await counts_with_accuracy(connection, store_id, span, now=now, slot_id=slot_id, limit=limit)
    return JsonResponse({"counts": counts, "accuracy": asdict(accuracy)})
