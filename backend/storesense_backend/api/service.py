"""Health, metrics and the pages themselves."""

import asyncio
import ipaddress

import psycopg
from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from psycopg_pool import PoolTimeout, TooManyRequests
from starlette.responses import Response

from storesense_backend.api.access import authenticate
from storesense_backend.api.answers import JsonResponse, errors, plain_errors
from storesense_backend.api.context import Context, Ctx
from storesense_backend.api.models import Health
from storesense_backend.errors import NotSignedInError

router = APIRouter(tags=["operation"])

_PATIENCE_S = 2.0


@router.get(
    "/healthz",
    summary="Is the service well",
    response_model=Health,
    responses={**errors(), 503: {"model": Health, "description": "It cannot do its work now."}},
)
async def get_health(context: Ctx) -> Response:
    """Tell whether the service can do its work; needs no sign-in."""
    is_database_well = await _is_database_well(context)
    health = {
        "status": "ok" if is_database_well else "failing",
        "database": "ok" if is_database_well else "failing",
        "live": "listening" if context.feed.is_listening else "reconnecting",
    }
    return JsonResponse(health, status_code=200 if is_database_well else 503)


async def _is_database_well(context: Context) -> bool:
    try:
        async with asyncio.timeout(_PATIENCE_S), context.pool.connection() as connection:
            await connection.execute("SELECT 1")
    except (TimeoutError, psycopg.Error, PoolTimeout, TooManyRequests):
        return False
    return True


@router.get(
    "/metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    responses={**plain_errors(401), 200: {"description": "Metrics as text.", "content": {"text/plain": {}}}},
)
async def get_metrics(request: Request, context: Ctx) -> Response:
    """Return metrics; from this machine without sign-in, from elsewhere with an API key."""
    if not _is_local(request) and await authenticate(request, context) is None:
        raise NotSignedInError("metrics are for this machine, or for who sends an API key")
    stats = context.pool.get_stats()
    context.metrics.pool_connections.labels(state="idle").set(stats.get("pool_available", 0))
    context.metrics.pool_connections.labels(state="busy").set(
        stats.get("pool_size", 0) - stats.get("pool_available", 0)
    )
    return Response(generate_latest(context.metrics.registry), media_type=CONTENT_TYPE_LATEST)


def _is_local(request: Request) -> bool:
    # Behind a proxy on this machine every request comes from here; it says so in a header.
    if request.client is None or any(name in request.headers for name in ("forwarded", "x-forwarded-for", "via")):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


@router.get("/", include_in_schema=False)
@router.head("/", include_in_schema=False)
def get_page(request: Request) -> Response:
    """Return the page."""
    page: Response = request.app.state.pages.page(request.headers)
    return page


@router.get("/staff", include_in_schema=False)
@router.head("/staff", include_in_schema=False)
def get_staff_page(request: Request) -> Response:
    """Return the staff app."""
    page: Response = request.app.state.pages.staff(request.headers)
    return page


@router.get("/staff/worker.js", include_in_schema=False)
def get_staff_worker(request: Request) -> Response:
    """Return the staff app's service worker."""
    worker: Response = request.app.state.pages.staff_worker(request.headers)
    return worker
