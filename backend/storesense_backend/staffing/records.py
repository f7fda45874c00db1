"""Staffing advice from the database: a store is learnt once an hour or sooner and kept, an answer for some seconds."""

import asyncio
import json
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from storesense_backend.database import Connection
from storesense_backend.learning_pace import holds_until
from storesense_backend.recent_stores import RecentStores
from storesense_backend.staffing.advice import HORIZON_MIN, AdvicePolicy, Adviser, TillState
from storesense_backend.staffing.days import Rows, by_minute, past_days, week_minute
from storesense_backend.staffing.history import StoreModel, learn_store
from storesense_contracts.layout import StoreLayout
from storesense_contracts.sql import load_queries

_SQL = load_queries("storesense_backend", "sql/staffing.sql")

LEARNING_DAYS = 28
KEPT_DAYS = 90

_FRESH = timedelta(seconds=10)
_LEARN_TIMEOUT_S = 60
_RECENT = timedelta(minutes=10)
_LANES_FOR = timedelta(hours=1)
_LANES_TELL = timedelta(minutes=3)
"""Lanes tell their state every minute; one that has been silent for so long may have another by now."""
_ENTERED_MIN = 180
_BETWEEN_ROWS = timedelta(seconds=55)


@dataclass(frozen=True, slots=True)
class Tills:
    """The staffed lanes of a layout, which are one pool.

    Attributes:
        lane_ids: staffed lanes.
        queue_ids: queues with a staffed lane, in the layout's order; the rules on lanes are told at the first.
        all_queue_ids: every queue.
        lanes_of: by queue, its staffed lanes.
        line_ids: entrances.
    """

    lane_ids: tuple[str, ...]
    queue_ids: tuple[str, ...]
    all_queue_ids: tuple[str, ...]
    lanes_of: dict[str, tuple[str, ...]]
    line_ids: tuple[str, ...]

    @classmethod
    def of(cls, layout: StoreLayout) -> "Tills":
        """Pick them out of a layout."""
        staffed = {lane.id for lane in layout.lanes if lane.kind == "staffed"}
        lanes_of = {queue.id: tuple(i for i in queue.lanes if i in staffed) for queue in layout.queues}
        own = tuple(queue_id for queue_id, lanes in lanes_of.items() if lanes)
        return cls(
            tuple(sorted({lane_id for queue_id in own for lane_id in lanes_of[queue_id]})),
            own,
            tuple(lanes_of),
            lanes_of,
            tuple(line.id for line in layout.lines if line.is_entrance),
        )


@dataclass(slots=True)
class _Known:
    """What is kept of one store."""

    layout_version: int
    learnt_at: datetime
    model: StoreModel
    adviser: Adviser
    answer: dict[str, Any] = field(default_factory=dict)
    answered_at: datetime | None = None
    kept_at: datetime | None = None


