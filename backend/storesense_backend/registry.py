"""Stores with their layouts, devices and rules, in the database."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb
from pydantic import ValidationError

from storesense_backend.database import Connection
from storesense_backend.default_rules import default_rules
from storesense_backend.drawing.records import lay_registered_drawing
from storesense_backend.errors import InvalidError, NotFoundError, UnavailableError
from storesense_backend.planogram.records import lay_registered
from storesense_backend.rule_records import check_rules, write_rules
from storesense_contracts.drawing import CameraView
from storesense_contracts.layout import StoreLayout
from storesense_contracts.rules import AnyRule
from storesense_contracts.sql import load_queries

_SQL = load_queries("storesense_backend", "sql/registry.sql")
_HEALTH_HORIZON = timedelta(days=7)


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


async def get_layout(connection: Connection, store_id: str) -> StoreLayout:
    """Return a store's layout. Raises NotFoundError, and UnavailableError as ``layout_of``."""
    return layout_of(await get_store(connection, store_id))


def layout_of(row: dict[str, Any]) -> StoreLayout:
    """Read the layout in a store's row.

    Raises:
        UnavailableError: it was written by a release that knows more than this one.
    """
    try:
        return StoreLayout.model_validate(row["layout"])
    except ValidationError as exc:
        raise UnavailableError(
            f"the layout of store {row['store_id']!r} cannot be read by this release; put it again",
            code="unreadable_layout",
        ) from exc


async def put_store(
    connection: Connection,
    layout: StoreLayout,
    *,
    devices: Sequence[tuple[str, str]],
    cameras: Sequence[CameraView] | None = None,
    rules: Sequence[AnyRule] | None,
    registered_by: str = "registration",
) -> dict[str, Any]:
    """Register a store, or bring its registration up to date, in one transaction.

    Slots keep the planogram, and the floor the drawing, that was entered since the last registration, unless the layout
    now says something new of them.

    Args:
        connection: to the database, outside of a transaction.
        layout: the store.
        devices: id and kind of each.
        cameras: what each camera sees; None leaves what is known of them.
        rules: all that shall hold; others are deleted. None leaves a known store's as they are, and gives a new one
            sensible ones.
        registered_by: who does it, for the planogram's history.

    Returns:
        The store's row, as ``get_store`` does.

    Raises:
        InvalidError: a rule names what the layout does not have, or an id stands twice.
    """
    device_ids = [device_id for device_id, _ in devices]
    if rules is not None:
        check_rules(layout, rules, device_ids)
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
        is_new = await (await connection.execute(_SQL["ensure_store"], values)).fetchone() is not None
        drawn = await lay_registered_drawing(connection, layout, cameras, entered_by=registered_by)
        shown, version = await lay_registered(connection, layout, drawn, entered_by=registered_by)
        values |= {"layout": Jsonb(shown.model_dump(mode="json")), "planogram_version": version}
        row = await (await connection.execute(_SQL["put_store"], values)).fetchone()
        await connection.execute(_SQL["put_devices"], named | {"kinds": [kind for _, kind in devices]})
        await connection.execute(_SQL["forget_other_devices"], named)
        if rules is None and is_new:
            rules = default_rules(layout)
        if rules is not None:
            await write_rules(connection, layout.id, rules, edited_by=registered_by, now=datetime.now(UTC))
        await connection.execute(_SQL["notify_registry"], {"store_id": layout.id})
    assert row is not None  # noqa: S101 -- the statement returns the row that it wrote
    return row


async def list_devices(connection: Connection, store_id: str, now: datetime) -> list[dict[str, Any]]:
    """Return a store's devices, each with what it measures and the newest health of its components.

    Raises:
        NotFoundError: there is no such store.
    """
    await get_store(connection, store_id)
    devices = await (await connection.execute(_SQL["devices"], {"store_id": store_id})).fetchall()
    since = now - _HEALTH_HORIZON
    health = await (await connection.execute(_SQL["device_health"], {"store_id": store_id, "since": since})).fetchall()
    commands: dict[str, list[str]] = {}
    for row in sorted(health, key=lambda row: row["measured_at"]):
        if (told := row.pop("commands")) is not None:
            commands[row["device_id"]] = told
    measures: dict[str, list[dict[str, Any]]] = {}
    for row in await (await connection.execute(_SQL["device_measures"], {"store_id": store_id})).fetchall():
        measures.setdefault(row.pop("device_id"), []).append(row)
    return [
        device
        | {
            "measures": measures.get(device["device_id"], []),
            "commands": commands.get(device["device_id"], []),
            "health": [
                {key: value for key, value in row.items() if key != "device_id"}
                for row in health
                if row["device_id"] == device["device_id"]
            ],
        }
        for device in devices
    ]
