"""The drawing: lines, zones, lanes, queues, places of slots and what cameras see of them, in versions."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import AfterValidator, Field
from starlette.responses import Response

from storesense_backend import registry
from storesense_backend.api.access import Manager, Viewer, page_origin
from storesense_backend.api.answers import JsonResponse, errors
from storesense_backend.api.context import Ctx
from storesense_backend.api.models import Answer, Question
from storesense_backend.api.parameters import Limit, StoreIdPath
from storesense_backend.drawing.records import (
    DrawingVersion,
    add_drawing,
    current_drawing,
    device_drawings,
    drawing_version,
    list_versions,
    shelf_plans,
    take_back,
)
from storesense_backend.errors import ConflictError, NotFoundError
from storesense_contracts.drawing import Drawing
from storesense_contracts.layout import Id, refuse_control_characters

router = APIRouter(prefix="/api/v1/stores", tags=["stores"])

VersionNumber = Annotated[int, Field(ge=1, le=2**31 - 1)]
Note = Annotated[str, Field(max_length=200), AfterValidator(refuse_control_characters)]


class DrawingQuestion(Question):
    """A whole drawing, to hold from now on."""

    based_on: VersionNumber = Field(description="the version that it was drawn over")
    note: Note | None = Field(None, description="a word on it, for the history")
    drawing: Drawing


class TakeBackQuestion(Question):
    """An old version, to hold again."""

    version: VersionNumber
    based_on: VersionNumber = Field(description="the version that holds now")


class DrawingHead(Answer):
    """One version, without what is drawn."""

    version: int
    entered_at: datetime
    entered_by: str = Field(description="a person's or a key's name")
    source: str = Field(description="registration or api")
    note: str | None


class DrawingAnswer(DrawingHead):
    """One version."""

    drawing: Drawing


class DrawingEntry(DrawingHead):
    """One version in the list of all."""

    is_in_force: bool = Field(description="whether it is what holds now")


class DrawingHistory(Answer):
    """Versions, the newest first."""

    versions: list[DrawingEntry]


class DrawingDevice(Answer):
    """Which drawing one camera works by, as it said last."""

    device_id: str
    is_online: bool
    version: int | None = Field(description="null while it works by its site file, or has said nothing")
    is_in_force: bool = Field(description="whether it is what holds now")
    told_at: datetime | None
    state: str | None = Field(description="ok, or degraded where it could not take the version")
    reason: str | None
    setup_url: str | None = Field(description="where its edge box shows the picture to an installer")


class DrawingShelf(Answer):
    """Which planogram one device that weighs slots works by, as it said last."""

    device_id: str
    is_online: bool
    version: int | None = Field(description="of the planogram; null while it works by its site file")
    is_in_force: bool = Field(description="whether it is what holds now")
    told_at: datetime | None
    state: str | None = Field(description="ok, or degraded where it has no cell for a slot that was drawn for it")
    reason: str | None


class DrawingDevices(Answer):
    """All registered cameras, and all devices that weigh slots."""

    devices: list[DrawingDevice]
    shelves: list[DrawingShelf]


class PassQuestion(Question):
    """Whose picture is wanted."""

    camera: Id


class PassAnswer(Answer):
    """A pass to one edge box; it is good for once."""

    setup_url: str = Field(description="where to go with it")
    setup_pass: str = Field(description="to be given after # in the address, so that no log has it")
    expires_at: datetime


@router.get(
    "/{store_id}/drawing",
    summary="What is drawn of a store",
    response_model=DrawingAnswer,
    responses=errors(401, 404, 422),
)
async def get_drawing(
    store_id: StoreIdPath,
    _principal: Viewer,
    context: Ctx,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="this version; else what holds")] = None,
) -> Response:
    """Return the drawing: lines, zones, lanes, queues, places of slots, and each camera's view."""
    async with context.pool.connection() as connection:
        await registry.get_store(connection, store_id)
        if version is None:
            found = await current_drawing(connection, store_id)
        else:
            found = await drawing_version(connection, store_id, version)
    return JsonResponse(_told(found))


