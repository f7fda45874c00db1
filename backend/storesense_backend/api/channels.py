"""The ways on which people and machines are told: channels, with their test."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Path
from starlette.responses import Response

from storesense_backend import registry
from storesense_backend.api.access import Admin, Manager
from storesense_backend.api.answers import JsonResponse, errors
from storesense_backend.api.context import Ctx
from storesense_backend.api.notification_models import Channel, ChannelEntry, Channels, Delivery, MadeChannel, NewSecret
from storesense_backend.api.parameters import StoreIdPath
from storesense_backend.api.people import check_sections
from storesense_backend.errors import InvalidError, UnavailableError
from storesense_backend.notify import channel_records as records
from storesense_backend.notify.senders.apprise import check_url
from storesense_backend.notify.vault import VaultError
from storesense_contracts.errors import MissingPartError

_LOG = logging.getLogger(__name__)

router = APIRouter(prefix="/api/v1/stores", tags=["notifications"])

_TRIAL_WAIT_S = 12.0
_LOOK_EVERY_S = 0.1

ChannelId = Annotated[int, Path(ge=1, le=2**53, description="the channel")]


@contextmanager
def sealing() -> Iterator[None]:
    """Say to whoever asks that secrets cannot be kept now, and to the log why."""
    try:
        yield
    except (VaultError, MissingPartError) as exc:
        _LOG.exception("the secrets of a channel cannot be sealed or opened")
        raise UnavailableError("secrets cannot be kept now; the backend's log tells why") from exc


@router.get("/{store_id}/channels", summary="Channels", response_model=Channels, responses=errors(401, 403, 404, 422))
async def list_channels(store_id: StoreIdPath, _principal: Manager, context: Ctx) -> Response:
    """List the channels, without their secrets."""
    async with context.pool.connection() as connection:
        await registry.get_store(connection, store_id)
        return JsonResponse({"channels": await records.list_channels(connection, store_id, context.clock.now())})


@router.post(
    "/{store_id}/channels",
    summary="Add a channel",
    status_code=201,
    response_model=MadeChannel,
    responses=errors(400, 401, 403, 404, 409, 422),
)
async def add_channel(store_id: StoreIdPath, body: ChannelEntry, principal: Admin, context: Ctx) -> Response:
    """Add a channel. A webhook's secret is shown this once."""
    shown = await _check_channel(body, is_new=True)
    now = context.clock.now()
    secrets = records.new_secrets(body.kind, {} if body.url is None else {"url": body.url})
    async with context.pool.connection() as connection:
        await check_sections(connection, store_id, body.sections)
        with sealing():
            channel_id = await records.add_channel(
                connection,
                store_id,
                body.model_dump(),
                secrets=secrets,
                vault=context.vault,
                shown=shown,
                actor=principal.actor,
                now=now,
            )
        (channel,) = await records.list_channels(connection, store_id, now, channel_id=channel_id)
    signing = secrets.get("signing")
    secret = signing[0]["secret"] if signing else None
    return JsonResponse({"channel": channel, "secret": secret}, status_code=201)


@router.put(
    "/{store_id}/channels/{channel_id}",
    summary="Change a channel",
    response_model=Channel,
    responses=errors(400, 401, 403, 404, 422),
)
async def put_channel(
    store_id: StoreIdPath, channel_id: ChannelId, body: ChannelEntry, _principal: Admin, context: Ctx
) -> Response:
    """Change a channel; its kind stays, and without `url` its address."""
    shown = await _check_channel(body, is_new=False)
    now = context.clock.now()
    async with context.pool.connection() as connection:
        await check_sections(connection, store_id, body.sections)
        before = await records.list_channels(connection, store_id, now, channel_id=channel_id)
        if not before:
            raise records.no_such_channel(store_id, channel_id)
        if before[0]["kind"] != body.kind:
            raise InvalidError("the kind of a channel stays; delete it and add another", field="kind")
        secrets = None if body.url is None else {"url": body.url}
        with sealing():
            await records.put_channel(
                connection,
                store_id,
                channel_id,
                body.model_dump(),
                secrets=secrets,
                vault=context.vault,
                shown=shown,
            )
        (channel,) = await records.list_channels(connection, store_id, now, channel_id=channel_id)
    return JsonResponse(channel)


@router.delete(
    "/{store_id}/channels/{channel_id}",
    summary="Remove a channel",
    status_code=204,
    response_class=Response,
    responses=errors(401, 403, 404, 422),
)
async def delete_channel(store_id: StoreIdPath, channel_id: ChannelId, _principal: Manager, context: Ctx) -> Response:
    """Remove a channel with its log."""
    async with context.pool.connection() as connection:
        await records.delete_channel(connection, store_id, channel_id)
    return Response(status_code=204)


@router.post(
    "/{store_id}/channels/{channel_id}/secret",
    summary="Change a webhook's secret",
    response_model=NewSecret,
    responses=errors(401, 403, 404, 422),
)
async def change_secret(store_id: StoreIdPath, channel_id: ChannelId, _principal: Admin, context: Ctx) -> Response:
    """Make a new secret, shown this once; the former one signs beside it for a day."""
    async with context.pool.connection() as connection:
        with sealing():
            secret, until = await records.change_secret(
                connection, store_id, channel_id, context.clock.now(), vault=context.vault
            )
    return JsonResponse({"secret": secret, "former_until": until})


@router.post(
    "/{store_id}/channels/{channel_id}/test",
    summary="Test a channel",
    response_model=Delivery,
    responses=errors(401, 403, 404, 422),
)
async def try_channel(store_id: StoreIdPath, channel_id: ChannelId, _principal: Manager, context: Ctx) -> Response:
    """Send a test and wait up to 12 s for what comes of it; `waiting` without a reason says that no worker runs."""
    async with context.pool.connection() as connection:
        delivery_id = await records.add_trial(connection, store_id, channel_id, context.clock.now())
    began_s = context.clock.monotonic_s()
    while True:
        async with context.pool.connection() as connection:
            (delivery,) = await records.list_deliveries(connection, store_id, delivery_id=delivery_id)
        is_told = delivery["state"] != "waiting" or delivery["reason"] is not None
        if is_told or context.clock.monotonic_s() - began_s > _TRIAL_WAIT_S:
            return JsonResponse(delivery)
        await asyncio.sleep(_LOOK_EVERY_S)


async def _check_channel(body: ChannelEntry, *, is_new: bool) -> str | None:
    """Refuse a channel that could never work; return what of its address may be shown."""
    if body.kind == "mqtt":
        if body.url is not None or body.person_id is not None:
            raise InvalidError("a channel of kind mqtt has no address and no person", field="url")
        return "storesense/v1/…/alerts" if is_new else None
    if body.url is None:
        if is_new:
            raise InvalidError(f"a channel of kind {body.kind} needs an address", field="url")
        return None
    if body.kind == "webhook":
        _check_webhook(body.url)
    else:
        try:
            problem = await asyncio.to_thread(check_url, body.url)
        except MissingPartError as exc:
            raise UnavailableError(str(exc)) from exc
        if problem is not None:
            raise InvalidError(problem, field="url")
    return records.shown_address(body.url)


def _check_webhook(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good:
        raise InvalidError("expected an address such as https://example.org/alerts", field="url")
    if parts.username is not None or parts.password is not None:
        raise InvalidError("leave user and password out of the address; messages are signed", field="url")
