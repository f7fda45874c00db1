"""The people who are told of a store's alerts."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from storesense_backend import registry
from storesense_backend.api.access import Manager
from storesense_backend.api.answers import JsonResponse, errors
from storesense_backend.api.context import Ctx
from storesense_backend.api.notification_models import People, Person, PersonEntry
from storesense_backend.api.parameters import StoreIdPath
from storesense_backend.database import Connection
from storesense_backend.errors import InvalidError
from storesense_backend.notify import channel_records as records

router = APIRouter(prefix="/api/v1/stores", tags=["notifications"])

PersonId = Annotated[int, Path(ge=1, le=2**53, description="the person")]


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
        await check_sections(connection, store_id, body.sections)
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
        await check_sections(connection, store_id, body.sections)
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


async def check_sections(connection: Connection, store_id: str, sections: list[str]) -> None:
    """Refuse a section that the store does not have. Raises InvalidError."""
    layout = await registry.get_layout(connection, store_id)
    known = {section.id for section in layout.sections}
    for place, section in enumerate(sections):
        if section not in known:
            raise InvalidError(f"store {store_id!r} has no section {section!r}", field=f"sections[{place}]")
