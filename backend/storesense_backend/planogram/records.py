"""Planograms in the database: what holds when, who entered it, and taking up a version whose time has come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg.types.json import Jsonb

from storesense_backend.database import Connection
from storesense_backend.errors import NotFoundError
from storesense_backend.planogram.entry import PlanogramEntry, SharedEntry, entries_of, laid_on
from storesense_contracts.layout import StoreLayout
from storesense_contracts.sql import load_queries

_SQL = load_queries("storesense_backend", "sql/planogram.sql")

Origin = Literal["registration", "import", "api"]


@dataclass(frozen=True, slots=True)
class Planogram:
    """One version of a store's planogram.

    Attributes:
        version: counts up from 1 in each store.
        valid_from: from when on it holds, until a later one does.
        entered_at: when it was entered.
        entered_by: who did.
        source: how it came.
        entries: what shall stand in each slot, in the order of the slots' ids.
    """

    version: int
    valid_from: datetime
    entered_at: datetime
    entered_by: str
    source: Origin
    entries: tuple[PlanogramEntry, ...]


async def planogram_at(connection: Connection, store_id: str, at: datetime) -> Planogram:
    """Return what holds at an instant. Raises NotFoundError."""
    row = await (await connection.execute(_SQL["in_force"], {"store_id": store_id, "at": at})).fetchone()
    if row is None:
        raise _no_such_store(store_id)
    return await _whole(connection, store_id, row)


async def planogram_version(connection: Connection, store_id: str, version: int) -> Planogram:
    """Return one version. Raises NotFoundError."""
    row = await (await connection.execute(_SQL["version"], {"store_id": store_id, "version": version})).fetchone()
    if row is None:
        raise NotFoundError(f"store {store_id!r} has no planogram version {version}", code="no_such_planogram")
    return await _whole(connection, store_id, row)


async def list_versions(
    connection: Connection, store_id: str, *, before: int | None, limit: int
) -> list[dict[str, Any]]:
    """Return versions without their entries, the newest first: who entered what, when, and from when on it holds."""
    values = {"store_id": store_id, "before": 2**31 - 1 if before is None else before, "limit": limit}
    return await (await connection.execute(_SQL["versions"], values)).fetchall()


async def slot_history(connection: Connection, store_id: str, slot_id: str, *, limit: int) -> list[dict[str, Any]]:
    """Return a slot's products (sku, product_name, valid_from, valid_to), the newest first."""
    values = {"store_id": store_id, "slot_id": slot_id, "limit": limit}
    return await (await connection.execute(_SQL["slot_history"], values)).fetchall()


async def device_versions(connection: Connection, store_id: str) -> list[dict[str, Any]]:
    """Return which version each device works by (device_id, version, told_at, state, reason, is_in_force)."""
    return await (await connection.execute(_SQL["devices"], {"store_id": store_id})).fetchall()


async def add_planogram(
    connection: Connection,
    store_id: str,
    entries: Sequence[PlanogramEntry],
    *,
    valid_from: datetime | None,
    now: datetime,
    entered_by: str,
    source: Origin,
) -> Planogram:
    """Add a version, and take it up if it is what holds now. Nothing is added where the same holds then already.

    Args:
        connection: to the database, outside of a transaction.
        store_id: the store.
        entries: checked against the store's slots.
        valid_from: from when on it holds, also in the past; now if None.
        now: the present.
        entered_by: who enters it.
        source: how it came.

    Returns:
        The version that says so.

    Raises:
        NotFoundError: there is no such store.
    """
    async with connection.transaction():
        await _locked(connection, store_id)
        wanted_at = now if valid_from is None else valid_from
        held = await planogram_at(connection, store_id, wanted_at)
        if held.entries == tuple(entries):
            return held
        added = await _add(connection, store_id, entries, wanted_at, entered_by, source)
        await _take_up(connection, store_id, now)
    return added


async def follow_slots(connection: Connection, layout: StoreLayout, *, now: datetime, entered_by: str) -> None:
    """Enter slots that are new in a layout into the planogram from now on, and leave out those that are in it no more.

    Inside the transaction that changed the layout; the store's row is locked. What is planned for later is left alone.
    """
    held = await planogram_at(connection, layout.id, now)
    kept = {entry.slot_id: entry for entry in held.entries}
    wanted = tuple(kept.get(entry.slot_id, entry) for entry in entries_of(layout))
    if wanted != held.entries:
        await _add(connection, layout.id, wanted, now, entered_by, "api")
        await _take_up(connection, layout.id, now)


