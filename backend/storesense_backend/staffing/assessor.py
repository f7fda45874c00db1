"""The advice on lanes as values for rules, and its history as rows: asked every twenty seconds."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from storesense_backend.alerts.assessors.protocol import Measures, StoreView
from storesense_backend.alerts.values import Measure
from storesense_backend.database import Connection
from storesense_backend.staffing.records import Staffing, Tills

PREDICTED_WAIT, TO_OPEN, TO_CLOSE = "predicted_wait", "lanes_to_open", "lanes_to_close"


class StaffingAssessor:
    """Tells expected waits, lanes to open and lanes to close where rules ask for them, and keeps all advice.

    The history of lanes open and needed is kept of each store that could be advised, with rules about lanes or without.

    All staffed lanes are one pool, so the rules are told at the first queue that has staffed lanes, and at others only
    where a rule names them: one cause, one alert.

    Args:
        staffing: the adviser; its own when left out.
    """

    def __init__(self, staffing: Staffing | None = None) -> None:
        self._staffing = staffing or Staffing()

    @property
    def name(self) -> str:
        """For logs and metrics."""
        return "staffing"

    @property
    def kinds(self) -> frozenset[str]:
        """Rules about lanes and the wait that is coming."""
        return frozenset({PREDICTED_WAIT, TO_OPEN, TO_CLOSE})

    @property
    def every_s(self) -> float:
        """Seconds between two looks."""
        return 20.0

    @property
    def is_replayable(self) -> bool:
        """What would have been advised depends on what had been learnt by then, and is not found again."""
        return False

    def wants(self, store: StoreView) -> bool:
        """Ask for each store with an entrance and a queue of staffed lanes."""
        tills = Tills.of(store.layout)
        return bool(tills.queue_ids and tills.line_ids)

    async def observe(self, connection: Connection, stores: Sequence[StoreView], now: datetime) -> Measures:
        """Advise each store, keep the advice once a minute, and tell it to the rules."""
        measures: Measures = {}
        for store in stores:
            told = await self._staffing.of(connection, store.layout, store.layout_version, now)
            if told["is_known"]:
                await self._staffing.keep(connection, told)
                if any(rule.kind in self.kinds for rule in store.rules):
                    measures |= measures_of(told, self._queues(store, told["queue_id"]), now)
        return measures

    def _queues(self, store: StoreView, first: str) -> frozenset[str]:
        named = [getattr(rule, "queues", None) or () for rule in store.rules if rule.kind in self.kinds]
        return frozenset({first}.union(*named))


def measures_of(told: dict[str, Any], queue_ids: frozenset[str], now: datetime) -> Measures:
    """Return the advice as measures, by horizon and queue.

    Args:
        told: see :meth:`Staffing.of`.
        queue_ids: where it is told.
        now: when.
    """
    measures: Measures = {}
    for outlook in told["outlooks"]:
        wait, unchanged = outlook["wait"], outlook["wait_unchanged"]
        more = outlook["lanes"] - told["lanes_open"]
        facts = {
            "lanes_open": told["lanes_open"],
            "lanes_needed": outlook["lanes"],
            "wait_s": unchanged["mean_s"],
            "wait_with_s": wait["mean_s"],
        }
        values = (
            (PREDICTED_WAIT, unchanged["mean_s"], {"low_s": unchanged["p10_s"], "high_s": unchanged["p90_s"]}),
            (TO_OPEN, float(max(0, more)), facts),
            (TO_CLOSE, float(max(0, -more)), facts),
        )
        for family, value, told_facts in values:
            for queue_id in queue_ids:
                key = (told["store_id"], family, f"{queue_id}+{outlook['in_min']}")
                measures[key] = [Measure(measured_at=now, received_at=now, value=value, facts=told_facts)]
    return measures
