"""Stores, their devices and their rules."""

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Body
from pydantic import ValidationError
from starlette.responses import Response

from storesense_backend import registry, rule_records
from storesense_backend.api.access import Admin, Manager, Viewer
from storesense_backend.api.answers import JsonResponse, errors
from storesense_backend.api.context import Ctx
from storesense_backend.api.models import Devices, RuleEntry, Rules, Store, StoreEntry, Stores
from storesense_backend.api.parameters import RuleId, StoreIdPath
from storesense_backend.errors import InvalidError, UnavailableError
from storesense_contracts.layout import StoreLayout
from storesense_contracts.rules import Rule

if TYPE_CHECKING:
    from storesense_contracts.rules import AnyRule

router = APIRouter(prefix="/api/v1/stores", tags=["stores"])


def layout_of(row: dict[str, Any]) -> StoreLayout:
    """Read the layout in a store's row.

    Raises:
        UnavailableError: it was written by a release that knows more than this one.
    """
    try:
        return StoreLayout.model_validate(row["layout"])
    except ValidationError as exc:
        raise UnavailableError(
            f"the layout of store {row['store_id']!r} cannot be read by this release; put it again",
            code="unreadable_layout",
        ) from exc


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
            rules=body.rules,
            registered_by=principal.actor,
        )
    return JsonResponse(row)


@router.get("/{store_id}/devices", summary="A store's devices", response_model=Devices, responses=errors(401, 404, 422))
async def list_devices(store_id: StoreIdPath, _principal: Viewer, context: Ctx) -> Response:
    """List the devices, each with the newest health of its components in the last week."""
    async with context.pool.connection() as connection:
        return JsonResponse({"devices": await registry.list_devices(connection, store_id, context.clock.now())})


@router.get("/{store_id}/rules", summary="A store's rules", response_model=Rules, responses=errors(401, 404, 422))
async def list_rules(store_id: StoreIdPath, _principal: Viewer, context: Ctx) -> Response:
    """List the rules by which alerts are raised."""
    async with context.pool.connection() as connection:
        await registry.get_store(connection, store_id)
        rows = await rule_records.list_rules(connection, store_id)
    return JsonResponse({"rules": [_rule_entry(row) for row in rows]})


@router.put(
    "/{store_id}/rules/{rule_id}",
    summary="Add or change a rule",
    response_model=RuleEntry,
    responses=errors(400, 401, 403, 404, 413, 422),
)
async def put_rule(
    store_id: StoreIdPath, rule_id: RuleId, rule: Annotated[Rule, Body()], principal: Manager, context: Ctx
) -> Response:
    """Add a rule or change one; the alert engine takes it up within seconds."""
    checked: AnyRule = rule
    if checked.id != rule_id:
        raise InvalidError(f"the rule's id is {checked.id!r}, the path says {rule_id!r}", field="id")
    async with context.pool.connection() as connection:
        layout = layout_of(await registry.get_store(connection, store_id))
        row = await rule_records.put_rule(
            connection, layout, checked, edited_by=principal.actor, now=context.clock.now()
        )
    return JsonResponse(_rule_entry(row))


def _rule_entry(row: dict[str, Any]) -> dict[str, Any]:
    return {"rule": row["spec"], "version": row["version"], "updated_at": row["updated_at"]}
