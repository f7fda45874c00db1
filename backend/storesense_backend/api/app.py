"""The application: all endpoints, with what surrounds them."""

from importlib.metadata import version

from fastapi import FastAPI

from storesense_backend.api import (
    alerts,
    chain,
    channels,
    day,
    dead_letters,
    depletion,
    device_commands,
    drawing,
    flow,
    forecasts,
    kpi_catalogue,
    live,
    measurements,
    notifications,
    opening,
    people,
    planogram,
    quality,
    rules,
    service,
    sessions,
    shelf_counts,
    shelf_story,
    staffing,
    stores,
)
from storesense_backend.api.answers import add_error_handlers
from storesense_backend.api.context import Context
from storesense_backend.api.middleware import BodyLimit, Envelope
from storesense_backend.api.pages import Pages
from storesense_dashboards import static_dir

_TAGS = [
    {"name": "session", "description": "Signing in and out. People have sessions, machines have API keys."},
    {"name": "stores", "description": "Stores with their layout, devices and rules."},
    {"name": "devices", "description": "What devices are asked to do."},
    {"name": "live", "description": "What is now the case, once or as a stream."},
    {"name": "measurements", "description": "Readings, footfall, heat and KPIs over a span of time."},
    {"name": "alerts", "description": "What staff should do next."},
    {"name": "notifications", "description": "Who is told of alerts, on which ways, and what became of it."},
    {"name": "operation", "description": "Health, metrics, and what could not be used."},
]
_DESCRIPTION = """
Shops measured at the edge: footfall, queues and shelves, turned into the next thing staff should do.

Every error has one shape: `{"error": {"code", "message", "field"?}}`. Instants are RFC 3339 in UTC. Roles, each of
which may do what the one before it may: viewer, staff, manager, admin. Requests that change something and are signed in
by cookie must come from a page of the same origin (`Origin` or `Sec-Fetch-Site`).
"""


def build_app(context: Context) -> FastAPI:
    """Build the application around the parts of a backend; it starts and stops none of them."""
    app = FastAPI(
        title="Storesense",
        version=version("storesense"),
        description=_DESCRIPTION.strip(),
        license_info={"name": "Apache-2.0"},
        openapi_url="/api/v1/openapi.json",
        openapi_tags=_TAGS,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect would lead to whatever the Host header says
    )
    app.state.context = context
    add_error_handlers(app)
    # First, for a first view asks for some seventy files: none of them is compared with every other path.
    app.state.pages = Pages(static_dir)
    app.mount("/static", app.state.pages, name="static")
    for module in (
        sessions,
        opening,
        chain,
        stores,
        planogram,
        drawing,
        shelf_counts,
        shelf_story,
        device_commands,
        live,
        measurements,
        day,
        quality,
        rules,
        depletion,
        staffing,
        flow,
        forecasts,
        kpi_catalogue,
        alerts,
        people,
        channels,
        notifications,
        dead_letters,
        service,
    ):
        app.include_router(module.router)
    app.add_middleware(BodyLimit, layout_bytes=context.settings.max_body_bytes)
    app.add_middleware(Envelope, metrics=context.metrics)
    return app
