"""Devices and stores that fell silent, and messages that never came."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from storesense_backend.alerts.assessors.protocol import Measures, StoreView
from storesense_backend.alerts.values import Measure
from storesense_backend.database import Connection
from storesense_contracts.sql import load_queries

_SQL = load_queries("storesense_backend", "sql/assessors.sql")
_GAPS_SINCE = timedelta(days=1)


class Silence:
    """For how long each device, and each store with two or more, has said nothing."""

    name = "silence"
    kinds = frozenset({"device_offline", "store_offline"})
    every_s = 10.0
    is_replayable = False

    async def observe(self, connection: Connection, stores: Sequence[StoreView], now: datetime) -> Measures:
        """Tell what is the case; a device that never spoke is not missed yet."""
        values = {"store_ids": [store.store_id for store in stores]}
        silent_s: dict[str, list[float]] = {}
        found: Measures = {}
        for row in await (await connection.execute(_SQL["last_seen"], values)).fetchall():
            seconds = max(0.0, (now - row["last_seen_at"]).total_seconds())
            silent_s.setdefault(row["store_id"], []).append(seconds)
            measure = Measure(measured_at=now, received_at=now, value=seconds)
            found[row["store_id"], "silence", row["device_id"]] = [measure]
        for store_id, each in silent_s.items():
            if len(each) >= 2:
                measure = Measure(measured_at=now, received_at=now, value=min(each), facts={"devices": len(each)})
                found[store_id, "store_silence", store_id] = [measure]
        return found


class Gaps:
    """How many messages of each device are missing though later ones are here."""

    name = "gaps"
    kinds = frozenset({"data_gap"})
    every_s = 60.0
    is_replayable = False

    async def observe(self, connection: Connection, stores: Sequence[StoreView], now: datetime) -> Measures:
        """Tell what is the case."""
        values = {"store_ids": [store.store_id for store in stores], "since": now - _GAPS_SINCE}
        rows = await (await connection.execute(_SQL["gaps"], values)).fetchall()
        return {
            (row["store_id"], "gap", row["device_id"]): [
                Measure(measured_at=now, received_at=now, value=row["missing"])
            ]
            for row in rows
        }
