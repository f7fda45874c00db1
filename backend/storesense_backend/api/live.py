"""The live state of a store, once or as a stream of server-sent events."""

import asyncio
import math
from contextlib import AbstractAsyncContextManager

import psycopg
from fastapi import APIRouter, Request
from psycopg_pool import PoolTimeout, TooManyRequests
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from storesense_backend.api.access import Viewer, authenticate
from storesense_backend.api.answers import JsonResponse, errors, plain_errors
from storesense_backend.api.context import Context, Ctx
from storesense_backend.api.models import Snapshot
from storesense_backend.api.parameters import StoreIdPath
from storesense_backend.live.subscription import LiveEvent, Subscription

router = APIRouter(prefix="/api/v1/stores/{store_id}", tags=["live"])

_RETRY_MS = 2_000
_LEAST_PAUSE_S = 0.02
_HEARTBEAT = b": alive\n\n"


def encode_event(event: LiveEvent, number: int) -> bytes:
    """Write an event as server-sent event; JSON has no line breaks, so it is one data line."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (number, event.name.encode(), event.json())


class EventStream(Response):
    """Tells one client what happens in a store until it leaves, its session ends, or the service does."""

    media_type = "text/event-stream"

    def __init__(self, context: Context, watching: AbstractAsyncContextManager[Subscription]) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._context = context
        self._watching = watching

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until it is over."""
        request = Request(scope)
        async with self._watching as subscription:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            async with asyncio.TaskGroup() as group:
                telling = group.create_task(self._tell(request, subscription, send), name="live stream")
                leaving = group.create_task(_until_gone(receive), name="live stream's end")
                await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
                telling.cancel()
                leaving.cancel()

    async def _tell(self, request: Request, subscription: Subscription, send: Send) -> None:
        settings = self._context.settings
        number = 0
        is_urgent = False
        loop = asyncio.get_running_loop()
        next_update_s = loop.time()
        checked_s = self._context.clock.monotonic_s()
        text = b"retry: %d\n\n" % _RETRY_MS
        labels = self._context.metrics.stream_events.labels
        counters = {name: labels(event=name) for name in ("snapshot", "update", "alert")}
        while True:
            try:
                async with asyncio.timeout(settings.stream_send_timeout_s):
                    await send({"type": "http.response.body", "body": text, "more_body": True})
            except TimeoutError:
                self._context.metrics.streams_cut.inc()
                return
            # Numbers wait for their turn, alerts do not.
            pause_s = next_update_s - loop.time()
            if pause_s <= 0 or is_urgent:
                await asyncio.sleep(_LEAST_PAUSE_S)
                pause_s = next_update_s - loop.time()
            is_urgent = pause_s > 0 and await subscription.wait(pause_s, urgent_only=True)
            has_news = is_urgent or await subscription.wait(settings.stream_heartbeat_s)
            if self._context.clock.monotonic_s() - checked_s >= settings.stream_heartbeat_s:
                checked_s = self._context.clock.monotonic_s()
                if not await self._is_still_allowed(request):
                    break
            if subscription.is_closed:
                break
            text = b""
            if not is_urgent:
                # All take their turn at the same instants, and so are told the same, which is written once.
                rate = settings.stream_updates_per_s
                next_update_s = (math.floor(loop.time() * rate) + 1.0) / rate
            for event in subscription.take(urgent_only=is_urgent) if has_news else ():
                number += 1
                counters[event.name].inc()
                text += encode_event(event, number)
            text = text or _HEARTBEAT
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _is_still_allowed(self, request: Request) -> bool:
        try:
            return await authenticate(request, self._context) is not None
        except (psycopg.Error, PoolTimeout, TooManyRequests):
            return True


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


@router.get("/live", summary="What is now the case", response_model=Snapshot, responses=errors(401, 404, 422))
async def get_live(store_id: StoreIdPath, _principal: Viewer, context: Ctx) -> Response:
    """Return what is now the case: counts since local midnight, people, queues, slots, climate, devices and alerts."""
    return JsonResponse(await context.feed.snapshot(store_id))


@router.get(
    "/stream",
    summary="What happens, as it happens",
    response_class=EventStream,
    status_code=200,  # FastAPI asks the class for it where none is given
    responses={
        **plain_errors(401, 404, 422),
        200: {
            "description": "Events: `snapshot` (a Snapshot; replace what you have), `update` (the same keys with only"
            " changed items, to be merged by id) and `alert` (an Alert, whole). A reconnect begins with a snapshot.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
    },
)
async def get_stream(store_id: StoreIdPath, _principal: Viewer, context: Ctx) -> Response:
    """Stream what happens in a store as server-sent events, at most four updates a second."""
    await context.feed.snapshot(store_id)
    return EventStream(context, context.feed.subscribe(store_id))