async def lay_registered(
    connection: Connection, layout: StoreLayout, drawn: StoreLayout, *, entered_by: str
) -> tuple[StoreLayout, int]:
    """Settle which planogram holds when a store is registered with a layout; inside the registration's transaction.

    A site file that says of its slots what it said at the last registration leaves later planograms alone, so that a
    restart undoes no change. One that says something new is a new version.

    Args:
        connection: to the database; the store's row is there.
        layout: as the site file has it.
        drawn: the same with what is drawn of it, which may have other slots.
        entered_by: who registers.

    Returns:
        The layout as it holds, and the planogram's version.
    """
    store_id = layout.id
    store = await _locked(connection, store_id)
    last = await (await connection.execute(_SQL["last_registered"], {"store_id": store_id})).fetchone()
    # Slots that were drawn or taken away since are no news of the site file.
    ours = {slot.id for slot in layout.slots} ^ {slot.id for slot in drawn.slots}
    said = tuple(entry for entry in entries_of(layout) if entry.slot_id not in ours)
    before = () if last is None else await _entries(connection, store_id, last["version"])
    if last is None or tuple(entry for entry in before if entry.slot_id not in ours) != said:
        return drawn, (await _add(connection, store_id, entries_of(drawn), None, entered_by, "registration")).version
    version: int = store["planogram_version"] or last["version"]
    return laid_on(drawn, await _entries(connection, store_id, version)), version


async def take_up_due(connection: Connection, now: datetime) -> list[str]:
    """Bring the layouts of those stores up to date whose next planogram's time has come; return their ids."""
    due = await (await connection.execute(_SQL["due"], {"now": now})).fetchall()
    for row in due:
        async with connection.transaction():
            await _locked(connection, row["store_id"])
            await _take_up(connection, row["store_id"], now)
    return [row["store_id"] for row in due]


async def _take_up(connection: Connection, store_id: str, now: datetime) -> None:
    store = await _locked(connection, store_id)
    held = await planogram_at(connection, store_id, now)
    if held.version == store["planogram_version"]:
        return
    layout = laid_on(StoreLayout.model_validate(store["layout"]), held.entries)
    await _show(connection, layout, held.version)
    await connection.execute("SELECT pg_notify('storesense_registry', %(store_id)s)", {"store_id": store_id})


async def _show(connection: Connection, layout: StoreLayout, version: int) -> None:
    values = {"store_id": layout.id, "version": version, "layout": Jsonb(layout.model_dump(mode="json"))}
    await connection.execute(_SQL["show"], values)


async def _locked(connection: Connection, store_id: str) -> dict[str, Any]:
    row = await (await connection.execute(_SQL["lock_store"], {"store_id": store_id})).fetchone()
    if row is None:
        raise _no_such_store(store_id)
    return row


async def _add(
    connection: Connection,
    store_id: str,
    entries: Sequence[PlanogramEntry],
    valid_from: datetime | None,
    entered_by: str,
    source: Origin,
) -> Planogram:
    values = {"store_id": store_id, "valid_from": valid_from, "entered_by": entered_by, "source": source}
    row = await (await connection.execute(_SQL["add_version"], values)).fetchone()
    assert row is not None  # noqa: S101 -- the statement returns the row that it wrote
    columns = {
        "slot_ids": [entry.slot_id for entry in entries],
        "skus": [entry.sku for entry in entries],
        "product_names": [entry.product_name for entry in entries],
        "facings": [entry.facings for entry in entries],
        "capacities_units": [entry.capacity_units for entry in entries],
        "unit_weights_g": [entry.unit_weight_g for entry in entries],
        "tolerances_g": [entry.unit_weight_tolerance_g for entry in entries],
        "minimums_units": [entry.minimum_units for entry in entries],
        "reorder_points_units": [entry.reorder_point_units for entry in entries],
    }
    await connection.execute(_SQL["add_slots"], {"store_id": store_id, "version": row["version"]} | columns)
    shared = [(entry.slot_id, place, each) for entry in entries for place, each in enumerate(entry.also, start=1)]
    columns = {
        "slot_ids": [slot_id for slot_id, _, _ in shared],
        "places": [place for _, place, _ in shared],
        "skus": [each.sku for *_, each in shared],
        "product_names": [each.product_name for *_, each in shared],
        "capacities_units": [each.capacity_units for *_, each in shared],
        "unit_weights_g": [each.unit_weight_g for *_, each in shared],
        "tolerances_g": [each.unit_weight_tolerance_g for *_, each in shared],
        "minimums_units": [each.minimum_units for *_, each in shared],
        "reorder_points_units": [each.reorder_point_units for *_, each in shared],
    }
    if shared:
        await connection.execute(_SQL["add_shared"], {"store_id": store_id, "version": row["version"]} | columns)
    return Planogram(**row, entries=tuple(entries))


async def _whole(connection: Connection, store_id: str, row: dict[str, Any]) -> Planogram:
    return Planogram(**row, entries=await _entries(connection, store_id, row["version"]))


async def _entries(connection: Connection, store_id: str, version: int) -> tuple[PlanogramEntry, ...]:
    values = {"store_id": store_id, "version": version}
    rows = await (await connection.execute(_SQL["slots"], values)).fetchall()
    also: dict[str, list[SharedEntry]] = {}
    for row in await (await connection.execute(_SQL["shared"], values)).fetchall():
        also.setdefault(row.pop("slot_id"), []).append(SharedEntry(**row))
    entries = (PlanogramEntry(**row, also=tuple(also.get(row["slot_id"], ()))) for row in rows)
    return tuple(sorted(entries, key=lambda entry: entry.slot_id))


def _no_such_store(store_id: str) -> NotFoundError:
    return NotFoundError(f"there is no store {store_id!r}", code="no_such_store")
