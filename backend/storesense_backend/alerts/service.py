"""The alert engine as a running service, with its own small HTTP port for health and metrics."""

import asyncio
import logging

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from storesense_backend.alerts.follower import AlertFollower
from storesense_backend.alerts.metrics import AlertMetrics
from storesense_backend.database import check_schema
from storesense_backend.ending import ended
from storesense_backend.listening import Server, address_of, listen_on
from storesense_backend.settings import AlertsSettings
from storesense_contracts.clock import Clock

_LOG = logging.getLogger(__name__)


def build_health_app(follower: AlertFollower, metrics: AlertMetrics) -> Starlette:
    """Build the application behind ``/healthz`` and ``/metrics``."""

    async def healthz(_request: Request) -> Response:
        health = follower.health
        return JSONResponse(health, status_code=200 if health["status"] == "ok" else 503)

    async def metrics_text(_request: Request) -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return Starlette(routes=[Route("/healthz", healthz), Route("/metrics", metrics_text)])


async def run_alerts(settings: AlertsSettings, *, conninfo: str, clock: Clock) -> None:
    """Judge readings until told to stop.

    Raises:
        PortTakenError: the port of health and metrics is not free.
        DatabaseError: the database cannot be reached, or its schema is not this release's.
    """
    listener = listen_on(settings.http_host, settings.http_port, setting="STORESENSE_ALERTS_HTTP_PORT")
    try:
        await check_schema(conninfo)
        metrics = AlertMetrics()
        follower = AlertFollower(conninfo=conninfo, clock=clock, settings=settings, metrics=metrics)
        server = Server(build_health_app(follower, metrics), graceful_s=1)
        _LOG.info("the alert engine tells its health at %s/healthz", address_of(listener))
        following = asyncio.create_task(follower.run(), name="alert follower")
        following.add_done_callback(lambda _task: server.end())
        try:
            await server.serve(sockets=[listener])
        finally:
            await ended(following)
    finally:
        listener.close()
