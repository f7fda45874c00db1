"""The small HTTP port beside a worker: its health, and its metrics for Prometheus."""

import asyncio
import socket
from collections.abc import Callable, Coroutine

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from storesense_backend.ending import ended
from storesense_backend.listening import Server


def build_health_app(health: Callable[[], dict[str, object]], registry: CollectorRegistry) -> Starlette:
    """Build the application behind ``/healthz`` and ``/metrics``.

    Args:
        health: returns what ``/healthz`` tells; its ``status`` is ``ok`` when all is well.
        registry: of the worker's metrics.
    """

    async def healthz(_request: Request) -> Response:
        told = health()
        return JSONResponse(told, status_code=200 if told["status"] == "ok" else 503)

    async def metrics_text(_request: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return Starlette(routes=[Route("/healthz", healthz), Route("/metrics", metrics_text)])


async def work_beside_port(
    work: Coroutine[object, object, None], app: Starlette, listener: socket.socket, *, name: str
) -> None:
    """Work and serve until told to stop; work that fails ends the port, and its error is raised."""
    server = Server(app, graceful_s=1)
    working = asyncio.create_task(work, name=name)
    working.add_done_callback(lambda _task: server.end())
    try:
        await server.serve(sockets=[listener])
    finally:
        await ended(working)
