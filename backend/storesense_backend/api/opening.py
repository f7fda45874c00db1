"""What a page needs for its first figure, in one answer: asked for while the browser still fetches the scripts."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from storesense_backend import registry
from storesense_backend.api.access import Viewer
from storesense_backend.api.answers import JsonResponse, errors
from storesense_backend.api.context import Ctx
from storesense_backend.api.live_models import Snapshot
from storesense_backend.api.models import Answer, Session, Store, StoreSummary, User
from storesense_backend.api.parameters import ID_TEXT
from storesense_backend.errors import NotFoundError

router = APIRouter(prefix="/api/v1/opening", tags=["live"])

OpeningStoreId = Annotated[
    str | None, Query(pattern=ID_TEXT, description="the store that will be shown; the only one, if not given")
]


class Opening(Answer):
    """Who is signed in, the stores, and the one that will be shown."""

    session: Session
    stores: list[StoreSummary]
    store: Store | None = Field(description="null if there is no such store, or several and none is named")
    live: Snapshot | None = Field(description="what is now the case there")


@router.get("", summary="Everything for a first view", response_model=Opening, responses=errors(401, 422))
async def get_opening(principal: Viewer, context: Ctx, store_id: OpeningStoreId = None) -> Response:
    """Return at once what `session`, `stores`, the store and its `live` give."""
    store = live = None
    async with context.pool.connection() as connection:
        stores = await registry.list_stores(connection)
        if store_id is None and len(stores) == 1:
            store_id = stores[0]["store_id"]
        if any(row["store_id"] == store_id for row in stores):
            try:
                store = await registry.get_store(connection, str(store_id))
            except NotFoundError:
                store = None  # it went between the two looks
    if store is not None:
        live = await context.feed.snapshot(store["store_id"])
    session = Session(user=User(user_name=principal.name, role=principal.role))
    return JsonResponse({"session": session.model_dump(mode="json"), "stores": stores, "store": store, "live": live})
