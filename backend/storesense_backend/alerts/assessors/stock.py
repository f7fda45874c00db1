"""Slots that will run empty, and refills that are overdue."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from storesense_backend.alerts.assessors.protocol import Measures, StoreView
from storesense_backend.alerts.values import Json, Measure
from storesense_backend.database import Connection
from storesense_backend.depletion.records import Depletion
from storesense_backend.depletion.shelves import further_slots
from storesense_contracts.sql import load_queries

_SQL = load_queries("storesense_backend", "sql/assessors.sql")
_BEYOND_H = 336.0


class SoonEmpty:
    """In how many opening hours each slot runs empty, by what is learnt of its demand."""

    name = "soon empty"
    kinds = frozenset({"predicted_empty"})
    every_s = 60.0
    is_replayable = False

    def __init__(self) -> None:
        self._depletion = Depletion()

    async def observe(self, connection: Connection, stores: Sequence[StoreView], now: datetime) -> Measures:
        """Tell the median of each slot whose demand is known and whose units are."""
        found: Measures = {}
        for store in stores:
            answer = await self._depletion.of(connection, store.layout, store.layout_version, now)
            for slot in _products(answer["slots"]):
                if not slot["is_demand_known"] or slot["units"] is None:
                    continue
                median_h = (slot["to_empty_h"] or {}).get("p50")
                facts: Json = {"units": slot["units"], "units_needed": slot["capacity_units"] - slot["units"]}
                measure = Measure(
                    measured_at=now, received_at=now, value=_BEYOND_H if median_h is None else median_h, facts=facts
                )
                found[store.store_id, "depletion", slot["slot_id"]] = [measure]
        return found


def _products(slots: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each slot's own product, and the further ones of its plate by the names of their own."""
    for slot in slots:
        yield slot
        for further in slot["also"]:
            yield further | {"slot_id": f"{slot['slot_id']}/{further['sku']}"}


class Overdue:
    """For how long an alert of low or no stock has stood at each slot, in seconds; 0 where none does."""

    name = "overdue"
    kinds = frozenset({"restock_overdue"})
    every_s = 30.0
    is_replayable = False

    async def observe(self, connection: Connection, stores: Sequence[StoreView], now: datetime) -> Measures:
        """Tell what is the case."""
        values = {"store_ids": [store.store_id for store in stores], "now": now}
        rows = await (await connection.execute(_SQL["overdue"], values)).fetchall()
        standing = {(row["store_id"], row["subject_id"]): row for row in rows}
        found: Measures = {}
        for store in stores:
            for slot in [each for plate in store.layout.slots for each in (plate, *further_slots(plate))]:
                row = standing.get((store.store_id, slot.id))
                facts: Json = {}
                if row is not None:
                    facts = {name: row["details"].get(name) for name in ("units", "units_needed")}
                seconds = 0.0 if row is None else (now - row["cause_at"]).total_seconds()
                measure = Measure(measured_at=now, received_at=now, value=seconds, facts=facts)
                found[store.store_id, "overdue", slot.id] = [measure]
        return found
