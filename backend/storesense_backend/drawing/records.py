"""Drawings in the database: which version holds, who entered it, and taking an old one back."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg.types.json import Jsonb
from pydantic import ValidationError

from storesense_backend.database import Connection
from storesense_backend.errors import ConflictError, InvalidError, NotFoundError, UnavailableError
from storesense_backend.planogram.records import follow_slots
from storesense_backend.rule_records import list_rules
from storesense_contracts.drawing import CameraView, Drawing, drawing_of, drawing_problems, drawn_on
from storesense_contracts.drawn_slots import SlotPlace, products_taken_away, remembering
from storesense_contracts.layout import StoreLayout
from storesense_contracts.rule_checks import rule_problems
from storesense_contracts.rules import RULE
from storesense_contracts.sql import load_queries

_SQL = load_queries("storesense_backend", "sql/drawing.sql")

Origin = Literal["registration", "api"]


@dataclass(frozen=True, slots=True)
class DrawingVersion:
    """One version of a store's drawing.

    Attributes:
        version: counts up from 1 in each store.
        entered_at: when it was entered.
        entered_by: who did.
        source: how it came.
        note: what whoever entered it said of it.
        drawing: what is drawn.
    """

    version: int
    entered_at: datetime
    entered_by: str
    source: Origin
    note: str | None
    drawing: Drawing


async def current_drawing(connection: Connection, store_id: str) -> DrawingVersion:
    """Return what holds. Raises NotFoundError, UnavailableError."""
    row = await (await connection.execute(_SQL["in_force"], {"store_id": store_id})).fetchone()
    if row is None:
        raise NotFoundError(f"there is no store {store_id!r}", code="no_such_store")
    return _read(store_id, row)


async def drawing_version(connection: Connection, store_id: str, version: int) -> DrawingVersion:
    """Return one version. Raises NotFoundError, UnavailableError."""
    row = await (await connection.execute(_SQL["version"], {"store_id": store_id, "version": version})).fetchone()
    if row is None:
        raise NotFoundError(f"store {store_id!r} has no version {version} of its drawing", code="no_such_drawing")
    return _read(store_id, row)


async def list_versions(
    connection: Connection, store_id: str, *, before: int | None, limit: int
) -> list[dict[str, Any]]:
    """Return versions without what is drawn, the newest first."""
    values = {"store_id": store_id, "before": 2**31 - 1 if before is None else before, "limit": limit}
    return await (await connection.execute(_SQL["versions"], values)).fetchall()


async def device_drawings(connection: Connection, store_id: str) -> list[dict[str, Any]]:
    """Return which version each camera works by, and where its edge box shows its picture."""
    return await (await connection.execute(_SQL["devices"], {"store_id": store_id})).fetchall()


async def shelf_plans(connection: Connection, store_id: str) -> list[dict[str, Any]]:
    """Return which planogram each device that weighs slots works by, and what it cannot weigh."""
    return await (await connection.execute(_SQL["shelf_devices"], {"store_id": store_id})).fetchall()


async def add_drawing(
    connection: Connection,
    store_id: str,
    drawing: Drawing,
    *,
    based_on: int,
    note: str | None,
    entered_by: str,
    now: datetime,
) -> DrawingVersion:
    """Add a version, which holds at once. Nothing is added where it says what holds already.

    Slots that come with a product, and slots that go, make a new version of the planogram too.

    Args:
        connection: to the database, outside of a transaction.
        store_id: the store.
        drawing: what was drawn.
        based_on: the version that it was drawn over.
        note: a word on it.
        entered_by: who enters it.
        now: the present.

    Returns:
        The version that says so.

    Raises:
        NotFoundError: there is no such store.
        ConflictError: another version was entered meanwhile.
        InvalidError: something drawn cannot work; ``field`` says which.
    """
    async with connection.transaction():
        store = await _locked(connection, store_id)
        held = await current_drawing(connection, store_id)
        if held.drawing == drawing:
            return held
        if held.version != based_on:
            raise ConflictError(
                f"{held.entered_by} saved version {held.version} meanwhile, and this was drawn over {based_on}; "
                "look at that one, and draw again what is missing",
                code="drawing_changed",
            )
        layout = StoreLayout.model_validate(store["layout"])
        await _check(connection, layout, drawing, held.drawing)
        drawing = drawing.model_copy(update={"slots": remembering(layout.slots, drawing.slots)})
        added = await _add(connection, layout, drawing, entered_by=entered_by, source="api", note=note)
        await follow_slots(connection, drawn_on(layout, drawing), now=now, entered_by=entered_by)
        return added


async def take_back(
    connection: Connection, store_id: str, version: int, *, based_on: int, entered_by: str, now: datetime
) -> DrawingVersion:
    """Let an old version hold again, as a new one. Slots and cameras that the store has no more are left out.

    Slots that were drawn since are taken away, those that were taken away since are brought back.

    Raises:
        NotFoundError: there is no such store or version.
        ConflictError: another version was entered meanwhile.
        InvalidError: the old version cannot hold any more; ``field`` says why.
    """
    old = (await drawing_version(connection, store_id, version)).drawing
    row = await (await connection.execute(_SQL["lock_store"], {"store_id": store_id})).fetchone()
    slots = set() if row is None else {slot["id"] for slot in row["layout"].get("slots", [])}
    held = (await current_drawing(connection, store_id)).drawing
    cameras = await _cameras(connection, store_id)
    fitting = old.model_copy(
        update={
            "slots": _slots_again(old.slots, held.slots, slots),
            "cameras": [view for view in old.cameras if view.camera in cameras],
        }
    )
    note = f"version {version} taken back"
    return await add_drawing(
        connection, store_id, fitting, based_on=based_on, note=note, entered_by=entered_by, now=now
    )


def _slots_again(old: Sequence[SlotPlace], held: Sequence[SlotPlace], slots: Collection[str]) -> list[SlotPlace]:
    """The places of an old version, so that they can hold now."""
    now = {place.slot: place for place in held}
    again = []
    for place in old:
        gone = now.get(place.slot)
        if place.slot not in slots and not place.is_removed and gone is not None and gone.is_removed:
            # What it was stands where it was taken away.
            said = {name: getattr(gone, name) for name in ("name", "section", "holds") if getattr(place, name) is None}
            again.append(place.model_copy(update=said))
        elif place.slot in slots or place.is_removed or place.name is not None:
            again.append(place)
    named = {place.slot for place in old}
    drawn_since = [place for place in held if place.slot not in named and place.name is not None]
    return again + [place.model_copy(update={"is_removed": True}) for place in drawn_since]


async def lay_registered_drawing(
    connection: Connection, layout: StoreLayout, views: Sequence[CameraView] | None, *, entered_by: str
) -> StoreLayout:
    """Settle which drawing holds when a store is registered with a layout; inside the registration's transaction.

    A site file that says what it said at the last registration leaves later drawings alone, so that a restart undoes
    no change. One that says something new is a new version.

    Args:
        connection: to the database; the store's row is there and locked.
        layout: as the site file has it.
        views: what its cameras see; None where nobody says, which keeps what is known.
        entered_by: who registers.

    Returns:
        The layout as it holds.
    """
    row = await (await connection.execute(_SQL["last_registered"], {"store_id": layout.id})).fetchone()
    before = None if row is None else _read_drawing(layout.id, row["version"], row["drawing"])
    if views is None:
        views = [] if before is None else before.cameras
    drawing = drawing_of(layout, views)
    if before != drawing:
        added = await _insert(connection, layout.id, drawing, entered_by=entered_by, source="registration", note=None)
        await connection.execute(_SQL["set_version"], {"store_id": layout.id, "version": added.version})
        return layout
    return drawn_on(layout, (await current_drawing(connection, layout.id)).drawing)


async def show_key(connection: Connection, public_key: str) -> None:
    """Keep a backend's public key among those that edge boxes believe, for a day from now."""
    await connection.execute(_SQL["show_key"], {"public_key": public_key})
    await connection.execute(_SQL["forget_keys"])


