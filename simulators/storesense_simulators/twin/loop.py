"""The closed loop: the same day with staff who follow the alert engine's advice, and with staff who do not.

The advice comes from the alert engine itself: the twin's readings, with all their flaws, go straight into its pure
evaluation by the store's own rules, without broker and database. Both days see the same people who want the same
(common random numbers), so that what differs is what the advice was worth.
"""

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from storesense_backend.alerts.engine import Engine
from storesense_backend.alerts.values import (
    ChangeKind,
    Observation,
    QueueObservation,
    StockObservation,
    SubjectKey,
    Timing,
)
from storesense_backend.alerts.watches import Store, Watch
from storesense_contracts.clock import to_epoch_us
from storesense_contracts.readings import QueueSample, ShelfWeight
from storesense_simulators.twin.control import AdviceControl, ScheduleControl
from storesense_simulators.twin.emitted import Emitted
from storesense_simulators.twin.engine import Twin
from storesense_simulators.twin.faults import plan_faults
from storesense_simulators.twin.loop_figures import DayFigures, DayWatch
from storesense_simulators.twin.readings_depth import ReadingSensors
from storesense_simulators.twin.shop import Shop

_SECOND_MS = 1_000
_T_95 = (math.inf, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
"""Student's t for a two-sided 95 % interval by degrees of freedom, the first for none; 1.96 and a little beyond."""
_T_MORE = 2.1


@dataclass(frozen=True, slots=True)
class LoopOptions:
    """Which day is lived twice.

    Attributes:
        began_at: when it begins, aware.
        lasts_ms: how long it lasts.
        taken_after_s: from an alert to somebody who begins to see to it.
    """

    began_at: datetime
    lasts_ms: int
    taken_after_s: float = 20.0


def busier(shop: Shop, factor: float) -> Shop:
    """Return a store to which ``factor`` times the people come; lanes and shifts stay as they were planned."""
    hours = tuple(tuple(round(rate * factor, 6) for rate in day) for day in shop.demand.visitors_per_h)
    return dataclasses.replace(shop, demand=dataclasses.replace(shop.demand, visitors_per_h=hours))


@dataclass(frozen=True, slots=True)
class LivedDay:
    """One of the two days.

    Attributes:
        figures: what it came to.
        waits: when each wait ended and how long it was, milliseconds.
        alerts: how many alerts opened; none are looked at without advice.
    """

    figures: DayFigures
    waits: Sequence[tuple[int, int]]
    alerts: int


class Adviser:
    """The alert engine beside a running twin, and staff who do what its alerts say.

    Args:
        shop: the store, whose site file holds the rules.
        control: what staff follow.
        began_at: the instant of millisecond 0.
        taken_after_ms: from an alert to somebody who begins to see to it.
    """

    def __init__(self, shop: Shop, control: AdviceControl, *, began_at: datetime, taken_after_ms: int) -> None:
        self._store_id = shop.store_id
        self._control = control
        self._began_at = began_at
        self._taken_after_ms = taken_after_ms
        self._engine = Engine(Timing())
        self._engine.watch_store(Store(shop.layout), shop.site.rules)
        self._seen: dict[SubjectKey, list[Observation]] = {}
        self._due: list[tuple[int, Watch, ChangeKind]] = []
        self.alerts = 0

    def observe(self, emitted: Sequence[Emitted], now_ms: int) -> None:
        """Take the readings of a step; decide once a second, as the engine does, and let alerts be taken."""
        now = self._began_at + timedelta(milliseconds=now_ms)
        for one in emitted:
            reading = one.reading
            if isinstance(reading, QueueSample):
                seen = QueueObservation(
                    measured_at=reading.measured_at,
                    received_at=now,
                    length=reading.length,
                    longest_wait_s=reading.longest_wait_ms / 1_000,
                )
                self._seen.setdefault((self._store_id, "queue", reading.queue_id), []).append(seen)
            elif isinstance(reading, ShelfWeight):
                weighed = StockObservation(
                    measured_at=reading.measured_at,
                    received_at=now,
                    weight_g=reading.weight_mg / 1_000,
                    is_stable=reading.is_stable,
                    units=reading.units,
                    confidence=reading.confidence,
                )
                self._seen.setdefault((self._store_id, "slot", reading.slot_id), []).append(weighed)
        if now_ms % _SECOND_MS == 0:
            self._judge(now, now_ms)
            self._take(now_ms)

    def _judge(self, now: datetime, now_ms: int) -> None:
        decisions = self._engine.judge(self._seen, now)
        self._engine.adopt(decisions)
        self._seen = {}
        for watch, change in decisions.changes:
            if change.kind is ChangeKind.OPENED:
                self.alerts += 1
                self._due.append((now_ms + self._taken_after_ms, watch, change.kind))
            elif change.kind is ChangeKind.RESOLVED:
                self._due = [due for due in self._due if due[1].key != watch.key]
                if watch.observed[1] == "queue":
                    self._control.withdraw_lane(watch.subject_id, now_ms)

    def _take(self, now_ms: int) -> None:
        while self._due and self._due[0][0] <= now_ms:
            _, watch, _ = self._due.pop(0)
            if watch.observed[1] == "queue":
                self._control.advise_lane(watch.subject_id)
            elif watch.observed[1] == "slot":
                self._control.advise_restock(watch.subject_id)


def live_a_day(
    shop: Shop,
    options: LoopOptions,
    *,
    seed: int,
    follows_advice: bool,
    progress: Callable[[int], None] = lambda _: None,
) -> LivedDay:
    """Live the day once.

    Args:
        shop: the store.
        options: which day.
        seed: who comes and what they want.
        follows_advice: whether staff do what alerts say, besides the schedule and what they see.
        progress: told now and then how many milliseconds have been lived.
    """
    advice = AdviceControl(shop)
    twin = Twin(shop, seed=seed, began_at=options.began_at, control=advice if follows_advice else ScheduleControl())
    watch = DayWatch(shop)
    adviser = None
    if follows_advice:
        faults = plan_faults(shop, seed=seed, lasts_ms=options.lasts_ms)
        started_ms = to_epoch_us(options.began_at) // 1_000
        sensors = ReadingSensors(shop, twin, seed=seed, started_ms=started_ms, faults=faults)
        taken_after_ms = round(options.taken_after_s * 1_000)
        adviser = Adviser(shop, advice, began_at=options.began_at, taken_after_ms=taken_after_ms)
    for events in twin.run_until(options.lasts_ms):
        watch.see(events)
        if adviser is not None:
            adviser.observe(sensors.observe(events), twin.now_ms)
        if twin.now_ms % 60_000 == 0:
            progress(twin.now_ms)
    return LivedDay(watch.figures(twin.now_ms), watch.waits, adviser.alerts if adviser is not None else 0)


@dataclass(frozen=True, slots=True)
class Benefit:
    """By how much a figure differs with the advice from the same days without: mean and 95 % interval over seeds."""

    mean: float
    low: float | None
    high: float | None


def benefits(pairs: Sequence[tuple[DayFigures, DayFigures]]) -> dict[str, Benefit]:
    """Return each figure's difference, with minus without, over pairs of days that differ in nothing but the advice.

    The interval is Student's, of paired differences; with one pair there is none.
    """
    found = {}
    for field in dataclasses.fields(DayFigures):
        if field.name == "visitors":
            continue
        differences = [getattr(pair[0], field.name) - getattr(pair[1], field.name) for pair in pairs]
        mean = sum(differences) / len(differences)
        freedom = len(differences) - 1
        if freedom == 0:
            found[field.name] = Benefit(round(mean, 2), None, None)
            continue
        variance = sum((difference - mean) ** 2 for difference in differences) / freedom
        t = _T_95[freedom] if freedom < len(_T_95) else _T_MORE
        half = t * math.sqrt(variance / len(differences))
        found[field.name] = Benefit(round(mean, 2), round(mean - half, 2), round(mean + half, 2))
    return found
