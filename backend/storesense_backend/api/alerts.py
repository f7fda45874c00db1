"""Alerts, and what people do with them. Each action may be sent again with the same key: it is done once."""

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Header, Query
from starlette.responses import Response

from storesense_backend import alert_records, registry
from storesense_backend.alerts.life import actions, report_card, reports
from storesense_backend.alerts.life.actions import Action
from storesense_backend.alerts.life.alert import Actor
from storesense_backend.api.access import Manager, Staff, Viewer
from storesense_backend.api.alert_models import (
    Alert,
    Alerts,
    DismissQuestion,
    NoteQuestion,
    ReportCard,
    ReportQuestion,
    ResolveQuestion,
    SnoozeQuestion,
    TakeQuestion,
    WholeAlert,
)
from storesense_backend.api.answers import JsonResponse, errors
from storesense_backend.api.context import Context, Ctx
from storesense_backend.api.parameters import AfterId, AlertId, FromAt, Limit, StoreIdPath, ToAt
from storesense_backend.ranges import time_span
from storesense_backend.roles import Principal

router = APIRouter(prefix="/api/v1/stores/{store_id}", tags=["alerts"])

StateFilter = Annotated[
    Literal["open", "acknowledged", "in_hand", "resolved", "dismissed", "unresolved"] | None,
    Query(description="only alerts in this state; unresolved: open, acknowledged or in hand"),
]
ActionKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=100,
        pattern=r"^[\x21-\x7e]+$",
        description="what the client calls this action; sent again with the same key it is done once",
    ),
]
_ACTION_ERRORS = errors(401, 403, 404, 409, 422)


@router.get("/alerts", summary="A store's alerts", response_model=Alerts, responses=errors(401, 404, 422))
async def list_alerts(
    store_id: StoreIdPath,
    _principal: Viewer,
    context: Ctx,
    state: StateFilter = None,
    after: AfterId = None,
    limit: Limit = 100,
) -> Response:
    """List alerts, newest first, page by page."""
    states = ["open", "acknowledged", "in_hand"] if state == "unresolved" else None if state is None else [state]
    async with context.pool.connection() as connection:
        await registry.get_store(connection, store_id)
        found = await alert_records.list_alerts(
            connection, store_id=store_id, states=states, after=after, limit=limit + 1
        )
    return JsonResponse(
        {"alerts": found[:limit], "next": str(found[limit - 1]["alert_id"]) if len(found) > limit else None}
    )


@router.get(
    "/alerts/report", summary="How good the alerts are", response_model=ReportCard, responses=errors(401, 403, 404, 422)
)
async def get_report_card(
    store_id: StoreIdPath, _principal: Manager, context: Ctx, from_at: FromAt = None, to_at: ToAt = None
) -> Response:
    """Tell precision, response and load by what staff did with the alerts of a span, the last week by default."""
    longest = timedelta(days=max(366, context.settings.max_range_days))
    span = time_span(from_at, to_at, now=context.clock.now(), usual=timedelta(days=7), longest=longest)
    async with context.pool.connection() as connection:
        await registry.get_store(connection, store_id)
        found = await report_card.report_card(connection, store_id, span)
    return JsonResponse(found)


@router.get(
    "/alerts/{alert_id}",
    summary="An alert with its history",
    response_model=WholeAlert,
    responses=errors(401, 404, 422),
)
async def get_alert(store_id: StoreIdPath, alert_id: AlertId, principal: Viewer, context: Ctx) -> Response:
    """Return an alert, everything that happened to it, and what may be done with it."""
    async with context.pool.connection() as connection:
        found = await alert_records.whole_alert(
            connection, store_id=store_id, alert_id=alert_id, actor=_actor(principal)
        )
    return JsonResponse(found)


def _actor(principal: Principal) -> Actor:
    return Actor(principal.actor, principal.role)


async def _act(
    context: Context, principal: Principal, store_id: str, alert_id: int, action: Action, key: str | None
) -> Response:
    async with context.pool.connection() as connection:
        alert = await alert_records.act(
            connection,
            store_id=store_id,
            alert_id=alert_id,
            action=action,
            actor=_actor(principal),
            now=context.clock.now(),
            action_key=key,
        )
    return JsonResponse(alert)


@router.post(
    "/alerts/{alert_id}/acknowledge", summary="Acknowledge an alert", response_model=Alert, responses=_ACTION_ERRORS
)
async def acknowledge(
    store_id: StoreIdPath, alert_id: AlertId, principal: Staff, context: Ctx, key: ActionKey = None
) -> Response:
    """Say that it was seen. Harmless if somebody did already; `alert_resolved` or `alert_dismissed` if it is over."""
    return await _act(context, principal, store_id, alert_id, actions.Acknowledge(), key)


