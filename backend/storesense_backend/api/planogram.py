"""The planogram: what shall stand in each slot, as JSON or CSV, with its history."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, Field, ValidationError
from starlette.responses import Response

from storesense_backend import registry
from storesense_backend.api.access import Manager, Viewer
from storesense_backend.api.answers import JsonResponse, errors
from storesense_backend.api.context import Ctx
from storesense_backend.api.models import Answer, Question
from storesense_backend.api.parameters import ID_TEXT, Limit, StoreIdPath
from storesense_backend.errors import InvalidError
from storesense_backend.planogram.entry import PlanogramEntry, PlanogramError, shared_products
from storesense_backend.planogram.records import (
    Planogram,
    add_planogram,
    device_versions,
    list_versions,
    planogram_at,
    planogram_version,
    slot_history,
)
from storesense_backend.planogram.table import checked_entries, read_planogram, write_planogram
from storesense_contracts.layout import Id, Product, SharedProduct, Slot

router = APIRouter(prefix="/api/v1/stores", tags=["stores"])

_CSV = "text/csv"


class PlannedSlot(Question):
    """What shall stand in one slot."""

    slot_id: Id
    product: Product
    facings: Annotated[int, Field(ge=1, le=1_000, description="units side by side at the front")] = 1
    capacity_units: Annotated[int, Field(ge=1, le=100_000)]
    minimum_units: Annotated[int, Field(ge=0, le=100_000, description="at or below, low stock is critical")] = 0
    reorder_point_units: Annotated[int, Field(ge=0, le=100_000, description="at or below, stock is low")]
    also: Annotated[
        list[SharedProduct], Field(default_factory=list, max_length=4, description="further products on the same plate")
    ]


class PlanogramQuestion(Question):
    """A whole planogram, with every slot of the store."""

    valid_from: AwareDatetime | None = Field(None, description="from when on it holds; now if not given")
    slots: Annotated[list[PlannedSlot], Field(max_length=20_000)]


class PlanogramHead(Answer):
    """One version, without its slots."""

    version: int
    valid_from: datetime
    entered_at: datetime
    entered_by: str = Field(description="a person's or a key's name")
    source: str = Field(description="registration, import or api")


class PlanogramAnswer(PlanogramHead):
    """One version."""

    slots: list[PlannedSlot]


class PlanogramVersion(PlanogramHead):
    """One version in the list of all."""

    is_in_force: bool = Field(description="whether it is what holds now")


class SlotProduct(Answer):
    """A time in which a slot had one product."""

    sku: str
    product_name: str
    valid_from: datetime
    valid_to: datetime | None = Field(description="excluded; null where nothing later is planned")


class PlanogramHistory(Answer):
    """Versions, the newest first."""

    versions: list[PlanogramVersion]
    products: list[SlotProduct] | None = Field(description="of the slot that was asked for; else null")


class PlanogramDevice(Answer):
    """Which planogram one device works by, as it said last."""

    device_id: str
    version: int | None = Field(description="null while it works by its site file")
    is_in_force: bool = Field(description="whether it is what holds now")
    told_at: datetime
    state: str = Field(description="ok, or degraded where it could not take all of it")
    reason: str | None


class PlanogramDevices(Answer):
    """All devices that weigh slots and have been heard of."""

    devices: list[PlanogramDevice]


@router.get(
    "/{store_id}/planogram",
    summary="What shall stand in each slot",
    response_model=PlanogramAnswer,
    responses=errors(401, 404, 422),
)
async def get_planogram(
    request: Request,
    store_id: StoreIdPath,
    _principal: Viewer,
    context: Ctx,
    at: Annotated[AwareDatetime | None, Query(description="what holds at this instant; now if not given")] = None,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="this version instead")] = None,
) -> Response:
    """Return the planogram as it holds; as CSV to whoever sends `Accept: text/csv`."""
    async with context.pool.connection() as connection:
        await registry.get_store(connection, store_id)
        if version is not None:
            found = await planogram_version(connection, store_id, version)
        else:
            found = await planogram_at(connection, store_id, context.clock.now() if at is None else at)
    if _wants_csv(request):
        headers = {"Content-Disposition": f'attachment; filename="planogram-{store_id}-{found.version}.csv"'}
        return Response(write_planogram(found.entries), media_type=_CSV, headers=headers)
    return JsonResponse(_told(found))


@router.put(
    "/{store_id}/planogram",
    summary="Change what shall stand in each slot",
    response_model=PlanogramAnswer,
    responses=errors(400, 401, 403, 404, 413, 422),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["slots"],
                        "properties": {
                            "valid_from": {"type": "string", "format": "date-time"},
                            "slots": {"type": "array", "items": {"$ref": "#/components/schemas/PlannedSlot"}},
                        },
                    }
                },
                _CSV: {"schema": {"type": "string"}},
            },
        }
    },
)
async def put_planogram(
    request: Request,
    store_id: StoreIdPath,
    principal: Manager,
    context: Ctx,
    valid_from: Annotated[
        AwareDatetime | None, Query(description="from when on it holds, for CSV; now if not given")
    ] = None,
) -> Response:
    """Add a version, as JSON or as CSV (`Content-Type: text/csv`). What went before stays as history."""
    now = context.clock.now()
    body = await request.body()
    async with context.pool.connection() as connection:
        layout = await registry.get_layout(connection, store_id)
        entries, body_from = _entries_of(request, body, [slot.id for slot in layout.slots])
        planogram = await add_planogram(
            connection,
            store_id,
            entries,
            valid_from=body_from or valid_from,
            now=now,
            entered_by=principal.actor,
            source="api",
        )
    return JsonResponse(_told(planogram))


@router.get(
    "/{store_id}/planogram/devices",
    summary="Which planogram each device works by",
    response_model=PlanogramDevices,
    responses=errors(401, 404, 422),
)
async def get_devices(store_id: StoreIdPath, _principal: Viewer, context: Ctx) -> Response:
    """Say which version each shelf device works by; it tells that within a second of taking one up."""
    async with context.pool.connection() as connection:
        await registry.get_store(connection, store_id)
        devices = await device_versions(connection, store_id)
    return JsonResponse({"devices": devices})


@router.get(
    "/{store_id}/planogram/history",
    summary="Who changed the planogram, and when",
    response_model=PlanogramHistory,
    responses=errors(401, 404, 422),
)
async def get_history(
    store_id: StoreIdPath,
    _principal: Viewer,
    context: Ctx,
    slot_id: Annotated[str | None, Query(pattern=ID_TEXT, description="also this slot's products over time")] = None,
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="only versions below this one")] = None,
    limit: Limit = 100,
) -> Response:
    """List the versions, and the products that a slot had."""
    async with context.pool.connection() as connection:
        await registry.get_store(connection, store_id)
        versions = await list_versions(connection, store_id, before=before, limit=limit)
        products = None if slot_id is None else await slot_history(connection, store_id, slot_id, limit=limit)
    return JsonResponse({"versions": versions, "products": products})


def _wants_csv(request: Request) -> bool:
    accepted = [part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "").split(",")]
    return _CSV in accepted and "application/json" not in accepted


def _entries_of(
    request: Request, body: bytes, slot_ids: list[str]
) -> tuple[tuple[PlanogramEntry, ...], datetime | None]:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if content_type == _CSV:
            return read_planogram(body.decode("utf-8"), slot_ids), None
        asked = PlanogramQuestion.model_validate_json(body)
        slots = [
            Slot(
                id=each.slot_id,
                name=each.slot_id,
                section="any",
                product=each.product,
                facings=each.facings,
                capacity_units=each.capacity_units,
                minimum_units=each.minimum_units,
                reorder_point_units=each.reorder_point_units,
                also=each.also,
            )
            for each in asked.slots
        ]
        return checked_entries(slots, slot_ids), asked.valid_from
    except UnicodeDecodeError as exc:
        raise InvalidError("the file is not UTF-8; save it as CSV UTF-8") from exc
    except PlanogramError as exc:
        first = exc.mistakes[0]
        places = [f"line {first.line}" if first.line else "", first.column or ""]
        field = " ".join(place for place in places if place)
        raise InvalidError(str(exc), code="bad_planogram", field=field or None) from exc
    except ValidationError as exc:
        found = exc.errors()[0]
        place = ".".join(map(str, (*found["loc"], *found.get("ctx", {}).get("at", ()))))
        text = str(found["msg"]).removeprefix("Value error, ")
        raise InvalidError(text, field=place[:300] or None) from exc


def _told(planogram: Planogram) -> dict[str, Any]:
    head = {key: value for key, value in asdict(planogram).items() if key != "entries"}
    head |= {key: head[key].astimezone(UTC) for key in ("valid_from", "entered_at")}
    return head | {
        "slots": [
            {
                "slot_id": entry.slot_id,
                "product": {
                    "sku": entry.sku,
                    "name": entry.product_name,
                    "unit_weight_g": entry.unit_weight_g,
                    "unit_weight_tolerance_g": entry.unit_weight_tolerance_g,
                },
                "facings": entry.facings,
                "capacity_units": entry.capacity_units,
                "minimum_units": entry.minimum_units,
                "reorder_point_units": entry.reorder_point_units,
                "also": [product.model_dump() for product in shared_products(entry)],
            }
            for entry in planogram.entries
        ]
    }
