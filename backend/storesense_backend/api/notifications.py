"""Who is told of alerts and how: people, channels with their test, and the delivery log."""

import asyncio
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, Path, Query
from pydantic import AfterValidator, Field
from starlette.responses import Response

from storesense_backend import registry
from storesense_backend.api.access import Admin, Manager, Staff, Viewer
from storesense_backend.api.answers import JsonResponse, errors
from storesense_backend.api.context import Ctx
from storesense_backend.api.models import Answer, Question
from storesense_backend.api.parameters import AfterId, Limit, StoreIdPath
from storesense_backend.api.stores import layout_of
from storesense_backend.database import Connection
from storesense_backend.errors import InvalidError, UnavailableError
from storesense_backend.notify import channel_records as records
from storesense_backend.notify.outbox import EVENTS, Event
from storesense_backend.notify.routing import Kind
from storesense_backend.notify.senders.apprise import check_url
from storesense_contracts.errors import MissingPartError
from storesense_contracts.layout import Id, refuse_control_characters
from storesense_contracts.rule_frame import Hours, Language, Severity

router = APIRouter(prefix="/api/v1/stores", tags=["notifications"])

_TRIAL_WAIT_S = 12.0
_LOOK_EVERY_S = 0.1

PersonId = Annotated[int, Path(ge=1, le=2**53, description="the person")]
ChannelId = Annotated[int, Path(ge=1, le=2**53, description="the channel")]
Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(refuse_control_characters)]
Secret = Annotated[str, Field(min_length=1, max_length=2_000), AfterValidator(refuse_control_characters)]
State = Literal["waiting", "sent", "dead", "skipped"]


class PersonEntry(Question):
    """Somebody who is told of a store's alerts."""

    name: Name
    user_name: Name | None = Field(None, description="who they sign in as, if they do")
    role: Literal["staff", "manager", "admin"] = "staff"
    language: Language = "en"
    sections: list[Id] = Field([], max_length=500, description="whose alerts; none means all")
    shifts: list[Hours] = Field([], max_length=50, description="on the store's clock; none means always")
    quiet_hours: list[Hours] = Field([], max_length=50, description="on the store's clock")
    is_woken_by_critical: bool = Field(False, description="whether what is critical passes quiet hours")
    hears_all: bool = Field(False, description="whether a manager hears of what was not escalated")
    is_enabled: bool = True


class Person(PersonEntry):
    """Somebody, with their id."""

    person_id: int


class People(Answer):
    """The people of a store."""

    people: list[Person]


class ChannelEntry(Question):
    """A channel to a person, a group or a machine."""

    name: Name
    kind: Literal["webhook", "apprise", "mqtt"]
    url: Secret | None = Field(None, description="of a webhook or of Apprise; never shown again; left out: as it is")
    person_id: int | None = Field(None, ge=1, le=2**53, description="whom it leads to; none: a group or a machine")
    language: Language = "en"
    sections: list[Id] = Field([], max_length=500, description="whose alerts; none means all")
    events: list[Event] = Field([], max_length=len(EVENTS), description="which; none means those that its kind is for")
    min_severity: Severity = "info"
    is_enabled: bool = True


class Channel(Answer):
    """A channel, without its secrets."""

    channel_id: int
    person_id: int | None
    name: str
    kind: Kind
    language: str
    sections: list[str]
    events: list[str]
    min_severity: Severity
    is_enabled: bool
    version: int
    created_at: datetime
    created_by: str
    leads_to: str | None = Field(description="scheme and host of where it leads")
    waiting: int = Field(description="messages that wait")
    last_sent_at: datetime | None
    last_reason: str | None = Field(description="why a message of the last day did not arrive at first, or at all")


class Channels(Answer):
    """The channels of a store."""

    channels: list[Channel]


class MadeChannel(Answer):
    """A new channel; of a webhook with its secret, this once."""

    channel: Channel
    secret: str | None


class NewSecret(Answer):
    """A webhook's new secret, this once."""

    secret: str
    former_until: datetime = Field(description="until when the former one signs as well")


class Delivery(Answer):
    """One message to one channel."""

    delivery_id: int
    channel_id: int
    channel_name: str
    kind: Kind
    person_id: int | None
    person_name: str | None
    alert_id: int | None
    event: str
    key: str
    digest_key: str | None = Field(description="of the message that it went in with others")
    state: State
    attempts: int
    created_at: datetime
    due_at: datetime | None = Field(description="when it goes next, while it waits")
    ended_at: datetime | None
    reason: str | None