@router.put(
    "/{store_id}/drawing",
    summary="Save a new version of the drawing",
    response_model=DrawingAnswer,
    responses=errors(400, 401, 403, 404, 409, 413, 422),
)
async def put_drawing(store_id: StoreIdPath, body: DrawingQuestion, principal: Manager, context: Ctx) -> Response:
    """Add a version, which holds at once and is told to the cameras. Refused where another came between."""
    async with context.pool.connection() as connection:
        added = await add_drawing(
            connection,
            store_id,
            body.drawing,
            based_on=body.based_on,
            note=body.note or None,
            entered_by=principal.actor,
            now=context.clock.now(),
        )
    return JsonResponse(_told(added))


@router.post(
    "/{store_id}/drawing/take-back",
    summary="Let an old version hold again",
    response_model=DrawingAnswer,
    responses=errors(400, 401, 403, 404, 409, 422),
)
async def post_take_back(store_id: StoreIdPath, body: TakeBackQuestion, principal: Manager, context: Ctx) -> Response:
    """Add a version that says what an old one said; nothing of the history is lost."""
    async with context.pool.connection() as connection:
        added = await take_back(
            connection,
            store_id,
            body.version,
            based_on=body.based_on,
            entered_by=principal.actor,
            now=context.clock.now(),
        )
    return JsonResponse(_told(added))


@router.get(
    "/{store_id}/drawing/history",
    summary="Who drew what, and when",
    response_model=DrawingHistory,
    responses=errors(401, 404, 422),
)
async def get_history(
    store_id: StoreIdPath,
    _principal: Viewer,
    context: Ctx,
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="only versions below this one")] = None,
    limit: Limit = 100,
) -> Response:
    """List the versions."""
    async with context.pool.connection() as connection:
        await registry.get_store(connection, store_id)
        versions = await list_versions(connection, store_id, before=before, limit=limit)
    return JsonResponse({"versions": versions})


@router.get(
    "/{store_id}/drawing/devices",
    summary="Which drawing each camera works by",
    response_model=DrawingDevices,
    responses=errors(401, 404, 422),
)
async def get_devices(store_id: StoreIdPath, _principal: Viewer, context: Ctx) -> Response:
    """Say which version each camera works by; it tells that within a second of taking one up."""
    async with context.pool.connection() as connection:
        await registry.get_store(connection, store_id)
        devices, shelves = await device_drawings(connection, store_id), await shelf_plans(connection, store_id)
    return JsonResponse({"devices": devices, "shelves": shelves})


@router.post(
    "/{store_id}/drawing/pass",
    summary="A pass to a camera's picture",
    response_model=PassAnswer,
    responses=errors(400, 401, 403, 404, 409, 422),
)
async def post_pass(
    request: Request, store_id: StoreIdPath, body: PassQuestion, principal: Manager, context: Ctx
) -> Response:
    """Give a pass by which the camera's edge box shows its picture, once and within a minute; no picture comes here."""
    async with context.pool.connection() as connection:
        await registry.get_store(connection, store_id)
        devices = await device_drawings(connection, store_id)
    camera = next((device for device in devices if device["device_id"] == body.camera), None)
    if camera is None:
        raise NotFoundError(f"there is no camera {body.camera!r} in this store", code="no_such_camera")
    if camera["setup_url"] is None:
        raise ConflictError(
            f"the edge box of camera {body.camera!r} shows no pictures; start it with STORESENSE_EDGE_SETUP_PORT",
            code="no_setup_page",
        )
    text, expires_s = context.signer.sign(
        store_id=store_id,
        camera=body.camera,
        user_name=principal.actor,
        setup_url=camera["setup_url"],
        return_url=f"{page_origin(request, context)}/",
        now=context.clock.now(),
    )
    return JsonResponse(
        {
            "setup_url": camera["setup_url"],
            "setup_pass": text,
            "expires_at": datetime.fromtimestamp(expires_s, UTC),
        }
    )


def _told(version: DrawingVersion) -> dict[str, Any]:
    head = {key: value for key, value in asdict(version).items() if key != "drawing"}
    return head | {"drawing": version.drawing.model_dump(mode="json")}
