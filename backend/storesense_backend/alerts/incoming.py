"""Readings from the database as observations: of new batches, the newest of each series, and of the past."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from storesense_backend.alerts.values import (
    ClimateObservation,
    HealthObservation,
    HeldProduct,
    Observation,
    QueueObservation,
    RemovalObservation,
    StockObservation,
    SubjectKey,
    ZoneObservation,
)
from storesense_backend.database import Connection
from storesense_contracts.sql import load_queries

_SQL = load_queries("storesense_backend", "sql/incoming.sql")

Observations = dict[SubjectKey, list[Observation]]
_PRODUCTS = msgspec.json.Decoder(tuple[HeldProduct, ...])
LOSS_SPAN = timedelta(minutes=5)
"""A device whose last declared loss is older than this is back under its limit."""

_MAKE: dict[str, Callable[..., Observation]] = {
    "queue": QueueObservation,
    "slot": StockObservation,
    "removal": RemovalObservation,
    "zone": ZoneObservation,
    "sensor": ClimateObservation,
    "device": HealthObservation,
}
"""How rows of each family become observations."""
FAMILIES = tuple(_MAKE)


def add_rows(family: str, rows: Iterable[dict[str, Any]], into: Observations) -> int:
    """Make observations of rows as the queries give them; return the count."""
    make, count = _MAKE[family], 0
    for row in rows:
        subject = (row.pop("store_id"), family, row.pop("subject_id"))
        if family == "device":
            row["affected"] = tuple((row["affected"] or "").split())
        elif family == "slot":
            products = row["products"]
            row["products"] = () if products is None else _PRODUCTS.decode(products)
        seen = make(**row)
        found = into.get(subject)
        if found is None:
            into[subject] = [seen]
        else:
            found.append(seen)
        count += 1
    return count


async def new_observations(
    connection: Connection,
    *,
    after: int,
    upto: int,
    since: datetime,
    store_ids: Sequence[str],
    families: Iterable[str],
    into: Observations,
) -> int:
    """Read what the batches above ``after`` up to ``upto`` brought, if measured after ``since``; return the count."""
    values = {"after": after, "upto": upto, "since": since, "store_ids": list(store_ids), "lately": LOSS_SPAN}
    wanted, count = set(families), 0
    for family in FAMILIES:
        if family in wanted:
            rows = await (await connection.execute(_SQL[f"new_{family}"], values)).fetchall()
            count += add_rows(family, rows, into)
    return count


async def newest_observations(
    connection: Connection, *, since: datetime, store_ids: Sequence[str], into: Observations
) -> int:
    """Read the newest observation of each series that is younger than ``since``; return the count."""
    values = {"since": since, "store_ids": list(store_ids), "lately": LOSS_SPAN}
    count = 0
    for family in ("queue", "slot", "zone", "sensor", "device"):
        rows = await (await connection.execute(_SQL[f"newest_{family}"], values)).fetchall()
        count += add_rows(family, rows, into)
    return count


async def past_observations(
    connection: Connection,
    *,
    from_at: datetime,
    to_at: datetime,
    store_id: str,
    families: Iterable[str],
    into: Observations,
) -> int:
    """Read what was measured from ``from_at`` to before ``to_at``; return the count."""
    values = {"from_at": from_at, "to_at": to_at, "store_ids": [store_id], "lately": LOSS_SPAN}
    wanted, count = set(families), 0
    for family in FAMILIES:
        if family in wanted:
            rows = await (await connection.execute(_SQL[f"past_{family}"], values)).fetchall()
            count += add_rows(family, rows, into)
    return count


async def known_subjects(connection: Connection, store_ids: Sequence[str]) -> list[SubjectKey]:
    """Return the queues, zones, slots and sensors that some device ever measured."""
    rows = await (await connection.execute(_SQL["known_subjects"], {"store_ids": list(store_ids)})).fetchall()
    return [(row["store_id"], row["family"], row["subject_id"]) for row in rows]


def horizon(now: datetime, late_s: float, stale_s: float) -> datetime:
    """Return the instant before which nothing measured can matter to a decision any more."""
    return now - timedelta(seconds=late_s + stale_s + 600.0)
