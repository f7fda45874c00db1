"""Commands to devices: ask for one, and see what became of it."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import AfterValidator, Field, StringConstraints
from starlette.responses import Response

from storesense_backend import registry
from storesense_backend.api.access import Manager, Viewer
from storesense_backend.api.answers import JsonResponse, errors
from storesense_backend.api.context import Context, Ctx
from storesense_backend.api.live_models import DeviceCommandNow
from storesense_backend.api.models import Answer, Question
from storesense_backend.api.parameters import ID_TEXT, Limit, StoreIdPath
from storesense_backend.device_commands import Wish, add_command, list_commands
from storesense_contracts.device_commands import (
    LEAST_LEVEL_S,
    LEAST_VALID_S,
    MOST_LEVEL_S,
    MOST_VALID_S,
    USUAL_VALID_S,
    CommandArguments,
    CommandKind,
    LogLevel,
)
from storesense_contracts.layout import Id, refuse_control_characters

router = APIRouter(prefix="/api/v1/stores/{store_id}", tags=["devices"])

DeviceIdPath = Annotated[str, Path(pattern=ID_TEXT, description="the device")]
Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(refuse_control_characters),
]


class CommandArgumentsQuestion(Question):
    """What a kind of command wants to know; each takes its own and no other."""

    slot_id: Id | None = Field(None, description="zero_slot: the slot that is empty")
    level: LogLevel | None = Field(None, description="set_log_level: how much to log")
    for_s: Annotated[int | None, Field(ge=LEAST_LEVEL_S, le=MOST_LEVEL_S)] = Field(
        None, description="set_log_level: for how many seconds"
    )


class CommandQuestion(Question):
    """A command to a device."""

    kind: CommandKind
    arguments: CommandArgumentsQuestion | None = None
    reason: Reason | None = Field(
        None, description="why; needed by restart_agent, zero_slot and learn_view, which change or interrupt measuring"
    )
    valid_s: Annotated[int, Field(ge=LEAST_VALID_S, le=MOST_VALID_S)] = Field(
        USUAL_VALID_S, description="seconds after which it is void if the device has not taken it"
    )


class DeviceCommands(Answer):
    """Commands, the newest first."""

    commands: list[DeviceCommandNow]


@router.post(
    "/devices/{device_id}/commands",
    summary="Ask something of a device",
    status_code=201,
    response_model=DeviceCommandNow,
    responses=errors(400, 401, 403, 404, 409, 422, 429),
)
async def post_command(
    store_id: StoreIdPath, device_id: DeviceIdPath, body: CommandQuestion, principal: Manager, context: Ctx
) -> Response:
    """Have a command sent. It is done once at most, and not after it has expired; the live stream tells how it goes."""
    arguments = CommandArguments(**({} if body.arguments is None else body.arguments.model_dump(mode="json")))
    wish = Wish(body.kind, arguments, body.valid_s, body.reason)
    async with context.pool.connection() as connection:
        added = await add_command(
            connection, store_id, device_id, wish, issued_by=principal.actor, now=context.clock.now()
        )
    return JsonResponse(added, status_code=201)


@router.get(
    "/devices/{device_id}/commands",
    summary="What was asked of a device",
    response_model=DeviceCommands,
    responses=errors(401, 404, 422),
)
async def get_device_commands(
    store_id: StoreIdPath,
    device_id: DeviceIdPath,
    _principal: Viewer,
    context: Ctx,
    limit: Limit = 100,
) -> Response:
    """List commands to one device: who asked, why, and what became of each."""
    return await _listed(context, store_id, limit, device_id=device_id)


@router.get(
    "/commands",
    summary="What was asked of a store's devices",
    response_model=DeviceCommands,
    responses=errors(401, 404, 422),
)
async def get_commands(
    store_id: StoreIdPath,
    _principal: Viewer,
    context: Ctx,
    limit: Limit = 100,
) -> Response:
    """List commands to all devices: who asked, why, and what became of each."""
    return await _listed(context, store_id, limit)


async def _listed(context: Context, store_id: str, limit: int, *, device_id: str | None = None) -> Response:
    async with context.pool.connection() as connection:
        await registry.get_store(connection, store_id)
        found = await list_commands(connection, store_id, device_id=device_id, now=context.clock.now(), limit=limit)
    return JsonResponse({"commands": found})