class Deliveries(Answer):
    """A page of the delivery log."""

    deliveries: list[Delivery]
    next: int | None


class PushKey(Answer):
    """What a browser subscribes with."""

    public_key: str


class PushKeys(Question):
    """A browser's keys, as it gives them."""

    p256dh: Annotated[str, Field(min_length=80, max_length=100)]
    auth: Annotated[str, Field(min_length=20, max_length=30)]


class Subscription(Question):
    """A browser's push subscription, as `PushSubscription.toJSON()` gives it, and a name for it."""

    endpoint: Annotated[str, Field(min_length=10, max_length=1_000, pattern=r"^https://")]
    keys: PushKeys
    name: Name


class Subscribed(Answer):
    """The channel of a browser."""

    channel_id: int


@router.get("/{store_id}/people", summary="Who is told", response_model=People, responses=errors(401, 403, 404, 422))
async def list_people(store_id: StoreIdPath, _principal: Manager, context: Ctx) -> Response:
    """List the people who are told of a store's alerts."""
    async with context.pool.connection() as connection:
        await registry.get_store(connection, store_id)
        return JsonResponse({"people": await records.list_people(connection, store_id)})


@router.post(
    "/{store_id}/people",
    summary="Add a person",
    status_code=201,
    response_model=Person,
    responses=errors(400, 401, 403, 404, 409, 422),
)
async def add_person(store_id: StoreIdPath, body: PersonEntry, _principal: Manager, context: Ctx) -> Response:
    """Add somebody; give them channels afterwards."""
    async with context.pool.connection() as connection:
        await _check_sections(connection, store_id, body.sections)
        return JsonResponse(
            await records.put_person(connection, store_id, body.model_dump(mode="json")), status_code=201
        )


@router.put(
    "/{store_id}/people/{person_id}",
    summary="Change a person",
    response_model=Person,
    responses=errors(400, 401, 403, 404, 422),
)
async def put_person(
    store_id: StoreIdPath, person_id: PersonId, body: PersonEntry, _principal: Manager, context: Ctx
) -> Response:
    """Change somebody."""
    async with context.pool.connection() as connection:
        await _check_sections(connection, store_id, body.sections)
        person = body.model_dump(mode="json")
        return JsonResponse(await records.put_person(connection, store_id, person, person_id=person_id))


@router.delete(
    "/{store_id}/people/{person_id}",
    summary="Remove a person",
    status_code=204,
    response_class=Response,
    responses=errors(401, 403, 404, 422),
)
async def delete_person(store_id: StoreIdPath, person_id: PersonId, _principal: Manager, context: Ctx) -> Response:
    """Remove somebody with their channels."""
    async with context.pool.connection() as connection:
        await records.delete_person(connection, store_id, person_id)
    return Response(status_code=204)


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
        await _check_sections(connection, store_id, body.sections)
        channel_id = await records.add_channel(
            connection, store_id, body.model_dump(), secrets=secrets, shown=shown, actor=principal.actor, now=now
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
        await _check_sections(connection, store_id, body.sections)
        before = await records.list_channels(connection, store_id, now, channel_id=channel_id)
        if not before:
            raise records.no_such_channel(store_id, channel_id)
        if before[0]["kind"] != body.kind:
            raise InvalidError("the kind of a channel stays; delete it and add another", field="kind")
        secrets = None if body.url is None else {"url": body.url}
        await records.put_channel(connection, store_id, channel_id, body.model_dump(), secrets=secrets, shown=shown)
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
        secret, until = await records.change_secret(connection, store_id, channel_id, context.clock.now())
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
        channel_id = await records.subscribe(
            connection,
            store_id,
            principal.name,
            endpoint=body.endpoint,
            p256dh=body.keys.p256dh,
            auth=body.keys.auth,
            name=body.name,
            now=context.clock.now(),
        )
    return JsonResponse({"channel_id": channel_id}, status_code=201)


async def _check_sections(connection: Connection, store_id: str, sections: list[str]) -> None:
    layout = layout_of(await registry.get_store(connection, store_id))
    known = {section.id for section in layout.sections}
    for place, section in enumerate(sections):
        if section not in known:
            raise InvalidError(f"store {store_id!r} has no section {section!r}", field=f"sections[{place}]")


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
