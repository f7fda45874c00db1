"""Judging one cause: when an alert opens, changes its numbers, and resolves.

Time is event time. An alert opens when every reading of the last ``open_after_s`` said so, and resolves when every
reading of the last ``resolve_after_s`` said that it is over. Between two readings the last one holds, until it is
stale. Three kinds of readings carry no decision: late ones (they may only interrupt a run), stale ones, and those that
do not tell (an unstable shelf, a weight that fits no count).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from typing import Literal

import msgspec

from storesense_backend.alerts.values import (
    AlertChange,
    CauseState,
    ChangeKind,
    Json,
    LossObservation,
    Observation,
    QueueObservation,
    StockObservation,
    Timing,
)
from storesense_backend.alerts.watches import DeviceWatch, QueueWatch, StockWatch, Watch


class Verdict(Enum):
    """What one observation says about a cause."""

    BAD = "bad"
    BETWEEN = "between"
    GOOD = "good"
    UNTOLD = "untold"


class Restock(StrEnum):
    """How a restock went, by what the shelf weighs."""

    FULL = "full"
    PARTIAL = "partial"
    WRONG_PRODUCT = "wrong_product"


def judge(watch: Watch, observation: Observation) -> Verdict:
    """Say what an observation means to a watch, apart from any memory."""
    if isinstance(watch, QueueWatch) and isinstance(observation, QueueObservation):
        if observation.length >= watch.open_at_length:
            return Verdict.BAD
        return Verdict.GOOD if observation.length <= watch.resolve_at_length else Verdict.BETWEEN
    if isinstance(watch, StockWatch) and isinstance(observation, StockObservation):
        if not observation.is_stable:
            return Verdict.UNTOLD
        if observation.units is None or (observation.confidence or 0.0) < watch.min_confidence:
            # What does not belong there hides the units, and is worth telling itself.
            return Verdict.BETWEEN if observation.guest_g else Verdict.UNTOLD
        if observation.units <= watch.reorder_point_units:
            return Verdict.BAD
        return Verdict.GOOD if observation.units >= watch.refilled_at_units else Verdict.BETWEEN
    if isinstance(watch, DeviceWatch) and isinstance(observation, LossObservation):
        return Verdict.BAD if observation.lost_messages else Verdict.GOOD
    return Verdict.UNTOLD


def evaluate(
    watch: Watch,
    state: CauseState,
    observations: Sequence[Observation],
    now: datetime,
    timing: Timing,
    *,
    caught_up: bool = True,
) -> tuple[CauseState, list[AlertChange]]:
    """Take new observations, and the passing of time, into account.

    It decides once, when all observations are known: what came and went before the present wakes nobody.

    Args:
        watch: the rule as it applies to the subject.
        state: what is remembered of the cause.
        observations: new ones of that subject, in any order; none to let time pass alone.
        now: the present.
        timing: what counts as late and stale.
        caught_up: False while older readings are still being read, which decide nothing by themselves.

    Returns:
        The new state and the changes of the alert, in order.
    """
    for observation in sorted(observations, key=lambda o: o.measured_at):
        verdict = judge(watch, observation)
        if verdict is Verdict.UNTOLD:
            continue
        if _is_late(observation, timing) or _is_before_last(state, observation):
            state = _interrupt(state, verdict, observation)
        else:
            state = _take(state, verdict, observation, timing)
    state = _rejudge(watch, state, timing)
    if not caught_up or state.last is None or _is_late(state.last, timing) or not _is_fresh(state.last, now, timing):
        return state, []
    judged_at = max(state.last.measured_at, now - timedelta(seconds=timing.settle_s))
    return _decide(watch, state, judged_at, now)


def needs_time(state: CauseState) -> bool:
    """Tell whether the passing of time alone may change something."""
    return state.turning_since_at is not None


def matures_at(watch: Watch, state: CauseState, timing: Timing) -> datetime | None:
    """Return the instant from which the passing of time alone changes the alert, or None if nothing is under way."""
    if state.turning_since_at is None:
        return None
    return state.turning_since_at + timedelta(seconds=_hesitate_s(watch, state) + timing.settle_s)


def _hesitate_s(watch: Watch, state: CauseState) -> float:
    return watch.resolve_after_s if state.is_open else watch.open_after_s


def _is_turning(state: CauseState, verdict: Verdict, observation: Observation) -> bool:
    # Does the observation speak for changing what is: for opening, or, with a proof, for resolving?
    if not state.is_open:
        return verdict is Verdict.BAD
    if verdict is not Verdict.GOOD:
        return False
    if isinstance(observation, StockObservation) and isinstance(state.told, StockObservation):
        return observation.own_g > state.told.own_g
    return True


def _is_late(observation: Observation, timing: Timing) -> bool:
    return observation.arrival_delay_s > timing.late_s


def _is_fresh(observation: Observation, now: datetime, timing: Timing) -> bool:
    return now - observation.measured_at <= timedelta(seconds=timing.stale_s)


def _is_before_last(state: CauseState, observation: Observation) -> bool:
    return state.last is not None and observation.measured_at < state.last.measured_at


def _interrupt(state: CauseState, verdict: Verdict, observation: Observation) -> CauseState:
    # Late or overtaken readings decide nothing, but a contrary one inside a run shows that the run was none.
    since_at = state.turning_since_at
    if since_at is None or state.last is None or observation.measured_at < since_at:
        return state
    if _is_turning(state, verdict, observation):
        return state
    if _is_before_last(state, observation):
        return msgspec.structs.replace(state, turning_since_at=state.last.measured_at)
    return msgspec.structs.replace(state, last=observation, turning_since_at=None)


def _take(state: CauseState, verdict: Verdict, observation: Observation, timing: Timing) -> CauseState:
    since_at = state.turning_since_at
    if not _is_turning(state, verdict, observation):
        since_at = None
    elif since_at is None or (
        state.last is not None and observation.measured_at - state.last.measured_at > timedelta(seconds=timing.stale_s)
    ):
        since_at = observation.measured_at
    return msgspec.structs.replace(state, last=observation, turning_since_at=since_at)


def _rejudge(watch: Watch, state: CauseState, timing: Timing) -> CauseState:
    # The rule may have been edited since the last reading: a run that no longer speaks for a change ends, and one that
    # now does begins with that reading.
    if state.last is None:
        return state
    if not _is_turning(state, judge(watch, state.last), state.last):
        return msgspec.structs.replace(state, turning_since_at=None)
    if state.turning_since_at is None and not _is_late(state.last, timing):
        return msgspec.structs.replace(state, turning_since_at=state.last.measured_at)
    return state


def _decide(
    watch: Watch, state: CauseState, judged_at: datetime, now: datetime
) -> tuple[CauseState, list[AlertChange]]:
    last, since_at = state.last, state.turning_since_at
    if last is None:
        return state, []
    if since_at is None:
        return _retell(watch, state, last, now)
    if judged_at - since_at < timedelta(seconds=_hesitate_s(watch, state)):
        return state, []
    if state.is_open:
        change = AlertChange(
            kind=ChangeKind.RESOLVED,
            at=now,
            cause_at=state.cause_at or since_at,
            severity=severity(watch, state.told or last),
            details={},
            proof=proof(watch, state, since_at),
        )
        return CauseState(is_open=False, last=last), [change]
    change = AlertChange(
        kind=ChangeKind.OPENED,
        at=now,
        cause_at=since_at,
        severity=severity(watch, last),
        details=details(watch, last),
    )
    return CauseState(is_open=True, last=last, cause_at=since_at, told=last), [change]


def _retell(watch: Watch, state: CauseState, last: Observation, now: datetime) -> tuple[CauseState, list[AlertChange]]:
    # The open alert's numbers follow the cause: a queue's peak, a slot's units, the most that was lost at a time.
    if not state.is_open:
        return state, []
    told = state.told
    if isinstance(last, StockObservation) and isinstance(told, StockObservation):
        if judge(watch, last) is not Verdict.BAD:
            # Not the units, but a wrong product that came or went is told, and not as weight that was brought.
            last = msgspec.structs.replace(told, guest_g=last.guest_g, weight_g=told.own_g + (last.guest_g or 0.0))
    elif judge(watch, last) is not Verdict.BAD:
        return state, []
    if isinstance(last, QueueObservation) and isinstance(told, QueueObservation):
        is_news = last.length > told.length
    elif isinstance(last, StockObservation) and isinstance(told, StockObservation):
        is_news = last.units != told.units or bool(last.guest_g) != bool(told.guest_g)
    elif isinstance(last, LossObservation) and isinstance(told, LossObservation):
        is_news = last.lost_messages > told.lost_messages
    else:
        is_news = True
    if not is_news:
        return state, []
    change = AlertChange(
        kind=ChangeKind.UPDATED,
        at=now,
        cause_at=state.cause_at or last.measured_at,
        severity=severity(watch, last),
        details=details(watch, last),
    )
    return msgspec.structs.replace(state, told=last), [change]


def severity(watch: Watch, observation: Observation) -> Literal["info", "warning", "critical"]:
    """Say how bad it is: a slot at its minimum, or empty, is critical, everything else a warning."""
    if isinstance(watch, StockWatch) and isinstance(observation, StockObservation):
        is_critical = observation.units is not None and observation.units <= watch.minimum_units
        return "critical" if is_critical else "warning"
    return "warning"


def details(watch: Watch, observation: Observation) -> Json:
    """Collect the numbers and names that an alert tells."""
    told: Json = {"subject_name": watch.subject_name, "section_name": watch.section_name}
    if isinstance(watch, QueueWatch) and isinstance(observation, QueueObservation):
        told |= {
            "length": observation.length,
            "longest_wait_s": observation.longest_wait_s,
            "threshold": watch.open_at_length,
        }
    elif isinstance(watch, StockWatch) and isinstance(observation, StockObservation):
        units = observation.units or 0
        told |= {
            "units": units,
            "capacity_units": watch.capacity_units,
            "units_needed": watch.capacity_units - units,
            "reorder_point_units": watch.reorder_point_units,
            "sku": watch.sku,
            "product_name": watch.product_name,
        }
        if observation.guest_g:
            told |= {"outcome": Restock.WRONG_PRODUCT.value, "guest_g": round(observation.guest_g, 1)}
    elif isinstance(observation, LossObservation):
        told |= {"lost_messages": observation.lost_messages, "outbox_bytes": observation.outbox_bytes}
    return told


def proof(watch: Watch, state: CauseState, since_at: datetime) -> Json:
    """Collect what was observed that ended a cause.

    Args:
        watch: the rule as it applies to the subject.
        state: what is remembered, the open alert and the last observation included.
        since_at: when what ended it was first observed.
    """
    observation = state.last
    if observation is None:
        return {}
    measured_at = observation.measured_at.isoformat()
    if isinstance(observation, QueueObservation):
        return {"length": observation.length, "measured_at": measured_at}
    if isinstance(observation, LossObservation):
        return {"lost_messages": 0, "outbox_bytes": observation.outbox_bytes, "measured_at": measured_at}
    if not isinstance(observation, StockObservation):
        return {"measured_at": measured_at}
    told: Json = {"units": observation.units, "weight_g": observation.weight_g, "measured_at": measured_at}
    if isinstance(watch, StockWatch) and isinstance(state.told, StockObservation) and observation.units is not None:
        told |= {
            "outcome": restock_of(watch, observation.units).value,
            "units_brought": max(0, observation.units - (state.told.units or 0)),
            "units_missing": max(0, watch.capacity_units - observation.units),
        }
        if observation.guest_g:
            told["guest_g"] = round(observation.guest_g, 1)
    if state.cause_at is not None:
        told["time_to_shelf_s"] = round(max(0.0, (since_at - state.cause_at).total_seconds()), 1)
    return told


def restock_of(watch: StockWatch, units: int) -> Restock:
    """Say how fully a slot was restocked; a tenth of it may have been taken again meanwhile."""
    return Restock.FULL if units >= watch.capacity_units - watch.capacity_units // 10 else Restock.PARTIAL
