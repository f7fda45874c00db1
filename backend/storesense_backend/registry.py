"""Stores with their layouts, devices and rules, in the database."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb
from pydantic import TypeAdapter

from storesense_backend.alerts.watches import AnyRule, unknown_subjects
from storesense_backend.database import Connection
from storesense_backend.errors import InvalidError, NotFoundError
from storesense_backend.planogram.records import lay_registered
from storesense_contracts.layout import Rule, StoreLayout
from storesense_contracts.sql import load_queries

_SQL = load_queries("storesense_backend", "sql/registry.sql")
_HEALTH_HORIZON = timedelta(days=7)

RULE: TypeAdapter[AnyRule] = TypeAdapter(Rule)


def no_such_store(store_id: str) -> NotFoundError:
    """Make the answer for a store that is not registered."""
    return NotFoundError(f"there is no store {store_id!r}", code="no_such_store")


async def list_stores(connection: Connection) -> list[dict[str, Any]]:
    """Return all stores with counts of their open alerts and devices."""
    return await (await connection.execute(_SQL["stores"])).fetchall()


async def get_store(connection: Connection, store_id: str) -> dict[str, Any]:
    """Return a store's row (store_id, name, time_zone, layout_version, layout). Raises NotFoundError."""
    row = await (await connection.execute(_SQL["store"], {"store_id": store_id})).fetchone()
    if row is None:
        raise no_such_store(store_id)
    return row


async def put_store(
    connection: Connection,
    layout: StoreLayout,
    *,
    devices: Sequence[tuple[str, str]],
    rules: Sequence[AnyRule],
    registered_by: str = "registration",
) -> dict[str, Any]:
    """Register a store, or bring its registration up to date, in one transaction.

    Slots keep the planogram that was entered since the last registration, unless the layout now says something new of
    them.

    Args:
        connection: to the database, outside of a transaction.
        layout: the store.
        devices: id and kind of each.
        rules: all that shall hold; others are deleted.
        registered_by: who does it, for the planogram's history.

    Returns:
        The store's row, as ``get_store`` does.

    Raises:
        InvalidError: a rule names what the layout does not have, or an id stands twice.
    """
    check_rules(layout, rules)
    device_ids = [device_id for device_id, _ in devices]
    if len(set(device_ids)) != len(device_ids):
        raise InvalidError("a device id stands twice", field="devices")
    named = {"store_id": layout.id, "device_ids": device_ids}
    async with connection.transaction():
        values = {
            "store_id": layout.id,
            "name": layout.name,
            "time_zone": layout.time_zone,
            "layout": Jsonb(layout.model_dump(mode="json")),
        }
        await connection.execute(_SQL["ensure_store"], values)
        shown, version = await lay_registered(connection, layout, entered_by=registered_by)
        values |= {"layout": Jsonb(shown.model_dump(mode="json")), "planogram_version": version}
        row = await (await connection.execute(_SQL["put_store"], values)).fetchone()
        await connection.execute(_SQL["put_devices"], named | {"kinds": [kind for _, kind in devices]})
        await connection.execute(_SQL["forget_other_devices"], named)
        for rule in rules:
            await _put_rule(connection, layout.id, rule)
        await connection.execute(
            _SQL["delete_other_rules"], {"store_id": layout.id, "rule_ids": [rule.id for rule in rules]}
        )
        await connection.execute(_SQL["notify_registry"], {"store_id": layout.id})
    assert row is not None  # noqa: S101 -- the statement returns the row that it wrote
    return row


def check_rules(layout: StoreLayout, rules: Sequence[AnyRule]) -> None:
    """Make sure that rules speak of what the layout has. Raises InvalidError."""
    seen: set[str] = set()
    for index, rule in enumerate(rules):
        if rule.id in seen:
            raise InvalidError(f"the rule id {rule.id!r} stands twice", field=f"rules[{index}].id")
        seen.add(rule.id)
        unknown = unknown_subjects(layout, rule)
        if unknown:
            raise InvalidError(
                f"rule {rule.id!r} names {unknown[0]!r}, which the layout does not have", field=f"rules[{index}]"
            )


async def _put_rule(connection: Connection, store_id: str, rule: AnyRule) -> dict[str, Any]:
    values = {
        "store_id": store_id,
        "rule_id": rule.id,
        "kind": rule.kind,
        "spec": Jsonb(rule.model_dump(mode="json")),
    }
    row = await (await connection.execute(_SQL["put_rule"], values)).fetchone()
    assert row is not None  # noqa: S101 -- the statement returns the row that it wrote
    return row


async def list_rules(connection: Connection, store_id: str) -> list[dict[str, Any]]:
    """Return a store's rules (rule_id, spec, version, updated_at). Raises NotFoundError."""
    await get_store(connection, store_id)
    return await (await connection.execute(_SQL["rules"], {"store_id": store_id})).fetchall()


async def put_rule(connection: Connection, store_id: str, rule: AnyRule) -> dict[str, Any]:
    """Add or change one rule. Raises NotFoundError or InvalidError."""
    async with connection.transaction():
        store = await get_store(connection, store_id)
        unknown = unknown_subjects(StoreLayout.model_validate(store["layout"]), rule)
        if unknown:
            raise InvalidError(f"the store has no {unknown[0]!r}, which the rule names")
        row = await _put_rule(connection, store_id, rule)
        await connection.execute(_SQL["notify_registry"], {"store_id": store_id})
    return row


async def list_devices(connection: Connection, store_id: str, now: datetime) -> list[dict[str, Any]]:
    """Return a store's devices, each with the newest health of its components. Raises NotFoundError."""
    await get_store(connection, store_id)
    devices = await (await connection.execute(_SQL["devices"], {"store_id": store_id})).fetchall()
    since = now - _HEALTH_HORIZON
    health = await (await connection.execute(_SQL["device_health"], {"store_id": store_id, "since": since})).fetchall()
    return [
        device
        | {
            "health": [
                {key: value for key, value in row.items() if key != "device_id"}
                for row in health
                if row["device_id"] == device["device_id"]
            ]
        }
        for device in devices
    ]
