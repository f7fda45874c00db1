"""Trying rules on the past: the same engine judges stored readings, and its words are held against what was.

How right it would have been is told twice. By staff: a firing is right if they acknowledged or took an alert that was
raised about the same subject meanwhile, wrong if they dismissed it as such, unknown if nobody said anything. By proof:
a firing that ended by itself within a minute gave nobody a chance to do anything and counts as wrong.
"""

import asyncio
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from storesense_backend.alerts.assessors.protocol import Assessor, StoreView
from storesense_backend.alerts.engine import Engine
from storesense_backend.alerts.incoming import FAMILIES, Observations, past_observations
from storesense_backend.alerts.kinds.catalogue import KINDS
from storesense_backend.alerts.values import AlertChange, ChangeKind, Observation, SubjectKey, Timing
from storesense_backend.alerts.watches import Store, Watch
from storesense_backend.database import Connection
from storesense_backend.errors import InvalidError
from storesense_backend.ranges import TimeSpan
from storesense_contracts.rules import AnyRule
from storesense_contracts.sql import load_queries

_SQL = load_queries("storesense_backend", "sql/replay.sql")

_PIECE = timedelta(hours=1)
_WORTH_S = 60.0
_MOST_FIRINGS_TOLD = 1_000
_LEAST_ASSESSING_S = 60.0


@dataclass(frozen=True, slots=True)
class Firing:
    """An alert that would have been."""

    watch: Watch
    opened: AlertChange
    resolved: AlertChange | None = None

    def lasted_s(self, until: datetime) -> float:
        """Return for how long it would have stood, at least until ``until`` if it did not end."""
        return ((self.resolved.at if self.resolved else until) - self.opened.at).total_seconds()


class Replay:
    """The engine over the past of one store.

    Args:
        view: the store.
        rules: to try.
        timing: what counts as late and stale.
    """

    def __init__(self, view: StoreView, rules: Sequence[AnyRule], timing: Timing) -> None:
        self.view = replace(view, rules=tuple(rules))
        self.engine = Engine(timing)
        self.engine.watch_store(Store(view.layout, view.device_ids, view.served_by), rules)
        self.firings: list[Firing] = []
        self._standing: dict[tuple[str, str, str], int] = {}

    def judge(self, seen: Observations, now: datetime) -> None:
        """Judge what arrived by ``now``."""
        decisions = self.engine.judge(seen, now)
        self.engine.adopt(decisions)
        for watch, change in decisions.changes:
            if change.kind is ChangeKind.OPENED:
                self._standing[watch.key] = len(self.firings)
                self.firings.append(Firing(watch, change))
            elif change.kind is ChangeKind.RESOLVED and watch.key in self._standing:
                place = self._standing.pop(watch.key)
                self.firings[place] = replace(self.firings[place], resolved=change)

    def pass_time(self, until: datetime, now: datetime) -> None:
        """Let what ripens between ``now`` and ``until`` ripen when it does."""
        while (due_at := self.engine.due_at(now)) is not None and due_at < until:
            self.judge({}, due_at)
            now = due_at


