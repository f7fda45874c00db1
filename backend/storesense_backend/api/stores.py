"""Stores, their devices and their rules."""

from fastapi import APIRouter
from starlette.responses import Response

from storesense_backend import registry
from storesense_backend.api.access import Admin, Viewer
from storesense_backend.api.answers import JsonResponse, errors
from storesense_backend.api.context import Ctx
from storesense_backend.api.models import Devices, Store, StoreEntry, Stores
from storesense_backend.api.parameters import StoreIdPath
from storesense_backend.errors import InvalidError

router = APIRouter(prefix="/api/v1/stores", tags=["stores"])


@router.get("", summary="All stores", response_model=Stores, responses=errors(401))
async def list_stores(_principal: Viewer, context: Ctx) -> Response:
    """List the stores with their open alerts and connected devices."""
    async with context.pool.connection() as connection:
        return JsonResponse({"stores": await registry.list_stores(connection)})


@router.get("/{store_id}", summary="A store", response_model=Store, responses=errors(401, 404, 422))
async def get_store(store_id: StoreIdPath, _principal: Viewer, context: Ctx) -> Response:
    """Return a store with its layout: floor, lines, zones, queues, lanes, slots."""
    async with context.pool.connection() as connection:
        return JsonResponse(await registry.get_store(connection, store_id))


@router.put("/{store_id}", summary="Register a store", response_model=Store, responses=errors(400, 401, 403, 413, 422))
async def put_store(store_id: StoreIdPath, body: StoreEntry, principal: Admin, context: Ctx) -> Response:
    """Register a store with its devices and rules, or bring it up to date. What is not listed no longer holds."""
    if body.layout.id != store_id:
        raise InvalidError(f"the layout is of store {body.layout.id!r}, the path says {store_id!r}", field="layout.id")
    async with context.pool.connection() as connection:
        row = await registry.put_store(
            connection,
            body.layout,
            devices=[(device.device_id, device.kind) for device in body.devices],
            cameras=body.cameras,
            rules=body.rules,
            registered_by=principal.actor,
        )
    return JsonResponse(row)


@router.get("/{store_id}/devices", summary="A store's devices", response_model=Devices, responses=errors(401, 404, 422))
async def list_devices(store_id: StoreIdPath, _principal: Viewer, context: Ctx) -> Response:
    """List the devices, each with the newest health of its components in the last week."""
    async with context.pool.connection() as connection:
        return JsonResponse({"devices": await registry.list_devices(connection, store_id, context.clock.now())})
