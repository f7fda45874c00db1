"""People in the store and its zones, and counts of them that contradict each other."""

from collections.abc import Sequence
from datetime import datetime

from storesense_backend.alerts.assessors.protocol import Measures, StoreView
from storesense_backend.alerts.values import Json, Measure
from storesense_backend.database import Connection
from storesense_backend.local_days import local_day
from storesense_contracts.rules import SensorsContradictRule, ZoneUnattendedRule
from storesense_contracts.sql import load_queries

_SQL = load_queries("storesense_backend", "sql/assessors.sql")


async def people_inside(connection: Connection, store: StoreView, now: datetime) -> int | None:
    """Return entries less exits since the store's midnight, never below zero; None where nothing was counted."""
    values = {
        "store_id": store.store_id,
        "line_ids": [line.id for line in store.layout.lines if line.is_entrance],
        "day_began_at": local_day(now, store.layout.zone_info).starts_at,
        "now": now,
    }
    row = await (await connection.execute(_SQL["inside"], values)).fetchone()
    return None if row is None or row["people"] is None else max(0, row["people"])


class Occupancy:
    """How many people are in each store, by its doors."""

    name = "occupancy"
    kinds = frozenset({"occupancy_limit"})
    every_s = 10.0
    is_replayable = True

    async def observe(self, connection: Connection, stores: Sequence[StoreView], now: datetime) -> Measures:
        """Tell what is the case."""
        found: Measures = {}
        for store in stores:
            people = await people_inside(connection, store, now)
            if people is not None:
                measure = Measure(measured_at=now, received_at=now, value=people)
                found[store.store_id, "occupancy", store.store_id] = [measure]
        return found


class Attendance:
    """How many shoppers are in each zone where no staff is; 0 where there is somebody of the staff."""

    name = "attendance"
    kinds = frozenset({"zone_unattended"})
    every_s = 15.0
    is_replayable = True

    async def observe(self, connection: Connection, stores: Sequence[StoreView], now: datetime) -> Measures:
        """Tell what is the case, by the last whole minute that cameras told of."""
        values = {"store_ids": [store.store_id for store in stores], "now": now}
        staffed = {
            (row["store_id"], row["subject_id"])
            for row in await (await connection.execute(_SQL["staffed_lanes"], values)).fetchall()
        }
        lanes: dict[tuple[str, str], set[str]] = {}
        for store in stores:
            for rule in store.rules:
                if isinstance(rule, ZoneUnattendedRule):
                    for zone in store.layout.customer_zones:
                        if rule.zones is None or zone.id in rule.zones:
                            lanes.setdefault((store.store_id, zone.id), set()).update(rule.lanes)
        found: Measures = {}
        for row in await (await connection.execute(_SQL["attendance"], values)).fetchall():
            key = (row["store_id"], row["subject_id"])
            is_attended = row["staff_ms"] > 0 or any((key[0], lane) in staffed for lane in lanes.get(key, ()))
            value = 0.0 if is_attended else row["shoppers"]
            measure = Measure(measured_at=min(row["ended_at"], now), received_at=now, value=value)
            found[key[0], "attendance", key[1]] = [measure]
        return found


class Contradictions:
    """By what share two counts of the same people differ: two devices at one line, or zones against doors."""

    name = "contradictions"
    kinds = frozenset({"sensors_contradict"})
    every_s = 60.0
    is_replayable = True

    async def observe(self, connection: Connection, stores: Sequence[StoreView], now: datetime) -> Measures:
        """Tell what is the case; with few people a difference is chance and counts as none."""
        values = {"store_ids": [store.store_id for store in stores], "now": now}
        lines: dict[tuple[str, str], list[tuple[str, int]]] = {}
        for row in await (await connection.execute(_SQL["counts_by_device"], values)).fetchall():
            lines.setdefault((row["store_id"], row["subject_id"]), []).append((row["device_id"], row["people"]))
        zones = {
            row["store_id"]: row["people"]
            for row in await (await connection.execute(_SQL["in_zones"], values)).fetchall()
        }
        found: Measures = {}
        for store in stores:
            least = min(rule.min_people for rule in store.rules if isinstance(rule, SensorsContradictRule))
            for line in store.layout.lines:
                counts = sorted(lines.get((store.store_id, line.id), ()))
                if len(counts) == 2:
                    found |= _pair(store, now, f"line.{line.id}", line.name, counts[0], counts[1], least)
            inside, in_zones = await people_inside(connection, store, now), zones.get(store.store_id)
            if inside is not None and in_zones is not None:
                # Zones need not cover the store, so that fewer people in them than came in is no contradiction.
                most = max(inside, round(in_zones))
                found |= _pair(store, now, "doors.zones", store.layout.name, ("zones", most), ("doors", inside), least)
        return found


def _pair(
    store: StoreView, now: datetime, pair_id: str, name: str, one: tuple[str, int], other: tuple[str, int], least: int
) -> Measures:
    most = max(one[1], other[1])
    share = abs(one[1] - other[1]) / most if most >= least else 0.0
    facts: Json = {
        "name": name,
        "first_name": one[0],
        "first_count": one[1],
        "second_name": other[0],
        "second_count": other[1],
    }
    return {(store.store_id, "pair", pair_id): [Measure(measured_at=now, received_at=now, value=share, facts=facts)]}
