"""Counts of slots by hand: entered, told to the shelf, and what they say of how well the shelf counts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from storesense_backend.database import Connection
from storesense_backend.errors import InvalidError, NotFoundError, TooManyAttemptsError
from storesense_backend.ranges import TimeSpan
from storesense_backend.shares import share_bounds
from storesense_contracts.layout import Slot, StoreLayout
from storesense_contracts.sql import load_queries

_SQL = load_queries("storesense_backend", "sql/shelf_counts.sql")

_WITHIN = timedelta(minutes=10)
_MOST_WITHIN = 20
_ANSWERS_WITHIN = timedelta(hours=1)
_MOST_JUDGED = 20_000


@dataclass(frozen=True, slots=True)
class CountAccuracy:
    """How well shelves counted, by what people found there. A count of several products is one of each.

    Attributes:
        counts: products counted, and taken up by their shelves.
        exact: those of which the shelf had believed the same number.
        exact_share: of all; None where nothing was counted.
        exact_low: lower bound of that share, 95 % (Wilson).
        exact_high: upper bound.
        mean_error_units: believed less counted, on average.
        mean_abs_error_units: the same without signs.
        refused: counts that a shelf did not believe, because its weight said something else.
    """

    counts: int
    exact: int
    exact_share: float | None
    exact_low: float | None
    exact_high: float | None
    mean_error_units: float | None
    mean_abs_error_units: float | None
    refused: int


async def add_count(
    connection: Connection,
    layout: StoreLayout,
    slot_id: str,
    units_of: Mapping[str, int],
    *,
    counted_by: str,
    now: datetime,
) -> dict[str, Any]:
    """Keep what somebody counted in a slot, and have its shelf told.

    Args:
        connection: to the database.
        layout: of the store, as its planogram is now.
        slot_id: the slot.
        units_of: units of each of its products, by sku.
        counted_by: who counted.
        now: the present.

    Returns:
        The count as it is listed.

    Raises:
        NotFoundError: the store has no such slot.
        InvalidError: not one number for each of the slot's products.
        TooManyAttemptsError: the slot was counted over and over.
    """
    slot = next((each for each in layout.slots if each.id == slot_id), None)
    if slot is None:
        raise NotFoundError(f"the store has no slot {slot_id!r}", code="no_such_slot")
    products = _in_order(slot, units_of)
    values = {"store_id": layout.id, "slot_id": slot_id, "since": now - _WITHIN}
    async with connection.transaction():
        recent = await (await connection.execute(_SQL["recent"], values)).fetchone()
        if recent is not None and recent["counts"] >= _MOST_WITHIN:
            raise TooManyAttemptsError(f"{slot_id} was counted {recent['counts']} times in ten minutes; wait")
        values |= {"counted_at": now, "counted_by": counted_by, "products": Jsonb(products)}
        row = await (await connection.execute(_SQL["add"], values)).fetchone()
        await connection.execute(_SQL["announce"], values)
    assert row is not None  # noqa: S101 -- the statement returns the row that it wrote
    return _told(row | {"told_at": None, "counted": None}, now)


async def counts_with_accuracy(
    connection: Connection, store_id: str, span: TimeSpan, *, now: datetime, slot_id: str | None, limit: int
) -> tuple[list[dict[str, Any]], CountAccuracy]:
    """Return the newest counts of a span, each with what became of it, and what all of them say of the shelves.

    All of them are the newest 20,000.
    """
    values = {
        "store_id": store_id,
        "slot_id": slot_id,
        "from_at": span.from_at,
        "to_at": span.to_at,
        "limit": _MOST_JUDGED,
    }
    rows = await (await connection.execute(_SQL["list"], values)).fetchall()
    found = [_told(row, now) for row in rows]
    return found[:limit], accuracy_of(found)


def accuracy_of(counts: Iterable[Mapping[str, Any]]) -> CountAccuracy:
    """Say how well shelves counted, by counts as they are listed."""
    errors: list[int] = []
    refused = 0
    for each in counts:
        refused += each["state"] == "refused"
        if each["state"] == "taken":
            errors += [
                product["believed_units"] - product["units"]
                for product in each["products"]
                if product["believed_units"] is not None
            ]
    exact = sum(error == 0 for error in errors)
    number = len(errors)
    low, high = share_bounds(exact, number) if number else (None, None)
    return CountAccuracy(
        counts=number,
        exact=exact,
        exact_share=exact / number if number else None,
        exact_low=low,
        exact_high=high,
        mean_error_units=sum(errors) / number if number else None,
        mean_abs_error_units=sum(map(abs, errors)) / number if number else None,
        refused=refused,
    )


def _in_order(slot: Slot, units_of: Mapping[str, int]) -> list[dict[str, Any]]:
    skus = [slot.product.sku, *(each.sku for each in slot.also)]
    unknown = sorted(units_of.keys() - set(skus))
    if unknown:
        raise InvalidError(
            f"{unknown[0]} does not lie in slot {slot.id!r}; expected {', '.join(skus)}", field="products"
        )
    missing = [sku for sku in skus if sku not in units_of]
    if missing:
        raise InvalidError(f"say also how many of {missing[0]} there are; 0 where there are none", field="products")
    return [{"sku": sku, "units": units_of[sku]} for sku in skus]


def _told(row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    answer: Mapping[str, Any] | None = row["counted"]
    believed: dict[str, Mapping[str, Any]] = {}
    if answer is not None:
        believed = {each["sku"]: each for each in answer.get("products", ())}
        state = "taken" if answer["is_taken"] else "refused"
    else:
        state = "waiting" if now - row["counted_at"] < _ANSWERS_WITHIN else "unanswered"
    products: Sequence[Mapping[str, Any]] = row["products"]
    return {
        "count_no": row["count_no"],
        "slot_id": row["slot_id"],
        "counted_at": row["counted_at"],
        "counted_by": row["counted_by"],
        "state": state,
        "reason": None if answer is None else answer.get("reason"),
        "told_at": row["told_at"],
        "products": [
            {
                "sku": each["sku"],
                "units": each["units"],
                "believed_units": believed[each["sku"]]["believed_units"] if each["sku"] in believed else None,
                "confidence": believed[each["sku"]]["confidence"] if each["sku"] in believed else None,
            }
            for each in products
        ],
    }
