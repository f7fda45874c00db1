"""Anomalies as values for rules: each store's last whole hour, asked every minute, learnt once an hour."""

from collections.abc import Sequence
from datetime import datetime

from storesense_backend.alerts.assessors.protocol import Measures, StoreView
from storesense_backend.alerts.values import Json, Measure
from storesense_backend.database import Connection
from storesense_backend.forecasts.records import Forecasts
from storesense_backend.kpi_names import ZH
from storesense_contracts.kpis import BY_NAME


class KpiAnomalies:
    """How unlike itself each KPI was in the last whole hour: 4 where the evidence is at its limit."""

    name = "kpi anomalies"
    kinds = frozenset({"kpi_anomaly"})
    every_s = 60.0
    is_replayable = False

    def __init__(self, forecasts: Forecasts | None = None) -> None:
        self._forecasts = forecasts or Forecasts()

    async def observe(self, connection: Connection, stores: Sequence[StoreView], now: datetime) -> Measures:
        """Tell each KPI's score, and keep what is an anomaly."""
        found: Measures = {}
        for store in stores:
            for judged in await self._forecasts.judge(connection, store.layout, store.layout_version, now):
                name, name_zh = BY_NAME[judged["kpi"]].title, ZH[judged["kpi"]]
                facts: Json = {
                    "kpi": judged["kpi"],
                    "name": name,
                    "subject_name_zh": name_zh,
                    "value": judged["value"],
                    "expected": judged["expected"],
                    "explanation": judged["explanation"]["en"].removeprefix(f"{name} "),
                    "explanation_zh": judged["explanation"]["zh-CN"].removeprefix(f"{name_zh} "),
                }
                measure = Measure(measured_at=now, received_at=now, value=judged["score"], facts=facts)
                found[store.store_id, "kpi", judged["kpi"]] = [measure]
        return found
