"""Lanes, advice and waits of a span of time, from the database."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from storesense_backend.database import Connection
from storesense_backend.kpi_steps import histogram_share
from storesense_backend.measurements import series_ids
from storesense_backend.ranges import MINUTE, TimeSpan, floor_to
from storesense_backend.staffing.calls import Call, Outcome, Run, calls_of
from storesense_backend.staffing.records import Tills
from storesense_contracts.layout import StoreLayout
from storesense_contracts.sql import load_queries

_SQL = load_queries("storesense_backend", "sql/staffing.sql")

FINE_SPAN = timedelta(hours=25)
"""Longer spans are told in coarser steps."""
_MIDDLE_SPAN = timedelta(days=8)
_QUARTER = timedelta(minutes=15)
_HOUR = timedelta(hours=1)
_HELD_MIN = 2
"""For so many minutes an advice or a lane's state that was told last still holds."""
_FORETOLD = timedelta(minutes=15)
_ENDED = timedelta(minutes=15)
"""Who joined longer ago has left the queue, nearly always, and so has been told."""
_AROUND = timedelta(minutes=15)
"""Waits before and after a call are those of so many minutes."""
MOST_CALLS = 100


async def past(connection: Connection, *, layout: StoreLayout, span: TimeSpan, now: datetime) -> dict[str, Any]:
    """Return lanes and advice by steps, waits and service level by quarters or hours, and the calls for lanes.

    Args:
        connection: to the database.
        layout: of the store.
        span: what is asked for.
        now: the present.
    """
    tills = Tills.of(layout)
    step = MINUTE if span.duration <= FINE_SPAN else _QUARTER if span.duration <= _MIDDLE_SPAN else _HOUR
    level_step = _QUARTER if span.duration <= _MIDDLE_SPAN else _HOUR

    async def ids(stream: str, subjects: tuple[str, ...]) -> list[int]:
        return await series_ids(connection, store_id=layout.id, stream=stream, subjects=list(subjects))

    asked = _Question(
        connection,
        layout,
        floor_to(span.from_at, step),
        min(span.to_at, now),
        now,
        await ids("lane", tills.lane_ids),
        await ids("queue", tills.queue_ids),
        await ids("queue", tills.all_queue_ids),
    )
    calls = await asked.calls()
    told = [call for call in calls if call.outcome not in (Outcome.STANDING, Outcome.UNKNOWN)]
    return {
        "store_id": layout.id,
        "from": span.from_at,
        "to": span.to_at,
        "wait_target_s": layout.wait_target_s,
        "lanes_total": len(tills.lane_ids),
        "step_s": int(step.total_seconds()),
        "steps": await asked.steps(step, len(tills.lane_ids)),
        "level_step_s": int(level_step.total_seconds()),
        "levels": await asked.levels(level_step),
        "calls_ended": len(told),
        "calls_followed": sum(call.outcome is not Outcome.PASSED for call in told),
        "calls": await asked.beside_waits(calls[-MOST_CALLS:]),
    }


