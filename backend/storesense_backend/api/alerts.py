"""Alerts and their acknowledgement."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from storesense_backend import alert_records, registry
from storesense_backend.api.access import Staff, Viewer
from storesense_backend.api.answers import JsonResponse, errors
from storesense_backend.api.context import Ctx
from storesense_backend.api.models import Alert, Alerts
from storesense_backend.api.parameters import AfterId, AlertId, Limit, StoreIdPath

router = APIRouter(prefix="/api/v1", tags=["alerts"])

StateFilter = Annotated[
    Literal["open", "acknowledged", "in_hand", "resolved", "dismissed", "unresolved"] | None,
    Query(description="only alerts in this state; unresolved: open, acknowledged or in hand"),
]


@router.get(
    "/stores/{store_id}/alerts", summary="A store's alerts", response_model=Alerts, responses=errors(401, 404, 422)
)
async def list_alerts(
    store_id: StoreIdPath,
    _principal: Viewer,
    context: Ctx,
    state: StateFilter = None,
    after: AfterId = None,
    limit: Limit = 100,
) -> Response:
    """List alerts, newest first, page by page."""
    states = ["open", "acknowledged", "in_hand"] if state == "unresolved" else None if state is None else [state]
    async with context.pool.connection() as connection:
        await registry.get_store(connection, store_id)
        found = await alert_records.list_alerts(
            connection, store_id=store_id, states=states, after=after, limit=limit + 1
        )
    return JsonResponse(
        {"alerts": found[:limit], "next": str(found[limit - 1]["alert_id"]) if len(found) > limit else None}
    )


@router.post(
    "/stores/{store_id}/alerts/{alert_id}/acknowledge",
    summary="Acknowledge an alert",
    response_model=Alert,
    responses=errors(401, 403, 404, 409, 422),
)
async def acknowledge(store_id: StoreIdPath, alert_id: AlertId, principal: Staff, context: Ctx) -> Response:
    """Say that somebody takes care. Harmless if somebody does already; `alert_resolved` (409) if it is over."""
    async with context.pool.connection() as connection:
        alert = await alert_records.acknowledge(
            connection, store_id=store_id, alert_id=alert_id, actor=principal.actor, now=context.clock.now()
        )
    return JsonResponse(alert)
