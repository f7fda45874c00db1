"""Rules: what they are, what they were, and what they would have said of the past."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Body
from pydantic import AwareDatetime, Field
from starlette.responses import Response

from storesense_backend import registry, rule_records
from storesense_backend.alerts.assessors import build_assessors
from storesense_backend.alerts.kinds.catalogue import IMPLIED
from storesense_backend.alerts.ledger import read_stores
from storesense_backend.alerts.replay import replay
from storesense_backend.alerts.values import Timing
from storesense_backend.api.access import Manager, Viewer
from storesense_backend.api.answers import JsonResponse, errors
from storesense_backend.api.context import Ctx
from storesense_backend.api.models import Answer, Question, RuleEntry, Rules, RuleVersions
from storesense_backend.api.parameters import Limit, RuleId, StoreIdPath
from storesense_backend.default_rules import default_rules
from storesense_backend.errors import InvalidError, UnavailableError
from storesense_backend.ranges import time_span
from storesense_contracts.rules import Rule

if TYPE_CHECKING:
    from storesense_contracts.rules import AnyRule

router = APIRouter(prefix="/api/v1/stores", tags=["stores"])

_MOST_READINGS = 400_000
_USUAL = timedelta(days=1)


class ReplayQuestion(Question):
    """A rule to try on the past."""

    rule: Rule
    from_at: Annotated[AwareDatetime | None, Field(alias="from", description="a day before the end if left out")] = None
    to_at: Annotated[AwareDatetime | None, Field(alias="to", description="now if left out")] = None


class ReplayPrecision(Answer):
    """How many firings were right and wrong; null where nothing is known."""

    right: int
    wrong: int
    unknown: int
    precision: float | None


class ReplayedRule(Answer):
    """What one rule would have said."""

    rule_id: str
    kind: str
    firings: int
    firings_per_day: float
    open_at_end: int
    duration_s: dict[str, float | None] = Field(description="mean, median, p90 and longest of those that ended")
    by_staff: ReplayPrecision
    by_proof: ReplayPrecision
    not_replayed: str | None = Field(description="why nothing can be said of its past, if so")


class ReplayAnswer(Answer):
    """What rules would have said of the past."""

    store_id: str
    readings: int
    rules: list[ReplayedRule]
    firings: list[dict[str, Any]] = Field(description="the first thousand, each with its proof")
    firings_left_off: int


@router.get("/{store_id}/rules", summary="A store's rules", response_model=Rules, responses=errors(401, 404, 422))
async def list_rules(store_id: StoreIdPath, _principal: Viewer, context: Ctx) -> Response:
    """List the rules by which alerts are raised, and those that hold besides unless one of their kind is given."""
    async with context.pool.connection() as connection:
        layout = await registry.get_layout(connection, store_id)
        rows = await rule_records.list_rules(connection, store_id)
    kinds = {row["spec"]["kind"] for row in rows}
    implied = [rule.model_dump(mode="json") for rule in IMPLIED if rule.kind not in kinds]
    suggested = [rule.model_dump(mode="json") for rule in default_rules(layout) if rule.kind not in kinds]
    return JsonResponse({"rules": [_rule_entry(row) for row in rows], "implied": implied, "suggested": suggested})


@router.put(
    "/{store_id}/rules/{rule_id}",
    summary="Add or change a rule",
    response_model=RuleEntry,
    responses=errors(400, 401, 403, 404, 413, 422),
)
async def put_rule(
    store_id: StoreIdPath, rule_id: RuleId, rule: Annotated[Rule, Body()], principal: Manager, context: Ctx
) -> Response:
    """Add a rule or change one; the alert engine takes it up within seconds. What it was before is kept."""
    checked: AnyRule = rule
    if checked.id != rule_id:
        raise InvalidError(f"the rule's id is {checked.id!r}, the path says {rule_id!r}", field="id")
    async with context.pool.connection() as connection:
        layout = await registry.get_layout(connection, store_id)
        row = await rule_records.put_rule(
            connection, layout, checked, edited_by=principal.actor, now=context.clock.now()
        )
    return JsonResponse(_rule_entry(row))


@router.delete(
    "/{store_id}/rules/{rule_id}",
    summary="Delete a rule",
    status_code=204,
    response_class=Response,
    responses=errors(401, 403, 404, 422),
)
async def delete_rule(store_id: StoreIdPath, rule_id: RuleId, principal: Manager, context: Ctx) -> Response:
    """Delete a rule; its alerts are withdrawn within seconds, and its history stays."""
    async with context.pool.connection() as connection:
        await registry.get_store(connection, store_id)
        await rule_records.delete_rule(
            connection, store_id, rule_id, edited_by=principal.actor, now=context.clock.now()
        )
    return Response(status_code=204)


@router.get(
    "/{store_id}/rules/{rule_id}/versions",
    summary="What a rule was, and who changed it",
    response_model=RuleVersions,
    responses=errors(401, 404, 422),
)
async def rule_versions(
    store_id: StoreIdPath, rule_id: RuleId, _principal: Viewer, context: Ctx, limit: Limit = 100
) -> Response:
    """List the versions of a rule, the newest first; `rule` is null where it was deleted."""
    async with context.pool.connection() as connection:
        await registry.get_store(connection, store_id)
        rows = await rule_records.rule_versions(connection, store_id, rule_id, limit=limit)
    versions = [
        {key: row[key] for key in ("version", "kind", "edited_at", "edited_by")} | {"rule": row["spec"]} for row in rows
    ]
    return JsonResponse({"versions": versions})


@router.post(
    "/{store_id}/rules/replay",
    summary="Try a rule on the past",
    response_model=ReplayAnswer,
    responses=errors(400, 401, 403, 404, 413, 422),
)
async def replay_rule(store_id: StoreIdPath, asked: ReplayQuestion, _principal: Manager, context: Ctx) -> Response:
    """Say how often a rule would have fired, for how long, and how rightly; nothing is changed."""
    longest = timedelta(days=context.settings.max_range_days)
    span = time_span(asked.from_at, asked.to_at, now=context.clock.now(), usual=_USUAL, longest=longest)
    async with context.pool.connection() as connection:
        layout = await registry.get_layout(connection, store_id)
        await rule_records.check_rule(connection, layout, asked.rule)
        view = (await read_stores(connection, [store_id]))[store_id]
        if isinstance(view, str):
            raise UnavailableError(f"the rules of store {store_id!r} cannot be read by this release")
        found = await replay(
            connection,
            view,
            [asked.rule],
            span,
            timing=Timing(),
            assessors=build_assessors(),
            most_readings=_MOST_READINGS,
        )
    return JsonResponse(found)


def _rule_entry(row: dict[str, Any]) -> dict[str, Any]:
    return {"rule": row["spec"], "version": row["version"], "updated_at": row["updated_at"]}
