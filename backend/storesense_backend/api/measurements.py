"""Readings, footfall, heat and KPIs over a span of time."""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from storesense_backend import measurements, registry
from storesense_backend.api.access import Viewer
from storesense_backend.api.answers import JsonResponse, errors
from storesense_backend.api.context import Context, Ctx
from storesense_backend.api.measurement_models import Completeness, Footfall, Heatmap, Kpis
from storesense_backend.api.parameters import FromAt, Limit, StoreIdPath, SubjectId, ToAt
from storesense_backend.api.reading_models import Readings
from storesense_backend.completeness import completeness
from storesense_backend.errors import InvalidError
from storesense_backend.heat_hours import floor_heat
from storesense_backend.measurements import Family, Step
from storesense_backend.ranges import TimeSpan, decode_cursor, time_span
from storesense_backend.store_kpis import store_kpis

router = APIRouter(prefix="/api/v1/stores/{store_id}", tags=["measurements"])

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_MAX_STEPS = 3_000


def _span(context: Context, from_at: FromAt, to_at: ToAt, usual: timedelta = _HOUR) -> TimeSpan:
    longest = timedelta(days=context.settings.max_range_days)
    return time_span(from_at, to_at, now=context.clock.now(), usual=usual, longest=longest)


@router.get("/readings/{family}", summary="Raw readings", response_model=Readings, responses=errors(401, 404, 422))
async def get_readings(
    store_id: StoreIdPath,
    family: Annotated[Family, Path(description="which readings")],
    _principal: Viewer,
    context: Ctx,
    from_at: FromAt = None,
    to_at: ToAt = None,
    subject_id: SubjectId = None,
    after: Annotated[str | None, Query(max_length=200, description="the next of the page before")] = None,
    limit: Limit = 200,
) -> Response:
    """Return raw readings of one family, oldest first, page by page; the last hour if no time is given.

    Give the same `from` and `to` with every page.
    """
    span = _span(context, from_at, to_at)
    cursor = decode_cursor(after)
    async with context.pool.connection() as connection:
        await registry.get_store(connection, store_id)
        rows, following = await measurements.readings_page(
            connection, family, span, store_id=store_id, subject_id=subject_id, after=cursor, limit=limit
        )
    return JsonResponse({"readings": rows, "next": following})


@router.get("/footfall", summary="Footfall by step", response_model=Footfall, responses=errors(401, 404, 422))
async def get_footfall(
    store_id: StoreIdPath,
    _principal: Viewer,
    context: Ctx,
    from_at: FromAt = None,
    to_at: ToAt = None,
    step: Annotated[Step, Query(description="length of a step")] = Step.QUARTER,
) -> Response:
    """Return counts by line and step, the last day if no time is given. The first step begins at or before `from`.

    Steps in which nothing was measured are left out; a zero is a measured zero.
    """
    span = _span(context, from_at, to_at, timedelta(days=1))
    if span.duration / step.duration > _MAX_STEPS:
        raise InvalidError(f"that is more than {_MAX_STEPS} steps; choose longer steps or less time", field="step")
    async with context.pool.connection() as connection:
        await registry.get_store(connection, store_id)
        points = await measurements.footfall_points(connection, store_id=store_id, span=span, step=step)
    return JsonResponse({"step_s": int(step.duration.total_seconds()), "points": points})


@router.get("/heatmap", summary="Heat on the floor", response_model=Heatmap, responses=errors(401, 404, 422))
async def get_heatmap(
    store_id: StoreIdPath,
    _principal: Viewer,
    context: Ctx,
    from_at: FromAt = None,
    to_at: ToAt = None,
    watched: Annotated[bool, Query(description="tell watched_s too")] = False,
) -> Response:
    """Return presence per floor cell, all cameras merged, of the last hour if no time is given."""
    now = context.clock.now()
    longest = timedelta(hours=context.settings.max_heatmap_hours)
    span = time_span(from_at, to_at, now=now, usual=_HOUR, longest=longest)
    async with context.pool.connection() as connection:
        layout = await registry.get_layout(connection, store_id)
        heat = await floor_heat(connection, layout=layout, span=span, now=now, metrics=context.metrics)
    frame = heat.frame
    return JsonResponse(
        {
            "from": span.from_at,
            "to": span.to_at,
            "cell_size_m": frame.cell_size_m,
            "origin_xy_m": frame.origin_xy_m,
            "columns": frame.columns,
            "rows": frame.rows,
            "presence_s": heat.presence_s.round(2).ravel().tolist(),
            "watched_s": heat.watched_s.round(1).ravel().tolist() if watched else None,
        }
    )


@router.get("/kpis", summary="KPIs", response_model=Kpis, responses=errors(401, 404, 422))
async def get_kpis(
    store_id: StoreIdPath, _principal: Viewer, context: Ctx, from_at: FromAt = None, to_at: ToAt = None
) -> Response:
    """Return KPIs, each with its completeness, of the last hour if no time is given."""
    span = _span(context, from_at, to_at)
    async with context.pool.connection() as connection:
        store = await registry.get_store(connection, store_id)
        found = await store_kpis(
            connection,
            store=store,
            layout=registry.layout_of(store),
            depletion=context.depletion,
            span=span,
            now=context.clock.now(),
        )
    return JsonResponse(
        {"from": span.from_at, "to": span.to_at, "kpis": [asdict(kpi) | {"unit": kpi.unit} for kpi in found]}
    )


@router.get(
    "/completeness",
    summary="How complete the data is, and why not",
    response_model=Completeness,
    responses=errors(401, 404, 422),
)
async def get_completeness(
    store_id: StoreIdPath, _principal: Viewer, context: Ctx, from_at: FromAt = None, to_at: ToAt = None
) -> Response:
    """Return expected and measured minutes by device and hour, and what is known of the missing ones.

    The last 24 hours if no time is given, which is also the most. `summary` has the minutes that stand beside the KPIs.
    """
    now = context.clock.now()
    span = time_span(from_at, to_at, now=now, usual=_DAY, longest=_DAY)
    async with context.pool.connection() as connection:
        layout = await registry.get_layout(connection, store_id)
        return JsonResponse(await completeness(connection, layout=layout, span=span, now=now))