@dataclass(frozen=True, slots=True)
class _Question:
    """One span of one store.

    Attributes:
        connection: to the database.
        layout: of the store.
        since: begins.
        until: ends, not after now.
        now: the present.
        lane_series: of staffed lanes.
        queue_series: of queues with a staffed lane.
        all_queue_series: of every queue.
    """

    connection: Connection
    layout: StoreLayout
    since: datetime
    until: datetime
    now: datetime
    lane_series: list[int]
    queue_series: list[int]
    all_queue_series: list[int]

    async def _ask(self, block: str, ids: list[int], **more: Any) -> list[dict[str, Any]]:
        values = {"store_id": self.layout.id, "series_ids": ids, "since": self.since, "until": self.until} | more
        return await (await self.connection.execute(_SQL[block], values)).fetchall()

    async def steps(self, step: timedelta, lanes_total: int) -> list[dict[str, Any]]:
        """Return every step of the span, with nulls where nothing is known."""
        is_fine = step == MINUTE
        advice = {row["at"]: row for row in await self._ask("advice_steps", [], step=step)}
        open_lanes = await self._open_by_minute(lanes_total) if is_fine else await self._open_by_step(step, lanes_total)
        joined = await self._joined() if is_fine else {}
        held = _HELD_MIN if is_fine else 0
        steps = []
        at = self.since
        while at < self.until:
            told = next((advice[at - n * step] for n in range(held + 1) if at - n * step in advice), None)
            foretold = dict.fromkeys(_ADVISED) if told is None else {name: told[name] for name in _ADVISED}
            steps.append(
                {"at": at, "lanes_open": open_lanes.get(at)}
                | {name: None if value is None else round(value, 2) for name, value in foretold.items()}
                | {"joined_15": joined.get(at)}
            )
            at += step
        return steps

    async def _open_by_minute(self, lanes_total: int) -> dict[datetime, float]:
        """Return staffed lanes open by minute, where each of them told its state."""
        states: dict[str, dict[datetime, bool]] = {}
        rows = await self._ask("lanes_by_minute", self.lane_series, since=self.since - _HELD_MIN * MINUTE)
        for row in rows:
            states.setdefault(row["lane_id"], {})[row["at"]] = row["is_open"]
        found = {}
        at = self.since
        while at < self.until and len(states) == lanes_total > 0:
            now = [
                next((lane[at - n * MINUTE] for n in range(_HELD_MIN + 1) if at - n * MINUTE in lane), None)
                for lane in states.values()
            ]
            known = [is_open for is_open in now if is_open is not None]
            if len(known) == lanes_total:
                found[at] = float(sum(known))
            at += MINUTE
        return found

    async def _open_by_step(self, step: timedelta, lanes_total: int) -> dict[datetime, float]:
        """Return the mean number of staffed lanes open by step, where each of them told its state."""
        shares: dict[datetime, dict[str, float]] = {}
        for row in await self._ask("lanes_by_step", self.lane_series, step=step):
            shares.setdefault(row["at"], {})[row["lane_id"]] = row["open_share"]
        return {at: round(sum(of.values()), 2) for at, of in shares.items() if len(of) == lanes_total}

    async def _joined(self) -> dict[datetime, int]:
        """Return who joined a queue within 15 minutes of each minute, where that is known by now."""
        rows = await self._ask("joined", self.all_queue_series)
        people = {row["at"]: row["people"] for row in rows}
        seen = {row["at"] for row in await self._ask("measured_steps", self.all_queue_series, step=_QUARTER)}
        found = {}
        at = self.since
        last_at = min(self.until, floor_to(self.now, MINUTE) - _FORETOLD - _ENDED)
        while at <= last_at:
            if {floor_to(at, _QUARTER), floor_to(at + _FORETOLD - MINUTE, _QUARTER)} <= seen:
                found[at] = sum(people.get(at + n * MINUTE, 0) for n in range(15))
            at += MINUTE
        return found

    async def levels(self, step: timedelta) -> list[dict[str, Any]]:
        """Return waits and service level of the queues with staffed lanes, by step, nulls where nothing is known."""
        since = floor_to(self.since, step)
        rows = {row["at"]: row for row in await self._ask("levels", self.queue_series, step=step, since=since)}
        seen = {row["at"] for row in await self._ask("measured_steps", self.queue_series, step=step, since=since)}
        found = []
        at = since
        while at < self.until:
            row = rows.get(at)
            within = (
                None if row is None else histogram_share(row["served_within"], row["served"], self.layout.wait_target_s)
            )
            served = row["served"] if row is not None else 0 if at in seen else None
            wait_s = None if row is None else row["wait_ms"] / 1_000 / row["served"]
            found.append({"at": at, "served": served, "wait_mean_s": wait_s, "within_target": within})
            at += step
        return found

    async def calls(self) -> list[Call]:
        """Return the calls for lanes of the span, oldest first."""
        return calls_of([Run(**row) for row in await self._ask("runs", [])], self.now)

    async def beside_waits(self, calls: list[Call]) -> list[dict[str, Any]]:
        """Return calls with the lanes that moved, and the waits before and after."""
        if not calls:
            return []
        since, until = calls[0].advised_at, calls[-1].ended_at or self.now
        moves = await self._ask("moves", self.lane_series, since=since - _AROUND, until=until + MINUTE)
        spans = []
        for call in calls:
            after_at = call.done_at or call.ended_at or self.now
            spans += [(call.advised_at - _AROUND, call.advised_at), (after_at, after_at + _AROUND)]
        waits = await self._ask(
            "waits_within",
            self.queue_series,
            starts=[starts_at for starts_at, _ in spans],
            ends=[ends_at for _, ends_at in spans],
            since=since - _AROUND,
            until=self.now,
        )
        told = []
        for place, call in enumerate(calls):
            before, after = waits[2 * place], waits[2 * place + 1]
            is_over = spans[2 * place + 1][1] <= self.now
            upto = call.ended_at or self.now
            own = [move for move in moves if call.advised_at <= move["at"] <= upto]
            own = [move for move in own if move["is_open"] == call.is_for_more]
            told.append(
                asdict(call)
                | {
                    "done_at": min(call.done_at, own[0]["at"]) if call.done_at and own else call.done_at,
                    "moves": [{"lane_id": move["lane_id"], "at": move["at"]} for move in own],
                    "wait_before_s": before["wait_s"],
                    "wait_after_s": after["wait_s"] if is_over else None,
                }
            )
        return told


_ADVISED = (
    "lanes_now",
    "lanes_15",
    "lanes_30",
    "wait_15_s",
    "wait_unchanged_15_s",
    "arrivals_15",
    "arrivals_15_low",
    "arrivals_15_high",
)
