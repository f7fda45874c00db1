"""Depletion from the database: demand is learnt once an hour or sooner and kept, an answer for some seconds."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from storesense_backend.database import Connection
from storesense_backend.depletion.forecast import Demand
from storesense_backend.depletion.lost_sales import LostSales
from storesense_backend.depletion.shelves import (
    HISTORY_H,
    Footfall,
    SlotOutlook,
    Spell,
    Standing,
    Taken,
    cost_of,
    fit_shelves,
    further_id,
    further_slots,
    outlooks,
    wall_hours,
    zone_of,
)
from storesense_backend.learning_pace import holds_until
from storesense_backend.local_days import local_day
from storesense_backend.recent_stores import RecentStores
from storesense_contracts.layout import Slot, StoreLayout
from storesense_contracts.sql import load_queries

_SQL = load_queries("storesense_backend", "sql/depletion.sql")

_FRESH = timedelta(seconds=15)
_UNITS_FOR = timedelta(hours=1)
_LEARN_TIMEOUT_S = 60


@dataclass(slots=True)
class _Known:
    """What is kept of one store."""

    layout_version: int
    hour_no: int
    learnt_at: datetime
    days: int
    demand: dict[str, Demand]
    people: dict[str, dict[int, int]]
    answer: dict[str, Any] = field(default_factory=dict)
    answered_at: datetime | None = None


class Depletion:
    """Answers for stores, with what was learnt of the most recently asked 200."""

    def __init__(self) -> None:
        self._stores: RecentStores[_Known] = RecentStores()

    async def of(
        self, connection: Connection, layout: StoreLayout, layout_version: int, now: datetime
    ) -> dict[str, Any]:
        """Tell of every slot when it reaches its reorder point and runs empty, and what standing empty cost.

        Args:
            connection: to the database.
            layout: of the store.
            layout_version: goes up when products change.
            now: the present.
        """
        async with self._stores.lock(layout.id):
            known = self._stores.get(layout.id)
            if known is not None and known.layout_version == layout_version and _is_fresh(known, now):
                return known.answer
            known = await self._learned(connection, layout, layout_version, now)
            wall_h = wall_hours(now.astimezone(layout.zone_info))
            known.answer = await self._answer(connection, layout, known, now, wall_h)
            known.answered_at = now
        return known.answer

    async def lost_units(
        self,
        connection: Connection,
        layout: StoreLayout,
        layout_version: int,
        now: datetime,
        *,
        from_at: datetime,
        to_at: datetime,
    ) -> float | None:
        """Tell how many units were not sold because slots stood empty, in the quarters that begin in a span.

        Args:
            connection: to the database.
            layout: of the store.
            layout_version: goes up when products change.
            now: the present.
            from_at: the span's beginning.
            to_at: its end, excluded.

        Returns:
            Units; None where a slot stood empty and no slot's demand is known.
        """
        spells = await _spells(connection, layout, from_at, to_at)
        if not spells:
            return 0.0
        async with self._stores.lock(layout.id):
            known = await self._learned(connection, layout, layout_version, now)
        wall_h = wall_hours(now.astimezone(layout.zone_info))
        slots = {slot.id: slot for slot in layout.slots}
        costs = [
            cost_of(
                known.demand[slot_id], [spell for _, spell in empty], _footfall(known, slots[slot_id], layout, wall_h)
            )
            for slot_id, empty in spells.items()
            if slot_id in slots and slot_id in known.demand
        ]
        return sum(cost.units for cost in costs) if costs else None

    async def _learned(self, connection: Connection, layout: StoreLayout, layout_version: int, now: datetime) -> _Known:
        """What is known of a store, learnt anew with each hour or sooner; the caller holds the store's lock."""
        known = self._stores.get(layout.id)
        hour_no = int(wall_hours(now.astimezone(layout.zone_info)))
        if (
            known is None
            or (known.layout_version, known.hour_no) != (layout_version, hour_no)
            or not known.learnt_at <= now < holds_until(known.learnt_at, known.days)
        ):
            known = await self._learn(connection, layout, layout_version, now, hour_no)
        self._stores.put(layout.id, known)
        return known

    async def _learn(
        self, connection: Connection, layout: StoreLayout, layout_version: int, now: datetime, hour_no: int
    ) -> _Known:
        values: dict[str, Any] = {
            "store_id": layout.id,
            "time_zone": layout.time_zone,
            "since": now - timedelta(hours=HISTORY_H),
            "until": now,
            "zone_ids": sorted({zone for slot in layout.slots if (zone := zone_of(slot, layout.customer_zones))}),
            "shared_slot_ids": [slot.id for slot in layout.slots if slot.also],
        }
        async with connection.transaction():
            await connection.execute(f"SET LOCAL statement_timeout = '{_LEARN_TIMEOUT_S}s'")
            picks = await (await connection.execute(_SQL["taken"], values)).fetchall()
            stocked = await (await connection.execute(_SQL["stocked"], values)).fetchall()
            passers = await (await connection.execute(_SQL["passers"], values)).fetchall()
        units = {row["slot_id"]: dict(zip(row["hour_nos"], row["units"], strict=True)) for row in picks}
        hours = {row["slot_id"]: frozenset(row["hour_nos"]) for row in stocked}
        # Of a plate's further products it is not known apart when they ran out.
        for slot in layout.slots:
            for product in slot.also if slot.id in hours else ():
                hours[further_id(slot, product)] = hours[slot.id]
        taken = {slot_id: Taken(units.get(slot_id, {}), stocked_in) for slot_id, stocked_in in hours.items()}
        people: dict[str, dict[int, int]] = {}
        for row in passers:
            people.setdefault(row["zone_id"], {})[row["hour_no"]] = row["people"]
        demand = await asyncio.to_thread(fit_shelves, taken, hour_no)
        days = max(((hour_no - min(seen)) // 24 for seen in hours.values() if seen), default=0)
        return _Known(layout_version, hour_no, now, days, demand, people)

    async def _answer(
        self, connection: Connection, layout: StoreLayout, known: _Known, now: datetime, wall_h: float
    ) -> dict[str, Any]:
        midnight = local_day(now, layout.zone_info).starts_at
        week_ago = now - timedelta(days=7)
        spells = await _spells(connection, layout, min(week_ago, midnight), None)
        values = {"store_id": layout.id, "since": now - _UNITS_FOR, "now": now}
        newest = {
            row["slot_id"]: row for row in await (await connection.execute(_SQL["newest_units"], values)).fetchall()
        }
        slots = await asyncio.to_thread(_slots, layout, known, newest, spells, midnight, wall_h)
        return {"store_id": layout.id, "at": now, "horizon_h": 336, "slots": slots}


async def _spells(
    connection: Connection, layout: StoreLayout, since: datetime, until: datetime | None
) -> dict[str, list[tuple[datetime, Spell]]]:
    values = {"store_id": layout.id, "since": since, "until": until}
    spells: dict[str, list[tuple[datetime, Spell]]] = {}
    for row in await (await connection.execute(_SQL["empty_spells"], values)).fetchall():
        at = row["bucket_at"]
        spell = Spell(wall_hours(at.astimezone(layout.zone_info)), row["empty_min"])
        spells.setdefault(row["slot_id"], []).append((at, spell))
    return spells


def _footfall(known: _Known, slot: Slot, layout: StoreLayout, wall_h: float) -> Footfall | None:
    people = known.people.get(zone_of(slot, layout.customer_zones) or "")
    return None if people is None else Footfall(people, wall_h)


def _is_fresh(known: _Known, now: datetime) -> bool:
    return known.answered_at is not None and timedelta(0) <= now - known.answered_at < _FRESH


def _slots(
    layout: StoreLayout,
    known: _Known,
    newest: Mapping[str, Mapping[str, Any]],
    spells: Mapping[str, list[tuple[datetime, Spell]]],
    midnight: datetime,
    wall_h: float,
) -> list[dict[str, Any]]:
    footfalls = {zone_id: Footfall(people, wall_h) for zone_id, people in known.people.items()}
    zone_ids = {slot.id: zone_of(slot, layout.customer_zones) for slot in layout.slots}
    ratios = {zone_id: footfall.traffic_ratio for zone_id, footfall in footfalls.items()}
    standings = [
        Standing(
            slot,
            known.demand.get(slot.id),
            newest[slot.id]["units"] if slot.id in newest else None,
            ratios.get(zone_ids[slot.id] or "", 1.0),
        )
        for slot in layout.slots
    ]
    further = [
        Standing(
            each,
            known.demand.get(each.id),
            _units_of(newest.get(slot.id), each.product.sku),
            ratios.get(zone_ids[slot.id] or "", 1.0),
        )
        for slot in layout.slots
        for each in further_slots(slot)
    ]
    found = outlooks([*standings, *further], wall_h=wall_h)
    also: dict[str, list[dict[str, Any]]] = {}
    for standing, times in zip(further, found[len(standings) :], strict=True):
        also.setdefault(standing.slot.id.partition("/")[0], []).append(
            _outlook(standing, times) | {"confidence": _sure_of(newest, standing.slot)}
        )
    told = []
    for standing, times in zip(standings, found[: len(standings)], strict=True):
        slot, demand, ratio = standing.slot, standing.demand, standing.traffic_ratio
        zone_id = zone_ids[slot.id]
        footfall = footfalls.get(zone_id or "")
        seen, empty = newest.get(slot.id), spells.get(slot.id, [])
        told.append(
            {
                "slot_id": slot.id,
                **_outlook(standing, times),
                "confidence": None if seen is None else seen["confidence"],
                "measured_at": None if seen is None else seen["measured_at"],
                "zone_id": zone_id,
                "traffic_ratio": round(ratio, 3),
                "lost_today": _told(cost_of(demand, [spell for at, spell in empty if at >= midnight], footfall)),
                "lost_7d": _told(cost_of(demand, [spell for _, spell in empty], footfall)),
                "also": also.get(slot.id, []),
                "guest_g": None if seen is None else seen["guest_g"],
                "calibration_due": None if seen is None else seen["calibration_due"],
            }
        )
    return told


def _outlook(standing: Standing, times: SlotOutlook) -> dict[str, Any]:
    slot = standing.slot
    return {
        "sku": slot.product.sku,
        "units": standing.units,
        "reorder_point_units": slot.reorder_point_units,
        "capacity_units": slot.capacity_units,
        "is_demand_known": standing.demand is not None,
        "to_reorder_h": None if times.to_reorder_h is None else asdict(times.to_reorder_h),
        "to_empty_h": None if times.to_empty_h is None else asdict(times.to_empty_h),
    }


def _of_product(newest: Mapping[str, Any] | None, sku: str) -> Mapping[str, Any] | None:
    products = None if newest is None else newest["products"]
    return next((each for each in products or () if each["sku"] == sku), None)


def _units_of(newest: Mapping[str, Any] | None, sku: str) -> int | None:
    found = _of_product(newest, sku)
    return None if found is None else found["units"]


def _sure_of(newest: Mapping[str, Mapping[str, Any]], slot: Slot) -> float | None:
    found = _of_product(newest.get(slot.id.partition("/")[0]), slot.product.sku)
    return None if found is None else found["confidence"]


def _told(lost: LostSales) -> dict[str, Any]:
    return asdict(lost) | {"empty_min": round(lost.empty_min, 2), "units": round(lost.units, 2)}
