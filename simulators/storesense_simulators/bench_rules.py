"""``storesense bench rules``: what judging costs, from rows as the database gives them to decisions, on one core.

Every lane has a queue of its own that is measured once a second, and five rules. Lengths walk up and down as queues
do, so that some causes are under way or open at any time. Processor time is counted, not the clock's, so that a busy
machine does not matter much. What the database itself needs to give the rows is not in it.
"""

import json
import random
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from storesense_backend.alerts.engine import Engine
from storesense_backend.alerts.incoming import Observations, add_rows
from storesense_backend.alerts.values import Timing
from storesense_backend.alerts.watches import Store
from storesense_contracts.layout import StoreLayout
from storesense_contracts.rules import RULE

_BEGAN_AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
_RULES = (
    {"kind": "queue_too_long", "id": "long", "open_at_length": 6, "resolve_at_length": 3},
    {"kind": "queue_too_long", "id": "very-long", "open_at_length": 10, "resolve_at_length": 6, "severity": "critical"},
    {"kind": "wait_too_long", "id": "wait", "open_at_wait_s": 240, "resolve_at_wait_s": 120},
    {"kind": "wait_too_long", "id": "long-wait", "open_at_wait_s": 480, "resolve_at_wait_s": 240, "open_after_s": 60},
    {
        "kind": "queue_too_long",
        "id": "evening",
        "open_at_length": 4,
        "resolve_at_length": 2,
        "schedule": [{"from_local": "17:00", "until_local": "20:00"}],
    },
)


@dataclass(frozen=True, slots=True)
class RulesPlan:
    """What is measured.

    Attributes:
        lanes: queues in all.
        stores: that they are spread over.
        seconds: of simulated time.
        seed: of the queues' walks.
    """

    lanes: int = 10_000
    stores: int = 100
    seconds: int = 60
    seed: int = 1


def _layout(number: int, lanes: int) -> StoreLayout:
    return StoreLayout.model_validate(
        {
            "id": f"store-{number}",
            "name": f"Store {number}",
            "time_zone": "Europe/Berlin",
            "floor": {"size_m": [50, 40]},
            "sections": [{"id": "front", "name": "Checkout"}],
            "queues": [{"id": f"queue-{lane}", "name": f"Queue {lane}", "section": "front"} for lane in range(lanes)],
        }
    )


class _Queues:
    """Queues that walk up and down between nobody and twelve."""

    def __init__(self, plan: RulesPlan) -> None:
        self._random = random.Random(plan.seed)  # noqa: S311 -- a simulation
        each = plan.lanes // plan.stores
        self._lengths = {
            (f"store-{store}", f"queue-{lane}"): self._random.choice((0, 0, 0, 1, 1, 2, 3, 5))
            for store in range(plan.stores)
            for lane in range(each)
        }

    def rows(self, at: datetime) -> list[dict[str, Any]]:
        """Return a second's readings, as the query of new queue samples gives them."""
        draw, found = self._random.random, []
        for key, before in self._lengths.items():
            turn, length = draw(), before
            if turn < 0.04:
                length = min(12, before + 1)
            elif turn < 0.12 and before:
                length = before - 1
            self._lengths[key] = length
            found.append(
                {
                    "store_id": key[0],
                    "subject_id": key[1],
                    "measured_at": at,
                    "received_at": at + timedelta(milliseconds=200),
                    "length": length,
                    "longest_wait_s": 45.0 * length,
                }
            )
        return found


def bench_rules(plan: RulesPlan) -> dict[str, float | int]:
    """Measure; return figures by name."""
    engine = Engine(Timing())
    rules = [RULE.validate_python(rule) for rule in _RULES]
    for number in range(plan.stores):
        engine.watch_store(Store(_layout(number, plan.lanes // plan.stores)), rules)
    queues = _Queues(plan)
    cpu_s, worst_s, opened, resolved, saves, readings = 0.0, 0.0, 0, 0, 0, 0
    for second in range(plan.seconds):
        at = _BEGAN_AT + timedelta(seconds=second)
        rows = queues.rows(at)
        readings += len(rows)
        began_s = time.process_time()
        observations: Observations = {}
        add_rows("queue", rows, observations)
        decisions = engine.judge(observations, at + timedelta(milliseconds=300))
        engine.adopt(decisions)
        took_s = time.process_time() - began_s
        cpu_s += took_s
        worst_s = max(worst_s, took_s)
        opened += sum(change.kind == "opened" for _, change in decisions.changes)
        resolved += sum(change.kind == "resolved" for _, change in decisions.changes)
        saves += len(decisions.saves)
        if second % 10 == 9:
            sys.stderr.write(f"{second + 1} s judged, {cpu_s / (second + 1):.3f} s of a core each\n")
    return {
        "lanes": plan.lanes // plan.stores * plan.stores,
        "rules_per_lane": len(_RULES),
        "watches": engine.watch_count,
        "simulated_s": plan.seconds,
        "readings": readings,
        "evaluations_per_s": round(readings * len(_RULES) / cpu_s),
        "cpu_s_per_simulated_s": round(cpu_s / plan.seconds, 4),
        "worst_cpu_s_of_a_second": round(worst_s, 4),
        "alerts_opened": opened,
        "alerts_resolved": resolved,
        "states_saved_per_s": round(saves / plan.seconds, 1),
    }


def run_bench_rules(plan: RulesPlan, *, prints_json: bool) -> int:
    """Measure and print; exit code 0."""
    found = bench_rules(plan)
    if prints_json:
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        sys.stdout.write("\n".join(f"{name}: {value}" for name, value in found.items()) + "\n")
    return 0