class Staffing:
    """Advises stores, with what was learnt of the most recently asked 200."""

    def __init__(self, policy: AdvicePolicy | None = None) -> None:
        self._policy = policy or AdvicePolicy()
        self._stores: RecentStores[_Known] = RecentStores()

    async def of(
        self, connection: Connection, layout: StoreLayout, layout_version: int, now: datetime
    ) -> dict[str, Any]:
        """Advise a store.

        Args:
            connection: to the database.
            layout: of the store.
            layout_version: goes up when lanes change.
            now: the present.

        Returns:
            ``is_known`` tells whether there are staffed lanes with a queue, an entrance and a day to learn from;
            without, ``outlooks`` is empty.
        """
        async with self._stores.lock(layout.id):
            known = self._stores.get(layout.id)
            if (
                known is None
                or known.layout_version != layout_version
                or not known.learnt_at <= now < holds_until(known.learnt_at, known.model.days)
            ):
                known = await self._learn(connection, layout, layout_version, now)
            elif known.answered_at is not None and timedelta(0) <= now - known.answered_at < _FRESH:
                return known.answer
            known.answer = await self._answer(connection, layout, known, now)
            known.answered_at = now
            self._stores.put(layout.id, known)
            return known.answer

    async def keep(self, connection: Connection, answer: dict[str, Any]) -> bool:
        """Write an answer into the history unless that of the last minute is there; tell whether it was written."""
        known = self._stores.get(answer["store_id"])
        if known is None or not answer["is_known"]:
            return False
        now: datetime = answer["at"]
        if known.kept_at is not None and now - known.kept_at < _BETWEEN_ROWS:
            return False
        if known.kept_at is None or known.kept_at.hour != now.hour:
            before = now - timedelta(days=KEPT_DAYS)
            await connection.execute(_SQL["forget"], {"store_id": answer["store_id"], "before": before})
        lanes = [outlook["lanes"] for outlook in answer["outlooks"]]
        values = {
            "store_id": answer["store_id"],
            "made_at": now,
            "queue_id": answer["queue_id"],
            "people": answer["people"],
            "lanes_open": answer["lanes_open"],
            "lanes_told": answer["lanes_told"],
            "lanes_total": answer["lanes_total"],
            **dict(zip(("lanes_now", "lanes_15", "lanes_30"), lanes, strict=True)),
            "arrivals_15": answer["arrivals_15"]["mean"],
            "arrivals_15_low": answer["arrivals_15"]["low"],
            "arrivals_15_high": answer["arrivals_15"]["high"],
            "arrivals_30": answer["arrivals_30"]["mean"],
            "outlooks": json.dumps(answer["outlooks"]),
        }
        await connection.execute(_SQL["keep"], values)
        known.kept_at = now
        return True

    async def _learn(self, connection: Connection, layout: StoreLayout, layout_version: int, now: datetime) -> _Known:
        tills = Tills.of(layout)
        values = _values(layout, tills) | {"since": now - timedelta(days=LEARNING_DAYS), "until": now}
        async with connection.transaction():
            await connection.execute(f"SET LOCAL statement_timeout = '{_LEARN_TIMEOUT_S}s'")
            entered, visits, states = [
                await (await connection.execute(_SQL[name], values)).fetchall()
                for name in ("entered", "visits", "lane_states")
            ]
        rows = Rows(entered, visits, states)
        model = await asyncio.to_thread(self._model, rows, layout, tills)
        before = self._stores.get(layout.id)
        policy = replace(self._policy, target_wait_s=float(layout.wait_target_s))
        known = _Known(layout_version, now, model, Adviser(model, policy))
        known.kept_at = None if before is None else before.kept_at
        return known

    def _model(self, rows: Rows, layout: StoreLayout, tills: Tills) -> StoreModel:
        days = past_days(rows, layout.zone_info, frozenset(tills.queue_ids))
        return learn_store(days, most_lanes=max(1, len(tills.lane_ids)), step_s=self._policy.lead_s)

    async def _answer(
        self, connection: Connection, layout: StoreLayout, known: _Known, now: datetime
    ) -> dict[str, Any]:
        tills, model = Tills.of(layout), known.model
        told: dict[str, Any] = {
            "store_id": layout.id,
            "at": now,
            "is_known": bool(tills.queue_ids and tills.line_ids and model.days),
            "learnt_days": model.days,
            "queue_id": tills.queue_ids[0] if tills.queue_ids else None,
            "people": 0,
            "lanes_open": 0,
            "lanes_told": 0,
            "lanes_total": len(tills.lane_ids),
            "lanes": 0,
            "outlooks": [],
            "arrivals_15": None,
            "arrivals_30": None,
        }
        if not told["is_known"]:
            return told
        minute_at = now.replace(second=0, microsecond=0)
        first_at = minute_at - timedelta(minutes=_ENTERED_MIN)
        values = _values(layout, tills)
        entered = await (
            await connection.execute(_SQL["entered"], values | {"since": first_at, "until": minute_at})
        ).fetchall()
        forecast = model.arrivals.forecast(
            by_minute(entered, first_at, _ENTERED_MIN),
            week_minute=week_minute(minute_at, layout.zone_info),
            minutes=HORIZON_MIN,
            open_minutes=HORIZON_MIN,
        )
        state, lanes_told = await self._state(connection, layout, tills, now)
        advice = await asyncio.to_thread(_advise, known.adviser, forecast, state)
        for minutes in (15, 30):
            mean, low, high = forecast.total(minutes)
            told[f"arrivals_{minutes}"] = {"mean": round(mean, 1), "low": low, "high": high}
        return told | {
            "people": state.people,
            "lanes_open": advice.lanes_open,
            "lanes_told": lanes_told,
            "lanes": advice.lanes,
            "outlooks": [_rounded(asdict(outlook)) for outlook in advice.outlooks],
        }

    async def _state(
        self, connection: Connection, layout: StoreLayout, tills: Tills, now: datetime
    ) -> tuple[TillState, int]:
        """Return the tills as sensors last told them, and how many lanes told their state just now.

        Who is being served is inferred from lines and ended visits. A lane that is staffed but not open takes nobody
        more and serves the last that it has.
        """
        values = _values(layout, tills) | {"now": now, "until": now + timedelta(microseconds=1)}
        recent = values | {"since": now - _RECENT}
        samples = await (await connection.execute(_SQL["queues_now"], recent)).fetchall()
        visits = await (await connection.execute(_SQL["visits"], recent)).fetchall()
        states = await (await connection.execute(_SQL["lane_states"], values | {"since": now - _LANES_FOR})).fetchall()
        is_open = {row["lane_id"]: row["is_open"] for row in states}
        closing = sum({row["lane_id"]: row["is_staffed"] and not row["is_open"] for row in states}.values())
        people = closing
        for row in samples:
            lanes = sum(is_open.get(lane_id, False) for lane_id in tills.lanes_of.get(row["queue_id"], ()))
            people += row["length"] if row["queue_id"] in tills.queue_ids else 0
            if row["length"] > 0:
                people += lanes
            elif row["waited_at"] is not None and lanes:
                ended = [v for v in visits if v["queue_id"] == row["queue_id"] and v["measured_at"] > row["waited_at"]]
                people += max(0, min(lanes, 1) - len(ended))
        told = {row["lane_id"] for row in states if row["measured_at"] > now - _LANES_TELL}
        return TillState(now.timestamp(), people, sum(is_open.values()), lanes_closing=closing), len(told)


async def history(connection: Connection, store_id: str, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Return what was advised and what was open, oldest first."""
    values = {"store_id": store_id, "since": since, "until": until}
    return await (await connection.execute(_SQL["history"], values)).fetchall()


def _advise(adviser: Adviser, forecast: Any, state: TillState) -> Any:
    adviser.foresee(forecast)
    return adviser.advice(state)


def _values(layout: StoreLayout, tills: Tills) -> dict[str, Any]:
    return {
        "store_id": layout.id,
        "line_ids": list(tills.line_ids),
        "queue_ids": list(tills.all_queue_ids),
        "lane_ids": list(tills.lane_ids),
    }


def _rounded(outlook: dict[str, Any]) -> dict[str, Any]:
    for name in ("wait", "wait_unchanged"):
        outlook[name] = {key: round(value, 3 if key == "within_target" else 1) for key, value in outlook[name].items()}
    return outlook
