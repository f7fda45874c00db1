"""Messages that could not be used: list, inspect, replay."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from storesense_backend import dead_letters
from storesense_backend.api.access import Admin
from storesense_backend.api.answers import JsonResponse, errors
from storesense_backend.api.context import Ctx
from storesense_backend.api.dead_letter_models import DeadLetters, ReplayRequest, WholeDeadLetter
from storesense_backend.api.parameters import ID_TEXT, AfterId, FromAt, Limit, ToAt
from storesense_backend.ranges import checked_instant

router = APIRouter(prefix="/api/v1/dead-letters", tags=["operation"])

DeadLetterId = Annotated[int, Path(ge=1, le=2**53, description="the dead letter")]
Stage = Annotated[str | None, Query(pattern="^[a-z]{1,20}$", description="only those that failed at this stage")]
OfStore = Annotated[str | None, Query(pattern=ID_TEXT, description="only those of this store")]
OfDevice = Annotated[str | None, Query(pattern=ID_TEXT, description="only those of this device")]
Replayed = Annotated[bool | None, Query(description="only those that were, or were not, replayed")]


@router.get("", summary="Messages that could not be used", response_model=DeadLetters, responses=errors(401, 403, 422))
async def list_dead_letters(  # noqa: PLR0913, PLR0917 -- each is a parameter of the query
    _principal: Admin,
    context: Ctx,
    stage: Stage = None,
    store_id: OfStore = None,
    device_id: OfDevice = None,
    from_at: FromAt = None,
    to_at: ToAt = None,
    replayed: Replayed = None,
    after: AfterId = None,
    limit: Limit = 100,
) -> Response:
    """List messages and readings that could not be used, newest first, with the reason and the first bytes of each.

    `from` and `to` go by the time of receipt.
    """
    async with context.pool.connection() as connection:
        found = await dead_letters.list_letters(
            connection,
            limit=limit + 1,
            after=after,
            stage=stage,
            store_id=store_id,
            device_id=device_id,
            from_at=checked_instant("from", from_at),
            to_at=checked_instant("to", to_at),
            replayed=replayed,
        )
    following = str(found[limit - 1]["dead_letter_id"]) if len(found) > limit else None
    return JsonResponse({"dead_letters": found[:limit], "next": following})


@router.get(
    "/{dead_letter_id}",
    summary="One dead letter",
    response_model=WholeDeadLetter,
    responses=errors(401, 403, 404, 422),
)
async def get_dead_letter(dead_letter_id: DeadLetterId, _principal: Admin, context: Ctx) -> Response:
    """Return one dead letter with its whole payload, as text if it is any, else the beginning in hex."""
    async with context.pool.connection() as connection:
        return JsonResponse(await dead_letters.get_letter(connection, dead_letter_id))


@router.post(
    "/{dead_letter_id}/replay",
    summary="Replay a dead letter",
    status_code=202,
    response_model=WholeDeadLetter,
    responses=errors(400, 401, 403, 404, 422),
)
async def replay(dead_letter_id: DeadLetterId, body: ReplayRequest, principal: Admin, context: Ctx) -> Response:
    """Ask for a dead letter to be stored after a fix. A gateway does it within seconds, once; asking again is harmless.

    `replay_outcome` then says what came of it, and `replayed_at` when it was stored.
    """
    async with context.pool.connection() as connection:
        letter = await dead_letters.request_replay(
            connection,
            dead_letter_id,
            actor=principal.actor,
            now=context.clock.now(),
            shift_ms=round(body.shift_s * 1_000),
        )
    return JsonResponse(letter, status_code=202)