async def _check(connection: Connection, layout: StoreLayout, drawing: Drawing, held: Drawing) -> None:
    cameras, shelves = await _cameras(connection, layout.id), await _shelves(connection, layout.id)
    # What was so before hinders nobody: a simulated camera, say, needs no match with the floor plan.
    known = Counter(problem.message for problem in drawing_problems(layout, held, cameras, shelves))
    # A product whose only slot was taken away comes back with it.
    known.update(problem.message for problem in products_taken_away(layout, held.slots))
    problems = []
    for problem in drawing_problems(layout, drawing, cameras, shelves):
        known[problem.message] -= 1
        if known[problem.message] < 0:
            problems.append(problem)
    if problems:
        field = ".".join(map(str, problems[0].at))
        more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
        raise InvalidError(f"{field}: {problems[0].message}{more}", code="bad_drawing", field=field[:300])
    drawn = drawn_on(layout, drawing)
    rules = [RULE.validate_python(row["spec"]) for row in await list_rules(connection, layout.id)]
    for rule in rules:
        others = [other for other in rules if other.id != rule.id]
        if rule_problems(layout, rule, others=others):
            continue
        for lost in rule_problems(drawn, rule, others=others):
            raise InvalidError(
                f"the rule {rule.id!r} needs what was taken away: {lost.message}; change the rule first",
                code="bad_drawing",
                field="rules",
            )


