"""A store's rules in the database, with who changed what and when."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from storesense_backend.database import Connection
from storesense_backend.errors import InvalidError, NotFoundError
from storesense_contracts.layout import StoreLayout
from storesense_contracts.rule_checks import rule_problems
from storesense_contracts.rules import RULE, AnyRule
from storesense_contracts.sql import load_queries

_SQL = load_queries("storesense_backend", "sql/rules.sql")
_MOST_RULES = 1_000


def field_path(root: str, at: Sequence[str | int]) -> str | None:
    """Write a path below ``root`` as the API names fields, such as ``rules[0].queues[1]``; None for the body itself."""
    text = root
    for part in at:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or None


def check_rules(layout: StoreLayout, rules: Sequence[AnyRule], device_ids: Sequence[str]) -> None:
    """Make sure that all rules of a store make sense in it. Raises InvalidError."""
    seen: set[str] = set()
    for index, rule in enumerate(rules):
        if rule.id in seen:
            raise InvalidError(f"the rule id {rule.id!r} stands twice", field=f"rules[{index}].id")
        seen.add(rule.id)
        others = [other for other in rules if other.id != rule.id]
        for problem in rule_problems(layout, rule, device_ids=device_ids, others=others):
            raise InvalidError(f"rule {rule.id!r}: {problem.message}", field=field_path(f"rules[{index}]", problem.at))


async def list_rules(connection: Connection, store_id: str) -> list[dict[str, Any]]:
    """Return a store's rules (rule_id, spec, version, updated_at)."""
    return await (await connection.execute(_SQL["rules"], {"store_id": store_id})).fetchall()


async def check_rule(connection: Connection, layout: StoreLayout, rule: AnyRule) -> None:
    """Make sure that a rule makes sense beside its store's devices and other rules. Raises InvalidError."""
    rows = await list_rules(connection, layout.id)
    others = [RULE.validate_python(row["spec"]) for row in rows if row["rule_id"] != rule.id]
    if len(others) >= _MOST_RULES:
        raise InvalidError(f"a store has at most {_MOST_RULES} rules; delete one first")
    rows = await (await connection.execute(_SQL["device_ids"], {"store_id": layout.id})).fetchall()
    device_ids = [row["device_id"] for row in rows]
    for problem in rule_problems(layout, rule, device_ids=device_ids, others=others):
        raise InvalidError(problem.message, field=field_path("", problem.at))


async def write_rule(
    connection: Connection, store_id: str, rule: AnyRule, *, edited_by: str, now: datetime
) -> dict[str, Any]:
    """Add or change a rule; the caller has a transaction, has checked the rule and gives notice."""
    values = {
        "store_id": store_id,
        "rule_id": rule.id,
        "kind": rule.kind,
        "spec": Jsonb(rule.model_dump(mode="json")),
        "edited_by": edited_by,
        "now": now,
    }
    row = await (await connection.execute(_SQL["put_rule"], values)).fetchone()
    assert row is not None  # noqa: S101 -- the statement returns the row that it wrote
    await connection.execute(_SQL["keep_version"], values | {"version": row["version"]})
    return row


async def write_rules(
    connection: Connection, store_id: str, rules: Sequence[AnyRule], *, edited_by: str, now: datetime
) -> None:
    """Make these the store's rules and delete others; the caller has a transaction and gives notice."""
    for rule in rules:
        await write_rule(connection, store_id, rule, edited_by=edited_by, now=now)
    kept = {rule.id for rule in rules}
    for row in await list_rules(connection, store_id):
        if row["rule_id"] not in kept:
            await _delete(connection, store_id, row["rule_id"], edited_by=edited_by, now=now)


async def put_rule(
    connection: Connection, layout: StoreLayout, rule: AnyRule, *, edited_by: str, now: datetime
) -> dict[str, Any]:
    """Add or change one rule of a store. Raises InvalidError."""
    async with connection.transaction():
        await check_rule(connection, layout, rule)
        row = await write_rule(connection, layout.id, rule, edited_by=edited_by, now=now)
        await connection.execute(_SQL["notify_registry"], {"store_id": layout.id})
    return row


async def delete_rule(connection: Connection, store_id: str, rule_id: str, *, edited_by: str, now: datetime) -> None:
    """Delete one rule; its history stays. Raises NotFoundError."""
    async with connection.transaction():
        if not await _delete(connection, store_id, rule_id, edited_by=edited_by, now=now):
            raise NotFoundError(f"store {store_id!r} has no rule {rule_id!r}", code="no_such_rule")
        await connection.execute(_SQL["notify_registry"], {"store_id": store_id})


async def _delete(connection: Connection, store_id: str, rule_id: str, *, edited_by: str, now: datetime) -> bool:
    values = {"store_id": store_id, "rule_id": rule_id, "edited_by": edited_by, "now": now}
    return await (await connection.execute(_SQL["delete_rule"], values)).fetchone() is not None


async def rule_versions(connection: Connection, store_id: str, rule_id: str, *, limit: int) -> list[dict[str, Any]]:
    """Return what a rule was and who made it so, newest first; ``spec`` is None where it was deleted."""
    values = {"store_id": store_id, "rule_id": rule_id, "limit": limit}
    found = await (await connection.execute(_SQL["versions"], values)).fetchall()
    if not found:
        raise NotFoundError(f"store {store_id!r} never had a rule {rule_id!r}", code="no_such_rule")
    return found
