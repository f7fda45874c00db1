"""What was delivered, and browsers that have alerts pushed to them."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from storesense_backend import registry
from storesense_backend.api.access import Manager, Staff, Viewer
from storesense_backend.api.answers import JsonResponse, errors
from storesense_backend.api.channels import sealing
from storesense_backend.api.context import Ctx
from storesense_backend.api.notification_models import Deliveries, PushKey, State, Subscribed, Subscription
from storesense_backend.api.parameters import AfterId, Limit, StoreIdPath
from storesense_backend.errors import UnavailableError
from storesense_backend.notify import channel_records as records

router = APIRouter(prefix="/api/v1/stores", tags=["notifications"])


@router.get(
    "/{store_id}/deliveries",
    summary="The delivery log",
    response_model=Deliveries,
    responses=errors(401, 403, 404, 422),
)
async def list_deliveries(
    store_id: StoreIdPath,
    _principal: Manager,
    context: Ctx,
    state: Annotated[State | None, Query(description="only those")] = None,
    channel_id: Annotated[int | None, Query(ge=1, le=2**53, description="only of this channel")] = None,
    alert_id: Annotated[int | None, Query(ge=1, le=2**53, description="only of this alert")] = None,
    after: AfterId = None,
    limit: Limit = 100,
) -> Response:
    """List messages, newest first, with what became of each."""
    async with context.pool.connection() as connection:
        await registry.get_store(connection, store_id)
        rows = await records.list_deliveries(
            connection,
            store_id,
            state=state,
            channel_id=channel_id,
            alert_id=alert_id,
            after=after,
            limit=limit,
        )
    following = rows[-1]["delivery_id"] if len(rows) == limit else None
    return JsonResponse({"deliveries": rows, "next": following})


@router.get(
    "/{store_id}/push/key",
    summary="What browsers subscribe with",
    response_model=PushKey,
    responses=errors(401, 404, 422),
)
async def push_key(store_id: StoreIdPath, _principal: Viewer, context: Ctx) -> Response:
    """Return the public key for `pushManager.subscribe`."""
    async with context.pool.connection() as connection:
        await registry.get_store(connection, store_id)
        key = await records.push_key(connection)
    if key is None:
        raise UnavailableError("no delivery worker is set up for Web Push (STORESENSE_NOTIFY_PUSH_KEY_FILE)")
    return JsonResponse({"public_key": key})


@router.post(
    "/{store_id}/push/subscriptions",
    summary="Subscribe a browser",
    status_code=201,
    response_model=Subscribed,
    responses=errors(400, 401, 403, 404, 409, 422),
)
async def subscribe(store_id: StoreIdPath, body: Subscription, principal: Staff, context: Ctx) -> Response:
    """Have alerts pushed to a browser of whoever is signed in; harmless to repeat."""
    async with context.pool.connection() as connection:
        await registry.get_store(connection, store_id)
        with sealing():
            channel_id = await records.subscribe(
                connection,
                store_id,
                principal.name,
                subscription={"endpoint": body.endpoint, "p256dh": body.keys.p256dh, "auth": body.keys.auth},
                name=body.name,
                vault=context.vault,
                now=context.clock.now(),
            )
    return JsonResponse({"channel_id": channel_id}, status_code=201)