def by_second(observations: Observations) -> list[tuple[datetime, Observations]]:
    """Sort observations by the second in which they arrived."""
    seconds: dict[int, Observations] = {}
    for subject, seen in observations.items():
        for each in seen:
            second = -int(-each.received_at.timestamp() // 1)
            seconds.setdefault(second, {}).setdefault(subject, []).append(each)
    return [(datetime.fromtimestamp(second, UTC), seconds[second]) for second in sorted(seconds)]


async def replay(
    connection: Connection,
    view: StoreView,
    rules: Sequence[AnyRule],
    span: TimeSpan,
    *,
    timing: Timing,
    assessors: Sequence[Assessor],
    most_readings: int,
    progress: Callable[[datetime, int], None] = lambda _at, _count: None,
) -> dict[str, Any]:
    """Judge a store's past by some rules.

    Args:
        connection: to the database.
        view: the store as it is now; the past is judged by its present layout.
        rules: to try, in place of all that it has.
        span: the past.
        timing: as the engine has it.
        assessors: those that can tell of the past are asked; what needs the others is named in the answer.
        most_readings: more than that are refused.
        progress: told now and then how far it is, and how many readings that were.

    Returns:
        What would have been, as told in the reference of the API.

    Raises:
        InvalidError: there are more readings than ``most_readings``.
    """
    enabled = [rule for rule in rules if rule.is_enabled]
    tried = Replay(view, enabled, timing)
    kinds = {rule.kind for rule in enabled}
    asked = [each for each in assessors if each.is_replayable and each.kinds & kinds]
    deaf = {kind for each in assessors if not each.is_replayable for kind in each.kinds & kinds}
    families = [family for family in FAMILIES if family in tried.engine.families]
    count, now = 0, span.from_at
    due: dict[str, datetime] = {each.name: span.from_at for each in asked}
    piece_at = span.from_at
    while piece_at < span.to_at:
        until = min(piece_at + _PIECE, span.to_at)
        observations: Observations = {}
        count += await past_observations(
            connection,
            from_at=piece_at,
            to_at=until,
            store_id=view.store_id,
            families=families,
            into=observations,
        )
        if count > most_readings:
            raise InvalidError(
                f"there are more than {most_readings} readings in that time; ask for less of it, or use the command "
                "storesense alerts replay",
                code="too_much",
            )
        for assessor in asked:
            await _ask(connection, assessor, tried.view, due, until, observations)
        for at, seen in by_second(observations):
            now = _judged_at(tried, seen, max(at, now), now)
        progress(until, count)
        await asyncio.sleep(0)
        piece_at = until
    tried.pass_time(span.to_at, now)
    values = {"store_id": view.store_id, "from_at": span.from_at, "to_at": span.to_at}
    recorded = await (await connection.execute(_SQL["recorded"], values)).fetchall()
    return _report(tried, rules, span, recorded, deaf, count)


def _judged_at(tried: Replay, seen: dict[SubjectKey, list[Observation]], at: datetime, now: datetime) -> datetime:
    tried.pass_time(at, now)
    tried.judge(seen, at)
    return at


async def _ask(
    connection: Connection,
    assessor: Assessor,
    view: StoreView,
    due: dict[str, datetime],
    until: datetime,
    into: Observations,
) -> None:
    step = timedelta(seconds=max(_LEAST_ASSESSING_S, assessor.every_s))
    while due[assessor.name] < until:
        found = await assessor.observe(connection, [view], due[assessor.name])
        for subject, some in found.items():
            into.setdefault(subject, []).extend(some)
        due[assessor.name] += step


def _report(
    tried: Replay,
    rules: Sequence[AnyRule],
    span: TimeSpan,
    recorded: list[dict[str, Any]],
    deaf: set[str],
    readings: int,
) -> dict[str, Any]:
    told: list[dict[str, Any]] = [_tell(firing, span, recorded) for firing in tried.firings]
    return {
        "store_id": tried.view.store_id,
        "from": span.from_at,
        "to": span.to_at,
        "readings": readings,
        "rules": [
            _sum_up(rule, [each for each in told if each["rule_id"] == rule.id], span, rule.kind in deaf)
            for rule in rules
        ],
        "firings": told[:_MOST_FIRINGS_TOLD],
        "firings_left_off": max(0, len(told) - _MOST_FIRINGS_TOLD),
    }


def _tell(firing: Firing, span: TimeSpan, recorded: list[dict[str, Any]]) -> dict[str, Any]:
    watch, resolved = firing.watch, firing.resolved
    lasted_s = firing.lasted_s(span.to_at)
    return {
        "rule_id": watch.rule_id,
        "kind": watch.kind.name,
        "subject_id": watch.subject_id,
        "severity": firing.opened.severity,
        "cause_at": firing.opened.cause_at,
        "opened_at": firing.opened.at,
        "resolved_at": None if resolved is None else resolved.at,
        "lasted_s": round(lasted_s, 1),
        "details": firing.opened.details,
        "proof": None if resolved is None else resolved.proof,
        "by_staff": by_staff(firing, recorded, span.to_at),
        "by_proof": "unknown" if resolved is None else "right" if lasted_s >= _WORTH_S else "wrong",
    }


def by_staff(firing: Firing, recorded: list[dict[str, Any]], until: datetime) -> str:
    """Say what staff thought of the alerts that were raised about the same subject meanwhile."""
    end_at = firing.resolved.at if firing.resolved else until
    about = firing.watch.kind.subjects or firing.watch.kind.family
    verdicts = set()
    for row in recorded:
        kind = KINDS.get(row["kind"])
        if kind is None or row["subject_id"] != firing.watch.subject_id or (kind.subjects or kind.family) != about:
            continue
        if row["cause_at"] >= end_at or (row["over_at"] is not None and row["over_at"] <= firing.opened.cause_at):
            continue
        verdicts.add(row["staff_verdict"])
    return "right" if "right" in verdicts else "wrong" if "wrong" in verdicts else "unknown"


def _sum_up(rule: AnyRule, firings: list[dict[str, Any]], span: TimeSpan, is_deaf: bool) -> dict[str, Any]:
    lasted = sorted(each["lasted_s"] for each in firings if each["resolved_at"] is not None)
    days = span.duration / timedelta(days=1)
    why = f"what rules of kind {rule.kind} judge is not kept, so that their past cannot be tried" if is_deaf else None
    return {
        "rule_id": rule.id,
        "kind": rule.kind,
        "firings": len(firings),
        "firings_per_day": round(len(firings) / days, 3),
        "open_at_end": sum(each["resolved_at"] is None for each in firings),
        "duration_s": {
            "mean": round(statistics.fmean(lasted), 1) if lasted else None,
            "median": round(statistics.median(lasted), 1) if lasted else None,
            "p90": lasted[min(len(lasted) - 1, int(0.9 * len(lasted)))] if lasted else None,
            "longest": lasted[-1] if lasted else None,
        },
        "by_staff": _precision([each["by_staff"] for each in firings]),
        "by_proof": _precision([each["by_proof"] for each in firings]),
        "not_replayed": why,
    }


def _precision(verdicts: list[str]) -> dict[str, Any]:
    right, wrong = verdicts.count("right"), verdicts.count("wrong")
    return {
        "right": right,
        "wrong": wrong,
        "unknown": len(verdicts) - right - wrong,
        "precision": round(right / (right + wrong), 4) if right + wrong else None,
    }