async def _cameras(connection: Connection, store_id: str) -> list[str]:
    rows = await (await connection.execute(_SQL["cameras"], {"store_id": store_id})).fetchall()
    return [row["device_id"] for row in rows]


async def _shelves(connection: Connection, store_id: str) -> list[str]:
    rows = await (await connection.execute(_SQL["shelves"], {"store_id": store_id})).fetchall()
    return [row["device_id"] for row in rows]


async def _add(
    connection: Connection, layout: StoreLayout, drawing: Drawing, *, entered_by: str, source: Origin, note: str | None
) -> DrawingVersion:
    added = await _insert(connection, layout.id, drawing, entered_by=entered_by, source=source, note=note)
    shown = Jsonb(drawn_on(layout, drawing).model_dump(mode="json"))
    await connection.execute(_SQL["show"], {"store_id": layout.id, "version": added.version, "layout": shown})
    await connection.execute(_SQL["notify"], {"store_id": layout.id})
    return added


async def _insert(
    connection: Connection, store_id: str, drawing: Drawing, *, entered_by: str, source: Origin, note: str | None
) -> DrawingVersion:
    values = {"store_id": store_id, "entered_by": entered_by, "source": source, "note": note}
    drawn = Jsonb(drawing.model_dump(mode="json"))
    row = await (await connection.execute(_SQL["add_version"], values | {"drawing": drawn})).fetchone()
    assert row is not None  # noqa: S101 -- the statement returns the row that it wrote
    return _read(store_id, row)


async def _locked(connection: Connection, store_id: str) -> dict[str, Any]:
    row = await (await connection.execute(_SQL["lock_store"], {"store_id": store_id})).fetchone()
    if row is None:
        raise NotFoundError(f"there is no store {store_id!r}", code="no_such_store")
    return row


def _read(store_id: str, row: dict[str, Any]) -> DrawingVersion:
    return DrawingVersion(**row | {"drawing": _read_drawing(store_id, row["version"], row["drawing"])})


def _read_drawing(store_id: str, version: int, drawing: Any) -> Drawing:
    try:
        return Drawing.model_validate(drawing)
    except ValidationError as exc:
        raise UnavailableError(
            f"version {version} of the drawing of store {store_id!r} cannot be read by this release; register it again",
            code="unreadable_drawing",
        ) from exc