@router.post("/alerts/{alert_id}/take", summary="Take an alert in hand", response_model=Alert, responses=_ACTION_ERRORS)
async def take(
    store_id: StoreIdPath,
    alert_id: AlertId,
    principal: Staff,
    context: Ctx,
    asked: Annotated[TakeQuestion | None, Body()] = None,
    key: ActionKey = None,
) -> Response:
    """Say that one does it. `alert_taken` if somebody else does, unless it is taken over."""
    action = actions.Take(is_takeover=asked is not None and asked.is_takeover)
    return await _act(context, principal, store_id, alert_id, action, key)


@router.post("/alerts/{alert_id}/release", summary="Give an alert back", response_model=Alert, responses=_ACTION_ERRORS)
async def release(
    store_id: StoreIdPath, alert_id: AlertId, principal: Staff, context: Ctx, key: ActionKey = None
) -> Response:
    """Say that one does not do it after all: it is open again, and reminders begin anew."""
    return await _act(context, principal, store_id, alert_id, actions.Release(), key)


@router.post(
    "/alerts/{alert_id}/resolve", summary="Say that it is done", response_model=Alert, responses=_ACTION_ERRORS
)
async def resolve(
    store_id: StoreIdPath,
    alert_id: AlertId,
    principal: Staff,
    context: Ctx,
    asked: Annotated[ResolveQuestion | None, Body()] = None,
    key: ActionKey = None,
) -> Response:
    """End an alert where no sensor can prove that it is over; `needs_proof` where one can."""
    action = actions.Resolve(note=None if asked is None else asked.note)
    return await _act(context, principal, store_id, alert_id, action, key)


@router.post("/alerts/{alert_id}/dismiss", summary="Dismiss an alert", response_model=Alert, responses=_ACTION_ERRORS)
async def dismiss(
    store_id: StoreIdPath,
    alert_id: AlertId,
    asked: DismissQuestion,
    principal: Staff,
    context: Ctx,
    key: ActionKey = None,
) -> Response:
    """Say that nothing is to be done, and why. It is not raised again while its cause lasts."""
    action = actions.Dismiss(reason=asked.reason, note=asked.note)
    return await _act(context, principal, store_id, alert_id, action, key)


@router.post("/alerts/{alert_id}/snooze", summary="Snooze an alert", response_model=Alert, responses=_ACTION_ERRORS)
async def snooze(
    store_id: StoreIdPath,
    alert_id: AlertId,
    asked: SnoozeQuestion,
    principal: Staff,
    context: Ctx,
    key: ActionKey = None,
) -> Response:
    """Be left alone by it for a while; then a reminder goes out."""
    until = asked.until or context.clock.now() + timedelta(seconds=asked.for_s or 0.0)
    action = actions.Snooze(until=until, reason=asked.reason)
    return await _act(context, principal, store_id, alert_id, action, key)


@router.post("/alerts/{alert_id}/wake", summary="End a snooze", response_model=Alert, responses=_ACTION_ERRORS)
async def wake(
    store_id: StoreIdPath, alert_id: AlertId, principal: Staff, context: Ctx, key: ActionKey = None
) -> Response:
    """End a snooze before its time."""
    return await _act(context, principal, store_id, alert_id, actions.Wake(), key)


@router.post(
    "/alerts/{alert_id}/note", summary="Write into an alert's history", response_model=Alert, responses=_ACTION_ERRORS
)
async def write_note(
    store_id: StoreIdPath,
    alert_id: AlertId,
    asked: NoteQuestion,
    principal: Staff,
    context: Ctx,
    key: ActionKey = None,
) -> Response:
    """Write something down, also when it is over."""
    return await _act(context, principal, store_id, alert_id, actions.Note(asked.text), key)


@router.post(
    "/reports",
    summary="Report what no sensor sees",
    response_model=Alert,
    responses=errors(401, 403, 404, 409, 422),
)
async def report(
    store_id: StoreIdPath, asked: ReportQuestion, principal: Staff, context: Ctx, key: ActionKey = None
) -> Response:
    """Open an alert of kind `staff_report`, or return the one that stands if it was reported there already."""
    seen = reports.Report(
        what=asked.what,
        place_kind=asked.place_kind,
        place_id=asked.place_id,
        note=asked.note,
        severity=asked.severity,
    )
    async with context.pool.connection() as connection:
        layout = await registry.get_layout(connection, store_id)
        alert_id = await reports.report(
            connection, layout, seen, actor=_actor(principal), now=context.clock.now(), action_key=key
        )
        (alert,) = await alert_records.alerts_by_id(connection, [alert_id])
    return JsonResponse(alert)
