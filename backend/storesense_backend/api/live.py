"""The live state of a store, once or as a stream of server-sent events."""

import asyncio
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager

import psycopg
from fastapi import APIRouter, Request
from psycopg_pool import PoolTimeout, TooManyRequests
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from storesense_backend.api.access import Viewer, authenticate
from storesense_backend.api.answers import JsonResponse, errors, plain_errors
from storesense_backend.api.context import Context, Ctx
from storesense_backend.api.live_models import Snapshot
from storesense_backend.api.parameters import StoreIdPath
from storesense_backend.ending import ended
from storesense_backend.http_protocol import OUTLET
from storesense_backend.live.subscription import LiveEvent, Subscription
from storesense_backend.live.turns import Listener, Outlet, next_turn_s

router = APIRouter(prefix="/api/v1/stores/{store_id}", tags=["live"])

_LEAST_PAUSE_S = 0.02
_HELLO = b"retry: 2000\n\n"
_HEARTBEAT = b": alive\n\n"


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
        found = (scope.get("extensions") or {}).get(OUTLET, {})
        outlet: Outlet | None = found.get("outlet") if scope["http_version"] == "1.1" else None
        async with self._watching as subscription:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            telling = asyncio.create_task(self._tell(Request(scope), subscription, send, outlet), name="live stream")
            leaving = asyncio.create_task(_until_gone(receive), name="live stream's end")
            try:
                await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                await ended(telling, leaving)

    async def _tell(self, request: Request, subscription: Subscription, send: Send, outlet: Outlet | None) -> None:
        if outlet is None:
            await self._tell_all(request, subscription, send)
            return
        listener, turns = Listener(subscription, outlet), self._context.feed.turns
        subscription.on_numbers = lambda: turns.add(listener)
        try:
            await self._tell_urgent(request, listener, send)
        finally:
            listener.is_busy = True
            turns.drop(listener)

    async def _tell_urgent(self, request: Request, listener: Listener, send: Send) -> None:
        """Tell alerts and snapshots; numbers have their turns, but for those of a listener that takes nothing."""
        settings, subscription = self._context.settings, listener.subscription
        session = _Session(request, self._context)
        text = _HELLO
        while await self._send(send, text):
            listener.is_busy = False
            self._context.feed.turns.freed(listener)
            if subscription.has_numbers:
                self._context.feed.turns.add(listener)
            is_urgent = await subscription.wait(settings.stream_heartbeat_s, urgent_only=True)
            if is_urgent:
                await asyncio.sleep(_LEAST_PAUSE_S)  # what comes at once is told at once
            listener.is_busy = True
            if not await session.is_still_allowed() or subscription.is_closed:
                break
            text = self._text_of(subscription.take(urgent_only=not listener.is_stalled))
            listener.is_stalled = False
        else:
            listener.outlet.abort()
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _tell_all(self, request: Request, subscription: Subscription, send: Send) -> None:
        """Tell everything from here, where the server has no outlet."""
        settings, loop = self._context.settings, asyncio.get_running_loop()
        session = _Session(request, self._context)
        is_urgent = False
        next_update_s = loop.time()
        text = _HELLO
        while await self._send(send, text):
            # Numbers wait for their turn, alerts do not.
            pause_s = next_update_s - loop.time()
            if pause_s <= 0 or is_urgent:
                await asyncio.sleep(_LEAST_PAUSE_S)
                pause_s = next_update_s - loop.time()
            is_urgent = pause_s > 0 and await subscription.wait(pause_s, urgent_only=True)
            has_news = is_urgent or await subscription.wait(settings.stream_heartbeat_s)
            if not await session.is_still_allowed() or subscription.is_closed:
                break
            if not is_urgent:
                next_update_s = next_turn_s(loop.time(), settings.stream_updates_per_s)
            text = self._text_of(subscription.take(urgent_only=is_urgent) if has_news else ())
        else:
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send(self, send: Send, text: bytes) -> bool:
        """Send, and wait until it is taken; False if it was not in time."""
        try:
            async with asyncio.timeout(self._context.settings.stream_send_timeout_s):
                await send({"type": "http.response.body", "body": text, "more_body": True})
        except TimeoutError:
            self._context.metrics.streams_cut.inc()
            return False
        return True

    def _text_of(self, events: Iterable[LiveEvent]) -> bytes:
        text = b""
        for event in events:
            self._context.metrics.stream_events.labels(event=event.name).inc()
            text += event.text()
        return text or _HEARTBEAT


class _Session:
    """Who asked for the stream: asked again from time to time, for a stream outlives many a session."""

    def __init__(self, request: Request, context: Context) -> None:
        self._request = request
        self._context = context
        self._checked_s = context.clock.monotonic_s()

    async def is_still_allowed(self) -> bool:
        """Ask, unless it was asked lately; a database that does not answer ends nothing."""
        now_s = self._context.clock.monotonic_s()
        if now_s - self._checked_s < self._context.settings.stream_heartbeat_s:
            return True
        self._checked_s = now_s
        try:
            return await authenticate(self._request, self._context) is not None
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
